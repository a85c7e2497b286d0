"""The standbys that a service reads from: looked at every half second, and left alone while one lags, is away or is promoted."""

import itertools
import threading
import time
from collections.abc import Sequence
from typing import Final, NamedTuple, Self
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from events.log import Log, Pool
from services.timeline.replicas.pace import Pace
from services.timeline.replicas.standby import Standby
from services.timeline.settings import Settings, listed

logger = structlog.get_logger(__name__)

#: They are looked at so often, in seconds.
LOOK_EVERY: Final = 0.5

#: What the primary writes between two looks may have been replayed before it was seen: bytes of write-ahead log.
SLACK: Final = 1 << 30

_PRIMARY: Final = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
_STANDBY: Final = (
    "SELECT pg_is_in_recovery(), pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint, position, "
    "(SELECT event_id FROM event WHERE event.position = log_head.position) FROM log_head"
)


class Found(NamedTuple):
    """What a standby says of itself."""

    recovering: bool
    replayed: int | None
    position: int
    event_id: UUID | None


class Replicas:
    """The standbys of one process, and the thread that looks at them."""

    def __init__(self, standbys: Sequence[Standby], primary: Log, most_behind: float) -> None:
        """
        Args:
            most_behind: Nothing is read from a standby that is behind by more seconds.
        """
        self.standbys = tuple(standbys)
        self._primary = primary
        self._most_behind = most_behind
        self._pace = Pace(2 * most_behind + 10)
        self._turn = itertools.count()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="replicas", daemon=True)
        self.primary_up = True

    def __enter__(self) -> Self:
        for one in self.standbys:
            one.open()
        if self.standbys:
            self.look()
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)
        for one in self.standbys:
            one.close()

    @property
    def pools(self) -> list[Pool]:
        """Connections to each standby, whatever state it is in."""
        return [one.log.pool for one in self.standbys]

    def usable(self) -> list[Standby]:
        """Those that may answer now."""
        return [one for one in self.standbys if one.refusal is None]

    def choose(self) -> Standby | None:
        """The next one whose turn it is; None where only the primary may answer."""
        usable = self.usable()
        if not usable:
            return None
        chosen = usable[next(self._turn) % len(usable)]
        chosen.answered += 1
        return chosen

    def failed(self, standby: Standby, error: Exception) -> None:
        """It lost a connection in the middle of an answer: it is left alone until it is looked at again."""
        self._judge(standby, f"it failed: {str(error).strip().splitlines()[0] if str(error) else type(error).__name__}")

    def look(self) -> None:
        """Look at the primary, then at every standby."""
        try:
            with self._primary.pool.connection(timeout=2) as connection:
                [written] = connection.execute(_PRIMARY).fetchone() or (0,)
            self._pace.saw(time.monotonic(), written)
            self.primary_up = True
        except (psycopg.Error, PoolTimeout):
            self.primary_up = False  # what a standby has goes on being told
        for one in self.standbys:
            self._look_at(one)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY):
            try:
                self.look()
            except Exception:  # looking outlives whatever it meets
                logger.exception("looking at the standbys failed; trying again")

    def _look_at(self, standby: Standby) -> None:
        try:
            with standby.log.pool.connection(timeout=2) as connection:
                row = connection.execute(_STANDBY).fetchone()
            assert row is not None
            found = Found(*row)
        except (psycopg.Error, PoolTimeout) as error:
            standby.behind = None
            self._judge(standby, f"it does not answer ({type(error).__name__})")
            return
        standby.behind = self._pace.behind(time.monotonic(), found.replayed or 0)
        self._judge(standby, self._refusal(standby, found))

    def _refusal(self, standby: Standby, found: Found) -> str | None:
        if not found.recovering or found.replayed is None:
            return "it is no standby (any more): it was promoted, or never was one"
        if self._pace.ahead(found.replayed, SLACK) or not self._same_history(found):
            return "it has another history than the primary"
        behind = standby.behind or 0.0
        return f"it is {behind:.1f} seconds behind" if behind > self._most_behind else None

    def _same_history(self, found: Found) -> bool:
        if not self.primary_up or found.event_id is None:
            return True
        try:
            with self._primary.pool.connection(timeout=2) as connection:
                row = connection.execute("SELECT event_id FROM event WHERE position = %s", [found.position]).fetchone()
        except (psycopg.Error, PoolTimeout):
            return True
        return row is not None and row[0] == found.event_id

    @staticmethod
    def _judge(standby: Standby, refusal: str | None) -> None:
        if (refusal is None) != (standby.refusal is None):
            if refusal is None:
                logger.info("reading from a standby", replica=standby.name)
            else:
                logger.warning("not reading from a standby", replica=standby.name, reason=refusal)
        standby.refusal = refusal


def replicas(settings: Settings, primary: Log, *, wanted: bool) -> Replicas:
    """The standbys that the settings name, not connected to yet; none where they are not wanted."""
    found = [
        Standby(one, primary.pool, settings.home, settings.statement_seconds, pooled=settings.replica_pooled)
        for one in (listed(settings.replica_urls) if wanted else ())
    ]
    return Replicas(found, primary, settings.replica_lag_seconds)

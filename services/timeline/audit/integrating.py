"""The thread that keeps the tree up with the log and signs checkpoints, in one of the processes on a database.

It holds an advisory lock of its own, as the follower does (`following.py`). It looks once a second: so long is an event
at most in the log before it is in the tree, but for the time to hash what came in that second.
"""

import threading
import time
from typing import Any, Final, Self

import psycopg
import structlog
from psycopg import Connection

from events.log import Pool
from services.timeline.audit import integrator, signing, stored
from services.timeline.audit.integrator import CannotIntegrate
from services.timeline.audit.notes import UnusableKey
from services.timeline.audit.signing import CannotSign
from services.timeline.audit.stored import Overtaken
from services.timeline.settings import Settings

logger = structlog.get_logger(__name__)

#: Any fixed number; whoever integrates holds this lock.
LOCK: Final = 0x6D65726B6C65  # "merkle"

#: Seconds from one look to the next, and from one complaint about the same thing to the next.
LOOK, COMPLAIN = 1.0, 600.0


class _Stopped(Exception):
    """We were told to stop in the middle of a long log."""


class Integrating:
    """Keeps the tree, or stands by while another process does."""

    def __init__(self, pool: Pool, chosen: Settings) -> None:
        self._pool = pool
        self._chosen = chosen
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="integrator", daemon=True)
        self._signed_at = float("-inf")
        self._complained: tuple[str, float] = ("", 0.0)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        wait = LOOK
        while not self._stopping.is_set():
            try:
                with own_connection(self._pool) as connection:
                    while not self._stopping.wait(wait):
                        wait = LOOK
                        if took_lock(connection):
                            self._work(connection)
            except _Stopped:
                return
            except Exception as error:  # an integrator outlives a lost connection, and anything else too
                wait = min(wait * 2, 30)
                if not isinstance(error, psycopg.OperationalError):
                    logger.exception("keeping the tree failed; trying again", seconds=wait)

    def _work(self, connection: Connection[Any]) -> None:
        try:
            integrator.integrate(connection, on_progress=self._go_on)
            self._sign(connection)
        except Overtaken:
            logger.info("another process keeps the tree")
        except (CannotIntegrate, CannotSign, UnusableKey) as error:
            self._complain(str(error))

    def _sign(self, connection: Connection[Any]) -> None:
        size, kept = stored.reach(connection).size, stored.latest(connection)
        fresh = size - (kept.size if kept else 0)
        rested = time.monotonic() - self._signed_at
        if fresh == 0 or (fresh < self._chosen.log_checkpoint_events and rested < self._chosen.log_checkpoint_seconds):
            return
        signing.sign(connection, self._chosen, int(time.time()))
        self._signed_at = time.monotonic()
        self._complained = ("", 0.0)

    def _go_on(self, _: int) -> None:
        if self._stopping.is_set():
            raise _Stopped

    def _complain(self, said: str) -> None:
        """Say it in the log of the process: at once, and every ten minutes while it lasts."""
        before, at = self._complained
        if said != before or time.monotonic() >= at + COMPLAIN:
            self._complained = (said, time.monotonic())
            logger.error("no checkpoint of the log is signed", reason=said)


def own_connection(pool: Pool) -> Connection[Any]:
    """A connection on which a lock can be held, in UTC."""
    conninfo = pool.conninfo() if callable(pool.conninfo) else pool.conninfo
    connection = psycopg.connect(conninfo, autocommit=True, connect_timeout=10, application_name="timeline integrator")
    connection.execute("SET timezone TO 'UTC'")
    return connection


def took_lock(connection: Connection[Any]) -> bool:
    """Whether we keep the tree from now on, or did so already; the lock goes with its connection."""
    held = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objsubid = 1 AND granted"
    row = connection.execute(
        f"SELECT EXISTS ({held} AND (classid::bigint << 32) | objid::bigint = %b) OR pg_try_advisory_lock(%b)",
        [LOCK, LOCK],
    ).fetchone()
    return row is not None and bool(row[0])

"""One hot standby: its connections, and the reader over its tables.

Replication brings transactions in the order of the primary's commits, so a standby shows a state that the primary was in.
An answer takes position, rows and texts from one snapshot of it, over one connection (`lent.py`); what has not arrived is
`NotYet`, and asked of the primary.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from events.log import Log, Pool
from services.timeline.asked import Asked, NotYet, settled
from services.timeline.pools import closed_pool, milliseconds
from services.timeline.reader import Reader
from services.timeline.replicas.lent import Lent, lending

#: A standby is waited for so many seconds to come to a position, before the primary is asked.
PATIENCE = 1.0

#: Who waits for a connection to a standby goes to the primary after so many seconds.
PATIENCE_CONNECTION = 2.0


class StandbyReader(Reader):
    """Answers questions from the tables of a standby."""

    def __init__(self, log: Log, held: Pool, home: Path, primary: Pool, patience: float) -> None:
        """
        Args:
            primary: Where atlases are drawn from.
            patience: A statement is broken off after so many seconds.
        """
        super().__init__(log, held, home, drawn_from=primary)
        # Said anew in each transaction, since a pooler lends another server for the next one.
        self._begin = (
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL jit TO off; "
            f"SET LOCAL statement_timeout TO {milliseconds(patience)}"
        )

    @contextmanager
    def asking(
        self,
        view: str,
        *,
        at: datetime | None = None,
        known_at: datetime | None = None,
        known_position: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[Asked]:
        """
        Raises:
            NotYet: what is asked about has not arrived here.
        """
        settling = settled(
            self._held, view, at=at, known_at=known_at, known_position=known_position, min_position=min_position,
            patience=PATIENCE, snapshot=self._begin,
        )  # fmt: skip
        with settling as asked:
            here = asked.view
            if known_position is not None and known_position > here.position and here.until is None:
                raise NotYet(known_position, here.position)
            with lending(asked.connection):
                self.forget(asked.redacted)
                yield asked


class Standby:
    """A standby as this process has it.

    Attributes:
        name: What it is called in logs and metrics: its host and database, without user or password.
        refusal: Why nothing is read from it now; None where it may answer.
        behind: Seconds, as of the last look; None where it did not answer.
        answered: How many reads it was asked.
    """

    def __init__(self, conninfo: str, primary: Pool, home: Path, patience: float, *, pooled: bool) -> None:
        self.name = name_of(conninfo)
        self._pools = [
            closed_pool(conninfo, patience, pooled=pooled, timeout=PATIENCE_CONNECTION, min_size=0) for _ in range(2)
        ]
        lent: Any = Lent(self._pools[0])
        self.log = Log(lent)
        self.reader = StandbyReader(self.log, self._pools[1], home, primary, patience)
        self.refusal: str | None = "it has not been looked at yet"
        self.behind: float | None = None
        self.answered = 0

    def open(self) -> None:
        """Begin to connect; it need not be there."""
        for pool in self._pools:
            pool.open(wait=False)

    def close(self) -> None:
        for pool in self._pools:
            pool.close()


def name_of(conninfo: str) -> str:
    """What a standby is called, without user and password."""
    parts = conninfo_to_dict(conninfo)
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"

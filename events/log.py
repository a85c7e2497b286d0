"""The log in PostgreSQL: append under one lock, read in one order.

Rows that cannot be decoded are read as `Undecodable` events, each by itself.
"""

import contextlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from events.appending import CHANNEL, Pool
from events.appends import Decide, Place
from events.recorded import RecordedEvent
from events.recorder import LogApplication, LogRecorder
from events.records import Event
from events.rows import SELECT_STRUCTURE, SELECT_WHOLE, as_recorded, structure_only

__all__ = ("CHANNEL", "Log", "Pool", "between", "streams")


class Log:
    """The log of a database whose schema is migrated (`events/log.sql`)."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.application = LogApplication(pool)
        self._recorder: LogRecorder = self.application.recorder  # type: ignore[assignment]

    def told(self, recorded: Iterable[RecordedEvent[Any]]) -> list[RecordedEvent[Any]]:
        """Events that somebody read past this log, as it tells them: whole here."""
        return list(recorded)

    def nameless(self) -> Collection[str]:
        """The sources whose names whoever is handed this log may not know: none, here."""
        return ()

    def protecting(self, after: int) -> tuple[int, list[RecordedEvent[Any]]]:
        """The head of the log, and the events after a position and up to it that may say that a source is sensitive."""
        with self.pool.connection() as connection:
            [head] = connection.execute("SELECT position FROM log_head").fetchone() or (0,)
            if head <= after:
                return head, []
            rows = connection.execute(
                f"{SELECT_STRUCTURE} WHERE split_part(type, '-', 1) IN ('source', 'actor', 'location') "
                "AND position > %b::bigint AND position <= %b::bigint "
                "AND split_part(type, '/', 1) IN ('source-registered', 'source-protected') ORDER BY position",
                [after, head],
                binary=True,
            )
            return head, list(map(structure_only, rows))

    def append(self, decide: Decide) -> list[Place]:
        """Append what `decide` answers; all of it or, if anything fails, nothing.

        `decide` reads what the log holds, and may raise to refuse. What it answered is appended only if nobody has
        appended anything since; otherwise it is called once more, under the lock. When this returns, the events are
        durable, and visible in order to whoever reads the log.

        Raises:
            psycopg.OperationalError: the connection was lost; whether the events were recorded is then unknown, and
                handing in the same event ids again tells.
        """
        return self._recorder.append(decide)

    def read(self, after: int = 0, *, limit: int, until: int | None = None) -> list[RecordedEvent[Event]]:
        """Events in order after a position, with their text."""
        return self._recorder.read(after, limit, until)

    def structures(self, after: int = 0, *, limit: int, until: int | None = None) -> list[RecordedEvent[Event]]:
        """Events in order after a position, without text: all that the folds need, and cheaper."""
        return self._recorder.structures(after, limit, until)

    def reference(self, after: int = 0, *, until: int) -> Iterator[RecordedEvent[Event]]:
        """The events about sources, actors and locations in order, with their text."""
        with self.pool.connection() as connection, connection.cursor(binary=True) as cursor:
            rows = cursor.execute(
                f"{SELECT_WHOLE} WHERE split_part(type, '-', 1) IN ('source', 'actor', 'location') "
                "AND position > %s::bigint AND position <= %s::bigint ORDER BY position",
                [after, until],
            ).fetchall()
        return map(as_recorded, rows)

    def gradings(self, *, until: int) -> Iterator[RecordedEvent[Event]]:
        """The events about sources alone, in order, with their text: few, where places are many."""
        with self.pool.connection() as connection, connection.cursor(binary=True) as cursor:
            rows = cursor.execute(
                f"{SELECT_WHOLE} WHERE split_part(type, '-', 1) = 'source' AND position <= %s::bigint ORDER BY position",
                [until],
            ).fetchall()
        return map(as_recorded, rows)

    def at(self, positions: Collection[int]) -> list[RecordedEvent[Any]]:
        """The events at some positions, with their text, in the order of the log."""
        with self.pool.connection() as connection, connection.cursor(binary=True) as cursor:
            rows = cursor.execute(
                f"{SELECT_WHOLE} WHERE position = ANY(%s::bigint[]) ORDER BY position", [list(positions)]
            ).fetchall()
        return list(map(as_recorded, rows))

    def by_id(self, event_id: UUID) -> list[RecordedEvent[Any]]:
        """The event of an id, with its text; none where it is not recorded."""
        with self.pool.connection() as connection, connection.cursor(binary=True) as cursor:
            rows = cursor.execute(f"{SELECT_WHOLE} WHERE event_id = %s", [event_id]).fetchall()
        return list(map(as_recorded, rows))

    def tidy(self) -> None:
        """Have PostgreSQL clear the space of rows that were replaced, as far as it may; else it does so when it likes."""
        with contextlib.suppress(psycopg.Error), self.pool.connection() as connection:
            [before] = connection.execute("SELECT current_setting('statement_timeout')").fetchone() or ("0",)
            connection.execute("SET statement_timeout TO 0")  # it takes as long as it takes
            try:
                connection.execute("VACUUM event")
            finally:
                connection.execute("SELECT set_config('statement_timeout', %s, FALSE)", [before])

    def redactions(self, after: int = 0) -> list[tuple[int, int]]:
        """Which event (the second) redacted which (the first), of those recorded after a position, in order."""
        with self.pool.connection() as connection:
            rows = connection.execute(
                "SELECT position, by_position FROM redaction WHERE by_position > %s::bigint ORDER BY by_position",
                [after],
            )
            return rows.fetchall()

    def behind(self) -> timedelta:
        """How far the database's clock runs behind the log: positive where the last event lies in its future."""
        with self.pool.connection() as connection:
            row = connection.execute("SELECT recorded_at - clock_timestamp() FROM log_head").fetchone()
        assert row is not None
        behind: timedelta = row[0]
        return behind

    def streams(self, ids: Collection[UUID], until: int) -> list[RecordedEvent[Any]]:
        """The events of some streams up to a position, with their text, in the order of the log."""
        with self.pool.connection() as connection:
            found = _whole_streams(connection, ids, until)
        return self.told(found)  # without the connection: telling may take one of its own

    def whole_streams(
        self, connection: Connection[TupleRow], ids: Collection[UUID], until: int
    ) -> list[RecordedEvent[Any]]:
        """The same in the state of the tables that a connection sees."""
        return self.told(_whole_streams(connection, ids, until))

    def head(self) -> Place:
        """The last position and when it was recorded; position 0 where the log is empty."""
        with self.pool.connection() as connection:
            row = connection.execute("SELECT position, recorded_at FROM log_head").fetchone()
        assert row is not None
        return Place(*row)


def streams(connection: Connection[TupleRow], ids: Sequence[UUID], until: int) -> list[RecordedEvent[Event]]:
    """The events of some streams up to a position, without text, in the order of the log."""
    if not ids:
        return []
    rows = connection.execute(
        f"{SELECT_STRUCTURE} WHERE stream_id = ANY(%b) AND position <= %b::bigint ORDER BY position",
        [list(ids), until],
        binary=True,
    )
    return list(map(structure_only, rows))


def between(connection: Connection[TupleRow], after: int, until: int) -> list[RecordedEvent[Event]]:
    """The events after a position and up to another, without text, in the order of the log."""
    rows = connection.execute(
        f"{SELECT_STRUCTURE} WHERE position > %b::bigint AND position <= %b::bigint ORDER BY position",
        [after, until],
        binary=True,
    )
    return list(map(structure_only, rows))


def _whole_streams(connection: Connection[TupleRow], ids: Collection[UUID], until: int) -> list[RecordedEvent[Any]]:
    rows = connection.execute(
        f"{SELECT_WHOLE} WHERE stream_id = ANY(%b) AND position <= %b::bigint ORDER BY position",
        [list(ids), until],
        binary=True,
    )
    return list(map(as_recorded, rows))

"""How events come to stand in the log: decided on while nobody else appends, at the next positions, durable at the end.

Two ways lead there. Under the lock of the log's head: lock, look up, insert, commit are four round trips. Where this
process was the last to append, it knows the head, and it decides without the lock: whatever it reads is the log at that
head, provided that the head has not moved by the time the events are inserted. The insert itself sees to that, under the
lock that it takes, and writes nothing where somebody else was quicker; then it is decided anew, under the lock. That is
two round trips, and the lock is held for the second alone. Many events are copied, which takes the lock first.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg import Connection, adapters
from psycopg.adapt import Dumper
from psycopg.pq import Format, TransactionStatus
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from events import copying, statements
from events.appends import Decide, HeldEvent, NewEvent, NewRow, Place
from events.recorded import RecordedEvent
from events.records import Event
from events.rows import SELECT_STRUCTURE, structure_only

#: Whoever tails the log may LISTEN here; the payload is the last position appended.
CHANNEL: Final = "timeline_log"

#: So many events are copied rather than inserted: a round trip more, and half the work for each of them.
MANY: Final = 200

#: After somebody else was quicker, so many appends lock first: whoever was quicker once is likely to be at it still.
WARY: Final = 16

Pool = ConnectionPool[Connection[TupleRow]]

IDLE, LOST = TransactionStatus.IDLE, TransactionStatus.UNKNOWN

_MICROSECOND: Final = timedelta(microseconds=1)


class Last:
    """The head of the log as this process left it, where it was the last to append. Threads may share it."""

    def __init__(self) -> None:
        self._place: Place | None = None
        self._wary = 0

    def take(self) -> Place | None:
        """What to go by; None where the lock has to be taken first."""
        if self._wary:
            self._wary -= 1
            return None
        place, self._place = self._place, None  # until the append that goes by it has come to its end
        return place

    def keep(self, place: Place) -> None:
        self._place = place

    def overtaken(self) -> None:
        self._wary = WARY


def append(pool: Pool, decide: Decide, last: Last) -> list[Place]:
    """Append what is decided on; all of it or, if anything fails, nothing.

    Args:
        decide: Called again, on what is held by then, where somebody else has appended meanwhile.
    """
    if (expected := last.take()) is not None:
        with _connection(pool) as connection:
            held = _AtHead(connection, expected)
            places = held.write(_rows(decide(held)))
        if places is not None:
            last.keep(places[-1] if places else expected)
            return places
        last.overtaken()
    with locked(pool) as under_way:
        places = under_way.write(_rows(decide(under_way)))
    last.keep(places[-1] if places else under_way.head)
    return places


def _rows(decided: Sequence[NewEvent | NewRow]) -> list[NewRow]:
    return [one.row() if isinstance(one, NewEvent) else one for one in decided]


@contextmanager
def locked(pool: Pool) -> Iterator["Locked"]:
    """One transaction that holds the log's lock. Four round trips in all: lock, look up, insert, commit."""
    with _connection(pool) as connection:
        yield Locked(connection)
        connection.execute("COMMIT", prepare=False)


@contextmanager
def _connection(pool: Pool) -> Iterator[Connection[TupleRow]]:
    """A connection on which nothing is left under way, however it ends."""
    with pool.connection() as connection:
        try:
            yield connection
        finally:
            status = connection.info.transaction_status
            if status == TransactionStatus.ACTIVE:  # interrupted amid a statement: the server undoes it
                connection.close()
            elif status not in (IDLE, LOST):
                connection.execute("ROLLBACK", prepare=False)


class _Reading:
    """What the log holds, as decisions ask for it (`appends.Held`).

    Attributes:
        head: The last event's place.
    """

    head: Place

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def look_up(
        self, event_ids: Collection[UUID], streams: Collection[UUID]
    ) -> tuple[dict[UUID, HeldEvent], dict[UUID, int]]:
        if not event_ids and not streams:
            return {}, {}
        asked = [_Packed(copying.uuids(event_ids)), _Packed(copying.uuids(streams))]
        rows = self._connection.execute(statements.LOOK_UP, asked, binary=True).fetchall()
        recorded = {row[1]: HeldEvent(Place(row[2], row[3]), *row[4:8]) for row in rows if row[0]}
        return recorded, {row[1]: row[8] for row in rows if not row[0]}

    def streams(self, streams: Collection[UUID]) -> dict[UUID, list[RecordedEvent[Event]]]:
        rows = self._connection.execute(
            f"{SELECT_STRUCTURE} WHERE stream_id = ANY(%b) ORDER BY stream_id, version", [list(streams)], binary=True
        ).fetchall()
        found: dict[UUID, list[RecordedEvent[Event]]] = {stream: [] for stream in streams}
        for row in rows:
            found[row[4]].append(structure_only(row))
        return found

    def _insert(self, rows: Sequence[NewRow]) -> datetime | None:
        """Insert at the positions after the head, if that is the head; when the first was recorded."""
        asked = [*self.head, self.head.position, *map(_Packed, copying.columns(rows)), CHANNEL]
        row = self._connection.execute(statements.INSERT, asked, binary=True).fetchone()
        return row[0] if row is not None else None


class Snapshot(_Reading):
    """The log as one transaction sees it, for whoever decides on events and appends none."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        """
        Args:
            connection: In a transaction that sees one state throughout (REPEATABLE READ).
        """
        super().__init__(connection)
        row = connection.execute("SELECT position, recorded_at FROM log_head").fetchone()
        assert row is not None
        self.head = Place(*row)


class _AtHead(_Reading):
    """The log at a head that nobody has moved yet, as far as we know."""

    def __init__(self, connection: Connection[TupleRow], head: Place) -> None:
        super().__init__(connection)
        self.head = head

    def write(self, rows: Sequence[NewRow]) -> list[Place] | None:
        """Insert the events, and commit; None, and nothing written, where the head has moved."""
        if not rows:
            return []
        if len(rows) < MANY:
            first = self._insert(rows)  # a transaction by itself
            return _places(self.head, first, len(rows)) if first is not None else None
        under_way = Locked(self._connection)
        if under_way.head != self.head:
            return None
        places = under_way.write(rows)
        self._connection.execute("COMMIT", prepare=False)
        return places


class Locked(_Reading):
    """One append under way: the lock is held until its transaction ends."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        super().__init__(connection)
        cursor = connection.execute("BEGIN; SELECT position, recorded_at FROM log_head FOR UPDATE", prepare=False)
        cursor.nextset()
        row = cursor.fetchone()
        assert row is not None
        self.head = Place(*row)

    def write(self, rows: Sequence[NewRow]) -> list[Place]:
        """Insert the events at the next positions; PostgreSQL moves the head with them (`log_advance`)."""
        if not rows:
            return []
        first = self._insert(rows) if len(rows) < MANY else self._copy(rows)
        assert first is not None  # the lock is ours
        return _places(self.head, first, len(rows))

    def _copy(self, rows: Sequence[NewRow]) -> datetime:
        last = str(self.head.position + len(rows))
        row = self._connection.execute(statements.MOMENT, [self.head.recorded_at, CHANNEL, last]).fetchone()
        assert row is not None
        first: datetime = row[0]
        with self._connection.cursor() as cursor, cursor.copy(statements.COPY) as copy:
            copy.write(copying.copied(rows, self.head.position, first))
        return first


def _places(head: Place, first: datetime, number: int) -> list[Place]:
    return [Place(head.position + 1 + one, first + one * _MICROSECOND) for one in range(number)]


class _Packed(bytes):
    """An array that `copying` has made ready to be bound; its type is that which the statement casts it to."""


class _PackedDumper(Dumper):
    """Binds it as it is."""

    format = Format.BINARY

    def dump(self, obj: _Packed) -> bytes:
        return bytes(obj)


adapters.register_dumper(_Packed, _PackedDumper)

"""A log that looks like news, of any size: bursts, a heavy tail of places, one agency quoted by many, late and mended.

`load` brings it into a database by COPY, with the rows that the log's own INSERT would write. `rows` and `events` give it
to whoever has no database. Nothing is held but what is still to arrive (some weeks of it in log order, one
development otherwise), so five million events need no more memory than fifty thousand.

    load(log, 1_000_000, "shuffled")
"""

from array import array
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import islice
from random import Random
from struct import Struct
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from bench.news_stories import Row, Stories
from bench.news_world import PLACES, Atlas, reference
from events import codec
from events.log import CHANNEL, Log
from events.recorded import stream_id
from events.records import Event

ARRIVALS = ("as published", "shuffled", "newest first")
DESK = "news"


def rows(events: int, arrival: str = "as published", *, seed: int = 1, places: int = PLACES) -> Iterator[Row]:
    """The reference data, then so many events about developments, in an order of arrival.

    Args:
        arrival: One of ARRIVALS. As published is the order of a log kept live, where one story in twenty comes weeks
            late; in the others a story stands together, as an archive is imported. All three hold the same events.
        places: How many places there are, from the country down to the towns.
    """
    world = Atlas(places)
    yield from referenced(seed, world)
    yield from _arriving(Stories(events, world, seed), arrival, seed)


def events(
    count: int, arrival: str = "as published", *, seed: int = 1, places: int = PLACES
) -> Iterator[tuple[UUID, Event]]:
    """The same as events, each with the id under which it is recorded."""
    for row in rows(count, arrival, seed=seed, places=places):
        yield UUID(bytes=row.event_id), codec.decode(row.type, row.structure, row.text)


def load(
    log: Log,
    events: int,
    arrival: str = "as published",
    *,
    seed: int = 1,
    places: int = PLACES,
    batch: int = 20_000,
    told: Callable[[int], None] = lambda _: None,
) -> int:
    """Bring such a log into an empty database; the last position. `told` hears the position after each batch."""
    coming = rows(events, arrival, seed=seed, places=places)
    before = -1
    while True:
        with log.pool.connection() as connection, connection.transaction():
            position = copied(connection, islice(coming, batch))
        if position == before:
            return position
        told(position)
        before = position


def referenced(seed: int, world: Atlas) -> Iterator[Row]:
    """The reference data as rows."""
    for number, event in enumerate(reference(seed, world)):
        yield row(event, 1, Random(f"{seed} {number}"))


def row(event: Event, version: int, ids: Random) -> Row:
    """An event as a row, the so-manieth of its stream."""
    form = codec.encode(event, salt=ids.randbytes(16))
    assert form.text is not None
    assert form.salt is not None
    return Row(ids.randbytes(16), stream_id(event).bytes, version, form.name, form.structure, form.text, form.salt)


def _arriving(stories: Stories, arrival: str, seed: int) -> Iterator[Row]:
    if arrival == "as published":
        yield from _as_published(stories)
        return
    numbers = array("I", range(stories.count))
    if arrival == "newest first":
        numbers.reverse()
    elif arrival == "shuffled":
        Random(seed).shuffle(numbers)
    else:
        raise ValueError(f"{arrival!r} is no order of arrival; there are {', '.join(ARRIVALS)}")
    for number in numbers:
        for _, row in stories.told(number):
            yield row


def _as_published(stories: Stories) -> Iterator[Row]:
    """Each event at its minute; what is told already waits for its own."""
    waiting: list[tuple[int, int, int, Row]] = []
    for number in range(stories.count):
        begin = stories.begin(number)
        while waiting and waiting[0][0] < begin:
            yield heappop(waiting)[-1]
        for place, (minute, row) in enumerate(stories.told(number)):
            heappush(waiting, (minute, number, place, row))
    while waiting:
        yield heappop(waiting)[-1]


_COPY = """COPY event (position, recorded_at, recorded_by, event_id, stream_id, version, type, structure, text, salt)
FROM STDIN (FORMAT binary)"""
#: A row of ten columns in PostgreSQL's binary form, from the position to the version: each value after its length.
_HEAD = Struct(f"!hiqiqi{len(DESK)}si16si16sii")
_LENGTH = Struct("!i").pack
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def copied(connection: Connection[TupleRow], some: Iterator[Row], recorded_at: datetime | None = None) -> int:
    """Append rows as the log does: under its lock, at the next positions, each a microsecond after the one before.

    They are sent as they are told, so that the server stores some while others are written here.

    Args:
        recorded_at: When the first of them is recorded; now, where nothing is said.
    """
    found = connection.execute(
        "SELECT position, greatest(coalesce(%s, clock_timestamp()), recorded_at + interval '1 microsecond') "
        "FROM log_head FOR UPDATE",
        [recorded_at],
    ).fetchone()
    assert found is not None
    position, moment = found
    first = (moment - _POSTGRES_EPOCH) // timedelta(microseconds=1)
    last: int = position
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(_SIGNATURE)
        while block := list(islice(some, 500)):
            copy.write(b"".join(_in_binary(block, last + 1, first + last - position)))
            last += len(block)
        copy.write(b"\xff\xff")
    connection.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(last)])
    return last


def _in_binary(some: list[Row], position: int, recorded_at: int) -> Iterator[bytes]:
    desk, size = DESK.encode(), len(DESK)
    for number, (event, stream, version, name, structure, text, salt) in enumerate(some):
        yield _HEAD.pack(
            10, 8, position + number, 8, recorded_at + number, size, desk, 16, event, 16, stream, 4, version
        )
        for value in (name.encode(), structure, text, salt):
            yield _LENGTH(len(value))
            yield value

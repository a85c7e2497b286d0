"""The log as PostgreSQL hands it out fastest, binary COPY, and a row of it → the bytes of its leaf.

Rows are taken apart here rather than by psycopg: everything a leaf needs is bytes already, and a log has millions.
"""

import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from psycopg import Connection
from psycopg.adapt import Loader
from psycopg.pq import Format

from events.leaves import joined
from events.tiles import WIDTH

_FIXED: Final = "position, recorded_at, event_id::text, stream_id::text"
_LEAF: Final = f"{_FIXED}, recorded_by, type, structure"
_WHOLE: Final = f"{_LEAF}, text, salt"

#: The count of columns, then each with its length: two of 8 bytes, two UUIDs as text; then the length of the next.
_HEAD: Final = struct.Struct("!hiqiqi36si36si")
_LENGTHS: Final = (8, 8, 36, 36)
_LENGTH: Final = struct.Struct("!i")

#: What a binary COPY begins with: a signature of 11 bytes, flags, and the length of an extension that there is none of.
_SIGNATURE: Final = 19

#: PostgreSQL counts microseconds from here.
_EPOCH: Final = datetime(2000, 1, 1)  # noqa: DTZ001  (UTC; the offset is written as Z)


#: What a leaf is made of, in this order, for `tile_by_tile`.
LEAF: Final = "position, recorded_at, event_id::text, recorded_by, type, structure"


class Row(NamedTuple):
    """An event as its columns have it; text and salt are None where they are gone, or were not asked for.

    Attributes:
        recorded_at: In microseconds since 2000.
    """

    position: int
    recorded_at: int
    event_id: bytes
    stream_id: bytes
    recorded_by: bytes
    type: bytes
    structure: bytes
    text: bytes | None = None
    salt: bytes | None = None


class UnreadableRow(ValueError):
    """A row that cannot be a recorded event."""


def rows(connection: Connection[Any], after: int, until: int, *, whole: bool = False) -> Iterator[Row]:
    """The events in a range of positions, in order.

    Args:
        whole: With text and salt.

    Raises:
        UnreadableRow: a column that every event has is empty.
    """
    columns = _WHOLE if whole else _LEAF
    statement = (
        f"COPY (SELECT {columns} FROM event WHERE position > {after:d} AND position <= {until:d} ORDER BY position) "
        "TO STDOUT (FORMAT binary)"
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        blocks = iter(copy)
        block = bytes(next(blocks))
        place = _SIGNATURE
        for following in blocks:
            # The server sends a row at a time; the protocol does not promise it, hence the check.
            if place < len(block):
                yield _row(block[place:], whole=whole)
            block, place = bytes(following), 0


class _Microseconds(Loader):
    """A time as PostgreSQL sends it: microseconds since 2000, whatever the calendar says to that."""

    format = Format.BINARY

    def load(self, data: Any) -> int:
        return int.from_bytes(data, signed=True)


def tile_by_tile(connection: Connection[Any], after: int, until: int, columns: str) -> Iterator[list[list[Any]]]:
    """Columns of the events in a range of positions, those of a tile at a time, each column as a list.

    Arrays spare most of the cost of rows. Events are grouped in the order in which the subquery reads them: by an index,
    and in one process (`max_parallel_workers_per_gather` is 0).
    """
    arrays = ", ".join(f"array_agg({column})" for column in columns.split(", "))
    statement = (
        f"SELECT {arrays} FROM (SELECT * FROM event WHERE position > {after:d} AND position <= {until:d} ORDER BY position) AS part "
        f"GROUP BY (position - 1) / {WIDTH} ORDER BY (position - 1) / {WIDTH}"
    )
    with connection.cursor(binary=True) as cursor:
        cursor.adapters.register_loader("timestamptz", _Microseconds)
        yield from cursor.stream(statement.encode(), binary=True)


def leaves(connection: Connection[Any], after: int, until: int) -> Iterator[tuple[int, bytes]]:
    """Each position in a range with the bytes of its leaf.

    Raises:
        UnreadableRow: a row that cannot be an event.
    """
    for row in rows(connection, after, until):
        yield row.position, leaf_of(row)


def leaf_of(row: Row) -> bytes:
    """The bytes of the leaf of a row.

    Raises:
        UnreadableRow: its time is none.
    """
    return joined(row.position, row.event_id, moment(row.recorded_at), row.recorded_by, row.type, row.structure)


def _row(data: bytes, *, whole: bool) -> Row:
    """A row taken apart, a column after another: this is where a long log spends its time."""
    length_at = _LENGTH.unpack_from
    try:
        _, one, position, two, recorded_at, three, event_id, four, stream_id, length = _HEAD.unpack_from(data)
        end = _HEAD.size + length
        recorded_by, (length,), place = data[_HEAD.size : end], length_at(data, end), end + 4
        end = place + length
        stored_type, (length,), place = data[place:end], length_at(data, end), end + 4
        end = place + length
        structure, text, salt = data[place:end], None, None
        if (one, two, three, four) != _LENGTHS or not (recorded_by and stored_type and structure):
            raise UnreadableRow("a column that every event has is empty")
        if whole:
            (length,), place = length_at(data, end), end + 4
            end = place + max(length, 0)
            text = data[place:end] if length >= 0 else None
            (length,), place = length_at(data, end), end + 4
            salt = data[place:] if length >= 0 else None
    except struct.error:
        raise UnreadableRow("the row breaks off") from None
    return Row(position, recorded_at, event_id, stream_id, recorded_by, stored_type, structure, text, salt)


def moment(microseconds: int) -> bytes:
    """A time, given in microseconds since 2000, as leaves have it.

    Raises:
        UnreadableRow: it is no time of our calendar.
    """
    second, rest = divmod(microseconds, 1_000_000)
    try:
        return b"%b.%06dZ" % (_second(second), rest) if rest else b"%bZ" % _second(second)
    except OverflowError:
        raise UnreadableRow("recorded_at is no time of this calendar") from None


@lru_cache(maxsize=4096)
def _second(number: int) -> bytes:
    return (_EPOCH + timedelta(seconds=number)).isoformat().encode()

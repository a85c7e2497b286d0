"""The log as PostgreSQL hands it out fastest, binary COPY, and a row of it → the bytes of its leaf.

Rows are taken apart here rather than by psycopg: everything a leaf needs is bytes already, and a log has millions.
"""

import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from psycopg import Connection

from events.leaves import joined

_FIXED: Final = "position, recorded_at, event_id, stream_id"
_LEAF: Final = f"{_FIXED}, recorded_by, type, structure"
_WHOLE: Final = f"{_LEAF}, text, salt"

#: The count of columns, then each with its length: two of 8 bytes, two of 16; then the length of the next.
_HEAD: Final = struct.Struct("!hiqiqi16si16s")
_LENGTHS: Final = (8, 8, 16, 16)
_LENGTH: Final = struct.Struct("!i")

#: What a binary COPY begins with: a signature of 11 bytes, flags, and the length of an extension that there is none of.
_SIGNATURE: Final = 19

#: PostgreSQL counts microseconds from here.
_EPOCH: Final = datetime(2000, 1, 1)  # noqa: DTZ001  (UTC; the offset is written as Z)


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
    try:
        moment = _moment(row.recorded_at)
    except OverflowError:
        raise UnreadableRow("recorded_at is no time of this calendar") from None
    return joined(row.position, uuid_text(row.event_id), moment, row.recorded_by, row.type, row.structure)


def uuid_text(raw: bytes) -> bytes:
    """A UUID as it is written."""
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}".encode()


def _row(data: bytes, *, whole: bool) -> Row:
    try:
        _, one, position, two, recorded_at, three, event_id, four, stream_id = _HEAD.unpack_from(data)
        if (one, two, three, four) != _LENGTHS:
            raise UnreadableRow("a column that every event has is empty")
        found: list[Any] = []
        place, end = _HEAD.size, len(data)
        while place < end:
            (length,) = _LENGTH.unpack_from(data, place)
            place += 4
            if length < 0:
                found.append(None)
                continue
            found.append(data[place : place + length])
            place += length
    except struct.error:
        raise UnreadableRow("the row breaks off") from None
    if len(found) != (5 if whole else 3) or place != end or None in found[:3]:
        raise UnreadableRow("a column that every event has is empty")
    return Row(position, recorded_at, event_id, stream_id, *found)


def _moment(microseconds: int) -> bytes:
    second, rest = divmod(microseconds, 1_000_000)
    return b"%b.%06dZ" % (_second(second), rest) if rest else b"%bZ" % _second(second)


@lru_cache(maxsize=4096)
def _second(number: int) -> bytes:
    return (_EPOCH + timedelta(seconds=number)).isoformat().encode()

"""Developments out of the log in bulk: binary COPY, one development at a time in the order of ids, without text.

Only what the folds read is asked for, and a row becomes an event without anything in between: what is read by the
million must not pass through an object for each of its columns. Who recorded an event and when stays behind.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from struct import Struct
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import OperationalError

from events import codec
from events.recorded import RecordedEvent
from events.rows import decoded
from projections.knowing import Recorded
from projections.views import Database

#: Streams of developments, as far as a stored name tells; `events.undecodable` says the same of a row not understood.
OF_DEVELOPMENTS: Final = "split_part(type, '-', 1) NOT IN ('source', 'actor', 'location', 'event')"

#: A row as COPY sends it: the number of columns, then each with its length before it. The structure is the rest.
_ROW: Final = Struct("!6x16s4xq4xii")
_LENGTH = 4

#: What stands before the first row: a signature, flags, and the length of an extension that does not exist.
_HEADER = 19
_END: Final = b"\xff\xff"

#: What stands in place of what is not read.
NOT_READ: Final = datetime(1970, 1, 1, tzinfo=UTC)
NO_ID: Final = UUID(int=0)


class Row(NamedTuple):
    """A row of the log, not decoded yet."""

    stream: bytes
    position: int
    version: int
    name: str
    structure: bytes


def rows(connection: Database, where: str, asked: Mapping[str, Any]) -> Iterator[Row]:
    """Rows of the log that fulfil a condition, stream by stream, each in the order of its versions."""
    names: dict[bytes, str] = {}
    statement = (
        f"COPY (SELECT stream_id, position, version, type, structure FROM event WHERE {where} "
        "ORDER BY stream_id, version) TO STDOUT (FORMAT BINARY)"
    )
    with connection.cursor() as cursor, cursor.copy(statement.encode(), asked) as copy:
        for data in _sent(connection):
            stream, position, version, length = _ROW.unpack_from(data)
            begin = _ROW.size
            stored = data[begin : begin + length]
            if (name := names.get(stored)) is None:
                name = names[stored] = stored.decode()
            yield Row(stream, position, version, name, data[begin + length + _LENGTH :])
        copy.read()  # what comes after the last row


def _sent(connection: Database) -> Iterator[bytes]:
    """The rows that a COPY sends, up to its last; psycopg's own way would wait for each by a coroutine of its own.

    Raises:
        OperationalError: the server ended it before the last row.
    """
    get, skip = connection.pgconn.get_copy_data, _HEADER
    while True:
        size, sent = get(0)
        if size < 0:
            raise OperationalError(f"reading the log broke off: {connection.pgconn.error_message.decode().strip()}")
        data = bytes(sent)[skip:]
        if data == _END:
            return
        skip = 0
        yield data


def streams(found: Iterable[Row], but: frozenset[bytes] = frozenset()) -> Iterator[tuple[UUID, Sequence[Recorded]]]:
    """The events of each stream, decoded, in the order of the log.

    Args:
        but: Streams to pass by without decoding them.
    """
    stream, stream_id, events = b"", NO_ID, list[Recorded]()
    for row in found:
        if row.stream in but:
            continue
        if row.stream != stream:
            if events:
                yield stream_id, _in_order(events)
            stream, stream_id, events = row.stream, UUID(bytes=row.stream), []
        events.append(_recorded(stream_id, row))
    if events:
        yield stream_id, _in_order(events)


def _recorded(stream_id: UUID, row: Row) -> Recorded:
    return RecordedEvent(
        position=row.position,
        recorded_at=NOT_READ,
        recorded_by="",
        event_id=NO_ID,
        version=row.version,
        event=decoded(stream_id, row.name, row.structure, codec.decode_for_folds),  # type: ignore[arg-type]
    )


def _in_order(events: Sequence[Recorded]) -> Sequence[Recorded]:
    """In the order of positions, as the log gives them; versions say the same in any log that the intake wrote."""
    return events if len(events) == 1 else sorted(events, key=_position)


def _position(one: Recorded) -> int:
    return one.position

"""The record of custody: what was handed out as evidence, by whom and when. Append-only, and each entry linked to the one before.

A link is the SHA-256 of the link before and of the entry. So whoever holds a bundle, which has the last link of its time,
can show that an entry was changed or taken out later. Redactions are no entries but events of the log; they are listed
among them by their time.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from events.codec import canonical
from events.times import rfc3339
from services.timeline.wire_custody import CustodyEntry, CustodyTold

Database = Connection[Any]

#: What is entered: an evidence bundle of a place, or the log as NDJSON.
What = Literal["bundle", "export"]

#: Whoever adds an entry holds this lock until it is committed.
LOCK: Final = 0x637573746F6479  # "custody"

#: The link before the first entry.
BEGIN: Final = bytes(32)

#: At most so many entries stand in a bundle, the newest.
MOST_IN_A_BUNDLE: Final = 1_000

BEFORE_ALL: Final = datetime(1970, 1, 1, tzinfo=UTC)

_COLUMNS: Final = "number, at, by, what, location_id, first_position, last_position, sha256, link"

#: Redactions in the same columns.
_REDACTIONS: Final = (
    "SELECT NULL::bigint, recorded_at, recorded_by, 'redaction', NULL, redaction.position, redaction.position, NULL, NULL::bytea "
    "FROM redaction JOIN event ON event.position = by_position"
)


def add(
    connection: Database,
    by: str,
    what: What,
    *,
    location_id: str | None = None,
    first_position: int | None = None,
    last_position: int | None = None,
    sha256: str | None = None,
) -> CustodyEntry:
    """Enter that something is handed out, durably, before it is."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%b)", [LOCK])
        row = connection.execute("SELECT number, at, link FROM custody ORDER BY number DESC LIMIT 1").fetchone()
        now = connection.execute("SELECT clock_timestamp()").fetchone()
        assert now is not None
        number, at, before = 1, now[0], BEGIN
        if row is not None:
            number, at, before = row[0] + 1, max(at, row[1] + timedelta(microseconds=1)), row[2]
        said = CustodyEntry(number, rfc3339(at), by, what, location_id, first_position, last_position, sha256, None)
        link = _link(before, said)
        connection.execute(
            f"INSERT INTO custody ({_COLUMNS}) VALUES "
            "(%b::bigint, %b::timestamptz, %b::text, %b::text, %b::text, %b::bigint, %b::bigint, %b::text, %b::bytea)",
            [number, at, by, what, location_id, first_position, last_position, sha256, link],
        )
    return msgspec.structs.replace(said, link=link.hex())


def listed(connection: Database, after: datetime, limit: int, location_id: str | None = None) -> list[CustodyEntry]:
    """Entries and redactions after a moment, oldest first, at most so many.

    Args:
        location_id: Only bundles of this place.
    """
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM (SELECT {_COLUMNS} FROM custody UNION ALL {_REDACTIONS}) AS one ({_COLUMNS}) "
        "WHERE at > %b::timestamptz AND (%b::text IS NULL OR location_id = %b::text) "
        "ORDER BY at LIMIT %b::int",
        [after, location_id, location_id, limit],
    )
    return [_entry(row) for row in rows]


def concerning(connection: Database, location_id: str, first: int, last: int) -> CustodyTold:
    """What a bundle says: earlier ones of its place, and logs handed out that had events of its range of positions."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM custody WHERE location_id = %b::text "
        "OR (what = 'export' AND first_position <= %b::bigint AND last_position >= %b::bigint) "
        "ORDER BY number DESC LIMIT %b::int",
        [location_id, last, first, MOST_IN_A_BUNDLE],
    ).fetchall()
    newest = connection.execute("SELECT number, link FROM custody ORDER BY number DESC LIMIT 1").fetchone()
    number, link = newest if newest is not None else (0, BEGIN)
    return CustodyTold(tuple(_entry(row) for row in rows[::-1]), number, bytes(link).hex())


def every(connection: Database) -> Iterator[CustodyEntry]:
    """All that was handed out, in order."""
    after = 0
    statement = f"SELECT {_COLUMNS} FROM custody WHERE number > %b::bigint ORDER BY number LIMIT 1000"
    while found := [_entry(row) for row in connection.execute(statement, [after])]:
        yield from found
        after = found[-1].number or 0


def broken(entries: Iterable[CustodyEntry]) -> int | None:
    """The first number, of all entries from the first on, whose link is not what it should be; None where all are."""
    before, expected = BEGIN, 1
    for one in entries:
        if one.number != expected or one.link is None or _link(before, one).hex() != one.link:
            return expected
        before, expected = bytes.fromhex(one.link), expected + 1
    return None


def _link(before: bytes, entry: CustodyEntry) -> bytes:
    said: dict[str, Any] = msgspec.to_builtins(entry)
    del said["link"]
    return hashlib.sha256(before + canonical(said)).digest()


def _entry(row: TupleRow) -> CustodyEntry:
    number, at, by, what, location_id, first, last, sha256, link = row
    return CustodyEntry(
        number, rfc3339(at), by, what, location_id, first, last, sha256, bytes(link).hex() if link is not None else None
    )

"""The redactions of a log as its events tell them: whose text may be gone, and whether what reads use says the same."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from events.redaction import EventRedacted
from events.rows import SELECT_STRUCTURE, structure_only
from services.timeline.audit.recomputing import Problem


class Redaction(NamedTuple):
    """One redaction: the event that tells of it, and whose text it took away."""

    by: int
    position: int
    event_id: UUID
    removed: tuple[str, ...]


def recorded(connection: Connection[Any]) -> list[Redaction]:
    """Those of the log that can be read, in its order. What is wrong with their rows is found where rows are looked at."""
    rows = connection.execute(f"{SELECT_STRUCTURE} WHERE type LIKE 'event-redacted/%' ORDER BY position", binary=True)
    return [
        Redaction(one.position, event.redacted_position or 0, event.redacted_id, event.removed)
        for one in map(structure_only, rows)
        if isinstance(event := one.event, EventRedacted)
    ]


def problem(connection: Connection[Any], found: list[Redaction]) -> Problem | None:
    """The first redaction that names no earlier event, or one redacted before, or of which the table says otherwise."""
    return next(_problems(connection, found), None)


def _problems(connection: Connection[Any], found: list[Redaction]) -> Iterator[Problem]:
    rows = connection.execute(
        "SELECT position, event_id FROM event WHERE position = ANY(%b::bigint[])", [[one.position for one in found]]
    )
    held: dict[int, UUID] = dict(rows.fetchall())
    seen: dict[int, Redaction] = {}
    for one in found:
        if one.position >= one.by or held.get(one.position) != one.event_id:
            yield Problem(one.by, f"it redacts an event that does not stand at position {one.position:,}, before it")
        elif one.position in seen:
            yield Problem(one.by, f"it redacts what was redacted at position {seen[one.position].by:,}")
        else:
            seen[one.position] = one
    table = connection.execute("SELECT position, by_position, removed FROM redaction ORDER BY position").fetchall()
    told = {one.position: (one.position, one.by, list(one.removed)) for one in found}
    for row in table:
        if told.pop(row[0], None) != row:
            yield Problem(row[0], "the table of redactions says of it what the log does not")
    for position in sorted(told):
        yield Problem(position, "the table of redactions does not say of it what the log does")

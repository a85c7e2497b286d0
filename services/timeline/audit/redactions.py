"""The redactions of a log as its events tell them: whose text may be gone, and whether what reads use says the same."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from events.redaction import EventRedacted
from events.rows import SELECT_STRUCTURE, structure_only
from services.timeline.audit.recomputing import Problem


class Redaction(NamedTuple):
    """One redaction.

    Attributes:
        by: Where the event stands that tells of it.
        position: Whose text it took away.
        names_it: The event that it names stands there, and before it. Else it is no ground for a text to be gone.
    """

    by: int
    position: int
    removed: tuple[str, ...]
    names_it: bool


def recorded(connection: Connection[Any]) -> list[Redaction]:
    """Those of the log that can be read, in its order. What is wrong with their rows is found where rows are looked at."""
    rows = connection.execute(f"{SELECT_STRUCTURE} WHERE type LIKE 'event-redacted/%' ORDER BY position", binary=True)
    found = [(one.position, one.event) for one in map(structure_only, rows) if isinstance(one.event, EventRedacted)]
    named = connection.execute(
        "SELECT position, event_id FROM event WHERE position = ANY(%b::bigint[])",
        [[event.redacted_position or 0 for _, event in found]],
    )
    held: dict[int, UUID] = dict(named.fetchall())
    return [
        Redaction(by, position, event.removed, position < by and held.get(position) == event.redacted_id)
        for by, event in found
        for position in [event.redacted_position or 0]
    ]


def problem(connection: Connection[Any], found: list[Redaction]) -> Problem | None:
    """The first redaction that names no earlier event, or one redacted before, or of which the table says otherwise."""
    return next(_problems(connection, found), None)


def _problems(connection: Connection[Any], found: list[Redaction]) -> Iterator[Problem]:
    seen: dict[int, Redaction] = {}
    for one in found:
        if not one.names_it:
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

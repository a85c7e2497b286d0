"""`timeline audit redact`: takes the text of an event away for good. Whoever can reach the database may do that."""

import sys
from typing import Annotated
from uuid import UUID

import msgspec
import typer

from events.problems import Problem, UnusableEvent
from events.recorded import RecordedEvent
from events.records import Event
from events.redaction import EventRedacted
from events.shape import read_event
from events.times import rfc3339
from services.timeline import console, typed
from services.timeline.access import LOCAL
from services.timeline.commanded import opened_timeline
from services.timeline.composition import Timeline
from services.timeline.redacting import NOT_PURGED
from services.timeline.writer import Redaction

NO = 1


def redact(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's id, or its position in the log.")],
    reason: Annotated[str, typer.Option(help="Why, without repeating what is taken away.")],
    legal_basis: Annotated[str, typer.Option(help="The rule or order that it rests on; it stays for good.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
) -> None:
    """Take the text of an event away for good: it shows as redacted everywhere, and its structure stays.

    Statuses, digests and proofs are as before. It cannot be undone; the redaction is itself an event.
    """
    with opened_timeline() as timeline:
        held = _found(timeline, event)
        if not yes and not _meant(held):
            raise typer.Exit(NO)
        try:
            done = timeline.writer.redact(_asked(held.event_id, legal_basis, reason), LOCAL.name)
        except UnusableEvent as refusal:
            raise typed.Unusable("; ".join(map(_said, refusal.problems))) from None
        with console.working("tidying up"):
            timeline.log.tidy()
    _tell(held, done)


def _found(timeline: Timeline, event: str) -> RecordedEvent[Event]:
    """The event that somebody means, by its id or its position."""
    if event.isascii() and event.isdigit() and len(event) < 19:
        found = timeline.log.at([int(event)])
        said = f"no event stands at position {event}"
    else:
        try:
            found = timeline.log.by_id(UUID(event))
        except ValueError:
            raise typed.Unusable(f"EVENT {event!r}: write an event's id (a UUID), or its position in the log") from None
        said = f"no event is recorded under the id {event}"
    if not found:
        raise typed.Unusable(f"EVENT: {said}")
    return found[0]


def _asked(event_id: UUID, legal_basis: str, reason: str) -> EventRedacted:
    """What was typed, as it would be posted: so it passes every check that a posted one passes.

    Raises:
        UnusableEvent: too long, or with control characters.
    """
    said = {"type": "EventRedacted", "redacted_id": str(event_id), "legal_basis": legal_basis, "reason": reason}
    event = read_event(msgspec.json.encode(said))
    assert isinstance(event, EventRedacted)
    return event


def _meant(held: RecordedEvent[Event]) -> bool:
    """Ask a person; where there is none, what was written has to say it."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise typed.Unusable("a redaction cannot be undone: say --yes where nobody can be asked")
    kind, key = held.event.stream
    console.note(
        f"{_name(held)} at position {held.position:,}, about {kind} {key}, recorded {rfc3339(held.recorded_at)}"
    )
    return typer.confirm("Take its text away for good?", err=True)


def _said(problem: Problem) -> str:
    return f"{problem.field.replace('redacted_id', 'EVENT')}: {problem.message}" if problem.field else problem.message


def _name(held: RecordedEvent[Event]) -> str:
    return type(held.event).__name__


def _tell(held: RecordedEvent[Event], done: Redaction) -> None:
    assert done.result.place is not None
    console.say(
        f"redacted: {_name(held)} {held.event_id} at position {held.position:,}: {', '.join(done.event.removed)}"
    )
    console.say(f"recorded as event {done.result.event_id} at position {done.result.place.position:,}")
    console.say("not purged, and for you to see to:")
    for one in NOT_PURGED:
        console.say(f"  {one}")

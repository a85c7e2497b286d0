"""Whether a revision of a location would make a circle of parents, at its own date or at any later one (pure)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol
from uuid import UUID

from events.problems import Problem
from events.recorded import reference_stream
from events.records import Event, changed
from events.reference import LocationRegistered, LocationRevised
from events.times import rfc3339
from services.timeline.references import new_parent


class Histories(Protocol):
    """What is held, and accepted before in the same batch."""

    def exists(self, kind: str, key: str) -> bool: ...

    def history(self, stream: UUID) -> list[Event]: ...


def circles(intake: Histories, event: LocationRevised) -> Iterator[Problem]:
    """A parent that makes a circle, at the revision's date or at any later change of parents, is refused."""
    parent = changed(event.changes).get("parent_id")
    if parent is None or not intake.exists("location", parent):
        return
    for moment in _moments_above(intake, event, parent):
        above: str | None = parent
        seen = set()
        while above is not None and above not in seen:
            if above == event.location_id:
                said = f"{parent} lies within {event.location_id} from {rfc3339(moment)} on: a circle of parents"
                yield Problem("changes.parent_id", parent, said)
                return
            seen.add(above)
            above = _parent_at(intake, above, moment)


def _moments_above(intake: Histories, event: LocationRevised, parent: str) -> list[datetime]:
    """The revision's date, and every later one at which a parent above changes while the revision holds."""
    own = intake.history(reference_stream("location", event.location_id))
    later = [one.from_ for one in own if new_parent(one) and one.from_ > event.from_]  # type: ignore[attr-defined]
    until = min(later, default=None)
    moments = {event.from_}
    waiting, seen = [parent], {event.location_id}
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        for held in intake.history(reference_stream("location", one)):
            above = held.parent_id if isinstance(held, LocationRegistered) else new_parent(held)
            if above is not None:
                waiting.append(above)
            if isinstance(held, LocationRevised) and held.from_ > event.from_:
                moments.add(held.from_)
    return sorted(moment for moment in moments if until is None or moment < until)


def _parent_at(intake: Histories, location_id: str, moment: datetime) -> str | None:
    history = intake.history(reference_stream("location", location_id))
    first = history[0]
    assert isinstance(first, LocationRegistered)
    parent = first.parent_id
    revised = [event for event in history if isinstance(event, LocationRevised) and event.from_ <= moment]
    for event in sorted(revised, key=lambda one: one.from_):
        parent = changed(event.changes).get("parent_id", parent)
    return parent

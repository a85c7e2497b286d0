"""What an event names: every id of a source, actor or location, and every stream that deciding on it asks about (pure)."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from events.developments import DevelopmentAmended, DevelopmentEvent, DevelopmentReported, Participant, ReportRetracted
from events.records import Event, changed
from events.reference import LocationRegistered, LocationRevised, SourceAlignmentStated, SourceRegistered


class Reference(NamedTuple):
    """An id that an event names: the field by its path, the kind of thing, its id."""

    field: str
    kind: str
    key: str

    @property
    def name(self) -> str:
        """What the stream of the thing is made from (`recorded.reference_stream`)."""
        return f"{self.kind}:{self.key}"


def names(event: Event) -> tuple[str, ...]:
    """The names of all that `references` finds, quickly for what there are most of."""
    if type(event) is DevelopmentReported:
        found = [f"source:{source}" for source in event.report.chain]
        found.append(f"location:{event.location_id}")
        found += [f"actor:{one.actor_id}" for one in event.participants]
        if event.destination_id is not None:
            found.append(f"location:{event.destination_id}")
        return tuple(found)
    return tuple([one.name for one in references(event)])


def references(event: Event) -> Iterator[Reference]:
    """Every source, actor and location that an event names."""
    if isinstance(event, DevelopmentEvent):
        yield from _in_statement(event)
    elif isinstance(event, SourceRegistered | SourceAlignmentStated):
        for index, actor in enumerate(event.aligned_with):
            yield Reference(f"aligned_with[{index}]", "actor", actor)
    elif isinstance(event, LocationRegistered) and event.parent_id is not None:
        yield Reference("parent_id", "location", event.parent_id)
    elif isinstance(event, LocationRevised) and (parent := new_parent(event)) is not None:
        yield Reference("changes.parent_id", "location", parent)


def _in_statement(event: DevelopmentEvent) -> Iterator[Reference]:
    report = getattr(event, "report", None)
    for index, source in enumerate(report.chain if report is not None else ()):
        yield Reference(f"report.chain[{index}]", "source", source)
    if isinstance(event, ReportRetracted):
        yield Reference("source_id", "source", event.source_id)
    elif isinstance(event, DevelopmentReported):
        yield from _content("", event.location_id, event.destination_id, event.participants)
    elif isinstance(event, DevelopmentAmended):
        said = changed(event.changes)
        at, to = said.get("location_id"), said.get("destination_id")
        yield from _content("changes.", at, to, said.get("participants", ()))


def _content(inside: str, at: str | None, to: str | None, participants: Sequence[Participant]) -> Iterator[Reference]:
    """What a development's content names, as reported or as amended."""
    if at is not None:
        yield Reference(f"{inside}location_id", "location", at)
    if to is not None:
        yield Reference(f"{inside}destination_id", "location", to)
    for index, one in enumerate(participants):
        yield Reference(f"{inside}participants[{index}].actor_id", "actor", one.actor_id)


def new_parent(event: Event) -> str | None:
    """The parent that a revision of a location names."""
    return changed(event.changes).get("parent_id") if isinstance(event, LocationRevised) else None

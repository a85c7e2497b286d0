"""What an event names: every id of a source, actor or location, and every stream that deciding on it asks about (pure)."""

from collections.abc import Iterator
from typing import NamedTuple

from events.developments import DevelopmentAmended, DevelopmentReported, ReportRetracted
from events.records import Event, changed
from events.reference import LocationRegistered, LocationRevised, SourceAlignmentStated, SourceRegistered


class Reference(NamedTuple):
    """An id that an event names: the field by its path, the kind of thing, its id."""

    field: str
    kind: str
    key: str


def references(event: Event) -> Iterator[Reference]:
    """Every source, actor and location that an event names."""
    if isinstance(event, SourceRegistered | SourceAlignmentStated):
        for index, actor in enumerate(event.aligned_with):
            yield Reference(f"aligned_with[{index}]", "actor", actor)
    if isinstance(event, LocationRegistered) and event.parent_id is not None:
        yield Reference("parent_id", "location", event.parent_id)
    if isinstance(event, LocationRevised) and (parent := new_parent(event)) is not None:
        yield Reference("changes.parent_id", "location", parent)
    if isinstance(event, ReportRetracted):
        yield Reference("source_id", "source", event.source_id)
    report = getattr(event, "report", None)
    for index, source in enumerate(report.chain if report is not None else ()):
        yield Reference(f"report.chain[{index}]", "source", source)
    yield from _content(event)


def _content(event: Event) -> Iterator[Reference]:
    """What a development's content names, as reported or as amended."""
    if isinstance(event, DevelopmentReported):
        inside, said = "", {name: getattr(event, name) for name in ("location_id", "destination_id", "participants")}
    elif isinstance(event, DevelopmentAmended):
        inside, said = "changes.", changed(event.changes)
    else:
        return
    for name in ("location_id", "destination_id"):
        if said.get(name) is not None:
            yield Reference(inside + name, "location", said[name])
    for index, one in enumerate(said.get("participants", ())):
        yield Reference(f"{inside}participants[{index}].actor_id", "actor", one.actor_id)


def new_parent(event: Event) -> str | None:
    """The parent that a revision of a location names."""
    return changed(event.changes).get("parent_id") if isinstance(event, LocationRevised) else None

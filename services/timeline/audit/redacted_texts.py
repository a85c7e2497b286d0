"""Which events say that the text of another was taken away lawfully (pure)."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from events.records import Event
from events.redaction import EventRedacted
from projections.bearing import AnyRecorded


def is_redaction(event: Event) -> bool:
    """Whether an event says that a text was taken away."""
    return isinstance(event, EventRedacted)


def redacted(recorded: Iterable[AnyRecorded]) -> Mapping[int, UUID]:
    """The positions whose text was taken away, by what the events say, each with the id of the event there."""
    found = [one.event for one in recorded if isinstance(one.event, EventRedacted)]
    return {one.redacted_position: one.redacted_id for one in found if one.redacted_position is not None}

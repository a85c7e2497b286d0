"""Which events say that the text of another was taken away lawfully (pure)."""

from collections.abc import Iterable
from typing import Any

from events.recorded import RecordedEvent
from events.records import Event


def is_redaction(event: Event) -> bool:
    """Whether an event says that a text was taken away."""
    return type(event).__name__ == "EventRedacted"


def redacted(recorded: Iterable[RecordedEvent[Any]]) -> frozenset[int]:
    """The positions whose text was taken away, by what the events say."""
    return frozenset(one.event.position for one in recorded if is_redaction(one.event))

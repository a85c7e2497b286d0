"""Rows of the table `event` → recorded events, with their text or without."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from events import codec
from events.recorded import RecordedEvent
from events.records import Event

SELECT_STRUCTURE: Final = (
    "SELECT position, recorded_at, recorded_by, event_id, version, type, structure, NULL::bytea, NULL::bytea FROM event"
)
SELECT_WHOLE: Final = (
    "SELECT position, recorded_at, recorded_by, event_id, version, type, structure, text, salt FROM event"
)


def as_recorded(row: Sequence[Any]) -> RecordedEvent[Event]:
    """A whole row of `event` as a recorded event."""
    *_, structure, text, _salt = row
    recorded = structure_only(row)
    if text is None:
        redacted = codec.committed_to_text(structure)
        return msgspec.structs.replace(recorded, redacted=True) if redacted else recorded
    return msgspec.structs.replace(recorded, event=codec.decode(row[5], structure, text))


def structure_only(row: Sequence[Any]) -> RecordedEvent[Event]:
    """A row of `event` as a recorded event without its text."""
    position, recorded_at, recorded_by, event_id, version, name, structure, *_ = row
    return RecordedEvent(
        position=position,
        recorded_at=recorded_at,
        recorded_by=recorded_by,
        event_id=event_id,
        version=version,
        event=codec.decode(name, structure),
    )

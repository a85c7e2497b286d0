"""Rows of the table `event` → recorded events, with their text or without; one that cannot be decoded hides no other."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from events import codec, marks
from events.developments import DevelopmentEvent
from events.recorded import RecordedEvent
from events.records import Event
from events.undecodable import Undecodable

_COLUMNS: Final = "position, recorded_at, recorded_by, event_id, stream_id, version, type, structure"
SELECT_STRUCTURE: Final = f"SELECT {_COLUMNS}, NULL::bytea, NULL::bytea FROM event"
SELECT_WHOLE: Final = (
    f"SELECT {_COLUMNS}, text, salt, "
    "CASE WHEN text IS NULL THEN (SELECT by_position FROM redaction WHERE redaction.position = event.position) END, "
    "CASE WHEN text IS NULL THEN (SELECT removed FROM redaction WHERE redaction.position = event.position) END FROM event"
)


def as_recorded(row: Sequence[Any]) -> RecordedEvent[Event]:
    """A whole row of `event` as a recorded event; where its text is gone, marks stand for it."""
    *_, name, structure, text, _salt, redaction, removed = row
    if text is None and codec.committed_to_text(structure):
        return _without_text(row, redaction, removed)
    recorded = _recorded(row, codec.decode)
    if isinstance(recorded.event, Undecodable) or text is None:
        return recorded
    try:
        whole = codec.decode(name, structure, text)
    except Exception as error:  # noqa: BLE001  (as below)
        whole = Undecodable(stream_id=row[4], stored_name=name, error=f"its text: {_one_line(error)}")
    return msgspec.structs.replace(recorded, event=whole)


def _without_text(row: Sequence[Any], redaction: int | None, removed: Sequence[str] | None) -> RecordedEvent[Event]:
    def decode(name: str, structure: bytes) -> Event:
        if redaction is not None and removed is not None:
            return marks.marked(name, structure, removed)
        return marks.marked(name, structure, codec.required_text(name), marks.MISSING)

    recorded = _recorded(row, decode)
    if isinstance(recorded.event, Undecodable):  # whether there was text cannot be told
        return msgspec.structs.replace(recorded, redaction=redaction)
    return msgspec.structs.replace(recorded, redaction=redaction, text_sha256=codec.text_sha256(row[7]))


def structure_only(row: Sequence[Any]) -> RecordedEvent[Event]:
    """A row of `event` for a fold, without its text; `Undecodable` where its bytes are not understood here.

    Its content is not checked again, and not all of it is decoded: see `trusted`.
    """
    return _recorded(row, codec.decode_for_folds)


def _recorded(row: Sequence[Any], decode: Callable[[str, bytes], Event]) -> RecordedEvent[Event]:
    position, recorded_at, recorded_by, event_id, stream_id, version, name, structure, *_ = row
    return RecordedEvent(
        position=position,
        recorded_at=recorded_at,
        recorded_by=recorded_by,
        event_id=event_id,
        version=version,
        event=decoded(stream_id, name, structure, decode),
    )


def decoded(stream_id: UUID, name: str, structure: bytes, decode: Callable[[str, bytes], Event]) -> Event:
    """An event from its stored structure as `decode` reads it; `Undecodable` where that is not understood here."""
    try:
        event = decode(name, structure)
    except Exception as error:  # noqa: BLE001  (whatever is wrong with these bytes, the other rows are none the worse)
        return Undecodable(stream_id=stream_id, stored_name=name, error=_one_line(error))
    if isinstance(event, DevelopmentEvent) and event.development_id != stream_id:
        said = f"it is about development {event.development_id}, and stands in the stream of another"
        return Undecodable(stream_id=stream_id, stored_name=name, error=said)
    return event


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__

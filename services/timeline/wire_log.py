"""The JSON shapes of the log (API.md): recorded events, what became of those posted, and problems after RFC 9457."""

from datetime import UTC
from typing import Any

import msgspec

from events.recorded import RecordedEvent
from events.redaction import EventRedacted
from events.shape import write_event
from events.times import rfc3339
from services.timeline.wire import Moment, Uuid, WarningOut


class RecordedOut(msgspec.Struct, frozen=True):
    """An event in the log, with its place in it; `event` has the shape in which it was posted.

    `recorded_by` is null where whoever asks may not know it. Where the text was redacted, `redaction` is the position of the
    event that did it, and each field in which text stood holds `[redacted]`. `withheld` stands only where it is so: the event
    tells of a sensitive source, and what would tell who it is is left out, or `[withheld]` where it must be there.
    """

    position: int
    recorded_at: Moment
    recorded_by: str | None
    version: int
    redacted: bool
    redaction: int | None
    event: dict[str, Any]
    withheld: bool | msgspec.UnsetType = msgspec.UNSET


class EventPage(msgspec.Struct, frozen=True):
    """Events in the order of the log; `next` is the position to go on after, null at the end."""

    events: tuple[RecordedOut, ...]
    next: int | None


class Recorded(msgspec.Struct, frozen=True):
    """The answer to one event posted."""

    event_id: Uuid
    position: int
    recorded_at: Moment
    warnings: tuple[WarningOut, ...] | msgspec.UnsetType = msgspec.UNSET


class Redacted(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a redaction: the event that records it, the event whose text it took away, and what it does not reach."""

    event_id: Uuid
    position: int
    recorded_at: Moment
    redacted_id: Uuid
    redacted_position: int
    removed: tuple[str, ...]
    not_purged: tuple[str, ...]


class FieldError(msgspec.Struct, frozen=True):
    """One thing that is wrong: the field by its path, the value that stood there, and what would do."""

    field: str
    value: Any
    message: str
    line: int | msgspec.UnsetType = msgspec.UNSET


class ProblemOut(msgspec.Struct, frozen=True):
    """A problem after RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[FieldError, ...] | msgspec.UnsetType = msgspec.UNSET


class LineResult(msgspec.Struct, frozen=True):
    """What became of one line of NDJSON."""

    line: int
    result: str
    position: int | None
    problem: ProblemOut | None = None
    event_id: Uuid | None = None
    warnings: tuple[WarningOut, ...] | msgspec.UnsetType = msgspec.UNSET


def as_posted(one: RecordedEvent[Any], recorded_by: str | None = None) -> dict[str, Any]:
    """A recorded event in the shape in which it was posted, with its id.

    Args:
        recorded_by: Who recorded it, as far as whoever asks may know; who had a text taken away is told with that alone.
    """
    event = write_event(one.event)
    if isinstance(one.event, EventRedacted) and recorded_by is None:
        event["redacted_by"] = None
    return {"type": event.pop("type"), "event_id": str(one.event_id), **event}


def recorded_out(one: RecordedEvent[Any], recorded_by: str | None) -> RecordedOut:
    """A recorded event as it is answered: its place in the log, and the event."""
    recorded_at = rfc3339(one.recorded_at.astimezone(UTC))
    return RecordedOut(
        one.position, recorded_at, recorded_by, one.version, one.redacted, one.redaction, as_posted(one, recorded_by),
        one.withheld or msgspec.UNSET,
    )  # fmt: skip

"""Recorded events as CloudEvents 1.0, in structured JSON: what streams of them and webhooks carry (pure).

`time` is when what the event says was said (a report published, an assessment made), and `recordedtime`, an extension of the
specification's own, when the log had it: our two clocks. `source` names the log, so `source` and `id` together name an event
wherever it goes; `sequence` is its position, padded so that it sorts as text.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from events.recorded import RecordedEvent
from events.times import rfc3339
from services.timeline.wire import Moment, Uuid
from services.timeline.wire_log import RecordedOut, recorded_out

MEDIA_TYPE: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"

#: Before the type of our event; a new version of its shape would be another prefix.
PREFIX: Final = "timeline.v1."

#: What an event says of when it was said, by the name of the field.
_OWN_TIME: Final = ("assessed_at", "retracted_at", "amended_at", "merged_at", "voided_at")

Reference = Annotated[str, msgspec.Meta(extra_json_schema={"format": "uri-reference"})]


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded event as CloudEvents 1.0 has it; `data` is the same as in `GET /v1/events`."""

    specversion: Literal["1.0"] = "1.0"
    id: Uuid
    source: Reference
    type: str
    subject: str
    time: Moment
    recordedtime: Moment
    sequence: str
    datacontenttype: str = "application/json"
    data: RecordedOut


def source_of(log_id: UUID) -> str:
    """The name of a log as a source of events: the same on every machine that serves it."""
    return f"urn:uuid:{log_id}"


def cloud_event(one: RecordedEvent[Any], source: str, recorded_by: str | None) -> CloudEvent:
    """A recorded event as a CloudEvent.

    Args:
        recorded_by: Who recorded it, as far as whoever is told may know it.
    """
    kind, key = one.event.stream
    data = recorded_out(one, recorded_by)
    return CloudEvent(
        id=str(one.event_id),
        source=source,
        type=PREFIX + str(data.event["type"]),
        subject=f"{kind}/{key}",
        time=rfc3339(_said_at(one)),
        recordedtime=data.recorded_at,
        sequence=f"{one.position:020d}",
        data=data,
    )


def _said_at(one: RecordedEvent[Any]) -> datetime:
    report = getattr(one.event, "report", None)
    if report is not None:
        published: datetime = report.published_at
        return published
    for name in _OWN_TIME:
        found = getattr(one.event, name, None)
        if isinstance(found, datetime):
            return found
    return one.recorded_at.astimezone(UTC)

"""The log as CloudEvents: pages in batch format, and a stream of server-sent events that goes on where a client was."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request, Response

from services.timeline import wire
from services.timeline.access import recorder_shown
from services.timeline.api import rendering
from services.timeline.api.asking import Primary
from services.timeline.api.authority import Asker
from services.timeline.api.documents import answering
from services.timeline.api.paging import linked
from services.timeline.api.streams import SSE, stream, wants_stream
from services.timeline.asked import CannotAsk
from services.timeline.standards.cloud_events import BATCH, cloud_event, source_of

router = APIRouter(tags=["Events"])

_EVENTS: dict[str, Any] = {"type": "array", "items": {"$ref": "#/components/schemas/CloudEvent"}}
_DOCUMENTED = answering(BATCH, _EVENTS)
_DOCUMENTED["responses"][200]["content"][SSE] = {"schema": {"type": "string"}}
_FORMATS: Final = ("json",)


@router.get("/v1/cloudevents", **_DOCUMENTED)
def get_cloud_events(
    request: Request,
    opened: Primary,
    who: Asker,
    after: Annotated[int, Query(ge=0, le=2**62, description="Only events after this position.")] = 0,
    limit: Annotated[int, Query(ge=1, le=5000, description="At most so many.")] = 1000,
    f: Annotated[str | None, Query(max_length=10, description="`json`: a page, whatever is accepted.")] = None,
    last_event_id: Annotated[str | None, Header(description="Streams: go on after this position.")] = None,
) -> Response:
    """The log in order as CloudEvents 1.0: a batch or, for `text/event-stream`, one after another as they are recorded."""
    if f is not None and f not in _FORMATS:
        raise CannotAsk("f", f, "json; or leave it out and accept text/event-stream")
    source = source_of(opened.tree.reach().log_id)

    def told(one: Any) -> bytes:
        return wire.encode(cloud_event(one, source, recorder_shown(who, one.recorded_by)))

    if wants_stream(request, f):
        return stream(request, opened.log, after, last_event_id, who, told)
    found = opened.log.read(after, limit=limit)
    following = found[-1].position if len(found) == limit else None
    page = rendering.answer(request, None, b"[" + b",".join(map(told, found)) + b"]", BATCH)
    return linked(page, request, after=following)

"""The route that tells what posting would do, and does nothing."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from services.timeline import wire
from services.timeline.access import Principal, recording
from services.timeline.api import rendering
from services.timeline.api.asking import At, Moment, ViewName, timeline
from services.timeline.api.authority import Asker
from services.timeline.api.documents import EXAMPLE_EVENT, document
from services.timeline.api.posting import MAX_ONE, body
from services.timeline.api.problems import refusal
from services.timeline.composition import Timeline
from services.timeline.previewing import MOST_EVENTS, Wanted, preview
from services.timeline.wire_preview import PreviewOut, preview_out

router = APIRouter(tags=["Events"])

_POSTED = {
    "requestBody": {
        "required": True,
        "content": {
            rendering.JSON: {
                "schema": {"$ref": "#/components/schemas/Event"},
                "examples": {"report": {"value": EXAMPLE_EVENT}},
            },
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    }
}
KnownAt = Annotated[
    Moment | None,
    Query(description="On the reported clock: as known at this moment; default the event's own time."),
]


@router.post("/v1/preview", openapi_extra=_POSTED, **document(PreviewOut, 404, 408, 413, 415))
async def post_preview(
    request: Request, who: Asker, at: At = None, known_at: KnownAt = None, view: ViewName = "current"
) -> Response:
    """What would become of events, were they posted now: problems or warnings, and the status before and after.

    One event (`application/json`), or up to 20, one a line (`application/x-ndjson`), as `POST /v1/events` takes them.
    Nothing is recorded. An event that would be refused is told with its problem, and the answer is 200 all the same.
    """
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type not in (rendering.JSON, "application/x-ndjson"):
        said = f"send application/json (one event) or application/x-ndjson (one a line), not {media_type[:100]!r}"
        raise HTTPException(415, said)
    posted = await body(request, MAX_ONE)
    lines = [(1, posted)] if media_type == rendering.JSON else _lines(posted)
    opened = await timeline(request)
    return await run_in_threadpool(_answer, opened, who, lines, Wanted(view, at, known_at))


def _lines(posted: bytes) -> list[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers."""
    found = [(number, line) for number, line in enumerate(posted.split(b"\n"), start=1) if line.strip()]
    if len(found) > MOST_EVENTS:
        raise HTTPException(413, f"at most {MOST_EVENTS} events are previewed at once, these are {len(found):,}")
    return found


def _answer(opened: Timeline, who: Principal, lines: list[tuple[int, bytes]], wanted: Wanted) -> Response:
    found = preview(opened.log, [line for _, line in lines], who.name, wanted, recording(who))
    told = preview_out(found, [number for number, _ in lines], refusal)
    return Response(wire.encode(told), media_type=rendering.JSON, headers={"Cache-Control": "no-store"})

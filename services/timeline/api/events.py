"""Routes about the log itself: post events, read them in order."""

import io
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from msgspec import UNSET
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from services.timeline import wire, wire_log
from services.timeline.access import Principal, recorder_shown, recording
from services.timeline.api import rendering
from services.timeline.api.asking import Primary, timeline
from services.timeline.api.authority import Asker
from services.timeline.api.documents import EXAMPLE_EVENT, document, problem_answers
from services.timeline.api.paging import linked
from services.timeline.api.posting import MAX_ONE, ExpectedVersion, IfMatch, append_one, body
from services.timeline.api.problems import batch_refused, refusal
from services.timeline.api.streams import SSE, stream, wants_stream
from services.timeline.asked import CannotAsk
from services.timeline.wire_warnings import warnings_out
from services.timeline.writer import Refused, Result, Writer

router = APIRouter(tags=["Events"])

#: More than this in one request is refused: send it in parts, or use `timeline import`.
MAX_BODY = 64 * 1024 * 1024

#: Nor more lines: each refused one is answered with its reasons, and an answer is made in memory.
MAX_LINES = 100_000

#: So many lines of NDJSON are one append, unless the whole is to be atomic.
LINES = 1_000

_POSTED = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Event"},
                "examples": {"report": {"value": EXAMPLE_EVENT}},
            },
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    }
}
_RECORDED = {"application/json": {"schema": {"$ref": "#/components/schemas/Recorded"}}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "It was there already; or the results of many, a line each",
        "content": _RECORDED | {"application/x-ndjson": {"schema": {"type": "string"}}},
    },
    201: {"description": "Recorded", "content": _RECORDED},
}


@router.post(
    "/v1/events",
    response_class=Response,
    openapi_extra=_POSTED,
    responses=_ANSWERS | problem_answers(408, 409, 412, 413, 415, 507),
)
async def post_events(
    request: Request,
    who: Asker,
    atomic: Annotated[bool, Query(description="NDJSON only: append all lines, or none.")] = False,
    expected_version: ExpectedVersion = None,
    if_match: IfMatch = None,
) -> Response:
    """Record one event (`application/json`), or many, one a line (`application/x-ndjson`).

    The answer to one event has the version of its stream as `ETag`: how many events there are about that thing.
    """
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        raise HTTPException(415, f"send the body as it is, not as {coding[:40]!r}", {"Accept-Encoding": "identity"})
    writer = (await timeline(request)).writer
    if media_type == rendering.JSON:
        event = await body(request, MAX_ONE)
        return await run_in_threadpool(append_one, writer, event, who, expected_version, if_match)
    if media_type == rendering.NDJSON:
        if expected_version is not None or if_match is not None:
            raise CannotAsk(
                "expected_version", expected_version or if_match, "goes with one event, not with lines of them"
            )
        lines = await body(request, MAX_BODY)
        return await run_in_threadpool(_many, writer, lines, atomic, who)
    raise HTTPException(
        415, f"send application/json (one event) or application/x-ndjson (one a line), not {media_type[:100]!r}"
    )


def _many(writer: Writer, body: bytes, atomic: bool, who: Principal) -> Response:
    lines = _lines_of(body)
    size = max(1, len(lines)) if atomic else LINES
    out = bytearray()
    compare = writer.look_alikes()
    for begin in range(0, len(lines), size):
        chunk = lines[begin : begin + size]
        try:
            posted = [line for _, line in chunk]
            results = writer.append(posted, who.name, atomic=atomic, allowed=recording(who), compare=compare)
        except Refused as refused:
            return batch_refused([number for number, _ in chunk], refused.results)
        for (number, _), result in zip(chunk, results, strict=True):
            out += wire.encode(line_result(number, result)) + b"\n"
    return Response(bytes(out), media_type=rendering.NDJSON)


def _lines_of(body: bytes) -> list[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers."""
    found: list[tuple[int, bytes]] = []
    for number, line in enumerate(io.BytesIO(body), start=1):
        if line.strip():
            found.append((number, line.rstrip(b"\r\n")))
            if len(found) > MAX_LINES:
                raise HTTPException(413, f"more than {MAX_LINES:,} lines; send them in parts")
    return found


def line_result(number: int, result: Result) -> wire_log.LineResult:
    """What became of one line."""
    if result.refusal is not None:
        return wire_log.LineResult(number, "refused", None, refusal(result.refusal))
    assert result.place is not None
    said = "appended" if result.appended else "already_there"
    warnings = warnings_out(result.warnings) or UNSET
    return wire_log.LineResult(number, said, result.place.position, None, str(result.event_id), warnings)


@router.get("/v1/events", **document(wire_log.EventPage, formats=(rendering.NDJSON, SSE)))
def get_events(
    request: Request,
    opened: Primary,
    who: Asker,
    after: Annotated[int, Query(ge=0, le=2**62, description="Only events after this position.")] = 0,
    limit: Annotated[int, Query(ge=1, le=5000, description="At most so many.")] = 1000,
    f: Annotated[str | None, Query(max_length=10, description="json or ndjson, instead of Accept.")] = None,
    last_event_id: Annotated[str | None, Header(description="Streams: go on after this position.")] = None,
) -> Response:
    """The log in order, as a page or, for `text/event-stream`, as a stream that goes on while events are recorded.

    Positions are contiguous: a reader who has seen one never later meets a smaller one.
    """
    if wants_stream(request, f):
        return stream(request, opened.log, after, last_event_id, who)
    form = rendering.wanted_format(request, f, ("json", "ndjson"))
    found = [
        wire_log.recorded_out(one, recorder_shown(who, one.recorded_by)) for one in opened.log.read(after, limit=limit)
    ]
    following = found[-1].position if len(found) == limit else None
    if form == "ndjson":
        return linked(
            rendering.answer(request, None, b"".join(_lines(found)), rendering.NDJSON), request, after=following
        )
    page = rendering.answer(request, None, wire.encode(wire_log.EventPage(tuple(found), following)))
    return linked(page, request, after=following)


def _lines(found: list[wire_log.RecordedOut]) -> Iterator[bytes]:
    for one in found:
        yield wire.encode(one) + b"\n"

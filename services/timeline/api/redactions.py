"""The route by which a text is taken away: it takes a right that only admins have, and says what it does not reach."""

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from events.redaction import EventRedacted
from events.shape import read_event
from events.times import rfc3339
from services.timeline import wire, wire_log
from services.timeline.access import Principal
from services.timeline.api import rendering
from services.timeline.api.asking import timeline
from services.timeline.api.authority import Asker
from services.timeline.api.commands import with_address
from services.timeline.api.documents import document, problem_answers
from services.timeline.api.posting import MAX_ONE, body
from services.timeline.composition import Timeline
from services.timeline.redacting import NOT_PURGED
from services.timeline.writer import Redaction

router = APIRouter(tags=["Audit"])

_EXAMPLE = {
    "redacted_id": "3f6c2d7e-54a1-4d8e-8b8c-6f2f0d9b1c33",
    "legal_basis": "GDPR, Article 17(1)(d)",
    "reason": "A person at risk asked for it.",
}
_POSTED = {
    "requestBody": {
        "required": True,
        "content": {rendering.JSON: {"schema": {"type": "object"}, "examples": {"redaction": {"value": _EXAMPLE}}}},
    }
}
_DONE = document(wire_log.Redacted)["responses"][200]
_ANSWERS = {
    200: _DONE | {"description": "It was redacted by this very request before"},
    201: _DONE | {"description": "Redacted"},
} | problem_answers(408, 409, 413, 415, 507)


@router.post("/v1/audit/redactions", response_class=Response, openapi_extra=_POSTED, responses=_ANSWERS)
async def redact(request: Request, who: Asker) -> Response:
    """Take the text of an event away for good. The body is an `EventRedacted` without its type.

    Its structure stays, so every status, digest and proof is as before; the redaction is itself an event. `not_purged` lists
    where copies may be that this reaches not.
    """
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != rendering.JSON:
        raise HTTPException(415, f"send application/json, not {media_type[:100]!r}")
    said = with_address(await body(request, MAX_ONE), b'"type":"EventRedacted"')
    opened = await timeline(request)
    return await run_in_threadpool(_redact, opened, said, who)


def _redact(opened: Timeline, said: bytes, who: Principal) -> Response:
    asked = read_event(said)
    assert isinstance(asked, EventRedacted)
    done = opened.writer.redact(asked, who.name)
    status = 201 if done.result.appended else 200
    tidying = BackgroundTask(opened.log.tidy) if done.result.appended else None
    return Response(wire.encode(_out(done)), status_code=status, media_type=rendering.JSON, background=tidying)


def _out(done: Redaction) -> wire_log.Redacted:
    result, event = done
    assert result.place is not None
    return wire_log.Redacted(
        event_id=str(result.event_id),
        position=result.place.position,
        recorded_at=rfc3339(result.place.recorded_at),
        redacted_id=str(event.redacted_id),
        redacted_position=event.redacted_position or 0,
        removed=event.removed,
        not_purged=NOT_PURGED,
    )

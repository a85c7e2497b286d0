"""Routes about webhooks, for admins: make, see and remove them, and see what was sent, what waits and what came to nothing."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from events.shape import EVENT_TYPES
from services.timeline import wire
from services.timeline.access import Principal
from services.timeline.api import rendering
from services.timeline.api.asking import Primary
from services.timeline.api.authority import Asker
from services.timeline.api.documents import document, problem_answers
from services.timeline.api.paging import linked
from services.timeline.api.posting import read_as
from services.timeline.asked import CannotAsk
from services.timeline.composition import Timeline
from services.timeline.standards import posting_out, webhooks
from services.timeline.standards.posting_out import Unsendable
from services.timeline.standards.webhook_shapes import (
    DeliveryOut,
    DeliveryPage,
    NewWebhook,
    WebhookOut,
    WebhookPage,
    delivery_out,
    webhook_out,
)
from services.timeline.standards.webhooks import State

router = APIRouter(tags=["Webhooks"])

#: A body that asks for a webhook is small.
MOST = 16 * 1024

WebhookId = Annotated[UUID, Path()]

_EXAMPLE = {"url": "https://desk.example.org/timeline", "types": ["DevelopmentReported", "DevelopmentAssessed"]}
_POSTED = {
    "requestBody": {
        "required": True,
        "content": {
            rendering.JSON: {
                "schema": {"$ref": "#/components/schemas/NewWebhook"},
                "examples": {"webhook": {"value": _EXAMPLE}},
            }
        },
    }
}
_MADE: dict[int | str, Any] = {201: document(WebhookOut)["responses"][200] | {"description": "Made"}}


@router.get("/v1/webhooks", **document(WebhookPage))
def every_webhook(request: Request, opened: Primary) -> Response:
    """Every webhook, with how much waits for it and how much came to nothing."""
    with opened.reader.pool.connection() as connection:
        found = tuple(map(webhook_out, webhooks.every(connection)))
    return rendering.answer(request, None, wire.encode(WebhookPage(found)))


@router.post(
    "/v1/webhooks",
    status_code=201,
    response_class=Response,
    openapi_extra=_POSTED,
    responses=_MADE | problem_answers(408, 409, 413, 415),
)
async def add_webhook(request: Request, opened: Primary, who: Asker) -> Response:
    """Have events sent to an address as they are recorded: CloudEvents, signed after Standard Webhooks.

    The answer has the secret with which they are signed; it is told at no other time.
    """
    wanted = await read_as(request, NewWebhook, MOST)
    return await run_in_threadpool(_add, opened, wanted, who)


def _add(opened: Timeline, wanted: NewWebhook, who: Principal) -> Response:
    for one in wanted.types or ():
        if one not in EVENT_TYPES:
            raise CannotAsk("types", one, f"one of {', '.join(EVENT_TYPES)}")
    try:
        posting_out.checked(wanted.url, private=opened.settings.webhook_private)
    except Unsendable as error:
        raise CannotAsk("url", wanted.url, str(error)) from None
    with opened.log.pool.connection() as connection:
        made, secret = webhooks.add(connection, wanted.url, wanted.description, wanted.types, wanted.after, who.name)
    headers = {"Location": f"/v1/webhooks/{made.webhook_id}", "Cache-Control": "no-store"}
    return Response(wire.encode(webhook_out(made, secret)), status_code=201, media_type=rendering.JSON, headers=headers)


@router.get("/v1/webhooks/{webhook_id}", **document(WebhookOut, 404))
def one_webhook(request: Request, opened: Primary, webhook_id: WebhookId) -> Response:
    """One webhook."""
    with opened.reader.pool.connection() as connection:
        return rendering.answer(request, None, wire.encode(webhook_out(webhooks.find(connection, webhook_id))))


@router.delete("/v1/webhooks/{webhook_id}", **document(WebhookOut, 404))
def remove_webhook(opened: Primary, webhook_id: WebhookId) -> Response:
    """Send nothing there any more, and forget what was sent. What it was is answered."""
    with opened.log.pool.connection() as connection:
        return _answer(webhook_out(webhooks.remove(connection, webhook_id)))


@router.post("/v1/webhooks/{webhook_id}/resume", **document(WebhookOut, 404))
def resume_webhook(opened: Primary, webhook_id: WebhookId) -> Response:
    """Send again to a webhook that was stopped, and try what waits at once."""
    with opened.log.pool.connection() as connection:
        return _answer(webhook_out(webhooks.resume(connection, webhook_id)))


@router.get("/v1/webhooks/{webhook_id}/deliveries", **document(DeliveryPage, 404))
def every_delivery(
    request: Request,
    opened: Primary,
    webhook_id: WebhookId,
    state: Annotated[State | None, Query(description="Only those that are so; `dead` are the dead letters.")] = None,
    after: Annotated[int, Query(ge=0, le=2**62, description="Only those after this position.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many.")] = 100,
) -> Response:
    """The events for a webhook: what waits, what was delivered in the last days, and what came to nothing, with why."""
    with opened.reader.pool.connection() as connection:
        found = webhooks.deliveries(connection, webhook_id, state, after, limit)
    following = found[-1].position if len(found) == limit else None
    page = DeliveryPage(tuple(map(delivery_out, found)), following)
    return linked(rendering.answer(request, None, wire.encode(page)), request, after=following)


@router.post("/v1/webhooks/{webhook_id}/deliveries/{position}/retry", **document(DeliveryOut, 404))
def retry_delivery(
    opened: Primary,
    webhook_id: WebhookId,
    position: Annotated[int, Path(ge=1, le=2**62, description="The event's position in the log.")],
) -> Response:
    """Try once more what is dead, or waits. It comes out of order then."""
    with opened.log.pool.connection() as connection:
        return _answer(delivery_out(webhooks.retry(connection, webhook_id, position)))


def _answer(said: WebhookOut | DeliveryOut) -> Response:
    return Response(wire.encode(said), media_type=rendering.JSON)

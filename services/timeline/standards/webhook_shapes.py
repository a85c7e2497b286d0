"""The JSON shapes of webhooks: what is asked for, what there is, and what became of each event sent."""

from typing import Annotated, Any

import msgspec

from events.times import rfc3339
from services.timeline.standards.webhooks import Delivery, Webhook
from services.timeline.wire import Moment, Uuid, moment

Types = tuple[str, ...]


class NewWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to send events to: those of some types (null: of all), recorded after a position (null: from now on)."""

    url: Annotated[str, msgspec.Meta(min_length=8, max_length=2000)]
    types: Annotated[Types, msgspec.Meta(min_length=1, max_length=50)] | None = None
    after: Annotated[int, msgspec.Meta(ge=0, le=2**62)] | None = None
    description: Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00]*$")] = ""


class WebhookOut(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook. `queued`: events up to this position are in its outbox, or not wanted. `stopped`: why nothing is sent any more.
    `secret` stands only in the answer that made it.
    """

    webhook_id: Uuid
    url: str
    description: str
    types: Types | None
    queued: int
    created_at: Moment
    created_by: str
    stopped: str | None
    waiting: int
    dead: int
    secret: str | msgspec.UnsetType = msgspec.UNSET


class WebhookPage(msgspec.Struct, frozen=True):
    """Every webhook, in the order of their making."""

    webhooks: tuple[WebhookOut, ...]


class DeliveryOut(msgspec.Struct, frozen=True, kw_only=True):
    """An event for a webhook: `waiting` until `due`, `delivered`, or `dead` after it was tried in vain too often.

    `event_id` is the `webhook-id` under which it was sent; `status` and `error` are what came of the last attempt.
    """

    position: int
    event_id: Uuid
    state: str
    attempts: int
    due: Moment
    status: int | None
    error: str | None
    tried_at: Moment | None


class DeliveryPage(msgspec.Struct, frozen=True):
    """Events for a webhook in the order of the log; `next` is the position to go on after, null at the end."""

    deliveries: tuple[DeliveryOut, ...]
    next: int | None


def webhook_out(one: Webhook, secret: str | msgspec.UnsetType = msgspec.UNSET) -> WebhookOut:
    """A webhook as it is answered; with its secret once."""
    said: dict[str, Any] = one._asdict() | {
        "webhook_id": str(one.webhook_id),
        "types": tuple(one.types) if one.types is not None else None,
        "created_at": rfc3339(one.created_at),
    }
    return WebhookOut(**said, secret=secret)


def delivery_out(one: Delivery) -> DeliveryOut:
    """An entry of the outbox as it is answered."""
    said: dict[str, Any] = one._asdict() | {
        "event_id": str(one.event_id),
        "due": rfc3339(one.due),
        "tried_at": moment(one.tried_at),
    }
    return DeliveryOut(**said)

"""Routes for whoever keeps the service running: what could not be folded, and folding it again."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from events.times import rfc3339
from projections.retrying import retry
from projections.setting_aside import SetAside
from services.timeline import wire, wire_reference
from services.timeline.api import rendering
from services.timeline.api.asking import Primary
from services.timeline.api.documents import document, document_text
from services.timeline.metrics import MEDIA_TYPE

router = APIRouter(tags=["Operations"])

#: A list of more than this is cut; its `count` tells.
MOST = 1_000

View = Annotated[str, Path(max_length=100, description="A view's name or id.")]


@router.get("/metrics", **document_text("text/plain"))
def metrics(opened: Primary) -> Response:
    """What this process counts and finds, in the text format of Prometheus."""
    return Response(opened.metrics.text(), media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})


@router.get("/v1/views/{view}/set-aside", **document(wire_reference.SetAsidePage, 404))
def set_aside(request: Request, view: View, opened: Primary) -> Response:
    """What could not be folded into a view, and why; it keeps what it had, and nothing else is stopped by it."""
    return rendering.answer(request, None, wire.encode(_page(view, opened.reader.set_aside(view))))


@router.post("/v1/views/{view}/set-aside/retry", **document(wire_reference.Retry, 404))
def retry_set_aside(view: View, opened: Primary) -> Response:
    """Fold again what was set aside: after an upgrade, or when the cause is gone."""
    folded, still = retry(opened.log, view)
    return Response(wire.encode(wire_reference.Retry(folded, _page(view, still))), media_type=rendering.JSON)


def _page(view: str, found: list[SetAside]) -> wire_reference.SetAsidePage:
    said = tuple(
        wire_reference.SetAsideOut(one.position, str(one.stream_id), one.error, rfc3339(one.first_seen))
        for one in found[:MOST]
    )
    return wire_reference.SetAsidePage(view, len(found), said)

"""The route that tells whoever asks who they are here: what a desk needs to know before it offers to record."""

from fastapi import APIRouter, Response

from services.timeline import wire, wire_page
from services.timeline.access import RIGHTS, ROLES
from services.timeline.api import rendering
from services.timeline.api.authority import Asker
from services.timeline.api.documents import document

router = APIRouter(tags=["Reference"])


@router.get("/v1/whoami", **document(wire_page.WhoAmI))
def whoami(who: Asker) -> Response:
    """Whoever asks: the name that is recorded beside what they record, their roles, and what those allow."""
    roles = tuple(role for role in ROLES if role in who.roles)
    body = wire_page.WhoAmI(who.name, roles, tuple(right for right in RIGHTS if who.has(right)))
    return Response(wire.encode(body), media_type=rendering.JSON, headers={"Cache-Control": "no-store"})

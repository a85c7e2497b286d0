"""What differs between two moments, per location."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from services.timeline import wire
from services.timeline.api import rendering
from services.timeline.api.asking import KnownPosition, MinPosition, Moment, Opened, ViewName
from services.timeline.api.documents import document
from services.timeline.api.paging import linked
from services.timeline.changes import Between
from services.timeline.changes import changes as found_changes
from services.timeline.wire_changes import ChangePage

router = APIRouter(tags=["Status"])

_EXAMPLES = {"from": ["2024-12-02T12:00:00Z"], "to": ["2024-12-05T14:00:00Z"]}


@router.get("/v1/changes", **document(ChangePage, 404, formats=(rendering.NDJSON,)))
def changes(
    request: Request,
    opened: Opened,
    from_: Annotated[
        Moment, Query(alias="from", description="The first moment of the axis.", examples=_EXAMPLES["from"])
    ],
    to: Annotated[Moment, Query(description="The second moment of the axis.", examples=_EXAMPLES["to"])],
    axis: Annotated[
        Literal["valid", "known"],
        Query(description="Two moments in the world, or two moments by which one moment in the world was known."),
    ] = "valid",
    at: Annotated[Moment | None, Query(description="The moment in the world (known axis only); default now.")] = None,
    known_at: Annotated[Moment | None, Query(description="As known at this moment (valid axis only).")] = None,
    known_position: KnownPosition = None,
    within: Annotated[str | None, Query(max_length=100, description="Only this location and those below it.")] = None,
    view: ViewName = "current",
    min_position: MinPosition = None,
    cursor: Annotated[str | None, Query(max_length=600, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="At most so many.")] = 1000,
    f: Annotated[str | None, Query(max_length=10, description="json or ndjson, instead of Accept.")] = None,
) -> Response:
    """The locations whose answers differ between two moments, with the old answer and the new one, ordered by id."""
    form = rendering.wanted_format(request, f, ("json", "ndjson"))
    between = Between(
        axis=axis, start=from_, end=to, at=at, known_at=known_at, known_position=known_position, within=within
    )
    reader = opened.reader
    found = found_changes(reader, between, view=view, cursor=cursor, limit=limit, min_position=min_position)
    lines = form == "ndjson"
    body = b"".join(wire.encode(one) + b"\n" for one in found.page.changes) if lines else wire.encode(found.page)
    response = rendering.answer(request, None, body, rendering.NDJSON if lines else rendering.JSON)
    response.headers["Timeline-Position"] = str(found.page.to.known_position)
    if found.pinned:
        response.headers["Cache-Control"] = rendering.FOR_EVER
    return linked(response, request, cursor=found.page.next)

"""Routes for what leaves the house as evidence: bundles, and the record of custody."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from events.tiles import MOST_LEAVES
from events.times import Instant
from services.timeline import cursors, wire
from services.timeline.api import rendering
from services.timeline.api.asking import Primary, Question
from services.timeline.api.authority import Asker
from services.timeline.api.documents import document, document_text
from services.timeline.api.paging import linked
from services.timeline.audit import bundling, custody
from services.timeline.audit.bundling import Wanted
from services.timeline.wire_custody import CustodyPage

router = APIRouter(tags=["Audit"])

ZIP = "application/zip"


class _Place(msgspec.Struct, frozen=True):
    """Where a page of custody goes on: after a moment."""

    after: Instant


@router.post("/v1/audit/bundles/{location_id}", **document_text(ZIP, 404, 409, binary=True))
def evidence_bundle(
    opened: Primary,
    asker: Asker,
    question: Question,
    location_id: Annotated[str, Path(max_length=100)],
    held: Annotated[
        int | None,
        Query(ge=1, le=MOST_LEAVES, description="The size of a checkpoint that you hold: the proof to it is put in."),
    ] = None,
) -> Response:
    """An evidence bundle of a status: all that bears on it, proved and signed. Making it is entered into the record of custody.

    Captured files are not put in here: they are listed as missing, and whoever has them can lay them beside it.
    """
    with question.settled() as asked:
        made = bundling.in_memory(opened, asked, location_id, Wanted(asker, held=held))
        headers = {
            "Content-Disposition": f'attachment; filename="{location_id}.zip"',
            "Cache-Control": "no-store",
            "Timeline-Position": str(asked.known_position),
        }
    return Response(made, media_type=ZIP, headers=headers)


@router.get("/v1/audit/custody", **document(CustodyPage))
def record_of_custody(
    request: Request,
    opened: Primary,
    location_id: Annotated[str | None, Query(max_length=100, description="Only bundles of this place.")] = None,
    cursor: Annotated[
        str | None, Query(max_length=200, description="Where a page goes on: `next` of the one before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="So many entries a page.")] = 100,
) -> Response:
    """What was handed out or redacted, by whom and when, oldest first."""
    after = cursors.taken(cursor, _Place).after if cursor is not None else custody.BEFORE_ALL
    with opened.log.pool.connection() as connection:
        found = custody.listed(connection, after, limit + 1, location_id)
    page = found[:limit]
    following = cursors.given(_Place(datetime.fromisoformat(page[-1].at))) if len(found) > limit else None
    body = wire.encode(CustodyPage(tuple(page), following))
    return linked(rendering.answer(request, None, body), request, cursor=following)

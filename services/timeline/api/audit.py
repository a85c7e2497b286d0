"""Routes that review: a status, a development, a source, a recorder, and what was accepted and later overturned."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.timeline import wire
from services.timeline.api import rendering
from services.timeline.api.asking import Moment, Question, Wanted
from services.timeline.api.authority import Asker
from services.timeline.api.documents import document
from services.timeline.api.paging import linked
from services.timeline.asked import Asked
from services.timeline.audit import development_review, pages, reviewing
from services.timeline.audit.compared import Today, compared, later
from services.timeline.audit.pages import Place
from services.timeline.audit.reviewing import Reviewer
from services.timeline.wire_review import DevelopmentReview, LocationReview

router = APIRouter(tags=["Audit"])

Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=500, description="At most so many.")]


@router.get("/v1/audit/locations/{location_id}", **document(LocationReview, 404))
def review_location(
    request: Request,
    location_id: Annotated[str, Path(max_length=100, examples=["sy-hama"])],
    question: Question,
    who: Asker,
    today_known_at: Annotated[
        Moment | None, Query(description="What counts as today, on the known axis; default what is folded now.")
    ] = None,
    today_position: Annotated[
        int | None, Query(ge=0, le=2**62, description="The log position that counts as today's.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """A status from the answer down to the leaves, and beside it that of today with what changed it in between."""
    place = pages.taken(cursor, reviewing.question(location_id, question.view), int, int, int)
    with _at(question, place).settled() as asked:
        reviewer, today, beside = Reviewer(question.opened, asked, who), None, None
        if place is None:
            question.opened.reader.require_location(asked, location_id)
            today = later(asked, Today(today_known_at, today_position))
            beside = compared(reviewer, today, location_id)
        found = reviewing.review(reviewer, location_id, place=place, limit=limit, compared=beside)
        for_ever = asked.pinned and (today is None or today.pinned)
        response = rendering.answer(request, replace(asked, pinned=for_ever), wire.encode(found))
        return linked(response, request, cursor=found.next)


@router.get("/v1/audit/developments/{development_id}", **document(DevelopmentReview, 404))
def review_development(
    request: Request,
    development_id: Annotated[UUID, Path()],
    question: Question,
    who: Asker,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """One development: what it ever claimed, and its trail with recorders, leaves, and the rule after each step."""
    place = pages.taken(cursor, development_review.question(development_id, question.view), int)
    with _at(question, place).settled() as asked:
        reviewer = Reviewer(question.opened, asked, who)
        found = development_review.review(reviewer, development_id, place=place, limit=limit)
        response = rendering.answer(request, _without_at(asked), wire.encode(found))
        return linked(response, request, cursor=found.next)


def _at(question: Wanted, place: Place | None) -> Wanted:
    """The question about the moments that the first page meant."""
    return question if place is None else replace(question, **place.moments)


def _without_at(asked: Asked) -> Asked:
    """What does not depend on `at` is pinned by what it is known by alone."""
    return replace(asked, pinned=asked.known_pinned)

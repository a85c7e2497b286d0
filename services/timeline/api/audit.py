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
from services.timeline.audit import corrections as listed
from services.timeline.audit import development_review, pages, recorder_review, reviewing, source_review
from services.timeline.audit.compared import Today, compared, later
from services.timeline.audit.corrections import Choice
from services.timeline.audit.pages import Place
from services.timeline.audit.reviewing import Reviewer
from services.timeline.wire_corrections import CorrectionPage
from services.timeline.wire_review import DevelopmentReview, LocationReview
from services.timeline.wire_track import RecordedPage, RecorderReview, SourceReview, SpokenOfPage

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
        reviewer, beside = Reviewer(question.opened, asked, who), None
        if place is None:
            question.opened.reader.require_location(asked, location_id)
            beside = compared(reviewer, later(asked, Today(today_known_at, today_position)), location_id)
        found = reviewing.review(reviewer, location_id, place=place, limit=limit, compared=beside)
        response = rendering.answer(request, _telling_texts(asked), wire.encode(found))
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
        response = rendering.answer(request, _telling_texts(asked), wire.encode(found))
        return linked(response, request, cursor=found.next)


@router.get("/v1/audit/corrections", **document(CorrectionPage, 404))
def corrections(
    request: Request,
    question: Question,
    who: Asker,
    location: Annotated[str | None, Query(max_length=100, description="Only at this location itself.")] = None,
    within: Annotated[str | None, Query(max_length=100, description="Only at this location or below it.")] = None,
    source: Annotated[
        str | None, Query(max_length=100, description="Only with this source in a chain of its statements.")
    ] = None,
    from_: Annotated[
        Moment | None, Query(alias="from", description="Only what was overturned at this moment or later.")
    ] = None,
    to: Annotated[Moment | None, Query(description="Only what was overturned before this moment.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Everything that was accepted for an hour or more and later overturned: by whom, after how long; the last first."""
    choice = Choice(location=location, within=within, source=source, start=from_, end=to)
    place = pages.taken(cursor, listed.question(choice, question.view), int, str)
    with _at(question, place).settled() as asked:
        found = listed.corrections(Reviewer(question.opened, asked, who), choice, place=place, limit=limit)
        response = rendering.answer(request, _telling_texts(asked), wire.encode(found))
        return linked(response, request, cursor=found.next)


SourceId = Annotated[str, Path(max_length=100, examples=["sana"])]


@router.get("/v1/audit/sources/{source_id}", **document(SourceReview, 404))
def review_source(
    request: Request, source_id: SourceId, question: Question, who: Asker, cursor: Cursor = None
) -> Response:
    """A source's track record: what became of what it said, in all and by month; and how it was graded."""
    place = pages.taken(cursor, source_review.question(source_id, question.view), int)
    with _at(question, place).settled() as asked:
        found = source_review.review(Reviewer(question.opened, asked, who), source_id, place=place)
        response = rendering.answer(request, _telling_texts(asked), wire.encode(found))
        return linked(response, request, cursor=found.next)


@router.get("/v1/audit/sources/{source_id}/developments", **document(SpokenOfPage, 404))
def spoken_of(
    request: Request,
    source_id: SourceId,
    question: Question,
    who: Asker,
    number: Annotated[
        str | None, Query(max_length=50, description="Only those behind this number, such as `rejected` or `denied`.")
    ] = None,
    month: Annotated[
        str | None, Query(max_length=10, description="Only those of which it first spoke in this month, as `2024-12`.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """The developments of which a source spoke: those behind a number of its track record."""
    place = pages.taken(cursor, source_review.question(source_id, question.view, number, month), int)
    with _at(question, place).settled() as asked:
        reviewer = Reviewer(question.opened, asked, who)
        found = source_review.listed(reviewer, source_id, number=number, month=month, place=place, limit=limit)
        response = rendering.answer(request, _telling_texts(asked), wire.encode(found))
        return linked(response, request, cursor=found.next)


#: PostgreSQL knows no NUL.
_NO_NUL = r"^[^\x00]*$"

RecordedBy = Annotated[str, Path(max_length=300, pattern=_NO_NUL, examples=["key:desk"])]


@router.get("/v1/audit/recorders/{recorder:path}", **document(RecorderReview))
def review_recorder(
    request: Request, recorder: RecordedBy, question: Question, who: Asker, cursor: Cursor = None
) -> Response:
    """How much a principal recorded, by type and by month."""
    place = pages.taken(cursor, recorder_review.question(recorder, "counts", question.view), int)
    with _at(question, place).settled() as asked:
        found = recorder_review.review(Reviewer(question.opened, asked, who), recorder, place=place)
        response = rendering.answer(request, replace(asked, pinned=asked.known_pinned), wire.encode(found))
        return linked(response, request, cursor=found.next)


@router.get("/v1/audit/recorded", **document(RecordedPage))
def recorded_by(
    request: Request,
    question: Question,
    who: Asker,
    by: Annotated[
        str,
        Query(max_length=300, pattern=_NO_NUL, description="The principal who recorded it.", examples=["key:desk"]),
    ],
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """What a principal recorded, event by event in the order of the log, each with its leaf."""
    place = pages.taken(cursor, recorder_review.question(by, "events", question.view), int)
    with _at(question, place).settled() as asked:
        found = recorder_review.recorded(Reviewer(question.opened, asked, who), by, place=place, limit=limit)
        response = rendering.answer(request, _telling_texts(asked), wire.encode(found))
        return linked(response, request, cursor=found.next)


def _at(question: Wanted, place: Place | None) -> Wanted:
    """The question about the moments that the first page meant."""
    return question if place is None else replace(question, **place.moments)


def _telling_texts(asked: Asked) -> Asked:
    """Not to be kept for ever: it tells texts, which may be redacted. Its tag says whether what somebody keeps still stands."""
    return replace(asked, pinned=False)

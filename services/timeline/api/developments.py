"""Routes about developments: lists of them, and one with its whole trail."""

from dataclasses import replace
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.timeline import wire
from services.timeline.access import recorder_shown
from services.timeline.api import rendering
from services.timeline.api.asking import KnownAt, KnownPosition, MinPosition, Moment, Opened, Question, ViewName
from services.timeline.api.authority import Asker
from services.timeline.api.documents import document
from services.timeline.api.paging import linked
from services.timeline.development_trail import whole
from services.timeline.developments import Choice, listed
from services.timeline.wire_developments import DevelopmentPage, DevelopmentWhole

router = APIRouter(tags=["Developments"])


def chosen(
    location: Annotated[str | None, Query(max_length=100, description="Only at this location itself.")] = None,
    within: Annotated[str | None, Query(max_length=100, description="Only at this location or below it.")] = None,
    kind: Annotated[list[str] | None, Query(max_length=50, description="Only of these kinds; may be repeated.")] = None,
    standing: Annotated[
        list[str] | None, Query(max_length=50, description="Only of these standings; may be repeated.")
    ] = None,
    source: Annotated[
        str | None, Query(max_length=100, description="Only with this source in a chain of its statements.")
    ] = None,
    from_: Annotated[
        Moment | None, Query(alias="from", description="Only what occurred, or went on, at this moment or later.")
    ] = None,
    to: Annotated[Moment | None, Query(description="Only what occurred, or began, before this moment.")] = None,
    text: Annotated[
        str | None,
        Query(max_length=300, description="Only with each of these words in a summary, reason or reasoning."),
    ] = None,
    tag: Annotated[str | None, Query(max_length=64, description="Only with this tag.")] = None,
    order: Annotated[
        Literal["newest", "oldest"], Query(description="Last recorded first, or first recorded first.")
    ] = "newest",
    known_at: KnownAt = None,
    known_position: KnownPosition = None,
) -> Choice:
    """Which developments are wanted, as an address says it."""
    return Choice(
        location=location,
        within=within,
        kinds=tuple(kind or ()),
        standings=tuple(standing or ()),
        source=source,
        start=from_,
        end=to,
        text=text,
        tag=tag,
        known_at=known_at,
        known_position=known_position,
        oldest_first=order == "oldest",
    )


@router.get("/v1/developments", **document(DevelopmentPage, 404))
def developments(
    request: Request,
    opened: Opened,
    choice: Annotated[Choice, Depends(chosen)],
    view: ViewName = "current",
    min_position: MinPosition = None,
    cursor: Annotated[str | None, Query(max_length=300, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many.")] = 100,
) -> Response:
    """Developments of every kind with their newest standing; a list once begun does not shift while events arrive."""
    page = listed(opened.reader, choice, view=view, cursor=cursor, limit=limit, min_position=min_position)
    response = rendering.answer(request, None, wire.encode(page))
    response.headers["Timeline-Position"] = str(page.known_position)
    return linked(response, request, cursor=page.next)


@router.get("/v1/developments/{development_id}", **document(DevelopmentWhole, 404))
def development(
    request: Request,
    development_id: Annotated[UUID, Path()],
    opened: Opened,
    question: Question,
    who: Asker,
) -> Response:
    """One development as known then, with its whole trail: every event, and its standing and the rule after each."""
    with question.settled() as asked:
        body = wire.encode(whole(opened.log, asked, development_id, partial(recorder_shown, who)))
        return rendering.answer(request, replace(asked, pinned=asked.known_pinned), body, text=True)

"""Feeds of developments, by place and by every question that `/v1/developments` takes."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, NamedTuple
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from events.times import rfc3339
from projections import views
from services.timeline import wire
from services.timeline.api import rendering
from services.timeline.api.asking import MinPosition, Opened, ViewName
from services.timeline.api.developments import chosen
from services.timeline.api.documents import answering
from services.timeline.composition import Timeline
from services.timeline.developments import Choice, listed
from services.timeline.standards import addresses, feeds
from services.timeline.standards.feeds import ATOM, JSON_FEED, Entry, JsonFeed
from services.timeline.standards.memento import http_date, read_http_date
from services.timeline.wire_developments import DevelopmentPage

router = APIRouter(tags=["Developments"])

Chosen = Annotated[Choice, Depends(chosen)]
Cursor = Annotated[str | None, Query(max_length=300, description="From the link to the next page.")]
Limit = Annotated[int, Query(ge=1, le=500, description="At most so many.")]

#: Of a list in which nothing is, nothing changed since the beginning of time.
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Read(NamedTuple):
    """A feed, when anything in it was recorded last, and when the log had the position that it rests on."""

    feed: JsonFeed
    updated: str
    by: datetime
    position: int


@router.get("/v1/feeds/developments.json", **answering(JSON_FEED, {"$ref": "#/components/schemas/JsonFeed"}, 404))
def json_feed(
    request: Request,
    opened: Opened,
    choice: Chosen,
    view: ViewName = "current",
    min_position: MinPosition = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Developments as a JSON Feed (1.1), with the same questions as `/v1/developments`."""
    found = _read(request, opened, choice, view, min_position, cursor, limit)
    return _answer(request, found, wire.encode(found.feed), JSON_FEED)


@router.get("/v1/feeds/developments.atom", **answering(ATOM, {"type": "string"}, 404))
def atom_feed(
    request: Request,
    opened: Opened,
    choice: Chosen,
    view: ViewName = "current",
    min_position: MinPosition = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Developments as an Atom feed (RFC 4287), with the same questions as `/v1/developments`."""
    found = _read(request, opened, choice, view, min_position, cursor, limit)
    return _answer(request, found, feeds.atom(found.feed, found.updated), ATOM)


def _read(
    request: Request,
    opened: Timeline,
    choice: Choice,
    view: str,
    min_position: int | None,
    cursor: str | None,
    limit: int,
) -> _Read:
    page = listed(opened.reader, choice, view=view, cursor=cursor, limit=limit, min_position=min_position)
    entries, by = _entries(opened, page)
    place = choice.location or choice.within
    feed = JsonFeed(
        title="Developments" + (f" at {_place(opened, place, page.known_position)}" if place else ""),
        home_page_url=addresses.whole(request, "/", place=place),
        feed_url=addresses.this(request),
        description=f"What is said to have happened, with its standing by {page.policy} on the {page.clock} clock.",
        next_url=addresses.this(request, cursor=page.next, min_position=None) if page.next else msgspec.UNSET,
        items=tuple(feeds.item(one, addresses.base(request)) for one in entries),
    )
    updated = max((one.updated for one in entries), default=rfc3339(_NEVER))
    return _Read(feed, updated, by, page.known_position)


def _entries(opened: Timeline, page: DevelopmentPage) -> tuple[list[Entry], datetime]:
    """The entries of a page, and when the log had the position that it rests on."""
    position, catalogue = page.known_position, opened.reader.catalogue(page.known_position)
    ids = [UUID(one.development_id) for one in page.developments]
    last: dict[str, datetime] = {}
    with opened.reader.pool.connection() as connection:
        for one in opened.reader.whole_streams(connection, ids, position):
            key = str(one.event.development_id)
            last[key] = max(last.get(key, _NEVER), one.recorded_at.astimezone(UTC))
        by = views.recorded_times(connection, {position}).get(position, _NEVER).astimezone(UTC)
    found = [
        Entry(
            one,
            rfc3339(last[one.development_id]),
            _place(opened, one.location_id, position),
            tuple(catalogue.source_name(source, position) for source in one.sources),
        )
        for one in page.developments
    ]
    return found, by


def _place(opened: Timeline, location_id: str, position: int) -> str:
    found = opened.reader.catalogue(position).location(location_id, datetime.now(UTC), position)
    return found.name if found is not None else location_id


def _answer(request: Request, found: _Read, body: bytes, media_type: str) -> Response:
    """A feed for whoever has not got it: by its entity tag or, of those who send none, by when the log grew last.

    A time of which seconds alone are told says nothing of the second that is not over yet.
    """
    response = rendering.answer(request, None, body, media_type)
    response.headers["Timeline-Position"] = str(found.position)
    modified = found.by.replace(microsecond=0) + timedelta(seconds=found.by.microsecond > 0)
    if modified > datetime.now(UTC):
        return response
    response.headers["Last-Modified"] = http_date(modified)
    if "if-none-match" not in request.headers and _had_since(request, modified):
        return Response(status_code=304, headers={k: v for k, v in response.headers.items() if k not in _OF_A_BODY})
    return response


_OF_A_BODY: Final = ("content-length", "content-type")


def _had_since(request: Request, modified: datetime) -> bool:
    try:
        return modified <= read_http_date(request.headers.get("if-modified-since", ""))
    except ValueError:  # one that is no date is passed over (RFC 9110, section 13.1.3)
        return False

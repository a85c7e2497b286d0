"""Routes of RFC 7089 (Memento): what the status of a place told at a moment, and a TimeMap of when it changed.

The status itself is its own TimeGate (`api/locations.py`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from services.timeline import wire
from services.timeline.api import rendering
from services.timeline.api.asking import At, MinPosition, Moment, Opened, ViewName, Wanted
from services.timeline.api.documents import document, document_text
from services.timeline.api.locations import LocationId
from services.timeline.standards import memento
from services.timeline.standards.memento import http_date
from services.timeline.standards.timegate import LINK_FORMAT, Original, original

router = APIRouter(tags=["Status"])


@router.get("/v1/locations/{location_id}/status/{moment}", **document(wire.LocationStatus, 404))
def memento_of_status(
    request: Request,
    opened: Opened,
    location_id: LocationId,
    moment: Annotated[
        str, Path(pattern=r"^\d{14}$", description="A second of UTC, as `20241202180000`.", examples=["20241202180000"])
    ],
    at: At = None,
    view: ViewName = "current",
    min_position: MinPosition = None,
) -> Response:
    """What the status of a place told at a moment: the status at that moment (or `at`) as known at that moment."""
    when = memento.read_digits(moment)
    memento.require_past(location_id, when)
    with Wanted(opened, view, at or when, when, None, min_position).settled() as asked:
        found = opened.reader.status(asked, location_id)
        response = rendering.answer(request, asked, wire.encode(wire.location_status(asked, location_id, found)))
    response.headers["Memento-Datetime"] = http_date(when)
    response.headers["Link"] = ", ".join(original(request, location_id).links())
    return response


@router.get("/v1/locations/{location_id}/timemap", **document_text(LINK_FORMAT, 404))
def timemap(
    request: Request,
    opened: Opened,
    location_id: LocationId,
    at: At = None,
    view: ViewName = "current",
    min_position: MinPosition = None,
    after: Annotated[
        Moment | None, Query(description="Only mementos after this moment; see the next page's link.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=5000, description="At most so many.")] = 1000,
) -> Response:
    """The moments at which a place's own status changed, as links to its mementos (RFC 7089, section 5)."""
    with Wanted(opened, view, at, None, None, min_position).settled() as asked:
        every = memento.changes(opened.reader, asked, location_id, at)
    page = [one for one in every if after is None or one > after][: limit + 1]
    of = original(request, location_id)
    lines = _lines(
        of,
        every,
        page[:limit],
        len(page) > limit,
        {"after": _given(request, "after"), "limit": _given(request, "limit")},
    )
    return rendering.answer(request, None, (",\n".join(lines) + "\n").encode(), LINK_FORMAT)


def _given(request: Request, name: str) -> str | None:
    return request.query_params.get(name)


def _lines(
    of: Original, every: Sequence[datetime], page: Sequence[datetime], more: bool, asked: dict[str, Any]
) -> list[str]:
    lines = [of.links()[0]]
    period = f'; from="{http_date(page[0])}"; until="{http_date(page[-1])}"' if page else ""
    lines.append(f'<{of.address("timemap", **asked)}>; rel="self"; type="{LINK_FORMAT}"{period}')
    if more:
        onward = of.address("timemap", **asked | {"after": page[-1].isoformat().replace("+00:00", "Z")})
        until = f'; until="{http_date(every[-1])}"'
        lines.append(f'<{onward}>; rel="timemap"; type="{LINK_FORMAT}"{until}')
    for one in page:
        places = [name for name, end in (("first", every[0]), ("last", every[-1])) if one == end]
        lines.append(of.memento(one, " ".join([*places, "memento"])))
    return lines

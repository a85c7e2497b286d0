"""Routes about places: status, history, belief map, explanation; one place or all of them."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from events.vocabulary import FACETS, Facet
from projections.claims import FOREVER
from services.timeline import whole_map, wire
from services.timeline.api import rendering
from services.timeline.api.asking import Box, Opened, Question, Within
from services.timeline.api.documents import document, negotiating
from services.timeline.asked import Asked
from services.timeline.atlas.answers import from_atlas
from services.timeline.narration import explained
from services.timeline.selection import Selection, box, selected
from services.timeline.standards import timegate
from services.timeline.standards.timegate import AcceptDatetime

router = APIRouter(tags=["Status"])

ControlMode = Literal["held", "vacated", "contested", "besieged", "shared", "unknown"]
LocationId = Annotated[str, Path(max_length=100, examples=["sy-hama"])]


@router.get("/v1/locations/{location_id}/status", **negotiating(document(wire.LocationStatus, 400, 404)))
def status(
    request: Request, location_id: LocationId, question: Question, accept_datetime: AcceptDatetime = None
) -> Response:
    """Who held a place at `at`, as known at `known_at`, with what else is claimed, and the roll-up of places below.

    Where neither `known_at` nor `known_position` is given it has mementos (RFC 7089): `Accept-Datetime` leads to what it told then.
    """
    moves = question.known_at is None and question.known_position is None
    if moves and accept_datetime is not None:
        return timegate.negotiated(request, location_id, accept_datetime, question)
    with question.settled() as asked:
        found = question.opened.reader.status(asked, location_id)
        response = rendering.answer(request, asked, wire.encode(wire.location_status(asked, location_id, found)))
        return timegate.told(request, location_id, response) if moves else response


@router.get("/v1/locations/{location_id}/history", **document(wire.History, 404))
def history(request: Request, location_id: LocationId, opened: Opened, question: Question) -> Response:
    """The stretches of a place's status along the valid axis, as known at one moment."""
    with question.settled() as asked:
        found = opened.reader.history(asked, location_id)
        control, access = (
            tuple(
                wire.StretchOut(
                    wire.moment(one.valid_from), wire.moment(one.valid_until), **wire.answer_fields(one.answer)
                )
                for one in found.get(facet, ())
            )
            for facet in FACETS
        )
        body = wire.History(
            location_id=location_id,
            **wire.coordinates(asked),
            control=control,
            access=access if "access" in found else None,
        )
        return rendering.answer(request, _without_at(asked), wire.encode(body))


@router.get("/v1/locations/{location_id}/beliefs", **document(wire.Beliefs, 404))
def beliefs(
    request: Request,
    location_id: LocationId,
    opened: Opened,
    question: Question,
    facet: Annotated[Facet, Query(description="Which facet of the status.")] = "control",
) -> Response:
    """The belief map of a place: on which valid time it was believed what, and from when to when."""
    with question.settled() as asked:
        found, times = opened.reader.beliefs(asked, location_id, facet)
        recorded = asked.view.reading.clock == "recorded"
        drawn = tuple(
            wire.RectangleOut(
                valid_from=wire.moment(one.valid_from),
                valid_until=wire.moment(one.valid_until),
                known_from=wire.moment(asked.known_time(one.known_from, times)),
                known_until=wire.moment(asked.known_time(one.known_until, times)),
                known_from_position=one.known_from if recorded else None,
                known_until_position=one.known_until if recorded and one.known_until != FOREVER else None,
                **wire.answer_fields(one.answer),
            )
            for one in found
        )
        body = wire.Beliefs(location_id=location_id, facet=facet, **wire.coordinates(asked), rectangles=drawn)
        return rendering.answer(request, _without_at(asked), wire.encode(body))


@router.get("/v1/locations/{location_id}/explain", **document(wire.Explanation, 404))
def explain(request: Request, location_id: LocationId, opened: Opened, question: Question) -> Response:
    """Why the status is what it is: every claim in order, what it became, by which rule, and what each report weighed."""
    with question.settled() as asked:
        body = explained(opened.reader, asked, location_id)
        return rendering.answer(request, asked, wire.encode(body), text=True)


@router.get("/v1/status", **document(wire.AllStatus, 404, formats=tuple(rendering.FORMATS.values())))
def status_everywhere(
    request: Request,
    opened: Opened,
    question: Question,
    within: Within = None,
    bbox: Box = None,
    mode: Annotated[ControlMode | None, Query(description="Only places whose control is in this mode.")] = None,
    holder: Annotated[str | None, Query(max_length=100, description="Only places that this actor holds.")] = None,
    f: Annotated[
        str | None,
        Query(max_length=10, description="json, geojson, csv, ndjson, xlsx or geoparquet, instead of Accept."),
    ] = None,
) -> Response:
    """The status of every registered place at one moment, ordered by id."""
    with question.settled() as asked:
        form = rendering.wanted_format(request, f)
        choice = Selection(within=within, bbox=box(bbox), mode=mode, holder=holder)
        body = from_atlas(opened.reader, asked, choice, form)
        if body is None:
            found = selected(opened.reader, asked, choice)
            body = whole_map.everywhere(asked, found, opened.reader.catalogue(asked.known_position), form)
        tag = rendering.coordinates_tag(asked, asked.at, choice, form) if asked.pinned else None
        names = form not in ("json", "ndjson")
        return rendering.answer(request, asked, body, rendering.FORMATS[form], tag, text=names)


def _without_at(asked: Asked) -> Asked:
    """A history does not depend on `at`: it is pinned by what it is known by alone."""
    return replace(asked, pinned=asked.known_pinned)

"""Routes of OGC API - Features, part 1: status and developments as collections that QGIS and GDAL read as they are."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from events.times import rfc3339
from services.timeline import wire
from services.timeline.access import recorder_shown
from services.timeline.api import rendering
from services.timeline.api.asking import Box, KnownAt, KnownPosition, MinPosition, Opened, ViewName, Wanted, Within
from services.timeline.api.authority import Asker
from services.timeline.api.documents import answering, document
from services.timeline.api.locations import ControlMode
from services.timeline.asked import Asked, CannotAsk
from services.timeline.composition import Timeline
from services.timeline.development_trail import whole
from services.timeline.developments import Choice, how_many, listed
from services.timeline.reader import NotRegistered
from services.timeline.selection import Selection
from services.timeline.standards import addresses, ogc_features, ogc_shapes, openapi_3_0
from services.timeline.standards.ogc_shapes import GEOJSON, JSON, OPENAPI, Link

router = APIRouter(tags=["OGC API - Features"])

#: A page has at most so many features; whoever asks for more is given so many, as the standard wants it.
MOST = 10_000

TITLES = {
    "status": (
        "Status of places",
        "Who holds each place at one moment (`datetime`), as known at another (`known_at`).",
    ),
    "developments": ("Developments", "What is said to have happened, where and when, with its newest standing."),
}

CollectionId = Annotated[str, Path(max_length=100, examples=["status"], description="`status` or `developments`.")]
When = Annotated[
    str | None,
    Query(
        max_length=100,
        description="An instant, or an interval `start/end` of which one end may be `..`; default now, or any time.",
        examples=["2024-12-02T12:00:00Z"],
    ),
]
Limit = Annotated[int, Query(ge=1, le=2**62, description=f"At most so many features, and never more than {MOST:,}.")]
Format = Annotated[str | None, Query(max_length=10, description="`json` is the only format.")]


def _json_only(f: str | None) -> None:
    if f not in (None, "json", "geojson"):
        raise CannotAsk("f", f, "json; there is no other format")


def _link(request: Request, path: str, rel: str, media_type: str = JSON, title: str | None = None) -> Link:
    return Link(addresses.whole(request, path), rel, media_type, msgspec.UNSET if title is None else title)


@router.get("/ogc", **document(ogc_shapes.Landing))
def landing(request: Request, f: Format = None) -> Response:
    """The way to the collections, for programs that speak OGC API - Features (QGIS, GDAL, ArcGIS)."""
    _json_only(f)
    links = (
        _link(request, "/ogc", "self", title="This document"),
        _link(request, "/ogc/api", "service-desc", OPENAPI, "The API definition"),
        _link(request, "/ogc/conformance", "conformance", title="What it conforms to"),
        _link(request, "/ogc/collections", "data", title="The collections"),
    )
    said = ogc_shapes.Landing("Timeline", "Who held a place, what was known then, and why.", links)
    return rendering.answer(request, None, wire.encode(said))


@router.get("/ogc/api", **answering(OPENAPI, {"type": "object"}))
def definition(request: Request, f: Format = None) -> Response:
    """These routes as OpenAPI 3.0, which programs of this standard read; all others are in /openapi.json."""
    _json_only(f)
    found = openapi_3_0.of(request.app.openapi(), "/ogc", addresses.base(request), MOST)
    return rendering.answer(request, None, wire.encode(found), OPENAPI)


@router.get("/ogc/conformance", **document(ogc_shapes.Conformance))
def conformance(request: Request, f: Format = None) -> Response:
    """The classes of the standard that the service conforms to."""
    _json_only(f)
    return rendering.answer(request, None, wire.encode(ogc_shapes.Conformance(ogc_shapes.CONFORMS_TO)))


@router.get("/ogc/collections", **document(ogc_shapes.Collections))
def collections(request: Request, opened: Opened, f: Format = None) -> Response:
    """Every collection."""
    _json_only(f)
    links = (_link(request, "/ogc/collections", "self"), _link(request, "/ogc", "root"))
    found = tuple(_collection(request, opened, one) for one in TITLES)
    return rendering.answer(request, None, wire.encode(ogc_shapes.Collections(links, found)))


@router.get("/ogc/collections/{collection_id}", **document(ogc_shapes.Collection, 404))
def collection(request: Request, opened: Opened, collection_id: CollectionId, f: Format = None) -> Response:
    """One collection: what is in it, where its features lie, and where they are found."""
    _json_only(f)
    if collection_id not in TITLES:
        raise NotRegistered("collection", collection_id, opened.log.head().position)
    return rendering.answer(request, None, wire.encode(_collection(request, opened, collection_id)))


def _collection(request: Request, opened: Timeline, one: str) -> ogc_shapes.Collection:
    position = opened.log.head().position
    around = request.app.state.extents.of(opened.reader.catalogue(position), position)
    extent = ogc_shapes.Extent(ogc_shapes.SpatialExtent((around,)), ogc_shapes.TemporalExtent(((None, None),)))
    links = (
        _link(request, f"/ogc/collections/{one}", "self"),
        _link(request, f"/ogc/collections/{one}/items", "items", GEOJSON, "The features"),
    )
    return ogc_shapes.Collection(one, *TITLES[one], extent, links)


_FEATURES: dict[str, Any] = {"$ref": "#/components/schemas/FeatureCollection"}
_FEATURE: dict[str, Any] = {"$ref": "#/components/schemas/Feature"}


@router.get("/ogc/collections/status/items", **answering(GEOJSON, _FEATURES, 404))
def status_items(
    request: Request,
    opened: Opened,
    datetime: When = None,
    known_at: KnownAt = None,
    known_position: KnownPosition = None,
    view: ViewName = "current",
    min_position: MinPosition = None,
    bbox: Box = None,
    limit: Limit = 1000,
    offset: Annotated[
        int, Query(ge=0, le=2**31, description="How many features come before; see the `next` link.")
    ] = 0,
    within: Within = None,
    mode: Annotated[ControlMode | None, Query(description="Only places whose control is in this mode.")] = None,
    holder: Annotated[str | None, Query(max_length=100, description="Only places that this actor holds.")] = None,
    f: Format = None,
) -> Response:
    """The status of every place at `datetime` (of an interval at its end), a feature each, ordered by id.

    The `next` link names the moments of both axes, so that all pages tell one state of the map.
    """
    _json_only(f)
    choice = Selection(within=within, bbox=ogc_features.flat_box(bbox), mode=mode, holder=holder)
    at = ogc_features.instant(datetime)
    limit = min(limit, MOST)
    with Wanted(opened, view, at, known_at, known_position, min_position).settled() as asked:
        page = ogc_features.status_page(opened.reader, asked, choice, offset, limit)
        links = [Link(addresses.this(request), "self", GEOJSON)]
        if offset + page.returned < page.matched and page.returned:
            onward = addresses.this(request, offset=offset + page.returned, limit=limit, **_pinning(asked))
            links.append(Link(onward, "next", GEOJSON))
        links.append(_link(request, "/ogc/collections/status", "collection"))
        head: dict[str, Any] = {"type": "FeatureCollection", "links": links, "numberMatched": page.matched}
        head |= {"numberReturned": page.returned, "at": rfc3339(asked.at), **wire.coordinates(asked)}
        return _features(request, asked, head, page.features)


def _pinning(asked: Asked) -> dict[str, Any]:
    """What names the state that a page was told of, for the pages that follow."""
    reported = asked.view.reading.clock == "reported"
    return {
        "datetime": rfc3339(asked.at),
        "known_at": rfc3339(asked.known_at) if reported else None,
        "known_position": asked.known_position,
        "view": asked.view.view_id,
        "min_position": None,
    }


def _features(request: Request, asked: Asked | None, head: dict[str, Any], features: bytes) -> Response:
    """A page of features; with the time at which it was made, but where it is the same for ever."""
    tag = "W/" + rendering.tag_of(wire.encode(head), features)
    if asked is None or not asked.pinned:
        head |= {"timeStamp": ogc_features.now()}
    body = wire.encode(head)[:-1] + b',"features":[' + features + b"]}"
    return rendering.answer(request, asked, body, GEOJSON, tag, text=True)


@router.get("/ogc/collections/status/items/{location_id}", **answering(GEOJSON, _FEATURE, 404))
def status_item(
    request: Request,
    opened: Opened,
    location_id: Annotated[str, Path(max_length=100, examples=["sy-hama"])],
    datetime: When = None,
    known_at: KnownAt = None,
    known_position: KnownPosition = None,
    view: ViewName = "current",
    min_position: MinPosition = None,
    f: Format = None,
) -> Response:
    """The status of one place at `datetime` as a feature."""
    _json_only(f)
    at = ogc_features.instant(datetime)
    with Wanted(opened, view, at, known_at, known_position, min_position).settled() as asked:
        feature = ogc_features.status_feature(opened.reader, asked, location_id)
        said = feature | {"at": rfc3339(asked.at), **wire.coordinates(asked), "links": _of_one(request, "status")}
        return rendering.answer(request, asked, wire.encode(said), GEOJSON, text=True)


def _of_one(request: Request, collection_id: str) -> tuple[Link, ...]:
    whole_collection = _link(request, f"/ogc/collections/{collection_id}", "collection")
    return Link(addresses.this(request), "self", GEOJSON), whole_collection


@router.get("/ogc/collections/developments/items", **answering(GEOJSON, _FEATURES, 404))
def development_items(
    request: Request,
    opened: Opened,
    datetime: When = None,
    view: ViewName = "current",
    min_position: MinPosition = None,
    bbox: Box = None,
    limit: Limit = 1000,
    cursor: Annotated[str | None, Query(max_length=300, description="See the `next` link.")] = None,
    location_id: Annotated[str | None, Query(max_length=100, description="Only at this location itself.")] = None,
    within: Within = None,
    kind: Annotated[str | None, Query(max_length=50, description="Only of this kind.")] = None,
    standing: Annotated[str | None, Query(max_length=50, description="Only of this standing.")] = None,
    source: Annotated[str | None, Query(max_length=100, description="Only with this source in a chain.")] = None,
    f: Format = None,
) -> Response:
    """Developments whose occurred period shares a moment with `datetime`, the last recorded first, where they happened."""
    _json_only(f)
    start, end = ogc_features.interval(datetime).half_open
    choice = Choice(
        location=location_id,
        within=within,
        kinds=(kind,) if kind is not None else (),
        standings=(standing,) if standing is not None else (),
        source=source,
        start=start,
        end=end,
        bbox=ogc_features.flat_box(bbox),
    )
    limit = min(limit, MOST)
    page = listed(opened.reader, choice, view=view, cursor=cursor, limit=limit, min_position=min_position)
    catalogue = opened.reader.catalogue(page.known_position)
    found = [ogc_features.development_feature(one, catalogue, page.known_position) for one in page.developments]
    links = [Link(addresses.this(request), "self", GEOJSON)]
    if page.next is not None:
        onward = addresses.this(request, cursor=page.next, limit=limit, min_position=None)
        links.append(Link(onward, "next", GEOJSON))
    links.append(_link(request, "/ogc/collections/developments", "collection"))
    head: dict[str, Any] = {"type": "FeatureCollection", "links": links, "numberReturned": len(found)}
    if cursor is None:
        head["numberMatched"] = how_many(opened.reader, choice, view=view)
    head |= {"known_position": page.known_position, "view": view, "policy": page.policy, "clock": page.clock}
    response = _features(request, None, head, wire.encode(found)[1:-1])
    response.headers["Timeline-Position"] = str(page.known_position)
    return response


@router.get("/ogc/collections/developments/items/{development_id}", **answering(GEOJSON, _FEATURE, 404))
def development_item(
    request: Request,
    opened: Opened,
    who: Asker,
    development_id: Annotated[UUID, Path()],
    view: ViewName = "current",
    min_position: MinPosition = None,
    f: Format = None,
) -> Response:
    """One development as a feature."""
    _json_only(f)
    with Wanted(opened, view, None, None, None, min_position).settled() as asked:
        one = whole(opened.log, asked, development_id, partial(recorder_shown, who)).development
        position = asked.known_position
        feature = ogc_features.development_feature(one, opened.reader.catalogue(position), position)
    said = msgspec.structs.replace(feature, links=_of_one(request, "developments"))
    return rendering.answer(request, None, wire.encode(said), GEOJSON)

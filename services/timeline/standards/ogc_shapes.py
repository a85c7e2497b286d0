"""The JSON shapes of OGC API - Features, part 1 (OGC 17-069r4): what the service is, its collections, and features."""

from typing import Any, Final

import msgspec

from services.timeline.wire import Moment

#: WGS 84, longitude before latitude: the one reference system that we have, and GeoJSON's own.
CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"

CONFORMS_TO: Final = tuple(
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{one}" for one in ("core", "geojson", "oas30")
)

JSON: Final = "application/json"
GEOJSON: Final = "application/geo+json"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"


class Link(msgspec.Struct, frozen=True):
    """Where something else is found, and what it is to this."""

    href: str
    rel: str
    type: str
    title: str | msgspec.UnsetType = msgspec.UNSET


class Landing(msgspec.Struct, frozen=True):
    """The way to everything else."""

    title: str
    description: str
    links: tuple[Link, ...]


class Conformance(msgspec.Struct, frozen=True, rename="camel"):
    """The classes of the standard that the service conforms to."""

    conforms_to: tuple[str, ...]


class SpatialExtent(msgspec.Struct, frozen=True):
    """Boxes (west, south, east, north) that hold every feature."""

    bbox: tuple[tuple[float, float, float, float], ...]
    crs: str = CRS84


class TemporalExtent(msgspec.Struct, frozen=True):
    """Periods that hold every feature; null is an open end."""

    interval: tuple[tuple[Moment | None, Moment | None], ...]
    trs: str = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"


class Extent(msgspec.Struct, frozen=True):
    """Where and when the features of a collection lie."""

    spatial: SpatialExtent
    temporal: TemporalExtent


class Collection(msgspec.Struct, frozen=True, rename="camel"):
    """A collection of features, and where they are."""

    id: str
    title: str
    description: str
    extent: Extent
    links: tuple[Link, ...]
    item_type: str = "feature"
    crs: tuple[str, ...] = (CRS84,)


class Collections(msgspec.Struct, frozen=True):
    """Every collection."""

    links: tuple[Link, ...]
    collections: tuple[Collection, ...]


class Feature(msgspec.Struct, frozen=True):
    """A feature of GeoJSON (RFC 7946)."""

    type: str
    id: str
    geometry: dict[str, Any] | None
    properties: dict[str, Any]
    links: tuple[Link, ...] | msgspec.UnsetType = msgspec.UNSET


class FeatureCollection(msgspec.Struct, frozen=True, rename="camel"):
    """A page of features; what else it says is the moment of both axes, and the view.

    `numberMatched` stands on the first page of a list that is not counted anew on each, `timeStamp` where the answer is not the
    same for ever.
    """

    type: str
    features: tuple[Feature, ...]
    links: tuple[Link, ...]
    number_returned: int
    number_matched: int | msgspec.UnsetType = msgspec.UNSET
    time_stamp: Moment | msgspec.UnsetType = msgspec.UNSET

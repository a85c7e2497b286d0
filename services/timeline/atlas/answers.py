"""The whole map as bytes, out of a picture: ready fragments joined, in each format. Byte for byte what `api/rendering` makes."""

from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import Final

from events.times import rfc3339
from projections.claims import micros
from services.timeline import flat, wire
from services.timeline.asked import Asked
from services.timeline.atlas.columns import Ints
from services.timeline.atlas.picture import Picture
from services.timeline.reader import Reader
from services.timeline.selection import Selection, below, matches


def from_atlas(reader: Reader, asked: Asked, choice: Selection, form: str) -> bytes | memoryview | None:
    """The whole map as it is chosen, in one of the formats that have ready fragments; None where the tables have to answer.

    Raises:
        NotRegistered: `within` is not registered as known then.
    """
    if form not in BODIES:
        return None
    found = chosen(reader, asked, choice)
    return BODIES[form](found[0], asked, found[1]) if found is not None else None


def chosen(reader: Reader, asked: Asked, choice: Selection) -> tuple[Picture, Ints] | None:
    """The picture of a question, and the places in it that are chosen, ordered by id; None where the tables have to answer.

    Raises:
        NotRegistered: `within` is not registered as known then.
    """
    atlas = reader.atlases.covering(asked)
    if atlas is None:
        return None
    places, position = atlas.places, asked.known_position
    if choice.within is None:
        found = places.registered(position)
    else:
        found = places.numbers(below(reader.catalogue(position), asked, choice.within))
    if choice.bbox is not None:
        found = places.inside(found, choice.bbox, asked.at, position)
    picture = atlas.picture(micros(asked.at), asked.known)
    picture.complete(found, partial(reader.answers, asked))
    if choice.mode is not None or choice.holder is not None:
        found = picture.showing(found, partial(matches, choice))
    return picture, found


def _json(picture: Picture, asked: Asked, chosen: Ints) -> memoryview:
    around = wire.encode(wire.AllStatus(at=rfc3339(asked.at), **wire.coordinates(asked), locations=()))
    return picture.entries(chosen, around[:-2], around[-2:])


def _ndjson(picture: Picture, _: Asked, chosen: Ints) -> bytes:
    return picture.lines(chosen)


def _csv(picture: Picture, asked: Asked, chosen: Ints) -> bytes:
    ends = [b",\r\n"] * len(chosen)
    for row, access in picture.access("csv", chosen):
        ends[row] = b"".join((b",", access, b"\r\n"))
    places = picture.places.csv(chosen, asked.at, asked.known_position)
    rows = zip(places, picture.control("csv", chosen), ends, strict=True)
    return b"".join(chain((flat.csv_line(flat.COLUMNS).encode(),), chain.from_iterable(rows)))


def _geojson(picture: Picture, asked: Asked, chosen: Ints) -> bytes:
    head = {"type": "FeatureCollection", "at": rfc3339(asked.at), **wire.coordinates(asked)}
    around = wire.encode(head | {"features": ()})
    return around[:-2] + features(picture, asked, chosen) + around[-2:]


def features(picture: Picture, asked: Asked, chosen: Ints) -> bytes:
    """Some places as features of GeoJSON, with commas between."""
    ends = [b',"access":null}}'] * len(chosen)
    for row, access in picture.access("geojson", chosen):
        ends[row] = b"".join((b',"access":', access, b"}}"))
    places = picture.places.geojson(chosen, asked.at, asked.known_position)
    rows = map(b"".join, zip(places, picture.control("geojson", chosen), ends, strict=True))
    return b",".join(rows)


BODIES: Final[dict[str, Callable[[Picture, Asked, Ints], bytes | memoryview]]] = {
    "json": _json,
    "ndjson": _ndjson,
    "csv": _csv,
    "geojson": _geojson,
}

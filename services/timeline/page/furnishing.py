"""What the operator puts into the page: colours and initials of actors, a basemap. Read once, at the start.

A file that will not do is told in one line then, and not to readers later.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from services.timeline.page.assets import asset
from services.timeline.page.packing import packed
from services.timeline.settings import PREFIX, Settings, UnusableSettings
from services.timeline.wire_page import ActorLook, CaptionedMoment, MapLook

#: What is drawn knows so many colours beside its own (`static/app/colours.js`).
MOST_COLOURS: Final = 8
MOST_BYTES: Final = 32 * 1024 * 1024
MOST_CREDIT: Final = 300

#: The ground of an empty circle in both themes (`static/page.css`), and how much a colour has to differ from it: as a ratio of
#: WCAG 2.2. The outline around every mark has 3:1 by itself.
GROUNDS: Final = {"light": "#fbfaf7", "dark": "#16191c"}
LEAST: Final = 1.3

_Shape = TypeVar("_Shape")

_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")


class Look(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one actor is drawn, as the file of colours says it."""

    colour: str | None = None
    initials: str | None = None


class ArcMap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A basemap as `vendor/basemap.json` is one: arcs in steps of a grid, land out of them, and borders."""

    class Transform(msgspec.Struct, frozen=True):
        scale: tuple[float, float]
        translate: tuple[float, float]

    transform: Transform
    arcs: list[list[float]]
    land: list[list[list[int]]]
    borders: list[int]
    credit: str


@dataclass(frozen=True, slots=True)
class Furnishing:
    """What the operator chose.

    Attributes:
        look: What the page is told of it.
        basemap: The basemap as it stands in its file, packed: the operator's, or the page's own.
    """

    look: MapLook
    basemap: bytes


def furnished(settings: Settings) -> Furnishing:
    """Read what the settings name.

    Raises:
        UnusableSettings: a file that is not there, or says what cannot be drawn.
    """
    if settings.moments is not None:
        _decoded("MOMENTS", settings.moments, tuple[CaptionedMoment, ...])
    actors = _colours(settings.colours) if settings.colours is not None else ()
    if settings.basemap is None:
        return Furnishing(MapLook(actors, None), _own())
    data, credit = _basemap(settings.basemap)
    return Furnishing(MapLook(actors, credit), packed(data))


def _own() -> bytes:
    found = asset("vendor/basemap.json")
    assert found is not None
    return found.gzipped


def _colours(path: Path) -> tuple[ActorLook, ...]:
    found = _decoded("COLOURS", path, dict[str, Look])
    for actor, look in found.items():
        if look.colour is None and look.initials is None:
            raise _bad("COLOURS", path, f"{actor}: says neither a colour nor initials")
        if look.colour is not None:
            _check_colour(path, actor, look.colour)
        if look.initials is not None and not 1 <= len(look.initials.strip()) <= 4:
            raise _bad("COLOURS", path, f"{actor}: initials are one to four letters, not {look.initials[:20]!r}")
    if (count := len({look.colour.lower() for look in found.values() if look.colour})) > MOST_COLOURS:
        raise _bad("COLOURS", path, f"{count} different colours; more than {MOST_COLOURS} are not told apart")
    return tuple(ActorLook(actor, look.colour, look.initials) for actor, look in found.items())


def _check_colour(path: Path, actor: str, colour: str) -> None:
    if not _COLOUR.fullmatch(colour):
        raise _bad("COLOURS", path, f"{actor}: a colour is written as #ac801e, not {colour[:20]!r}")
    for theme, ground in GROUNDS.items():
        if contrast(colour, ground) < LEAST:
            said = f"{actor}: {colour} would read as an empty circle in the {theme} theme, where nobody holds a place"
            raise _bad("COLOURS", path, said)


def contrast(one: str, other: str) -> float:
    """How much two colours differ in brightness: 1 for none, 21 for black on white (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _basemap(path: Path) -> tuple[bytes, str]:
    """The file, and whom it credits: GeoJSON with a `credit`, or arcs as in `vendor/basemap.json`."""
    data = _read("BASEMAP", path)
    raw = _parsed("BASEMAP", path, data, dict[str, Any])
    credit = raw.get("credit")
    if not isinstance(credit, str) or not 0 < len(credit.strip()) <= MOST_CREDIT:
        said = f"`credit` names whose map it is, in up to {MOST_CREDIT} characters; the page shows it"
        raise _bad("BASEMAP", path, said)
    if raw.get("type") == "Topology":
        raise _bad("BASEMAP", path, "TopoJSON is taken as arcs, in the form of vendor/basemap.json, or as GeoJSON")
    if "arcs" in raw:
        _check_arcs(path, _parsed("BASEMAP", path, data, ArcMap))
    else:
        _check_features(path, raw)
    return data, credit.strip()


def _check_arcs(path: Path, found: ArcMap) -> None:
    used = {arc for polygon in found.land for ring in polygon for arc in ring} | set(found.borders)
    if any(not -len(found.arcs) <= arc < len(found.arcs) for arc in used):
        raise _bad("BASEMAP", path, f"land or borders name an arc that is none of the {len(found.arcs):,}")
    if any(len(steps) < 4 or len(steps) % 2 for steps in found.arcs):
        raise _bad("BASEMAP", path, "an arc has two points or more, each a pair of numbers")


def _check_features(path: Path, raw: Mapping[str, Any]) -> None:
    features = raw.get("features")
    if raw.get("type") != "FeatureCollection" or not isinstance(features, list) or not features:
        raise _bad("BASEMAP", path, "GeoJSON is a FeatureCollection here: its areas are land, its lines borders")
    for number, one in enumerate(features):
        geometry = one.get("geometry") if isinstance(one, dict) else None
        depth = _DEPTHS.get(str(geometry.get("type"))) if isinstance(geometry, dict) else None
        if geometry is None or depth is None:
            raise _bad("BASEMAP", path, f"features[{number}]: an area or a line is wanted ({', '.join(_DEPTHS)})")
        if not _drawable(geometry.get("coordinates"), depth):
            said = f"features[{number}]: coordinates are pairs of longitude (-180 to 180) and latitude (-90 to 90)"
            raise _bad("BASEMAP", path, said)


#: The geometries that are drawn, and how deep their coordinates are nested.
_DEPTHS: Final = {"Polygon": 2, "MultiPolygon": 3, "LineString": 1, "MultiLineString": 2}


def _drawable(found: object, depth: int) -> bool:
    if not isinstance(found, list):
        return False
    if depth:
        return all(_drawable(one, depth - 1) for one in found)
    return _is_place(found)


def _is_place(pair: Sequence[object]) -> bool:
    numbers = [one for one in pair[:2] if isinstance(one, int | float)]
    return len(numbers) == 2 and abs(numbers[0]) <= 180 and abs(numbers[1]) <= 90


def _decoded(name: str, path: Path, shape: type[_Shape]) -> _Shape:
    return _parsed(name, path, _read(name, path), shape)


def _read(name: str, path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _bad(name, path, f"more than {MOST_BYTES // 1024**2} MiB")
        return path.read_bytes()
    except OSError as error:
        raise _bad(name, path, error.strerror or "cannot be read") from None


def _parsed(name: str, path: Path, data: bytes, shape: type[_Shape]) -> _Shape:
    try:
        return msgspec.json.decode(data, type=shape)
    except msgspec.DecodeError as error:
        raise _bad(name, path, str(error)) from None


def _bad(name: str, path: Path, said: str) -> UnusableSettings:
    return UnusableSettings(f"{PREFIX}{name}: {path}: {said}")

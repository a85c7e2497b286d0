"""Places that a data set tells by name: which of them are one place, which are homonyms, and which moved (pure)."""

import math
import re
from dataclasses import dataclass
from typing import Final

from events.records import Event
from events.reference import Geometry, LocationRegistered
from events.vocabulary import LocationKind
from projections.folding import fold
from services.timeline.importers.flags import Flag
from services.timeline.importers.identity import code, named, slug
from services.timeline.importers.register import Register

Point = tuple[float, float]

#: A place of the same name and qualifier nearer than this is the same place, further away a homonym (kilometres).
SAME: Final = 10.0

#: Coordinates that differ by more than this are told as moved; less is rounding (kilometres).
MOVED: Final = 1.0

_ALIKE: Final = 50

#: Stands behind the key of a homonym that coordinates alone tell apart: `mill | east ~2`.
_NUMBER: Final = re.compile(r" ~\d+\Z")


@dataclass(frozen=True, slots=True)
class Found:
    """A place, and what had to be registered and said for it."""

    location_id: str
    events: tuple[Event, ...] = ()
    flags: tuple[Flag, ...] = ()


class Places:
    """The places of one data set; each keeps the key under which the data set knows it as a code.

    Args:
        system: The code system, which is the data set's source id.
        told: Places that the mapping says are registered, by name.
    """

    def __init__(self, register: Register, system: str, told: dict[str, str]) -> None:
        self._register = register
        self._system = system[:40]
        self._told = {fold(name): location_id for name, location_id in told.items()}
        self._alike: dict[str, list[tuple[str, Point | None]]] = {}
        self._names: dict[str, set[str]] = {}
        for location in register.locations():
            if (key := location.codes.get(self._system)) is not None:
                self._remember(
                    _NUMBER.sub("", key), fold(location.name), location.location_id, point(location.geometry)
                )

    def find(
        self,
        name: str,
        qualifiers: tuple[str, ...],
        kind: LocationKind,
        where: Point | None,
        *,
        parent: str | None = None,
        anywhere: bool = False,
    ) -> Found:
        """The place of this name, registered if it is new.

        Args:
            qualifiers: What tells homonyms apart: its district, its province.
            anywhere: Name and qualifiers alone decide, wherever the coordinates lie.
        """
        told = self._told.get(fold(name))
        if told is not None:
            return Found(told)
        key = code(" | ".join([name, *qualifiers]).replace("~", "-"))
        held = self._nearest(key, where, anywhere=anywhere)
        if held is not None:
            return self._same(held, name, where)
        return self._new(name, qualifiers, kind, where, key, parent)

    def _nearest(self, key: str, where: Point | None, *, anywhere: bool) -> tuple[str, Point | None] | None:
        alike = self._alike.get(key, [])
        if not alike:
            return None
        if where is None:
            return alike[0]
        nearest = min(alike, key=lambda one: kilometres(one[1], where) if one[1] else 0.0)
        near = anywhere or nearest[1] is None or kilometres(nearest[1], where) <= SAME
        return nearest if near else None

    def _same(self, held: tuple[str, Point | None], name: str, where: Point | None) -> Found:
        location_id, stood = held
        if stood is None or where is None or (moved := kilometres(stood, where)) <= MOVED:
            return Found(location_id)
        said = f"{name} ({location_id}): {moved:.1f} km from where it stood"
        return Found(location_id, flags=(Flag("moved-coordinates", said),))

    def _new(
        self,
        name: str,
        qualifiers: tuple[str, ...],
        kind: LocationKind,
        where: Point | None,
        key: str,
        parent: str | None,
    ) -> Found:
        flags: list[Flag] = []
        others = self._names.get(fold(name), set())
        location_id = self._free_id(name, qualifiers, where)
        if others:
            flags.append(Flag("homonym", f"{name}: {location_id} beside {', '.join(sorted(others)[:3])}"))
        if where is None and kind in ("city", "town", "village"):
            flags.append(Flag("no-coordinates", name))
        alike = len(self._alike.get(key, []))
        event = LocationRegistered(
            location_id=location_id,
            name=name[:300],
            kind=kind,
            parent_id=parent,
            geometry=Geometry(type="Point", coordinates=list(where)) if where else None,
            codes={self._system: f"{key} ~{alike + 1}" if alike else key},
        )
        self._remember(key, fold(name), location_id, where)
        return Found(location_id, self._register.add(named(event)), tuple(flags))

    def _free_id(self, name: str, qualifiers: tuple[str, ...], where: Point | None) -> str:
        base = f"{self._system[:30]}.{slug(name)}"
        further = [slug(one, 20) for one in qualifiers[:1]]
        if where is not None:
            further.append(
                f"{abs(where[1]):.2f}{'n' if where[1] >= 0 else 's'}{abs(where[0]):.2f}{'e' if where[0] >= 0 else 'w'}"
            )
        further += [str(number) for number in range(2, _ALIKE)]
        return next(
            one for one in (base, *(f"{base}-{more}" for more in further)) if not self._register.has("location", one)
        )

    def _remember(self, key: str, name: str, location_id: str, where: Point | None) -> None:
        self._alike.setdefault(key, []).append((location_id, where))
        self._names.setdefault(name, set()).add(location_id)


def read_point(longitude: str, latitude: str) -> Point | None:
    """Coordinates as written; None where they are empty.

    Raises:
        ValueError: no numbers, or off the globe.
    """
    if not longitude and not latitude:
        return None
    found = float(longitude.replace(",", ".")), float(latitude.replace(",", "."))
    if not (-180 <= found[0] <= 180 and -90 <= found[1] <= 90):
        raise ValueError(f"longitude {longitude}, latitude {latitude}")
    return found


def point(geometry: object) -> Point | None:
    """Where a geometry is, if it is a point."""
    if isinstance(geometry, dict) and geometry.get("type") == "Point":
        longitude, latitude, *_ = geometry["coordinates"]
        return float(longitude), float(latitude)
    return None


def kilometres(one: Point, other: Point) -> float:
    """The distance of two points on a sphere of Earth's mean radius (haversine)."""
    (lon1, lat1), (lon2, lat2) = (tuple(map(math.radians, point)) for point in (one, other))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371.0088 * math.asin(min(1.0, math.sqrt(half)))

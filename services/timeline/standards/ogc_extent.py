"""The box that holds every place, kept until something is told of a place again."""

import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from projections.catalogue import Catalogue

Box = tuple[float, float, float, float]

WORLD: Box = (-180.0, -90.0, 180.0, 90.0)


class Extents:
    """The extent of the places of one log, as one process holds it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told = -1
        self._box = WORLD

    def of(self, catalogue: Catalogue, position: int) -> Box:
        """West, south, east, north of all places (degrees); the whole world where no place has a geometry."""
        with self._lock:
            if self._told != catalogue.locations_told:
                self._box = _around(_corners(catalogue, position)) or WORLD
                self._told = catalogue.locations_told
            return self._box


def _corners(catalogue: Catalogue, position: int) -> Iterator[tuple[float, float]]:
    at = datetime.now(UTC)
    for one in catalogue.location_ids(position):
        location = catalogue.location(one, at, position)
        if location is not None and location.geometry is not None:
            yield from _positions(location.geometry["coordinates"])


def _positions(coordinates: Any) -> Iterator[tuple[float, float]]:
    if coordinates and isinstance(coordinates[0], int | float):
        yield coordinates[0], coordinates[1]
    else:
        for inner in coordinates:
            yield from _positions(inner)


def _around(points: Iterable[tuple[float, float]]) -> Box | None:
    found = list(points)
    if not found:
        return None
    longitudes, latitudes = zip(*found, strict=True)
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)

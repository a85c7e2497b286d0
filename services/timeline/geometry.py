"""Where to put a mark for a geometry."""

from collections.abc import Iterable
from typing import Any


def representative_point(geometry: Any) -> tuple[float, float] | None:
    """A point to put a mark at: the point itself, else the middle of the bounding box (degrees)."""
    positions = list(_positions(geometry["coordinates"])) if geometry else []
    if not positions:
        return None
    longitudes, latitudes = zip(*(position[:2] for position in positions), strict=True)
    if len(positions) == 1:
        return longitudes[0], latitudes[0]
    # Six decimals are a hand's breadth; more are noise of the division.
    return round((min(longitudes) + max(longitudes)) / 2, 6), round((min(latitudes) + max(latitudes)) / 2, 6)


def _positions(coordinates: Any) -> Iterable[Any]:
    if coordinates and isinstance(coordinates[0], int | float):
        yield coordinates
    else:
        for inner in coordinates:
            yield from _positions(inner)

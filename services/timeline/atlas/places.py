"""The places of an atlas as the catalogue has them: since when each is registered, where it lies, its part of a flat row.

All of it is made once for the places that nobody revised; what was revised is looked up for the moment asked about.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from projections.catalogue import Catalogue
from projections.known_things import Location
from services.timeline import flat, wire
from services.timeline.atlas.columns import UNTIL_FURTHER, Ints
from services.timeline.geometry import representative_point

Box = tuple[float, float, float, float]


class Places:
    """Places by their numbers in an atlas.

    Attributes:
        told: How many events about locations this rests on; more of them, and it is made anew.
        number: The number of each place.
    """

    def __init__(self, ids: Sequence[str], catalogue: Catalogue) -> None:
        self.told = catalogue.locations_told
        self._redacted = catalogue.redacted
        self._ids = ids
        self._catalogue = catalogue
        self.number = {location_id: number for number, location_id in enumerate(ids)}
        since = [catalogue.registered(one) for one in ids]
        self._registered = np.array([UNTIL_FURTHER if one is None else one for one in since], np.int64)
        self._in_order = np.array(sorted(range(len(ids)), key=ids.__getitem__), np.int32)
        self._revised = frozenset(number for number, one in enumerate(ids) if catalogue.is_revised(one))

    @property
    def is_outdated(self) -> bool:
        """Whether a text was redacted since: it may hold names that are told no more."""
        return self._redacted != self._catalogue.redacted

    def registered(self, position: int) -> Ints:
        """The numbers of all places registered by a position, ordered by id."""
        if position >= self._last:
            return self._in_order
        found: Ints = self._in_order[self._registered[self._in_order] <= position]
        return found

    @cached_property
    def _last(self) -> int:
        return int(self._registered.max(initial=0))

    def numbers(self, ids: Sequence[str]) -> Ints:
        """The numbers of some places, in their order."""
        return np.array([self.number[one] for one in ids], np.int32)

    def inside(self, chosen: Ints, box: Box, at: datetime, position: int) -> Ints:
        """Those of some places whose point lies in a box (west, south, east, north in degrees)."""
        longitudes, latitudes = self._points[chosen].T.copy()
        for row, location in self._looked_up(chosen, at, position):
            longitudes[row], latitudes[row] = _point(location)
        west, south, east, north = box
        beyond_west, beyond_east = longitudes >= west, longitudes <= east
        across = beyond_west & beyond_east if west <= east else beyond_west | beyond_east
        found: Ints = chosen[across & (south <= latitudes) & (latitudes <= north)]
        return found

    def csv(self, chosen: Ints, at: datetime, position: int) -> list[bytes]:
        """The part of a place in a line of CSV, up to the comma behind it."""
        found = [self._csv[one] for one in chosen.tolist()]
        for row, location in self._looked_up(chosen, at, position):
            found[row] = _csv(location)
        return found

    def geojson(self, chosen: Ints, at: datetime, position: int) -> list[bytes]:
        """The part of a place in a feature of GeoJSON, up to the comma behind it."""
        found = [self._geojson[one] for one in chosen.tolist()]
        for row, location in self._looked_up(chosen, at, position):
            found[row] = _geojson(location)
        return found

    def _looked_up(self, chosen: Ints, at: datetime, position: int) -> list[tuple[int, Location]]:
        if not self._revised:
            return []
        revised = [(row, one) for row, one in enumerate(chosen.tolist()) if one in self._revised]
        found = ((row, self._catalogue.location(self._ids[one], at, position)) for row, one in revised)
        return [(row, location) for row, location in found if location is not None]

    def _locations(self) -> list[Location | None]:
        # The moment does not matter: what was revised is looked up for each question.
        moment, position = datetime.min.replace(tzinfo=UTC), self._catalogue.position
        return [
            None if number in self._revised else self._catalogue.location(one, moment, position)
            for number, one in enumerate(self._ids)
        ]

    @cached_property
    def _points(self) -> NDArray[np.float64]:
        return np.array([_point(one) for one in self._locations()], np.float64).reshape(-1, 2)

    @cached_property
    def _csv(self) -> list[bytes]:
        return [_csv(one) if one is not None else b"" for one in self._locations()]

    @cached_property
    def _geojson(self) -> list[bytes]:
        return [_geojson(one) if one is not None else b"" for one in self._locations()]


def _point(location: Location | None) -> tuple[float, float]:
    """Where a location lies; nowhere, which is in no box, where it has no geometry."""
    return (representative_point(location.geometry) if location is not None else None) or (np.nan, np.nan)


def _csv(location: Location) -> bytes:
    return flat.csv_line(flat.of_place(location).values()).encode().removesuffix(b"\r\n") + b","


def _geojson(location: Location) -> bytes:
    feature = {"type": "Feature", "id": location.location_id, "geometry": location.geometry}
    return wire.encode(feature | {"properties": flat.of_place(location)}).removesuffix(b"}}") + b","

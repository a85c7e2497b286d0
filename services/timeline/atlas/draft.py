"""Draws an atlas: the belief maps of a view, place by place, into one file. While it does, that takes 40 bytes a rectangle and
30 a fragment of memory, and three times as much while the rectangles are put in order.

What is beyond the budget is not drawn: a place with too many rectangles is left out, and is asked from the tables.
"""

from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from events.vocabulary import FACETS, Facet
from projections.beliefs import Rectangle, rectangles
from projections.claims import FOREVER, ClaimVersion, micros
from projections.status import NOBODY_KNOWS, Answer
from services.timeline.atlas import fragments
from services.timeline.atlas.columns import SINCE_EVER, UNTIL_FURTHER, Columns, Rows, columns
from services.timeline.atlas.file import Writing
from services.timeline.atlas.fragments import Fragment, Holding

#: A place with more rectangles than this is left out, ...
MOST_A_PLACE: Final = 200_000
#: ... and a view with more of them has no atlas.
MOST: Final = 20_000_000

#: Where no claim bears on the access of a place.
NONE: Final = -1

FORMS: Final = ("json", "csv", "geojson")


class TooMuch(RuntimeError):
    """The view has more rectangles than an atlas may."""


class Draft:
    """What has been drawn so far. The bytes of fragments go to files of their own at once."""

    def __init__(self, places: Sequence[str], scratch: Path) -> None:
        """
        Args:
            places: Every place, ordered by id.
            scratch: A folder for what is put together later.
        """
        self._places = list(places)
        self._numbers = {location_id: number for number, location_id in enumerate(places)}
        self._blobs = {form: (scratch / form).open("wb", buffering=2**20) for form in FORMS}
        self._offsets = {form: array("q", [0]) for form in FORMS}
        self._holding = array("i")
        self._holdings: dict[Holding, int] = {}
        self._rows = {facet: (*(array("q") for _ in range(4)), array("i"), array("i")) for facet in FACETS}
        self._keep(fragments.NO_ACCESS)  # number 0
        self._unknown = [self._keep(fragments.of_control(one, NOBODY_KNOWS)) for one in places]
        self._last_step = {facet: np.full(len(places), SINCE_EVER, np.int64) for facet in FACETS}
        self._left_out: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for blob in self._blobs.values():
            blob.close()

    def draw(self, location_id: str, versions: Sequence[ClaimVersion]) -> None:
        """Draw a place from all its claim versions.

        Raises:
            TooMuch: there are more rectangles than an atlas may have.
        """
        number = self._numbers.get(location_id)
        if number is None:  # what registered it cannot be decoded here: it is never listed
            return
        for facet in FACETS:
            here = [one for one in versions if one.facet == facet]
            if here and not self._draw(number, facet, rectangles(here)):
                self._left_out.append(number)
                return

    def _draw(self, number: int, facet: Facet, drawn: Iterable[Rectangle]) -> bool:
        found = self._rows[facet]
        before = len(found[4])
        kept: dict[Answer, int] = {NOBODY_KNOWS: self._unknown[number]} if facet == "control" else {}
        last = SINCE_EVER
        for one in drawn:
            row = bounds(one)
            last = max(last, row[2], row[3] if row[3] != UNTIL_FURTHER else last)
            for column, value in zip(found, (*row, number, self._number(number, facet, one, kept)), strict=True):
                column.append(value)
            if len(found[4]) - before > MOST_A_PLACE:
                for column in found:
                    del column[before:]
                return False
        if len(found[4]) > MOST:
            raise TooMuch(f"more than {MOST:,} rectangles")
        self._last_step[facet][number] = last
        return True

    def _number(self, number: int, facet: Facet, one: Rectangle, kept: dict[Answer, int]) -> int:
        if facet == "access" and says_nothing(one):
            return NONE
        if one.answer not in kept:
            made = fragment(self._places[number], facet, one.answer)
            kept[one.answer] = self._keep(made)
        return kept[one.answer]

    def _keep(self, made: Fragment) -> int:
        for form, data in zip(FORMS, made[:3], strict=True):
            self._blobs[form].write(data)
            self._offsets[form].append(self._offsets[form][-1] + len(data))
        self._holding.append(self._holdings.setdefault(made.holding, len(self._holdings)))
        return len(self._holding) - 1

    def write(self, path: Path, says: dict[str, Any]) -> None:
        """Put the file under its name, with what it says of itself."""
        with Writing(path) as file:
            for form in FORMS:
                self._blobs[form].flush()
                file.blob(form, Path(self._blobs[form].name))
                file.array(f"{form} offsets", np.asarray(self._offsets[form], np.int64))
            file.array("holding", np.asarray(self._holding, np.int32))
            unknown = np.asarray(self._unknown, np.int32)
            file.array("unknown", unknown)
            put_columns(file, "control", columns(_as_rows(self._rows["control"]), unknown))
            access = _as_rows(self._rows["access"])
            where, numbers = np.unique(access.place, return_inverse=True)
            file.array("access places", where.astype(np.int32))
            none = np.full(len(where), NONE, np.int32)
            put_columns(file, "access", columns(access._replace(place=numbers.astype(np.int32)), none))
            for facet in FACETS:
                file.array(f"{facet} last step", self._last_step[facet])
            said = {"places": self._places, "holdings": list(self._holdings), "left_out": sorted(self._left_out)}
            file.finish(says | said)


def _as_rows(found: "Sequence[array[int]]") -> Rows:
    """Rows out of columns that do not grow any more, without a copy."""
    made: list[Any] = [np.asarray(column) for column in found]
    return Rows(*made)


def fragment(location_id: str, facet: Facet, answer: Answer) -> Fragment:
    """An answer of a facet of a place as ready bytes."""
    return fragments.of_control(location_id, answer) if facet == "control" else fragments.of_access(answer)


def says_nothing(one: Rectangle) -> bool:
    """No claim is known: any that is, and is not ignored, makes more than one stretch."""
    return one.valid_from is None and one.valid_until is None and one.answer == NOBODY_KNOWS


def bounds(one: Rectangle) -> tuple[int, int, int, int]:
    """The bounds of a rectangle as whole numbers."""
    return (
        SINCE_EVER if one.valid_from is None else micros(one.valid_from),
        UNTIL_FURTHER if one.valid_until is None else micros(one.valid_until),
        SINCE_EVER if one.known_from is None else one.known_from,
        UNTIL_FURTHER if one.known_until is None else one.known_until,
    )


def put_columns(file: Writing, name: str, drawn: Columns) -> None:
    """Columns as sections."""
    for order in ("by_valid", "by_known"):
        for column, values in getattr(drawn, order)._asdict().items():
            file.array(f"{name} {order} {column}", values)
    for grid in ("valid_grid", "known_grid", "keyframes"):
        file.array(f"{name} {grid}", getattr(drawn, grid))


def upto(versions: Iterable[ClaimVersion], known: int) -> list[ClaimVersion]:
    """Claim versions as they looked at a position of the recorded clock: what ended later had not ended then."""
    return [
        one if one.known_until <= known else one._replace(known_until=FOREVER)
        for one in versions
        if one.known_from <= known
    ]

"""Rectangles as columns, and which of them contain a moment of both axes: one for each place (pure; numpy alone).

A keyframe is the answer of each place at one moment. They stand on a grid, T_0 < T_1 < ... and K_0 < K_1 < ..., so that in
each slab of either axis few rectangles begin. A rectangle that contains (T, K) but not the keyframe before it begins in
(T_i, T] or in (K_j, K]: so an answer is a copy of the keyframe, overlaid with what begins in two slices and contains the
moment. It costs two scans of bounded slices, whatever the length of the log.
"""

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]
Ints = NDArray[np.int32]

#: Open ends of both axes.
SINCE_EVER: Final = int(np.iinfo(np.int64).min)
UNTIL_FURTHER: Final = int(np.iinfo(np.int64).max)

#: Keyframes may take so many bytes, ...
KEYFRAMES: Final = 96 * 2**20
#: ... and slabs in which fewer rectangles begin are not worth one.
LEAST_SLAB: Final = 4_096


class Rows(NamedTuple):
    """Rectangles, a column each: moments in microseconds since 1970, or log positions; `fragment` is the answer's number."""

    valid_from: Longs
    valid_until: Longs
    known_from: Longs
    known_until: Longs
    place: Ints
    fragment: Ints

    def some(self, chosen: slice | NDArray[Any]) -> "Rows":
        """Some of the rows, by a slice, a mask or an order."""
        columns: tuple[Any, ...] = self
        return Rows(*(column[chosen] for column in columns))

    @property
    def many(self) -> int:
        """How many they are."""
        return len(self.place)


def rows(columns: Sequence[Any]) -> Rows:
    """Rows out of six sequences of whole numbers, which may change afterwards."""
    made: list[Any] = [np.array(one, np.int64 if number < 4 else np.int32) for number, one in enumerate(columns)]
    return Rows(*made)


def lay(found: Ints, over: Rows, at: int, known: int) -> None:
    """Lay the fragments of those rectangles that contain a moment over what was found, at their places."""
    inside = over.valid_until > at
    inside &= over.valid_from <= at
    inside &= over.known_from <= known
    inside &= over.known_until > known
    found[over.place[inside]] = over.fragment[inside]


class Columns(NamedTuple):
    """All rectangles of one facet, in the order of both axes, with keyframes.

    Attributes:
        valid_grid, known_grid: The moments of the keyframes on each axis; the first is since ever.
        keyframes: The fragment of each place, by slab of the valid axis, slab of the known axis, and place.
    """

    by_valid: Rows
    by_known: Rows
    valid_grid: Longs
    known_grid: Longs
    keyframes: NDArray[np.int32]

    def picked(self, at: int, known: int) -> Ints:
        """The fragment of each place at a moment of both axes."""
        i = int(np.searchsorted(self.valid_grid, at, "right")) - 1
        j = int(np.searchsorted(self.known_grid, known, "right")) - 1
        found: Ints = self.keyframes[i, j].copy()
        lay(found, _between(self.by_valid, self.by_valid.valid_from, int(self.valid_grid[i]), at), at, known)
        lay(found, _between(self.by_known, self.by_known.known_from, int(self.known_grid[j]), known), at, known)
        return found


def _between(among: Rows, begins: Longs, after: int, until: int) -> Rows:
    """The rows that begin in (after, until]; they stand in the order of `begins`."""
    first, last = np.searchsorted(begins, [after, until], "right")
    return among.some(slice(int(first), int(last)))


def columns(drawn: Rows, unknown: Ints, budget: int = KEYFRAMES, least: int = LEAST_SLAB) -> Columns:
    """Rectangles put in order, with as many keyframes as the budget allows.

    Args:
        drawn: None overlapping at any place.
        unknown: The fragment of each place where no rectangle contains the moment.
    """
    by_valid = drawn.some(np.argsort(drawn.valid_from, kind="stable"))
    by_known = drawn.some(np.argsort(drawn.known_from, kind="stable"))
    slabs = max(1.0, sqrt(budget / max(1, unknown.nbytes)))
    slab = max(least, ceil(drawn.many / slabs))
    grids = (_grid(by_valid.valid_from, slab), _grid(by_known.known_from, slab))
    keyframes = _keyframes(by_valid, by_known, *grids, unknown)
    return Columns(by_valid, by_known, *grids, keyframes)


def _grid(begins: Longs, slab: int) -> Longs:
    """Moments between which at most `slab` rectangles begin; those that begin at one moment belong to it."""
    found = [SINCE_EVER]
    after = int(np.searchsorted(begins, SINCE_EVER, "right"))
    while after + slab < len(begins):
        found.append(int(begins[after + slab]))
        after = int(np.searchsorted(begins, found[-1], "right"))
    return np.array(found, np.int64)


def _keyframes(
    by_valid: Rows, by_known: Rows, valid_grid: Longs, known_grid: Longs, unknown: Ints
) -> NDArray[np.int32]:
    """Each keyframe from the one before it, first along the known axis and then along the valid axis."""
    frames = np.empty((len(valid_grid), len(known_grid), len(unknown)), np.int32)
    for j, known in enumerate(map(int, known_grid)):
        begin = unknown if j == 0 else frames[0, j - 1]
        frames[0, j] = begin
        lay(frames[0, j], _first(by_known, by_known.known_from, known_grid, j), SINCE_EVER, known)
        for i, at in enumerate(map(int, valid_grid[1:]), start=1):
            frames[i, j] = frames[i - 1, j]
            lay(frames[i, j], _first(by_valid, by_valid.valid_from, valid_grid, i), at, known)
    return frames


def _first(among: Rows, begins: Longs, grid: Longs, number: int) -> Rows:
    """What begins by a moment of the grid and after the one before it."""
    if number == 0:
        return among.some(slice(0, int(np.searchsorted(begins, grid[0], "right"))))
    return _between(among, begins, int(grid[number - 1]), int(grid[number]))

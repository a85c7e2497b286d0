"""An atlas as of one position, and one question's picture of it: which fragment each place shows.

An atlas is never changed: what comes later makes another one that shares all that stayed. A picture is of one question, and
may carry fragments of its own, for the places that an atlas leaves out.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import numpy as np

from projections.status import Answer
from services.timeline.atlas import fragments
from services.timeline.atlas.base import Base
from services.timeline.atlas.columns import Ints, Rows, lay
from services.timeline.atlas.draft import NONE
from services.timeline.atlas.fragments import NO_ACCESS, Fragment, Holding
from services.timeline.atlas.joining import Pieces, Views, short
from services.timeline.atlas.places import Places

Bytes = bytes | memoryview

_NO_ACCESS: Final = short(NO_ACCESS.json)


@dataclass(frozen=True, slots=True)
class Atlas:
    """A view's whole map as of a position.

    Attributes:
        control, access: The rows beside the base.
        beside: The fragments beside those of the base, numbered on from them; more may be added behind.
        unknown: The fragments of nothing known, of the places registered since the base.
        left_out: The ids of the places that are asked from the tables, by their numbers.
    """

    base: Base
    position: int
    revision: int
    control: Rows
    access: Rows
    beside: Sequence[Fragment]
    unknown: Ints
    places: Places
    left_out: dict[int, str]

    def picture(self, at: int, known: int) -> "Picture":
        """What each place shows at a moment of both axes: microseconds since 1970, and the known axis of the view's clock."""
        control, access = self.base.picked(at, known)
        if len(self.unknown):
            control = np.concatenate([control, self.unknown])
            access = np.concatenate([access, np.full(len(self.unknown), NONE, np.int32)])
        lay(control, self.control, at, known)
        lay(access, self.access, at, known)
        return Picture(self, control, access)


class Picture:
    """The fragments that the places of an atlas show at one moment of both axes."""

    def __init__(self, atlas: Atlas, control: Ints, access: Ints) -> None:
        self.places = atlas.places
        self._atlas = atlas
        self._first = len(atlas.base.holding)
        self._control = control
        self._access = access
        self._own: dict[tuple[int, str], Fragment] = {}

    def complete(self, chosen: Ints, answers: Callable[[str], tuple[Answer, Answer | None]]) -> None:
        """Let the places that the atlas leaves out show what the tables say.

        Args:
            answers: The answer of control of a place, and that of access, where any claim bears on it.
        """
        left_out = self._atlas.left_out
        for number in sorted(left_out.keys() & set(chosen.tolist())) if left_out else ():
            control, access = answers(left_out[number])
            self._own[number, "control"] = fragments.of_control(left_out[number], control)
            self._access[number] = NONE if access is None else 0
            if access is not None:
                self._own[number, "access"] = fragments.of_access(access)

    def control(self, form: str, chosen: Ints) -> list[Bytes]:
        """What some places show of control, in one of the formats."""
        return self._bytes(form, chosen, self._control, "control")

    def access(self, form: str, chosen: Ints) -> list[tuple[int, Bytes]]:
        """What those of some places show on whose access claims bear: each with its row."""
        rows = np.flatnonzero(self._access[chosen] != NONE)
        return list(zip(rows.tolist(), self._bytes(form, chosen[rows], self._access, "access"), strict=True))

    def entries(self, chosen: Ints, before: bytes, behind: bytes) -> memoryview:
        """The JSON entries of some places, a comma between them, with something before and behind them."""
        views, pieces = self._entries(chosen, before, behind)
        if len(chosen):
            views[-2, 0] -= 1  # nothing comes after the last comma
        return pieces.joined(views)[0]

    def lines(self, chosen: Ints) -> bytes:
        """The same entries, each a line."""
        views, pieces = self._entries(chosen, b"", b"")
        data, begins = pieces.joined(views)
        written = np.frombuffer(data, np.uint8).copy()
        written[begins[3::2] - 1] = ord("\n")
        return written.tobytes()

    def _entries(self, chosen: Ints, before: bytes, behind: bytes) -> tuple[Views, Pieces]:
        """What stands before them, two pieces of each entry, the second with a comma, and what stands behind."""
        base = self._atlas.base
        control, access = self._control[chosen], self._access[chosen]
        views = np.empty((2 * len(chosen) + 2, 2), np.int64)
        views[1:-1:2] = base.json_of(np.where(control < self._first, control, 0))
        views[2:-1:2, 0], views[2:-1:2, 1] = _NO_ACCESS
        drawn = np.flatnonzero((access > 0) & (access < self._first))
        views[2 + 2 * drawn] = base.json_of(access[drawn])

        other: dict[int, bytes | memoryview] = {0: before, len(views) - 1: behind}
        for shown, facet, first in ((control, "control", 1), (access, "access", 2)):
            for row in np.flatnonzero(shown >= self._first).tolist():
                other[2 * row + first] = self._atlas.beside[int(shown[row]) - self._first].json
            other |= {2 * row + first: one.json for row, one in self._owned(chosen, facet)}
        found, pieces = base.json.beside(list(other.values()))
        views[list(other)] = found
        return views, pieces

    def _bytes(self, form: str, chosen: Ints, shown: Ints, facet: str) -> list[Bytes]:
        numbers = shown[chosen]
        beside = np.flatnonzero(numbers >= self._first)
        found = self._atlas.base.bytes_of(form, np.where(numbers < self._first, numbers, 0) if len(beside) else numbers)
        form_of = attrgetter(form)
        for row in beside.tolist():
            found[row] = form_of(self._atlas.beside[int(numbers[row]) - self._first])
        for row, own in self._owned(chosen, facet):
            found[row] = form_of(own)
        return found

    def _owned(self, chosen: Ints, facet: str) -> list[tuple[int, Fragment]]:
        rows = {number: row for row, number in enumerate(chosen.tolist())} if self._own else {}
        return [(rows[number], one) for (number, of), one in self._own.items() if of == facet and number in rows]

    def showing(self, chosen: Ints, wanted: Callable[[Holding], bool]) -> Ints:
        """Those of some places whose control is in a wanted mode, with wanted holders."""
        base, numbers = self._atlas.base, self._control[chosen]
        beside = np.flatnonzero(numbers >= self._first)
        allowed = np.array([wanted(one) for one in base.holdings], bool)
        kept = allowed[base.holding[np.where(numbers < self._first, numbers, 0)]]
        for row in beside.tolist():
            kept[row] = wanted(self._atlas.beside[int(numbers[row]) - self._first].holding)
        for row, own in self._owned(chosen, "control"):
            kept[row] = wanted(own.holding)
        found: Ints = chosen[kept]
        return found

    def holdings(self, chosen: Ints) -> Counter[Holding]:
        """How many of some places are in each mode with the same holders."""
        base, numbers = self._atlas.base, self._control[chosen].copy()
        owned = self._owned(chosen, "control")
        numbers[[row for row, _ in owned]] = NONE
        drawn = np.bincount(base.holding[numbers[(numbers >= 0) & (numbers < self._first)]])
        found = Counter({base.holdings[holding]: count for holding, count in enumerate(drawn.tolist()) if count})
        found.update(self._atlas.beside[one - self._first].holding for one in numbers[numbers >= self._first].tolist())
        found.update(one.holding for _, one in owned)
        return found

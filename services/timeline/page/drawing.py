"""Belief maps as rows of numbers: folded from a view's tables, or taken over from the file of its atlas."""

from array import array
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from events.vocabulary import FACETS, Facet
from projections import views
from projections.beliefs import rectangles
from services.timeline import bulk
from services.timeline.asked import Asked
from services.timeline.atlas.base import Base
from services.timeline.atlas.columns import SINCE_EVER, UNTIL_FURTHER, Longs
from services.timeline.atlas.draft import NONE, bounds
from services.timeline.page.columns import Answers, Rows, Said, Whole, in_order, said
from services.timeline.reader import Reader, until

#: From so many positions on, the times of all are read.
_MANY: Final = 100_000


def folded(reader: Reader, asked: Asked, locations: Sequence[str], answers: Answers) -> Whole:
    """The belief maps of some places, which are given in their order."""
    found: dict[Facet, tuple[array[int], ...]] = {facet: tuple(array("q") for _ in range(6)) for facet in FACETS}
    numbers: dict[Any, int] = {}
    with asked.connection.transaction():
        for place, (_, held) in enumerate(bulk.versions(reader, asked, locations)):
            for facet in FACETS if held else ():
                known = [one for one in held if one.facet == facet and one.known_from <= asked.known]
                for one in rectangles(until(known, asked.known)) if known else ():
                    answer = one.answer
                    if answer.assertion is None and not answer.pending:
                        continue  # nobody claims anything there
                    # The ids of developments are not told, so many answers are one.
                    key = (answer.assertion, answer.standing, *(each[::2] for each in answer.pending))
                    if key not in numbers:
                        numbers[key] = answers.number(said(answer))
                    for column, value in zip(found[facet], (*bounds(one), place, numbers[key]), strict=True):
                        column.append(value)
    return {facet: _rows(asked, len(locations), [np.array(one, np.int64) for one in found[facet]]) for facet in FACETS}


def of_atlas(asked: Asked, base: Base, answers: Answers) -> Whole:
    """The belief maps of an atlas's places as its file has them; those of the places that it leaves out are none."""
    left_out = np.zeros(len(base.places), bool)
    left_out[sorted(base.left_out)] = True
    whole: dict[Facet, Rows] = {}
    for facet, drawn in (("control", base.control.by_valid), ("access", base.access.by_valid)):
        place = drawn.place if facet == "control" else base.access_places[drawn.place]
        drawn_here = np.flatnonzero((drawn.fragment != NONE) & ~left_out[place])
        fragments, at = np.unique(drawn.fragment[drawn_here], return_inverse=True)
        numbers = np.array(_numbers(base, fragments, facet, answers), np.int64)[at] if len(fragments) else at
        told = numbers >= 0
        chosen = drawn_here[told]
        whole[facet] = _rows(  # type: ignore[index]
            asked,
            len(base.places),
            [*(column[chosen] for column in drawn[:4]), place[chosen].astype(np.int64), numbers[told]],
        )
    return whole


class _Pending(msgspec.Struct, frozen=True):
    mode: str
    holders: tuple[str, ...]
    challengers: tuple[str, ...]
    standing: str


class _Answer(msgspec.Struct, frozen=True):
    mode: str
    holders: tuple[str, ...]
    challengers: tuple[str, ...]
    standing: str | None
    pending: tuple[_Pending, ...]

    def said(self) -> Said:
        pending = tuple((one.mode, one.holders, one.challengers, one.standing) for one in self.pending)
        return self.mode, self.holders, self.challengers, self.standing, pending


class _Entry(msgspec.Struct, frozen=True):
    control: _Answer


def _numbers(base: Base, fragments: NDArray[Any], facet: str, answers: Answers) -> list[int]:
    """The number of each fragment's answer; -1 where it is that nobody claims anything."""
    control, access = msgspec.json.Decoder(_Entry), msgspec.json.Decoder(_Answer)
    found: list[int] = []
    for data in base.bytes_of("json", fragments):
        if facet == "control":
            answer = control.decode(bytes(data) + b"null}").control
        else:
            answer = access.decode(bytes(data)[:-2])
        nobody = answer.mode == "unknown" and not answer.pending
        found.append(-1 if nobody else answers.number(answer.said()))
    return found


def _rows(asked: Asked, places: int, found: Sequence[Longs]) -> Rows:
    """Rows out of whole numbers as the atlas has them: bounds, places, answers."""
    *limits, place, answer = found
    valid = (_millis(one, one / 1000) for one in limits[:2])
    known = (_millis(one, _known(asked, one)) for one in limits[2:])
    return in_order(places, place, np.vstack([*valid, *known]), answer)


def _millis(limits: Longs, closed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Moments in milliseconds, and what is open as such."""
    return np.where(limits == SINCE_EVER, -np.inf, np.where(limits == UNTIL_FURTHER, np.inf, closed))


def _known(asked: Asked, known: Longs) -> NDArray[np.float64]:
    """Moments of the known axis in milliseconds; on the recorded clock, when those positions were recorded."""
    if asked.view.reading.clock == "reported":
        return known / 1000
    positions, at = np.unique(known, return_inverse=True)
    wanted = positions[(positions > 0) & (positions < UNTIL_FURTHER)]
    if len(wanted) == 0:
        return np.zeros(len(known))
    if len(wanted) < _MANY:
        times = views.recorded_times(asked.connection, set(wanted.tolist()))
    else:
        rows = asked.connection.execute(
            "SELECT position, recorded_at FROM event WHERE position <= %s", [int(wanted[-1])], binary=True
        )
        times = dict(rows.fetchall())
    millis = [times[one].timestamp() * 1000 if one in times else 0.0 for one in positions.tolist()]
    found: NDArray[np.float64] = np.array(millis)[at]
    return found

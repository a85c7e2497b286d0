"""Developments by when they occurred, and events by when they were known, counted for the bars behind the page's tracks.

The log only grows, so what was counted of it is kept and added to; developments are counted anew, in the database.
"""

import threading
from collections import Counter, OrderedDict
from typing import Final

from projections import stored_counts
from services.timeline.asked import Asked
from services.timeline.page.held import ROOM
from services.timeline.wire_page import Counts, MapHistograms

HOUR: Final = 3_600

#: An answer has no more entries than this on either axis: of many hours it tells days, or weeks.
MOST: Final = 10_000
_COARSER: Final = (1, 24, 7 * 24, 28 * 24, 364 * 24)


class Histograms:
    """What was counted of the log, for some views."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, tuple[int, Counter[int]]] = OrderedDict()
        self._counting = threading.Lock()

    def of(self, asked: Asked) -> MapHistograms:
        """Both axes as they stand at a question's position."""
        occurred = Counter(dict(stored_counts.occurred(asked.connection, asked.view, asked.known_position)))
        known = self._known_by(asked)
        coarse = next((one for one in _COARSER if max(_parts(occurred, one), _parts(known, one)) <= MOST), _COARSER[-1])
        return MapHistograms(
            known_position=asked.known_position,
            unit_seconds=HOUR * coarse,
            occurred=_counts(occurred, coarse),
            known=_counts(known, coarse),
        )

    def _known_by(self, asked: Asked) -> Counter[int]:
        view_id, position = asked.view.view_id, asked.known_position
        with self._counting:
            upto, known = self._known.get(view_id, (0, Counter[int]()))
            if upto > position:  # an earlier position is asked for: counted for itself
                return Counter(dict(stored_counts.known(asked.connection, asked.view, 0, position)))
            if upto < position:
                known = known + Counter(dict(stored_counts.known(asked.connection, asked.view, upto, position)))
            self._known[view_id] = position, known
            self._known.move_to_end(view_id)
            while len(self._known) > ROOM:
                self._known.popitem(last=False)
            return known


def _parts(hours: Counter[int], coarse: int) -> int:
    return len({hour // coarse for hour in hours})


def _counts(hours: Counter[int], coarse: int) -> Counts:
    found: Counter[int] = Counter()
    for hour, count in hours.items():
        found[hour // coarse] += count
    return Counts(tuple(sorted(found)), tuple(count for _, count in sorted(found.items())))

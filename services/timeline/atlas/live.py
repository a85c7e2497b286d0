"""What changed since an atlas was drawn: the touched places on live boards, their new rectangles as rows beside the base.

A touched place has a *cut* on the known axis: what was known of it before stands in the base as it was; what is known from
there on stands here. On the recorded clock, and where news arrives in its order, that is only what begins after the cut:
the base goes on to tell what it told last. A late arrival on the reported clock reaches back, and the place is drawn
from its cut on.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from events.vocabulary import FACETS, Facet
from projections.beliefs import Board, Rectangle, steps
from projections.claims import ClaimVersion, known_claims
from projections.status import NOBODY_KNOWS, Answer, Stretch
from services.timeline.atlas import fragments
from services.timeline.atlas.base import Base
from services.timeline.atlas.columns import SINCE_EVER, Rows, rows
from services.timeline.atlas.draft import MOST_A_PLACE, NONE, bounds, fragment, says_nothing
from services.timeline.atlas.fragments import Fragment

_KNOWN_FROM, _KNOWN_UNTIL, _PLACE = 2, 3, 4


@dataclass(slots=True)
class _Place:
    """A facet of a touched place.

    Attributes:
        upto: The last moment of the known axis at which anything changed.
        open: The row of each stretch that holds still and began since the cut.
        rows: All its rows.
    """

    cut: int
    board: Board
    upto: int
    open: dict[Stretch, int] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)
    fragments: dict[Answer, int] = field(default_factory=dict)


class Live:
    """The rows beside a base. One thread changes it; what it hands out is never changed again.

    Attributes:
        places: The base's places, and behind them those registered since.
        fragments: Beside those of the base, numbered on from them.
        unknown: For each place registered since, the fragment of nothing known.
        left_out: Places that have become too crowded.
    """

    def __init__(self, base: Base) -> None:
        self._base = base
        self.places = list(base.places)
        self._numbers = {location_id: number for number, location_id in enumerate(base.places)}
        self._first = len(base.holding)
        self.fragments: list[Fragment] = []
        self.unknown: list[int] = []
        self.left_out: set[int] = set(base.left_out)
        self._live: dict[tuple[int, Facet], _Place] = {}
        self._rows = {facet: (*(array("q") for _ in range(4)), array("i"), array("i")) for facet in FACETS}

    @property
    def many(self) -> int:
        """How many rows it has, dead ones included."""
        return sum(len(columns[_PLACE]) for columns in self._rows.values())

    @property
    def touched(self) -> int:
        """How many places were touched, each facet counted."""
        return len(self._live)

    def published(self, facet: Facet) -> Rows:
        """The rows of a facet as they are now."""
        return rows(self._rows[facet])

    def number(self, location_id: str) -> int:
        """The number of a place; a new one where it has none."""
        if location_id not in self._numbers:
            self._numbers[location_id] = len(self.places)
            self.places.append(location_id)
            self.unknown.append(self._keep(fragments.of_control(location_id, NOBODY_KNOWS)))
        return self._numbers[location_id]

    def needs_all(self, location_id: str, known: int) -> bool:
        """Whether a change from a moment on takes all claim versions of the place, not only those that changed."""
        number = self.number(location_id)
        return number not in self.left_out and any(
            (live := self._live.get((number, facet))) is None or known <= live.upto for facet in FACETS
        )

    def touch(
        self, location_id: str, known: int, changed: Sequence[ClaimVersion], every: Sequence[ClaimVersion]
    ) -> None:
        """Take in what changed at a place from a moment of the known axis on.

        Args:
            changed: The claim versions of the developments that changed, as they are now.
            every: All claim versions of the place as they are now, where it needs them.
        """
        number = self.number(location_id)
        if number in self.left_out:
            return
        for facet in FACETS:
            live = self._live.get((number, facet))
            now = [one for one in every or changed if one.facet == facet and one.bearing != "ignored"]
            if live is None or known <= live.upto:
                self._draw(number, facet, known if live is None else min(known, live.cut), now)
            else:
                self._run(number, facet, live, known, now)

    def _draw(self, number: int, facet: Facet, cut: int, every: list[ClaimVersion]) -> None:
        stale = self._live.pop((number, facet), None)
        columns = self._rows[facet]
        for row in stale.rows if stale else ():
            columns[_KNOWN_UNTIL][row] = columns[_KNOWN_FROM][row]  # contains nothing any more
        live = _Place(cut, Board(known_claims(every, facet, cut - 1)), cut - 1)
        self._live[number, facet] = live
        if self._last_step(number, facet) >= cut:  # the base goes on otherwise: what held at the cut stands here too
            for stretch in live.board.begun:
                self._begin(number, facet, live, stretch, cut)
        self._run(number, facet, live, cut, every)

    def _last_step(self, number: int, facet: Facet) -> int:
        found = self._base.last_step[facet]
        return int(found[number]) if number < len(found) else SINCE_EVER

    def _run(self, number: int, facet: Facet, live: _Place, since: int, versions: Sequence[ClaimVersion]) -> None:
        columns = self._rows[facet]
        for known, ending, beginning in steps(versions):
            if known < since:
                continue
            for ended in live.board.step(known, ending, beginning):
                row = live.open.pop(Stretch(ended.valid_from, ended.valid_until, ended.answer), None)
                if row is not None:
                    columns[_KNOWN_UNTIL][row] = known
            for stretch in live.board.begun:
                self._begin(number, facet, live, stretch, known)
            live.upto = known
            if len(live.rows) > MOST_A_PLACE:
                self.left_out.add(number)
                return

    def _begin(self, number: int, facet: Facet, live: _Place, stretch: Stretch, known: int) -> None:
        columns = self._rows[facet]
        one = Rectangle(stretch.valid_from, stretch.valid_until, known, None, stretch.answer)
        live.open[stretch] = len(columns[_PLACE])
        live.rows.append(len(columns[_PLACE]))
        for column, value in zip(
            columns, (*bounds(one), number, self._fragment(number, facet, live, one)), strict=True
        ):
            column.append(value)

    def _fragment(self, number: int, facet: Facet, live: _Place, one: Rectangle) -> int:
        if facet == "access" and says_nothing(one):
            return NONE
        if one.answer not in live.fragments:
            live.fragments[one.answer] = self._keep(fragment(self.places[number], facet, one.answer))
        return live.fragments[one.answer]

    def _keep(self, made: Fragment) -> int:
        self.fragments.append(made)
        return self._first + len(self.fragments) - 1

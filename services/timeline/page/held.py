"""The belief maps of whole views as a process holds them: drawn once, and from then on renewed where something changed.

Where an atlas of the view lies in its file, it is taken over rather than folded. What the log's follower touched since is
folded again, place by place, so an answer after one event costs the fold of one place, and putting all of them into bytes.
"""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from events.vocabulary import FACETS
from projections import touched_places, views
from projections.touched_places import Span
from services.timeline.asked import Asked
from services.timeline.atlas.base import Base
from services.timeline.atlas.drawing import event_at, one_state
from services.timeline.page.columns import Answers, Rows, Whole, joined
from services.timeline.page.drawing import folded, of_atlas
from services.timeline.reader import Reader

#: The belief maps of so many views are held: what is compared with is often another one.
ROOM: Final = 3

#: With so many places beside those that were drawn together, all are put together anew.
MOST_BESIDE: Final = 1_000


@dataclass(frozen=True, slots=True)
class State:
    """Which belief maps they are: of which view, by which position of which log, and how often its past was changed."""

    view: int
    revision: int
    position: int
    event_id: UUID | None

    @property
    def mark(self) -> str:
        """The same as a word, for whoever comes back for what changed since."""
        event = self.event_id.hex[:12] if self.event_id else "0"
        return f"{self.view}-{self.revision}-{self.position}-{event}"


@dataclass(slots=True)
class _Map:
    """The belief maps of one view.

    Attributes:
        drawn: Of the places that were drawn together, with the number of each among them.
        beside: Of those that changed, or came, since.
    """

    state: State
    answers: Answers
    number: dict[str, int]
    drawn: Whole
    beside: dict[str, Whole] = field(default_factory=dict)

    def whole(self, locations: Sequence[str]) -> Whole:
        """The belief maps of all places, in their order."""
        parts = list(self._parts(locations))
        found: Whole = {facet: joined([one[facet] for one in parts]) for facet in FACETS}
        if len(self.beside) > MOST_BESIDE:
            self.number = {one: number for number, one in enumerate(locations)}
            self.drawn, self.beside = found, {}
        return found

    def _parts(self, locations: Sequence[str]) -> Iterator[Whole]:
        """Runs of places that are as they were drawn, and each other one."""
        first = last = 0
        for one in locations:
            beside = self.beside.get(one)
            at = self.number.get(one) if beside is None else None
            if at is not None and at == last:
                last += 1
                continue
            if last > first:
                yield {facet: self.drawn[facet].some(first, last) for facet in FACETS}
            first, last = (at, at + 1) if at is not None else (last, last)
            if at is None:
                yield beside or dict.fromkeys(FACETS, _NONE)
        if last > first:
            yield {facet: self.drawn[facet].some(first, last) for facet in FACETS}


_NONE: Final = Rows(joined([]).offsets.repeat(2), *joined([])[1:])


class Held:
    """The belief maps of some views, for all who look at them."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._maps: OrderedDict[int, _Map] = OrderedDict()
        self._renewing = threading.Lock()

    def whole(self, reader: Reader, asked: Asked, locations: Sequence[str]) -> tuple[Answers, Whole]:
        """The belief maps of all places as a question asks for them: held ones where they can be renewed, else drawn."""
        if asked.as_of is None:
            with self._renewing, one_state_of(asked) as (now, span):
                if not (span.mixed and now.view.reading.clock == "reported"):
                    found = self._renewed(reader, now, span, locations)
                    if found is not None:
                        return found.answers, found.whole(locations)
        answers = Answers()
        return answers, folded(reader, asked, locations, answers)

    def _renewed(self, reader: Reader, asked: Asked, span: Span, locations: Sequence[str]) -> _Map | None:
        """The map of a view brought up to a question; None where the question lies before it."""
        view_id = asked.view.view_id
        held = self._maps.pop(view_id, None)
        if held is not None and held.state.position > asked.known_position and tells(span, held.state, asked):
            self._maps[view_id] = held
            return None
        if held is None or not tells(span, held.state, asked):
            held = self._drawn(reader, asked, span, locations)
        if held.state.position < asked.known_position:
            touched = {
                one.location_id for one in touched_places.since(asked.connection, asked.view, held.state.position)
            }
            self._take_in(reader, asked, held, touched, locations)
            held.state = state_of(asked, span)
        self._maps[view_id] = held
        while len(self._maps) > self._room:
            self._maps.popitem(last=False)
        return held

    def _drawn(self, reader: Reader, asked: Asked, span: Span, locations: Sequence[str]) -> _Map:
        answers = Answers()
        base = reader.atlases.base(asked.view.view_id)
        if base is not None and tells(span, as_of := _of_base(base), asked):
            number = {one: at for at, one in enumerate(base.places)}
            found = _Map(as_of, answers, number, of_atlas(asked, base, answers))
            self._take_in(reader, asked, found, {base.places[one] for one in base.left_out}, locations)
            return found
        number = {one: at for at, one in enumerate(locations)}
        return _Map(state_of(asked, span), answers, number, folded(reader, asked, locations, answers))

    def _take_in(
        self, reader: Reader, asked: Asked, held: _Map, touched: Collection[str], locations: Sequence[str]
    ) -> None:
        """Fold again what changed."""
        again = [one for one in locations if one in touched]
        found = folded(reader, asked, again, held.answers) if again else {}
        for at, one in enumerate(again):
            held.beside[one] = {facet: found[facet].some(at, at + 1) for facet in FACETS}


@contextmanager
def one_state_of(asked: Asked) -> Iterator[tuple[Asked, Span]]:
    """A question with its view as it stands at one moment, and how far the notes of what was touched tell.

    On the reported clock a question holds such a moment anyway.
    """
    if asked.view.reading.clock == "reported":
        yield asked, touched_places.span(asked.connection, asked.view)
        return
    with one_state(asked.connection):
        view = views.find(asked.connection, str(asked.view.view_id))
        yield replace(asked, view=view), touched_places.span(asked.connection, view)


def state_of(asked: Asked, span: Span, position: int | None = None) -> State:
    """Which belief maps a question asks for, or those of an earlier position."""
    position = asked.known_position if position is None else position
    return State(asked.view.view_id, span.revision, position, event_at(asked.connection, position))


def _of_base(base: Base) -> State:
    one = base.identity
    return State(one.view, one.revision, one.position, one.event_id)


def tells(span: Span, held: State, asked: Asked) -> bool:
    """Whether the notes name every place that changed since some belief maps, and those are not of another log."""
    told = held.revision == span.revision and span.begins <= held.position and span.ends == asked.view.position
    return told and held.position <= asked.view.position and held.event_id == event_at(asked.connection, held.position)

"""What cannot be folded whole, folded step by step as the follower meets it: slow, rare, and with the same outcome (pure).

The follower sets a development aside at the event with which it could not be folded, and leaves it what it had just
before. Who folds a whole history at once learns only that it cannot be folded; here it is told again event by event.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from events.developments import DevelopmentMerged
from events.recorded import RecordedEvent
from events.records import Event
from events.undecodable import Undecodable
from projections import setting_aside
from projections.claims import ClaimVersion
from projections.developments import Development
from projections.knowing import Recorded
from projections.mergers import leads_to, with_merged
from projections.policies import Reading
from projections.sources import GRADINGS, Sources


class Outcome(NamedTuple):
    """What a development comes to: its claim versions and its row; where it was set aside, at which event and why."""

    versions: Sequence[ClaimVersion]
    row: Development | None
    aside: tuple[int, str] | None = None


def step_by_step(
    recorded: Iterable[Recorded], gradings: Sequence[RecordedEvent[Event]], reading: Reading
) -> dict[UUID, Outcome]:
    """Every development of a cluster, folded at each event that touches it until it cannot be folded.

    Args:
        recorded: All events of developments that were merged into each other, in any order.
        gradings: The events that grade sources, in the order of the log.
    """
    told = _Told(gradings, reading)
    own = {one.position: one for one in recorded}
    graded = {one.position: one.event for one in gradings if isinstance(one.event, GRADINGS)}
    for position in sorted(own.keys() | graded.keys()):
        touched = told.take(own[position]) if position in own else told.spoken_of(graded[position])
        told.fold(position, touched)
    return told.outcomes


class _Told:
    """What was told up to a position."""

    def __init__(self, gradings: Sequence[RecordedEvent[Event]], reading: Reading) -> None:
        self.outcomes: dict[UUID, Outcome] = {}
        self._reading = reading
        self._sources = Sources(reading.clock)
        self._gradings = list(reversed(gradings))
        self._events: dict[UUID, list[Recorded]] = {}
        self._into: dict[UUID, UUID] = {}
        self._speaking: dict[str, set[UUID]] = {}

    def take(self, one: Recorded) -> set[UUID]:
        """Take in an event; the developments that it touches."""
        event = one.event
        stream = event.stream_id if isinstance(event, Undecodable) else event.development_id
        self._events.setdefault(stream, []).append(one)
        if isinstance(event, DevelopmentMerged):
            self._into.setdefault(stream, event.into_id)
        if (report := getattr(event, "report", None)) is not None:
            for source in report.chain:
                self._speaking.setdefault(source, set()).add(stream)
        return {stream, *leads_to(stream, self._into)}

    def spoken_of(self, grading: Event) -> set[UUID]:
        """The developments that a grading touches."""
        found = self._speaking.get(grading.source_id, set())  # type: ignore[attr-defined]
        return {one for start in found for one in (start, *leads_to(start, self._into))}

    def fold(self, position: int, touched: set[UUID]) -> None:
        """Fold what is touched from all that was told, but for what is set aside."""
        while self._gradings and self._gradings[-1].position <= position:
            one = self._gradings.pop()
            self._sources.learn(one.position, one.event)
        for development, members in with_merged(touched, self._into).items():
            held = self.outcomes.get(development, Outcome((), None))
            if held.aside is None:
                events = sorted((one for each in members for one in self._events.get(each, ())), key=_position)
                self.outcomes[development] = self._folded(development, events, held, position)

    def _folded(self, development: UUID, events: Sequence[Recorded], held: Outcome, position: int) -> Outcome:
        folded = setting_aside.fold({development: events}, self._sources, self._reading)
        if folded.failed:
            return held._replace(aside=(position, folded.failed[development]))
        return Outcome(list(folded.fresh), folded.rows[0] if folded.rows else None)


def _position(one: Recorded) -> int:
    return one.position

"""How each source is graded, and with whom it is aligned, at each moment of the known axis (pure).

On the recorded clock a grading is known from its position; on the reported clock reference data counts as always
known, so the last grading by position holds throughout (API.md, "to the letter").
"""

from bisect import bisect_right
from collections.abc import Callable
from typing import Final, NamedTuple

from events.records import Event
from events.reference import SourceAlignmentStated, SourceRegistered, SourceReliabilityAssessed
from projections.policies import Clock

#: The events by which a source may be graded otherwise than before.
GRADINGS: Final = (SourceRegistered, SourceReliabilityAssessed, SourceAlignmentStated)


class Grading(NamedTuple):
    """A source's Admiralty reliability and the actors it is aligned with."""

    reliability: str
    aligned_with: frozenset[str]

    @property
    def counts(self) -> bool:
        return self.reliability not in "EF"

    @property
    def usable(self) -> bool:
        return self.reliability in "ABC"


UNGRADED = Grading("F", frozenset())


class Sources:
    """The gradings of all sources up to a position, as a book that is only written forward."""

    def __init__(self, clock: Clock) -> None:
        self._by_position = clock == "recorded"
        self._positions: dict[str, list[int]] = {}
        self._gradings: dict[str, list[Grading]] = {}

    def learn(self, position: int, event: Event) -> str | None:
        """Write down what an event says of a source; the source's id where its grading changed, else None."""
        if isinstance(event, SourceRegistered):
            self._positions[event.source_id] = [position]
            self._gradings[event.source_id] = [Grading(event.reliability, frozenset(event.aligned_with))]
            return event.source_id
        if isinstance(event, SourceReliabilityAssessed):
            return self._regrade(position, event.source_id, lambda held: Grading(event.reliability, held.aligned_with))
        if isinstance(event, SourceAlignmentStated):
            aligned = frozenset(event.aligned_with)
            return self._regrade(position, event.source_id, lambda held: Grading(held.reliability, aligned))
        return None

    def _regrade(self, position: int, source_id: str, change: Callable[[Grading], Grading]) -> str:
        gradings = self._gradings.setdefault(source_id, [UNGRADED])
        self._positions.setdefault(source_id, [0]).append(position)
        gradings.append(change(gradings[-1]))
        return source_id

    def grading(self, source_id: str, known: int) -> Grading:
        """How a source is graded as known at a moment of the clock."""
        gradings = self._gradings.get(source_id)
        if gradings is None:
            return UNGRADED
        if not self._by_position or len(gradings) == 1:
            return gradings[-1]
        at = bisect_right(self._positions[source_id], known)
        return gradings[at - 1] if at else UNGRADED

    def regraded(self, source_id: str) -> list[int]:
        """The positions from which a source is graded otherwise than before; none on the reported clock."""
        return self._positions.get(source_id, [])[1:] if self._by_position else []

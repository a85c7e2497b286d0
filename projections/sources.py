"""How each source is graded, and with whom it is aligned, at each moment of the known axis (pure).

On the recorded clock a grading is known from its position; on the reported clock reference data counts as always
known, so the last grading by position holds throughout (API.md, "to the letter").
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
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


class ChainGrade(NamedTuple):
    """What the gradings of a whole attribution chain amount to: it is as good as its worst source.

    Attributes:
        counts: No source in it is E or F.
        usable: Every source in it is A, B or C.
        well_sourced: Every source in it is A or B.
        aligned: Every actor with whom somebody in it is aligned.
        origin_aligned: The actors with whom its origin is aligned.
    """

    counts: bool
    usable: bool
    well_sourced: bool
    aligned: frozenset[str]
    origin_aligned: frozenset[str]


def chain_grade(gradings: Sequence[Grading]) -> ChainGrade:
    """The grade of a chain whose sources are graded so, outermost first."""
    return ChainGrade(
        counts=all(grading.counts for grading in gradings),
        usable=all(grading.usable for grading in gradings),
        well_sourced=all(grading.reliability in "AB" for grading in gradings),
        aligned=frozenset().union(*(grading.aligned_with for grading in gradings)),
        origin_aligned=gradings[-1].aligned_with,
    )


class Sources:
    """The gradings of all sources up to a position, as a book that is only written forward.

    Attributes:
        any_regraded: Some source is graded otherwise than before from some position on; never on the reported clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._by_position = clock == "recorded"
        self._positions: dict[str, list[int]] = {}
        self._gradings: dict[str, list[Grading]] = {}
        self.any_regraded = False
        #: Of chains whose sources were graded once: few chains carry most reports, and their grade is the same throughout.
        self._settled: dict[tuple[str, ...], ChainGrade] = {}

    def learn(self, position: int, event: Event) -> str | None:
        """Write down what an event says of a source; the source's id where its grading changed, else None."""
        if isinstance(event, GRADINGS):
            self._settled.clear()
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
        self.any_regraded = self._by_position
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

    def as_known(self, known: int) -> "ChainGrades":
        """How chains are graded as known at a moment of the clock."""
        return ChainGrades(self, known)

    def chain(self, chain: tuple[str, ...], known: int) -> ChainGrade:
        """How a chain is graded as known at a moment of the clock."""
        settled = self._settled.get(chain)
        if settled is not None:
            return settled
        grade = chain_grade([self.grading(source, known) for source in chain])
        if not self._by_position or all(len(self._gradings.get(source, ())) <= 1 for source in chain):
            self._settled[chain] = grade
        return grade

    def regraded(self, source_id: str) -> list[int]:
        """The positions from which a source is graded otherwise than before; none on the reported clock."""
        return self._positions.get(source_id, [])[1:] if self._by_position else []


class ChainGrades(NamedTuple):
    """The gradings of chains at one moment of the known axis."""

    sources: Sources
    known: int

    def chain(self, chain: tuple[str, ...]) -> ChainGrade:
        """How a chain is graded then."""
        return self.sources.chain(chain, self.known)

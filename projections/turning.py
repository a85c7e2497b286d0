"""By which steps the answer of a place at one moment of the world turned from what it was into what it is (pure).

Two ways lead from an answer of then to one of today. Something became known: the view's clock went on, and the claim versions
that ended and began on the way are the steps. Or, on the reported clock, the log went on while the moment by which it is
known stayed: an archive arrived late, and each event is a step.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from events.developments import DevelopmentEvent
from events.reference import SourceAlignmentStated, SourceReliabilityAssessed
from events.vocabulary import FACETS
from projections.bearing import AnyRecorded, with_mergers
from projections.beliefs import Board, steps
from projections.claims import ClaimVersion, known_claims
from projections.knowing import STATEMENTS, Recorded
from projections.mergers import with_merged
from projections.policies import Reading
from projections.replaying import Part, Step, stepped
from projections.sources import Sources
from projections.versions import claim_versions


class Turn(NamedTuple):
    """A step by which the answer at a moment of the world changed.

    Attributes:
        step: Its `known` is a moment of the view's clock; of what arrived late, the position at which it did.
        part: The period around the moment that changed alike, with the answers before and after.
        late: It arrived late.
    """

    step: Step
    part: Part
    late: bool = False


def turns(versions: Iterable[ClaimVersion], location_id: str, at: datetime, after: int, until: int) -> Iterator[Turn]:
    """The turns of a place by what became known after one moment of the known axis and up to another, in order.

    Args:
        versions: All claim versions of the place.
    """
    here = list(versions)
    for facet in FACETS:
        of_it = [one for one in here if one.facet == facet and one.bearing != "ignored"]
        board = Board(known_claims(of_it, facet, after))
        for known, ending, beginning in steps(of_it):
            if after < known <= until:
                yield from _turned(board, location_id, facet, at, known, ending, beginning)


def late_turns(
    recorded: Sequence[AnyRecorded], reading: Reading, location_id: str, at: datetime, known: int, after: int
) -> Iterator[Turn]:
    """The turns of a place by what arrived after a log position and still belongs to what was known by a moment.

    Args:
        recorded: What bears on the place, in the order of the log, on both sides of the position.
        known: In microseconds: the reported clock.
    """
    arriving = _Arriving(reading, location_id, known)
    late = [one for one in recorded if one.position > after]
    arriving.take_in([one for one in recorded if one.position <= after])
    boards = {facet: Board(known_claims(arriving.held.values(), facet, known)) for facet in FACETS}
    for one in late:
        before, now = arriving.take_in([one])
        for facet in FACETS:
            ending = [each for each in before if each.facet == facet and each.bearing != "ignored"]
            beginning = [each for each in now if each.facet == facet and each.bearing != "ignored"]
            if ending or beginning:
                for turn in _turned(boards[facet], location_id, facet, at, one.position, ending, beginning):
                    yield turn._replace(late=True)


def _turned(
    board: Board,
    location_id: str,
    facet: str,
    at: datetime,
    known: int,
    ending: Sequence[ClaimVersion],
    beginning: Sequence[ClaimVersion],
) -> Iterator[Turn]:
    for part in stepped(board, known, ending, beginning):
        if (part.valid_from is None or part.valid_from <= at) and (part.valid_until is None or at < part.valid_until):
            yield Turn(Step(known, location_id, facet, (part,), (*ending, *beginning)), part)


class _Arriving:
    """What is known of a place by a moment of the reported clock, while the log grows.

    Attributes:
        held: The claim version of each development that stands at the place at that moment.
    """

    def __init__(self, reading: Reading, location_id: str, known: int) -> None:
        self._reading, self._location_id, self._known = reading, location_id, known
        self._own: list[Recorded] = []
        self._by_development: dict[UUID, list[Recorded]] = {}
        self._sources = Sources(reading.clock)
        self._into: dict[UUID, UUID] = {}
        self.held: dict[UUID, ClaimVersion] = {}

    def take_in(self, recorded: Sequence[AnyRecorded]) -> tuple[list[ClaimVersion], list[ClaimVersion]]:
        """Let events arrive; the versions that stand no more, and those that do now."""
        touched: set[UUID] = set()
        for one in recorded:
            self._sources.learn(one.position, one.event)
            if isinstance(one.event, DevelopmentEvent):
                self._own.append(one)
                self._by_development.setdefault(one.event.development_id, []).append(one)
                into = getattr(one.event, "into_id", None)
                if into is not None:
                    self._into[one.event.development_id] = into
                touched.add(one.event.development_id)
            elif isinstance(one.event, SourceReliabilityAssessed | SourceAlignmentStated):
                touched |= self._spoken_of(one.event.source_id)
        whole = with_mergers(touched, self._own) if self._into else touched
        before, now = [], []
        for development_id, members in with_merged(whole, self._into).items():
            old, new = self.held.pop(development_id, None), self._version(development_id, members)
            if new is not None:
                self.held[development_id] = new
            if old != new:
                before += [old] if old is not None else []
                now += [new] if new is not None else []
        return before, now

    def _spoken_of(self, source_id: str) -> set[UUID]:
        return {
            one.event.development_id
            for one in self._own
            if isinstance(one.event, STATEMENTS) and source_id in one.event.report.chain
        }

    def _version(self, development_id: UUID, members: Iterable[UUID]) -> ClaimVersion | None:
        recorded = [one for member in members for one in self._by_development.get(member, ())]
        recorded.sort(key=lambda one: one.position)
        for one in claim_versions(development_id, recorded, self._sources, self._reading):
            if one.location_id == self._location_id and one.known(self._known):
                # When it began and will end on the known axis is nobody's matter here: one moment is looked at.
                return one._replace(known_from=self._known, known_until=self._known + 1)
        return None

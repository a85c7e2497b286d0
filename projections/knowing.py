"""When each event of a development is known, and what mergers bring to it (pure): API.md, "standing, to the letter".

On the recorded clock an event is known from its position, on the reported clock from its own time; in both cases what
concerns a development is not known before the development itself: before a report that the reading keeps affirms it.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from events.developments import (
    DevelopmentCorroborated,
    DevelopmentDenied,
    DevelopmentEvent,
    DevelopmentMerged,
    DevelopmentReported,
    DevelopmentVoided,
    ReportRetracted,
)
from events.recorded import RecordedEvent
from projections.claims import FOREVER, micros
from projections.policies import Reading

Recorded = RecordedEvent[DevelopmentEvent]

#: The events that are statements: each has a report that affirms or denies.
STATEMENTS: Final = (DevelopmentReported, DevelopmentCorroborated, DevelopmentDenied)


class Brought(NamedTuple):
    """A statement or retraction that a merger brings, and the period of the known axis in which it counts."""

    recorded: Recorded
    known: int
    void_from: int


class Cluster:
    """A development with everything merged into it, directly or not, under one reading."""

    def __init__(self, recorded: Sequence[Recorded], reading: Reading) -> None:
        self._reading = reading
        self._events: dict[UUID, list[Recorded]] = {}
        self._starts: dict[UUID, int | None] = {}
        for one in recorded:
            held = self._events.get(one.event.development_id)
            if held is None:
                self._events[one.event.development_id] = [one]
            else:
                held.append(one)

    def own(self, development_id: UUID) -> Sequence[Recorded]:
        """The events of one development itself, in the order of the log."""
        return self._events[development_id]

    def start(self, development_id: UUID) -> int | None:
        """From when a development is known: the first moment at which a kept report, its own or brought, affirms it.

        None where the reading leaves out all of them.
        """
        if development_id not in self._starts:
            moments = [self.own_moment(one) for one in self._events[development_id] if self._affirms(one)]
            if len(self._events) > 1:
                moments += [one.known for one in self.brought(development_id) if self._affirms(one.recorded)]
            self._starts[development_id] = min(moments, default=None)
        return self._starts[development_id]

    def known(self, one: Recorded) -> int:
        """When an event is known."""
        moment, start = self.own_moment(one), self.start(one.event.development_id)
        return moment if start is None else max(moment, start)

    def brought(self, development_id: UUID) -> Iterator[Brought]:
        """What the developments merged into this one bring; one voided before the merger brings nothing."""
        for other, events in self._events.items():
            counts_from = self._merged_from(other, development_id) if other != development_id else None
            if counts_from is None:
                continue
            voided = [self.known(one) for one in events if isinstance(one.event, DevelopmentVoided)]
            void_from = min(voided, default=FOREVER)
            for one in events:
                known = max(self.known(one), counts_from)
                if known < void_from and (self._is_kept(one) or isinstance(one.event, ReportRetracted)):
                    yield Brought(one, known, void_from)

    def known_by(self, development_id: UUID, known: int) -> list[Recorded]:
        """What is known of a development by a moment: its own events and what mergers brought, in the order of the clock."""
        own = [(self.known(one), one.position, one) for one in self._events[development_id]]
        brought = [(one.known, one.recorded.position, one.recorded) for one in self.brought(development_id)
                   if known < one.void_from]  # fmt: skip
        return [one for moment, _, one in sorted([*own, *brought], key=lambda each: each[:2]) if moment <= known]

    def mergers(self, development_id: UUID) -> Iterator[tuple[Recorded, int]]:
        """The mergers that lead to a development, directly or not, and the voids of what they merged: known from when."""
        for other, events in self._events.items():
            counts_from = self._merged_from(other, development_id) if other != development_id else None
            if counts_from is None:
                continue
            for one in events:
                if isinstance(one.event, DevelopmentMerged | DevelopmentVoided):
                    yield one, max(self.known(one), counts_from)

    def _merged_from(self, other: UUID, into: UUID) -> int | None:
        """From when `other` counts for `into`, followed through every merge between; None where it never does."""
        merges: list[Recorded] = []
        while other != into:
            merge = next((one for one in self._events.get(other, ()) if isinstance(one.event, DevelopmentMerged)), None)
            if merge is None or len(merges) > len(self._events):  # nowhere, or in a circle (in a damaged log)
                return None
            merges.append(merge)
            assert isinstance(merge.event, DevelopmentMerged)
            other = merge.event.into_id
        return max(self.known(one) for one in merges)

    def own_moment(self, one: Recorded) -> int:
        """When an event would be known if its development were known from the beginning."""
        if self._reading.clock == "recorded":
            return one.position
        return micros(one.event.own_time)

    def _is_kept(self, one: Recorded) -> bool:
        """Whether an event is a statement that the reading keeps."""
        event = one.event
        return isinstance(event, STATEMENTS) and self._reading.hears(event.report.chain)

    def _affirms(self, one: Recorded) -> bool:
        return not isinstance(one.event, DevelopmentDenied) and self._is_kept(one)

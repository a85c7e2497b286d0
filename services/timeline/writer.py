"""Posted bytes → events in the log: parses, lets the intake decide under the lock, and tells each line its result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from events.appends import Held, NewEvent, Place
from events.log import Log
from events.problems import UnusableEvent
from events.records import Event
from events.shape import read_event
from services.timeline.intake import Accepted, Intake


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one event: where it stands in the log, or why it was refused.

    Attributes:
        appended: It was appended now; False where it was there already, or refused.
        flags: What is odd about it but was kept.
    """

    event_id: UUID | None = None
    place: Place | None = None
    appended: bool = False
    refusal: UnusableEvent | None = None
    flags: tuple[str, ...] = ()


class Refused(Exception):
    """A batch that had to be appended whole was refused; nothing was written. `results` has a line for each event."""

    def __init__(self, results: Sequence[Result]) -> None:
        self.results = results
        first = next((number, one.refusal) for number, one in enumerate(results, start=1) if one.refusal is not None)
        super().__init__(f"nothing was appended; event {first[0]} is refused: {first[1]}")


class Writer:
    """Appends what people post, one batch an append."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def append(
        self,
        raws: Sequence[bytes | Event],
        recorded_by: str,
        *,
        atomic: bool = False,
        allowed: Callable[[Event], None] | None = None,
    ) -> list[Result]:
        """Append events given as JSON bytes, or as events; a result for each, in order.

        Args:
            allowed: Raises UnusableEvent where `recorded_by` may not record an event (see `access.recording`).

        Raises:
            Refused: `atomic`, and one of them was refused.
        """
        batch = _Batch([_parsed(raw, allowed) for raw in raws], recorded_by, atomic=atomic)
        places = self._log.append(batch.decide)
        return batch.results(places)


def _parsed(raw: bytes | Event, allowed: Callable[[Event], None] | None) -> Event | UnusableEvent:
    try:
        event = raw if isinstance(raw, Event) else read_event(raw)
        if allowed is not None:
            allowed(event)
    except UnusableEvent as refusal:
        return refusal
    return event


class _Batch:
    """One append: what was parsed, what the intake made of each, and where the new ones came to stand."""

    def __init__(self, parsed: Sequence[Event | UnusableEvent], recorded_by: str, *, atomic: bool) -> None:
        self._parsed = parsed
        self._recorded_by = recorded_by
        self._atomic = atomic
        self._decided: list[Accepted | UnusableEvent] = []
        self._new: Sequence[NewEvent] = ()

    def decide(self, held: Held) -> Sequence[NewEvent]:
        """Called under the lock: accept or refuse one after another."""
        intake = Intake(held, datetime.now(UTC), self._recorded_by)
        intake.look_up([one for one in self._parsed if isinstance(one, Event)])
        self._decided = [self._decide_one(intake, one) for one in self._parsed]
        if self._atomic and any(isinstance(one, UnusableEvent) for one in self._decided):
            raise Refused([_result(one, {}) for one in self._decided])
        self._new = intake.new
        return intake.new

    def _decide_one(self, intake: Intake, one: Event | UnusableEvent) -> Accepted | UnusableEvent:
        if isinstance(one, UnusableEvent):
            return one
        try:
            return intake.decide(one)
        except UnusableEvent as refusal:
            return refusal

    def results(self, places: Sequence[Place]) -> list[Result]:
        """A result for each event, once the append is durable."""
        appended = {new.event_id: place for new, place in zip(self._new, places, strict=True)}
        seen: set[UUID] = set()
        found = []
        for one in self._decided:
            result = _result(one, appended)
            if result.event_id in seen and result.appended:
                result = Result(result.event_id, result.place, appended=False)
            if result.event_id is not None:
                seen.add(result.event_id)
            found.append(result)
        return found


def _result(one: Accepted | UnusableEvent, appended: dict[UUID, Place]) -> Result:
    if isinstance(one, UnusableEvent):
        return Result(refusal=one)
    if one.place is not None:
        return Result(one.event_id, one.place)
    return Result(one.event_id, appended.get(one.event_id), appended=True, flags=one.flags)

"""Posted bytes → events in the log: parses, lets the intake decide, and tells each line its result.

Callers from many threads are committed together (`together.py`), each with an answer of its own: one caller's conflict
fails no other, an atomic group stays whole, and nothing is answered before it is durable.
"""

import copy
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import psycopg

from events.appends import Held, NewRow, Place
from events.developments import DevelopmentReported
from events.log import Log
from events.problems import Problem, UnusableEvent
from events.records import Event
from events.redaction import EventRedacted
from events.warnings import Warned
from services.timeline import protecting, tracing
from services.timeline.access import NotAllowed
from services.timeline.intake import Accepted, Intake
from services.timeline.known import Known
from services.timeline.look_alikes import LookAlikes
from services.timeline.prepared import Prepared, prepare, redaction
from services.timeline.together import Together

#: Events committed together are no more than this, unless one caller hands in more.
MOST = 2_000


class Result(NamedTuple):
    """What became of one event: where it stands in the log, or why it was refused.

    Attributes:
        appended: It was appended now; False where it was there already, or refused.
        version: The version of its stream with it; None where it was there already.
        warnings: What is odd about it but was kept.
    """

    event_id: UUID | None = None
    place: Place | None = None
    appended: bool = False
    version: int | None = None
    refusal: UnusableEvent | None = None
    warnings: tuple[Warned, ...] = ()


class Redaction(NamedTuple):
    """A redaction that is done: the result of recording it, and the event as it was recorded."""

    result: Result
    event: EventRedacted


class Refused(Exception):
    """A batch that had to be appended whole was refused; nothing was written. `results` has a line for each event."""

    def __init__(self, results: Sequence[Result]) -> None:
        self.results = results
        first = next((number, one.refusal) for number, one in enumerate(results, start=1) if one.refusal is not None)
        super().__init__(f"nothing was appended; event {first[0]} is refused: {first[1]}")


class Writer:
    """Appends what people post."""

    def __init__(self, log: Log, appended: Callable[[int, float], None] | None = None) -> None:
        """
        Args:
            appended: Told of each batch, once it is durable: how many events, and how many seconds that took.
        """
        self._log = log
        self._appended = appended
        self._known = Known()
        self._together = Together(self._commit, MOST)

    def append(
        self,
        raws: Sequence[bytes | Event | Prepared | UnusableEvent],
        recorded_by: str,
        *,
        atomic: bool = False,
        expected_version: int | None = None,
        allowed: Callable[[Event], None] | None = None,
        compare: LookAlikes | None = None,
        nameless: Collection[str] = (),
    ) -> list[Result]:
        """Append events given as JSON bytes, as events, or prepared; a result for each, in order, once all are durable.

        Args:
            expected_version: The version that the stream of each event has to have before it (optimistic concurrency);
                an event that is there already is answered as such, whatever the version is by now.
            compare: Looks for others like the developments appended, once they are; None: nobody asks.
            nameless: Sources whose names whoever hands it in may not know: what is there already under the same id is answered
                so whatever its text is, else they could find out by trying.
            allowed: Raises UnusableEvent where `recorded_by` may not record an event (see `access.recording`).

        Raises:
            Refused: `atomic`, and one of them was refused.
            psycopg.OperationalError: the database was lost; whether they were recorded is then unknown, and handing
                in the same event ids again tells.
        """
        ready = [raw if isinstance(raw, Prepared | UnusableEvent) else prepare(raw, allowed) for raw in raws]
        request = _Request(ready, recorded_by, atomic, expected_version, nameless)
        with tracing.part("append", **{"timeline.events": len(ready)}):
            self._together.hand_in(request)
        if request.failure is not None:
            raise request.failure
        if compare is not None:
            request.results = _compared(request, compare)
        return self._with_telling_ids(request)

    def _with_telling_ids(self, request: "_Request") -> list[Result]:
        """The results with a warning for each source protected just now whose id tells its name; who records that knows it."""
        results = list(request.results)
        for number, (one, result) in enumerate(zip(request.prepared, results, strict=True)):
            if result.appended and isinstance(one, Prepared) and one.type == "SourceProtected":
                held = [each.event for each in self._log.streams([one.stream], 2**62)]
                results[number] = result._replace(warnings=(*result.warnings, *protecting.odd(held)))
        return results

    def redact(self, asked: EventRedacted, by: str) -> Redaction:
        """Take the text of an event away for good, and record that, in one transaction.

        Asked for again under the same `event_id` it is answered as before.

        Raises:
            UnusableEvent: there is no such event, it has no text or none any more, or the reason repeats it.
            NotAllowed: the database does not let this service redact.
            psycopg.OperationalError: as `append`.
        """
        try:
            [result] = self.append([redaction(asked)], by)
        except psycopg.errors.InsufficientPrivilege:
            said = "the service's own role in the database may not redact; timeline_redact of docker/roles.sql gives it the right"
            raise NotAllowed([Problem("", None, said)]) from None
        if result.refusal is not None:
            raise result.refusal
        assert result.place is not None
        [recorded] = self._log.at([result.place.position])
        assert isinstance(recorded.event, EventRedacted)
        return Redaction(result, recorded.event)

    def look_alikes(self) -> LookAlikes:
        """What compares the developments of one request with those held, and with each other."""
        return LookAlikes(self._log.pool)

    def _commit(self, requests: Sequence["_Request"]) -> None:
        batch = _Batch(requests, self._known)
        began = time.perf_counter()
        try:
            places = self._log.append(batch.decide)
            if places and self._appended is not None:
                self._appended(len(places), time.perf_counter() - began)
            batch.tell(places)
        except psycopg.OperationalError as lost:  # nobody knows whether it was committed: so each is told
            for request in requests:
                request.failure = copy.copy(lost)
        except Exception as failure:  # noqa: BLE001  (told to whom it belongs)
            if len(requests) == 1:
                requests[0].failure = failure
            else:
                self._one_by_one(requests)

    def _one_by_one(self, requests: Sequence["_Request"]) -> None:
        """Find out whose request it is that cannot be committed, and fail no other."""
        for request in requests:
            self._commit([request])


def _compared(request: "_Request", compare: LookAlikes) -> list[Result]:
    """The results with a warning for each development that looks like others."""
    decided = zip(request.decided, request.results, strict=True)
    appended = [
        one.prepared.event if result.appended and isinstance(one, Accepted) else None for one, result in decided
    ]
    found = compare.found([event for event in appended if event is not None])
    return [
        result._replace(warnings=(*result.warnings, found[event.development_id]))
        if isinstance(event, DevelopmentReported) and event.development_id in found
        else result
        for event, result in zip(appended, request.results, strict=True)
    ]


@dataclass(slots=True)
class _Request:
    """What one caller hands in, and what becomes of it."""

    prepared: Sequence[Prepared | UnusableEvent]
    recorded_by: str
    atomic: bool
    expected_version: int | None
    nameless: Collection[str] = ()
    decided: list[Accepted | UnusableEvent] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    failure: Exception | None = field(default_factory=lambda: psycopg.OperationalError("the commit was interrupted"))

    @property
    def weight(self) -> int:
        return len(self.prepared)


class _Batch:
    """One append for several callers: what the intake made of each event, and where the new ones came to stand."""

    def __init__(self, requests: Sequence[_Request], known: Known) -> None:
        self._requests = requests
        self._known = known
        self._new: Sequence[NewRow] = ()

    def decide(self, held: Held) -> Sequence[NewRow]:
        """Accept or refuse one after another; anew where somebody else has appended meanwhile."""
        intake = Intake(held, datetime.now(UTC), self._known)
        intake.look_up([one for request in self._requests for one in request.prepared if isinstance(one, Prepared)])
        for request in self._requests:
            _decide(intake, request)
        self._new = intake.new
        return intake.new

    def tell(self, places: Sequence[Place]) -> None:
        """Leave a result for each event with its caller, once the append is durable."""
        for request in self._requests:
            if request.atomic and any(isinstance(one, UnusableEvent) for one in request.decided):
                request.failure = Refused(
                    [Result(refusal=one) if isinstance(one, UnusableEvent) else Result() for one in request.decided]
                )
            else:
                request.failure = None
                request.results = [self._result(one, places) for one in request.decided]

    def _result(self, one: Accepted | UnusableEvent, places: Sequence[Place]) -> Result:
        """The result of one event; the same event in another place of the batch was there already."""
        if isinstance(one, UnusableEvent):
            return Result(refusal=one)
        if one.place is not None:
            return Result(one.event_id, one.place)
        place = places[one.number]
        if one.again:
            return Result(one.event_id, place)
        return Result(one.event_id, place, True, self._new[one.number].version, None, one.warnings)


def _decide(intake: Intake, request: _Request) -> None:
    before = intake.mark()
    request.decided = [_decide_one(intake, request, one) for one in request.prepared]
    if request.atomic and any(isinstance(one, UnusableEvent) for one in request.decided):
        intake.back_to(before)


def _decide_one(intake: Intake, request: _Request, one: Prepared | UnusableEvent) -> Accepted | UnusableEvent:
    if isinstance(one, UnusableEvent):
        return one
    try:
        return intake.decide(one, request.recorded_by, request.expected_version, request.nameless)
    except UnusableEvent as refusal:
        return refusal

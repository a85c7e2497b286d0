"""The first fold: one development's events, and those of developments merged into it → its claim versions (pure).

Events become *steps* on the known axis of a clock; each step changes the hearing of the development; wherever its
place, order, assertion or standing changes by it, one claim version ends and the next begins. The result depends on
the events alone, not on the batches in which they came.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import UUID

from events.developments import (
    DevelopmentAmended,
    DevelopmentAssessed,
    DevelopmentChanges,
    DevelopmentCorroborated,
    DevelopmentDenied,
    DevelopmentEvent,
    DevelopmentMerged,
    DevelopmentReported,
    DevelopmentVoided,
    ReportRetracted,
)
from events.recorded import RecordedEvent
from events.records import changed
from events.vocabulary import KINDS
from projections.claims import FOREVER, ClaimVersion, asserts, micros, takes_effect
from projections.policies import Reading
from projections.sources import Sources
from projections.standing import Hearing, Retraction, Statement, finding, statement

Recorded = RecordedEvent[DevelopmentEvent]

#: What a step does to the hearing.
Change = Callable[[Hearing], None]


class Step(NamedTuple):
    """One thing that became known: when on the known axis, in which order among equals, and what it changes."""

    known: int
    position: int
    change: Change | None


def claim_versions(
    development_id: UUID, recorded: Sequence[Recorded], sources: Sources, reading: Reading
) -> list[ClaimVersion]:
    """The claim versions of a development, in the order of the known axis, neither overlapping nor empty.

    Args:
        recorded: Its events and those of all developments merged into it, directly or not, in the order of the log.
        sources: The gradings of sources up to the same position of the log.

    Returns:
        Versions also of ignored standing; none while the development is of a kind that bears on no status.
    """
    told = _told(development_id, recorded, reading)
    if told is None:
        return []
    steps = told.steps
    if reading.clock == "recorded":
        steps = sorted([*steps, *_regradings(recorded, told.start, sources)], key=_moment)
    return list(_versions(told, steps, sources, reading))


def hearing_at(development_id: UUID, recorded: Sequence[Recorded], reading: Reading, known: int) -> Hearing | None:
    """All that bears on a development's standing as known at a moment; None where it was not known then."""
    told = _told(development_id, recorded, reading)
    if told is None or known < told.start:
        return None
    for step in told.steps:
        if step.known <= known and step.change is not None:
            step.change(told.heard)
    return told.heard


class _Told(NamedTuple):
    """A development as the log tells it: its first event, from when it is known, and the steps from there on."""

    first: Recorded
    start: int
    heard: Hearing
    steps: list[Step]


def _told(development_id: UUID, recorded: Sequence[Recorded], reading: Reading) -> _Told | None:
    """None where the reading leaves out every statement that affirms the development."""
    by_development = _by_development(recorded)
    own = by_development[development_id]
    first = own[0].event
    if not isinstance(first, DevelopmentReported):
        raise ValueError(f"development {development_id} does not begin with a DevelopmentReported")  # noqa: TRY004
    start = _start(own, reading)
    if start is None:
        return None
    steps = list(_own_steps(own, start, reading))
    if len(by_development) > 1:
        steps += _merged_steps(development_id, by_development, start, reading)
    steps.sort(key=_moment)
    return _Told(own[0], start, Hearing(first.kind, first.location_id, first.occurred, first.participants), steps)


def _moment(step: Step) -> tuple[int, int]:
    return step[:2]


def _by_development(recorded: Iterable[Recorded]) -> dict[UUID, list[Recorded]]:
    found: dict[UUID, list[Recorded]] = {}
    for one in recorded:
        found.setdefault(one.event.development_id, []).append(one)
    return found


def _start(own: Sequence[Recorded], reading: Reading) -> int | None:
    """From when a development is known; None where every statement that affirms it is left out by the reading."""
    affirming = [
        one.event.report.published_at
        for one in own
        if isinstance(one.event, DevelopmentReported | DevelopmentCorroborated)
        and reading.hears(one.event.report.chain)
    ]
    if not affirming:
        return None
    return own[0].position if reading.clock == "recorded" else micros(min(affirming))


def _known(one: Recorded, start: int | None, reading: Reading) -> int:
    """When an event is known: its position, or its own time but not before the development that it is about."""
    if reading.clock == "recorded":
        return one.position
    own = micros(_OWN_TIME[type(one.event)](one.event))
    return own if start is None else max(own, start)


#: The time of its own that each event has on the reported clock.
_OWN_TIME: Final[Mapping[type, Callable[[Any], Any]]] = MappingProxyType(
    {
        DevelopmentReported: lambda event: event.report.published_at,
        DevelopmentCorroborated: lambda event: event.report.published_at,
        DevelopmentDenied: lambda event: event.report.published_at,
        DevelopmentAssessed: lambda event: event.assessed_at,
        ReportRetracted: lambda event: event.retracted_at,
        DevelopmentAmended: lambda event: event.amended_at,
        DevelopmentMerged: lambda event: event.merged_at,
        DevelopmentVoided: lambda event: event.voided_at,
    }
)


def _own_steps(own: Sequence[Recorded], start: int, reading: Reading) -> Iterator[Step]:
    for one in own:
        change = _own_change(one, reading)
        if change is not None:
            yield Step(_known(one, start, reading), one.position, change)


def _own_change(one: Recorded, reading: Reading) -> Change | None:
    event = one.event
    if isinstance(event, DevelopmentAssessed):
        return _set(verdict=event.credibility)
    if isinstance(event, DevelopmentAmended):
        return _amend(event.changes)
    if isinstance(event, DevelopmentMerged):
        return _set(merged=True)
    if isinstance(event, DevelopmentVoided):
        return _set(void=True)
    return _said_or_taken_back(one, reading)


def _said_or_taken_back(one: Recorded, reading: Reading) -> Change | None:
    """The change by a statement or a retraction: what also counts for a development that this one is merged into."""
    event = one.event
    if isinstance(event, ReportRetracted):
        return _append("retractions", Retraction(event.source_id, event.retracted_at, one.position))
    if not isinstance(event, DevelopmentReported | DevelopmentCorroborated | DevelopmentDenied):
        return None
    if not reading.hears(event.report.chain):
        return None
    affirms = not isinstance(event, DevelopmentDenied)
    return _append("statements", statement(event.report, one.position, affirms=affirms))


def _set(**attributes: object) -> Change:
    def change(heard: Hearing) -> None:
        for name, value in attributes.items():
            setattr(heard, name, value)

    return change


def _append(to: str, item: Statement | Retraction) -> Change:
    return lambda heard: getattr(heard, to).append(item)


def _amend(changes: DevelopmentChanges) -> Change:
    fields = ("kind", "location_id", "occurred", "participants")
    return _set(**{name: value for name, value in changed(changes).items() if name in fields})


def _merged_steps(
    development_id: UUID, by_development: Mapping[UUID, Sequence[Recorded]], start: int, reading: Reading
) -> Iterator[Step]:
    """What the developments merged into this one bring: their statements and retractions, unless they are void."""
    for other, events in by_development.items():
        counts_from = _merged_from(other, development_id, by_development, reading)
        if other == development_id or counts_from is None:
            continue
        since = max(start, counts_from)
        own_start = _start(events, reading)
        void_from = min(
            (max(_known(one, own_start, reading), since) for one in events if isinstance(one.event, DevelopmentVoided)),
            default=FOREVER,
        )
        brought = set()
        for one in events:
            change = _said_or_taken_back(one, reading)
            known = max(_known(one, own_start, reading), since)
            if change is not None and known < void_from:
                brought.add(one.position)
                yield Step(known, one.position, change)
        if brought and void_from < FOREVER:
            yield Step(void_from, 0, _silence(brought))


def _silence(positions: set[int]) -> Change:
    """A voided development brings nothing: what it brought until then is taken out again."""

    def change(heard: Hearing) -> None:
        heard.statements = [said for said in heard.statements if said.position not in positions]
        heard.retractions = [one for one in heard.retractions if one.position not in positions]

    return change


def _merged_from(
    other: UUID, into: UUID, by_development: Mapping[UUID, Sequence[Recorded]], reading: Reading
) -> int | None:
    """From when `other` counts for `into`, followed through every merge between; None where it never does."""
    since = 0 if reading.clock == "recorded" else -(2**62)
    seen = set()
    while other != into:
        events = by_development.get(other, ())
        merge = next((one for one in events if isinstance(one.event, DevelopmentMerged)), None)
        if merge is None or other in seen:
            return None
        seen.add(other)
        since = max(since, _known(merge, _start(events, reading), reading))
        assert isinstance(merge.event, DevelopmentMerged)
        other = merge.event.into_id
    return since


def _regradings(recorded: Iterable[Recorded], start: int, sources: Sources) -> Iterator[Step]:
    """The positions at which a source in some chain is graded otherwise than before; they may change the standing."""
    speakers = {
        source
        for one in recorded
        if isinstance(one.event, DevelopmentReported | DevelopmentCorroborated | DevelopmentDenied)
        for source in one.event.report.chain
    }
    for source in speakers:
        for position in sources.regraded(source):
            if position > start:
                yield Step(position, position, None)


def _versions(told: _Told, steps: Sequence[Step], sources: Sources, reading: Reading) -> Iterator[ClaimVersion]:
    open_version: ClaimVersion | None = None
    for index, step in enumerate(steps):
        if step.change is not None:
            step.change(told.heard)
        if index + 1 < len(steps) and steps[index + 1].known == step.known:
            continue
        version = _version(told, step.known, sources, reading)
        if open_version is not None:
            if version is not None and version[:11] == open_version[:11]:
                continue
            yield open_version._replace(known_until=step.known)
        open_version = version
    if open_version is not None:
        yield open_version


def _version(told: _Told, known: int, sources: Sources, reading: Reading) -> ClaimVersion | None:
    """What the development claims from a step on; None while its kind bears on no status."""
    heard, reported = told.heard, told.first.event
    kind = KINDS[heard.kind]
    if kind.facet is None:
        return None
    assert isinstance(reported, DevelopmentReported)
    standing = finding(heard, lambda source: sources.grading(source, known)).standing
    published_at, occurred = reported.report.published_at, heard.occurred
    return ClaimVersion(
        development_id=reported.development_id,
        location_id=heard.location_id,
        facet=kind.facet,
        takes_effect=takes_effect(kind, occurred.start, occurred.end, published_at),
        published_at=published_at,
        position=told.first.position,
        assertion=asserts(kind, heard.participants),
        standing=standing,
        bearing=reading.policy.bearing[standing],
        occurred_start=occurred.start,
        occurred_end=occurred.end,
        known_from=known,
        known_until=FOREVER,
    )

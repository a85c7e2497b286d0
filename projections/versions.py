"""The first fold: one development's events, and those of developments merged into it → its claim versions (pure).

Events become *steps* on the known axis of a clock; each step changes the hearing of the development; wherever its
place, order, assertion or standing changes by it, one claim version ends and the next begins. The result depends on
the events alone, not on the batches in which they came.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from events.developments import (
    DevelopmentAmended,
    DevelopmentAssessed,
    DevelopmentChanges,
    DevelopmentCorroborated,
    DevelopmentDenied,
    DevelopmentMerged,
    DevelopmentReported,
    DevelopmentVoided,
    ReportRetracted,
)
from events.records import changed
from events.vocabulary import KINDS
from projections.claims import FOREVER, ClaimVersion, asserts, takes_effect
from projections.knowing import Brought, Cluster, Recorded
from projections.policies import Reading
from projections.sources import Sources
from projections.standing import Hearing, Retraction, Statement, finding, statement

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
    return list(_versions(told, _all_steps(told, recorded, sources, reading), sources, reading))


def hearings(
    development_id: UUID, recorded: Sequence[Recorded], sources: Sources, reading: Reading
) -> Iterator[tuple[int, Hearing]]:
    """Each moment at which the standing may change, with the hearing then: one object, changed on the way."""
    told = _told(development_id, recorded, reading)
    if told is not None:
        for known in _moments(told, _all_steps(told, recorded, sources, reading)):
            yield known, told.heard


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
    cluster = Cluster(recorded, reading)
    own = cluster.own(development_id)
    first = own[0].event
    if not isinstance(first, DevelopmentReported):
        raise ValueError(f"development {development_id} does not begin with a DevelopmentReported")  # noqa: TRY004
    start = cluster.start(development_id)
    if start is None:
        return None
    steps = [Step(cluster.known(one), one.position, change) for one in own if (change := _change(one, reading))]
    steps += _merged_steps(cluster.brought(development_id), start, reading)
    steps.sort(key=_moment)
    return _Told(own[0], start, Hearing(first.kind, first.location_id, first.occurred, first.participants), steps)


def _moment(step: Step) -> tuple[int, int]:
    return step[:2]


def _all_steps(told: _Told, recorded: Sequence[Recorded], sources: Sources, reading: Reading) -> Sequence[Step]:
    """The steps, with those at which a source that speaks is graded otherwise than before."""
    if reading.clock == "reported":
        return told.steps
    return sorted([*told.steps, *_regradings(recorded, told.start, sources)], key=_moment)


def _moments(told: _Told, steps: Sequence[Step]) -> Iterator[int]:
    """Each moment of the steps once, when all that becomes known at it has changed the hearing."""
    for index, step in enumerate(steps):
        if step.change is not None:
            step.change(told.heard)
        if index + 1 == len(steps) or steps[index + 1].known != step.known:
            yield step.known


def _change(one: Recorded, reading: Reading) -> Change | None:
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


def _merged_steps(brought: Iterable[Brought], start: int, reading: Reading) -> Iterator[Step]:
    """What the developments merged into this one bring; a voided one is silenced again."""
    silenced: dict[int, set[int]] = {}
    for one, known, void_from in brought:
        if void_from > start:
            yield Step(max(known, start), one.position, _said_or_taken_back(one, reading))
            silenced.setdefault(void_from, set()).add(one.position)
    for void_from, positions in silenced.items():
        if void_from < FOREVER:
            yield Step(void_from, 0, _silence(positions))


def _silence(positions: set[int]) -> Change:
    """A voided development brings nothing: what it brought until then is taken out again."""

    def change(heard: Hearing) -> None:
        heard.statements = [said for said in heard.statements if said.position not in positions]
        heard.retractions = [one for one in heard.retractions if one.position not in positions]

    return change


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
    for known in _moments(told, steps):
        version = _version(told, known, sources, reading)
        if open_version is not None:
            if version is not None and version[:11] == open_version[:11]:
                continue
            yield open_version._replace(known_until=known)
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

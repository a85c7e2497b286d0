"""The first fold: one development's events, and those of developments merged into it → its claim versions (pure).

Events become *steps* on the known axis of a clock; each step changes the hearing of the development; wherever its
place, order, assertion or standing changes by it, one claim version ends and the next begins. The result depends on
the events alone, not on the batches in which they came.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from events.developments import (
    DevelopmentAmended,
    DevelopmentAssessed,
    DevelopmentChanges,
    DevelopmentDenied,
    DevelopmentMerged,
    DevelopmentReported,
    DevelopmentVoided,
    ReportRetracted,
)
from events.developments import Statement as Said
from events.records import changed
from events.vocabulary import KINDS, Kind
from projections.claims import FOREVER, ClaimVersion, asserts, micros, takes_effect
from projections.knowing import STATEMENTS, Brought, Cluster, Recorded
from projections.policies import Reading
from projections.sources import Sources
from projections.standing import Finding, Hearing, Retraction, Statement, by_one_report, finding, statement

#: What a step does to the hearing, given what was said.
Change = Callable[[Hearing, Any], None]


class Step(NamedTuple):
    """One thing that became known: when on the known axis, in which order among equals, and what it changes."""

    known: int
    position: int
    change: Change | None
    what: Any


class Told(NamedTuple):
    """A development as the log tells it: its own events, from when it is known, and the steps from there on.

    Attributes:
        heard: What bears on its standing before the first step; the steps change it.
    """

    own: Sequence[Recorded]
    start: int
    heard: Hearing
    steps: Sequence[Step]


class Outcome(NamedTuple):
    """What the first fold makes of a development.

    Attributes:
        versions: Its claim versions, in the order of the known axis, neither overlapping nor empty; also of ignored
            standing; none while it is of a kind that bears on no status.
        told: As it was told, heard to the end; None where the reading leaves out every statement that affirms it.
        found: The standing in the end.
    """

    versions: list[ClaimVersion]
    told: Told | None
    found: Finding | None


def outcome(development_id: UUID, recorded: Sequence[Recorded], sources: Sources, reading: Reading) -> Outcome:
    """The first fold of a development.

    Args:
        recorded: Its events and those of all developments merged into it, directly or not, in the order of the log.
        sources: The gradings of sources up to the same position of the log.
    """
    if len(recorded) == 1 and not sources.any_regraded:
        return _reported_once(recorded[0], sources, reading)
    found = told(development_id, recorded, reading)
    if found is None:
        return Outcome([], None, None)
    versions, last = _versions(found, _all_steps(found, recorded, sources, reading), sources, reading)
    return Outcome(versions, found, last or finding(found.heard, sources.as_known(FOREVER)))


def _reported_once(one: Recorded, sources: Sources, reading: Reading) -> Outcome:
    """The same without steps: most developments are reported once, and nobody speaks of them again."""
    event = one.event
    if not isinstance(event, DevelopmentReported):
        raise ValueError(f"development {event.development_id} does not begin with a DevelopmentReported")  # noqa: TRY004
    if not reading.hears(event.report.chain):
        return Outcome([], None, None)
    start = one.position if reading.clock == "recorded" else micros(event.own_time)
    heard = Hearing(event.kind, event.location_id, event.occurred, event.participants)
    said = statement(event.report, one.position, affirms=True)
    heard.statements.append(said)
    found = by_one_report(heard, said, sources.as_known(start))
    told = Told((one,), start, heard, ())
    kind = KINDS[event.kind]
    if kind.facet is None:
        return Outcome([], told, found)
    return Outcome([_version(told, kind, kind.facet, found.standing, reading, start)], told, found)


def claim_versions(
    development_id: UUID, recorded: Sequence[Recorded], sources: Sources, reading: Reading
) -> list[ClaimVersion]:
    """The claim versions of a development; see `Outcome`."""
    return outcome(development_id, recorded, sources, reading).versions


def hearings(
    development_id: UUID, recorded: Sequence[Recorded], sources: Sources, reading: Reading
) -> Iterator[tuple[int, Hearing]]:
    """Each moment at which the standing may change, with the hearing then: one object, changed on the way."""
    found = told(development_id, recorded, reading)
    if found is not None:
        for known in _moments(found.heard, _all_steps(found, recorded, sources, reading)):
            yield known, found.heard


def hearing_at(development_id: UUID, recorded: Sequence[Recorded], reading: Reading, known: int) -> Hearing | None:
    """All that bears on a development's standing as known at a moment; None where it was not known then."""
    found = told(development_id, recorded, reading)
    if found is None or known < found.start:
        return None
    for step in found.steps:
        if step.known <= known and step.change is not None:
            step.change(found.heard, step.what)
    return found.heard


def told(development_id: UUID, recorded: Sequence[Recorded], reading: Reading) -> Told | None:
    """A development as the log tells it; None where the reading leaves out every statement that affirms it.

    Raises:
        ValueError: its first event is not its DevelopmentReported.
    """
    cluster = Cluster(recorded, reading)
    own = cluster.own(development_id)
    first = own[0].event
    if not isinstance(first, DevelopmentReported):
        raise ValueError(f"development {development_id} does not begin with a DevelopmentReported")  # noqa: TRY004
    start = cluster.start(development_id)
    if start is None:
        return None
    steps = [
        Step(max(cluster.own_moment(one), start), one.position, *changes)
        for one in own
        if (changes := _changes(one, reading)) is not None
    ]
    if len(own) < len(recorded):
        steps += _merged_steps(cluster.brought(development_id), start, reading)
    if len(steps) > 1:
        steps.sort(key=_moment)
    return Told(own, start, Hearing(first.kind, first.location_id, first.occurred, first.participants), steps)


_moment = itemgetter(0, 1)


def _all_steps(found: Told, recorded: Sequence[Recorded], sources: Sources, reading: Reading) -> Sequence[Step]:
    """The steps, with those at which a source that speaks is graded otherwise than before."""
    if reading.clock == "reported":
        return found.steps
    regradings = list(_regradings(recorded, found.start, sources))
    return sorted([*found.steps, *regradings], key=_moment) if regradings else found.steps


def _moments(heard: Hearing, steps: Sequence[Step]) -> Iterator[int]:
    """Each moment of the steps once, when all that becomes known at it has changed the hearing."""
    last = len(steps) - 1
    for index, (known, _, change, what) in enumerate(steps):
        if change is not None:
            change(heard, what)
        if index == last or steps[index + 1].known != known:
            yield known


def _changes(one: Recorded, reading: Reading) -> tuple[Change, Any] | None:
    """What an event changes in the hearing of its own development; None where the reading leaves it out."""
    event = one.event
    if isinstance(event, STATEMENTS):
        return _said(one, event, reading)
    if isinstance(event, DevelopmentAssessed):
        return _assess, event.credibility
    if isinstance(event, DevelopmentAmended):
        return _amend, event.changes
    if isinstance(event, DevelopmentMerged):
        return _merge, None
    if isinstance(event, DevelopmentVoided):
        return _void, None
    return _taken_back(one)


def _said(one: Recorded, event: Said, reading: Reading) -> tuple[Change, Any] | None:
    """The change by a statement; None where the reading leaves it out."""
    if not reading.hears(event.report.chain):
        return None
    return _hear, statement(event.report, one.position, affirms=not isinstance(event, DevelopmentDenied))


def _taken_back(one: Recorded) -> tuple[Change, Any] | None:
    event = one.event
    if not isinstance(event, ReportRetracted):
        return None
    return _take_back, Retraction(event.source_id, event.retracted_at, one.position)


def _said_or_taken_back(one: Recorded, reading: Reading) -> tuple[Change, Any] | None:
    """The change by a statement or a retraction: what also counts for a development that this one is merged into."""
    event = one.event
    return _said(one, event, reading) if isinstance(event, STATEMENTS) else _taken_back(one)


def _hear(heard: Hearing, said: Statement) -> None:
    heard.statements.append(said)


def _take_back(heard: Hearing, retraction: Retraction) -> None:
    heard.retractions.append(retraction)


def _assess(heard: Hearing, verdict: int) -> None:
    heard.verdict = verdict


def _merge(heard: Hearing, _: None) -> None:
    heard.merged = True


def _void(heard: Hearing, _: None) -> None:
    heard.void = True


def _amend(heard: Hearing, changes: DevelopmentChanges) -> None:
    for name, value in changed(changes).items():
        if name in ("kind", "location_id", "occurred", "participants"):
            setattr(heard, name, value)


def _silence(heard: Hearing, positions: set[int]) -> None:
    """A voided development brings nothing: what it brought until then is taken out again."""
    heard.statements = [said for said in heard.statements if said.position not in positions]
    heard.retractions = [one for one in heard.retractions if one.position not in positions]


def _merged_steps(brought: Iterable[Brought], start: int, reading: Reading) -> Iterator[Step]:
    """What the developments merged into this one bring; a voided one is silenced again."""
    silenced: dict[int, set[int]] = {}
    for one, known, void_from in brought:
        if void_from > start:
            yield Step(max(known, start), one.position, *(_said_or_taken_back(one, reading) or (None, None)))
            silenced.setdefault(void_from, set()).add(one.position)
    for void_from, positions in silenced.items():
        if void_from < FOREVER:
            yield Step(void_from, 0, _silence, positions)


def _regradings(recorded: Iterable[Recorded], start: int, sources: Sources) -> Iterator[Step]:
    """The positions at which a source in some chain is graded otherwise than before; they may change the standing."""
    if not sources.any_regraded:
        return
    speakers = {source for one in recorded if isinstance(one.event, STATEMENTS) for source in one.event.report.chain}
    for source in speakers:
        for position in sources.regraded(source):
            if position > start:
                yield Step(position, position, None, None)


def _versions(
    told: Told, steps: Sequence[Step], sources: Sources, reading: Reading
) -> tuple[list[ClaimVersion], Finding | None]:
    """The claim versions, and the last standing; None where the kind bore on no status in the end."""
    versions: list[ClaimVersion] = []
    open_version: ClaimVersion | None = None
    found: Finding | None = None
    for known in _moments(told.heard, steps):
        kind = KINDS[told.heard.kind]
        if kind.facet is None:  # as reported, or as amended
            version = found = None
        else:
            found = finding(told.heard, sources.as_known(known))
            version = _version(told, kind, kind.facet, found.standing, reading, known)
        if open_version is not None:
            if version is not None and version[:11] == open_version[:11]:
                continue
            versions.append(open_version._replace(known_until=known))
        open_version = version
    if open_version is not None:
        versions.append(open_version)
    return versions, found


def _version(told: Told, kind: Kind, facet: str, standing: str, reading: Reading, known: int) -> ClaimVersion:
    """What the development claims from a step on, until further notice."""
    first, heard, occurred = told.own[0], told.heard, told.heard.occurred
    assert isinstance(first.event, DevelopmentReported)
    published_at = first.event.report.published_at
    return ClaimVersion(
        first.event.development_id,
        heard.location_id,
        facet,
        takes_effect(kind, occurred.start, occurred.end, published_at),
        published_at,
        first.position,
        asserts(kind, heard.participants),
        standing,
        reading.policy.bearing[standing],
        occurred.start,
        occurred.end,
        known,
        FOREVER,
    )

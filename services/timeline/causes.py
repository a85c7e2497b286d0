"""Why a status changed, in words: the events that became known at that moment and concern the claims that changed."""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from events import developments as d
from events import reference as r
from events.log import Log
from events.recorded import RecordedEvent
from events.records import Event, changed
from events.undecodable import Undecodable
from events.vocabulary import CREDIBILITY_WORDS, RELIABILITY_WORDS
from projections import views
from projections.claims import ClaimVersion, asserted, is_withdrawal
from projections.knowing import Cluster, Recorded
from projections.mergers import with_merged
from projections.replaying import Step
from services.timeline.asked import Asked
from services.timeline.narration import Names, assertion_words
from services.timeline.wire_replay import Cause

#: The events that caused each step, by the moment of the known axis and what changed then.
Found = Callable[[Step], list[RecordedEvent[Any]]]


def finder(log: Log, asked: Asked, steps: Collection[Step]) -> Found:
    """Look up what caused some steps, all at once."""
    if asked.view.reading.clock == "recorded":
        by_position = _at(log, {one.known for one in steps})
        return lambda step: [by_position[step.known]] if step.known in by_position else []
    return _published(log, asked, {claim.development_id for step in steps for claim in step.claims})


def _at(log: Log, positions: Collection[int]) -> dict[int, RecordedEvent[Event]]:
    return {one.position: one for one in log.at(positions)}


def _published(log: Log, asked: Asked, developments: Collection[UUID]) -> Found:
    """On the reported clock: what became known of a development, or of what is merged into it, at that moment."""
    into = dict(views.mergers_around(asked.connection, asked.view, developments))
    members = with_merged(developments, into)
    every = log.whole_streams(
        asked.connection, {one for found in members.values() for one in found}, asked.known_position
    )
    by_development: dict[UUID, list[Recorded]] = {}
    for one in every:
        if not isinstance(one.event, Undecodable):
            by_development.setdefault(one.event.development_id, []).append(one)

    def found(step: Step) -> list[RecordedEvent[Any]]:
        causes: dict[int, RecordedEvent[Any]] = {}
        for development in {claim.development_id for claim in step.claims}:
            recorded = [one for member in members[development] for one in by_development.get(member, ())]
            cluster = Cluster(sorted(recorded, key=lambda one: one.position), asked.view.reading)
            became = [(one, cluster.known(one)) for one in cluster.own(development)]
            became += [(one.recorded, one.known) for one in cluster.brought(development)]
            became += cluster.mergers(development)
            causes |= {one.position: one for one, known in became if known == step.known}
        return [causes[position] for position in sorted(causes)]

    return found


def cause(recorded: RecordedEvent[Any], step: Step, names: Names) -> Cause:
    """One cause in words: who said what."""
    event = recorded.event
    development = event.development_id if isinstance(event, d.DevelopmentEvent) else None
    tell = _WORDS.get(type(event), _unreadable)
    about = {development, getattr(event, "into_id", None)}
    claim = next((one for one in step.claims if one.development_id in about), None)
    said = tell(event, _claimed(claim, names) if claim else "what is claimed", names)
    kind = "Undecodable" if isinstance(event, Undecodable) else type(event).__name__
    return Cause(recorded.position, kind, str(development) if development else None, said)


def _claimed(claim: ClaimVersion, names: Names) -> str:
    said = asserted(claim.assertion)
    if is_withdrawal(claim.assertion):
        return f"{names.actors(said.holders)} withdrew"
    return assertion_words(said, names)


def _who(event: Any, names: Names) -> str:
    return names.chain(event.report.chain) + ("," if len(event.report.chain) > 1 else "")


def _reported(event: Any, claimed: str, names: Names) -> str:
    return f"{_who(event, names)} reported: {claimed}"


def _corroborated(event: Any, claimed: str, names: Names) -> str:
    return f"{_who(event, names)} reported too: {claimed}"


def _denied(event: Any, claimed: str, names: Names) -> str:
    return f"{_who(event, names)} denied: {claimed}"


def _assessed(event: Any, claimed: str, _: Names) -> str:
    return f"{event.analyst or 'an analyst'} judged it {CREDIBILITY_WORDS[event.credibility]}: {claimed}"


def _retracted(event: Any, claimed: str, names: Names) -> str:
    return f"{names.source(event.source_id)} took back: {claimed}"


def _amended(event: Any, claimed: str, _: Names) -> str:
    return f"the record was corrected ({', '.join(changed(event.changes))}): {claimed}"


def _merged(_event: Any, claimed: str, _: Names) -> str:
    return f"two records were found to be of one development: {claimed}"


def _voided(_event: Any, claimed: str, _: Names) -> str:
    return f"it was recorded by mistake: {claimed}"


def _graded(event: Any, _claimed: str, names: Names) -> str:
    return f"{names.source(event.source_id)} is graded {event.reliability}, {RELIABILITY_WORDS[event.reliability]}"


def _aligned(event: Any, _claimed: str, names: Names) -> str:
    with_whom = names.actors(event.aligned_with) if event.aligned_with else "nobody"
    return f"{names.source(event.source_id)} is stated to be aligned with {with_whom}"


def _protected(event: Any, _claimed: str, names: Names) -> str:
    now = "sensitive: who it is is told to analysts alone" if event.sensitive else "not sensitive any more"
    return f"{names.source(event.source_id)} is {now}"


def _unreadable(_event: Any, claimed: str, _: Names) -> str:
    return f"an event that this program cannot tell: {claimed}"


_WORDS: Final[Mapping[type[Event], Callable[[Any, str, Names], str]]] = MappingProxyType(
    {
        d.DevelopmentReported: _reported,
        d.DevelopmentCorroborated: _corroborated,
        d.DevelopmentDenied: _denied,
        d.DevelopmentAssessed: _assessed,
        d.ReportRetracted: _retracted,
        d.DevelopmentAmended: _amended,
        d.DevelopmentMerged: _merged,
        d.DevelopmentVoided: _voided,
        r.SourceRegistered: _graded,
        r.SourceReliabilityAssessed: _graded,
        r.SourceAlignmentStated: _aligned,
        r.SourceProtected: _protected,
    }
)

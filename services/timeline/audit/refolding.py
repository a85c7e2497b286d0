"""The events of an evidence bundle folded again to a status, with the folds of `projections` and nothing else (pure).

The events are not a whole log: their positions have gaps. All rules go by positions and times, never by how many events
lie between, so that the same claims come out; that nothing which bears on the place is missing is attested, not proved.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from events.developments import DevelopmentEvent, DevelopmentMerged
from events.recorded import RecordedEvent
from events.vocabulary import FACETS
from projections.claim_list import ClaimList
from projections.claims import ClaimVersion, known_claims, micros
from projections.mergers import with_merged
from projections.policies import Reading
from projections.sources import Sources
from projections.status import Status, status_at
from projections.versions import claim_versions
from services.timeline import wire
from services.timeline.audit.contents import Question, StatusProved


def refolded(question: Question, recorded: Sequence[RecordedEvent[Any]]) -> StatusProved:
    """The status that follows from events, as a bundle has it.

    Args:
        recorded: In the order of the log; those after the position that the question names are passed over.

    Raises:
        ValueError: events that no log of ours has in this order, or a policy that is unknown here.
    """
    known_then = [one for one in recorded if one.position <= question.known_position]
    reading = question.reading()
    known = question.known_position if reading.clock == "recorded" else micros(_moment(question.known_at))
    here = [one for one in _versions(known_then, reading) if one.location_id == question.location_id]
    claims = {facet: known_claims(here, facet, known) for facet in FACETS}
    at = _moment(question.at)
    control, access = (_status(claims[facet], at) for facet in ("control", "access"))
    return StatusProved(
        question.location_id,
        question.at,
        question.known_at,
        question.known_position,
        question.view,
        question.policy,
        question.clock,
        wire.facet_status(control),
        wire.facet_status(access) if claims["access"] else None,
    )


def _status(claims: Sequence[ClaimVersion], at: datetime) -> Status:
    return status_at(ClaimList(claims), at)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _versions(recorded: Sequence[RecordedEvent[Any]], reading: Reading) -> Iterable[ClaimVersion]:
    """The claim versions of every development, each folded with all that is merged into it."""
    sources = Sources(reading.clock)
    own: dict[UUID, list[RecordedEvent[Any]]] = {}
    into: dict[UUID, UUID] = {}
    for one in recorded:
        sources.learn(one.position, one.event)
        if isinstance(one.event, DevelopmentEvent):
            own.setdefault(one.event.development_id, []).append(one)
        if isinstance(one.event, DevelopmentMerged):
            into[one.event.development_id] = one.event.into_id
    for development, members in with_merged(set(own), into).items():
        events = sorted((one for member in members for one in own.get(member, ())), key=lambda one: one.position)
        yield from claim_versions(development, events, sources, reading)

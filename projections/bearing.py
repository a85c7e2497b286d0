"""Which events bear on the status of a place, and the status folded again from those alone (pure).

A review shows them; an evidence bundle carries them to somebody who has no database, and who folds them with the functions
here. So nothing is missing, and little is there that need not be: of every development that ever claimed anything of the
place, all events, also from before it was moved there and after it was moved away; of every development that mergers lead
to or from it, all events; and of the sources, actors and locations that those name, everything that was stated. What bears on
the places below, and so on the roll-up, is theirs.

Positions keep the numbers that they have in the log: a fold counts moments by them and asks for no neighbours.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from events.developments import (
    DevelopmentAmended,
    DevelopmentEvent,
    DevelopmentMerged,
    DevelopmentReported,
    ReportRetracted,
)
from events.recorded import RecordedEvent, reference_stream, stream_id
from events.records import changed
from events.reference import LocationRegistered, LocationRevised, SourceAlignmentStated, SourceRegistered
from events.vocabulary import FACETS, KINDS, Facet
from projections.claim_list import ClaimList
from projections.claims import FOREVER, ClaimVersion, known_claims
from projections.knowing import Recorded
from projections.mergers import with_merged
from projections.policies import Reading
from projections.sources import Sources
from projections.status import Status, status_at
from projections.versions import claim_versions

AnyRecorded = RecordedEvent[Any]


class Bearing(NamedTuple):
    """What bears on the status of a place as known by a log position.

    Attributes:
        known_position: Up to here the log was read; on the reported clock also what was published later is among it.
        developments: Those that ever claimed anything of the place, by their first event.
        merged: Further ones that mergers lead to or from, directly or not, by their first event.
        sources, actors, locations: Ids that those name, and the locations that contain such a location; sorted.
        positions: Of every event about any of these, in the order of the log.
        set_aside: Developments that the view could not fold, each with the position from which on it waits.
    """

    location_id: str
    known_position: int
    developments: tuple[UUID, ...]
    merged: tuple[UUID, ...]
    sources: tuple[str, ...]
    actors: tuple[str, ...]
    locations: tuple[str, ...]
    positions: tuple[int, ...]
    set_aside: Mapping[UUID, int]

    @property
    def streams(self) -> set[UUID]:
        """The streams of the log that bear on the status."""
        named = [("source", self.sources), ("actor", self.actors), ("location", self.locations)]
        return {
            *self.developments,
            *self.merged,
            *(reference_stream(kind, one) for kind, ids in named for one in ids),
        }


class Named(NamedTuple):
    """The ids that some events name."""

    sources: set[str]
    actors: set[str]
    locations: set[str]


def bearing(
    location_id: str,
    recorded: Iterable[AnyRecorded],
    reading: Reading,
    known_position: int,
    set_aside: Mapping[UUID, int] | None = None,
) -> Bearing:
    """What bears on the status of a place.

    Args:
        recorded: A whole log, or any part of it in order that holds at least what bears on the status.
        set_aside: Developments that the view could not fold, with the position from which on each waits.
    """
    read = [one for one in recorded if one.position <= known_position]
    own = [one for one in read if isinstance(one.event, DevelopmentEvent)]
    here = put_at(location_id, own, reading)
    whole = with_mergers(here, own)
    named = named_by(read, whole, location_id)
    first = {one.event.development_id: one.position for one in reversed(own)}
    found = Bearing(
        location_id=location_id,
        known_position=known_position,
        developments=tuple(sorted(here, key=first.__getitem__)),
        merged=tuple(sorted(whole - here, key=lambda one: first.get(one, FOREVER))),
        sources=tuple(sorted(named.sources)),
        actors=tuple(sorted(named.actors)),
        locations=tuple(sorted(named.locations)),
        positions=(),
        set_aside={one: position for one, position in (set_aside or {}).items() if one in whole},
    )
    streams = found.streams
    return found._replace(positions=tuple(sorted(one.position for one in read if stream_id(one.event) in streams)))


def put_at(location_id: str, own: Sequence[Recorded], reading: Reading) -> set[UUID]:
    """The developments that ever claimed anything of a place: in the order of the log, or of the clock of a reading.

    Amendments that stand in another order on the reported clock may have made a claim of a place there alone.
    """
    found: set[UUID] = set()
    for development_id, events in _by_development(own).items():
        contents = list(_contents(events))
        if any(_claims(location_id, one) for one in contents):
            found.add(development_id)
        elif len(contents) > 2 and reading.clock == "reported":
            around = with_mergers([development_id], own)
            versions = folded_again((one for one in own if one.event.development_id in around), reading)
            if any((one.development_id, one.location_id) == (development_id, location_id) for one in versions):
                found.add(development_id)
    return found


def _by_development(own: Iterable[Recorded]) -> dict[UUID, list[Recorded]]:
    found: dict[UUID, list[Recorded]] = {}
    for one in own:
        found.setdefault(one.event.development_id, []).append(one)
    return found


def _contents(events: Iterable[Recorded]) -> Iterator[Mapping[str, Any]]:
    """The content of a development as reported, and after each amendment in the order of the log."""
    content: dict[str, Any] = {}
    for one in events:
        said = _content(one.event)
        if said:
            content |= said
            yield dict(content)


def _claims(location_id: str, content: Mapping[str, Any]) -> bool:
    return content.get("location_id") == location_id and KINDS[content.get("kind", "other")].facet is not None


def with_mergers(developments: Collection[UUID], own: Iterable[Recorded]) -> set[UUID]:
    """Some developments, and all that mergers lead to or from, directly or not."""
    beside: dict[UUID, set[UUID]] = {}
    for one in own:
        if isinstance(one.event, DevelopmentMerged):
            beside.setdefault(one.event.development_id, set()).add(one.event.into_id)
            beside.setdefault(one.event.into_id, set()).add(one.event.development_id)
    found, waiting = set(developments), list(developments)
    while waiting:
        more = beside.get(waiting.pop(), set()) - found
        found |= more
        waiting.extend(more)
    return found


def named_by(recorded: Sequence[AnyRecorded], developments: Collection[UUID], location_id: str) -> Named:
    """What the events of some developments name, with whom their sources are aligned, and what contains their places."""
    named = Named(set(), set(), {location_id})
    for one in recorded:
        if getattr(one.event, "development_id", None) in developments:
            _name(one.event, named)
    for one in recorded:
        if isinstance(one.event, SourceRegistered | SourceAlignmentStated) and one.event.source_id in named.sources:
            named.actors.update(one.event.aligned_with)
    parents = parents_stated(recorded)
    waiting = list(named.locations)
    while waiting:
        above = parents.get(waiting.pop(), set()) - named.locations
        named.locations.update(above)
        waiting.extend(above)
    return named


def parents_stated(recorded: Iterable[AnyRecorded]) -> dict[str, set[str]]:
    """Each location with every parent that was ever stated of it."""
    parents: dict[str, set[str]] = {}
    for one in recorded:
        if isinstance(one.event, LocationRegistered):
            parent = one.event.parent_id
        elif isinstance(one.event, LocationRevised):
            parent = changed(one.event.changes).get("parent_id")
        else:
            continue
        if parent is not None:
            parents.setdefault(one.event.location_id, set()).add(parent)
    return parents


def folded_again(
    recorded: Iterable[AnyRecorded], reading: Reading, set_aside: Mapping[UUID, int] | None = None
) -> list[ClaimVersion]:
    """The claim versions of every development among some events, in the order of the log: the first fold over those alone.

    Args:
        set_aside: What the view could not fold, and from which position on: it rests on the events before.
    """
    sources, own, aside = Sources(reading.clock), [], set_aside or {}
    for one in recorded:
        sources.learn(one.position, one.event)
        if isinstance(one.event, DevelopmentEvent):
            own.append(one)
    into = {one.event.development_id: one.event.into_id for one in own if isinstance(one.event, DevelopmentMerged)}
    events = _by_development(own)
    found: list[ClaimVersion] = []
    for development_id, members in with_merged(events.keys(), into).items():
        until = aside.get(development_id, FOREVER)
        of_it = sorted(
            (one for member in members for one in events.get(member, ()) if one.position < until),
            key=lambda one: one.position,
        )
        if any(one.event.development_id == development_id for one in of_it):
            found += claim_versions(development_id, of_it, sources, reading)
    return found


def status_again(
    versions: Iterable[ClaimVersion], location_id: str, at: datetime, known: int
) -> tuple[Status, Status | None]:
    """The status of control of a place, and that of access where a claim bears on it: the second fold.

    Args:
        versions: As `folded_again` gives them.
        known: The moment of the known axis as the clock counts: the log position, or `micros` of a time.
    """
    here = [one for one in versions if one.location_id == location_id]
    control, access = (_status(here, facet, at, known) for facet in FACETS)
    return control or status_at(ClaimList([]), at), access


def _status(here: Iterable[ClaimVersion], facet: Facet, at: datetime, known: int) -> Status | None:
    claims = known_claims(here, facet, known)
    return status_at(ClaimList(claims), at) if claims else None


def _name(event: Any, named: Named) -> None:
    """Note what an event about a development names."""
    said = _content(event)
    named.actors.update(one.actor_id for one in said.get("participants", ()))
    named.locations.update(one for one in (said.get("location_id"), said.get("destination_id")) if one is not None)
    report = getattr(event, "report", None)
    if report is not None:
        named.sources.update(report.chain)
    if isinstance(event, ReportRetracted):
        named.sources.add(event.source_id)


def _content(event: Any) -> Mapping[str, Any]:
    """What an event makes of the content of its development, field by field."""
    if isinstance(event, DevelopmentReported):
        return {name: getattr(event, name) for name in ("kind", "location_id", "participants", "destination_id")}
    return changed(event.changes) if isinstance(event, DevelopmentAmended) else {}

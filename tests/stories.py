"""Builders that read as sentences: a tiny history of a place, told claim by claim, and asked with the real folds.

Times are written short: "12-02" is that day of 2024 at 00:00 UTC, "12-02T20:00" that hour.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import msgspec

from events.developments import DevelopmentEvent, DevelopmentMerged
from events.recorded import RecordedEvent
from events.records import Event
from events.shape import AnyEvent
from projections.claim_list import ClaimList
from projections.claims import ClaimVersion, known_claims, micros
from projections.mergers import with_merged
from projections.policies import POLICIES, Clock, Reading
from projections.sources import Sources
from projections.status import Status, status_at
from projections.versions import claim_versions
from services.timeline import wire

NAMES = UUID("12345678-1234-5678-1234-567812345678")


def when(text: str | datetime) -> datetime:
    """A short time of 2024 as a moment."""
    if isinstance(text, datetime):
        return text
    return datetime.fromisoformat(f"2024-{text}").replace(tzinfo=UTC)


class Story:
    """A history that grows by sentences. Each claim is reported by `by_source`, by default a neutral, usable monitor."""

    def __init__(self, clock: Clock = "reported", policy: str = "assessed", **choices: frozenset[str]) -> None:
        self.reading = Reading(clock=clock, policy=POLICIES[policy], **choices)
        self.events: list[Event] = []
        self.last = UUID(int=0)
        self.source("monitor", "B").source("saa-media", "D", "saa").source("hts-media", "D", "hts")
        self.source("agency", "A").source("rumour", "F").source("gossip", "E")

    def tell(self, type: str, **fields: Any) -> "Story":  # noqa: A002  (the word of API.md)
        """Any event, by its JSON fields."""
        self.events.append(msgspec.convert({"type": type, **fields}, AnyEvent))
        return self

    def source(self, source_id: str, reliability: str, *aligned_with: str) -> "Story":
        return self.tell(
            "SourceRegistered",
            source_id=source_id,
            name=source_id,
            kind="other",
            reliability=reliability,
            aligned_with=list(aligned_with),
        )

    def claim(
        self,
        kind: str,
        place: str,
        roles: Mapping[str, Sequence[str]],
        start: str,
        *,
        end: str | None = None,
        published: str | None = None,
        by_source: str | Sequence[str] = "monitor",
        credibility: int | None = 2,
    ) -> "Story":
        """A development and its first report. It lasts a day from `start`, and is published when it starts."""
        begins = when(start)
        ends = when(end) if end else begins + timedelta(days=1)
        self.last = uuid5(NAMES, str(len(self.events)))
        return self.tell(
            "DevelopmentReported",
            development_id=str(self.last),
            kind=kind,
            location_id=place,
            occurred={"start": begins.isoformat(), "end": ends.isoformat(), "precision": "day"},
            participants=[{"actor_id": actor, "role": role} for role, actors in roles.items() for actor in actors],
            summary="Said.",
            report=self.report(by_source, published or start, credibility),
        )

    def report(self, chain: str | Sequence[str], published: str, credibility: int | None = 2) -> dict[str, Any]:
        return {
            "chain": [chain] if isinstance(chain, str) else list(chain),
            "published_at": when(published).isoformat(),
            "credibility": credibility,
        }

    def held(self, place: str, *, by: str, since: str, **how: Any) -> "Story":
        return self.claim("held", place, {"holder": [by]}, since, **how)

    def captured(self, place: str, *, by: str, on: str, from_: str | None = None, **how: Any) -> "Story":
        roles = {"holder": [by]} | ({"former_holder": [from_]} if from_ else {})
        return self.claim("captured", place, roles, on, **how)

    def withdrawn(self, place: str, *, by: Sequence[str], on: str, **how: Any) -> "Story":
        return self.claim("withdrawn", place, {"former_holder": by}, on, **how)

    def shared(self, place: str, *, by: Sequence[str], since: str, **how: Any) -> "Story":
        return self.claim("shared", place, {"holder": by}, since, **how)

    def contested(self, place: str, *, by: str, against: str, since: str, **how: Any) -> "Story":
        return self.claim("contested", place, {"holder": [by], "challenger": [against]}, since, **how)

    def corroborated(self, by_source: str | Sequence[str], at: str, credibility: int | None = 2) -> "Story":
        report = self.report(by_source, at, credibility)
        return self.tell("DevelopmentCorroborated", development_id=str(self.last), report=report)

    def denied(self, by_source: str | Sequence[str], at: str, credibility: int | None = 2) -> "Story":
        report = self.report(by_source, at, credibility)
        return self.tell("DevelopmentDenied", development_id=str(self.last), report=report, reason="no")

    def assessed(self, development_id: UUID, *, credibility: int, at: str) -> "Story":
        return self.tell(
            "DevelopmentAssessed",
            development_id=str(development_id),
            credibility=credibility,
            analyst="desk",
            assessed_at=when(at).isoformat(),
            method="geolocation",
            reasoning="seen",
        )

    def retracted(self, by_source: str, at: str) -> "Story":
        said = {"development_id": str(self.last), "source_id": by_source, "retracted_at": when(at).isoformat()}
        return self.tell("ReportRetracted", **said, reason="wrong")

    def amended(self, at: str, **changes: Any) -> "Story":
        said = {"development_id": str(self.last), "amended_at": when(at).isoformat()}
        return self.tell("DevelopmentAmended", **said, changes=changes, reason="corrected")

    def merged(self, development_id: UUID, into: UUID, at: str) -> "Story":
        said = {"development_id": str(development_id), "into_id": str(into), "merged_at": when(at).isoformat()}
        return self.tell("DevelopmentMerged", **said, reason="the same")

    def voided(self, development_id: UUID, at: str) -> "Story":
        said = {"development_id": str(development_id), "voided_at": when(at).isoformat()}
        return self.tell("DevelopmentVoided", **said, reason="typed twice")

    def recorded(self) -> list[RecordedEvent[Any]]:
        """The story as the log would hold it: one event a minute in 2026."""
        return [as_recorded(event, position) for position, event in enumerate(self.events, start=1)]

    def versions(self) -> list[ClaimVersion]:
        """The claim versions of every development."""
        return folded(self.recorded(), self.reading)

    def standing(self, known_at: str | int = "12-31", development_id: UUID | None = None) -> str:
        """The standing of the last development told, as known at a time (or position, on the recorded clock)."""
        wanted = development_id or self.last
        known = known_at if isinstance(known_at, int) else micros(when(known_at))
        return next(one.standing for one in self.versions() if one.development_id == wanted and one.known(known))

    def raw_status(self, place: str, at: str, known_at: str | int = "12-31", facet: str = "control") -> Status:
        known = known_at if isinstance(known_at, int) else micros(when(known_at))
        here = [one for one in self.versions() if one.location_id == place]
        return status_at(ClaimList(known_claims(here, facet, known)), when(at))

    def status(self, place: str, at: str, known_at: str | int = "12-31", facet: str = "control") -> wire.FacetStatus:
        """The status of a place in the shape of the API."""
        return wire.facet_status(self.raw_status(place, at, known_at, facet))


def as_recorded(event: Event, position: int) -> RecordedEvent[Any]:
    """An event as the log would hold it at a position."""
    return RecordedEvent(
        position=position,
        recorded_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=position),
        recorded_by="story",
        event_id=UUID(int=position),
        version=1,
        event=event,
    )


def folded(recorded: Sequence[RecordedEvent[Any]], reading: Reading) -> list[ClaimVersion]:
    """The claim versions of every development of a log, each folded with all that is merged into it."""
    sources = Sources(reading.clock)
    for one in recorded:
        sources.learn(one.position, one.event)
    own = [one for one in recorded if isinstance(one.event, DevelopmentEvent)]
    into = {one.event.development_id: one.event.into_id for one in own if isinstance(one.event, DevelopmentMerged)}
    found: list[ClaimVersion] = []
    for development, members in with_merged({one.event.development_id for one in own}, into).items():
        mine = [one for one in own if one.event.development_id in members]
        found += claim_versions(development, mine, sources, reading)
    return found

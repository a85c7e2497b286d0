"""Logs to measure with: thousands of places, one of them crowded, told in three orders of arrival."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid5

import msgspec

from events.appends import Held, NewEvent
from events.log import Log
from events.recorded import stream_id
from events.records import Event
from events.shape import AnyEvent

ARRIVALS = ("as published", "shuffled", "newest first")
CROWDED = "p-crowded"
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 330

_NAMES = UUID("8f1d2b6e-0000-4000-8000-000000000000")
_ACTORS = tuple(f"actor-{number}" for number in range(6))
_GRADES = "ABBBCCCDDEF"
_KINDS = (
    "captured",
    "captured",
    "captured",
    "held",
    "held",
    "held",
    "held",
    "withdrawn",
    "contested",
    "shared",
    "clash",
)


def place(number: int) -> str:
    return f"p-{number:05}"


def reference(places: int) -> list[Event]:
    """The places (the crowded one too), the actors and forty sources."""
    random = Random(0)
    said: list[dict[str, Any]] = [
        {"type": "ActorRegistered", "actor_id": actor, "name": actor, "kind": "other"} for actor in _ACTORS
    ]
    said += [
        {"type": "LocationRegistered", "location_id": location_id, "name": location_id, "kind": "town"}
        for location_id in (*map(place, range(1, places)), CROWDED)
    ]
    said += [
        {
            "type": "SourceRegistered",
            "source_id": f"source-{number}",
            "name": f"Source {number}",
            "kind": "other",
            "reliability": random.choice(_GRADES),
            "aligned_with": [random.choice(_ACTORS)] if number % 3 == 0 else [],
        }
        for number in range(40)
    ]
    return [_event(one) for one in said]


def developments(events: int, places: int, crowded: int, seed: int = 1) -> list[list[Event]]:
    """Developments, each with what concerns it, as so many events about so many places; `crowded` claims at one place."""
    random = Random(seed)
    found: list[list[Event]] = []
    told = 0
    while told < events:
        at = CROWDED if len(found) < crowded else place(random.randrange(1, places))
        found.append(_development(random, len(found), at)[: events - told])
        told += len(found[-1])
    return found


def _development(random: Random, number: int, at: str) -> list[Event]:
    development = str(uuid5(_NAMES, str(number)))
    start = BEGIN + timedelta(minutes=random.randrange(DAYS * 24 * 60))
    length = random.choice((timedelta(0), timedelta(hours=6), timedelta(days=1), timedelta(days=1), timedelta(days=7)))
    published = start + timedelta(minutes=random.randrange(60 * 36))
    kind = random.choice(_KINDS if at != CROWDED else _KINDS[:-1])
    one, two = random.sample(_ACTORS, 2)
    roles = {
        "captured": ("holder", "former_holder"), "held": ("holder", "challenger"), "withdrawn": ("former_holder", "challenger"),
        "contested": ("holder", "challenger"), "shared": ("holder", "holder"), "clash": ("initiator", "target"),
    }[kind]  # fmt: skip
    said: list[dict[str, Any]] = [
        {
            "type": "DevelopmentReported",
            "development_id": development,
            "kind": kind,
            "location_id": at,
            "occurred": {"start": start.isoformat(), "end": (start + length).isoformat(), "precision": "day"},
            "participants": [{"actor_id": one, "role": roles[0]}, {"actor_id": two, "role": roles[1]}],
            "summary": "A development that somebody reported, in a sentence of the usual length for such things.",
            "tags": ["bench"],
            "report": _report(random, published),
        }
    ]
    if random.random() < 0.2:
        report = _report(random, published + timedelta(minutes=random.randrange(1, 2000)))
        said.append({"type": "DevelopmentCorroborated", "development_id": development, "report": report})
    if random.random() < 0.07:
        report = _report(random, published + timedelta(minutes=random.randrange(1, 3000)))
        said.append({"type": "DevelopmentDenied", "development_id": development, "report": report, "reason": "No."})
    if random.random() < 0.08:
        verdict = {
            "credibility": random.choice((1, 2, 2, 3, 5)),
            "analyst": "desk",
            "method": "x",
            "reasoning": "Seen.",
        }
        moment = published + timedelta(minutes=random.randrange(1, 5000))
        said.append(
            {"type": "DevelopmentAssessed", "development_id": development, "assessed_at": moment.isoformat(), **verdict}
        )
    return [_event(one) for one in said]


def _report(random: Random, published: datetime) -> dict[str, Any]:
    chain = random.sample([f"source-{number}" for number in range(40)], random.choice((1, 1, 1, 2)))
    return {"chain": chain, "published_at": published.isoformat(), "credibility": random.choice((1, 2, 3, 3, 4, None))}


def _event(said: dict[str, Any]) -> Event:
    event: Event = msgspec.convert(said, AnyEvent)
    return event


def arrived(found: Sequence[Sequence[Event]], arrival: str) -> list[Event]:
    """All the events in an order of arrival; a development always comes before what concerns it."""
    whole = list(found)
    if arrival == "shuffled":
        Random(2).shuffle(whole)
        return [event for events in whole for event in events]
    if arrival == "newest first":
        whole.sort(key=lambda events: _moment(events[0]), reverse=True)
        return [event for events in whole for event in events]
    return sorted((event for events in whole for event in events), key=_moment)


def _moment(event: Event) -> datetime:
    moment: datetime = event.report.published_at if hasattr(event, "report") else event.assessed_at  # type: ignore[attr-defined]
    return moment


def said_by(event: Event, source_id: str) -> Event:
    """The same report by another source."""
    report = msgspec.structs.replace(event.report, chain=(source_id,))  # type: ignore[attr-defined]
    return msgspec.structs.replace(event, report=report)


def append(log: Log, events: Sequence[Event], batch: int = 1000, seed: int = 0) -> Iterator[int]:
    """Append events straight to the log, without the intake's questions; how many are in, after each batch.

    Args:
        seed: Another one for each call about the same log: it makes the event ids.
    """
    versions: dict[UUID, int] = {}
    for start in range(0, len(events), batch):
        new = []
        for number, event in enumerate(events[start : start + batch], start=start):
            stream = stream_id(event)
            versions[stream] = versions.get(stream, 0) + 1
            event_id = uuid5(_NAMES, f"event {number} {seed}" if seed else f"event {number}")
            new.append(NewEvent(event=event, event_id=event_id, version=versions[stream], recorded_by="bench"))
        log.append(_always(new))
        yield start + len(new)


def _always(new: list[NewEvent]) -> Any:
    def decide(_: Held) -> list[NewEvent]:
        return new

    return decide

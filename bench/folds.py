"""Both folds, alone and in memory: 100,000 events about 5,000 places, one with 20,000 claims, in three orders of arrival.

The first fold turns each development's events into claim versions, the second one each place's claim versions into its
belief map (the crowded place too). The orders of arrival alternate; what counts is the slowest against the fastest.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from bench import histories
from bench.ground import median, say, working
from events.developments import DevelopmentEvent
from events.recorded import RecordedEvent
from events.records import Event
from projections.beliefs import rectangles
from projections.claims import ClaimVersion, known_claims
from projections.policies import Reading
from projections.sources import Sources
from projections.status import stretches
from projections.versions import claim_versions

EVENTS, PLACES, CROWDED = 100_000, 5_000, 20_000
ROUNDS = 3


def run() -> None:
    """Print a row for each order of arrival, and the ratio of the slowest to the fastest."""
    say(
        f"both folds, in memory: {EVENTS:,} events, {PLACES:,} places, {CROWDED:,} claims at one of them; medians of {ROUNDS}"
    )
    developments = histories.developments(EVENTS, PLACES, CROWDED)
    reference = histories.reference(PLACES)
    logs = {
        arrival: _recorded([*reference, *histories.arrived(developments, arrival)]) for arrival in histories.ARRIVALS
    }
    took: dict[str, list[tuple[float, float, int]]] = {arrival: [] for arrival in logs}
    for round_ in range(ROUNDS):
        for arrival, log in logs.items():
            took[arrival].append(_both(log))
            working(f"round {round_ + 1}: {arrival} {sum(took[arrival][-1][:2]):.2f} s")
    totals = {}
    for arrival, rounds in took.items():
        first, second = median([one[0] for one in rounds]), median([one[1] for one in rounds])
        totals[arrival] = first + second
        drawn = rounds[0][2]
        say(
            f"{arrival:14} first fold {first:5.2f} s   second fold {second:5.2f} s   together {first + second:5.2f} s   "
            f"{drawn:,} rectangles"
        )
    say(f"slowest / fastest order of arrival: {max(totals.values()) / min(totals.values()):.2f}x")


def _recorded(events: Sequence[Event]) -> list[RecordedEvent[Any]]:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        RecordedEvent(
            position=position,
            recorded_at=begin + timedelta(microseconds=position),
            recorded_by="bench",
            event_id=UUID(int=position),
            version=1,
            event=event,
        )
        for position, event in enumerate(events, start=1)
    ]


def _both(log: Sequence[RecordedEvent[Any]]) -> tuple[float, float, int]:
    """Seconds of the first and of the second fold, and how many rectangles came out."""
    before = time.perf_counter()
    sources, reading = Sources("recorded"), Reading()
    streams: dict[UUID, list[RecordedEvent[Any]]] = defaultdict(list)
    for one in log:
        sources.learn(one.position, one.event)
        if isinstance(one.event, DevelopmentEvent):
            streams[one.event.development_id].append(one)
    places: dict[str, list[ClaimVersion]] = defaultdict(list)
    for development, recorded in streams.items():
        for version in claim_versions(development, recorded, sources, reading):
            places[version.location_id].append(version)
    between = time.perf_counter()
    drawn = 0
    for versions in places.values():
        drawn += sum(1 for _ in rectangles(versions))
        stretches(known_claims(versions, "control", len(log)))
    return between - before, time.perf_counter() - between, drawn

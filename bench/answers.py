"""Answers of the service compared with the slow, obvious reading of the rules: 10,000 random (place, at, known at).

News-like logs in three orders of arrival, asked on both clocks. What a place's claims are, the reference finds development
by development (with what is merged into it): it looks at every event for every question, and could not read a whole log.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from random import Random
from typing import Any

import msgspec

from bench import news
from bench.ground import fresh_timeline, say, working
from bench.news_world import BEGIN, DAYS
from events.records import Event
from events.vocabulary import FACETS
from projections.claims import asserted
from projections.status import MAX_CONFLICTING, Status
from services.timeline.composition import Timeline
from tests.plain_rules import PlainRules

EVENTS, PLACES = 5_000, 300
QUESTIONS = 10_000
CLOCKS = {"current": "recorded", "published": "reported"}

#: A question: a place, a moment in the world, and a position or a moment of publication.
Question = tuple[str, Any, Any]


def run() -> None:
    """Print how many answers differ, and the first that does; fail where any does."""
    say(f"random answers of the service against the slow reference: {EVENTS:,} news-like events, {PLACES:,} places")
    differ = asked = 0
    for arrival in news.ARRIVALS:
        with fresh_timeline() as timeline:
            news.load(timeline.log, EVENTS, arrival, places=PLACES)
            timeline.follower.follow()
            for view, clock in CLOCKS.items():
                count = QUESTIONS // (len(news.ARRIVALS) * len(CLOCKS)) + 1
                found = compared(timeline, view, clock, count)
                asked += count
                differ += len(found)
                say(f"{arrival:14} {view:10} {count:,} answers, {len(found)} differ {found[:1] or ''}")
    say(f"{asked:,} answers, {differ} differ")
    if differ:
        raise SystemExit(1)


def compared(timeline: Timeline, view: str, clock: str, count: int) -> list[Question]:
    """The questions of so many random ones that the service and the reference answer differently."""
    log = [_posted(one.position, one.event) for one in timeline.log.read(0, limit=2**31)]
    reference = Reference(log, clock)
    random = Random(f"{view} {count}")
    found = []
    begin = time.monotonic()
    for number in range(count):
        question = _question(random, log, clock)
        if _answered(timeline, view, question) != reference.answers(question):
            found.append(question)
        if number % 100 == 0:
            working(f"{number:,} of {count:,} in {time.monotonic() - begin:.0f} s")
    return found


class Reference:
    """The plain rules over a log, a cluster of merged developments at a time."""

    def __init__(self, log: Sequence[dict[str, Any]], clock: str) -> None:
        sources = [event for event in log if event["type"].startswith("Source")]
        clusters = _clusters([event for event in log if "development_id" in event])
        self._about: dict[str, list[PlainRules]] = {}
        self._rules = PlainRules([], clock)
        for cluster in clusters:
            rules = PlainRules([*sources, *cluster], clock)
            for place in {place for event in cluster for place in _places(event)}:
                self._about.setdefault(place, []).append(rules)

    def answers(self, question: Question) -> dict[str, Any]:
        place, at, known = question
        found: dict[str, Any] = {}
        for facet in FACETS:
            claims = [claim for rules in self._about.get(place, ()) for claim in rules.claims(place, facet, known)]
            if claims or facet == "control":
                ordered = sorted(claims, key=lambda claim: claim["order"])
                found[facet] = self._rules.answer(ordered, at)
        return found


def _clusters(events: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The events of developments, those together that mergers join."""
    head: dict[str, str] = {}

    def of(development: str) -> str:
        while development in head:
            development = head[development]
        return development

    for event in events:
        if event["type"] == "DevelopmentMerged" and of(event["development_id"]) != of(event["into_id"]):
            head[of(event["development_id"])] = of(event["into_id"])
    found: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        found.setdefault(of(event["development_id"]), []).append(event)
    return list(found.values())


def _places(event: dict[str, Any]) -> Iterator[str]:
    """The places that a development was, or was corrected to be, about."""
    for said in (event, event.get("changes", {})):
        if "location_id" in said:
            yield said["location_id"]


def _posted(position: int, event: Event) -> dict[str, Any]:
    posted: dict[str, Any] = msgspec.to_builtins(event)
    return posted | {"position": position}


def _question(random: Random, log: Sequence[dict[str, Any]], clock: str) -> Question:
    """A place of the log, half the time near something that was said of it."""
    event = random.choice(log)
    while "location_id" not in event:
        event = random.choice(log)
    at = BEGIN + timedelta(minutes=random.randrange(DAYS * 1440))
    position = random.randrange(len(log) - EVENTS, len(log) + 1)  # where every place is registered
    known_at = BEGIN + timedelta(minutes=random.randrange(DAYS * 1440))
    if "occurred" in event and random.random() < 0.5:
        at = _time(event["occurred"]["start"]) + timedelta(minutes=random.randrange(-60, 3 * 1440))
        known_at = _time(event["report"]["published_at"]) + timedelta(minutes=random.randrange(-60, 3 * 1440))
        position = min(len(log), event["position"] + random.randrange(100))
    return event["location_id"], at, position if clock == "recorded" else known_at


def _time(text: str) -> Any:
    return msgspec.convert(text, type=type(BEGIN))


def _answered(timeline: Timeline, view: str, question: Question) -> dict[str, Any]:
    place, at, known = question
    by = {"known_position": known} if isinstance(known, int) else {"known_at": known}
    with timeline.reader.asking(view, at=at, **by) as asked:
        found = timeline.reader.status(asked, place)
    return {facet: _plainly(status) for facet in FACETS if (status := getattr(found, facet)) is not None}


def _plainly(status: Status) -> dict[str, Any]:
    """A status in the shape of the reference."""
    assert len(status.conflicting) < MAX_CONFLICTING
    return {
        "held": tuple(asserted(status.assertion)) if status.assertion else None,
        "basis": str(status.basis.development_id) if status.basis else None,
        "standing": status.basis.standing if status.basis else None,
        "since": status.since,
        "pending": {
            tuple(asserted(one.assertion)): (one.claims, one.since, str(one.last.development_id), one.last.standing)
            for one in status.pending
        },
        "conflicting": [str(one) for one in status.conflicting],
    }

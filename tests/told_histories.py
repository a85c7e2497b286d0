"""Random histories of a small war, in which every rule is met often: few places, few actors, few moments, many corrections.

    python -m tests.told_histories        how often each rule of the reference fired over 300 histories

A history is told as posted events (JSON objects) and then *arrives* in some order: as it happened, shuffled, or newest
first. What must come before (a development before what concerns it) always does.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from tests import plain_rules
from tests.plain_rules import Event, PlainRules, own_time

ARRIVALS = ("as it happened", "shuffled", "newest first")
CHOICES: tuple[dict[str, Any], ...] = (
    {},
    {},
    {},
    {"exclude": frozenset({"agency"})},
    {"exclude": frozenset({"saa-media", "paper"})},
    {"only": frozenset({"monitor", "hts-media", "saa-media"})},
)

BEGIN = datetime(2024, 12, 1, tzinfo=UTC)
MOMENTS = [BEGIN + timedelta(hours=6 * step) for step in range(15)]
PLACES = ("hama", "homs", "crossing")
ACTORS = ("hts", "saa", "sna")
SOURCES = {
    "agency": ("A", []),
    "monitor": ("B", []),
    "paper": ("C", []),
    "saa-media": ("D", ["saa"]),
    "saa-army": ("C", ["saa"]),
    "hts-media": ("C", ["hts"]),
    "rumour": ("F", []),
    "gossip": ("E", ["sna"]),
}
CHAINS = [[source] for source in SOURCES] + [
    ["paper", "agency"],
    ["agency", "saa-army"],
    ["paper", "saa-media"],
    ["monitor", "hts-media"],
    ["gossip", "monitor"],
    ["paper", "rumour"],
]

#: The kinds told, the commoner ones several times.
CLAIMS = ["captured"] * 3 + ["held"] * 3 + ["withdrawn"] * 4
CLAIMS += ["handed_over", "contested", "besieged", "shared", "shared", "closed", "opened", "clash"]


def rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


class Teller:
    """Tells one history, drawing every choice from `random`."""

    def __init__(self, random: Random, developments: int = 7) -> None:
        self.random = random
        self.events: list[Event] = []
        self.ids = [str(UUID(int=number)) for number in range(1, developments + 1)]
        for development in self.ids:
            self.reported(development)
            for _ in range(random.choice([0, 1, 2, 3, 3])):
                self.concerning(development)
        self.merges()
        for _ in range(random.choice([0, 1, 2])):
            self.graded_anew()

    def often(self, one_in: int) -> bool:
        return self.random.randrange(one_in) == 0

    def moment(self) -> str:
        return rfc3339(self.random.choice(MOMENTS))

    def tell(self, type: str, **fields: Any) -> None:  # noqa: A002  (the word of API.md)
        self.events.append({"type": type, **fields})

    def period(self) -> dict[str, str]:
        """A day mostly, an instant sometimes, often touching or overlapping another."""
        start = self.random.choice(MOMENTS)
        end = start + timedelta(hours=self.random.choice([0, 0, 6, 12, 24, 24, 48]))
        return {"start": rfc3339(start), "end": rfc3339(end), "precision": "hour"}

    def report(self) -> dict[str, Any]:
        credibility = self.random.choice([1, 2, 2, 3, 4, 5, 6, None])
        return {"chain": self.random.choice(CHAINS), "published_at": self.moment(), "credibility": credibility}

    def participants(self, kind: str) -> list[dict[str, str]]:
        one, two, three = self.random.sample(ACTORS, 3)
        roles: dict[str, list[tuple[str, str]]] = {
            "captured": [(one, "holder"), (two, "former_holder")],
            "handed_over": [(one, "holder"), (two, "former_holder")],
            "held": [(one, "holder")] + [(two, "challenger")] * self.often(2),
            "withdrawn": [(one, "former_holder")] + [(two, "former_holder")] * self.often(6),
            "contested": [(one, "holder"), (two, "challenger")][: 2 - self.often(4)],
            "besieged": [(one, "holder"), (two, "challenger"), (three, "challenger")][: 3 - self.often(2)],
            "shared": [(one, "holder"), (two, "holder"), (three, "holder")][: 3 - self.often(2)],
            "closed": [(one, "authority")],
            "opened": [(one, "authority")],
            "clash": [(one, "initiator"), (two, "target")],
        }
        return [{"actor_id": actor, "role": role} for actor, role in roles[kind]]

    def place(self) -> str:
        return self.random.choice(["hama", "hama", "hama", "homs", "crossing"])

    def reported(self, development: str) -> None:
        kind = self.random.choice(CLAIMS)
        occurred, report = self.period(), self.report()
        if self.often(3):
            report["published_at"] = occurred["start"]
        self.tell(
            "DevelopmentReported",
            development_id=development,
            kind=kind,
            location_id=self.place(),
            occurred=occurred,
            participants=self.participants(kind),
            summary="Said.",
            report=report,
        )

    def concerning(self, development: str) -> None:
        more = [self.corroborated] * 4 + [self.denied] * 4 + [self.assessed] * 2
        more += [self.retracted, self.retracted, self.amended, self.amended, self.voided]
        self.random.choice(more)(development)

    def corroborated(self, development: str) -> None:
        self.tell("DevelopmentCorroborated", development_id=development, report=self.report())

    def denied(self, development: str) -> None:
        self.tell("DevelopmentDenied", development_id=development, report=self.report(), reason="No.")

    def assessed(self, development: str) -> None:
        verdict = self.random.choice([1, 2, 3, 4, 5, 6])
        said = {"analyst": "desk", "reasoning": "Seen.", "method": "geolocation"}
        moment = self.moment()
        self.tell("DevelopmentAssessed", development_id=development, credibility=verdict, assessed_at=moment, **said)

    def retracted(self, development: str) -> None:
        said = [
            one["report"]["chain"]
            for one in self.events
            if one.get("development_id") == development and "report" in one
        ]
        source = self.random.choice([said[0][0], said[-1][-1], self.random.choice(list(SOURCES))])
        self.tell(
            "ReportRetracted", development_id=development, source_id=source, retracted_at=self.moment(), reason="Wrong."
        )

    def amended(self, development: str) -> None:
        kind = self.random.choice(CLAIMS)
        changes: dict[str, Any] = self.random.choice(
            [
                {"location_id": self.place()},
                {"occurred": self.period()},
                {"kind": kind, "participants": self.participants(kind)},
            ]
        )
        self.tell(
            "DevelopmentAmended",
            development_id=development,
            changes=changes,
            amended_at=self.moment(),
            reason="Better.",
        )

    def voided(self, development: str) -> None:
        self.tell("DevelopmentVoided", development_id=development, voided_at=self.moment(), reason="Twice.")

    def merges(self) -> None:
        """Each into a later one, so that there is no circle whatever the order of arrival."""
        for index, development in enumerate(self.ids[:-1]):
            if self.often(5):
                into = self.random.choice(self.ids[index + 1 :])
                self.tell(
                    "DevelopmentMerged",
                    development_id=development,
                    into_id=into,
                    merged_at=self.moment(),
                    reason="Same.",
                )

    def graded_anew(self) -> None:
        source = self.random.choice(list(SOURCES))
        if self.often(2):
            self.tell(
                "SourceReliabilityAssessed",
                source_id=source,
                reliability=self.random.choice("ABCDEF"),
                reason="Now so.",
            )
        else:
            aligned = self.random.choice([[], ["saa"], ["hts"]])
            self.tell("SourceAlignmentStated", source_id=source, aligned_with=aligned, reason="Now so.")


def registrations() -> list[Event]:
    """What every history begins with: its actors, places and sources."""
    actors = [
        {"type": "ActorRegistered", "actor_id": actor, "name": actor, "kind": "other", "aliases": []}
        for actor in ACTORS
    ]
    places = [{"type": "LocationRegistered", "location_id": place, "name": place, "kind": "town"} for place in PLACES]
    sources = [
        {
            "type": "SourceRegistered",
            "source_id": source,
            "name": source,
            "kind": "other",
            "reliability": reliability,
            "aligned_with": aligned,
        }
        for source, (reliability, aligned) in SOURCES.items()
    ]
    return actors + places + sources


def told(random: Random, arrival: str, developments: int = 7) -> list[Event]:
    """A history as it arrives: posted events with their `position` in the log."""
    teller = Teller(random, developments)
    events = [*registrations(), *arrived(teller.events, arrival, random)]
    return [event | {"position": position} for position, event in enumerate(events, start=1)]


def as_posted(log: list[Event]) -> list[bytes]:
    """A history as the bytes that somebody posts."""
    return [json.dumps({key: value for key, value in event.items() if key != "position"}).encode() for event in log]


def arrived(events: list[Event], arrival: str, random: Random) -> list[Event]:
    """The events in an order of arrival; what must come first is drawn to the front of what needs it."""
    order = list(events)
    if arrival == "shuffled":
        random.shuffle(order)
    else:
        order.sort(
            key=lambda one: own_time(one) if "development_id" in one else BEGIN, reverse=arrival == "newest first"
        )
    reports = {one["development_id"]: one for one in events if one["type"] == "DevelopmentReported"}
    out: list[Event] = []
    for event in order:
        for development in (event.get("development_id"), event.get("into_id")):
            if development is not None and reports[development] not in out:
                out.append(reports[development])
        if event not in out or event["type"] not in ("DevelopmentReported",):
            out.append(event)
    return out


def moments_known(log: list[Event], clock: str) -> list[Any]:
    """Every moment of the known axis at which something changes, and one before all."""
    if clock == "recorded":
        return list(range(len(registrations()), len(log) + 1))
    return sorted({BEGIN - timedelta(days=1), *(own_time(event) for event in log if "development_id" in event)})


#: Every moment of the valid axis at which something changes, and one before all.
MOMENTS_VALID = [BEGIN - timedelta(hours=1), *[BEGIN + timedelta(hours=6 * step) for step in range(24)]]


def rules_fired(histories: int) -> dict[str, int]:
    """How often each rule of the reference decides something over so many histories."""
    plain_rules.FIRED.clear()
    for seed in range(histories):
        random = Random(seed)
        log = told(random, ARRIVALS[seed % 3])
        clock = ("recorded", "reported")[seed % 2]
        rules = PlainRules(log, clock, **random.choice(CHOICES))
        for known in moments_known(log, clock)[::3]:
            for place, facet in (("hama", "control"), ("homs", "control"), ("crossing", "access")):
                claims = rules.claims(place, facet, known)
                for at in MOMENTS_VALID[::3]:
                    rules.answer(claims, at)
    return dict(plain_rules.FIRED)


if __name__ == "__main__":
    for rule, times in sorted(
        rules_fired(int(sys.argv[1]) if len(sys.argv) > 1 else 300).items(), key=lambda one: one[1]
    ):
        print(f"{times:9,}  {rule}")

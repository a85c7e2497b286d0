"""A slow and obvious reading of DESIGN.md, sections 4 and 5, for tests to compare the folds with.

It works on events as they are posted (JSON objects with a `position` added), one moment of both axes at a time, from
nothing but the vocabulary: no version, no stretch, no shortcut. `FIRED` counts each rule that decided something, so
that a generator of histories can show that it reaches all of them.
"""

from collections import Counter
from datetime import datetime
from itertools import pairwise
from typing import Any

from events.vocabulary import KINDS

Event = dict[str, Any]
Said = dict[str, Any]
Claim = dict[str, Any]
Assertion = tuple[str, tuple[str, ...], tuple[str, ...]]

FIRED: Counter[str] = Counter()

ACCEPTED = {
    "assessed": ["confirmed", "probable", "admitted", "corroborated", "credible"],
    "ticker": [
        "confirmed", "probable", "admitted", "corroborated", "credible",
        "possible", "doubtful", "disputed", "unconfirmed",
    ],
    "strict": ["confirmed", "probable"],
}  # fmt: skip
IGNORED = ["rejected", "retracted", "merged", "void"]

OWN_TIME = {
    "DevelopmentAssessed": "assessed_at",
    "ReportRetracted": "retracted_at",
    "DevelopmentAmended": "amended_at",
    "DevelopmentMerged": "merged_at",
    "DevelopmentVoided": "voided_at",
}
STATEMENTS = ["DevelopmentReported", "DevelopmentCorroborated", "DevelopmentDenied"]
AFFIRMING = ["DevelopmentReported", "DevelopmentCorroborated"]


def fired(rule: str) -> None:
    FIRED[rule] += 1


def time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def own_time(event: Event) -> datetime:
    if event["type"] in STATEMENTS:
        return time(event["report"]["published_at"])
    return time(event[OWN_TIME[event["type"]]])


class PlainRules:
    """A log under one reading. `known` is a position on the recorded clock, a moment on the reported one."""

    def __init__(
        self,
        log: list[Event],
        clock: str = "recorded",
        policy: str = "assessed",
        exclude: frozenset[str] = frozenset(),
        only: frozenset[str] = frozenset(),
    ) -> None:
        self.clock, self.policy, self.exclude, self.only = clock, policy, exclude, only
        self.reference = [event for event in log if event["type"].startswith("Source")]
        self.log = [event for event in log if "development_id" in event and self.hears(event)]
        self.remembered: dict[str, Any] = {}
        self.into = {e["development_id"]: e["into_id"] for e in log if e["type"] == "DevelopmentMerged"}
        self.first = {e["development_id"]: e for e in log if e["type"] == "DevelopmentReported"}

    def hears(self, event: Event) -> bool:
        """Whether the choice of sources keeps an event; only statements can be left out."""
        if event["type"] not in STATEMENTS:
            return True
        chain = event["report"]["chain"]
        if any(source in self.exclude for source in chain):
            fired("statement excluded")
            return False
        if self.only and not any(source in self.only for source in chain):
            fired("statement not among the only ones")
            return False
        return True

    # When an event is known -------------------------------------------------------------------------------------

    def about(self, development: str) -> list[Event]:
        return [event for event in self.log if event["development_id"] == development]

    def start(self, development: str) -> Any:
        """The first moment at which a kept report, its own or one that a merger brings, affirms a development."""
        if self.clock == "recorded":
            moments = sorted(event["position"] for event in self.log)
        else:
            moments = sorted({own_time(event) for event in self.log})
        for moment in moments:
            if any(self.own_moment(event) <= moment for event in self.about(development) if event["type"] in AFFIRMING):
                return moment
            if any(event["type"] in AFFIRMING for event in self.brought(development, moment)):
                fired("known by what a merger brings")
                return moment
        return None

    def own_moment(self, event: Event) -> Any:
        return event["position"] if self.clock == "recorded" else own_time(event)

    def brought(self, development: str, known: Any) -> list[Event]:
        """What those merged into a development bring by a moment, though itself may not be known by then."""
        return [
            event
            for other in self.first
            if other != development and self.leads_to(other, development, known) and not self.is_void(other, known)
            for event in self.known_about(other, known)
        ]

    def leads_to(self, other: str, development: str, known: Any) -> bool:
        """Whether one was merged into a development, directly or not, as known by a moment."""
        passed: str | None = other
        while passed is not None and passed != development:
            if development not in self.ever_above(passed):
                return False
            passed = self.merged_into(passed, known)
        return passed == development

    def ever_above(self, development: str) -> list[str]:
        """What a development is merged into at any time: a record of the desk, that does not depend on the reading."""
        above = []
        while (into := self.into.get(development)) is not None:
            above.append(into)
            development = into
        return above

    def known_from(self, event: Event) -> Any:
        start = self.starts(event["development_id"])
        if start is not None and self.own_moment(event) < start:
            fired("concerns it, so not known before it")
            return start
        return self.own_moment(event)

    def starts(self, development: str) -> Any:
        """`start`, remembered: it is asked for each event."""
        if development not in self.remembered:
            self.remembered[development] = self.start(development)
        return self.remembered[development]

    def known_about(self, development: str, known: Any) -> list[Event]:
        """What is known of a development by a moment, in the order of the clock."""
        events = [event for event in self.about(development) if self.known_from(event) <= known]
        return sorted(events, key=lambda event: (self.known_from(event), event["position"]))

    def grading(self, source: str, known: Any) -> tuple[str, set[str]]:
        reliability, aligned = "F", set()
        for event in self.reference:
            if event["source_id"] != source or (self.clock == "recorded" and event["position"] > known):
                continue
            if event["type"] != "SourceAlignmentStated":
                reliability = event["reliability"]
            if event["type"] != "SourceReliabilityAssessed":
                aligned = set(event["aligned_with"])
            if event["type"] != "SourceRegistered":
                fired("source graded anew")
        return reliability, aligned

    # What a development is --------------------------------------------------------------------------------------

    def merged_into(self, development: str, known: Any) -> str | None:
        for event in self.known_about(development, known):
            if event["type"] == "DevelopmentMerged":
                into: str = event["into_id"]
                return into
        return None

    def is_void(self, development: str, known: Any) -> bool:
        return any(event["type"] == "DevelopmentVoided" for event in self.known_about(development, known))

    def end_of_chain(self, development: str, known: Any) -> str:
        steps = 0
        while (into := self.merged_into(development, known)) is not None:
            development = into
            steps += 1
        if steps > 1:
            fired("a chain of merges")
        return development

    def bringers(self, development: str, known: Any) -> list[str]:
        """The development and those whose statements count as its own."""
        found = [development]
        for other in self.first:
            if other == development or self.end_of_chain(other, known) != development:
                continue
            if self.is_void(other, known):
                fired("a voided one brings nothing")
                continue
            fired("a merged one brings its statements")
            found.append(other)
        return found

    def content(self, development: str, known: Any) -> Event:
        """The development after its amendments."""
        content = dict(self.first[development])
        for event in self.known_about(development, known):
            if event["type"] == "DevelopmentAmended":
                for name, value in event["changes"].items():
                    fired(f"amended {name}")
                    content[name] = value
        return content

    def statements(self, development: str, known: Any) -> list[Said]:
        """The statements that count for it and were not taken back, in the order of (published at, position)."""
        events = [event for one in self.bringers(development, known) for event in self.known_about(one, known)]
        retractions = [event for event in events if event["type"] == "ReportRetracted"]
        found = []
        for event in events:
            if event["type"] not in STATEMENTS:
                continue
            chain = event["report"]["chain"]
            published = time(event["report"]["published_at"])
            taken_back = [
                one
                for one in retractions
                if one["source_id"] in (chain[0], chain[-1]) and published <= time(one["retracted_at"])
            ]
            if taken_back:
                fired("statement retracted")
                continue
            found.append(
                {
                    "published": published,
                    "position": event["position"],
                    "affirms": event["type"] in AFFIRMING,
                    "chain": chain,
                    "origin": chain[-1],
                    "credibility": event["report"].get("credibility") or 6,
                }
            )
        return sorted(found, key=lambda said: (said["published"], said["position"]))

    # What it is worth -------------------------------------------------------------------------------------------

    def standing(self, development: str, known: Any) -> str:
        if self.is_void(development, known):
            fired("void")
            return "void"
        if self.merged_into(development, known):
            fired("merged")
            return "merged"
        remaining = self.statements(development, known)
        if not any(said["affirms"] for said in remaining):
            fired("retracted")
            return "retracted"
        verdicts = [e for e in self.known_about(development, known) if e["type"] == "DevelopmentAssessed"]
        if verdicts:
            fired(f"assessed {verdicts[-1]['credibility']}")
            decided: list[str] = ["confirmed", "probable", "possible", "doubtful", "rejected"]
            if verdicts[-1]["credibility"] < 6:
                return decided[int(verdicts[-1]["credibility"]) - 1]
        affirms_by_now = {said["origin"]: said["affirms"] for said in remaining}
        if not any(affirms_by_now.values()):
            fired("every origin denies")
            return "disputed"
        for said in remaining:
            if said["affirms"] != affirms_by_now[said["origin"]]:
                fired("an origin changed its mind")
        speaking = [said for said in remaining if said["affirms"] == affirms_by_now[said["origin"]]]
        content = self.content(development, known)
        reports = [self.weighed(said, content, known) for said in speaking if said["affirms"]]
        denials = [self.weighed(said, content, known) for said in speaking if not said["affirms"]]
        effective = [denial for denial in denials if self.takes_effect_as_denial(denial)]
        alone = self.by_reports(reports)
        if not effective:
            fired(alone)
            return alone
        last = max(denial["published"] for denial in effective)
        if self.by_reports([one for one in reports if one["published"] > last]) in ("admitted", "corroborated"):
            fired("reported again after the denial")
            return alone
        fired("disputed")
        return "disputed"

    def weighed(self, said: Said, content: Event, known: Any) -> Said:
        kind = KINDS[content["kind"]]
        favoured = {one["actor_id"] for one in content["participants"] if one["role"] == kind.favours}
        disfavoured = {one["actor_id"] for one in content["participants"] if one["role"] == kind.disfavours}
        if not said["affirms"]:
            favoured, disfavoured = disfavoured, favoured
        gradings = [self.grading(source, known) for source in said["chain"]]
        counts = said["credibility"] not in (4, 5) and all(reliability not in "EF" for reliability, _ in gradings)
        usable = counts and all(reliability in "ABC" for reliability, _ in gradings)
        if any(aligned & favoured for _, aligned in gradings):
            interest = "self_serving"
        elif gradings[-1][1] & disfavoured:
            interest = "against_interest"
        else:
            interest = "neutral"
        all_a_or_b = all(reliability in "AB" for reliability, _ in gradings)
        return said | {"counts": counts, "usable": usable, "interest": interest, "all_a_or_b": all_a_or_b}

    def takes_effect_as_denial(self, denial: Said) -> bool:
        fired(f"{denial['interest']} denial")
        if denial["interest"] == "neutral":
            return bool(denial["usable"])
        return bool(denial["interest"] == "against_interest" and denial["counts"])

    def by_reports(self, reports: list[Said]) -> str:
        counting = [one for one in reports if one["counts"]]
        if any(one["interest"] == "against_interest" for one in counting):
            return "admitted"
        origins = {one["origin"] for one in counting}
        if len(origins) >= 2 and any(one["usable"] and one["interest"] != "self_serving" for one in counting):
            return "corroborated"
        for one in counting:
            if one["usable"] and one["interest"] == "neutral":
                if one["credibility"] in (1, 2, 3):
                    fired("credible by its grade")
                    return "credible"
                if one["credibility"] == 6 and one["all_a_or_b"]:
                    fired("credible by its sources")
                    return "credible"
        return "unconfirmed"

    # What follows for a place -----------------------------------------------------------------------------------

    def claims(self, place: str, facet: str, known: Any) -> list[Claim]:
        """The claims about a place that are not ignored, in their order."""
        found = []
        for development, first in self.first.items():
            start = self.starts(development)
            if start is None or start > known:
                continue
            content = self.content(development, known)
            kind = KINDS[content["kind"]]
            if content["location_id"] != place or kind.facet != facet:
                continue
            standing = self.standing(development, known)
            if standing in IGNORED:
                continue
            start, end = time(content["occurred"]["start"]), time(content["occurred"]["end"])
            published = time(first["report"]["published_at"])
            effect = start
            if kind.change:
                effect = min(max(published, start), end)
                fired("a change clamped" if effect != published else "a change when it was published")
            found.append(
                {
                    "development": development,
                    "order": (effect, published, first["position"]),
                    "effect": effect,
                    "start": start,
                    "end": end,
                    "kind": kind,
                    "participants": content["participants"],
                    "standing": standing,
                    "accepted": standing in ACCEPTED[self.policy],
                }
            )
        return sorted(found, key=lambda claim: claim["order"])

    def actors(self, claim: Claim, role: str | None) -> tuple[str, ...]:
        return tuple(sorted({one["actor_id"] for one in claim["participants"] if one["role"] == role}))

    def says(self, claim: Claim, before: list[Claim]) -> Assertion:
        """What a claim asserts, where `before` are the accepted claims before it."""
        kind = claim["kind"]
        if kind.name != "withdrawn":
            return kind.mode, self.actors(claim, kind.holders), self.actors(claim, kind.challengers)
        if not before:
            fired("a withdrawal with nothing before it")
            return "vacated", (), ()
        mode, holders, challengers = self.says(before[-1], before[:-1])
        leaving = self.actors(claim, "former_holder")
        there = set(holders) | set(challengers)
        if not there & set(leaving):
            fired("a withdrawal that removes nobody")
            return mode, holders, challengers
        left = tuple(sorted(there - set(leaving)))
        if not left:
            fired("a withdrawal that leaves nobody")
            return "vacated", (), ()
        if mode == "shared" and len(left) >= 2:
            fired("a withdrawal that leaves several")
            return "shared", left, ()
        fired("a withdrawal that leaves others")
        return "held", left, ()

    def answer(self, claims: list[Claim], at: datetime) -> dict[str, Any]:
        """The status at a moment of the valid axis, of the claims known at a moment of the known axis."""
        in_effect = [claim for claim in claims if claim["effect"] <= at]
        accepted = [claim for claim in in_effect if claim["accepted"]]
        basis = accepted[-1] if accepted else None
        held = self.says(basis, accepted[:-1]) if basis else None
        since = None
        for index in range(len(accepted) - 1, -1, -1):
            if self.says(accepted[index], accepted[:index]) != held:
                break
            if index < len(accepted) - 1:
                fired("since reaches back")
            since = accepted[index]["effect"]
        pending: dict[Assertion, list[Claim]] = {}
        for claim in in_effect:
            if claim["accepted"] or (basis and claim["order"] < basis["order"]):
                continue
            says = self.says(claim, accepted)
            if says == held:
                fired("pending, but it says what the basis says")
                continue
            pending.setdefault(says, []).append(claim)
        conflicting = []
        for index, claim in enumerate(accepted[:-1]):
            if basis and share_a_moment(claim, basis) and self.says(claim, accepted[:index]) != held:
                fired("conflicting")
                conflicting.append(claim["development"])
        for one, other in pairwise(in_effect):
            if one["order"][0] == other["order"][0]:
                fired("equal effect" if one["order"][1] != other["order"][1] else "equal effect and publication")
        return {
            "held": held,
            "basis": basis["development"] if basis else None,
            "standing": basis["standing"] if basis else None,
            "since": since,
            "pending": {
                says: (len(group), group[0]["effect"], group[-1]["development"], group[-1]["standing"])
                for says, group in pending.items()
            },
            "conflicting": sorted(conflicting),
        }

    def status(self, place: str, facet: str, at: datetime, known: Any) -> dict[str, Any]:
        return self.answer(self.claims(place, facet, known), at)


def share_a_moment(one: Claim, other: Claim) -> bool:
    """Half-open periods; an instant is the one moment that it names."""
    if one["start"] == one["end"] and other["start"] == other["end"]:
        fired("two instants compared")
        return bool(one["start"] == other["start"])
    for instant, period in ((one, other), (other, one)):
        if instant["start"] == instant["end"]:
            fired("an instant and a period compared")
            return bool(period["start"] <= instant["start"] < period["end"])
    return bool(max(one["start"], other["start"]) < min(one["end"], other["end"]))


def identity(answer: dict[str, Any]) -> Any:
    """What makes two answers the same stretch."""
    pending = {says: group[2:] for says, group in answer["pending"].items()}
    return answer["held"], answer["basis"], answer["standing"], tuple(sorted(pending.items()))

"""Both folds against a slow and obvious reference (`tests.plain_rules`), over random histories; and laws of their own.

Each history is asked at every moment of both axes at which anything can change, under both clocks, the three policies,
with sources left out, and in three orders of arrival.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.recorded import RecordedEvent
from events.shape import AnyEvent
from projections.beliefs import Rectangle, rectangles
from projections.claim_list import ClaimList
from projections.claims import FOREVER, ClaimVersion, asserted, known_claims, micros
from projections.policies import POLICIES, Reading
from projections.status import Answer, Status, status_at, stretches
from tests import told_histories
from tests.plain_rules import OWN_TIME, Event, PlainRules, identity
from tests.stories import as_recorded, folded
from tests.told_histories import ARRIVALS, CHOICES, MOMENTS_VALID, moments_known, told

PLACES = (("hama", "control"), ("homs", "control"), ("crossing", "control"), ("hama", "access"), ("crossing", "access"))

histories = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


class Case:
    """One history under one reading, folded and plainly read."""

    def __init__(self, random: Random, arrival: str, clock: Any, policy: str, developments: int = 7) -> None:
        choice = random.choice(CHOICES)
        self.log = told(random, arrival, developments)
        self.clock = clock
        self.plain = PlainRules(self.log, clock, policy, **choice)
        sources = {f"{name}_sources": chosen for name, chosen in choice.items()}
        self.reading = Reading(policy=POLICIES[policy], clock=clock, **sources)
        self.versions = folded(read(self.log), self.reading)

    def here(self, place: str, facet: str) -> list[ClaimVersion]:
        return [one for one in self.versions if (one.location_id, one.facet) == (place, facet)]

    def known(self, known: Any) -> int:
        return known if self.clock == "recorded" else micros(known)

    def moments(self) -> list[Any]:
        return moments_known(self.log, self.clock)


def read(log: Sequence[Event]) -> list[RecordedEvent[Any]]:
    """A log of posted events as it would be held."""
    return [
        as_recorded(
            msgspec.convert({key: value for key, value in event.items() if key != "position"}, AnyEvent),
            event["position"],
        )
        for event in log
    ]


def plainly(status: Status) -> dict[str, Any]:
    """A status in the shape of the reference."""
    return {
        "held": asserted(status.assertion) if status.assertion else None,
        "basis": str(status.basis.development_id) if status.basis else None,
        "standing": status.basis.standing if status.basis else None,
        "since": status.since,
        "pending": {
            tuple(asserted(group.assertion)): (
                group.claims,
                group.since,
                str(group.last.development_id),
                group.last.standing,
            )
            for group in status.pending
        },
        "conflicting": [str(one) for one in status.conflicting],
    }


def plain_identity(answer: Answer) -> Any:
    """An answer in the shape of the reference's identity."""
    held = tuple(asserted(answer.assertion)) if answer.assertion else None
    basis = str(answer.basis) if answer.basis else None
    pending = sorted((tuple(asserted(one.assertion)), (str(one.latest), one.standing)) for one in answer.pending)
    return held, basis, answer.standing, tuple(pending)


cases = pytest.mark.parametrize(
    ("clock", "arrival", "policy"),
    [(clock, arrival, "assessed") for clock in ("recorded", "reported") for arrival in ARRIVALS]
    + [("recorded", "shuffled", policy) for policy in ("ticker", "strict")]
    + [("reported", "shuffled", policy) for policy in ("ticker", "strict")],
)
randoms = st.randoms(use_true_random=False)


def compare_statuses(case: Case) -> None:
    for known in case.moments():
        for place, facet in PLACES:
            plain = case.plain.claims(place, facet, known)
            claims = ClaimList(known_claims(case.here(place, facet), facet, case.known(known)))
            answers = [case.plain.answer(plain, at) for at in MOMENTS_VALID]
            for index, at in enumerate(MOMENTS_VALID):
                status = status_at(claims, at)
                assert plainly(status) == answers[index], (place, at, known)
                assert (status.valid_from, status.valid_until) == bounds(answers, index), (place, at, known)


def bounds(answers: Sequence[dict[str, Any]], index: int) -> tuple[datetime | None, datetime | None]:
    """How far an answer reaches on both sides, step by step."""
    first = last = index
    while first > 0 and identity(answers[first - 1]) == identity(answers[index]):
        first -= 1
    while last < len(answers) - 1 and identity(answers[last + 1]) == identity(answers[index]):
        last += 1
    start = MOMENTS_VALID[first] if first else None
    return start, MOMENTS_VALID[last + 1] if last < len(answers) - 1 else None


@cases
def test_a_status_is_what_the_reference_says(clock: str, arrival: str, policy: str) -> None:
    """At every moment of both axes: basis, standing, since, pending groups, conflicting, and how long it holds."""
    for seed in range(25):
        compare_statuses(Case(Random(f"{seed} {clock} {arrival} {policy}"), arrival, clock, policy))


@pytest.mark.parametrize("clock", ["recorded", "reported"])
@histories
@given(random=randoms, arrival=st.sampled_from(ARRIVALS), developments=st.integers(1, 4))
def test_a_status_is_what_the_reference_says_of_histories_that_hypothesis_looks_for(
    clock: str, random: Random, arrival: str, developments: int
) -> None:
    """The same, with small histories, so that what fails is shrunk to a few events."""
    compare_statuses(Case(random, arrival, clock, "assessed", developments))


@cases
def test_stretches_are_the_statuses_of_the_whole_valid_axis(clock: str, arrival: str, policy: str) -> None:
    """Without gaps, neighbours different, and each as the reference answers inside it."""
    for seed in range(30):
        case = Case(Random(f"s{seed} {clock} {arrival} {policy}"), arrival, clock, policy)
        for known in case.moments()[::2]:
            for place, facet in PLACES:
                found = stretches(known_claims(case.here(place, facet), facet, case.known(known)))
                assert (found[0].valid_from, found[-1].valid_until) == (None, None)
                assert all(one.valid_until == other.valid_from for one, other in pairwise(found))
                assert all(one.answer != other.answer for one, other in pairwise(found))
                plain = case.plain.claims(place, facet, known)
                for one in found:
                    answer = case.plain.answer(plain, one.valid_from or MOMENTS_VALID[0])
                    assert plain_identity(one.answer) == identity(answer)


@cases
def test_rectangles_cover_the_plane_once_and_say_what_the_reference_says(clock: str, arrival: str, policy: str) -> None:
    """At every moment of both axes exactly one rectangle holds, and neighbours on both axes differ."""
    for seed in range(30):
        case = Case(Random(f"r{seed} {clock} {arrival} {policy}"), arrival, clock, policy)
        for place, facet in PLACES:
            found = list(rectangles(case.here(place, facet)))
            differ_from_neighbours(found)
            for known in case.moments():
                plain = case.plain.claims(place, facet, known)
                at_known = [one for one in found if _within(case.known(known), one.known_from, one.known_until)]
                for at in MOMENTS_VALID:
                    [here] = [one for one in at_known if _within(at, one.valid_from, one.valid_until)]
                    assert plain_identity(here.answer) == identity(case.plain.answer(plain, at)), (place, at, known)


def differ_from_neighbours(found: Sequence[Rectangle]) -> None:
    """No two rectangles could be one."""
    for one in found:
        for other in found:
            above = one.known_until is not None and one.known_until == other.known_from
            beside = one.valid_until is not None and one.valid_until == other.valid_from
            if above and one[:2] == other[:2]:
                assert one.answer != other.answer
            if beside and _share(one, other):
                assert one.answer != other.answer


def _share(one: Rectangle, other: Rectangle) -> bool:
    """Whether two share a moment of the known axis."""
    low = max(
        -FOREVER if one.known_from is None else one.known_from,
        -FOREVER if other.known_from is None else other.known_from,
    )
    high = min(
        FOREVER if one.known_until is None else one.known_until,
        FOREVER if other.known_until is None else other.known_until,
    )
    return low < high


def _within(moment: Any, start: Any, end: Any) -> bool:
    return (start is None or start <= moment) and (end is None or moment < end)


@pytest.mark.parametrize("arrival", ARRIVALS)
def test_claim_versions_of_a_development_neither_overlap_nor_repeat(arrival: str) -> None:
    """Each ends where the next begins, or later; neighbours differ; none is empty; the last is open or the place is left."""
    for seed in range(80):
        case = Case(Random(f"v{seed}"), arrival, ("recorded", "reported")[seed % 2], "assessed")
        by_development: dict[Any, list[ClaimVersion]] = {}
        for one in case.versions:
            by_development.setdefault(one.development_id, []).append(one)
        for versions in by_development.values():
            assert all(one.known_from < one.known_until for one in versions)
            for one, other in pairwise(versions):
                assert one.known_until <= other.known_from
                assert one.known_until < other.known_from or one[:11] != other[:11]


def test_on_the_recorded_clock_what_comes_later_changes_nothing_that_was_known() -> None:
    """Versions that began by a position are the same, but for their end, when the log goes on."""
    for seed in range(60):
        case = Case(Random(f"p{seed}"), "shuffled", "recorded", "assessed")
        for position in range(len(told_histories.registrations()), len(case.log), 3):
            before = folded(read(case.log[:position]), case.reading)
            cut = {
                one._replace(known_until=one.known_until if one.known_until <= position else FOREVER)
                for one in case.versions
                if one.known_from <= position
            }
            assert set(before) == cut


def test_on_the_reported_clock_the_order_of_arrival_decides_only_between_equals() -> None:
    """Where no two claims or statements share a moment, an archive gives the same statuses however it arrives."""
    for seed in range(40):
        answers = []
        for arrival in ARRIVALS:
            case = Case(Random(f"a{seed}"), "as it happened", "reported", "assessed")
            log = spread_out(case.log)
            log = [event | {"position": position} for position, event in enumerate(rearranged(log, arrival, seed), 1)]
            versions = folded(read(log), Reading(clock="reported"))
            answers.append(sorted(one._replace(position=0) for one in versions))
        assert answers[0] == answers[1] == answers[2]


def spread_out(log: Sequence[Event]) -> list[Event]:
    """The same history with no two own times alike, and each verdict and correction after every report."""

    def later(text: str, **by: int) -> str:
        return told_histories.rfc3339(datetime.fromisoformat(text) + timedelta(**by))

    spread = []
    for event in log:
        own = OWN_TIME.get(event["type"])
        if own is not None:
            spread.append(event | {own: later(event[own], days=10, seconds=event["position"])})
        elif "report" in event:
            published = later(event["report"]["published_at"], seconds=event["position"])
            spread.append(event | {"report": event["report"] | {"published_at": published}})
        elif event["type"].endswith("Registered"):
            spread.append(event)
    return spread


def rearranged(log: Sequence[Event], arrival: str, seed: int) -> list[Event]:
    registered = [event for event in log if "development_id" not in event]
    others = [event for event in log if "development_id" in event]
    return registered + told_histories.arrived(others, arrival, Random(seed))


def test_the_histories_make_every_rule_fire() -> None:
    """A comparison proves nothing of a rule that no history reaches."""
    fired = told_histories.rules_fired(200)
    print(*(f"{times:9,}  {rule}" for rule, times in sorted(fired.items(), key=lambda one: one[1])), sep="\n")

    assert {rule for rule in RULES if not fired.get(rule)} == set()
    assert set(fired) == set(RULES)


RULES = (
    "void", "merged", "retracted", "assessed 1", "assessed 2", "assessed 3", "assessed 4", "assessed 5", "assessed 6",
    "every origin denies", "an origin changed its mind", "admitted", "corroborated", "credible", "unconfirmed",
    "credible by its grade", "credible by its sources", "neutral denial", "self_serving denial",
    "against_interest denial", "disputed", "reported again after the denial", "statement retracted",
    "statement excluded", "statement not among the only ones", "concerns it, so not known before it", "known by what a merger brings",
    "source graded anew", "a merged one brings its statements", "a chain of merges", "a voided one brings nothing",
    "amended kind", "amended participants", "amended occurred", "amended location_id", "a change clamped",
    "a change when it was published", "a withdrawal with nothing before it", "a withdrawal that removes nobody",
    "a withdrawal that leaves nobody", "a withdrawal that leaves several", "a withdrawal that leaves others",
    "since reaches back", "pending, but it says what the basis says", "conflicting", "equal effect",
    "equal effect and publication", "two instants compared", "an instant and a period compared",
)  # fmt: skip

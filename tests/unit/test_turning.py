"""From the answer of then to that of today, turn by turn: the turns are those that a slow look at every step finds."""

from itertools import pairwise
from random import Random
from typing import Any

import pytest

from projections.bearing import bearing, folded_again, status_again
from projections.claims import ClaimVersion, micros
from projections.policies import Reading
from projections.status import NOBODY_KNOWS, Answer
from projections.turning import Turn, late_turns, turns
from tests.stories import Story, folded, when
from tests.told_histories import ARRIVALS, MOMENTS_VALID, told
from tests.unit.test_folds_against_reference import read


def answer(versions: list[ClaimVersion], place: str, at: Any, known: int, facet: str) -> Answer:
    """What a place answers."""
    control, access = status_again(versions, place, at, known)
    if facet == "control":
        return control.answer
    return access.answer if access is not None else NOBODY_KNOWS


def plainly(steps: list[tuple[int, Answer]]) -> list[tuple[int, Answer, Answer]]:
    """Where one answer gave way to another, from the answers after every step."""
    return [(known, old, new) for (_, old), (known, new) in pairwise(steps) if old != new]


def as_told(found: list[Turn], facet: str) -> list[tuple[int, Answer, Answer]]:
    return [(one.step.known, one.part.old, one.part.new) for one in found if one.step.facet == facet]


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize("clock", ["recorded", "reported"])
def test_what_became_known_between_turns_the_answer_step_by_step(clock: Any, arrival: str) -> None:
    """The first old answer is that of then, the last new one that of today, and nothing between is missing."""
    seen = 0
    for seed in range(30):
        random = Random(f"{seed} {clock} {arrival}")
        log = told(random, arrival)
        versions = folded(read(log), Reading(clock=clock))
        moments = sorted({one.known_from for one in versions} | {one.known_until for one in versions})[:-1]
        after, until = sorted(random.sample(moments, 2))
        for place in ("hama", "crossing"):
            here = [one for one in versions if one.location_id == place]
            for at in random.sample(MOMENTS_VALID, 4):
                found = list(turns(here, place, at, after, until))
                for facet in ("control", "access"):
                    steps = [(one, answer(versions, place, at, one, facet)) for one in moments if after <= one <= until]
                    assert as_told(found, facet) == plainly(steps)
                    seen += len(steps) and len(as_told(found, facet))
    assert seen > 100


@pytest.mark.parametrize("arrival", ARRIVALS)
def test_what_arrived_late_turns_what_was_known_by_then(arrival: str) -> None:
    """Event by event, as a fold of the log up to each of them tells it."""
    seen = 0
    for seed in range(30):
        random = Random(f"{seed} {arrival}")
        log = told(random, arrival)
        recorded, reading = read(log), Reading(clock="reported")
        after = random.randrange(len(log) // 2, len(log))
        known = micros(random.choice(MOMENTS_VALID))
        for place in ("hama", "crossing"):
            bears = set(bearing(place, recorded, reading, len(log)).positions)
            chosen = [one for one in recorded if one.position in bears]
            for at in random.sample(MOMENTS_VALID, 4):
                found = list(late_turns(chosen, reading, place, at, known, after))
                for facet in ("control", "access"):
                    steps = []
                    for position in range(after, len(log) + 1):
                        so_far = folded_again(recorded[:position], reading)
                        steps.append((position, answer(so_far, place, at, known, facet)))
                    assert as_told(found, facet) == plainly(steps)
                    seen += len(as_told(found, facet))
    assert seen > 50


def test_a_refuted_capture_turns_the_answer_twice() -> None:
    """Reported in the evening, beside what was held; gone when it was refuted the next day."""
    story = Story().held("hama", by="saa", since="11-27")
    story.captured("hama", by="hts", on="12-02", published="12-02T09:00", by_source="rumour", credibility=4)
    story.assessed(story.last, credibility=5, at="12-03")
    found = list(turns(story.versions(), "hama", when("12-02T12:00"), micros(when("12-01")), micros(when("12-31"))))

    assert [(len(one.part.old.pending), len(one.part.new.pending)) for one in found] == [(0, 1), (1, 0)]
    assert [one.step.known for one in found] == [micros(when("12-02T09:00")), micros(when("12-03"))]

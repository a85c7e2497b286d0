"""What changed at each step: nothing is told twice, nothing is missing, and it is what the reference says."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from projections import beliefs
from projections.beliefs import Board, rectangles
from projections.claims import ClaimVersion, known_claims
from projections.replaying import Part, seen, shown, stepped
from projections.status import NOBODY_KNOWS, Answer
from tests.plain_rules import identity
from tests.stories import Story
from tests.told_histories import MOMENTS_VALID
from tests.unit.test_folds_against_reference import PLACES, Case, cases, plain_identity

Told = list[tuple[int, tuple[Part, ...]]]


def replayed(versions: Sequence[ClaimVersion], board: Board | None = None, after: int = 0) -> Told:
    """All the steps of a place, with their parts."""
    board = board or Board()
    counted = [one for one in versions if one.bearing != "ignored"]
    steps = [one for one in beliefs.steps(counted) if one[0] > after]
    return [(known, stepped(board, known, ending, beginning)) for known, ending, beginning in steps]


def inside(part: Part, at: datetime) -> bool:
    return (part.valid_from is None or part.valid_from <= at) and (part.valid_until is None or at < part.valid_until)


def answer_of(told: Told, at: datetime, known: int) -> Answer:
    """What somebody believes who has only heard what changed, over a map on which nobody knows anything."""
    believed = NOBODY_KNOWS
    for when, parts in told:
        for part in parts:
            if when <= known and inside(part, at):
                assert believed == part.old
                believed = part.new
    return believed


def histories(clock: str, arrival: str, policy: str, count: int) -> Iterator[tuple[Case, list[ClaimVersion], str, str]]:
    for seed in range(count):
        case = Case(Random(f"replay {seed} {clock} {arrival} {policy}"), arrival, clock, policy)
        for place, facet in PLACES:
            yield case, case.here(place, facet), place, facet


@cases
def test_all_that_is_told_of_a_place_is_its_belief_map(clock: str, arrival: str, policy: str) -> None:
    """Who hears every change from the beginning believes at each moment what the belief map says then."""
    for case, versions, _, _ in histories(clock, arrival, policy, 20):
        told = replayed(versions)
        found = list(rectangles(versions))
        for known in map(case.known, case.moments()):
            for at in MOMENTS_VALID:
                [here] = [one for one in found if _holds(one, at, known)]
                assert answer_of(told, at, known) == here.answer


@cases
def test_each_step_tells_what_the_reference_says_before_and_after_it(clock: str, arrival: str, policy: str) -> None:
    """Where a part is told, the reference answered the old one just before the step, and the new one from it on."""
    for case, versions, place, facet in histories(clock, arrival, policy, 12):
        told = dict(replayed(versions))
        before: dict[datetime, Any] = {}
        for known in case.moments():
            plain = case.plain.claims(place, facet, known)
            for at in MOMENTS_VALID:
                answer = identity(case.plain.answer(plain, at))
                parts = [one for one in told.get(case.known(known), ()) if inside(one, at)]
                if at in before and before[at] != answer:
                    [part] = parts
                    assert (plain_identity(part.old), plain_identity(part.new)) == (before[at], answer)
                elif at in before:
                    assert parts == []
                before[at] = answer


@cases
def test_a_replay_that_begins_later_tells_the_same(clock: str, arrival: str, policy: str) -> None:
    """From a board of what was known then, as from the beginning."""
    for case, versions, _, facet in histories(clock, arrival, policy, 12):
        middle = case.known(case.moments()[len(case.moments()) // 2])
        board = Board(known_claims(versions, facet, middle))
        assert replayed(versions, board, middle) == [one for one in replayed(versions) if one[0] > middle]


@cases
def test_parts_are_in_order_and_what_people_see_of_them_is_a_change(clock: str, arrival: str, policy: str) -> None:
    """No part tells nothing, none overlap, and of those seen no two neighbours could be one."""
    for _, versions, _, _ in histories(clock, arrival, policy, 20):
        for _, parts in replayed(versions):
            assert all(part.old != part.new for part in parts)
            for one, other in pairwise(parts):
                assert one.valid_until is not None
                assert other.valid_from is not None
                assert one.valid_until <= other.valid_from
            visible = seen(parts)
            assert all(shown(part.old) != shown(part.new) for part in visible)
            for at in MOMENTS_VALID:
                before = [one for one in parts if inside(one, at) and shown(one.old) != shown(one.new)]
                after = [one for one in visible if inside(one, at)]
                assert [(shown(one.old), shown(one.new)) for one in before] == [
                    (shown(one.old), shown(one.new)) for one in after
                ]
            for one, other in pairwise(visible):
                alike = (shown(one.old), shown(one.new)) == (shown(other.old), shown(other.new))
                assert not (alike and one.valid_until == other.valid_from)


def _holds(one: Any, at: datetime, known: int) -> bool:
    return (
        (one.valid_from is None or one.valid_from <= at)
        and (one.valid_until is None or at < one.valid_until)
        and (one.known_from is None or one.known_from <= known)
        and (one.known_until is None or known < one.known_until)
    )


def test_a_second_report_of_the_same_holder_is_no_change_that_people_see() -> None:
    """The answer rests on another claim from then on; who holds the place, and how well that stands, is as it was."""
    story = Story(clock="recorded").held("hama", by="saa", since="11-27").held("hama", by="saa", since="11-29")
    *_, (_, parts) = replayed(story.versions())

    assert [part.new.assertion for part in parts] == ["held|saa|"]
    assert seen(parts) == []


def test_what_only_corrects_the_past_ends_where_the_present_begins() -> None:
    """A late report about the 27th changes what was from then on, until the claim of the 29th; not what is."""
    story = Story(clock="recorded").held("hama", by="saa", since="11-29").held("hama", by="hts", since="11-27")
    *_, (_, parts) = replayed(story.versions())
    [part] = seen(parts)

    assert part.valid_until is not None
    assert part.valid_from == part.valid_until - timedelta(days=2)
    assert (part.old.assertion, part.new.assertion) == (None, "held|hts|")

"""The columns of an atlas against the plain question: which rectangle contains the moment? Also exactly on borders."""

import random
from collections.abc import Sequence

import numpy as np
import pytest

from services.timeline.atlas.columns import SINCE_EVER, UNTIL_FURTHER, Columns, Rows, columns, rows

Row = tuple[int, int, int, int, int, int]

PLACES = 7
MOMENTS = range(-1, 25)


def cut(chance: random.Random, whole: Row, depth: int) -> list[tuple[int, int, int, int]]:
    """A rectangle cut into smaller ones at random, on either axis."""
    valid_from, valid_until, known_from, known_until = whole[:4]
    if depth == 0 or chance.random() < 0.1:
        return [(valid_from, valid_until, known_from, known_until)]
    border = chance.randrange(24)
    if chance.random() < 0.5 and valid_from < border < valid_until:
        halves = [(valid_from, border, known_from, known_until), (border, valid_until, known_from, known_until)]
    elif known_from < border < known_until:
        halves = [(valid_from, valid_until, known_from, border), (valid_from, valid_until, border, known_until)]
    else:
        halves = [(valid_from, valid_until, known_from, known_until)]
    return [part for half in halves for part in cut(chance, (*half, 0, 0), depth - 1)]


def drawn(chance: random.Random) -> list[Row]:
    """The whole plane of some places in rectangles, each with a fragment of its own; some places have none."""
    plane: Row = (SINCE_EVER, UNTIL_FURTHER, SINCE_EVER, UNTIL_FURTHER, 0, 0)
    found: list[Row] = []
    for place in chance.sample(range(PLACES), PLACES - 2):
        found += [(*part, place, PLACES + len(found) + n) for n, part in enumerate(cut(chance, plane, 6))]
    chance.shuffle(found)
    return found


def plainly(found: Sequence[Row], at: int, known: int) -> list[int]:
    answer = list(range(PLACES))
    for valid_from, valid_until, known_from, known_until, place, fragment in found:
        if valid_from <= at < valid_until and known_from <= known < known_until:
            answer[place] = fragment
    return answer


def put(found: Sequence[Row], budget: int, least: int) -> Columns:
    unknown = np.arange(PLACES, dtype=np.int32)
    return columns(rows(list(zip(*found, strict=True))), unknown, budget, least)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize(("budget", "least"), [(0, 1), (10_000, 1), (10**6, 3)])
def test_each_place_answers_with_the_rectangle_that_contains_the_moment(seed: int, budget: int, least: int) -> None:
    """With one keyframe, with some, and with nearly one a rectangle; before, between, after and on all borders."""
    found = drawn(random.Random(seed))
    laid = put(found, budget, least)
    for at in (SINCE_EVER, *MOMENTS, UNTIL_FURTHER - 1):
        for known in (SINCE_EVER, *MOMENTS, UNTIL_FURTHER - 1):
            assert laid.picked(at, known).tolist() == plainly(found, at, known), (at, known)


def test_keyframes_stay_within_their_budget_and_few_rectangles_begin_between_them() -> None:
    """Both bounds of a question's cost: memory, and the longest slice to look through."""
    chance = random.Random(1)
    found = [
        (
            begin := chance.randrange(10**6),
            begin + 1,
            known := chance.randrange(10**6),
            known + 1,
            chance.randrange(PLACES),
            0,
        )
        for _ in range(20_000)
    ]
    laid = put(found, budget := 64 * 4 * PLACES, least=1)
    slab = -(-len(found) // 8)

    assert 9 * 9 * 4 * PLACES >= laid.keyframes.nbytes > budget // 2
    for begins, grid in ((laid.by_valid.valid_from, laid.valid_grid), (laid.by_known.known_from, laid.known_grid)):
        after = np.searchsorted(begins, grid, "right")
        before = np.searchsorted(begins, [*grid[1:], UNTIL_FURTHER], "left")
        assert int((before - after).max()) <= slab
        assert len(grid) > 4


def test_of_many_that_begin_at_one_moment_none_is_looked_through() -> None:
    """An archive dates by days: thousands begin at one midnight, and the keyframe there has them all."""
    found = [(0 if n % 2 else 10, UNTIL_FURTHER, SINCE_EVER, UNTIL_FURTHER, n % PLACES, n) for n in range(1000)]
    laid = put(found, budget=10**6, least=10)

    assert laid.valid_grid.tolist() == [SINCE_EVER, 0, 10]


def test_rows_do_not_change_with_what_they_were_made_of() -> None:
    """What was published stays as it was while the live rows grow."""
    source = [[1], [2], [3], [4], [5], [6]]
    made: Rows = rows(source)
    source[0][0] = 9

    assert made.valid_from.tolist() == [1]

"""What a fold touched: from which moment on something changed, told from claim versions taken out and put in."""

import random
from datetime import UTC, datetime
from uuid import UUID

import pytest

from projections.beliefs import Board, Rectangle, rectangles, steps
from projections.claims import FOREVER, ClaimVersion, known_claims
from projections.status import Stretch
from projections.touched_places import TouchedPlace, between

NOON = datetime(2024, 12, 1, 12, tzinfo=UTC)
ONE, OTHER = UUID(int=1), UUID(int=2)


def version(
    known_from: int, known_until: int = FOREVER, *, by: UUID = ONE, at: str = "hama", says: str = "held|a|"
) -> ClaimVersion:
    return ClaimVersion(
        by, at, "control", NOON, NOON, 1, says, "credible", "accepted", NOON, NOON, known_from, known_until
    )


def test_a_fresh_claim_touches_its_place_from_when_it_is_known() -> None:
    """Nothing was there before."""
    assert between([], [version(7)]) == [TouchedPlace("hama", 7, ONE)]


def test_a_version_that_only_ends_changes_nothing_before_its_end() -> None:
    """The old one was open, the new one ends at 9, and another follows."""
    assert between([version(7)], [version(7, 9), version(9, says="held|b|")]) == [TouchedPlace("hama", 9, ONE)]


def test_an_end_that_moves_touches_from_the_earlier_of_both() -> None:
    """Earlier or later than it was."""
    assert between([version(7, 9)], [version(7, 12)]) == [TouchedPlace("hama", 9, ONE)]
    assert between([version(7, 12)], [version(7, 9)]) == [TouchedPlace("hama", 9, ONE)]


def test_another_assertion_touches_from_its_beginning_and_a_moved_claim_touches_both_places() -> None:
    """Places and developments are told apart."""
    assert between([version(7)], [version(7, says="held|b|")]) == [TouchedPlace("hama", 7, ONE)]
    moved = between([version(7)], [version(7, at="homs"), version(3, by=OTHER)])
    assert sorted(moved) == [TouchedPlace("hama", 3, OTHER), TouchedPlace("hama", 7, ONE), TouchedPlace("homs", 7, ONE)]


@pytest.mark.parametrize("seed", range(30))
def test_a_board_that_begins_late_goes_on_as_one_that_saw_it_all(seed: int) -> None:
    """Begun with what was known at any moment, it tells the same rectangles from there on, cut off at that moment."""
    chance = random.Random(seed)
    versions = []
    for number in range(25):
        effect = NOON.replace(hour=chance.randrange(8))
        known = chance.randrange(1, 20)
        says = chance.choice(["held|a|", "held|b|", "shared|a;b|", "withdrawn|a|"])
        bearing = chance.choice(["accepted", "accepted", "pending"])
        until = chance.choice([FOREVER, known + chance.randrange(1, 9)])
        versions.append(
            ClaimVersion(UUID(int=number), "hama", "control", effect, NOON, number, says, bearing, bearing, NOON, NOON, known, until)
        )  # fmt: skip
    whole = list(rectangles(versions))
    for cut in range(21):
        board = Board(known_claims(versions, "control", cut - 1))
        told = [one for known, out, into in steps(versions) if known >= cut for one in board.step(known, out, into)]
        told += board.rest()

        assert sorted(map(_since(cut), told), key=repr) == sorted(
            (_since(cut)(one) for one in whole if one.known_until is None or one.known_until >= cut), key=repr
        )


def _since(cut: int):  # type: ignore[no-untyped-def]
    def since(one: Rectangle) -> tuple[Stretch, int, int | None]:
        stretch = Stretch(one.valid_from, one.valid_until, one.answer)
        return stretch, max(cut, one.known_from or 0), one.known_until

    return since

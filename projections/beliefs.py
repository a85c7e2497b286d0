"""Stretches at each step of the known axis → the rectangles of a location's belief map (pure).

A claim version begins or ends at each step. That changes the stretches only between the accepted claims around it,
so only that part of the valid axis is folded again: the cost follows the rectangles, not their square.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from projections.claims import FOREVER, ClaimVersion, Order, is_withdrawal
from projections.status import Answer, Stretch, stretches


class Rectangle(NamedTuple):
    """One answer in a period of the valid axis and a period of the known axis.

    Attributes:
        known_from, known_until: On the known axis of the view's clock; None is since ever, or until further notice.
    """

    valid_from: datetime | None
    valid_until: datetime | None
    known_from: int | None
    known_until: int | None
    answer: Answer


def rectangles(versions: Iterable[ClaimVersion]) -> Iterator[Rectangle]:
    """The belief map of one location and facet from all its claim versions.

    Yields:
        Rectangles, none overlapping, together covering the plane, neighbours on either axis different; each when it
        ends on the known axis, and those that still hold last.
    """
    board = Board()
    for known, ending, beginning in steps(one for one in versions if one.bearing != "ignored"):
        yield from board.step(known, ending, beginning)
    yield from board.rest()


def steps(
    versions: Iterable[ClaimVersion],
) -> Iterator[tuple[int, list[ClaimVersion], list[ClaimVersion]]]:
    """At each moment of the known axis the versions that end and those that begin."""
    ends: dict[int, list[ClaimVersion]] = {}
    begins: dict[int, list[ClaimVersion]] = {}
    for version in versions:
        begins.setdefault(version.known_from, []).append(version)
        if version.known_until != FOREVER:
            ends.setdefault(version.known_until, []).append(version)
    for known in sorted(begins.keys() | ends.keys()):
        yield known, ends.get(known, []), begins.get(known, [])


class Board:
    """The claims known at the moment in their order, and the stretches that hold, each with when it began to.

    Attributes:
        begun: The stretches that the last step brought, in their order.
        folded: The claims that the last step folded again: all that the begun stretches rest on.
    """

    def __init__(self, claims: Iterable[ClaimVersion] = ()) -> None:
        """
        Args:
            claims: What is known before the first step, in its order and none ignored.
        """
        self._claims: list[ClaimVersion] = list(claims)
        self._stretches: list[Stretch] = stretches(self._claims)
        self._known_from: dict[Stretch, int | None] = dict.fromkeys(self._stretches)
        self.begun: list[Stretch] = list(self._stretches)
        self.folded: list[ClaimVersion] = list(self._claims)

    def step(
        self, known: int, ending: Sequence[ClaimVersion], beginning: Sequence[ClaimVersion]
    ) -> Iterator[Rectangle]:
        """Let claim versions end and begin at a moment; the rectangles that end by that."""
        for version in ending:
            del self._claims[bisect_left(self._claims, version.order, key=_order)]
        for version in beginning:
            insort(self._claims, version, key=_order)
        changed = [version.order for version in (*ending, *beginning)]
        first, last = self._around(min(changed), max(changed), {version.order for version in beginning})
        yield from self._fold_again(known, first, last)

    def _around(self, low: Order, high: Order, fresh: set[Order]) -> tuple[int, int]:
        """The claims to fold again, as `[first, last)`: from the accepted claim before the change to the one after it.

        A withdrawal leans on the claim before it, so both must be accepted claims that are none.
        """
        first = bisect_left(self._claims, low, key=_order) - 1
        while first > 0 and not _stands_alone(self._claims[first]):
            first -= 1
        last = bisect_left(self._claims, high, key=_order)
        while last < len(self._claims) and (self._claims[last].order in fresh or not _stands_alone(self._claims[last])):
            last += 1
        return max(first, 0), last

    def _fold_again(self, known: int, first: int, last: int) -> Iterator[Rectangle]:
        claims = self._claims
        begins_alone = first < len(claims) and _stands_alone(claims[first]) and first > 0
        low = claims[first].takes_effect if begins_alone else None
        high = claims[last].takes_effect if last < len(claims) else None
        fresh = _between(stretches(claims[first:last]), low, high)
        start = 0 if low is None else bisect_left(self._stretches, low, lo=1, key=_valid_from)
        end = len(self._stretches) if high is None else bisect_left(self._stretches, high, lo=1, key=_valid_from)
        stale = self._stretches[start:end]
        self._stretches[start:end] = fresh
        kept = set(fresh).intersection(stale)
        for stretch in stale:
            if stretch not in kept:
                began = self._known_from.pop(stretch)
                yield Rectangle(stretch.valid_from, stretch.valid_until, began, known, stretch.answer)
        self.begun = [stretch for stretch in fresh if stretch not in kept]
        self.folded = claims[first:last]
        for stretch in self.begun:
            self._known_from[stretch] = known

    def rest(self) -> Iterator[Rectangle]:
        """The rectangles that still hold."""
        for stretch in self._stretches:
            yield Rectangle(stretch.valid_from, stretch.valid_until, self._known_from[stretch], None, stretch.answer)


def _between(found: Sequence[Stretch], low: datetime | None, high: datetime | None) -> list[Stretch]:
    """The stretches that begin in `[low, high)`, the last one ending at `high`."""
    inside = [
        one
        for one in found
        if (low is None or (one.valid_from is not None and one.valid_from >= low))
        and (high is None or one.valid_from is None or one.valid_from < high)
    ]
    if inside:
        inside[-1] = inside[-1]._replace(valid_until=high)
    return inside


def _stands_alone(claim: ClaimVersion) -> bool:
    return claim.bearing == "accepted" and not is_withdrawal(claim.assertion)


def _order(claim: ClaimVersion) -> Order:
    return claim.order


def _valid_from(stretch: Stretch) -> datetime:
    assert stretch.valid_from is not None
    return stretch.valid_from

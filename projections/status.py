"""The second fold: one location's claims, as known at one moment → its status along the valid axis (pure).

DESIGN.md section 5. Claims come in their order; a withdrawal is resolved here, against the last accepted claim
before it. `stretches` tells the whole valid axis, `status_at` one moment of it with everything that is computed at
read (since, counts, conflicting, the bounds of the stretch). `status_at` asks for what it needs through `Claims`, so
that one rule serves a list in memory and a place with twenty thousand claims in PostgreSQL.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from events.times import overlap
from projections.claims import Assertion, ClaimVersion, Order, is_withdrawal, resolved

#: At most so many conflicting claims are named: the latest in the order.
MAX_CONFLICTING = 50


class Pending(NamedTuple):
    """The pending claims that assert one thing, as far as they tell one answer from another."""

    assertion: Assertion
    latest: UUID
    standing: str


class Answer(NamedTuple):
    """What makes two answers the same stretch: the basis, what it asserts and its standing, and what is pending.

    Attributes:
        assertion, basis, standing: All None where there is no accepted claim: mode unknown.
        pending: One entry an assertion, in the order of assertions.
    """

    assertion: Assertion | None
    basis: UUID | None
    standing: str | None
    pending: tuple[Pending, ...]


NOBODY_KNOWS = Answer(None, None, None, ())


class Stretch(NamedTuple):
    """A period of the valid axis in which the answer does not change; None is since ever, or until further notice."""

    valid_from: datetime | None
    valid_until: datetime | None
    answer: Answer


def stretches(claims: Sequence[ClaimVersion]) -> list[Stretch]:
    """Fold the claims of one location and facet, in their order and none ignored, into the stretches of its status.

    Returns:
        Stretches from None to None, without gaps, neighbours different. One of them where there is no claim.
    """
    found: list[Stretch] = []
    since: datetime | None = None
    answer = NOBODY_KNOWS
    for moment, next_answer in _answers(claims):
        if next_answer != answer:
            found.append(Stretch(since, moment, answer))
            since, answer = moment, next_answer
    found.append(Stretch(since, None, answer))
    return found


def _answers(claims: Sequence[ClaimVersion]) -> Iterator[tuple[datetime, Answer]]:
    """The answer from each moment on at which claims take effect."""
    basis: ClaimVersion | None = None
    held: Assertion | None = None
    pending: dict[Assertion, Pending] = {}
    last = len(claims) - 1
    for index, claim in enumerate(claims):
        says = resolved(claim.assertion, held)
        if claim.bearing == "accepted":
            basis, held = claim, says
            pending = {}
        elif says != held:
            pending[says] = Pending(says, claim.development_id, claim.standing)
        if index == last or claims[index + 1].takes_effect != claim.takes_effect:
            yield claim.takes_effect, _answer(basis, held, pending)


def _answer(basis: ClaimVersion | None, held: Assertion | None, pending: dict[Assertion, Pending]) -> Answer:
    beside = tuple(sorted(pending.values())) if pending else ()
    if basis is None:
        return Answer(None, None, None, beside)
    return Answer(held, basis.development_id, basis.standing, beside)


class Group(NamedTuple):
    """Pending claims after the basis that assert one thing.

    Attributes:
        claims: How many they are.
        since: When the first of them takes effect.
        last: The last of them in the order; its standing is shown.
    """

    assertion: Assertion
    claims: int
    since: datetime
    last: ClaimVersion


class Status(NamedTuple):
    """The status of one facet of a location at one moment, with all that is computed at read.

    Attributes:
        assertion: What the basis asserts, resolved; None where there is no basis: unknown.
        pending: Groups ordered by `since`, then by what they assert.
        conflicting: Developments whose accepted claims before the basis assert something else of an overlapping period.
        valid_from, valid_until: The stretch around the moment in which this very answer holds.
    """

    assertion: Assertion | None
    basis: ClaimVersion | None
    since: datetime | None
    pending: tuple[Group, ...]
    conflicting: tuple[UUID, ...]
    valid_from: datetime | None
    valid_until: datetime | None


class Claims(Protocol):
    """The claims of one location and facet known at one moment, none ignored, asked for in small helpings."""

    def accepted_before(self, order: Order | None, at: datetime, limit: int) -> Sequence[ClaimVersion]:
        """The last accepted claims in effect by `at` (and before `order`), newest first."""

    def last_saying_otherwise(self, order: Order, assertion: Assertion) -> ClaimVersion | None:
        """The last accepted claim before `order` whose assertion as said is not `assertion`."""

    def first_accepted_after(self, order: Order | None) -> ClaimVersion | None:
        """The earliest accepted claim after `order`, or of all."""

    def pending_after(self, order: Order | None, at: datetime) -> Sequence[Group]:
        """The pending claims in effect by `at` after `order` (or all), grouped by their assertion as said."""

    def overlapping(
        self, basis: ClaimVersion, not_saying: Assertion, before: Order, limit: int
    ) -> Sequence[ClaimVersion]:
        """Accepted claims before `before` whose period overlaps the basis's and that do not say this, newest first."""

    def next_after(self, at: datetime, order: Order | None, not_saying: Assertion | None) -> ClaimVersion | None:
        """The earliest claim that takes effect after `at` (and after `order`): accepted, or pending and not saying this."""


def status_at(claims: Claims, at: datetime) -> Status:
    """The status at a moment of the valid axis."""
    tail = claims.accepted_before(None, at, 8)
    basis = tail[0] if tail else None
    held = _resolve(claims, tail, at) if basis else None
    groups = _groups(claims.pending_after(basis.order if basis else None, at), held)
    moments = [group.last.takes_effect for group in groups] + ([basis.takes_effect] if basis else [])
    return Status(
        assertion=held,
        basis=basis,
        since=_since(claims, tail, held, at) if held else None,
        pending=groups,
        conflicting=_conflicting(claims, basis, held, at) if basis and held else (),
        valid_from=max(moments, default=None),
        valid_until=_valid_until(claims, at, held),
    )


def _resolve(claims: Claims, tail: Sequence[ClaimVersion], at: datetime) -> Assertion:
    """What the first of `tail` (accepted, newest first) asserts: back to a claim that needs no resolving, and forth."""
    back: list[ClaimVersion] = []
    page: Sequence[ClaimVersion] = tail
    while page:
        for claim in page:
            back.append(claim)
            if not is_withdrawal(claim.assertion):
                return _forth(back)
        page = claims.accepted_before(back[-1].order, at, 64)
    return _forth(back)


def _forth(back: Sequence[ClaimVersion]) -> Assertion:
    held: Assertion | None = None
    for claim in reversed(back):
        held = resolved(claim.assertion, held)
    assert held is not None
    return held


def _groups(said: Iterable[Group], held: Assertion | None) -> tuple[Group, ...]:
    """Pending groups by what they assert once withdrawals are resolved against the basis, without what it asserts too."""
    merged: dict[Assertion, Group] = {}
    for group in said:
        says = resolved(group.assertion, held)
        if says == held:
            continue
        other = merged.get(says)
        if other is None:
            merged[says] = group._replace(assertion=says)
        else:
            last = max(group.last, other.last, key=lambda claim: claim.order)
            merged[says] = Group(says, group.claims + other.claims, min(group.since, other.since), last)
    return tuple(sorted(merged.values(), key=lambda group: (group.since, group.assertion)))


def _since(claims: Claims, tail: Sequence[ClaimVersion], held: Assertion, at: datetime) -> datetime:
    """When the earliest claim took effect in the unbroken run of accepted claims, ending at the basis, that assert it."""
    first = tail[0]
    while True:
        other = claims.last_saying_otherwise(first.order, held)
        if other is None:
            earliest = claims.first_accepted_after(None)
            return earliest.takes_effect if earliest else first.takes_effect
        says = _resolve(claims, [other], at) if is_withdrawal(other.assertion) else other.assertion
        if says != held:
            start = claims.first_accepted_after(other.order)
            return start.takes_effect if start else first.takes_effect
        first = other


def _conflicting(claims: Claims, basis: ClaimVersion, held: Assertion, at: datetime) -> tuple[UUID, ...]:
    found: list[UUID] = []
    before = basis.order
    while len(found) < MAX_CONFLICTING:
        page = claims.overlapping(basis, held, before, MAX_CONFLICTING)
        for claim in page:
            if is_withdrawal(claim.assertion) and _resolve(claims, [claim], at) == held:
                continue
            found.append(claim.development_id)
        if len(page) < MAX_CONFLICTING:
            break
        before = page[-1].order
    return tuple(sorted(found[:MAX_CONFLICTING]))


def _valid_until(claims: Claims, at: datetime, held: Assertion | None) -> datetime | None:
    """When the next claim takes effect that changes the answer: accepted, or pending and asserting something else."""
    order: Order | None = None
    while (claim := claims.next_after(at, order, held)) is not None:
        if claim.bearing == "accepted" or resolved(claim.assertion, held) != held:
            return claim.takes_effect
        order = claim.order
    return None


class ClaimList:
    """`Claims` over a list in memory: the known claims of one location and facet in their order, none ignored."""

    def __init__(self, claims: Sequence[ClaimVersion]) -> None:
        self._claims = claims
        self._orders = [claim.order for claim in claims]

    def _upto(self, at: datetime) -> int:
        return bisect_right(self._claims, at, key=lambda claim: claim.takes_effect)

    def _before(self, order: Order | None, at: datetime) -> Iterator[ClaimVersion]:
        end = self._upto(at)
        if order is not None:
            end = min(end, bisect_left(self._orders, order))
        return reversed(self._claims[:end])

    def _after(self, order: Order | None) -> Sequence[ClaimVersion]:
        return self._claims if order is None else self._claims[bisect_right(self._orders, order) :]

    def accepted_before(self, order: Order | None, at: datetime, limit: int) -> Sequence[ClaimVersion]:
        found: list[ClaimVersion] = []
        for claim in self._before(order, at):
            if claim.bearing == "accepted":
                found.append(claim)
                if len(found) == limit:
                    break
        return found

    def last_saying_otherwise(self, order: Order, assertion: Assertion) -> ClaimVersion | None:
        before = self._before(order, order[0])
        return next((one for one in before if one.bearing == "accepted" and one.assertion != assertion), None)

    def first_accepted_after(self, order: Order | None) -> ClaimVersion | None:
        return next((one for one in self._after(order) if one.bearing == "accepted"), None)

    def pending_after(self, order: Order | None, at: datetime) -> Sequence[Group]:
        groups: dict[Assertion, Group] = {}
        for claim in self._after(order):
            if claim.takes_effect > at:
                break
            if claim.bearing == "pending":
                before = groups.get(claim.assertion)
                since = before.since if before else claim.takes_effect
                groups[claim.assertion] = Group(claim.assertion, (before.claims if before else 0) + 1, since, claim)
        return list(groups.values())

    def overlapping(
        self, basis: ClaimVersion, not_saying: Assertion, before: Order, limit: int
    ) -> Sequence[ClaimVersion]:
        period = (basis.occurred_start, basis.occurred_end)
        found = (
            claim
            for claim in self._before(before, before[0])
            if claim.bearing == "accepted"
            and claim.assertion != not_saying
            and overlap(claim.occurred_start, claim.occurred_end, *period)
        )
        return [claim for claim, _ in zip(found, range(limit), strict=False)]

    def next_after(self, at: datetime, order: Order | None, not_saying: Assertion | None) -> ClaimVersion | None:
        start = self._upto(at)
        if order is not None:
            start = max(start, bisect_right(self._orders, order))
        for claim in self._claims[start:]:
            if claim.bearing == "accepted" or claim.assertion != not_saying:
                return claim
        return None

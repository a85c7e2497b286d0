"""The second fold: one location's claims, as known at one moment → its status along the valid axis (pure).

DESIGN.md section 5. Claims come in their order; a withdrawal is resolved here, against the last accepted claim
before it. `stretches` tells the whole valid axis, `status_at` one moment of it with everything that is computed at
read (since, counts, conflicting, the bounds of the stretch). `status_at` asks for what it needs through `Claims`, so
that one rule serves a list in memory and a place with twenty thousand claims in PostgreSQL.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple, Protocol
from uuid import UUID

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


class Last(NamedTuple):
    """The last of several claims in their order."""

    development_id: UUID
    order: Order
    standing: str


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
    last: Last


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

    @property
    def answer(self) -> Answer:
        """The same without what is computed at read."""
        beside = sorted(Pending(one.assertion, one.last.development_id, one.last.standing) for one in self.pending)
        if self.basis is None:
            return Answer(None, None, None, tuple(beside))
        return Answer(self.assertion, self.basis.development_id, self.basis.standing, tuple(beside))


class Overlap(NamedTuple):
    """An accepted claim before the basis that overlaps its period, and what it asserts, resolved."""

    development_id: UUID
    order: Order
    says: Assertion


class Next(NamedTuple):
    """A claim that takes effect later, with what it asserts as said."""

    order: Order
    assertion: Assertion
    bearing: str


class Around(NamedTuple):
    """What stands around a basis: all that a status needs beside it, so that a table can tell it in one answer.

    Attributes:
        pending: The pending claims in effect after the basis (or all of them), grouped by their assertion as said.
        next: The earliest claim that takes effect later: accepted, or pending and not saying what is held.
        overlapping: The last accepted claims before the basis that overlap its period and do not say what is held.
    """

    pending: Sequence[Group]
    next: Next | None
    overlapping: Sequence[Overlap]


class Claims(Protocol):
    """The claims of one location and facet known at one moment, none ignored, asked for in small helpings."""

    def accepted_before(self, order: Order | None, at: datetime, limit: int) -> Sequence[ClaimVersion]:
        """The last accepted claims in effect by `at` (and before `order`), newest first."""

    def around(self, basis: ClaimVersion | None, held: Assertion | None, at: datetime) -> Around:
        """What stands around the basis at a moment; `overlapping` at most MAX_CONFLICTING, newest first."""

    def last_saying_otherwise(self, order: Order, assertion: Assertion) -> ClaimVersion | None:
        """The last accepted claim before `order` whose assertion as said is not `assertion`."""

    def first_accepted_after(self, order: Order | None) -> ClaimVersion | None:
        """The earliest accepted claim after `order`, or of all."""

    def overlapping(self, basis: ClaimVersion, not_saying: Assertion, before: Order) -> Sequence[Overlap]:
        """As in `Around`, further back: before `before`."""

    def next_after(self, at: datetime, order: Order | None, not_saying: Assertion | None) -> Next | None:
        """As in `Around`, further on: after `order`."""


#: How many accepted claims are asked for at once: mostly enough to find the basis, what it leans on, and since when.
TAIL = 4


def status_at(claims: Claims, at: datetime) -> Status:
    """The status at a moment of the valid axis."""
    tail = claims.accepted_before(None, at, TAIL)
    basis = tail[0] if tail else None
    held = _resolve(claims, tail, at) if basis else None
    around = claims.around(basis, held, at)
    groups = _groups(around.pending, held)
    moments = [group.last.order[0] for group in groups] + ([basis.takes_effect] if basis else [])
    return Status(
        assertion=held,
        basis=basis,
        since=_since(claims, tail, held, at) if held else None,
        pending=groups,
        conflicting=_conflicting(claims, basis, held, around.overlapping) if basis and held else (),
        valid_from=max(moments, default=None),
        valid_until=_valid_until(claims, at, held, around.next),
    )


def _resolve(claims: Claims, tail: Sequence[ClaimVersion], at: datetime) -> Assertion:
    """What the first of `tail` (accepted, newest first) asserts: back to a claim that needs no resolving, and forth."""
    back: list[Assertion] = []
    page: Sequence[ClaimVersion] = tail
    while page:
        for claim in page:
            back.append(claim.assertion)
            if not is_withdrawal(claim.assertion):
                return resolve_back(back)
        page = claims.accepted_before(page[-1].order, at, 64)
    return resolve_back(back)


def resolve_back(back: Sequence[Assertion]) -> Assertion:
    """What the first of some claims asserts, newest first, the last of which needs no resolving or is the first of all."""
    held: Assertion | None = None
    for said in reversed(back):
        held = resolved(said, held)
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
    for index, claim in enumerate(tail[1:], start=1):
        says = _resolve(claims, tail[index:], at) if is_withdrawal(claim.assertion) else claim.assertion
        if says != held:
            return first.takes_effect
        first = claim
    if len(tail) < TAIL:
        return first.takes_effect
    return _since_further_back(claims, first, held, at)


def _since_further_back(claims: Claims, first: ClaimVersion, held: Assertion, at: datetime) -> datetime:
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


def _conflicting(claims: Claims, basis: ClaimVersion, held: Assertion, page: Sequence[Overlap]) -> tuple[UUID, ...]:
    found: list[UUID] = []
    while True:
        found += [one.development_id for one in page if one.says != held]
        if len(page) < MAX_CONFLICTING or len(found) >= MAX_CONFLICTING:
            return tuple(sorted(found[:MAX_CONFLICTING], key=attrgetter("int")))  # a UUID's own order, but 3x as fast
        page = claims.overlapping(basis, held, page[-1].order)


def _valid_until(claims: Claims, at: datetime, held: Assertion | None, claim: Next | None) -> datetime | None:
    """When the next claim takes effect that changes the answer: accepted, or pending and asserting something else."""
    while claim is not None:
        if claim.bearing == "accepted" or resolved(claim.assertion, held) != held:
            return claim.order[0]
        claim = claims.next_after(at, claim.order, held)
    return None

"""The claims of one place as a list in memory: `Claims` for the second fold, where they were read whole (pure)."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from events.times import overlap
from projections.claims import Assertion, ClaimVersion, Order, is_withdrawal
from projections.status import MAX_CONFLICTING, Around, Group, Last, Next, Overlap, resolve_back


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

    def around(self, basis: ClaimVersion | None, held: Assertion | None, at: datetime) -> Around:
        return Around(
            self._pending_after(basis.order if basis else None, at),
            self.next_after(at, None, held),
            self.overlapping(basis, held, basis.order) if basis and held else (),
        )

    def _pending_after(self, order: Order | None, at: datetime) -> Sequence[Group]:
        groups: dict[Assertion, Group] = {}
        for claim in self._after(order):
            if claim.takes_effect > at:
                break
            if claim.bearing == "pending":
                before = groups.get(claim.assertion)
                since = before.since if before else claim.takes_effect
                last = Last(claim.development_id, claim.order, claim.standing)
                groups[claim.assertion] = Group(claim.assertion, (before.claims if before else 0) + 1, since, last)
        return list(groups.values())

    def overlapping(self, basis: ClaimVersion, not_saying: Assertion, before: Order) -> Sequence[Overlap]:
        period = (basis.occurred_start, basis.occurred_end)
        found = (
            Overlap(claim.development_id, claim.order, self._says(claim))
            for claim in self._before(before, before[0])
            if claim.bearing == "accepted"
            and claim.assertion != not_saying
            and overlap(claim.occurred_start, claim.occurred_end, *period)
        )
        return list(islice(found, MAX_CONFLICTING))

    def _says(self, claim: ClaimVersion) -> Assertion:
        """What an accepted claim asserts, resolved."""
        back = [claim.assertion]
        if is_withdrawal(claim.assertion):
            for before in self._before(claim.order, claim.takes_effect):
                if before.bearing == "accepted":
                    back.append(before.assertion)
                    if not is_withdrawal(before.assertion):
                        break
        return resolve_back(back)

    def next_after(self, at: datetime, order: Order | None, not_saying: Assertion | None) -> Next | None:
        start = self._upto(at)
        if order is not None:
            start = max(start, bisect_right(self._orders, order))
        for claim in self._claims[start:]:
            if claim.bearing == "accepted" or claim.assertion != not_saying:
                return Next(claim.order, claim.assertion, claim.bearing)
        return None

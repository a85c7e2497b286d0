"""What a claim asserts, and a claim version: what a claim was, as known in one period of the known axis (pure).

The known axis is a whole number on both clocks: the log position, or microseconds since 1970 on the reported clock.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from uuid import UUID

from events.developments import Participant
from events.vocabulary import WITHDRAWN, Kind

#: The open end of the known axis: until further notice.
FOREVER: Final = 2**63 - 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

#: An assertion in one canonical line, `mode|holders|challengers`, the actors sorted and joined by `;`.
Assertion = str

#: The place of a claim in the order of its location: (takes effect, published at, position).
Order = tuple[datetime, datetime, int]


def micros(moment: datetime) -> int:
    """A moment on the known axis of the reported clock: microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(known: int) -> datetime:
    """The inverse of `micros`."""
    return _EPOCH + known * _MICROSECOND


class Asserted(NamedTuple):
    """An assertion taken apart: a mode and two sorted sets of actor ids."""

    mode: str
    holders: tuple[str, ...]
    challengers: tuple[str, ...]


@lru_cache(maxsize=65536)
def assertion(mode: str, holders: tuple[str, ...] = (), challengers: tuple[str, ...] = ()) -> Assertion:
    """The canonical line of an assertion; the order and repetition of the actors do not matter."""
    return f"{mode}|{';'.join(sorted(set(holders)))}|{';'.join(sorted(set(challengers)))}"


@lru_cache(maxsize=65536)
def asserted(line: Assertion) -> Asserted:
    """An assertion's parts."""
    mode, holders, challengers = line.split("|")
    return Asserted(mode, tuple(filter(None, holders.split(";"))), tuple(filter(None, challengers.split(";"))))


@lru_cache(maxsize=65536)
def asserts(kind: Kind, participants: tuple[Participant, ...]) -> Assertion:
    """What a claim of this kind asserts; a withdrawal keeps its former holders, to be resolved in its place."""
    if kind.mode == WITHDRAWN:
        return assertion(WITHDRAWN, tuple(one.actor_id for one in participants if one.role == "former_holder"))
    return assertion(
        kind.mode or "",
        tuple(one.actor_id for one in participants if one.role == kind.holders),
        tuple(one.actor_id for one in participants if one.role == kind.challengers),
    )


VACATED: Final = assertion("vacated")


def is_withdrawal(line: Assertion) -> bool:
    """Whether an assertion still has to be resolved against the claim before it."""
    return line.startswith(WITHDRAWN)


@lru_cache(maxsize=65536)
def resolved(line: Assertion, before: Assertion | None) -> Assertion:
    """What a claim asserts after the last accepted claim before it, itself resolved (None: there is no such claim).

    A withdrawal takes its former holders out of holders and challengers. Nobody left: vacated. Others left: held by
    them, or shared if it was shared and two or more are left. Removing nobody, it asserts the same as that claim.
    """
    if not is_withdrawal(line):
        return line
    if before is None:
        return VACATED
    mode, holders, challengers = asserted(before)
    leaving = set(asserted(line).holders)
    if leaving.isdisjoint(holders) and leaving.isdisjoint(challengers):
        return before
    left = tuple(one for one in holders + challengers if one not in leaving)
    if not left:
        return VACATED
    return assertion("shared" if mode == "shared" and len(set(left)) > 1 else "held", left)


class ClaimVersion(NamedTuple):
    """A claim as it was known in `[known_from, known_until)`: its place, order, assertion and standing.

    Attributes:
        takes_effect: When it begins to count on the valid axis.
        published_at, position: Of the `DevelopmentReported`; with `takes_effect` they are its order.
        assertion: As said; a withdrawal is not resolved yet.
        bearing: What the view's policy lets this standing do: accepted, pending or ignored.
    """

    development_id: UUID
    location_id: str
    facet: str
    takes_effect: datetime
    published_at: datetime
    position: int
    assertion: Assertion
    standing: str
    bearing: str
    occurred_start: datetime
    occurred_end: datetime
    known_from: int
    known_until: int

    @property
    def order(self) -> Order:
        return (self.takes_effect, self.published_at, self.position)

    def known(self, known: int) -> bool:
        return self.known_from <= known < self.known_until


def known_claims(versions: Iterable[ClaimVersion], facet: str, known: int) -> list[ClaimVersion]:
    """The claims of one facet that are known at a moment and not ignored, in their order."""
    return sorted(
        (one for one in versions if one.facet == facet and one.known(known) and one.bearing != "ignored"),
        key=lambda one: one[3:6],
    )


def takes_effect(kind: Kind, start: datetime, end: datetime, published_at: datetime) -> datetime:
    """A state takes effect when it began; a change when it was published, clamped into its period."""
    return max(start, min(published_at, end)) if kind.change else start

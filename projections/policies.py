"""The named, versioned rules from a standing to what it may do for a status; and the choices that make a view.

A policy never looks at claims itself: `standing.py` finds what a development's statements make of it, a policy says
whether that is accepted, pending or ignored. A published policy is never edited; a changed rule is a new version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Clock = Literal["recorded", "reported"]

#: What a standing lets a claim do: set the status, stand beside it, or nothing.
Bearing = Literal["accepted", "pending", "ignored"]

CONFIRMED, PROBABLE, POSSIBLE, DOUBTFUL, REJECTED = "confirmed", "probable", "possible", "doubtful", "rejected"
ADMITTED, CORROBORATED, CREDIBLE, UNCONFIRMED = "admitted", "corroborated", "credible", "unconfirmed"
DISPUTED, RETRACTED, MERGED, VOID = "disputed", "retracted", "merged", "void"

#: From an analyst's verdict (Admiralty credibility) to the standing it gives; 6 decides nothing.
BY_VERDICT: Final = MappingProxyType({1: CONFIRMED, 2: PROBABLE, 3: POSSIBLE, 4: DOUBTFUL, 5: REJECTED})

_ACCEPTED = (CONFIRMED, PROBABLE, ADMITTED, CORROBORATED, CREDIBLE)
_PENDING = (POSSIBLE, DOUBTFUL, DISPUTED, UNCONFIRMED)
_IGNORED = (REJECTED, RETRACTED, MERGED, VOID)
STANDINGS: Final = _ACCEPTED + _PENDING + _IGNORED


@dataclass(frozen=True, slots=True)
class Policy:
    """A named rule from standing to bearing, with its text in words."""

    name: str
    version: int
    bearing: Mapping[str, Bearing]
    words: str

    @property
    def label(self) -> str:
        """`assessed/1`: how answers name the policy."""
        return f"{self.name}/{self.version}"


def _bearings(accepted: tuple[str, ...]) -> Mapping[str, Bearing]:
    ignored: dict[str, Bearing] = dict.fromkeys(_IGNORED, "ignored")
    pending: dict[str, Bearing] = dict.fromkeys(_ACCEPTED + _PENDING, "pending")
    return MappingProxyType(pending | dict.fromkeys(accepted, "accepted") | ignored)


ASSESSED: Final = Policy(
    "assessed",
    1,
    _bearings(_ACCEPTED),
    "A claim is accepted when an analyst confirmed it or found it probable, when its own side admitted it, when two "
    "origins or more report it and one of them is usable and serves no interest, or when a usable, neutral source "
    "reports it with credibility 3 or better. What a credible denial disputes, and what nobody confirmed, is pending.",
)
TICKER: Final = Policy(
    "ticker",
    1,
    _bearings(_ACCEPTED + _PENDING),
    "Every claim that is not rejected, retracted, merged or void is accepted: what a news ticker shows.",
)
STRICT: Final = Policy(
    "strict",
    1,
    _bearings((CONFIRMED, PROBABLE)),
    "Only what an analyst confirmed or found probable is accepted; all else that is not ignored is pending.",
)

POLICIES: Final[Mapping[str, Policy]] = MappingProxyType({one.name: one for one in (ASSESSED, TICKER, STRICT)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a view reads the log: a policy, a clock, and a choice of sources.

    Attributes:
        exclude_sources: Statements whose chain names one of these are left out.
        only_sources: Where not empty, only statements whose chain names one of these are kept.
    """

    policy: Policy = ASSESSED
    clock: Clock = "recorded"
    exclude_sources: frozenset[str] = frozenset()
    only_sources: frozenset[str] = frozenset()

    def hears(self, chain: tuple[str, ...]) -> bool:
        """Whether a statement with this chain is kept."""
        if not self.exclude_sources.isdisjoint(chain):
            return False
        return not self.only_sources or not self.only_sources.isdisjoint(chain)

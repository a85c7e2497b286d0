"""How often whoever asks may ask: a budget for reads, writes, streams and what is costly, each for one principal or address.

The windows slide, and stand in the memory of one process (library `limits`): several processes grant several times as much.
Whoever asks on loopback while there are no keys is alone with the service, and has no limit.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from types import MappingProxyType
from typing import Final, Literal

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from services.timeline.access import LOCAL, Principal
from services.timeline.settings import Settings

Budget = Literal["reads", "writes", "streams", "costly", "strangers"]

#: Routes of which one request may keep the service busy as long as a hundred others; with each that begins so.
COSTLY: Final = (
    "GET /v1/stretches",
    "GET /v1/beliefs",
    "GET /v1/locations/{location_id}/timemap",
    "GET /v1/replay",
    "GET /v1/audit/",
    "POST /v1/audit/bundles/",
    "GET /v1/views/diff",
    "POST /v1/views",
)


def budget_of(route: str, *, streamed: bool = False) -> Budget:
    """The budget that a route spends from, given as `METHOD /path/{name}` (pure)."""
    if streamed:
        return "streams"
    if route.startswith(COSTLY):
        return "costly"
    return "reads" if route.startswith("GET ") else "writes"


@dataclass(frozen=True, slots=True)
class Spent:
    """What is left of a budget after a request.

    Attributes:
        quota, window: So many requests in so many seconds.
        seconds: Until all of it is there again; where nothing is left, until something is.
    """

    budget: Budget
    quota: int
    window: int
    left: int
    seconds: int
    granted: bool

    @property
    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers has it: the policy, and what is left under it."""
        said = {
            "RateLimit-Policy": f'"{self.budget}";q={self.quota};w={self.window}',
            "RateLimit": f'"{self.budget}";r={self.left};t={self.seconds}',
        }
        return said if self.granted else said | {"Retry-After": str(self.seconds)}


class Budgets:
    """The budgets of one process."""

    def __init__(self, settings: Settings) -> None:
        rates: dict[Budget, str] = {
            "reads": settings.limit_reads,
            "writes": settings.limit_writes,
            "streams": settings.limit_streams,
            "costly": settings.limit_costly,
            "strangers": settings.limit_strangers,
        }
        items = {budget: parse(rate) for budget, rate in rates.items() if rate != "off"}
        self._items: Mapping[Budget, RateLimitItem] = MappingProxyType(items)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def spend(self, who: str, budget: Budget) -> Spent | None:
        """Take one request off a budget; None where there is no limit."""
        item = self._items.get(budget)
        if item is None:
            return None
        granted = self._limiter.hit(item, budget, who)
        stats = self._limiter.get_window_stats(item, budget, who)
        seconds = max(1, math.ceil(stats.reset_time - time.time()))
        return Spent(budget, item.amount, item.get_expiry(), stats.remaining, seconds, granted)


def spender(who: Principal, address: str) -> str | None:
    """Whose budget a request is taken from: a principal's, else the address's; None for `local`, who has no limit."""
    if who == LOCAL:
        return None
    return who.name if who.known else neighbourhood(address)


def neighbourhood(address: str) -> str:
    """An address as it is counted: of IPv6 the first 64 bits, since whoever has one address has all of those."""
    try:
        found = ip_address(address.split("%", maxsplit=1)[0])
    except ValueError:
        return "address:unknown"
    if isinstance(found, IPv6Address):
        return f"address:{found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64)}"
    return f"address:{found}"

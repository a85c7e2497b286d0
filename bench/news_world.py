"""The world of a news-like log: its places, actors and sources, and when much happens at once.

Everything is looked up in tables made once from the seed, so that a story can be drawn from a few random bytes.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any, TypeVar

import msgspec

from events.records import Event
from events.shape import AnyEvent

T = TypeVar("T")

BEGIN = datetime(2022, 1, 1, tzinfo=UTC)
DAYS = 1_000
PLACES = 33_000

ACTORS = tuple(f"actor-{number}" for number in range(10))
SOURCES = 300
AGENCIES = 24
_GRADES = "AABBBBBCCCCCCDDDEFF"
_SOURCE_KINDS = ("news_outlet", "news_outlet", "news_outlet", "social_media", "armed_group_media", "monitoring_group")

#: So many claims gather at each of three places, as shares of one crowd: 20,000 from a million events on.
CROWDED = (1.0, 0.7, 0.5)
CROWD = 20_000
EVENTS_TO_A_CLAIM_OF_THE_CROWD = 50
SHARE_OF_CLAIMS_IN_A_CROWD = 0.89


def source(number: int) -> str:
    """The first are agencies, whom the others quote."""
    return f"agency-{number:02}" if number < AGENCIES else f"outlet-{number:03}"


def crowd(events: int) -> int:
    """How many claims the most crowded place of a log of so many events holds, about."""
    return min(CROWD, events // EVENTS_TO_A_CLAIM_OF_THE_CROWD)


class Atlas:
    """A country, its governorates and districts, and the towns, with ids in the order of their numbers."""

    def __init__(self, places: int) -> None:
        governorates, districts = max(1, places // 2_400), max(1, places // 500)
        self._above = 1 + governorates + districts
        if places < self._above + len(CROWDED) + 2:
            raise ValueError(f"{places} places are too few for news: take {self._above + len(CROWDED) + 2} or more")
        self._governorates, self._districts = governorates, districts
        self.towns = tuple(f"p-{number:05}" for number in range(places - self._above))

    def registered(self, random: Random) -> Iterator[dict[str, Any]]:
        yield _registered("country", "country", None, random)
        for number in range(self._governorates):
            yield _registered(f"g-{number:03}", "governorate", "country", random)
        for number in range(self._districts):
            yield _registered(f"d-{number:04}", "district", f"g-{number % self._governorates:03}", random)
        for number, town in enumerate(self.towns):
            yield _registered(town, "town", f"d-{number % self._districts:04}", random)


def _registered(location_id: str, kind: str, parent_id: str | None, random: Random) -> dict[str, Any]:
    position = [round(35.7 + random.random() * 6.6, 4), round(32.3 + random.random() * 5, 4)]
    return {
        "type": "LocationRegistered",
        "location_id": location_id,
        "name": location_id.replace("-", " ").title(),
        "kind": kind,
        "parent_id": parent_id,
        "geometry": {"type": "Point", "coordinates": position},
        "codes": {"pcode": location_id.upper()},
    }


def reference(seed: int, atlas: Atlas) -> Iterator[Event]:
    """The actors, the sources with their grades and alignments, and the places, in an order that can be appended."""
    random = Random(seed)
    for actor in ACTORS:
        yield _event({"type": "ActorRegistered", "actor_id": actor, "name": actor.title(), "kind": "other"})
    for number in range(SOURCES):
        yield _event(
            {
                "type": "SourceRegistered",
                "source_id": source(number),
                "name": source(number).replace("-", " ").title(),
                "kind": "news_agency" if number < AGENCIES else random.choice(_SOURCE_KINDS),
                "reliability": random.choice("AABBBC" if number < AGENCIES else _GRADES),
                "aligned_with": [random.choice(ACTORS)] if random.random() < 0.3 else [],
            }
        )
    yield from map(_event, atlas.registered(random))


def _event(said: dict[str, Any]) -> Event:
    event: Event = msgspec.convert(said, AnyEvent)
    return event


class Calendar:
    """When each of the developments begins, rising with its number: quiet hours, and bursts that fade over days."""

    def __init__(self, seed: int, developments: int, towns: int) -> None:
        random = Random(seed + 1)
        excited, focus = 0.0, None
        weights: list[float] = []
        self._focus: list[int | None] = []
        for hour in range(DAYS * 24):
            excited *= 0.97
            if random.random() < 0.01:
                excited += random.lognormvariate(0.5, 1.0)
                focus = random.randrange(towns)
            weights.append((0.3 + excited) * (0.4 if hour % 24 < 6 else 1.2))
            self._focus.append(focus if excited > 0.5 else None)
        self._until = list(accumulate(weights))
        self._step = self._until[-1] / max(developments, 1)

    def begin(self, number: int) -> tuple[int, int | None]:
        """The minute since BEGIN at which a development begins, and the town around which a burst happens then."""
        told = (number + 0.5) * self._step
        hour = bisect_right(self._until, told)
        before = self._until[hour - 1] if hour else 0.0
        minute = int(60 * (told - before) / (self._until[hour] - before))
        return hour * 60 + min(minute, 59), self._focus[hour]


class Whereabouts:
    """Which town a development is about: three crowded ones, a tail after Zipf, and what lies around a burst."""

    def __init__(self, events: int, developments: int, towns: int) -> None:
        most = crowd(events) / SHARE_OF_CLAIMS_IN_A_CROWD / max(developments, 1)
        crowded = [share * most for share in CROWDED]
        tail = [(rank + 5) ** -0.9 for rank in range(towns - len(CROWDED))]
        rest = (1 - sum(crowded)) / sum(tail)
        self._until = list(accumulate([*crowded, *(weight * rest for weight in tail)]))
        self._towns = towns

    def drawn(self, draw: int, focus: int | None) -> int:
        """The number of a town, from 32 random bits."""
        town = bisect_right(self._until, draw / 2**32, hi=self._towns - 1)
        if focus is None or town < len(CROWDED) or draw & 3:
            return town
        return max(len(CROWDED), (focus + (draw >> 2) % 40) % self._towns)


def weighted(weights: Sequence[tuple[T, int]]) -> list[T]:
    """A table of 256 entries for a draw of one byte."""
    table = [item for item, weight in weights for _ in range(weight)]
    assert len(table) == 256, len(table)
    return table


def zipf(first: int, count: int) -> list[int]:
    """A table of 4,096 numbers from `first` on in which the earlier ones stand more often."""
    until = list(accumulate((rank + 3) ** -0.8 for rank in range(count)))
    return [first + bisect_right(until, (draw + 0.5) / 4096 * until[-1]) for draw in range(4096)]


_DAYS = [(BEGIN + timedelta(days=day)).date().isoformat() for day in range(-30, DAYS + 180)]
_MINUTES = [f"T{minute // 60:02}:{minute % 60:02}:00Z" for minute in range(1440)]


def stamp(minute: int) -> str:
    """A minute since BEGIN as a stored time."""
    return _DAYS[minute // 1440 + 30] + _MINUTES[minute % 1440]

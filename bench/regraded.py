"""A log in which each place is judged anew many times: a few claims a place, whose sources are graded again and again.

Each grade lets what a source said of a thousand places be accepted, or be pending again, so from a hundred thousand claims
come a million rectangles. It is a million because the sources were graded, not because so much happened: the way in which a
record of some years that is kept with care gets there.

    load(log, 350)
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

import msgspec

from bench.news import copied, referenced, row
from bench.news_stories import Row
from bench.news_world import ACTORS, PLACES, Atlas, source
from events.log import Log
from events.records import Event
from events.shape import AnyEvent

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 300

#: So many sources make the claims, so many a place.
SOURCES, CLAIMS = 40, 3


def load(log: Log, gradings: int, *, places: int = PLACES, told: Callable[[int], None] = lambda _: None) -> int:
    """Bring such a log into an empty database, as if recorded over three hundred days; the last position."""
    random, world = Random(7), Atlas(places)
    with log.pool.connection() as connection, connection.transaction():
        copied(connection, referenced(1, world), BEGIN)
    claims = _claims(random, world)
    many = len(world.towns) * CLAIMS
    position = 0
    for number in range(gradings + 1):  # a third of the gradings come between the claims
        share = many - many * max(0, gradings // 3 - number) // (gradings // 3 + 1)
        before = many - many * max(0, gradings // 3 - number + 1) // (gradings // 3 + 1) if number else 0
        moment = BEGIN + timedelta(days=DAYS * (number + 1) / (gradings + 2))
        some = list(islice(claims, max(0, share - before)))
        with log.pool.connection() as connection, connection.transaction():
            position = copied(connection, iter([*some, _graded(random, number)]), moment)
        told(position)
    return position


def _claims(random: Random, world: Atlas) -> Iterator[Row]:
    towns = [town for town in world.towns for _ in range(CLAIMS)]
    random.shuffle(towns)
    for number, town in enumerate(towns):
        start = BEGIN + timedelta(minutes=int(DAYS * 1440 * number / len(towns)))
        said: dict[str, Any] = {
            "type": "DevelopmentReported", "development_id": _uuid(random),
            "kind": "held", "location_id": town,
            "occurred": {"start": start.isoformat(), "end": (start + timedelta(days=1)).isoformat(), "precision": "day"},
            "participants": [{"actor_id": random.choice(ACTORS), "role": "holder"}], "summary": f"{town} is said to be held.", "tags": ["bench"],
            "report": {"chain": [source(random.randrange(SOURCES))], "published_at": (start + timedelta(hours=9)).isoformat(), "credibility": 2},
        }  # fmt: skip
        yield row(_event(said), 1, random)


def _graded(random: Random, number: int) -> Row:
    """A source that was good is not to be judged, and the other way round."""
    times, which = divmod(number, SOURCES)
    said = {
        "type": "SourceReliabilityAssessed",
        "source_id": source(which),
        "reliability": "FB"[times % 2],
        "reason": "Reviewed.",
    }
    return row(_event(said), 2 + times, random)


def _uuid(random: Random) -> str:
    digits = random.randbytes(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def _event(said: dict[str, Any]) -> Event:
    event: Event = msgspec.convert(said, AnyEvent)
    return event

"""Pinned answers asked again after 10,000 more appends by concurrent writers: the same bytes, every one of 1,000.

Beside it the same questions with `current` instead of the view's id and no known position: what an unpinned answer does.
"""

import threading
from datetime import timedelta
from random import Random
from urllib.parse import urlencode

import httpx2

from bench import histories
from bench.ground import fresh_timeline, say, working
from bench.point_status import served
from events.records import Event
from services.timeline.composition import Following, Timeline

BEFORE, MORE, QUESTIONS, WRITERS, PLACES = 10_000, 10_000, 1_000, 4, 300


def run() -> None:
    """Print how many answers stayed the same bytes, pinned and not."""
    told = histories.arrived(histories.developments(BEFORE + MORE, PLACES, 500), "shuffled")
    first, more = _cut(told)
    with fresh_timeline() as timeline:
        list(histories.append(timeline.log, histories.reference(PLACES) + first))
        timeline.follower.follow()
        with Following(timeline), served(timeline) as url, httpx2.Client(base_url=url, timeout=60) as client:
            pinned, unpinned = _questions(timeline)
            before = [client.get(path) for path in pinned + unpinned]
            assert all(answer.status_code == 200 for answer in before)
            assert all("immutable" in answer.headers["cache-control"] for answer in before[:QUESTIONS])
            _append_concurrently(timeline, more)
            head = timeline.log.head().position
            client.get(f"/v1/status?min_position={head}&within={histories.CROWDED}").raise_for_status()
            after = [client.get(path) for path in pinned + unpinned]
    same = [one.content == other.content for one, other in zip(before, after, strict=True)]
    say(f"after {len(more):,} more events by {WRITERS} writers, the same bytes:")
    say(f"pinned by a view's id and a position   {sum(same[:QUESTIONS]):5,} of {QUESTIONS:,}")
    say(f"not pinned (`current`, now)            {sum(same[QUESTIONS:]):5,} of {QUESTIONS:,}")


def _cut(told: list[Event]) -> tuple[list[Event], list[Event]]:
    """Two halves, the second of which begins with a development of its own."""
    middle = next(at for at in range(BEFORE, len(told)) if type(told[at]).__name__ == "DevelopmentReported")
    return told[:middle], told[middle:]


def _questions(timeline: Timeline) -> tuple[list[str], list[str]]:
    random = Random(4)
    view = next(view for view in timeline.reader.views() if view.name == "current")
    pinned, unpinned = [], []
    for _ in range(QUESTIONS):
        place = random.choice([histories.CROWDED, histories.place(random.randrange(1, PLACES))])
        at = (histories.BEGIN + timedelta(seconds=random.randrange(histories.DAYS * 24 * 3600))).isoformat()
        known = {"known_position": random.randrange(PLACES + 60, view.position)}
        route = random.choice(["status", "history", "explain"] if place != histories.CROWDED else ["status", "history"])
        pinned.append(f"/v1/locations/{place}/{route}?{urlencode({'view': view.view_id, 'at': at} | known)}")
        unpinned.append(f"/v1/locations/{place}/{route}?{urlencode({'at': at})}")
    return pinned, unpinned


def _append_concurrently(timeline: Timeline, events: list[Event]) -> None:
    """Whole developments to each writer, in batches, through the door that people use."""
    shares: list[list[Event]] = [[] for _ in range(WRITERS)]
    for event in events:
        shares[event.development_id.int % WRITERS].append(event)  # type: ignore[attr-defined]
    failed: list[str] = []

    def write(share: list[Event]) -> None:
        for start in range(0, len(share), 50):
            results = timeline.writer.append(share[start : start + 50], "bench")
            failed.extend(str(one.refusal) for one in results if not one.appended)
        working(f"a writer is done with {len(share):,} events")

    threads = [threading.Thread(target=write, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed[0]

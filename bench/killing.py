"""Kill -9, again and again, of the service and of PostgreSQL, while clients append: what was acknowledged is there, once.

The service is `timeline serve`, a process of its own with the embedded PostgreSQL in a folder of its own. Each round,
several clients post over HTTP, some an event at a time and some ten as NDJSON. Then one of the two is killed, all its
processes at once; it comes back (the service is started, and starts its PostgreSQL again by itself), and each client posts
again, under the same event ids, whatever was not acknowledged. In the end the log is read from one end to the other, and each view compared with one folded from nothing.
"""

import hashlib
import json
import os
import random
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.ground import say, working
from bench.killed_service import Service
from bench.patient_client import WORLD, PatientClient
from projections import views
from projections.follower import Follower
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings

ROUNDS, CLIENTS = int(os.environ.get("TIMELINE_BENCH_ROUNDS", "20")), 8

#: Seconds of posting before each kill, at least and at most.
LEAST, MOST = 0.4, 1.2


@dataclass
class Counts:
    """What happened, and what is wrong with what is left (the second half: all of it should be nothing)."""

    rounds: int = 0
    in_flight: int = 0
    rounds_in_flight: int = 0
    unacknowledged: int = 0
    were_recorded: int = 0
    acknowledged: int = 0
    seconds_back: list[float] = field(default_factory=list)

    lost: int = 0
    moved: int = 0
    duplicated: int = 0
    gaps: int = 0
    differing: int = 0
    digests: dict[str, tuple[str, str]] = field(default_factory=dict)


def run(rounds: int = ROUNDS) -> None:
    """Print what was killed, what was in flight, what was lost."""
    counts = killed(rounds)
    back = sorted(counts.seconds_back)
    say(
        f"{counts.rounds} kills (-9), of the service and of PostgreSQL in turn, {CLIENTS} clients: {counts.in_flight:,} events "
        f"in flight when it happened (in {counts.rounds_in_flight} of {counts.rounds} rounds), {counts.unacknowledged:,} of "
        f"them unacknowledged, {counts.were_recorded:,} of those recorded all the same; back after {back[len(back) // 2]:.1f} s "
        f"(median; at most {back[-1]:.1f} s)"
    )
    say(
        f"{counts.acknowledged:,} events acknowledged in the end: {counts.lost} lost, {counts.moved} at another position, "
        f"{counts.duplicated} duplicated, {counts.gaps} gaps; claim versions that differ from a rebuild: {counts.differing}"
    )
    for view, (followed, rebuilt) in counts.digests.items():
        say(f"  view {view}: followed {followed[:16]}, rebuilt {rebuilt[:16]}")


def killed(rounds: int, clients: int = CLIENTS) -> Counts:
    """Kill `rounds` times, the service first; what happened."""
    counts = Counts()
    home = Path(tempfile.mkdtemp(prefix="timeline-killing-"))
    home.chmod(0o711)  # run by root, the server drops to a user who has to walk there
    try:
        with Service(home) as service, ExitStack() as stack:
            posting = [stack.enter_context(PatientClient(service.url, number)) for number in range(clients)]
            posting[0].deliver(WORLD)
            for number in range(rounds):
                _round(service, posting, counts, of_postgresql=number % 2 == 1)
                working(f"round {number + 1}: {counts.in_flight:,} in flight so far")
            for client in posting:
                client.settle()
        _verify(home, posting, counts)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return counts


def _round(service: Service, posting: list[PatientClient], counts: Counts, *, of_postgresql: bool) -> None:
    stop = threading.Event()
    threads = [threading.Thread(target=client.post_until, args=(stop,)) for client in posting]
    for thread in threads:
        thread.start()
    time.sleep(random.uniform(LEAST, MOST))
    stop.set()  # nobody begins another request: what is under way now is what meets the kill
    moment = time.monotonic()
    service.kill_postgresql() if of_postgresql else service.kill()
    for thread in threads:
        thread.join()
    faults = [client.fault for client in posting if client.fault is not None]
    if faults:
        raise faults[0]
    began = time.monotonic()
    if not of_postgresql:  # the service itself starts its PostgreSQL again
        service.start()
    posting[0].wait_ready()
    counts.seconds_back.append(time.monotonic() - began)
    met = [client.under_way for client in posting if client.ended > moment]
    counts.rounds += 1
    counts.in_flight += sum(met)
    counts.rounds_in_flight += sum(met) > 0
    counts.unacknowledged += sum(len(client.waiting) for client in posting)
    for client in posting:
        counts.were_recorded += client.settle()


def _verify(home: Path, posting: list[PatientClient], counts: Counts) -> None:
    with opened(Settings(home=home)) as timeline:
        acknowledged = {event_id: place for client in posting for event_id, place in client.acknowledged.items()}
        recorded = list(_log(timeline))
        positions = {str(one.event_id): one.position for one in recorded}
        marks = Counter(report.url for one in recorded if (report := getattr(one.event, "report", None)) is not None)
        counts.acknowledged = len(acknowledged)
        counts.lost = sum(event_id not in positions for event_id in acknowledged)
        counts.moved = sum(positions.get(event_id, place) != place for event_id, place in acknowledged.items())
        counts.duplicated = sum(marks.values()) - len(marks) + len(recorded) - len(acknowledged)
        counts.gaps = sum(one.position != number for number, one in enumerate(recorded, start=1))
        _rebuild(timeline, counts)


def _log(timeline: Timeline) -> Iterator[Any]:
    after = 0
    while found := timeline.log.read(after, limit=5_000):
        yield from found
        after = found[-1].position


def _rebuild(timeline: Timeline, counts: Counts) -> None:
    """Each view beside one of the same reading that is folded from nothing, in batches of another size."""
    pool = timeline.log.pool
    timeline.follower.follow()
    with pool.connection() as connection, connection.transaction():
        for name, reading in views.ALWAYS.items():
            views.define(connection, f"rebuilt-{name}", reading)
    Follower(timeline.log, batch=997).follow()
    for name in views.ALWAYS:
        followed, rebuilt = _claims(timeline, name), _claims(timeline, f"rebuilt-{name}")
        counts.differing += len(followed ^ rebuilt)
        counts.digests[name] = (_digest(followed), _digest(rebuilt))


def _claims(timeline: Timeline, name: str) -> set[tuple[Any, ...]]:
    with timeline.log.pool.connection() as connection:
        found = views.find(connection, name)
        rows = connection.execute(found.sql(f"SELECT {views.CLAIM_COLUMNS} FROM {{claim_version}}"))
        return {tuple(map(str, row)) for row in rows}


def _digest(claims: set[tuple[Any, ...]]) -> str:
    return hashlib.sha256(json.dumps(sorted(claims)).encode()).hexdigest()

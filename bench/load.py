"""Mixed reads and writes for ten minutes over HTTP: throughput, p50 and p99, memory before and after, and no wrong answer.

The service is `timeline serve`, a process of its own with the embedded PostgreSQL, over a log like news of 100,000 events. Readers ask
in the proportions of `ASKED`; each also keeps pinned questions, and asks them again: an answer must be the same bytes. Writers
post an event at a time, or ten. Readers, writers and service share this machine, so what is shown is the least.
`TIMELINE_BENCH_MINUTES` and `TIMELINE_BENCH_EVENTS` say otherwise.
"""

import os
import random
import shutil
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psutil

from bench import news
from bench.ground import percentile, say, working
from bench.killed_service import Service
from bench.patient_client import WORLD, PatientClient
from services.timeline.composition import opened
from services.timeline.settings import Settings

MINUTES = float(os.environ.get("TIMELINE_BENCH_MINUTES", "10"))
EVENTS = int(os.environ.get("TIMELINE_BENCH_EVENTS", "100000"))
READERS, WRITERS = 6, 2

#: What readers ask, so many times in a hundred.
ASKED = {"status": 70, "explain": 10, "history": 8, "developments": 8, "everywhere": 3, "pinned": 1}

#: Pinned questions that each reader keeps.
KEPT = 5


@dataclass
class Heard:
    """What one reader heard."""

    took: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in ASKED})
    failed: list[str] = field(default_factory=list)
    changed: int = 0
    compared: int = 0


def run() -> None:
    """Print throughput, latencies and memory."""
    home = Path(tempfile.mkdtemp(prefix="timeline-load-"))
    home.chmod(0o711)  # run by root, the server drops to a user who has to walk there
    try:
        places = _filled(home)
        with Service(home) as service, ExitStack() as stack:
            writers = [stack.enter_context(PatientClient(service.url, number)) for number in range(WRITERS)]
            writers[0].deliver(WORLD)
            _settled(service.url)
            _loaded(service, writers, places)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _filled(home: Path) -> list[str]:
    working(f"{EVENTS:,} events")
    with opened(Settings(home=home)) as timeline:
        news.load(timeline.log, EVENTS)
        timeline.follower.follow()
        head = timeline.log.head().position
        return list(timeline.reader.catalogue(head).location_ids(head))


def _settled(url: str) -> None:
    """Until its maps are in memory, as with a service that has run for a while."""
    with httpx2.Client(base_url=url, timeout=60) as client:
        for _ in range(240):
            if "timeline_atlas_bytes{" in client.get("/metrics").text and client.get("/readyz").json()["lag"] == 0:
                return
            time.sleep(0.5)


def _loaded(service: Service, writers: list[PatientClient], places: list[str]) -> None:
    stop = threading.Event()
    heard = [Heard() for _ in range(READERS)]
    threads = [threading.Thread(target=_read, args=(service.url, places, stop, one, n)) for n, one in enumerate(heard)]
    threads += [threading.Thread(target=one.post_until, args=(stop,)) for one in writers]
    before, posted = memory(service), sum(len(one.acknowledged) for one in writers)
    began, most = time.monotonic(), before
    for thread in threads:
        thread.start()
    while (passed := time.monotonic() - began) < MINUTES * 60:
        time.sleep(2)
        most = max(most, memory(service))
        working(f"{passed / 60:.1f} of {MINUTES:.0f} minutes, {most / 2**20:,.0f} MiB at most")
    stop.set()
    for thread in threads:
        thread.join()
    _tell(heard, time.monotonic() - began, sum(len(one.acknowledged) for one in writers) - posted)
    after = memory(service)
    say(
        f"the service's memory: {before / 2**20:,.0f} MiB before, {most / 2**20:,.0f} at most, {after / 2**20:,.0f} after"
    )


def _read(url: str, places: list[str], stop: threading.Event, heard: Heard, seed: int) -> None:
    chance = random.Random(seed)
    kept: dict[str, bytes] = {}
    with httpx2.Client(base_url=url, timeout=60) as client:
        while not stop.is_set():
            (what,) = chance.choices(list(ASKED), list(ASKED.values()))
            path = _path(what, places, chance) if what != "pinned" else _pinned(client, kept, places, chance)
            began = time.perf_counter()
            answer = client.get(path)
            heard.took[what].append(time.perf_counter() - began)
            if answer.status_code != 200:
                heard.failed.append(f"{answer.status_code} {path}")
            elif what == "pinned":
                heard.compared += path in kept
                heard.changed += kept.setdefault(path, answer.content) != answer.content


def _path(what: str, places: list[str], chance: random.Random) -> str:
    place = chance.choice(places)
    day = f"2024-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}T12:00:00Z"
    return {
        "status": f"/v1/locations/{place}/status?at={day}",
        "explain": f"/v1/locations/{place}/explain?at={day}",
        "history": f"/v1/locations/{place}/history",
        "developments": f"/v1/developments?location={place}&limit=20",
        "everywhere": f"/v1/status?at={day}&f=ndjson",
    }[what]


def _pinned(client: httpx2.Client, kept: dict[str, bytes], places: list[str], chance: random.Random) -> str:
    """A question that was asked before, or one more: about a folded position of the view by its id."""
    if len(kept) >= KEPT:
        return chance.choice(list(kept))
    view = next(one for one in client.get("/v1/views").json()["views"] if one["name"] == "current")
    known = view["position"] - chance.randrange(1000)  # by then every place is registered
    return f"{_path('status', places, chance)}&view={view['id']}&known_position={known}"


def _tell(heard: list[Heard], seconds: float, posted: int) -> None:
    reads = sum(len(took) for one in heard for took in one.took.values())
    failed = [each for one in heard for each in one.failed]
    say(
        f"{seconds / 60:.1f} minutes, {READERS} readers and {WRITERS} writers on the same machine: {reads / seconds:,.0f} reads/s, "
        f"{posted / seconds:,.0f} events/s acknowledged"
    )
    for name in ASKED:
        took = [one for each in heard for one in each.took[name]]
        if took:
            say(
                f"  {name:<13}{len(took):>9,} asked   p50 {percentile(took, 50) * 1e3:8.1f} ms   "
                f"p99 {percentile(took, 99) * 1e3:8.1f} ms"
            )
    compared, changed = sum(one.compared for one in heard), sum(one.changed for one in heard)
    say(f"{len(failed)} not answered 200; {changed} of {compared:,} pinned answers asked again were other bytes")
    for one in failed[:3]:
        say(f"  {one}")


def memory(service: Service) -> int:
    """Bytes that the service's own process holds, its children that draw atlases left out."""
    found: int = psutil.Process(service.pid).memory_info().rss
    return found

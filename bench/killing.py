"""Kill -9, again and again, of the service and of PostgreSQL, while clients append: what was acknowledged is there, once.

The service is `timeline serve`, a process of its own with the embedded PostgreSQL in a folder of its own. Each round,
several clients post over HTTP, some an event at a time and some ten as NDJSON. Then one of the two is killed, all its
processes at once; it comes back (the service is started, and starts its PostgreSQL again by itself), and each client posts again, under the same event ids, whatever was not
acknowledged. In the end the log is read from one end to the other, and each view compared with one folded from nothing.
"""

import hashlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import psutil

from bench.ground import say, working
from projections import views
from projections.follower import Follower
from services.timeline.composition import Timeline, opened
from services.timeline.embedded_place import place_for
from services.timeline.settings import Settings

ROUNDS, CLIENTS = 20, 8

#: Seconds of posting before each kill, at least and at most; and for how long a killed one may take to come back.
LEAST, MOST, BACK = 0.4, 1.2, 60.0

Tree = dict[str, Any]

_WORLD: list[Tree] = [
    {"type": "ActorRegistered", "actor_id": "hts", "name": "HTS", "kind": "non_state_armed_group"},
    {"type": "SourceRegistered", "source_id": "monitor", "name": "Monitor", "kind": "monitoring_group", "reliability": "B"},
    *({"type": "LocationRegistered", "location_id": f"p-{n}", "name": f"p-{n}", "kind": "town"} for n in range(20)),
]  # fmt: skip


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
        with _Service(home) as service, ExitStack() as stack:
            posting = [stack.enter_context(_Client(service.url, number)) for number in range(clients)]
            posting[0].deliver(_WORLD)
            for number in range(rounds):
                _round(service, posting, counts, of_postgresql=number % 2 == 1)
                working(f"round {number + 1}: {counts.in_flight:,} in flight so far")
            for client in posting:
                client.settle()
        _verify(home, posting, counts)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return counts


def _round(service: "_Service", posting: list["_Client"], counts: Counts, *, of_postgresql: bool) -> None:
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


class _Service:
    """`timeline serve` as a process, on a port of its own, with its PostgreSQL below `home`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._log = home / "service.log"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> "_Service":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(60)

    def start(self) -> None:
        mine = {name: value for name, value in os.environ.items() if not name.startswith("TIMELINE_")}
        command = [str(Path(sys.executable).with_name("timeline")), "serve", "--port", str(self._port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, env=mine | {"TIMELINE_HOME": str(self._home)}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def kill_postgresql(self) -> None:
        """All processes that work in the data folder: the postmaster first, so that none is forked anew.

        Only those of this moment: the service starts PostgreSQL again by itself, as soon as the last of them is gone.
        """
        began = time.time()
        while processes := [one for one in self._postgresql() if one.create_time() <= began]:
            for process in sorted(processes, key=lambda one: one.create_time()):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            time.sleep(0.02)

    def _postgresql(self) -> list[psutil.Process]:
        data = str(place_for(self._home).data.resolve())
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE and process.cwd() == data:
                    found.append(process)
        return found


class _Client:
    """One who posts: what it said, what was acknowledged at which position, what it waits for."""

    def __init__(self, url: str, number: int) -> None:
        self._http = httpx2.Client(base_url=url, timeout=30)
        self._batch = 10 if number % 2 else 1
        self.acknowledged: dict[str, int] = {}
        self.waiting: list[Tree] = []
        self.under_way, self.ended = 0, 0.0
        self.fault: AssertionError | None = None

    def __enter__(self) -> "_Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def post_until(self, stop: threading.Event) -> None:
        """Post, one request after another, until told to stop or until one is not answered."""
        while not stop.is_set() and not self.waiting:
            self.waiting = [one for _ in range(self._batch) for one in _told()][: self._batch]
            self.under_way = len(self.waiting)
            try:
                self._post()
            except AssertionError as fault:
                self.fault = fault
            self.ended = time.monotonic()

    def settle(self) -> int:
        """Post again what waits, until all is acknowledged; how many events were there already."""
        already, give_up = 0, time.monotonic() + BACK
        while self.waiting:
            already += self._post()
            if self.waiting:
                _patience(give_up, f"{len(self.waiting)} events are not taken")
        return already

    def deliver(self, events: list[Tree]) -> None:
        self.wait_ready()
        self.waiting = [{**one, "event_id": str(uuid4())} for one in events]
        self.settle()

    def wait_ready(self) -> None:
        give_up = time.monotonic() + BACK
        while True:
            with suppress(httpx2.TransportError):
                if self._http.get("/readyz").status_code == 200:
                    return
            _patience(give_up, "the service is not back")

    def _post(self) -> int:
        """Post what waits; how many of it were there already. What is not acknowledged goes on waiting."""
        try:
            answered = self._one() if len(self.waiting) == 1 else self._many()
        except httpx2.TransportError:
            return 0
        already = 0
        for event_id, position, was_there in answered:
            self.acknowledged[event_id] = position
            already += was_there
        self.waiting = [one for one in self.waiting if one["event_id"] not in self.acknowledged]
        return already

    def _one(self) -> list[tuple[str, int, bool]]:
        answer = self._http.post("/v1/events", json=self.waiting[0])
        if answer.status_code not in (200, 201):
            return _not_acknowledged(answer)
        said = answer.json()
        return [(said["event_id"], said["position"], answer.status_code == 200)]

    def _many(self) -> list[tuple[str, int, bool]]:
        body = "\n".join(json.dumps(one) for one in self.waiting)
        headers = {"Content-Type": "application/x-ndjson"}
        answer = self._http.post("/v1/events", content=body.encode(), headers=headers)
        if answer.status_code != 200:
            return _not_acknowledged(answer)
        told = [json.loads(line) for line in answer.text.splitlines()]
        refused = [one for one in told if one["result"] == "refused"]
        if refused:
            raise AssertionError(f"refused: {refused[0]}")
        return [(one["event_id"], one["position"], one["result"] == "already_there") for one in told]


def _told() -> Iterator[Tree]:
    """A development, and a report that affirms it; each with a mark by which it would be known if it stood twice."""
    development, place = str(uuid4()), f"p-{random.randrange(20)}"
    at = f"2024-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}T00:00:00Z"
    yield {
        "type": "DevelopmentReported",
        "event_id": str(uuid4()),
        "development_id": development,
        "kind": "held",
        "location_id": place,
        "occurred": {"start": at, "end": at},
        "participants": [{"actor_id": "hts", "role": "holder"}],
        "summary": "Said.",
        "report": _report(at),
    }
    yield {
        "type": "DevelopmentCorroborated",
        "event_id": str(uuid4()),
        "development_id": development,
        "report": _report(at),
    }


def _report(at: str) -> Tree:
    return {"chain": ["monitor"], "published_at": at, "credibility": 2, "url": f"https://example.org/{uuid4()}"}


def _not_acknowledged(answer: httpx2.Response) -> list[tuple[str, int, bool]]:
    """A 503 says that nothing is known yet; anything else is a fault of ours."""
    if answer.status_code != 503:
        raise AssertionError(f"{answer.status_code}: {answer.text}")
    return []


def _patience(give_up: float, what: str) -> None:
    if time.monotonic() > give_up:
        raise AssertionError(f"{what} after {BACK:.0f} s")
    time.sleep(0.05)


def _verify(home: Path, posting: list[_Client], counts: Counts) -> None:
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

"""Bad days, one after another, each with a figure and a count of how often it really happened: nothing acknowledged is lost.

The service is `timeline serve`, a process of its own with the embedded PostgreSQL; clients post and read while it is

- **restarted below**: PostgreSQL is shut down fast, again and again;
- **cut off**: every connection to the database is terminated in the middle of what it does;
- **slowed**: clients that take a large answer byte by byte;
- **listened to** by 1,000 streams at once;
- **overrun** by ten times as many requests as it works at;
- **fed** a large import that is killed at random points and begun again.

`killing` has kill -9, the tests a full disk (`test_adversity`), clocks that step (`test_log`, `test_standing_by`) and hostile NDJSON and ZIP.
"""

import asyncio
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
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import msgspec
import psycopg

from bench import news
from bench.ground import percentile, say, working
from bench.killed_service import Service
from bench.load import memory
from bench.patient_client import WORLD, PatientClient
from events.shape import write_event
from services.timeline.composition import opened
from services.timeline.embedded import embedded
from services.timeline.embedded_place import place_for
from services.timeline.embedded_server import conninfo
from services.timeline.settings import Settings

RESTARTS, CUTS, SLOW, STREAMS, AT_ONCE = 10, 100, 50, 1000, 64
CLIENTS = 8

#: Bytes of NDJSON to import, and how often that is killed.
IMPORTED, IMPORT_KILLS = int(os.environ.get("TIMELINE_BENCH_IMPORT_BYTES", str(1 << 30))), 10


def run() -> None:
    """Print what happened and what was lost, a fault each."""
    for fault in (_restarted, _cut_off, _slowed, _listened_to, _overrun, _imported):
        with _home() as home:
            fault(home)


@contextmanager
def _home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="timeline-faults-"))
    home.chmod(0o711)  # run by root, the server drops to a user who has to walk there
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _posted_to(service: Service) -> Iterator[list[PatientClient]]:
    """Clients that post without pause, and again what was not acknowledged."""
    stop = threading.Event()

    def post(client: PatientClient) -> None:
        while not stop.is_set() and client.fault is None:
            client.post_until(stop)
            client.settle()

    with ExitStack() as stack:
        clients = [stack.enter_context(PatientClient(service.url, number)) for number in range(CLIENTS)]
        clients[0].deliver(WORLD)
        threads = [threading.Thread(target=post, args=(one,)) for one in clients]
        for thread in threads:
            thread.start()
        try:
            yield clients
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        if faults := [one.fault for one in clients if one.fault is not None]:
            raise faults[0]


def _restarted(home: Path) -> None:
    with Service(home) as service:
        with _posted_to(service) as clients:
            for number in range(RESTARTS):
                time.sleep(random.uniform(0.5, 1.5))
                service.restart_postgresql()
                clients[0].wait_ready()
                working(f"restart {number + 1} of {RESTARTS}")
        say(f"database restarted {RESTARTS} times under {CLIENTS} clients: {_lost(service, clients)}")


def _cut_off(home: Path) -> None:
    cut = 0
    with Service(home) as service:
        with _posted_to(service) as clients:
            for _ in range(CUTS):
                time.sleep(random.uniform(0.02, 0.1))
                cut += _terminate(home)
                working(f"{cut:,} connections cut")
            clients[0].wait_ready()
        say(f"every connection to the database cut {CUTS} times ({cut:,} in all): {_lost(service, clients)}")


def _terminate(home: Path) -> int:
    """All connections of the service, in the middle of what they do; how many there were."""
    with psycopg.connect(conninfo(place_for(home)), autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ).fetchone()
    return int(row[0]) if row else 0


def _lost(service: Service, clients: list[PatientClient]) -> str:
    """What became of what was acknowledged, by the log itself."""
    acknowledged = {event_id: position for client in clients for event_id, position in client.acknowledged.items()}
    held: dict[str, int] = {}
    with httpx2.Client(base_url=service.url, timeout=60) as client:
        after: int | None = 0
        while after is not None:
            page = client.get("/v1/events", params={"after": after, "limit": 1000}).json()
            for one in page["events"]:
                held[one["event"]["event_id"]] = one["position"]
            after = page["events"][-1]["position"] if page["next"] is not None else None
    lost = sum(event_id not in held for event_id in acknowledged)
    moved = sum(held.get(event_id, place) != place for event_id, place in acknowledged.items())
    gaps = len(held) - max(held.values(), default=0)
    return f"{len(acknowledged):,} events acknowledged, {lost} lost, {moved} elsewhere, {gaps} gaps"


def _filled(home: Path, events: int = 100_000) -> None:
    working(f"{events:,} events")
    with opened(Settings(home=home)) as timeline:
        news.load(timeline.log, events)
        timeline.follower.follow()


def _slowed(home: Path) -> None:
    """Slow clients must not keep others from being answered, nor be kept whole in memory."""
    _filled(home)
    with Service(home, TIMELINE_STREAMS="64") as service, httpx2.Client(base_url=service.url, timeout=60) as client:
        PatientClient(service.url, 0).wait_ready()
        alone = _latencies(client, 200)
        before = memory(service)
        held = [_slow(service.url) for _ in range(SLOW)]
        beside, most = _latencies(client, 200), memory(service)
        for one in held:
            one.close()
        say(
            f"{SLOW} clients that take a byte a second of the whole map: others' p50 {percentile(alone, 50) * 1e3:.1f} ms alone, "
            f"{percentile(beside, 50) * 1e3:.1f} ms beside them; memory {before / 2**20:,.0f} to {most / 2**20:,.0f} MiB"
        )


def _slow(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    one = socket.create_connection((host, int(port)))
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.sendall(f"GET /v1/status HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    one.recv(1)
    return one


def _latencies(client: httpx2.Client, count: int) -> list[float]:
    took = []
    for _ in range(count):
        began = time.perf_counter()
        assert client.get("/v1/locations?limit=1").status_code == 200
        took.append(time.perf_counter() - began)
    return took


def _listened_to(home: Path) -> None:
    limits = {"TIMELINE_STREAMS": str(STREAMS), "TIMELINE_STREAMS_EACH": str(STREAMS)}
    with Service(home, **limits) as service:
        with PatientClient(service.url, 0) as client:
            client.deliver(WORLD)
            before = memory(service)
            heard, most, seconds = asyncio.run(_heard(service, len(WORLD), client))
        wanted = EVENTS_HEARD
        say(
            f"{STREAMS:,} streams open at once: {sum(one == wanted for one in heard):,} of them heard all of {wanted} events, in "
            f"{seconds:.1f} s; memory {before / 2**20:,.0f} to {most / 2**20:,.0f} MiB"
        )


EVENTS_HEARD = 20


async def _heard(service: Service, after: int, client: PatientClient) -> tuple[list[int], int, float]:
    """How many events each stream heard of those recorded meanwhile."""
    host, port = service.url.removeprefix("http://").split(":")
    ready = asyncio.Semaphore(0)
    told: list[int] = [0] * STREAMS

    async def listen(number: int) -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        ask = f"GET /v1/events?after={after} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: text/event-stream\r\n\r\n"
        writer.write(ask.encode())
        await reader.readline()
        ready.release()
        async with asyncio.timeout(120):
            while told[number] < EVENTS_HEARD:
                told[number] += (await reader.readline()).startswith(b"data:")
        writer.close()

    tasks = [asyncio.create_task(listen(number)) for number in range(STREAMS)]
    for _ in range(STREAMS):
        await ready.acquire()
    began, most = time.monotonic(), memory(service)
    places = [
        {"type": "LocationRegistered", "location_id": f"q-{n}", "name": f"q-{n}", "kind": "town"}
        for n in range(EVENTS_HEARD)
    ]
    for one in places:
        await asyncio.to_thread(client.deliver, [one])
    await asyncio.gather(*tasks, return_exceptions=True)
    return told, max(most, memory(service)), time.monotonic() - began


def _overrun(home: Path) -> None:
    """Ten times as many at once as are worked at: answered or refused at once, and well again afterwards."""
    _filled(home)
    limits = {"TIMELINE_AT_ONCE": str(AT_ONCE)}
    with Service(home, **limits) as service, httpx2.Client(base_url=service.url, timeout=60) as client:
        PatientClient(service.url, 0).wait_ready()
        alone, before = _latencies(client, 200), memory(service)
        answers, refused, most = asyncio.run(_asked_at_once(service, 10 * AT_ONCE, seconds=20))
        after = _latencies(client, 200)
        said = ", ".join(f"{count:,} times {status}" for status, count in sorted(answers.items()))
        say(
            f"{10 * AT_ONCE} at once for 20 s, ten times what is worked at: {said}; refused within p50 "
            f"{percentile(refused, 50) * 1e3:.0f} ms, p99 {percentile(refused, 99) * 1e3:.0f} ms; then p50 of others "
            f"{percentile(alone, 50) * 1e3:.1f} ms before, {percentile(after, 50) * 1e3:.1f} ms after; memory "
            f"{before / 2**20:,.0f} to {most / 2**20:,.0f} MiB"
        )


async def _asked_at_once(service: Service, many: int, seconds: float) -> tuple[Counter[int], list[float], int]:
    answers: Counter[int] = Counter()
    refused: list[float] = []
    most, until = 0, time.monotonic() + seconds
    limits = httpx2.Limits(max_connections=many, max_keepalive_connections=many)

    async with httpx2.AsyncClient(base_url=service.url, timeout=60, limits=limits) as client:

        async def ask() -> None:
            while time.monotonic() < until:
                began = time.perf_counter()
                answer = await client.get("/v1/status?f=csv")
                answers[answer.status_code] += 1
                if answer.status_code in (429, 503):
                    refused.append(time.perf_counter() - began)

        tasks = [asyncio.create_task(ask()) for _ in range(many)]
        while time.monotonic() < until:
            most = max(most, memory(service))
            await asyncio.sleep(0.5)
        await asyncio.gather(*tasks)
    return answers, refused or [0.0], most


def _imported(home: Path) -> None:
    """A file imported by a process that is killed again and again holds in the end what it holds imported at once."""
    file = home / "events.ndjson"
    lines = _written(file)
    killed, finished = 0, False
    while not finished:
        process = _importing(file, home)
        try:
            finished = process.wait(random.uniform(3, 15) if killed < IMPORT_KILLS else None) == 0
            assert finished, "the import failed by itself"
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
        working(f"import killed {killed} times")
    with embedded(home) as database, psycopg.connect(database) as connection:
        row = connection.execute("SELECT count(*), max(position), count(DISTINCT event_id) FROM event").fetchone()
    assert row is not None
    say(
        f"an import of {file.stat().st_size / 2**30:.2f} GiB ({lines:,} lines) killed {killed} times at random points, and begun again "
        f"each time: {row[0]:,} events, {lines - row[0]} missing, {row[0] - row[2]} twice, {row[1] - row[0]} gaps"
    )


def _written(file: Path) -> int:
    """News as NDJSON, until there is enough of it; how many lines."""
    lines = size = 0
    with file.open("wb") as out:
        for event_id, event in news.events(IMPORTED // 300):
            line = msgspec.json.encode(write_event(event) | {"event_id": str(event_id)}) + b"\n"
            out.write(line)
            lines, size = lines + 1, size + len(line)
            if size >= IMPORTED:
                break
    return lines


def _importing(file: Path, home: Path) -> "subprocess.Popen[bytes]":
    mine = {name: value for name, value in os.environ.items() if not name.startswith("TIMELINE_")}
    command = [str(Path(sys.executable).with_name("timeline")), "import", str(file)]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env=mine | {"TIMELINE_HOME": str(home)}, stdin=quiet, stdout=quiet, stderr=quiet)

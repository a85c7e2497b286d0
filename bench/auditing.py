"""The tree: what appends pay for it, what a proof costs, and how long the whole record takes to verify.

Appends with the integrator and the signer at work in the same process, against none, in turns: 16 callers with one event
each at a time, and batches of 1,000. Then a log of many events (1,000,000; TIMELINE_BENCH_EVENTS sets another number): proofs
of random positions, and full verification against the floor, which is reading the same rows by binary COPY and hashing their bytes.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from random import Random
from typing import Any

from psycopg import Connection

from bench import histories, news
from bench.appends import fresh_copy, rate
from bench.ground import fresh_timeline, median, percentile, say, working
from events.shape import write_event
from services.timeline.audit import integrator, parallel, signing, stored
from services.timeline.audit.integrating import Integrating
from services.timeline.audit.verifying import verify
from services.timeline.composition import Timeline
from services.timeline.settings import Settings

CALLERS, ROUNDS, PROOFS, AT_A_TIME = 16, 7, 2_000, 1_000


def run() -> None:
    """Print ratios and times."""
    events = int(os.environ.pop("TIMELINE_BENCH_EVENTS", 1_000_000))
    with tempfile.TemporaryDirectory() as home:
        with fresh_timeline() as timeline:
            _appends(timeline, timeline.settings.model_copy(update={"home": Path(home)}))
        with fresh_timeline() as timeline:
            _long(timeline, timeline.settings.model_copy(update={"home": Path(home)}), events)


def _appends(timeline: Timeline, settings: Settings) -> None:
    list(histories.append(timeline.log, histories.reference(50)))
    said = [
        {key: value for key, value in write_event(events[0]).items() if key != "event_id"}
        for events in histories.developments(400, 50, 0)
    ]

    def one(number: int) -> None:
        timeline.writer.append([fresh_copy(said[number % len(said)])], "bench")

    def bulk(number: int) -> None:
        lines = [fresh_copy(said[(number + place) % len(said)]) for place in range(AT_A_TIME)]
        timeline.writer.append(lines, "bench")

    for name, call, callers in (
        (f"{CALLERS} callers, one event each", one, CALLERS),
        (f"{AT_A_TIME:,} at a time", bulk, 1),
    ):
        rates: dict[bool, list[float]] = {True: [], False: []}
        for turn in range(2 * ROUNDS):
            on = bool(turn % 2)
            with timeline.log.pool.connection() as connection:
                integrator.integrate(connection)  # a turn pays for its own events alone
            with Integrating(timeline.log.pool, settings) if on else nullcontext():
                rates[on].append(rate(call, callers))
            working(f"{name}, {'with' if on else 'without'} the tree: {rates[on][-1]:,.0f}/s")
        scale = AT_A_TIME if call is bulk else 1
        without, with_tree = median(rates[False]) * scale, median(rates[True]) * scale
        say(
            f"durable appends, {name:28} without the tree {without:9,.0f}/s   with it {with_tree:9,.0f}/s   {with_tree / without:5.2f}x"
        )


def _long(timeline: Timeline, settings: Settings, events: int) -> None:
    working(f"loading {events:,} events")
    news.load(timeline.log, events, "as published")
    with timeline.log.pool.connection() as connection:
        before = time.perf_counter()
        size = integrator.integrate(connection)
        took = time.perf_counter() - before
        signing.sign(connection, settings, 0)
        known = signing.keys_of(settings, stored.reach(connection).log_id, make=False)
    say(f"the tree over {size:,} events made in {took:.1f} s, {took / size * 1e6:.1f} µs an event")
    _proofs(timeline, size)
    conninfo = str(timeline.log.pool.conninfo)
    floor, whole = [], []
    for _ in range(3):
        with parallel.snapshot(conninfo) as connection:
            floor.append(_seconds(lambda seen=connection: _hash_rows(seen)))  # type: ignore[misc]
            working(f"floor {floor[-1]:.1f} s")
            run = parallel.in_processes(conninfo, connection)
            before = time.perf_counter()
            verdict = verify(connection, known.public if known else (), run=run)
            whole.append(time.perf_counter() - before)
            assert verdict.problem is None, verdict
            working(f"verify {whole[-1]:.1f} s")
    say(
        f"the whole record verified in {median(whole):6.1f} s   its rows read by COPY and hashed {median(floor):6.1f} s   "
        f"{median(whole) / median(floor):5.2f}x ({os.cpu_count()} processors)"
    )


def _proofs(timeline: Timeline, size: int) -> None:
    random = Random(1)
    for name, prove in (
        ("inclusion", lambda: timeline.tree.inclusion(random.randint(1, size), size)),
        ("consistency", lambda: timeline.tree.consistency(random.randint(1, size), size)),
    ):
        prove()
        times = [_seconds(prove) * 1e3 for _ in range(PROOFS)]
        say(
            f"a proof of {name:12} at {size:,} events, random, in process: median {median(times):.2f} ms, p99 {percentile(times, 99):.2f} ms"
        )


def _hash_rows(connection: Connection[Any]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY (SELECT * FROM event ORDER BY position) TO STDOUT (FORMAT binary)") as copy,
    ):
        for row in copy:
            hashlib.sha256(row).digest()


def _seconds(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before

"""Eight writers and one reader who tails the log, for thirty seconds: nothing missed, no gap, time that only rises.

Beside it, what a reader would miss who tailed positions that a sequence gives out: the same writers on a table of their
own whose position is a `bigserial`, as most home-made event tables have it.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from uuid import uuid4

from psycopg import Connection
from psycopg.rows import TupleRow

from bench import histories
from bench.ground import fresh_timeline, say, working
from events.log import Log
from services.timeline.composition import Timeline

WRITERS, SECONDS = 8, 30.0


def run(seconds: float = SECONDS) -> None:
    """Print what was written, what was seen, and what was wrong with it."""
    with fresh_timeline() as timeline:
        list(histories.append(timeline.log, histories.reference(50)))
        _ours(timeline, seconds)
        _sequence(timeline, seconds / 3)


def _ours(timeline: Timeline, seconds: float) -> None:
    begin = timeline.log.head()
    seen: list[tuple[int, datetime]] = []
    acknowledged = _write_while(
        seconds, lambda _: _append_one(timeline), lambda: _tail(timeline.log, begin.position, seen)
    )
    positions = [position for position, _ in seen]
    missed = set(range(begin.position + 1, begin.position + 1 + acknowledged)) - set(positions)
    falls = sum(one >= other for (_, one), (_, other) in pairwise(seen))
    say(
        f"the log:    {WRITERS} writers, {seconds:.0f} s: {acknowledged:,} events acknowledged, {len(seen):,} seen in order; "
        f"{len(missed)} missed, {_gaps(positions)} gaps, recorded_at fell or stood still {falls} times"
    )


def _append_one(timeline: Timeline) -> int:
    [told] = histories.developments(1, 50, 0, seed=uuid4().int)
    event = told[0]
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    fresh = type(event)(**fields | {"development_id": uuid4(), "event_id": uuid4()})
    [result] = timeline.writer.append([fresh], "bench")
    return int(result.appended)


def _tail(log: Log, after: int, seen: list[tuple[int, datetime]]) -> None:
    """Read on from the last position seen, as any follower does."""
    found = log.structures(seen[-1][0] if seen else after, limit=1000)
    seen.extend((one.position, one.recorded_at) for one in found)


def _sequence(timeline: Timeline, seconds: float) -> None:
    with timeline.log.pool.connection() as connection:
        connection.execute("CREATE TABLE bench_sequence (position bigserial PRIMARY KEY, written int)")
    seen: list[int] = []

    def write(number: int) -> int:
        with timeline.log.pool.connection() as connection, connection.transaction():
            connection.execute("INSERT INTO bench_sequence (written) VALUES (%s::int)", [number])
        return 1

    def tail() -> None:
        with timeline.log.pool.connection() as connection:
            seen.extend(_after(connection, seen[-1] if seen else 0))

    acknowledged = _write_while(seconds, write, tail)
    say(
        f"a sequence: {WRITERS} writers, {seconds:.0f} s: {acknowledged:,} rows acknowledged, {len(seen):,} seen in order; "
        f"{acknowledged - len(seen)} missed"
    )


def _after(connection: Connection[TupleRow], position: int) -> list[int]:
    rows = connection.execute("SELECT position FROM bench_sequence WHERE position > %s ORDER BY position", [position])
    return [row[0] for row in rows]


def _write_while(seconds: float, write: Callable[[int], int], tail: Callable[[], None]) -> int:
    """Let the writers write and the reader tail; how many writes were acknowledged. The reader goes on a little longer."""
    stop = threading.Event()
    counts = [0] * WRITERS
    failures: list[BaseException] = []

    def writer(number: int) -> None:
        try:
            while not stop.is_set():
                counts[number] += write(number)
        except BaseException as failure:  # noqa: BLE001  (told by the thread that waits)
            failures.append(failure)

    threads = [threading.Thread(target=writer, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end and not failures:
        tail()
        working(f"{sum(counts):,} written") if int(end - time.monotonic()) % 10 == 0 else None
    stop.set()
    for thread in threads:
        thread.join()
    for _ in range(20):
        tail()
    if failures:
        raise failures[0]
    return sum(counts)


def _gaps(positions: list[int]) -> int:
    return sum(other != one + 1 for one, other in pairwise(positions))

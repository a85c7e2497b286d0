"""Live folding at a crowded place against many places: the work per event does not grow with the size of its place.

A place with 20,000 claims and 5,000 others with a few each are folded beforehand. Then events arrive in small batches, as
they do from a desk, in turn all at the crowded place and all over the others, and each batch is followed at once. Beside
the events per second: the rows that PostgreSQL says it touched for each event (read by an index or by a scan, written).

`regrading` measures the memory of folding again 200,000 reports of one source, in a process of its own.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random

from bench import histories
from bench.ground import fresh_timeline, median, say, working
from events.records import Event
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings

EVENTS, PLACES, CROWDED = 60_000, 5_000, 20_000
ROUNDS, BATCHES, BATCH = 5, 40, 25
REPORTS = 200_000
GRADED_ANEW = b'{"type": "SourceReliabilityAssessed", "source_id": "source-0", "reliability": "E", "reason": "Seen."}'


def run() -> None:
    """Print the events per second and the rows touched at the crowded place and elsewhere, and the ratios."""
    fresh = ROUNDS * BATCHES * BATCH
    told = histories.developments(EVENTS + 4 * fresh, PLACES, CROWDED + 2 * fresh)
    crowded = [events for events in told if events[0].location_id == histories.CROWDED]  # type: ignore[attr-defined]
    spread = [events for events in told if events[0].location_id != histories.CROWDED]  # type: ignore[attr-defined]
    before = [one for events in crowded[:CROWDED] + spread[:20_000] for one in events]
    later = {
        "crowded": [events[0] for events in crowded[CROWDED:]],
        "many places": [events[0] for events in spread[20_000:]],
    }
    say(
        f"live folding, {BATCH} events at a time: a place of {CROWDED:,} claims against {PLACES:,} places; {ROUNDS} rounds"
    )
    with fresh_timeline() as timeline:
        for upto in histories.append(timeline.log, histories.reference(PLACES) + before):
            working(f"{upto:,} recorded") if upto % 10_000 == 0 else None
        timeline.follower.follow()
        with timeline.log.pool.connection() as connection:
            connection.execute("VACUUM ANALYZE")
        speeds: dict[str, list[float]] = {where: [] for where in later}
        rows: dict[str, list[float]] = {where: [] for where in later}
        for round_ in range(ROUNDS):
            for where, events in later.items():
                some = events[round_ * BATCHES * BATCH :][: BATCHES * BATCH]
                before_ = touched(timeline)
                speeds[where].append(_follow(timeline, some))
                rows[where].append((touched(timeline) - before_) / len(some))
    for where in later:
        say(
            f"{where:12} {median(speeds[where]):8,.0f} events a second   {median(rows[where]):6.1f} rows touched an event"
        )
    say(
        f"crowded / many places: {median(speeds['many places']) / median(speeds['crowded']):.2f}x the time for an event, "
        f"{median(rows['crowded']) / median(rows['many places']):.2f}x the rows"
    )


def _follow(timeline: Timeline, events: Sequence[Event]) -> float:
    """Events a second, each batch folded into both views as soon as it is recorded; recording is not counted."""
    took = 0.0
    for start in range(0, len(events), BATCH):
        list(histories.append(timeline.log, events[start : start + BATCH], seed=Random().getrandbits(60)))
        began = time.perf_counter()
        timeline.follower.follow()
        took += time.perf_counter() - began
    return len(events) / took


def touched(timeline: Timeline) -> int:
    """Rows of the views' tables and of the log that were read or written so far, as PostgreSQL counts them."""
    pool = timeline.log.pool
    with ExitStack() as stack:  # each session keeps counts of its own, and is asked to hand them in
        for _ in range(pool.get_stats()["pool_size"]):
            stack.enter_context(pool.connection()).execute("SELECT pg_stat_force_next_flush()")
    with pool.connection() as connection:
        row = connection.execute(
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0) + n_tup_ins + n_tup_upd + n_tup_del)::bigint "
            "FROM pg_stat_user_tables WHERE relname ~ '^(claim_version|mention|merger|event|set_aside|regrading)'"
        ).fetchone()
    assert row is not None
    found: int = row[0]
    return found


def regrading() -> None:
    """Print the memory that it takes to fold again all that one source speaks of, and how long others waited."""
    with fresh_timeline() as timeline:
        told = histories.developments(int(REPORTS * 1.35), PLACES, 0)[:REPORTS]
        for upto in histories.append(timeline.log, histories.reference(PLACES) + _of_one_source(told)):
            working(f"{upto:,} recorded") if upto % 10_000 == 0 else None
        timeline.follower.follow()
        timeline.writer.append([GRADED_ANEW], "bench")
        url = str(timeline.log.pool.conninfo)
        subprocess.run([sys.executable, "-m", "bench.following", "fold", url], check=True)


def fold(url: str) -> None:
    """In a process of its own, whose peak memory is that of the fold: follow, and print what it took."""
    with opened(Settings(database_url=url)) as timeline:
        before = _peak()
        began = last = time.perf_counter()
        longest, parts = 0.0, 0

        def progressed(_: int) -> None:
            nonlocal longest, last, parts
            now = time.perf_counter()
            longest, last, parts = max(longest, now - last), now, parts + 1

        timeline.follower.follow(progressed)
        say(
            f"{REPORTS:,} reports of one source graded anew, two views: {time.perf_counter() - began:.0f} s in {parts} rounds "
            f"of parts, the longest {longest:.1f} s; peak memory {before:.0f} MiB before, {_peak():.0f} MiB after"
        )


def _peak() -> float:
    """The most memory that this process has had, in MiB (Linux counts what a parent had in getrusage, but not here)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _of_one_source(told: Sequence[Sequence[Event]]) -> list[Event]:
    """The first report of each development, all of them by one source."""
    return [histories.said_by(events[0], "source-0") for events in told]


if __name__ == "__main__":
    fold(sys.argv[2])

"""Rebuilding a view from the whole log against reading it: on one worker and on two, and against the library's way.

The floor is what any Python program pays that folds this log: every row out by binary COPY and its structure decoded by
msgspec, in one process. The library's way is its `ProjectionRunner` on the same projection (`library_projection`); it is
measured on a few thousand events about places that have been told of little yet, and scaled, which flatters it.

    ./run bench rebuild                       200,000 events
    EVENTS=1000000 ROUNDS=3 ./run bench rebuild
    PROFILE=25 ./run bench rebuild            and where one worker's time goes: so many lines of cProfile, by own time
"""

import cProfile
import io
import json
import os
import pstats
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench import histories, library_projection
from bench.ground import fresh_timeline, median, say, working
from events import codec
from projections import builds, planning, rebuilding, views
from projections.builds import Build
from projections.policies import Reading
from services.timeline.build_workers import Workers, connected
from services.timeline.composition import Timeline
from services.timeline.cycles import collect_rarely

EVENTS = int(os.environ.get("EVENTS", "200000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
PROFILE = int(os.environ.get("PROFILE", "0"))
PLACES, CROWDED = 33_000, 20_000

#: The library is measured on so many events, after as many that are not counted.
LIBRARY = 1_500


def run() -> None:
    """Print the medians of interleaved rounds, and their ratios to the floor."""
    places, crowded = min(PLACES, EVENTS // 6), min(CROWDED, EVENTS // 10)
    say(f"rebuilding a view of {EVENTS:,} events about {places:,} places, {crowded:,} claims at one of them, shuffled; "
        f"medians of {ROUNDS} interleaved rounds")  # fmt: skip
    with fresh_timeline() as timeline:
        said = histories.arrived(histories.developments(EVENTS, places, crowded), "shuffled")
        said = histories.reference(places) + said
        for upto in histories.append(timeline.log, said):
            working(f"{upto:,} recorded") if upto % 10_000 == 0 else None
        took: dict[str, list[float]] = {name: [] for name in ("floor", "1", "2", "memory", "floor cpu", "1 cpu")}
        with connected(str(timeline.log.pool.conninfo)) as connection:
            connection.execute("VACUUM ANALYZE event")
            kept, begin = views.find(connection, "current"), len(histories.reference(places))
            library = library_projection.seconds_each(timeline, kept, begin, LIBRARY)
        for round_ in range(ROUNDS):
            url = str(timeline.log.pool.conninfo)
            for name, done in (("floor", _apart("floor", url)), ("1", _apart("one", url))):
                took[name].append(done["seconds"])
                took[f"{name} cpu"].append(done["cpu"])
            took["memory"].append(done["peak"])
            took["2"].append(_two(timeline))
            working(f"round {round_ + 1}: " + ", ".join(f"{name} {spent[-1]:.2f}" for name, spent in took.items()))
        _say(len(said), took, library)
        if PROFILE:
            say(_apart("profiled", url)["profile"])


def _say(events: int, took: dict[str, list[float]], library: float) -> None:
    floor, one, two = (median(took[name]) for name in ("floor", "1", "2"))
    say(f"floor, every row out and decoded   {floor:7.2f} s   {events / floor:9,.0f} events/s")
    say(f"rebuild by one worker              {one:7.2f} s   {events / one:9,.0f} events/s   {one / floor:5.2f}x the floor; "
        f"peak memory {max(took['memory']):.0f} MiB")  # fmt: skip
    say(f"  its own processor time against the floor's: {median(took['1 cpu']) / median(took['floor cpu']):.2f}x "
        "(without the server's, which copies, sorts and indexes)")  # fmt: skip
    say(f"rebuild by two workers             {two:7.2f} s   {events / two:9,.0f} events/s   {two / floor:5.2f}x the floor, "
        f"{one / two:.2f}x as fast as one")  # fmt: skip
    say(f"the library's ProjectionRunner     {library * events:7.0f} s   {1 / library:9,.0f} events/s   "
        f"{library * events / one:5.0f}x one worker (measured on {LIBRARY:,} events, scaled)")  # fmt: skip


def _apart(what: str, url: str) -> dict[str, Any]:
    """One measurement in a process of its own, whose peak memory is that of the work."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.rebuilding", what, url], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def floor(url: str) -> None:
    """Every row of the log by binary COPY, its structure decoded by msgspec, and nothing else."""
    with connected(url) as connection, connection.cursor() as cursor:
        everything = "COPY (SELECT type, structure FROM event ORDER BY position) TO STDOUT (FORMAT BINARY)"
        with cursor.copy(everything) as copy:
            copy.set_types(["text", "bytea"])
            for name, structure in copy.rows():
                codec.decode(name, structure)


def one(url: str) -> None:
    """A whole build by one worker: planned, folded, indexed, shown."""
    with connected(url) as connection:
        build = _asked(connection)
        rebuilding.rebuild(connection, build)
        builds.publish(connection, build)


def _two(timeline: Timeline) -> float:
    """The same by two processes, from before they start."""
    url = str(timeline.log.pool.conninfo)
    began = time.perf_counter()
    with connected(url) as connection:
        build = _asked(connection)
        planning.plan(connection, build)
        with Workers(url, build, 2) as workers:
            while workers.at_work():
                time.sleep(0.02)
        rebuilding.complete(connection, build)
        builds.publish(connection, build)
    return time.perf_counter() - began


def _asked(connection: views.Database) -> Build:
    names = {view.name for view in views.every(connection)}
    build = builds.ask(connection, f"rebuilt-{len(names)}", Reading(), None)
    assert isinstance(build, Build)
    return build


def _profiled(url: str) -> str:
    """Where the time of one worker goes, by the function's own time; the profiler makes calls dearer than they are."""
    profile, out = cProfile.Profile(), io.StringIO()
    profile.runcall(one, url)
    pstats.Stats(profile, stream=out).strip_dirs().sort_stats("tottime").print_stats(PROFILE)
    return out.getvalue()


def _measured(what: str, url: str) -> None:
    collect_rarely()
    if what == "profiled":
        print(json.dumps({"profile": _profiled(url)}))
        return
    began, used = time.perf_counter(), time.process_time()
    {"floor": floor, "one": one}[what](url)
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak}))


if __name__ == "__main__":
    _measured(sys.argv[1], sys.argv[2])

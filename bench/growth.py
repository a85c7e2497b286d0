"""What a longer log costs, from ten thousand events to five million: rebuilding, drawing the atlas, the whole map, memory.

The log looks like news (`news.py`) and arrives as it was published, shuffled, or newest first. Each size has a database
of its own; a view is rebuilt by as many workers as there are cores, whose peak memory is watched. Beside the table, a
plot is written into `bench/results/growth.svg`.

    ./run bench growth                                       10,000 and 100,000 events, in three orders
    SIZES=10000,100000,1000000,5000000 ./run bench growth    (an hour, and 40 GB of disk for a while)
"""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random

import psutil

from bench import news
from bench.ground import fresh_timeline, median, say, working
from bench.news_world import BEGIN, DAYS, PLACES
from projections import builds, planning, rebuilding, views
from projections.builds import Build
from projections.policies import Reading
from projections.views import Database, View
from services.timeline.atlas import drawing, kept
from services.timeline.atlas.answers import from_atlas
from services.timeline.atlas.kept import Kept
from services.timeline.build_workers import Workers, connected
from services.timeline.composition import Timeline
from services.timeline.selection import Selection

SIZES = tuple(int(size) for size in os.environ.get("SIZES", "10000,100000").split(","))
ARRIVALS = tuple(os.environ.get("ARRIVALS", ",".join(news.ARRIVALS)).split(","))
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
PLOT = Path(__file__).parent / "results" / "growth.svg"
QUESTIONS = 25


@dataclass(frozen=True)
class Row:
    """One size in one order of arrival; times in seconds, memory in MiB, one whole map in milliseconds."""

    events: int
    arrival: str
    rebuild: float
    worker_memory: float
    rectangles: int
    drawing: float
    drawing_memory: float
    opening: float
    atlas_mib: float
    whole_map_ms: float


def run() -> None:
    """Print a row for each size and order of arrival, what each grows by, and draw the plot."""
    say(f"a log that looks like news, {PLACES:,} places, {CORES} workers")
    say(
        f"{'events':>10}  {'arrival':14} {'rebuild':>9} {'µs/event':>9} {'worker':>9} {'rectangles':>11} "
        f"{'drawn in':>9} {'by':>9} {'opened in':>9} {'file':>9} {'whole map':>10}"
    )
    rows = []
    for size in SIZES:
        for arrival in ARRIVALS:
            rows.append(_measured(size, arrival))
            _say(rows[-1])
    _say_growth(rows)
    if len(SIZES) > 1:
        from bench import growth_plot  # noqa: PLC0415  (it needs matplotlib, and a display of numbers does not)

        growth_plot.draw([asdict(row) for row in rows], PLOT)
        say(f"drawn: {PLOT.name}")


def _say(row: Row) -> None:
    say(
        f"{row.events:10,}  {row.arrival:14} {row.rebuild:7.1f} s {row.rebuild / row.events * 1e6:9.1f} "
        f"{row.worker_memory:5.0f} MiB {row.rectangles:11,} {row.drawing:7.1f} s {row.drawing_memory:5.0f} MiB "
        f"{row.opening:7.2f} s {row.atlas_mib:5.0f} MiB {row.whole_map_ms:7.1f} ms"
    )


def _say_growth(rows: list[Row]) -> None:
    for arrival in ARRIVALS:
        own = [row for row in rows if row.arrival == arrival]
        first, last = own[0], own[-1]
        times = last.events / first.events
        say(
            f"{arrival}: {times:.0f} times the events take {last.rebuild / first.rebuild:.1f} times the time to rebuild, "
            f"{last.worker_memory / first.worker_memory:.2f} times a worker's memory, and "
            f"{last.whole_map_ms / first.whole_map_ms:.2f} times the time of a whole map"
        )


def _measured(size: int, arrival: str) -> Row:
    with fresh_timeline() as timeline, tempfile.TemporaryDirectory(prefix="timeline-bench-") as folder:
        news.load(timeline.log, size, arrival, told=lambda position: working(f"{position:,} loaded"))
        with connected(str(timeline.log.pool.conninfo)) as connection:
            connection.execute("VACUUM ANALYZE event")
            with _peak() as peak:
                began = time.perf_counter()
                view = rebuilt(timeline, connection)
                rebuild = time.perf_counter() - began
            with _peak(ours=True) as drawing_peak:
                began = time.perf_counter()
                drawing.draw(timeline.log, Path(folder), view.view_id)
                drawn = time.perf_counter() - began
            one, opening = opened_atlas(timeline, connection, view, Path(folder))
        whole = _whole_map(timeline, view)
        mib = len(one.base.file.view) / 2**20
        return Row(
            size, arrival, rebuild, peak[0], one.base.rectangles, drawn, drawing_peak[0], opening, mib, whole * 1000
        )


def rebuilt(timeline: Timeline, connection: Database) -> View:
    """The view `rebuilt` of all that is in the log, by as many workers as there are cores."""
    build = builds.ask(connection, "rebuilt", Reading(), None)
    assert isinstance(build, Build)
    planning.plan(connection, build)
    with Workers(str(timeline.log.pool.conninfo), build, CORES) as workers:
        while workers.at_work():
            time.sleep(0.05)
    rebuilding.complete(connection, build)
    view = builds.publish(connection, build)
    assert view is not None
    return view


def opened_atlas(timeline: Timeline, connection: Database, view: View, folder: Path) -> tuple[Kept, float]:
    """The atlas drawn of a view, opened and adopted by the reader, and the seconds that it took."""
    timeline.reader.catalogue(view.position)
    began = time.perf_counter()
    base = kept.found(connection, folder, views.find(connection, str(view.view_id)), set())
    assert base is not None
    one = Kept(base, timeline.reader.catalogue)
    timeline.reader.atlases.adopt(one)
    return one, time.perf_counter() - began


def _whole_map(timeline: Timeline, view: View) -> float:
    """The median of some whole maps at random moments, from question to bytes."""
    random = Random(5)
    took = []
    for _ in range(QUESTIONS):
        at = BEGIN + timedelta(seconds=random.randrange(DAYS * 24 * 3600))
        known = random.randrange(PLACES + 1_000, view.position)
        began = time.perf_counter()
        _ask(timeline, view.name, at, known)
        took.append(time.perf_counter() - began)
    return median(took[3:])


def _ask(timeline: Timeline, view: str, at: object, known: int) -> None:
    with timeline.reader.asking(view, at=at, known_position=known) as asked:  # type: ignore[arg-type]
        assert from_atlas(timeline.reader, asked, Selection(), "json") is not None


@contextmanager
def _peak(*, ours: bool = False) -> Iterator[list[float]]:
    """The most memory of its own that a worker held meanwhile, or that we took beside what we had; MiB, looked at often."""
    found, done = [0.0], threading.Event()
    watching = threading.Thread(target=partial(_watch, found, done, ours=ours), daemon=True)
    watching.start()
    try:
        yield found
    finally:
        done.set()
        watching.join()


def _watch(found: list[float], done: threading.Event, *, ours: bool) -> None:
    us = psutil.Process()
    before = _own(us) if ours else 0.0
    while not done.wait(0.1):
        for process in [us] if ours else us.children(recursive=True):
            with suppress(psutil.Error):
                if "python" in process.name():
                    found[0] = max(found[0], _own(process) - before)


def _own(process: psutil.Process) -> float:
    mib: float = process.memory_full_info().uss / 2**20
    return mib

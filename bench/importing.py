"""Import of native events end to end, as `timeline import` does it: validated, appended, folded into both views.

    ./run bench importing            200,000 events; TIMELINE_BENCH_EVENTS names another number

The events are written to a file first, in the shape in which `timeline export` writes them, reference data among them; all
rates count both. Each part works on what the parts before it left. `prepare` alone is what the other process does with
the lines, in one thread: read, check, make the stored form. `import` is that, and deciding and appending beside it;
then both views are folded at the same time by a worker each, and what came meanwhile is followed. Beside it the same lines
again, when all are there already, and COPY of the same rows into a bare table.

By the clock is what one waits; processor time (ours, PostgreSQL's) is what it costs, also on a machine with other work.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from bench import histories
from bench.ground import fresh_timeline, say, working
from bench.spent import Spent, spent, watched
from events.appending import Locked, _Reading
from events.log import Log
from events.shape import write_event
from services.timeline import console, importing, preparing
from services.timeline.composition import Timeline
from services.timeline.prepared import Naming, Prepared, prepare
from services.timeline.writer import Writer, _Batch

EVENTS = int(os.environ.get("TIMELINE_BENCH_EVENTS", "200000"))
PLACES = 5_000
_COLUMNS = "position, event_id, stream_id, version, recorded_at, recorded_by, type, structure, text, salt"

#: Where the appending process waits or works, one inside another.
_WATCHED: dict[str, tuple[Any, str]] = {
    "handed in": (Writer, "append"),
    "append": (Log, "append"),
    "decide": (_Batch, "decide"),
    "look up": (_Reading, "look_up"),
    "read back": (_Reading, "streams"),
    "write": (Locked, "write"),
}


def run() -> None:
    """Print events a second and microseconds an event for each part, and in all."""
    with tempfile.TemporaryDirectory(prefix="timeline-bench-") as folder, fresh_timeline() as timeline:
        path, events = _written(Path(folder))
        size = Path(path).stat().st_size
        say(
            f"importing {events:,} native events of {size // events} bytes, one a line, at {PLACES:,} places; {_load()}"
        )
        say(f"{'':34} {'events':>9}     {'clock':>7}   {'ours':>7}   {'server':>7}   microseconds an event")
        _told("prepare, in one thread", events, _timed(timeline, _prepare, path))
        with watched(_WATCHED) as took:
            imported = _timed(timeline, _import, timeline, path)
        _told("import (prepare and append)", events, imported)
        folded = _timed(timeline, console.catch_up, timeline)
        _told("fold both views", events, folded)
        followed = _timed(timeline, console.follow, timeline)
        _told("follow what came meanwhile", events, followed)
        _told("in all", events, imported.plus(folded).plus(followed))
        say("")
        _told("import again (all there already)", events, _timed(timeline, _import, timeline, path))
        _told("raw COPY of the same rows", events, _timed(timeline, _copy, timeline))
        say(f"\nof the import, by the clock, microseconds an event; {_load()}")
        for part, seconds in _parts(took, imported).items():
            say(f"  {part:58} {seconds * 1e6 / events:6.1f}")


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def _told(part: str, events: int, one: Spent) -> None:
    server = "?" if one.postgres is None else f"{one.postgres * 1e6 / events:.1f}"
    clock, ours = one.wall * 1e6 / events, one.ours * 1e6 / events
    say(f"{part:34} {events / one.wall:9,.0f}/s   {clock:7.1f}   {ours:7.1f}   {server:>7}")


def _parts(took: dict[str, float], imported: Spent) -> dict[str, float]:
    """What the appending process did with its time; preparing goes on beside it."""
    held = took["look up"] + took["read back"]
    return {
        "waiting for prepared lines, telling what became of them": imported.wall - took["handed in"],
        "deciding (intake)": took["decide"] - held,
        "looking up in the log, by PostgreSQL": held,
        "writing rows (encode, COPY, indexes, log_advance)": took["write"],
        "lock and commit": took["append"] - took["decide"] - took["write"],
        "results": took["handed in"] - took["append"],
    }


def _timed(timeline: Timeline, work: Any, *arguments: Any) -> Spent:
    working(getattr(work, "__name__", "working").strip("_"))
    began = spent(timeline)
    work(*arguments)
    return spent(timeline).since(began)


def _written(folder: Path) -> tuple[str, int]:
    """The events as a file, made and let go of, so that none of them burdens what is measured."""
    path = folder / "events.ndjson"
    naming = Naming()
    written = 0
    with path.open("wb") as file:
        for event in [*histories.reference(PLACES), *_developments()]:
            one = prepare(event)
            assert isinstance(one, Prepared)
            named = msgspec.structs.replace(event, event_id=naming.named(one).event_id)
            file.write(msgspec.json.encode(write_event(named)) + b"\n")
            written += 1
    return str(path), written


def _developments() -> Iterator[Any]:
    """As many developments and what concerns them, a part at a time."""
    return (event for events in histories.developments(EVENTS, PLACES, 0) for event in events)


def _prepare(path: str) -> None:
    for frame in preparing.crossing(path):
        assert preparing.packed(frame)


def _import(timeline: Timeline, path: str) -> None:
    assert importing.import_file(timeline, path) == 0


def _copy(timeline: Timeline) -> None:
    """Binary COPY of the log's rows as they stand into a table with the log's indexes and none of its triggers."""
    with timeline.log.pool.connection() as connection:
        connection.execute("CREATE TABLE bench_raw (LIKE event INCLUDING INDEXES)")
        out = f"COPY (SELECT {_COLUMNS} FROM event ORDER BY position) TO STDOUT (FORMAT BINARY)"
        into = f"COPY bench_raw ({_COLUMNS}) FROM STDIN (FORMAT BINARY)"
        with (
            timeline.log.pool.connection() as other,
            other.cursor().copy(out) as source,
            connection.transaction(),
            connection.cursor().copy(into) as target,
        ):
            for block in source:
                target.write(block)

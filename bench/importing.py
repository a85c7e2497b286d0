"""Import of native events end to end: validated, appended, folded; beside it COPY of the same rows into a bare table.

    ./run bench importing            200,000 events; TIMELINE_BENCH_EVENTS names another number

The events are written to a file first, in the shape in which `timeline export` writes them, and each part works on what
the parts before it left. `validate` alone is one thread on one core. `import` is what `timeline import` does before it
folds: validating in one thread, appending in another, PostgreSQL beside them.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from bench import histories
from bench.ground import fresh_timeline, say, working
from events.shape import write_event
from services.timeline import importing
from services.timeline.composition import Timeline
from services.timeline.files import lines
from services.timeline.prepared import Naming, Prepared, prepare

EVENTS = int(os.environ.get("TIMELINE_BENCH_EVENTS", "200000"))
PLACES = 5_000
_COLUMNS = "position, event_id, stream_id, version, recorded_at, recorded_by, type, structure, text, salt"


def run() -> None:
    """Print events a second for each part, and in all."""
    with tempfile.TemporaryDirectory(prefix="timeline-bench-") as folder, fresh_timeline() as timeline:
        path = _written(Path(folder))
        size = Path(path).stat().st_size
        say(f"importing {EVENTS:,} native events of {size // EVENTS} bytes, one a line, at {PLACES:,} places")
        took = {"validate": _timed(_validate, path)}
        took["import (validate and append)"] = _timed(_import, timeline, path)
        took["import again (all there already)"] = _timed(_import, timeline, path)
        took["fold into both views"] = _timed(timeline.follower.follow)
        took["raw COPY of the same rows"] = _timed(_copy, timeline)
    for part, seconds in took.items():
        say(f"{part:34} {EVENTS / seconds:9,.0f}/s   {seconds:7.1f} s")
    whole = took["import (validate and append)"] + took["fold into both views"]
    say(f"{'in all (import, then fold)':34} {EVENTS / whole:9,.0f}/s   {whole:7.1f} s")


def _timed(work: Any, *arguments: Any) -> float:
    working(getattr(work, "__name__", "working").strip("_"))
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


def _written(folder: Path) -> str:
    """The events as a file, made and let go of, so that none of them burdens what is measured."""
    path = folder / "events.ndjson"
    naming = Naming()
    with path.open("wb") as file:
        for event in [*histories.reference(PLACES), *_told()]:
            one = prepare(event)
            assert isinstance(one, Prepared)
            named = msgspec.structs.replace(event, event_id=naming.named(one).event_id)
            file.write(msgspec.json.encode(write_event(named)) + b"\n")
    return str(path)


def _told() -> Iterator[Any]:
    """As many developments and what concerns them, a part at a time."""
    return (event for events in histories.developments(EVENTS, PLACES, 0) for event in events)


def _validate(path: str) -> None:
    for line in lines(path):
        assert isinstance(prepare(line.raw), Prepared)


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

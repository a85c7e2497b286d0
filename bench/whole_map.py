"""The whole map at random moments of both axes, from question to bytes, of a log that looks like news (`news.py`).

Beside the atlas: joining the same ready fragments (what no answer in bytes can do without), the best SQL on the same answers as
rows (`best_sql.py`), MariaDB's bitemporal tables (`mariadb.py`, where it is installed), and our tables as they answer
without an atlas. All answer the same questions in turn, and the same bytes. A long log and a short one take turns too.

    EVENTS=1000000 ./run bench whole_map      the longer log has so many events (default 300,000; the shorter 50,000)
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from random import Random

import numpy as np
import psycopg
import pyarrow as pa
from psycopg.conninfo import make_conninfo

from bench import news
from bench.best_sql import BestSql
from bench.ground import fresh_timeline, median, percentile, say, working
from bench.growth import opened_atlas, rebuilt
from bench.mariadb import installed, mariadb
from bench.news_world import BEGIN, DAYS, PLACES
from bench.whole_map_rows import TAIL, AnswerRow, WholeMap, no_head
from projections.claims import from_micros, micros
from services.timeline import whole_map
from services.timeline.atlas import drawing, fragments
from services.timeline.atlas.answers import from_atlas
from services.timeline.atlas.columns import SINCE_EVER, UNTIL_FURTHER
from services.timeline.atlas.kept import Kept
from services.timeline.build_workers import connected
from services.timeline.composition import Timeline
from services.timeline.selection import Selection, selected

Body = bytes | memoryview

_NO_ACCESS = fragments.NO_ACCESS.json.removesuffix(b",")

SHORT, LONG = 50_000, int(os.environ.get("EVENTS", "300000"))
QUESTIONS = 25

#: What stands beside the atlas, and what the words are for it.
SIDES = {
    "joining": "joining ready fragments",
    "gathering": "gathering them with Arrow",
    "best SQL": "the best SQL",
    "MariaDB": "MariaDB, bitemporal tables",
    "tables": "our tables, no atlas",
}


@dataclass(frozen=True, eq=False)
class Ground:
    """A filled timeline with its atlas, the databases that hold the same answers as rows, and the times that each took."""

    events: int
    timeline: Timeline
    kept: Kept
    view: str
    position: int
    databases: dict[str, WholeMap]
    times: dict[str, list[float]] = field(default_factory=dict)


def run() -> None:
    """Print the sizes, the medians of both logs, and their ratios."""
    say(f"whole map of {PLACES:,} places, random (at, known position), from question to bytes, medians of {QUESTIONS}")
    if not installed():
        say("MariaDB is not installed here: it is left out")
    with _filled(SHORT) as short, _filled(LONG) as long:
        random = Random(4)
        for number in range(-3, QUESTIONS):
            for ground in (short, long):
                if number == 0:  # those before warmed up
                    ground.times.clear()
                _ask(ground, random, tables=number >= QUESTIONS - 5)
        for ground in (short, long):
            _say_times(ground)
        longer, shorter = (median(ground.times["atlas"]) for ground in (long, short))
    say(f"\na log of {LONG:,} events takes {longer / shorter:.2f}x the time of one of {SHORT:,}")


@contextmanager
def _filled(events: int) -> Iterator[Ground]:
    with fresh_timeline() as timeline, ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="timeline-bench-")))
        news.load(timeline.log, events, told=lambda position: working(f"{position:,} events loaded"))
        server = str(timeline.log.pool.conninfo)
        with connected(server) as connection:
            connection.execute("VACUUM ANALYZE event")
            view = rebuilt(timeline, connection)
            began = time.perf_counter()
            drawing.draw(timeline.log, folder, view.view_id)
            drawn = time.perf_counter() - began
            one, opening = opened_atlas(timeline, connection, view, folder)
            connection.execute("VACUUM ANALYZE")
            connection.execute("CREATE DATABASE best_sql")
        _say_size(events, one, drawn, opening)
        sql = held.enter_context(psycopg.connect(make_conninfo(server, dbname="best_sql"), autocommit=True))
        databases: dict[str, WholeMap] = {"best SQL": BestSql(sql)}
        if installed():
            databases["MariaDB"] = held.enter_context(mariadb())
        moments = [_moment(Random(n), view.position) for n in range(3)]
        for name, database in databases.items():
            working(f"{name}: {one.base.rectangles:,} rows")
            database.load(_rows(one), moments)
        yield Ground(events, timeline, one, view.name, view.position, databases)


def _moment(random: Random, position: int) -> tuple[datetime, int]:
    return BEGIN + timedelta(seconds=random.randrange(DAYS * 24 * 3600)), random.randrange(PLACES + 1_000, position)


def _rows(one: Kept) -> Iterator[AnswerRow]:
    """Everything that the atlas holds of control, as rows; a place without claims has one."""
    base, drawn = one.base, one.base.control.by_valid
    for begin in range(0, drawn.many, 10_000):
        some = drawn.some(slice(begin, begin + 10_000))
        *bounds, places, _ = (column.tolist() for column in some)
        said = base.bytes_of("json", some.fragment)
        for valid_from, valid_until, known_from, known_until, place, fragment in zip(
            *bounds, places, said, strict=True
        ):
            valid = _time(valid_from), _time(valid_until)
            yield AnswerRow(place, *valid, _open(known_from), _open(known_until), bytes(fragment) + _NO_ACCESS)
    quiet = sorted(set(range(len(base.places))) - set(drawn.place.tolist()))
    for place, fragment in zip(quiet, base.bytes_of("json", base.unknown[quiet]), strict=True):
        yield AnswerRow(place, None, None, None, None, bytes(fragment) + _NO_ACCESS)


def _open(bound: int) -> int | None:
    return None if bound in (SINCE_EVER, UNTIL_FURTHER) else bound


def _time(bound: int) -> datetime | None:
    return None if _open(bound) is None else from_micros(bound)


def _say_size(events: int, one: Kept, drawn: float, opening: float) -> None:
    base = one.base
    million = base.rectangles / 1e6
    parts = {
        "columns": [name for name in base.file.names if " by_" in name],
        "keyframes": [name for name in base.file.names if name.endswith("keyframes")],
        **{form: [form, f"{form} offsets"] for form in ("json", "csv", "geojson")},
    }
    mib = {part: base.file.size(*names) / 2**20 for part, names in parts.items()}
    each = ", ".join(f"{part} {mib[part] / million:.0f}" for part in parts if part != "keyframes")
    say(
        f"{events:,} events: {base.rectangles:,} rectangles, {len(base.left_out)} places left out; drawn in {drawn:.1f} s, "
        f"mapped and checked in {opening:.2f} s; {len(base.file.view) / 2**20:.0f} MiB, shared by all processes; "
        f"MiB a million rectangles: {each}; keyframes {mib['keyframes']:.0f} MiB, "
        f"{len(base.control.valid_grid)} x {len(base.control.known_grid)}"
    )


def _ask(ground: Ground, random: Random, *, tables: bool) -> None:
    at, known = _moment(random, ground.position)
    body = bytes(_timed(ground, "atlas", partial(_from_atlas, ground, at, known)))
    # At a moment of its own: right after us it would find the very fragments in the processor's cache.
    _timed(ground, "joining", _joining(ground, *_moment(random, ground.position)))
    _timed(ground, "gathering", _gathering(ground, *_moment(random, ground.position)))
    joined = _entries(ground, at, known)
    assert body.count(b'{"location_id"') >= PLACES
    for name, database in ground.databases.items():
        said = _timed(ground, name, partial(database.whole_map, at, known))
        assert said == no_head(at, known) + joined + TAIL
    if tables:  # a second or more, each
        assert _timed(ground, "tables", partial(_from_tables, ground, at, known)) == body


def _say_times(ground: Ground) -> None:
    atlas = median(ground.times["atlas"])
    p95 = percentile(ground.times["atlas"], 95)
    say(f"\n{ground.events:,} events: the atlas {atlas * 1000:.1f} ms, 95th percentile {p95 * 1000:.1f} ms")
    for name, words in SIDES.items():
        if name in ground.times:
            other = median(ground.times[name])
            chosen = f" ({ground.databases[name].chosen})" if name in ground.databases else ""
            ratio = f"the atlas takes {atlas / other:.2f}x" if name.endswith("ing") else f"{other / atlas:.1f}x"
            say(f"  {words:28} {other * 1000:8.1f} ms   {ratio}{chosen}")


def _from_atlas(ground: Ground, at: datetime, known: int) -> bytes | memoryview:
    reader = ground.timeline.reader
    with reader.asking(ground.view, at=at, known_position=known) as asked:
        body = from_atlas(reader, asked, Selection(), "json")
        assert body is not None
        return body


def _joining(ground: Ground, at: datetime, known: int) -> Callable[[], Body]:
    """Of all fragments that the answer is made of, by Python's own means."""
    base = ground.kept.base
    control, access = base.picked(micros(at), known)
    rest = np.maximum(access, 0)
    return lambda: b"".join(
        chain.from_iterable(zip(base.bytes_of("json", control), base.bytes_of("json", rest), strict=True))
    )


def _gathering(ground: Ground, at: datetime, known: int) -> Callable[[], Body]:
    """The same by Arrow's means: all that we could save is to find out which they are."""
    base = ground.kept.base
    control, access = base.picked(micros(at), known)
    offsets, data = base.offsets["json"], np.frombuffer(base.file.view, np.uint8)[base.file.begin("json") :]
    array = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )
    parts = np.empty(2 * len(control), np.int32)
    parts[::2], parts[1::2] = control, np.maximum(access, 0)
    return lambda: array.take(pa.array(parts)).buffers()[2]


def _entries(ground: Ground, at: datetime, known: int) -> bytes:
    """The entries as if there were no access, as the databases hold them."""
    base = ground.kept.base
    control, _ = base.picked(micros(at), known)
    return b",".join(bytes(one) + _NO_ACCESS for one in base.bytes_of("json", control))


def _from_tables(ground: Ground, at: datetime, known: int) -> bytes:
    reader = ground.timeline.reader
    with reader.asking(ground.view, at=at, known_position=known) as asked:
        catalogue = reader.catalogue(asked.known_position)
        return whole_map.everywhere(asked, selected(reader, asked, Selection()), catalogue, "json")


def _timed(ground: Ground, name: str, work: Callable[[], Body]) -> Body:
    before = time.perf_counter()
    found = work()
    ground.times.setdefault(name, []).append(time.perf_counter() - before)
    return found

"""The whole map at random moments of both axes, from question to bytes: 33,000 places, one of them crowded.

Beside the atlas: joining the same ready fragments (what no answer in bytes can do without), the best SQL that we know (a table of
all rectangles with ready fragments, covered by an index, joined by the server), and the tables as they answer without an atlas.
All answer the same questions in turn, and the same bytes. Then: what a longer log costs, memory, start-up, and following.

`TIMELINE_BENCH_EVENTS=5000000 ./run bench whole_map` makes the longer log that long (default 300,000; the shorter has 50,000).
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

from bench import histories
from bench.ground import fresh_timeline, median, percentile, say, working
from projections import views
from projections.claims import micros
from services.timeline.api import rendering
from services.timeline.atlas import drawing, kept
from services.timeline.atlas.answers import from_atlas
from services.timeline.atlas.columns import SINCE_EVER, UNTIL_FURTHER
from services.timeline.atlas.kept import Kept
from services.timeline.composition import Timeline
from services.timeline.selection import Selection, selected

PLACES, CROWDED = 33_000, 20_000
SHORT, LONG = 50_000, int(os.environ.get("TIMELINE_BENCH_EVENTS", "300000"))
QUESTIONS = 25


@dataclass(frozen=True, eq=False)
class Ground:
    """A filled timeline, with its atlas and its rectangles as a table."""

    events: int
    timeline: Timeline
    kept: Kept
    head: int


def run() -> None:
    say(f"whole map of {PLACES:,} places, random (at, known position), from question to bytes, medians of {QUESTIONS}")
    with _filled(SHORT) as short, _filled(LONG) as long:
        took = {short: _nothing_yet(), long: _nothing_yet()}
        random = Random(4)
        for number in range(-3, QUESTIONS):  # the first ones warm up
            for ground, times in took.items():
                _ask(ground, random, times if number >= 0 else _nothing_yet(), tables=number >= QUESTIONS - 5)
        for ground, times in took.items():
            _say_times(ground, times)
            _following(ground)
        longer, shorter = (median(took[ground]["ours"]) for ground in (long, short))
    say(f"\na log of {LONG:,} events takes {longer / shorter:.2f}x of one of {SHORT:,}")


@contextmanager
def _filled(events: int) -> Iterator[Ground]:
    with fresh_timeline() as timeline, tempfile.TemporaryDirectory(prefix="timeline-bench-") as folder:
        told = histories.developments(events, PLACES, min(CROWDED, events // 10))
        for upto in histories.append(
            timeline.log, histories.reference(PLACES) + histories.arrived(told, "as published")
        ):
            working(f"{upto:,} events")
        del told
        timeline.follower.follow(lambda position: working(f"folded {position:,}"))
        with timeline.log.pool.connection() as connection:
            connection.execute("VACUUM ANALYZE")
            view = views.find(connection, "current")
            drawing_took = _seconds(lambda: drawing.draw(timeline.log, Path(folder), view.view_id))
            timeline.reader.catalogue(view.position)
            began = time.perf_counter()
            base = kept.found(connection, Path(folder), view, set())
            assert base is not None
            one = Kept(base, timeline.reader.catalogue)
            opening_took = time.perf_counter() - began
        _say_size(events, one, drawing_took, opening_took)
        _as_table(timeline, one)
        timeline.reader.atlases.adopt(one)
        yield Ground(events, timeline, one, view.position)


def _say_size(events: int, one: Kept, drawing_took: float, opening_took: float) -> None:
    base = one.base
    million = base.rectangles / 1e6
    parts = {
        "columns": [name for name in base.file.names if " by_" in name],
        "keyframes": [name for name in base.file.names if name.endswith("keyframes")],
        **{form: [form, f"{form} offsets"] for form in ("json", "csv", "geojson")},
    }
    mb = {part: base.file.size(*names) / 2**20 for part, names in parts.items()}
    whole = len(base.file.view) / 2**20
    say(
        f"\n{events:,} events: {base.rectangles:,} rectangles; drawn in {drawing_took:.1f} s, mapped and checked in "
        f"{opening_took:.2f} s; left out {len(base.left_out)} places"
    )
    say(
        f"  the file: {whole:.0f} MiB, {whole / million:.0f} MiB a million rectangles, shared by all processes (columns "
        f"{mb['columns'] / million:.0f}, fragments json {mb['json'] / million:.0f}, csv {mb['csv'] / million:.0f}, geojson "
        f"{mb['geojson'] / million:.0f}); keyframes {mb['keyframes']:.0f} MiB, "
        f"{len(base.control.valid_grid)} x {len(base.control.known_grid)}"
    )


def _as_table(timeline: Timeline, one: Kept) -> None:
    """The rectangles with their ready fragments in PostgreSQL, as an index would serve them best."""
    rows = one.base.control.by_valid
    with timeline.log.pool.connection() as connection, connection.transaction():
        connection.execute(
            "CREATE UNLOGGED TABLE rectangle (valid_from int8, valid_until int8, known_from int8, known_until int8, "
            "place int4, fragment bytea)"
        )
        with connection.cursor().copy("COPY rectangle FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "int8", "int8", "int8", "int4", "bytea"])
            for begin in range(0, rows.many, 10_000):
                some = rows.some(slice(begin, begin + 10_000))
                texts = [bytes(fragment) for fragment in one.base.bytes_of("json", some.fragment)]
                for row in zip(*(column.tolist() for column in some[:5]), texts, strict=True):
                    copy.write_row(row)
            quiet = sorted(set(range(len(one.base.places))) - set(rows.place.tolist()))
            said = one.base.bytes_of("json", one.base.unknown[quiet])
            for number, fragment in zip(quiet, said, strict=True):
                copy.write_row((SINCE_EVER, UNTIL_FURTHER, SINCE_EVER, UNTIL_FURTHER, number, bytes(fragment)))
        connection.execute(
            "CREATE INDEX ON rectangle USING gist (int8range(valid_from, valid_until), int8range(known_from, known_until))"
        )
        connection.execute("CREATE INDEX ON rectangle (known_from, known_until, valid_from, valid_until)")
    with timeline.log.pool.connection() as connection:
        connection.execute("VACUUM ANALYZE rectangle")


_JOINED = "SELECT string_agg(fragment, ','::bytea ORDER BY place) FROM rectangle WHERE "

#: Both ways that there are; the faster one counts.
_SQL = (
    f"{_JOINED} valid_from <= %(at)s AND valid_until > %(at)s AND known_from <= %(known)s AND known_until > %(known)s",
    f"{_JOINED} int8range(valid_from, valid_until) @> %(at)s::int8 AND int8range(known_from, known_until) @> %(known)s::int8",
)


def _nothing_yet() -> dict[str, list[float]]:
    return {"ours": [], "joining": [], "sql": [], "tables": []}


def _ask(ground: Ground, random: Random, times: dict[str, list[float]], *, tables: bool) -> None:
    at = histories.BEGIN + timedelta(seconds=random.randrange(histories.DAYS * 24 * 3600))
    known = random.randrange(PLACES + 100, ground.head)
    body, ours = _timed(partial(_ours, ground, at, known))
    joined, joining = _timed(_joining(ground, at, known))
    by_sql = [_timed(partial(_by_sql, ground, statement, at, known)) for statement in _SQL]
    assert body.count(b'"location_id"') == PLACES
    assert body.endswith(joined + b"]}")
    assert all(said == joined for said, _ in by_sql)
    times["ours"].append(ours)
    times["joining"].append(joining)
    times["sql"].append(min(seconds for _, seconds in by_sql))
    if tables:  # a second or more, each
        from_tables, seconds = _timed(partial(_tables, ground, at, known))
        assert from_tables == body
        times["tables"].append(seconds)


def _say_times(ground: Ground, times: dict[str, list[float]]) -> None:
    ours = median(times["ours"])
    say(
        f"\n{ground.events:,} events: the atlas {ours * 1000:.1f} ms, p95 {percentile(times['ours'], 95) * 1000:.1f} ms"
    )
    joining, sql, tables = (median(times[name]) for name in ("joining", "sql", "tables"))
    say(f"  joining ready fragments   {joining * 1000:8.1f} ms   ours takes {ours / joining:.2f}x of it")
    say(f"  the best SQL              {sql * 1000:8.1f} ms   ours is {sql / ours:.1f}x as fast")
    say(f"  the tables, no atlas      {tables * 1000:8.1f} ms   ours is {tables / ours:.1f}x as fast")


def _ours(ground: Ground, at: datetime, known: int) -> bytes:
    with ground.timeline.reader.asking("current", at=at, known_position=known) as asked:
        body = from_atlas(ground.timeline.reader, asked, Selection(), "json")
        assert body is not None
        return body


def _joining(ground: Ground, at: datetime, known: int) -> Callable[[], bytes]:
    atlas = ground.kept.atlas
    shown, _ = atlas.base.picked(micros(at), known)
    return lambda: b",".join(atlas.base.bytes_of("json", shown))


def _by_sql(ground: Ground, statement: str, at: datetime, known: int) -> bytes:
    with ground.timeline.log.pool.connection() as connection, connection.transaction():
        connection.execute("SET LOCAL plan_cache_mode TO force_custom_plan")
        connection.execute("SET LOCAL enable_seqscan TO on")
        row = connection.execute(statement, {"at": micros(at), "known": known}, binary=True).fetchone()
        assert row is not None
        return bytes(row[0])


def _tables(ground: Ground, at: datetime, known: int) -> bytes:
    reader = ground.timeline.reader
    with reader.asking("current", at=at, known_position=known) as asked:
        catalogue = reader.catalogue(asked.known_position)
        return rendering.everywhere(asked, selected(reader, asked, Selection()), catalogue, "json")


def _following(ground: Ground) -> None:
    """One more event, folded: until the atlas has it. First at a place that it has not met since it was drawn, then again."""
    for name, crowded in (("an ordinary place", 0), ("the crowded place", 10)):
        told = [one[:1] for one in histories.developments(10, PLACES, crowded, seed=99)]
        took = []
        for number, events in enumerate(told):
            fresh = [histories.renamed(one, f"{name} {number}") for one in events]
            for _ in histories.append(ground.timeline.log, fresh, seed=hash((name, number)) % 10**6 + 1):
                pass
            ground.timeline.follower.follow()
            with ground.timeline.log.pool.connection() as connection:
                took.append(_seconds(lambda: ground.kept.follow(connection, ground.kept.base.identity.view)))
        say(f"  one more event at {name}: {took[0] * 1000:.0f} ms at first, then {median(took[1:]) * 1000:.1f} ms")


def _timed(work: Callable[[], bytes]) -> tuple[bytes, float]:
    before = time.perf_counter()
    found = work()
    return found, time.perf_counter() - before


def _seconds(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before

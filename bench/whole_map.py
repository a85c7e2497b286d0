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


@dataclass(frozen=True)
class Ground:
    """A filled timeline, with its atlas and its rectangles as a table."""

    timeline: Timeline
    kept: Kept
    head: int


def run() -> None:
    say(f"whole map of {PLACES:,} places, random (at, known position), from question to bytes, medians of {QUESTIONS}")
    ours: list[float] = []
    for events in (SHORT, LONG):
        with _filled(events) as ground:
            ours.append(_measure(ground, events))
            _following(ground)
    say(f"a log of {LONG:,} events / of {SHORT:,}: {ours[1] / ours[0]:.2f}x")


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
        yield Ground(timeline, one, view.position)


def _say_size(events: int, one: Kept, drawing_took: float, opening_took: float) -> None:
    base = one.base
    million = base.rectangles / 1e6
    parts = {
        "columns": [name for name in base.file.names if " by_" in name],
        "keyframes": [name for name in base.file.names if name.endswith("keyframes")],
        **{form: [form, f"{form} offsets"] for form in ("json", "csv", "geojson")},
    }
    mb = {part: base.file.size(*names) / 2**20 for part, names in parts.items()}
    whole = len(base.file.bytes) / 2**20
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
            'location_id text COLLATE "C", fragment text)'
        )
        with connection.cursor().copy("COPY rectangle FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "int8", "int8", "int8", "text", "text"])
            for begin in range(0, rows.many, 10_000):
                some = rows.some(slice(begin, begin + 10_000))
                texts = [fragment.decode() for fragment in one.base.bytes_of("json", some.fragment)]
                for row in zip(*(column.tolist() for column in some[:5]), texts, strict=True):
                    copy.write_row((*row[:4], one.base.places[row[4]], row[5]))
            quiet = sorted(set(range(len(one.base.places))) - set(rows.place.tolist()))
            said = one.base.bytes_of("json", one.base.unknown[quiet])
            for number, fragment in zip(quiet, said, strict=True):
                copy.write_row(
                    (SINCE_EVER, UNTIL_FURTHER, SINCE_EVER, UNTIL_FURTHER, one.base.places[number], fragment.decode())
                )
        connection.execute(
            "CREATE INDEX ON rectangle USING gist (int8range(valid_from, valid_until), int8range(known_from, known_until))"
        )
        connection.execute("CREATE INDEX ON rectangle (known_from, known_until, valid_from, valid_until)")
    with timeline.log.pool.connection() as connection:
        connection.execute("VACUUM ANALYZE rectangle")


_JOINED = "SELECT string_agg(fragment, ',' ORDER BY location_id) FROM rectangle WHERE "

#: Both ways that there are; the faster one counts.
_SQL = (
    f"{_JOINED} valid_from <= %(at)s AND valid_until > %(at)s AND known_from <= %(known)s AND known_until > %(known)s",
    f"{_JOINED} int8range(valid_from, valid_until) @> %(at)s::int8 AND int8range(known_from, known_until) @> %(known)s::int8",
)


def _measure(ground: Ground, events: int) -> float:
    random = Random(events)
    reader = ground.timeline.reader
    reader.atlases.adopt(ground.kept)
    took: dict[str, list[float]] = {"ours": [], "joining": [], "sql": [], "tables": []}
    for number in range(-3, QUESTIONS):
        at = histories.BEGIN + timedelta(seconds=random.randrange(histories.DAYS * 24 * 3600))
        known = random.randrange(PLACES + 100, ground.head)
        body, ours = _timed(partial(_ours, ground, at, known))
        joined, joining = _timed(_joining(ground, at, known))
        said, sql = min(
            (_timed(partial(_by_sql, ground, statement, at, known)) for statement in _SQL), key=lambda one: one[1]
        )
        assert body.count(b'"location_id"') == PLACES
        assert body.endswith(joined + b"]}")
        assert said == joined
        if number >= 0:  # the first ones warm up
            for name, seconds in (("ours", ours), ("joining", joining), ("sql", sql)):
                took[name].append(seconds)
        if number >= QUESTIONS - 5:
            from_tables, tables = _timed(partial(_tables, ground, at, known))
            assert from_tables == body
            took["tables"].append(tables)
    ours = median(took["ours"])
    say(
        f"  the atlas                    {ours * 1000:8.1f} ms   p95 {percentile(took['ours'], 95) * 1000:.1f} ms, {len(body) / 2**20:.1f} MiB"
    )
    for name, words in (
        ("joining", "joining ready fragments"),
        ("sql", "the best SQL"),
        ("tables", "the tables, no atlas"),
    ):
        other = median(took[name])
        ratio = f"ours takes {ours / other:.2f}x of it" if name == "joining" else f"ours is {other / ours:.1f}x as fast"
        say(f"  {words:28} {other * 1000:8.1f} ms   {ratio}")
    return ours


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
        return str(row[0]).encode()


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

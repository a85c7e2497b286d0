"""The atlas answers as the tables do, byte for byte: on random histories, moments, filters and formats, while the log grows."""

import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from projections import retrying, touched_places, views
from services.timeline import whole_map
from services.timeline.asked import Asked
from services.timeline.atlas import draft, drawing, kept, live
from services.timeline.atlas.answers import BODIES, from_atlas
from services.timeline.atlas.kept import Kept
from services.timeline.composition import Timeline, opened
from services.timeline.selection import Selection, selected
from services.timeline.settings import Settings
from tests.acceptance.test_rest import served
from tests.conftest import fresh_database
from tests.told_histories import ARRIVALS, MOMENTS_VALID, as_posted, told

CHOICES = (
    Selection(),
    Selection(within="sy"),
    Selection(within="hama"),
    Selection(bbox=(36.0, 34.0, 37.0, 36.0)),
    Selection(bbox=(40.0, 34.0, -10.0, 36.0)),
    Selection(mode="held"),
    Selection(mode="unknown"),
    Selection(holder="hts"),
    Selection(within="sy", mode="shared", holder="saa"),
)

#: Places below one another, on the map and off it, revised, and registered late.
WORLD: tuple[dict[str, Any], ...] = (
    {"type": "LocationRegistered", "location_id": "sy", "name": "Syria, =all", "kind": "country"},
    {"type": "LocationRevised", "location_id": "hama", "from": "2024-12-02T00:00:00Z", "reason": "Seen.",
     "changes": {"parent_id": "sy", "geometry": {"type": "Point", "coordinates": [36.75, 35.13]}, "codes": {"pcode": "SY05"}}},
    {"type": "LocationRegistered", "location_id": "aleppo", "name": 'Aleppo "the grey"', "kind": "city", "parent_id": "sy",
     "geometry": {"type": "Point", "coordinates": [36.2, 35.0]}},
    {"type": "LocationRevised", "location_id": "aleppo", "from": "2024-12-03T00:00:00Z", "reason": "Moved.",
     "changes": {"geometry": {"type": "Point", "coordinates": [41.0, 35.0]}, "name": "-Aleppo"}},
)  # fmt: skip


@contextmanager
def a_timeline(server: str) -> Iterator[Timeline]:
    with fresh_database(server) as database, opened(Settings(database_url=database)) as timeline:
        yield timeline


def append(timeline: Timeline, lines: list[bytes]) -> None:
    if lines:
        timeline.writer.append(lines, "test", atomic=True)
    timeline.follower.follow()


def as_told(seed: int, developments: int = 25) -> list[bytes]:
    """A history with its world, the world's last revisions somewhere in the middle of it."""
    chance = random.Random(seed)
    lines = as_posted(told(chance, ARRIVALS[seed % 3], developments))
    registrations = sum(b"Registered" in line for line in lines)
    for one in WORLD:
        lines.insert(registrations + (0 if one["location_id"] == "sy" else len(lines) // 3), json.dumps(one).encode())
        registrations += 1
    return lines


def keep(timeline: Timeline, folder: Path, name: str) -> Kept:
    """Draw a view as it stands, and let the reader answer from it."""
    with timeline.log.pool.connection() as connection:
        view = views.find(connection, name)
        path = drawing.draw(timeline.log, folder, view.view_id)
        assert path is not None
        base = kept.found(connection, folder, view, set())
    assert base is not None
    one = Kept(base, timeline.reader.catalogue)
    timeline.reader.atlases.adopt(one)
    return one


def follow(timeline: Timeline, one: Kept) -> None:
    with timeline.log.pool.connection() as connection:
        one.follow(connection, one.base.identity.view)


def from_tables(timeline: Timeline, asked: Asked, choice: Selection, form: str) -> bytes:
    found = selected(timeline.reader, asked, choice)
    return whole_map.everywhere(asked, found, timeline.reader.catalogue(asked.known_position), form)


def compare(timeline: Timeline, name: str, chance: random.Random, rounds: int) -> int:
    """Ask at random both ways; how many answers came from the atlas."""
    head = timeline.log.head().position
    answered = 0
    for _ in range(rounds):
        at = chance.choice(MOMENTS_VALID)
        if name == "current":
            known: dict[str, Any] = {"known_position": chance.randrange(1, head + 2)}
        else:
            known = {"known_at": chance.choice(MOMENTS_VALID)}
        with timeline.reader.asking(name, at=at, **known) as asked:
            for choice in chance.sample(CHOICES, 3):
                form = chance.choice(list(BODIES))
                if choice.within is not None and not timeline.reader.catalogue(head).has_location(
                    choice.within, asked.known_position
                ):
                    continue
                drawn = from_atlas(timeline.reader, asked, choice, form)
                if drawn is not None:
                    answered += 1
                    assert drawn == from_tables(timeline, asked, choice, form), (at, known, choice, form)
    return answered


@pytest.mark.parametrize("name", ["current", "published"])
@pytest.mark.parametrize("seed", range(4))
def test_while_the_log_grows_every_answer_is_that_of_the_tables(
    postgres_18: str, tmp_path: Path, seed: int, name: str
) -> None:
    """Drawn somewhere in the middle, followed in batches of any size; late arrivals reach back on the reported clock."""
    chance = random.Random(seed)
    with a_timeline(postgres_18) as timeline:
        lines = as_told(seed)
        begin = chance.randrange(20, len(lines) // 2)
        append(timeline, lines[:begin])
        one = keep(timeline, tmp_path, name)
        assert compare(timeline, name, chance, 20) > 30
        while begin < len(lines):
            end = begin + chance.choice([1, 1, 2, 5, 20])
            append(timeline, lines[begin:end])
            follow(timeline, one)
            assert one.atlas.position == timeline.log.head().position
            assert compare(timeline, name, chance, 4) > 3
            begin = end


@pytest.mark.parametrize("most", [8, 24])
@pytest.mark.parametrize("name", ["current", "published"])
def test_a_place_too_crowded_to_be_drawn_is_asked_from_the_tables(
    postgres_18: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    """Left out when it is drawn, or when it becomes too crowded; the others are drawn all the same."""
    chance = random.Random(name)
    for module in (draft, live):
        monkeypatch.setattr(module, "MOST_A_PLACE", most)
    with a_timeline(postgres_18) as timeline:
        lines = as_told(3, 40)
        append(timeline, lines[: len(lines) // 2])
        one = keep(timeline, tmp_path, name)
        assert bool(one.atlas.left_out) == (most == 8)
        assert compare(timeline, name, chance, 20) > 30
        append(timeline, lines[len(lines) // 2 :])
        follow(timeline, one)
        assert one.atlas.left_out
        assert compare(timeline, name, chance, 20) > 30


def test_a_roll_up_counts_what_the_tables_count(postgres_18: str, tmp_path: Path) -> None:
    """From a picture, places left out and registered since included."""
    with a_timeline(postgres_18) as timeline:
        lines = as_told(1)
        append(timeline, lines[: len(lines) // 2])
        counted: dict[datetime, list[Any]] = {}
        one = keep(timeline, tmp_path, "current")
        append(timeline, lines[len(lines) // 2 :])
        follow(timeline, one)
        for at_work in (False, True):
            timeline.reader.atlases._at_work = at_work
            for at in MOMENTS_VALID[::5]:
                with timeline.reader.asking("current", at=at) as asked:
                    assert (timeline.reader.atlases.covering(asked) is None) != at_work
                    counted.setdefault(at, []).append(timeline.reader.status(asked, "sy").rollup)
        assert all(one == other for one, other in counted.values())
        assert any(len(one) > 1 for one, _ in counted.values())


def test_a_pinned_answer_is_the_same_whoever_gives_it(postgres_18: str, tmp_path: Path) -> None:
    """Over REST: the same bytes, tag and caching from the tables and from the atlas, and other tags for other questions."""
    with a_timeline(postgres_18) as timeline, served(timeline) as client:
        append(timeline, as_told(9))
        asked = "/v1/status?view=1&known_position=60&at=2024-12-03T00:00:00Z"
        addresses = [
            f"{asked}{more}" for more in ("", "&f=csv", "&f=geojson", "&mode=held", "&within=sy", "&bbox=36,34,37,36")
        ]
        by_tables = [client.get(one) for one in addresses]
        keep(timeline, tmp_path, "current")
        with timeline.reader.asking("1", known_position=60) as question:
            assert timeline.reader.atlases.covering(question) is not None
        by_atlas = [client.get(one) for one in addresses]

        for tables, atlas in zip(by_tables, by_atlas, strict=True):
            assert (atlas.content, atlas.headers["etag"]) == (tables.content, tables.headers["etag"])
            names = "f=csv" in str(atlas.url) or "f=geojson" in str(atlas.url)  # which may be redacted
            assert ("immutable" in atlas.headers["cache-control"]) is not names
            assert atlas.headers["cache-control"] == tables.headers["cache-control"]
            assert client.get(str(atlas.url), headers={"If-None-Match": atlas.headers["etag"]}).status_code == 304
        assert len({one.headers["etag"] for one in by_atlas}) == len(by_atlas)


def test_positions_decide_who_answers(postgres_18: str, tmp_path: Path) -> None:
    """On the recorded clock what it has reached, on the reported clock only where the question stands."""
    with a_timeline(postgres_18) as timeline:
        lines = as_told(2)
        append(timeline, lines[:-3])
        held = {name: keep(timeline, tmp_path, name) for name in ("current", "published")}
        reached = timeline.log.head().position
        append(timeline, lines[-3:])

        def covered(name: str, **asked: Any) -> bool:
            with timeline.reader.asking(name, at=MOMENTS_VALID[3], **asked) as question:
                return timeline.reader.atlases.covering(question) is not None

        assert covered("current", known_position=reached)
        assert not covered("current", known_position=reached + 1)
        assert not covered("published", known_at=MOMENTS_VALID[3])
        for one in held.values():
            follow(timeline, one)
        assert covered("current", known_position=reached + 1)
        assert covered("published", known_at=MOMENTS_VALID[3])
        assert not covered("published", known_at=MOMENTS_VALID[3], known_position=reached)


def test_what_is_set_aside_is_answered_from_the_tables_and_a_retry_has_it_drawn_anew(
    postgres_18: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retry changes what was known by earlier positions: nothing drawn before it answers after it."""
    with a_timeline(postgres_18) as timeline:
        lines = as_told(4)
        append(timeline, lines[:-5])
        one = keep(timeline, tmp_path, "current")
        with monkeypatch.context() as broken:
            broken.setattr("projections.setting_aside.fold_development", _raises)
            append(timeline, lines[-5:])
        with timeline.reader.asking("current", at=MOMENTS_VALID[3], known_position=20) as asked:
            assert asked.set_aside
            assert timeline.reader.atlases.covering(asked) is None
        with pytest.raises(drawing.CannotDraw):
            drawing.draw(timeline.log, tmp_path, one.base.identity.view)
        follow(timeline, one)
        assert one.atlas.position == one.base.identity.position

        retrying.retry(timeline.log, "current")
        with timeline.reader.asking("current", at=MOMENTS_VALID[3], known_position=20) as asked:
            assert not asked.set_aside
            assert timeline.reader.atlases.covering(asked) is None
        follow(timeline, one)
        assert one.outdated
        keep(timeline, tmp_path, "current")
        assert compare(timeline, "current", random.Random(4), 20) > 30


def _raises(*_: object) -> None:
    raise KeyError("the bug")


def test_where_somebody_else_moved_the_view_it_is_drawn_anew(postgres_18: str, tmp_path: Path) -> None:
    """A follower of an older program, or a build, notes nothing of what it touched."""
    with a_timeline(postgres_18) as timeline:
        lines = as_told(5)
        append(timeline, lines[:40])
        one = keep(timeline, tmp_path, "current")
        noted = touched_places.note
        touched_places.note = lambda *_, **__: None
        try:
            append(timeline, lines[40:45])
        finally:
            touched_places.note = noted
        for more in ([], lines[45:]):
            append(timeline, more)
            follow(timeline, one)
            assert one.outdated
            assert one.atlas.position == one.base.identity.position
        assert compare(timeline, "current", random.Random(5), 10) > 5


def test_a_file_that_is_foreign_or_damaged_is_passed_over(postgres_18: str, tmp_path: Path) -> None:
    """One flipped byte anywhere, an unfinished file, another log's file, one of later than the view stands."""
    with a_timeline(postgres_18) as timeline, a_timeline(postgres_18) as other:
        lines = as_told(6)
        append(timeline, lines)
        append(other, lines[:-1])
        keep(timeline, tmp_path, "current")
        (path,) = tmp_path.glob("1-*.atlas")
        whole = path.read_bytes()

        def usable(of: Timeline, passed_over: set[tuple[str, int]] | None = None) -> bool:
            with of.log.pool.connection() as connection:
                view = views.find(connection, "current")
                return (
                    kept.found(connection, tmp_path, view, passed_over if passed_over is not None else set())
                    is not None
                )

        assert usable(timeline)
        assert not usable(other)
        append(other, [*lines[-1:], json.dumps(WORLD[0] | {"location_id": "iq"}).encode()])
        assert not usable(other), "another event stands at its position"
        for place in random.Random(6).sample(range(len(whole)), 25):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            assert not usable(timeline)
        for length in (0, 5, 20, len(whole) - 1):
            path.write_bytes(whole[:length])
            assert not usable(timeline)
        path.write_bytes(whole)
        assert usable(timeline)


def test_with_too_much_beside_it_an_atlas_is_drawn_anew_and_at_last_not_followed(
    postgres_18: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First it goes on following while it is drawn anew, then it would take too much memory."""
    monkeypatch.setattr(kept, "MOST_PLACES_BESIDE", 1)
    with a_timeline(postgres_18) as timeline:
        lines = as_told(10)
        append(timeline, lines[:25])
        one = keep(timeline, tmp_path, "current")
        assert not one.outdated
        append(timeline, lines[25:])
        follow(timeline, one)
        follow(timeline, one)
        assert one.outdated
        assert one.atlas.position == timeline.log.head().position
        monkeypatch.setattr(kept, "TOO_MUCH", 1)
        append(timeline, [json.dumps(WORLD[0] | {"location_id": "iq"}).encode()])
        follow(timeline, one)
        assert one.atlas.position < timeline.log.head().position


def test_what_a_killed_process_left_is_taken_away(postgres_18: str, tmp_path: Path) -> None:
    """Half a file and its scratch."""
    with a_timeline(postgres_18) as timeline:
        append(timeline, as_told(12)[:30])
        (tmp_path / ".1-30-7.atlas.7").write_bytes(b"half")
        (tmp_path / ".1-x").mkdir()
        (tmp_path / ".1-x" / "json").write_bytes(b"half")
        keep(timeline, tmp_path, "current")
        assert sorted(one.suffix for one in tmp_path.iterdir()) == [".atlas", ".lock"]


def test_one_process_draws_a_view_at_a_time_and_leaves_one_file(postgres_18: str, tmp_path: Path) -> None:
    """Whoever comes second leaves it to the first; older files are taken away, whoever has mapped them keeps them."""
    with a_timeline(postgres_18) as timeline:
        lines = as_told(7)
        append(timeline, lines[:-5])
        one = keep(timeline, tmp_path, "current")
        append(timeline, lines[-5:])
        with drawing._alone(tmp_path, 1):
            assert drawing.is_being_drawn(tmp_path, 1)
            assert drawing.draw(timeline.log, tmp_path, 1) is None
        assert not drawing.is_being_drawn(tmp_path, 1)
        assert drawing.draw(timeline.log, tmp_path, 1) is not None
        assert len(list(tmp_path.glob("1-*"))) == 1
        follow(timeline, one)
        assert compare(timeline, "current", random.Random(7), 10) > 10


def test_the_keeper_has_it_drawn_and_follows_by_itself(postgres_18: str, tmp_path: Path) -> None:
    """From the first question about the whole map to answers from memory, in a process of its own; then a live append."""
    with (
        fresh_database(postgres_18) as database,
        opened(Settings(database_url=database, home=tmp_path)) as timeline,
        timeline.reader.atlases as keeper,
    ):
        lines = as_told(8)
        append(timeline, lines[:-1])

        def covered() -> bool:
            with timeline.reader.asking("current", at=datetime(2024, 12, 3, tzinfo=UTC)) as asked:
                return keeper.covering(asked) is not None

        _until(covered)
        append(timeline, lines[-1:])
        _until(covered)
        assert compare(timeline, "current", random.Random(8), 10) > 10

        with opened(Settings(database_url=database, home=tmp_path)) as other, other.reader.atlases as second:
            with other.reader.asking("current") as asked:
                second.covering(asked)
            _until(lambda: 1 in second._kept)
            assert second._kept[1].base.file.path == keeper._kept[1].base.file.path
            assert not second._drawing


def test_a_keeper_that_is_left_while_it_draws_leaves_nothing_behind(postgres_18: str, tmp_path: Path) -> None:
    """Neither the process that draws nor its pipes."""
    with fresh_database(postgres_18) as database, opened(Settings(database_url=database, home=tmp_path)) as timeline:
        append(timeline, as_told(9))
        with timeline.reader.atlases as keeper:
            with timeline.reader.asking("current") as asked:
                keeper.covering(asked)
            _until(lambda: 1 in keeper._drawing)
            _, drawn_by = keeper._drawing[1]
        assert drawn_by.returncode is not None
        assert drawn_by.stderr is not None
        assert drawn_by.stderr.closed


def _until(condition: Any) -> None:
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)

"""What the page's map is drawn from, while the log grows: what is held is what would be drawn, and changes make up for the rest."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from projections import touched_places
from services.timeline.asked import Asked, CannotAsk
from services.timeline.composition import Timeline
from services.timeline.page import changes
from services.timeline.page.changes import changed
from services.timeline.page.columns import Answers, encoded, in_order, joined
from services.timeline.page.drawing import folded, of_atlas
from services.timeline.page.held import Held, one_state_of, state_of
from tests.columns import Map, decoded
from tests.integration.test_atlas import a_timeline, append, as_told, keep

VIEWS = pytest.mark.parametrize("view", ["current", "published"])
ALL = datetime(9999, 1, 1, tzinfo=UTC)


@contextmanager
def asking(timeline: Timeline, view: str, position: int | None = None) -> Iterator[tuple[Asked, list[str]]]:
    """A view with all that is known in it, and its places."""
    known = None if view == "current" else ALL
    with timeline.reader.asking(view, at=ALL, known_at=known, known_position=position) as asked:
        yield asked, timeline.reader.catalogue(asked.known_position).location_ids(asked.known_position)


def drawn(timeline: Timeline, view: str) -> bytes:
    """All belief maps folded from the tables."""
    with asking(timeline, view) as (asked, places):
        answers = Answers()
        return encoded({}, answers.list, folded(timeline.reader, asked, places, answers))


def held_now(timeline: Timeline, view: str, held: Held, position: int | None = None) -> bytes:
    with asking(timeline, view, position) as (asked, places):
        answers, whole = held.whole(timeline.reader, asked, places)
        return encoded({}, answers.list, whole)


def mark(timeline: Timeline, view: str) -> str:
    with asking(timeline, view) as (asked, _), one_state_of(asked) as (now, span):
        return state_of(now, span).mark


def maps(timeline: Timeline, view: str) -> dict[str, Map]:
    with asking(timeline, view) as (_, places):
        return decoded(drawn(timeline, view)).maps(places)


def since(timeline: Timeline, view: str, marked: str) -> dict[str, Map] | None:
    """The belief maps that changed since a mark, through their bytes; None for the whole."""
    with asking(timeline, view) as (asked, _):
        found = changed(timeline.reader, asked, timeline.reader.catalogue(asked.known_position), marked)
        if found is None:
            return None
        return decoded(encoded({}, found.answers.list, found.rows)).maps(list(found.places))


def growing(timeline: Timeline, seed: int, chance: random.Random) -> Iterator[None]:
    """A history that arrives in batches of any size."""
    lines = as_told(seed)
    begin = chance.randrange(20, len(lines) // 2)
    append(timeline, lines[:begin])
    yield
    while begin < len(lines):
        end = begin + chance.choice([1, 1, 2, 5, 20])
        append(timeline, lines[begin:end])
        begin = end
        yield


@VIEWS
@pytest.mark.parametrize("seed", range(3))
def test_what_is_held_is_what_would_be_drawn(
    postgres_18: str, seed: int, view: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte after any events, late ones too; also when all that changed is put together with the rest again."""
    monkeypatch.setattr("services.timeline.page.held.MOST_BESIDE", seed * 3)
    chance, held = random.Random(seed), Held()
    with a_timeline(postgres_18) as timeline:
        for _ in growing(timeline, seed, chance):
            assert held_now(timeline, view, held) == drawn(timeline, view)


@VIEWS
def test_what_an_atlas_has_is_taken_over(postgres_18: str, tmp_path: Path, view: str) -> None:
    """Byte for byte what is folded, where the atlas stands and after what came since; its left out places as well."""
    chance = random.Random(5)
    with a_timeline(postgres_18) as timeline:
        grown = growing(timeline, 5, chance)
        next(grown)
        kept = keep(timeline, tmp_path, view)
        with asking(timeline, view) as (asked, places):
            answers = Answers()
            taken = encoded({}, answers.list, of_atlas(asked, kept.base, answers))
        assert kept.base.places == places
        assert taken == drawn(timeline, view)
        kept.base = replace(kept.base, left_out=frozenset([0, 2]))
        for _ in grown:
            assert held_now(timeline, view, Held()) == drawn(timeline, view)


@VIEWS
@pytest.mark.parametrize("seed", range(3))
def test_a_map_and_all_changes_since_are_the_map_of_today(postgres_18: str, seed: int, view: str) -> None:
    """From every earlier position, and in steps over any of them."""
    chance = random.Random(seed + 20)
    fetched: dict[str, dict[str, Map]] = {}
    with a_timeline(postgres_18) as timeline:
        for _ in growing(timeline, seed, chance):
            today = maps(timeline, view)
            for marked in chance.sample(sorted(fetched), min(4, len(fetched))):
                told = since(timeline, view, marked)
                assert told is not None
                assert fetched[marked] | told == today, marked
                if chance.random() < 0.3:  # whoever asked goes on from here
                    fetched[mark(timeline, view)] = fetched[marked] | told
            fetched[mark(timeline, view)] = today


def test_only_what_was_touched_is_told(postgres_18: str) -> None:
    """Nothing where nothing happened; a new place though nobody claims it."""
    with a_timeline(postgres_18) as timeline:
        lines = as_told(1)
        append(timeline, lines)
        marked = mark(timeline, "published")
        assert since(timeline, "published", marked) == {}
        append(timeline, [b'{"type": "LocationRegistered", "location_id": "new", "name": "New", "kind": "town"}'])
        assert since(timeline, "published", marked) == {"new": {"control": [], "access": []}}


@VIEWS
def test_where_changes_cannot_be_told_the_whole_is(
    postgres_18: str, view: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mark of another view or log, one of the future, and one from before the past was changed."""
    with a_timeline(postgres_18) as timeline:
        append(timeline, as_told(2)[:40])
        marked = mark(timeline, view)
        id_, revision, position, event = marked.split("-")
        for other in (f"9-{revision}-{position}-{event}", f"{id_}-{revision}-{position}-{'0' * 12}", f"{id_}-1-{position}-{event}",
                      f"{id_}-{revision}-{int(position) + 1}-{event}"):  # fmt: skip
            assert since(timeline, view, other) is None, other
        with pytest.raises(CannotAsk):
            since(timeline, view, "never")
        append(timeline, as_told(2)[40:])
        assert since(timeline, view, marked) is not None
        monkeypatch.setattr(changes, "FEW", 0)
        assert since(timeline, view, marked) is None  # more than one place in eight
        monkeypatch.undo()
        with timeline.log.pool.connection() as connection, asking(timeline, view) as (asked, _):
            touched_places.revise(connection, asked.view)
        assert since(timeline, view, marked) is None


def test_an_earlier_position_is_drawn_for_itself(postgres_18: str) -> None:
    """And what is held of today stays."""
    with a_timeline(postgres_18) as timeline:
        append(timeline, as_told(3)[:40])
        then, position, held = drawn(timeline, "current"), timeline.log.head().position, Held()
        append(timeline, as_told(3)[40:])
        today = held_now(timeline, "current", held)
        assert held_now(timeline, "current", held, position) == then != today
        assert held_now(timeline, "current", held) == today


def test_the_order_in_which_maps_were_gathered_does_not_show() -> None:
    """Answers are numbered as they are met, and what nobody uses is left out."""
    bounds = np.array([[5.0, 7, 3], [9, 9, 7], [1, 1, 1], [2, 2, 2]])
    rows = in_order(2, np.array([1, 0, 0]), bounds, np.array([0, 3, 1]))
    said = [(letter,) for letter in "abcd"]
    told = decoded(encoded({}, said, {"control": rows, "access": joined([])}))
    assert told.header["answers"] == [["b"], ["d"], ["a"]]
    assert told.arrays["control.answer"].tolist() == [0, 1, 2]
    assert told.arrays["times"].tolist() == [1, 2, 3, 5, 7, 9]
    assert told.arrays["control.offsets"].tolist() == [0, 2, 3]

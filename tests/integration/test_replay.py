"""A replay of a log in PostgreSQL: whatever the parts in which it is read, it tells what the answers say."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bench import news
from projections import stored_steps, views
from projections.claims import micros
from services.timeline import wire
from services.timeline.asked import CannotAsk
from services.timeline.composition import Timeline, opened
from services.timeline.reader import NotRegistered
from services.timeline.replay import Replay, Replayed, Told, bound, speed
from services.timeline.settings import Settings
from tests.conftest import fresh_database

EVENTS, PLACES = 1_200, 25
UNKNOWN: Any = ("unknown", (), (), None, [])
MUCH_LATER = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def told_news(postgres_18: str) -> Iterator[Timeline]:
    """A news-like log, folded."""
    with fresh_database(postgres_18) as url, opened(Settings(database_url=url)) as timeline:
        news.load(timeline.log, EVENTS, places=PLACES)
        timeline.follower.follow()
        yield timeline


def replayed(timeline: Timeline, **asking: Any) -> list[Told]:
    found = Replay(timeline.log, timeline.reader, Replayed(**asking))
    return [told for part in found.parts() for told in part]


def said(brief: wire.BriefStatus) -> Any:
    """What people see of an answer."""
    pending = [(one.mode, one.holders, one.challengers, one.standing) for one in brief.pending]
    return brief.mode, brief.holders, brief.challengers, brief.standing, pending


@pytest.mark.parametrize("view", ["current", "published"])
def test_who_hears_every_change_knows_what_the_map_says(told_news: Timeline, view: str) -> None:
    """After each tenth of the changes, of every place: the status until further notice."""
    told = replayed(told_news, view=view)
    believed: dict[tuple[str, str], Any] = {}
    checks = {told[len(told) * tenth // 10].known for tenth in range(1, 10)} | {told[-1].known}
    for index, one in enumerate(told):
        place = one.change.location_id, one.change.facet
        if not one.change.past:
            before = believed.get(place, UNKNOWN)
            assert said(one.change.old) == before
            believed[place] = said(one.change.new)
        moves_on = index + 1 == len(told) or told[index + 1].known != one.known
        if one.known in checks and moves_on:
            assert {place: one for place, one in believed.items() if one != UNKNOWN} == answers(told_news, view, one)


def answers(timeline: Timeline, view: str, one: Told) -> dict[tuple[str, str], Any]:
    """The whole map at the end of time, as known at a change, but for what nothing was ever said of."""
    known: dict[str, Any] = {"known_position": one.known} if view == "current" else {"known_at": one.known_at}
    with timeline.reader.asking(view, at=MUCH_LATER, **known) as asked:
        locations = timeline.reader.catalogue(asked.known_position).location_ids(asked.known_position)
        found = timeline.reader.everywhere(asked, locations)
    briefs = {
        (each.location_id, facet): said(wire.brief(answer))
        for each in found
        for facet, answer in (("control", each.control), ("access", each.access))
        if answer is not None
    }
    return {place: brief for place, brief in briefs.items() if brief != UNKNOWN}


@pytest.mark.parametrize("view", ["current", "published"])
def test_the_parts_in_which_it_is_read_make_no_difference(
    told_news: Timeline, view: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither do boards that were let go, or a replay that goes on where another one ended."""
    whole = replayed(told_news, view=view)
    monkeypatch.setattr(stored_steps, "ROWS", 7)
    monkeypatch.setattr(stored_steps, "CLAIMS_KEPT", 30)
    assert replayed(told_news, view=view) == whole

    middle = whole[len(whole) // 2]
    assert replayed(told_news, view=view, after=middle.known) == [one for one in whole if one.known > middle.known]


def test_one_place_alone_is_told_as_among_all(told_news: Timeline) -> None:
    whole = replayed(told_news)
    crowded = "p-00000"
    here = [one.change for one in replayed(told_news, location_id=crowded)]
    assert here == [one.change for one in whole if one.change.location_id == crowded]
    assert len(here) > 10


def test_the_ends_of_a_replay(told_news: Timeline) -> None:
    """With a position and up to one; from a moment on and before one."""
    whole = replayed(told_news)
    first, last = whole[len(whole) // 3], whole[2 * len(whole) // 3]
    assert replayed(told_news, start=first.known, end=last.known) == [
        one for one in whole if first.known <= one.known <= last.known
    ]
    assert replayed(told_news, start=first.known_at, end=last.known_at) == [
        one for one in whole if first.known <= one.known < last.known
    ]
    published = replayed(told_news, view="published")
    start, end = published[len(published) // 3].known_at, published[len(published) // 2].known_at
    assert replayed(told_news, view="published", start=start, end=end) == [
        one for one in published if micros(start) <= one.known < micros(end)
    ]


@pytest.mark.parametrize("view", ["current", "published"])
def test_every_change_has_a_cause(told_news: Timeline, view: str) -> None:
    """On the recorded clock the event at that position; on the reported one what became known at that moment."""
    for one in replayed(told_news, view=view):
        assert one.change.causes, one.change
        assert one.change.position == one.change.causes[-1].position
        if view == "current":
            assert [cause.position for cause in one.change.causes] == [one.known]


def test_a_source_graded_anew_is_a_cause(database: str) -> None:
    """Many places change at one position, and the parts of a replay may end within it."""
    with opened(Settings(database_url=database)) as timeline:
        news.load(timeline.log, 2_000, places=PLACES)
        graded = {"type": "SourceReliabilityAssessed", "source_id": "agency-00", "reliability": "E", "reason": "Seen."}
        timeline.writer.append([wire.encode(graded)], "test")
        timeline.follower.follow()
        head = timeline.log.head().position

        whole = replayed(timeline, start=head)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(stored_steps, "ROWS", 3)
            assert replayed(timeline, start=head) == whole

        assert len({one.change.location_id for one in whole}) > 1
        assert [one.last for one in whole] == [False] * (len(whole) - 1) + [True]
        assert {cause.words for one in whole for cause in one.change.causes} == {"Agency 00 is graded E, unreliable"}


def test_a_late_arrival_between_two_parts_leaves_no_board_as_it_was(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the reported clock the tables are rewritten while a replay stands between two parts of them."""
    monkeypatch.setattr(stored_steps, "ROWS", 20)
    with opened(Settings(database_url=database)) as timeline:
        news.load(timeline.log, 400, places=PLACES)
        timeline.follower.follow()
        parts = Replay(timeline.log, timeline.reader, Replayed(view="published")).parts()
        next(parts), next(parts)
        again = [wire.encode(event) for _, event in news.events(400, places=PLACES, seed=7)]
        timeline.writer.append([one for one in again if b"Development" in one[:40]], "test")
        timeline.follower.follow()

        rest = [one for part in parts for one in part]
        from_here = rest[1].known
        fresh = [one for one in replayed(timeline, view="published") if one.known > from_here]
        assert [one for one in rest if one.known > from_here] == fresh
        assert len(fresh) > 100


@pytest.mark.parametrize(
    ("asking", "field"),
    [
        ({"start": 9, "end": 3}, "to"),
        ({"start": MUCH_LATER, "end": datetime(2020, 1, 1, tzinfo=UTC)}, "to"),
        ({"view": "published", "start": 9}, "from"),
        ({"view": "published", "end": 9}, "to"),
    ],
)
def test_ends_that_make_no_sense_are_refused(told_news: Timeline, asking: dict[str, Any], field: str) -> None:
    with pytest.raises(CannotAsk) as refused:
        replayed(told_news, **asking)
    assert refused.value.field == field


def test_an_unknown_place_or_view_is_refused(told_news: Timeline) -> None:
    with pytest.raises(NotRegistered):
        replayed(told_news, location_id="nowhere")
    with pytest.raises(views.UnknownView):
        replayed(told_news, view="nothing")


@pytest.mark.parametrize("text", ["yesterday", "2024-12-02", "2024-12-02T09:00:00", "-3", "3.5", "9" * 19, ""])
def test_an_end_is_a_position_or_a_moment_with_its_offset(text: str) -> None:
    with pytest.raises(CannotAsk):
        bound("from", text)
    assert bound("from", "17") == 17
    assert bound("from", "2024-12-02T12:00:00 03:00") == bound("from", "2024-12-02T09:00:00Z")


def test_a_speed_is_a_multiple_of_the_clock_or_max() -> None:
    assert (speed("speed", "3600x"), speed("speed", "0.5"), speed("speed", "max")) == (3600, 0.5, None)
    for text in ("0", "-1x", "fast", "x", "1e9", "٣x", "nan"):
        with pytest.raises(CannotAsk):
            speed("speed", text)

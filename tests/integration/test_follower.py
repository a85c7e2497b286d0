"""The follower: whatever the batches and wherever it is interrupted, the views come out as one fold of the whole log."""

import json
import random
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from events.developments import DevelopmentEvent
from projections import views
from projections.claims import ClaimVersion
from projections.follower import Follower
from services.timeline import story
from services.timeline.composition import Following, Timeline, opened
from services.timeline.files import exported
from services.timeline.settings import Settings
from tests.conftest import fresh_database
from tests.stories import folded
from tests.told_histories import ARRIVALS, as_posted, told


def held(timeline: Timeline, view: str) -> set[ClaimVersion]:
    """Every claim version that a view holds."""
    with timeline.log.pool.connection() as connection:
        found = views.find(connection, view)
        rows = connection.execute(found.sql(f"SELECT {views.CLAIM_COLUMNS} FROM {{claim_version}}"), binary=True)
        return {ClaimVersion(*row) for row in rows}


def as_folded(timeline: Timeline) -> bool:
    """Whether each view holds what one fold of the whole log in memory gives."""
    recorded = timeline.log.read(0, limit=100_000)
    return all(held(timeline, name) == set(folded(recorded, reading)) for name, reading in views.ALWAYS.items())


@pytest.fixture
def stirred(timeline: Timeline) -> Timeline:
    """The demo's story with sources graded anew, mergers and amendments stirred in."""
    random_ = random.Random(7)
    lines = story.lines()
    developments = [json.loads(line)["development_id"] for line in lines if b'"DevelopmentReported"' in line[:40]]
    free = developments[:]
    random_.shuffle(free)
    at = "2024-12-06T00:00:00Z"
    for number in range(12):
        lines.append(
            _line("DevelopmentMerged", development_id=free.pop(), into_id=free[number], merged_at=at, reason="same")
        )
        changes = {"location_id": "sy-homs"} if number % 2 else {"occurred": {"start": at, "end": at}}
        lines.append(
            _line("DevelopmentAmended", development_id=free[-1 - number], changes=changes, amended_at=at, reason="x")
        )
        source = random_.choice(["sana", "sohr", "reuters", "tehran-times", "moc-media"])
        grade = random_.choice("ABCDEF")
        lines.append(_line("SourceReliabilityAssessed", source_id=source, reliability=grade, reason="x"))
        lines.append(_line("SourceAlignmentStated", source_id=source, aligned_with=["saa"], reason="x"))
        lines.append(_line("DevelopmentVoided", development_id=free[-20 - number], voided_at=at, reason="x"))
    timeline.writer.append(lines, "test")
    return timeline


def _line(type_: str, **fields: Any) -> bytes:
    return json.dumps({"type": type_, **fields}).encode()


@pytest.mark.parametrize("batch", [1, 7, 100, 5000])
def test_any_batch_size_gives_the_same_views(stirred: Timeline, batch: int) -> None:
    """As one fold of the whole log does."""
    Follower(stirred.log, batch=batch).follow()

    assert as_folded(stirred)
    assert len(held(stirred, "current")) > 150


def test_following_while_events_arrive_gives_the_same_views(timeline: Timeline) -> None:
    """A few events at a time, by followers that are replaced as if they had been killed."""
    lines = story.lines()
    random_ = random.Random(3)
    while lines:
        size = random_.randint(1, 25)
        timeline.writer.append(lines[:size], "test")
        lines = lines[size:]
        Follower(timeline.log, batch=random_.randint(1, 30)).follow()

    assert as_folded(timeline)


def test_a_follower_that_dies_before_its_commit_has_written_nothing(
    stirred: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows and position are one transaction; the same follower goes on afterwards."""
    follower = Follower(stirred.log, batch=50)
    advance, calls = views.advance, iter(range(1000))

    def dying(connection: Any, view: Any, position: int) -> None:
        if next(calls) % 3 == 1:
            raise psycopg.OperationalError("killed")
        advance(connection, view, position)

    monkeypatch.setattr(views, "advance", dying)
    for _ in range(100):
        try:
            follower.follow()
            break
        except psycopg.OperationalError:
            pass

    assert as_folded(stirred)


def test_two_followers_at_once_never_both_write(stirred: Timeline) -> None:
    """The second is overtaken, and writes nothing."""
    threads = [threading.Thread(target=Follower(stirred.log, batch=20).follow) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert as_folded(stirred)


def test_a_view_that_was_moved_by_another_is_not_written(timeline: Timeline) -> None:
    """`UPDATE ... WHERE position = expected` finds nothing."""
    timeline.writer.append(story.lines(), "test")
    with timeline.log.pool.connection() as connection:
        view = views.find(connection, "current")
        connection.execute("UPDATE view SET position = 5 WHERE view_id = %s", [view.view_id])
        with pytest.raises(views.Overtaken):
            views.advance(connection, view, 10)


def test_the_thread_wakes_for_an_append_and_outlives_a_lost_connection(timeline: Timeline) -> None:
    """It is woken by NOTIFY, and goes on after every server process of it was ended."""
    with Following(timeline) as following:
        timeline.writer.append(story.lines()[:100], "test")
        _until(lambda: timeline.reader.views()[0].position == 100, "the first hundred are folded")
        with timeline.log.pool.connection() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        timeline.writer.append(story.lines()[100:], "test")
        head = timeline.log.head().position
        _until(lambda: min(view.position for view in timeline.reader.views()) == head, "the rest is folded")
        assert following.alive

    assert as_folded(timeline)


def _until(done: Any, what: str, seconds: float = 20) -> None:
    give_up = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < give_up, what
        time.sleep(0.02)


def test_an_export_imported_into_an_empty_log_gives_the_same_views(stirred: Timeline, database_b: str) -> None:
    """The same prefix of the log, on another machine."""
    stirred.follower.follow()
    with opened(Settings(database_url=database_b)) as other:
        other.writer.append([exported(one) for one in stirred.log.read(0, limit=10_000)], "import")
        other.follower.follow()

        assert held(other, "current") == held(stirred, "current")
        assert held(other, "published") == held(stirred, "published")


@pytest.fixture
def database_b(postgres_18: str) -> Iterator[str]:
    """A second empty database."""
    with fresh_database(postgres_18) as conninfo:
        yield conninfo


def test_streams_of_developments_are_their_ids(stirred: Timeline) -> None:
    """What the follower looks events up by."""
    reported = next(one.event for one in stirred.log.read(0, limit=1000) if isinstance(one.event, DevelopmentEvent))
    found = stirred.log.streams([reported.development_id], until=10_000)
    assert isinstance(found[0].event.development_id, UUID)
    assert {event.event.development_id for event in found} == {reported.development_id}


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_whatever_arrives_in_whatever_order_the_views_are_one_fold_of_the_log(
    timeline: Timeline, arrival: str, batch: int
) -> None:
    """Random histories in which every rule is met, posted event by event or many at once, folded in small batches."""
    posted = as_posted(told(random.Random(f"{arrival} {batch}"), arrival, developments=40))
    follower = Follower(timeline.log, batch=batch)
    for start in range(0, len(posted), 25):
        results = timeline.writer.append(posted[start : start + 25], "test")
        assert all(one.appended for one in results), [str(one.refusal) for one in results if one.refusal]
        follower.follow()

    assert as_folded(timeline)

"""Builders in processes of their own: killed at any moment, one at a time on a database, and gone on with by the next."""

import os
import random
import signal

import pytest

from projections import builds, digests, rebuilding, verifying, views
from projections.builds import Build
from projections.policies import Reading
from projections.views import Database
from services.timeline import building, verifications
from services.timeline.build_workers import Workers, connected
from services.timeline.building import Builder, Building, Stopped
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings
from tests.integration.test_follower import _until
from tests.integration.test_log import ROLES
from tests.integration.test_rebuilding import everything, own
from tests.told_histories import as_posted, told

__all__ = ("own",)

#: Views that nobody has folded yet, by name.
LAGGING = {"by record": Reading(), "by report": Reading(clock="reported"), "once more": Reading()}


@pytest.fixture
def followed(timeline: Timeline) -> Timeline:
    """Histories enough for many parts, folded into both views."""
    timeline.writer.append(as_posted(told(random.Random("builders"), "shuffled", developments=300)), "test")
    timeline.follower.follow()
    return timeline


def test_workers_killed_at_random_parts_change_nothing(
    followed: Timeline, own: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two processes one is killed with SIGKILL, again and again; the rows and the digest are the follower's."""
    dice, killed = random.Random(1), 0

    class Mortal(Workers):
        def at_work(self) -> bool:
            nonlocal killed
            victim = dice.choice(self.processes)
            if killed < 4 and victim.poll() is None and (not killed or dice.random() < 0.5):
                os.kill(victim.pid, signal.SIGKILL)
                killed += 1
            return super().at_work()

    monkeypatch.setattr(building, "Workers", Mortal)
    build = builds.ask(own, "built", Reading(), None)
    assert isinstance(build, Build)
    view = Builder(followed.log.pool, workers=2, part=10).build(own, build)

    assert killed
    assert view is not None
    kept = views.find(own, "current")
    assert everything(own, view) == everything(own, kept)
    assert digests.digest(own, view) == digests.digest(own, kept)


def test_one_builds_at_a_time_and_the_next_goes_on(followed: Timeline, own: Database) -> None:
    """A second builder is told that another is at work; when that one is gone, its parts stay done."""
    build = builds.ask(own, "built", Reading(clock="reported"), None)
    assert isinstance(build, Build)
    first, second = Builder(followed.log.pool, workers=0, part=20), Builder(followed.log.pool, workers=0, part=20)
    with first.alone() as connection:
        assert connection is not None
        with second.alone() as refused:
            assert refused is None
        first.stopping.set()
        with pytest.raises(building.Stopped):
            first.do_what_waits(connection)
    half = builds.found(own, build.build_id)
    assert half is not None
    assert 0 < half.share < 1
    with second.alone() as connection:
        assert connection is not None
        second.do_what_waits(connection)

    assert everything(own, views.find(own, "built")) == everything(own, views.find(own, "published"))


def test_workers_that_cannot_work_end_the_build_with_a_word(
    followed: Timeline, own: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is noted beside the build, does not stop what else waits, and is tried again when it is asked for again."""
    for name in ("one", "two"):
        builds.ask(own, name, Reading(), None)
    fold = rebuilding.Worker.work
    with monkeypatch.context() as patched:
        calls = iter(range(1000))
        patched.setattr(rebuilding.Worker, "work", lambda *rest: None if next(calls) < 3 else fold(*rest))
        Builder(followed.log.pool, workers=0).do_what_waits(own)
    stopped = builds.named(own, "one")
    assert stopped is not None
    assert stopped.error is not None
    assert "its workers end" in stopped.error
    assert views.find(own, "two")
    with pytest.raises(views.BeingBuilt, match="it stopped: its workers end"):
        views.find(own, "one")
    builds.ask(own, "one", Reading(), None)
    Builder(followed.log.pool, workers=0).do_what_waits(own)
    assert views.find(own, "one")


def test_a_service_builds_and_verifies_what_was_asked_for(followed: Timeline, own: Database) -> None:
    """Also what was left half done by a process that died."""
    build = builds.ask(own, "built", Reading(), None)
    assert isinstance(build, Build)
    verifying.begin(own, views.find(own, "current"))
    verifications.ask(own, views.find(own, "current"))
    with Building(followed.log, every=0.05):
        _until(lambda: views.named(own, "built") is not None, "it is built")
        _until(lambda: _verified(own), "it is verified")
    assert builds.every(own) == []


def _verified(own: Database) -> bool:
    last = verifications.last(own, views.find(own, "current"))
    return last is not None and last.differing == []


def test_only_what_is_far_behind_is_folded_anew(
    followed: Timeline, own: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A view near the log follows it."""
    monkeypatch.setattr(building, "FAR", 500)
    with own.transaction():
        empty = views.define(own, "empty", Reading())
    assert building.far_behind(own) == [empty]
    monkeypatch.setattr(building, "FAR", 100_000)
    assert building.far_behind(own) == []


@pytest.mark.parametrize("workers", [0, 2, 3])
def test_views_caught_up_together_are_what_the_follower_made(followed: Timeline, own: Database, workers: int) -> None:
    """Each by its share of the workers, at the same time, however many there are; all of it is told at the end."""
    with own.transaction():
        lagging = [views.define(own, name, reading) for name, reading in LAGGING.items()]
    shares = [0.0]

    Builder(followed.log.pool, workers=workers, part=10).catch_up_together(lagging, shares.append)

    for name, kept in zip(LAGGING, ("current", "published", "current"), strict=True):
        assert digests.digest(own, views.find(own, name)) == digests.digest(own, views.find(own, kept))
    assert 0.9 < max(shares) <= 1
    assert builds.every(own) == []


def test_who_stops_catching_up_leaves_no_build_behind(followed: Timeline, own: Database) -> None:
    """The views stay as they were, and follow."""
    with own.transaction():
        lagging = [views.define(own, name, reading) for name, reading in LAGGING.items()]
    builder = Builder(followed.log.pool, workers=2, part=10)

    with pytest.raises(Stopped):
        builder.catch_up_together(lagging, lambda _: builder.stopping.set())

    assert builds.every(own) == []
    assert {views.find(own, name).position for name in LAGGING} == {0}


def test_on_the_oldest_and_on_the_newest_server(each_database: str) -> None:
    """A view is built, verified, and caught up in bulk."""
    posted = as_posted(told(random.Random("servers"), "shuffled", developments=60))
    with opened(Settings(database_url=each_database)) as timeline, connected(each_database) as connection:
        timeline.writer.append(posted[:100], "test")
        timeline.follower.follow()
        builds.ask(connection, "built", Reading(), None)
        verifications.ask(connection, views.find(connection, "current"))
        builder = Builder(timeline.log.pool, workers=0, part=20)
        builder.do_what_waits(connection)
        assert _verified(connection)
        timeline.writer.append(posted[100:], "test")
        assert builder.catch_up(connection, views.find(connection, "built"))
        timeline.follower.follow()

        assert everything(connection, views.find(connection, "built")) == (
            everything(connection, views.find(connection, "current"))
        )


def test_whoever_reads_is_granted_a_new_views_tables(each_database: str) -> None:
    """The same rights as on those that `docker/roles.sql` has seen."""
    with opened(Settings(database_url=each_database)) as timeline, connected(each_database) as connection:
        connection.execute(ROLES.read_bytes())
        timeline.writer.append(as_posted(told(random.Random("rights"), "shuffled", developments=20)), "test")
        builds.ask(connection, "built", Reading(), None)
        Builder(timeline.log.pool, workers=0).do_what_waits(connection)
        view = views.find(connection, "built")
        held = "SELECT has_table_privilege(%s, %s, 'SELECT'), has_table_privilege(%s, %s, 'DELETE')"
        table = f"claim_version_{view.tables}"
        for role, expected in (("timeline_read", (True, False)), ("timeline_follow", (True, True))):
            assert connection.execute(held, [role, table, role, table]).fetchone() == expected
        connection.execute("DROP OWNED BY timeline_append, timeline_read, timeline_follow, timeline_access")

"""Views change names in one step, can be changed back, and are dropped only where nobody needs them."""

import random
import threading
from collections import Counter

import pytest

from projections import builds, fresh_tables, promoting, views
from projections.builds import Build, Taken
from projections.policies import TICKER, Reading
from projections.promoting import Refused
from projections.views import Database, UnknownView
from services.timeline.building import Builder
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings
from tests.integration.test_rebuilding import built, own
from tests.told_histories import as_posted, told

__all__ = ("own",)


@pytest.fixture
def told_of(timeline: Timeline) -> Timeline:
    """A history in both views."""
    timeline.writer.append(as_posted(told(random.Random("names"), "shuffled", developments=40)), "test")
    timeline.follower.follow()
    return timeline


def names(own: Database) -> dict[str, int]:
    return {view.name: view.view_id for view in views.every(own)}


def test_a_promotion_can_be_rolled_back(told_of: Timeline, own: Database) -> None:
    """Ids stay; names move; of several promotions each one replaced keeps a name."""
    first, second = built(own, "first", Reading(policy=TICKER)).view_id, built(own, "second", Reading()).view_id
    promoting.promote(own, "first", "current")
    assert names(own) == {"current": first, "current.before": 1, "published": 2, "second": second}
    promoting.promote(own, "current.before", "current")
    assert names(own) == {"current": 1, "current.before": first, "published": 2, "second": second}
    promoting.promote(own, "second", "current")
    assert names(own) == {"current": second, "current.before": 1, "current.before.2": first, "published": 2}
    assert promoting.promote(own, str(second), "current").view_id == second
    promoting.promote(own, "current.before.2", "spare")
    assert names(own) == {"current": second, "current.before": 1, "spare": first, "published": 2}


def test_readers_see_the_one_or_the_other_and_never_neither(told_of: Timeline, own: Database) -> None:
    """While a name goes to and fro, each read names one of the two views, and answers as that one does."""
    other = built(own, "other", Reading(policy=TICKER)).view_id
    stop = threading.Event()
    seen: Counter[tuple[int, str]] = Counter()
    failed: list[BaseException] = []

    def read() -> None:
        try:
            while not stop.is_set():
                with told_of.reader.asking("current") as asked:
                    seen[asked.view.view_id, asked.view.reading.policy.name] += 1
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    rounds = 0
    while rounds < 20 or (len(seen) < 2 and not failed):
        promoting.promote(own, "other" if "other" in names(own) else "current.before", "current")
        rounds += 1
    stop.set()
    for thread in threads:
        thread.join()

    assert not failed
    assert set(seen) == {(1, "assessed"), (other, "ticker")}


def test_what_cannot_keep_the_promise_of_a_name_does_not_get_it(told_of: Timeline, own: Database) -> None:
    """A frozen view does not follow; `current` is on the recorded clock and `published` on the other."""
    built(own, "frozen", Reading(), until=20)
    built(own, "reported", Reading(clock="reported"))
    for name, new, said in (
        ("frozen", "current", "frozen at position 20"),
        ("reported", "current", "--clock recorded"),
    ):
        with pytest.raises(Refused, match=said):
            promoting.promote(own, name, new)
    with pytest.raises(UnknownView):
        promoting.promote(own, "nobody", "current")
    assert promoting.promote(own, "frozen", "then").until == 20


def test_a_frozen_view_stays_where_it_is_and_nobody_waits_for_it(told_of: Timeline, own: Database) -> None:
    """The follower passes it by, and its lag is none."""
    view = built(own, "frozen", Reading(), until=20)
    told_of.follower.follow()

    assert views.find(own, "frozen").position == view.position == 20
    assert [one.lag for one in told_of.reader.progress()] == [0, 0, 0]


def test_views_in_use_are_not_dropped(told_of: Timeline, own: Database) -> None:
    """The two that are always kept, by whatever name they are asked for, and the last that knows every claim."""
    for name in ("current", "1", "published"):
        with pytest.raises(Refused, match="always kept"):
            promoting.drop(own, name)
    built(own, "without", Reading(exclude_sources=frozenset({"paper"})))
    promoting.promote(own, "without", "current")
    with pytest.raises(Refused, match="the last one on the recorded clock"):
        promoting.drop(own, "current.before")
    built(own, "whole", Reading())
    promoting.drop(own, "current.before")
    assert set(names(own)) == {"current", "published", "whole"}


def test_a_dropped_views_tables_go_once_nobody_can_be_reading_them(told_of: Timeline, own: Database) -> None:
    """At once for those who ask for it; who reads them keeps them a little longer."""
    view = built(own, "other", Reading())
    promoting.drop(own, "other")
    counted = view.sql("SELECT count(*) > 0 FROM {claim_version}")
    assert own.execute(counted).fetchone() == (True,)
    fresh_tables.sweep(own, older_than=60)
    assert own.execute(counted).fetchone() == (True,)
    with told_of.log.pool.connection() as reading, reading.transaction():
        reading.execute(counted)
        fresh_tables.sweep(own, older_than=0)
        assert reading.execute(counted).fetchone() == (True,)
    fresh_tables.sweep(own, older_than=0)
    assert own.execute("SELECT to_regclass(%s)", [f"claim_version_{view.view_id}"]).fetchone() == (None,)


def test_asked_for_twice_in_the_same_words_it_is_the_same_view(told_of: Timeline, own: Database) -> None:
    """While it is built and afterwards; in other words it is refused, and nothing is changed."""
    build = builds.ask(own, "mine", Reading(), None)
    assert isinstance(build, Build)
    assert builds.ask(own, "mine", Reading(), None) == build
    for reading, until in ((Reading(policy=TICKER), None), (Reading(), 20)):
        with pytest.raises(Taken, match="reads the log otherwise: assessed/1, recorded clock"):
            builds.ask(own, "mine", reading, until)
    Builder(told_of.log.pool, workers=0).do_what_waits(own)
    view = views.find(own, "mine")
    assert builds.ask(own, "mine", Reading(), None) == view
    with pytest.raises(Taken):
        builds.ask(own, "mine", Reading(only_sources=frozenset({"paper"})), None)
    assert view.view_id == build.build_id


def test_a_cancelled_build_comes_to_nothing(told_of: Timeline, own: Database) -> None:
    """Whoever is at it notices."""
    build = builds.ask(own, "mine", Reading(), None)
    assert isinstance(build, Build)
    told: list[float] = []

    def cancelling(_: Build, share: float) -> None:
        told.append(share)
        with told_of.log.pool.connection() as other:
            builds.cancel(other, build)

    Builder(told_of.log.pool, workers=0, part=10).do_what_waits(own, cancelling)
    assert len(told) == 0 or told[0] < 1
    assert set(names(own)) == {"current", "published"}
    fresh_tables.sweep(own, older_than=0)
    assert own.execute("SELECT to_regclass(%s)", [f"claim_version_{build.build_id}"]).fetchone() == (None,)


def test_who_opens_the_timeline_later_finds_the_promoted_view(database: str) -> None:
    """Opening makes the two views that are always kept where their names are free, and changes nothing else."""
    with opened(Settings(database_url=database)) as timeline:
        timeline.writer.append(as_posted(told(random.Random("later"), "shuffled", developments=20)), "test")
        with timeline.log.pool.connection() as connection:
            built(connection, "ticker", Reading(policy=TICKER))
            promoting.promote(connection, "ticker", "current")
    with opened(Settings(database_url=database)) as timeline:
        assert [view.reading.policy.name for view in timeline.reader.views() if view.name == "current"] == ["ticker"]
        assert len(timeline.reader.views()) == 3

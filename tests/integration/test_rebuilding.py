"""A view built in bulk is the one that the follower keeps: whatever the log, the parts, the workers, the interruptions."""

import contextlib
import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from events import codec
from projections import builds, digests, planning, rebuilding, setting_aside, views
from projections.builds import Build
from projections.claims import ClaimVersion
from projections.follower import Follower
from projections.policies import STRICT, TICKER, Reading
from projections.rebuilding import Worker
from projections.views import Database, View
from services.timeline.build_workers import connected
from services.timeline.building import Builder
from services.timeline.composition import Timeline, opened
from services.timeline.files import exported
from services.timeline.settings import Settings
from tests import plain_digest
from tests.conftest import fresh_database
from tests.integration.test_follower import held
from tests.integration.test_setting_aside import insert, post, raising_for, reported
from tests.told_histories import ARRIVALS, as_posted, registrations, told

READINGS = (
    Reading(),
    Reading(clock="reported"),
    Reading(policy=STRICT, exclude_sources=frozenset({"saa-media", "paper"})),
    Reading(policy=TICKER, clock="reported", only_sources=frozenset({"monitor", "agency"})),
)

ONE, TWO, THREE, NOWHERE = (UUID(int=number) for number in (1, 2, 3, 99))


@pytest.fixture
def own(timeline: Timeline) -> Iterator[Database]:
    """A connection as builders have it."""
    with connected(str(timeline.log.pool.conninfo)) as connection:
        yield connection


def built(own: Database, name: str, reading: Reading, part: int = 7, until: int | None = None) -> View:
    """A view built here and now."""
    build = builds.ask(own, name, reading, until)
    assert isinstance(build, Build)
    planning.plan(own, build, part)
    Worker(own, build).work()
    rebuilding.complete(own, build)
    view = builds.publish(own, build)
    assert view is not None
    return view


def everything(connection: Database, view: View) -> dict[str, list[Any]]:
    """All that a view's tables hold, but for how far claims reach (that depends on the batches)."""
    found = {}
    for table in ("claim_version", "mention", "merger", "development"):
        columns = connection.execute(
            "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND attname <> 'view_id'",
            [table],
        ).fetchone()
        assert columns is not None
        rows = connection.execute(view.sql(f"SELECT {columns[0]} FROM {{{table}}}")).fetchall()
        found[table] = sorted(rows, key=repr)
    aside = setting_aside.listed(connection, view)
    found["set aside"] = [(one.position, one.stream_id, one.error) for one in aside]
    return found


def reaches(connection: Database, view: View) -> bool:
    """Whether nothing known by a position takes effect later than it is noted to."""
    row = connection.execute(
        view.sql(
            "SELECT bool_and(takes_effect <= (SELECT takes_effect FROM {reach} WHERE known >= known_from "
            "ORDER BY known LIMIT 1)) FROM {claim_version}"
        )
    ).fetchone()
    return row == (True,)


def follow_beside(timeline: Timeline, own: Database, batch: int = 2000) -> list[View]:
    """The views that the follower keeps for each reading."""
    with own.transaction():
        found = [views.define(own, f"kept-{number}", reading) for number, reading in enumerate(READINGS)]
    Follower(timeline.log, batch=batch).follow()
    return found


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize("part", [1, 7, 5000])
def test_whatever_the_log_and_the_parts_it_is_the_view_that_the_follower_keeps(
    timeline: Timeline, own: Database, arrival: str, part: int
) -> None:
    """Random histories with mergers, voids, amendments and retractions, under every kind of reading."""
    timeline.writer.append(as_posted(told(random.Random(f"bulk {arrival} {part}"), arrival, developments=60)), "test")
    for kept in follow_beside(timeline, own):
        view = built(own, f"built {kept.name}", kept.reading, part)

        assert everything(own, view) == everything(own, kept)
        assert kept.reading.clock == "reported" or reaches(own, view)
        assert views.find(own, view.name).position == timeline.log.head().position


def test_it_follows_the_log_from_where_it_was_built(timeline: Timeline, own: Database) -> None:
    """Built half way, then followed, against followed from the beginning."""
    posted = as_posted(told(random.Random("half way"), "shuffled", developments=60))
    timeline.writer.append(posted[: len(posted) // 2], "test")
    found = [built(own, f"built-{number}", reading) for number, reading in enumerate(READINGS)]
    timeline.writer.append(posted[len(posted) // 2 :], "test")
    for view, kept in zip(found, follow_beside(timeline, own, batch=9), strict=True):
        assert everything(own, view) == everything(own, kept)


@pytest.mark.parametrize("seed", range(4))
def test_what_cannot_be_read_comes_out_as_the_follower_leaves_it(timeline: Timeline, own: Database, seed: int) -> None:
    """Some events of every kind, mergers and gradings too, are of a newer program: set aside at the same event, alike."""
    dice = random.Random(seed)
    timeline.writer.append(as_posted(told(dice, "shuffled", developments=40)), "test")
    strange = {one.position for one in timeline.log.read(0, limit=10_000) if dice.randrange(14) == 0}
    own.execute("ALTER TABLE event DISABLE TRIGGER USER")
    own.execute("ALTER TABLE event DISABLE TRIGGER event_only_redact")
    own.execute("UPDATE event SET type = split_part(type, '/', 1) || '/99' WHERE position = ANY(%s)", [list(strange)])
    for kept in follow_beside(timeline, own, batch=50):
        view = built(own, f"built {kept.name}", kept.reading)

        assert everything(own, view) == everything(own, kept)
        assert everything(own, view)["set aside"]


def test_a_development_whose_fold_raises_keeps_what_it_had(
    timeline: Timeline, own: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with the follower; and what was merged with something that the log does not have."""
    post(timeline, *registrations(), reported(ONE), reported(TWO), reported(THREE))
    said = {"development_id": str(TWO), "into_id": str(NOWHERE), "merged_at": "2024-12-05T00:00:00Z"}
    insert(timeline, "development-merged/1", codec.canonical({"event": said, "text_sha256": None}), TWO)
    monkeypatch.setattr(setting_aside, "fold_development", raising_for(ONE))
    for kept in follow_beside(timeline, own, batch=1):
        view = built(own, f"built {kept.name}", kept.reading)

        assert everything(own, view) == everything(own, kept)
        assert {one.stream_id for one in setting_aside.listed(own, view)} == {ONE, NOWHERE}


def dying(connection: Database) -> None:
    """The server ends the connection as it does where the process at its other end was killed."""
    connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def test_whoever_dies_in_the_middle_of_a_part_leaves_it_to_the_next(timeline: Timeline, own: Database) -> None:
    """The connection is cut after each part in turn, and in the middle of writing one."""
    timeline.writer.append(as_posted(told(random.Random("dying"), "shuffled", developments=60)), "test")
    timeline.follower.follow()
    build = builds.ask(own, "built", Reading(), None)
    assert isinstance(build, Build)
    planning.plan(own, build, 20)
    deaths = 0
    while builds.found(own, build.build_id).share < 1:  # type: ignore[union-attr]
        with connected(str(timeline.log.pool.conninfo)) as other:
            worker = Worker(other, build)
            worker._one_part()
            worker._rows.write = dying  # type: ignore[method-assign]
            with contextlib.suppress(psycopg.OperationalError):
                worker.work()
            deaths += other.broken
    rebuilding.complete(own, build)
    rebuilding.complete(own, build)  # a death after the last part repeats what follows it
    view = builds.publish(own, build)

    assert deaths > 5
    assert view is not None
    assert everything(own, view) == everything(own, views.find(own, "current"))


def test_nobody_sees_a_view_before_it_is_whole(timeline: Timeline, own: Database) -> None:
    """Its name and its id are answered with how far it is; the follower passes it by."""
    timeline.writer.append(as_posted(told(random.Random("unseen"), "shuffled", developments=60)), "test")
    build = builds.ask(own, "built", Reading(), None)
    assert isinstance(build, Build)
    planning.plan(own, build, 10)
    Worker(own, build)._one_part()
    timeline.follower.follow()

    assert "built" not in {view.name for view in timeline.reader.views()}
    for name in ("built", str(build.build_id)):
        with pytest.raises(views.BeingBuilt, match=r"is being built: \d+%"), timeline.reader.asking(name):
            pass


def test_the_digest_is_the_one_that_its_words_describe(timeline: Timeline, own: Database) -> None:
    """Computed by the server, and once more in Python."""
    timeline.writer.append(as_posted(told(random.Random("digest"), "shuffled", developments=80)), "test")
    timeline.follower.follow()
    for name in views.ALWAYS:
        view, claims = views.find(own, name), held(timeline, name)

        assert digests.digest(own, view) == plain_digest.digest(claims)
        assert digests.by_location(own, view) == {
            place: plain_digest.of_location(_at(place, claims)) for place in {one.location_id for one in claims}
        }
    assert digests.digest(own, views.define(own, "empty", Reading())) == plain_digest.digest([])


def _at(place: str, claims: set[ClaimVersion]) -> list[ClaimVersion]:
    return [one for one in claims if one.location_id == place]


def test_the_digest_is_the_same_followed_built_and_on_another_machine(
    timeline: Timeline, own: Database, postgres_18: str
) -> None:
    """Live, built in parts of any size, and live and built from an export that was imported into an empty log."""
    timeline.writer.append(as_posted(told(random.Random("machines"), "shuffled", developments=80)), "test")
    timeline.follower.follow()
    with fresh_database(postgres_18) as elsewhere, opened(Settings(database_url=elsewhere)) as other:
        other.writer.append([exported(one) for one in timeline.log.read(0, limit=10_000)], "import")
        Follower(other.log, batch=13).follow()
        with connected(elsewhere) as away:
            for name, reading in views.ALWAYS.items():
                found = {digests.digest(own, views.find(own, name)), digests.digest(away, views.find(away, name))}
                found |= {digests.digest(own, built(own, f"{name}-{part}", reading, part)) for part in (3, 50, 5000)}
                found |= {digests.digest(away, built(away, f"{name}-away", reading, 11))}
                assert len(found) == 1


def test_a_view_far_behind_is_caught_up_under_its_own_id(timeline: Timeline, own: Database) -> None:
    """Readers who read its row before the swap find the tables that it named; answers by its id are the same."""
    posted = as_posted(told(random.Random("behind"), "shuffled", developments=80))
    timeline.writer.append(posted[:60], "test")
    timeline.follower.follow()
    timeline.writer.append(posted[60:], "test")
    behind = [views.find(own, name) for name in views.ALWAYS]
    for before in behind:
        assert Builder(timeline.log.pool, workers=0, part=40).catch_up(own, before)
        after = views.find(own, before.name)
        assert (after.view_id, after.position) == (before.view_id, timeline.log.head().position)
        assert after.tables != before.tables
        assert own.execute(before.sql("SELECT count(*) FROM {claim_version}")).fetchone() != (0,)
        with pytest.raises(views.Overtaken):
            views.advance(own, before, timeline.log.head().position + 1)
    for before in behind:
        with own.transaction():
            kept = views.define(own, f"kept-{before.name}", before.reading)
        Follower(timeline.log).follow()
        assert everything(own, views.find(own, before.name)) == everything(own, kept)

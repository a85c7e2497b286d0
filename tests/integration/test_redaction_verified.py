"""What a redaction leaves as it was (leaves, proofs, folds, digests), and what verification says of it and of forgeries."""

import random
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from events.recorded import reference_stream
from events.redaction import EventRedacted
from projections import digests, views
from projections.policies import Reading
from services.timeline.audit import bulk, parallel
from services.timeline.audit.recomputing import Job
from services.timeline.audit.verifying import verify
from services.timeline.build_workers import connected
from services.timeline.composition import Timeline
from tests.integration.test_rebuilding import built, everything
from tests.integration.test_redaction import asked, redact
from tests.integration.trees import Kept, kept_tree, told
from tests.told_histories import as_posted
from tests.told_histories import told as history

Database = Connection[Any]

#: A development, a denial, an assessment, a source, an actor and a place of the demo's story are among these.
SOME = (1, 5, 20, 60, 100, 101, 102, 150, 200, 251, 297)


@pytest.fixture(scope="module")
def kept(postgres_18: str) -> Iterator[Kept]:
    """The demo's story under a tree, with some of it redacted; the tree has the redactions too."""
    with kept_tree(postgres_18) as kept:
        told(kept)
        for position in SOME:
            redact(kept.timeline, position)
        kept.grow([])
        yield kept


def test_leaves_proofs_folds_and_digests_are_as_before(postgres_18: str) -> None:
    """Also after every view was built anew from what is left."""
    with kept_tree(postgres_18) as kept:
        told(kept)
        kept.timeline.follower.follow()

        def of_the_log() -> list[Any]:
            tree = kept.timeline.tree
            proofs = [tree.inclusion(position, 297) for position in range(1, 298)]
            return [tree.root(297), tree.entries(0, 256), tree.entries(1, 41), tree.consistency(100, 297), proofs]

        def of_the_views() -> list[Any]:
            with kept.connection() as connection:
                found = [views.find(connection, name) for name in views.ALWAYS]
                return [(digests.digest(connection, view), everything(connection, view)) for view in found]

        before = of_the_log(), of_the_views()
        for position in range(1, 298):
            if kept.timeline.log.read(position - 1, limit=1)[0].text_sha256 is None:
                redact_if_it_can_be(kept.timeline, position)
        kept.grow([])
        kept.timeline.follower.follow()

        assert (of_the_log(), of_the_views()) == before
        with connected(str(kept.timeline.log.pool.conninfo)) as own:
            for name, reading in views.ALWAYS.items():
                again = built(own, f"{name} again", reading)
                assert everything(own, again) == everything(own, views.find(own, name))
                assert digests.digest(own, again) == digests.digest(own, views.find(own, name))
        assert kept.verified().problem is None


def redact_if_it_can_be(timeline: Timeline, position: int) -> None:
    """Whatever has text: nearly everything."""
    with timeline.log.pool.connection() as connection:
        row = connection.execute("SELECT text IS NOT NULL FROM event WHERE position = %s", [position]).fetchone()
    assert row is not None
    if row[0]:
        redact(timeline, position, reason="-")


def test_a_log_with_redactions_is_intact(kept: Kept) -> None:
    """In one process and in several, the quick way and the slow one."""
    assert kept.verified().problem is None
    conninfo = str(kept.timeline.log.pool.conninfo)
    with parallel.snapshot(conninfo) as seen:
        verdict = verify(seen, kept.known(), [kept.book()], run=parallel.in_processes(conninfo, seen, processes=2))
    assert verdict.problem is None
    assert verdict.covered == verdict.events == 297 + len(SOME)
    with kept.connection() as connection:
        job = Job(0, 297 + len(SOME), 297 + len(SOME), (), frozenset(SOME))
        assert bulk._in_bulk(connection, job) is not None
        missed = job._replace(redacted=frozenset(SOME[1:]))
        assert bulk.recompute(connection, missed).problem == (
            SOME[0],
            "its text is gone, and no redaction of it is recorded",
        )


Spoil = Callable[[Database], object]


def by_sql(*statements: str) -> Spoil:
    def spoil(connection: Database) -> None:
        for statement in statements:
            connection.execute(statement)

    return spoil


def put_back(connection: Database) -> None:
    """The text comes back, from a backup, with its salt."""
    connection.execute("UPDATE event SET text = '{}', salt = 'salt' WHERE position = 20")


@pytest.mark.parametrize(
    ("spoil", "position", "reason"),
    [
        (by_sql("UPDATE event SET text = NULL, salt = NULL WHERE position = 7"), 7, "no redaction of it is recorded"),
        (
            by_sql(
                "UPDATE event SET text = NULL, salt = NULL WHERE position = 7",
                "INSERT INTO redaction VALUES (7, 298, '{reason}')",
            ),
            7,
            "no redaction of it is recorded",
        ),
        (put_back, 20, "its text is there, though a redaction of it is recorded"),
        (by_sql("DELETE FROM redaction WHERE position = 60"), 60, "does not say of it what the log does"),
        (by_sql("DELETE FROM redaction"), 1, "does not say of it what the log does"),
        (by_sql("UPDATE redaction SET removed = '{tags}' WHERE position = 60"), 60, "says of it what the log does not"),
        (by_sql("UPDATE redaction SET by_position = 999 WHERE position = 60"), 60, "says of it what the log does not"),
        (by_sql("INSERT INTO redaction VALUES (7, 999, '{name}')"), 7, "says of it what the log does not"),
        (
            by_sql(
                "UPDATE event SET structure = convert_to(replace(convert_from(structure, 'UTF8'), "
                """'"redacted_position":60', '"redacted_position":61'), 'UTF8') WHERE position = 301"""
            ),
            60,
            "no redaction of it is recorded",
        ),
        (by_sql("DELETE FROM event WHERE position = 301"), 60, "no redaction of it is recorded"),
    ],
)
def test_what_is_taken_away_or_told_otherwise_behind_the_logs_back_is_found(
    kept: Kept, spoil: Spoil, position: int, reason: str
) -> None:
    """As the database's owner, whom no trigger stops; undone afterwards."""
    with kept.connection() as connection, connection.transaction(force_rollback=True):
        connection.execute("ALTER TABLE event DISABLE TRIGGER ALL; ALTER TABLE redaction DISABLE TRIGGER ALL")
        connection.execute("ALTER TABLE redaction DROP CONSTRAINT redaction_by_position_key")
        spoil(connection)
        problem = verify(connection, kept.known(), [kept.book()]).problem
        assert problem is not None
        assert problem.position == position
        assert reason in problem.reason


def test_a_text_that_is_there_although_it_was_redacted_is_found(postgres_18: str) -> None:
    """With its own salt, as a backup has it: the hash is right, and it should be gone."""
    with kept_tree(postgres_18) as kept:
        told(kept)
        with kept.connection() as connection:
            row = connection.execute("SELECT text, salt FROM event WHERE position = 20").fetchone()
        redact(kept.timeline, 20)
        kept.grow([])
        with kept.connection() as connection:
            connection.execute("ALTER TABLE event DISABLE TRIGGER event_only_redact")
            connection.execute("UPDATE event SET text = %s, salt = %s WHERE position = 20", row)
        problem = kept.verified().problem
        assert problem == (20, "its text is there, though a redaction of it is recorded")


def forged(position: int, redacted_id: str, redacted_position: int, stream: str) -> str:
    said = (
        f'{{"event":{{"legal_basis":"x","redacted_by":"x","redacted_id":"{redacted_id}",'
        f'"redacted_position":{redacted_position},"removed":["name"]}},"text_sha256":null}}'
    )
    return (
        "INSERT INTO event (position, recorded_at, recorded_by, event_id, stream_id, version, type, structure) "
        f"VALUES ({position}, '2999-01-01Z', 'x', gen_random_uuid(), '{stream}', 1, 'event-redacted/1', '{said}');"
        f"UPDATE log_head SET position = {position}, recorded_at = '2999-01-01Z'"
    )


@pytest.mark.parametrize("about", ["another", "none", "itself", "again"])
def test_a_forged_redaction_that_names_no_event_as_it_stands_is_found(kept: Kept, about: str) -> None:
    """Written past every trigger, behind the last checkpoint."""
    held = {one.position: one.event_id for one in kept.timeline.log.read(0, limit=1000)}
    end = max(held) + 1
    redacted_id, position = {
        "another": (held[8], 7),
        "none": (UUID(int=7), 7),
        "itself": (held[8], end),
        "again": (held[20], 20),
    }[about]
    stream = EventRedacted(redacted_id=redacted_id, legal_basis="x").stream
    with kept.connection() as connection, connection.transaction(force_rollback=True):
        connection.execute("ALTER TABLE event DISABLE TRIGGER ALL")
        if about == "again":
            connection.execute("ALTER TABLE event DROP CONSTRAINT event_stream_id_version_key")
        for statement in forged(end, str(redacted_id), position, str(reference_stream(*stream))).split(";"):
            connection.execute(statement)
        problem = verify(connection, kept.known(), [kept.book()]).problem
        assert problem is not None
        assert problem.position == end
        assert "it redacts an event that does not stand" in problem.reason or "version" in problem.reason
        if about in ("another", "none"):
            connection.execute("UPDATE event SET text = NULL, salt = NULL WHERE position = 7")
            problem = verify(connection, kept.known(), [kept.book()]).problem
            assert problem == (7, "its text is gone, and no redaction of it is recorded")


def test_redactions_while_the_follower_folds_a_view_is_built_and_the_log_is_verified(postgres_18: str) -> None:
    """All at once: every verification on the way finds the log intact, and the views come out as if nothing had been."""
    with kept_tree(postgres_18) as kept:
        timeline = kept.timeline
        lines = as_posted(history(random.Random(3), "shuffled", developments=120))
        failures: list[BaseException] = []
        verdicts: list[object] = []
        recorded, done = threading.Event(), threading.Event()

        def attempt(work: Callable[[], object]) -> threading.Thread:
            def run() -> None:
                try:
                    work()
                except BaseException as failure:
                    failures.append(failure)
                    raise

            thread = threading.Thread(target=run)
            thread.start()
            return thread

        def follow() -> None:
            while not done.is_set():
                timeline.follower.follow()

        def build() -> None:
            recorded.wait(30)
            for number in range(3):
                with connected(str(timeline.log.pool.conninfo)) as own:
                    built(own, f"built {number}", Reading())

        def check() -> None:
            conninfo = str(timeline.log.pool.conninfo)
            while not done.is_set():
                with parallel.snapshot(conninfo) as seen:
                    verdicts.append(verify(seen).problem)

        working = [attempt(follow), attempt(build), attempt(check)]
        for start in range(0, len(lines), 20):
            timeline.writer.append(lines[start : start + 20], "test")
            recorded.set()
            head = timeline.log.head().position
            with timeline.log.pool.connection() as connection:
                rows = connection.execute(
                    "SELECT event_id FROM event WHERE position > %s AND text IS NOT NULL AND type <> 'event-redacted/1' "
                    "ORDER BY position LIMIT 3",
                    [head - 20],
                ).fetchall()
            for (event_id,) in rows:
                timeline.writer.redact(asked(event_id, reason="-"), "key:admin")
        working[1].join(60)
        done.set()
        for thread in working:
            thread.join(60)

        assert not failures
        assert set(verdicts) == {None}
        timeline.follower.follow()
        with connected(str(timeline.log.pool.conninfo)) as own:
            for name, reading in views.ALWAYS.items():
                assert everything(own, built(own, f"{name} again", reading)) == everything(own, views.find(own, name))

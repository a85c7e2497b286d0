"""The tree kept and signed: by whom, how far, and never two histories."""

import contextlib
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from events import codec, leaves, merkle
from services.timeline import story
from services.timeline.audit import bulk, integrating, integrator, parallel, reading, recomputing, stored
from services.timeline.audit.integrator import CannotIntegrate
from services.timeline.audit.notes import Note, PrivateKey, PublicKey, UnusableKey
from services.timeline.audit.recomputing import Job
from services.timeline.audit.signing import CannotSign
from services.timeline.audit.stored import Overtaken
from services.timeline.audit.tree import read_checkpoint
from services.timeline.audit.verifying import verify
from services.timeline.composition import Integrating, opened
from services.timeline.settings import Settings
from tests.integration.test_log import source
from tests.integration.trees import Kept, kept_tree


def lines(start: int, end: int) -> list[bytes]:
    return [source(number) for number in range(start, end)]


def tiles_of(connection: Connection[Any]) -> list[Any]:
    return connection.execute("SELECT level, number, hashes FROM log_tile ORDER BY level, number").fetchall()


def test_the_tree_is_the_same_in_batches_of_any_size(postgres_18: str) -> None:
    """And its root is that of the leaves; interrupted anywhere, it goes on from what it saved."""
    with kept_tree(postgres_18) as kept, kept.connection() as connection:
        kept.timeline.writer.append(lines(0, 600), "key:desk")
        seen = []
        for batch in (1000, 256, 100, 77):
            connection.execute("DELETE FROM log_tile; UPDATE log_tree SET size = 0")
            stop = iter(range(3))

            def stopping(size: int, stop: Any = stop) -> None:
                if next(stop, None) is not None:
                    raise InterruptedError(size)

            for _ in range(3):
                with contextlib.suppress(InterruptedError):
                    integrator.integrate(connection, batch, stopping)
            assert integrator.integrate(connection, batch) == 600
            seen.append(tiles_of(connection))
        assert seen.count(seen[0]) == len(seen)
        stack = merkle.Stack()
        for _, leaf in reading.leaves(connection, 0, 600):
            stack.append(merkle.leaf_hash(leaf))
        assert kept.timeline.tree.root(600) == stack.root()


def test_the_leaf_of_a_row_is_that_of_the_event(postgres_18: str) -> None:
    """As `events.leaves` makes it of what the log reads; here it comes out of a binary COPY."""
    with kept_tree(postgres_18) as kept, kept.connection() as connection:
        kept.timeline.writer.append(lines(0, 40), "key:desk")
        connection.execute("ALTER TABLE event DISABLE TRIGGER ALL")
        for position, moment in (
            (3, "1999-12-31T23:59:59.000001Z"),
            (4, "2030-01-01T00:00:00Z"),
            (5, "0987-01-01T00:00:00.5Z"),
        ):
            connection.execute("UPDATE event SET recorded_at = %s WHERE position = %s", [moment, position])
        rows = connection.execute(
            "SELECT position, event_id, recorded_at, recorded_by, type, structure FROM event ORDER BY position"
        ).fetchall()
        assert [leaf for _, leaf in reading.leaves(connection, 0, 40)] == [
            leaves.leaf(position, event_id, at, by, codec.StoredForm(name, structure, None, None))
            for position, event_id, at, by, name, structure in rows
        ]


def test_a_log_with_a_gap_gets_no_tree(postgres_18: str) -> None:
    """It says which position is missing, and saves nothing of that batch."""
    with kept_tree(postgres_18) as kept, kept.connection() as connection:
        kept.timeline.writer.append(lines(0, 20), "key:desk")
        connection.execute("ALTER TABLE event DISABLE TRIGGER ALL")
        connection.execute("DELETE FROM event WHERE position = 12")
        with pytest.raises(CannotIntegrate, match="missing or stands twice from 8 on"):
            integrator.integrate(connection, 7)
        assert stored.reach(connection).size == 7
        connection.execute("UPDATE event SET recorded_at = 'infinity' WHERE position = 9")
        with pytest.raises(CannotIntegrate, match="recorded_at is no time"):
            integrator.integrate(connection, 3)


def test_two_integrators_never_both_write(postgres_18: str) -> None:
    """The second finds itself overtaken, and the tree is whole."""
    with kept_tree(postgres_18) as kept, kept.connection() as connection:
        kept.grow(lines(0, 10))
        kept.timeline.writer.append(lines(10, 20), "key:desk")
        with pytest.raises(Overtaken), connection.transaction():
            stored.grow(connection, 9, 20, {})
        integrator.integrate(connection)
        assert kept.verified().problem is None


def test_a_key_is_made_once_private_and_outside_the_database(postgres_18: str) -> None:
    """In the home, by the log's id; beside it the book of what it signed last."""
    with kept_tree(postgres_18) as kept:
        kept.grow(lines(0, 3))
        [key] = kept.settings.home.glob("*.key")
        [book] = kept.settings.home.glob("*.signed")

        assert key.stat().st_mode & 0o777 == book.stat().st_mode & 0o777 == 0o600
        assert book.read_text() == kept.timeline.tree.latest().note
        before = key.read_text()
        kept.grow(lines(3, 5))
        assert key.read_text() == before
        with kept.connection() as connection:
            found = connection.execute("SELECT count(*) FROM log_checkpoint WHERE note LIKE '%PRIVATE%'").fetchone()
        assert found == (0,)


def test_nothing_new_is_not_signed_again(postgres_18: str) -> None:
    """One checkpoint a size."""
    with kept_tree(postgres_18) as kept:
        kept.grow(lines(0, 3))
        kept.grow([])
        with kept.connection() as connection:
            assert [one.size for one in stored.every_checkpoint(connection)] == [3]


def test_keys_come_from_the_environment_or_a_file_and_name_the_log(postgres_18: str, tmp_path: Path) -> None:
    """A second line signs beside the first while one follows the other, and then alone."""
    old, new = PrivateKey.generate("example.org/log"), PrivateKey.generate("example.org/log")
    file = tmp_path / "keys"
    with kept_tree(postgres_18) as kept:

        def keeping(keys: str) -> Kept:
            file.write_text(keys)
            chosen = {"log_key_file": file, "log_origin": "example.org/log"}
            return Kept(kept.timeline, kept.settings.model_copy(update=chosen))

        def signers() -> list[PublicKey]:
            return Note.read(kept.timeline.tree.latest().note).signers([old.public, new.public])

        keeping(old.written()).grow(lines(0, 3))
        assert signers() == [old.public]
        keeping(f"{old.written()}\n{new.written()}\n").grow(lines(3, 5))
        assert signers() == [old.public, new.public]
        after = keeping(f"{new.written()}\n{old.public}\n")
        after.grow(lines(5, 6))
        assert signers() == [new.public]
        assert after.verified().problem is None
        assert (tmp_path / "keys.signed").exists()

        by_environment = Kept(kept.timeline, kept.settings.model_copy(update={"log_key": new.written()}))
        by_environment.grow(lines(6, 7))
        problem = by_environment.verified().problem
        assert problem is not None
        assert problem.reason == "the checkpoint over 3 events is signed by no key that is known here"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"log_key": "nonsense"}, "TIMELINE_LOG_KEY: no key of a log or witness"),
        ({"log_key": ""}, "there is no private key in it"),
        ({"log_key": PrivateKey.generate("a").written(), "log_origin": "b"}, "name it differently: a, b"),
        ({"log_key": PrivateKey.generate("a").written(), "log_key_file": Path("x")}, "both set"),
        ({"log_key_file": Path("/proc/nowhere/key")}, "cannot be made at /proc/nowhere/key"),
        ({"log_origin": "not a name"}, "cannot name a log"),
    ],
)
def test_unusable_keys_are_told(postgres_18: str, said: dict[str, Any], words: str) -> None:
    """In one line, which never shows a key."""
    with kept_tree(postgres_18) as kept, pytest.raises(UnusableKey, match=words):
        Kept(kept.timeline, kept.settings.model_copy(update=said)).grow(lines(0, 1))


def restored(kept: Kept, size: int) -> None:
    """The database as it was in a backup."""
    with kept.connection() as connection, connection.transaction():
        for table in ("event", "log_head", "log_checkpoint"):
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        connection.execute("DELETE FROM event WHERE position > %s", [size])
        connection.execute("DELETE FROM log_checkpoint WHERE size > %s", [size])
        connection.execute(
            "UPDATE log_head SET (position, recorded_at) = (SELECT position, recorded_at FROM event ORDER BY position DESC LIMIT 1)"
        )
        connection.execute("DELETE FROM log_tile; UPDATE log_tree SET size = 0")
        for table in ("event", "log_head", "log_checkpoint"):
            connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
        integrator.integrate(connection)


def test_after_a_restore_from_an_older_backup_nothing_is_signed(postgres_18: str) -> None:
    """Neither while the log is shorter than it was, nor once it has grown on differently; the reason is told."""
    with kept_tree(postgres_18) as kept:
        kept.grow(lines(0, 10))
        kept.grow(lines(10, 20))
        restored(kept, 10)

        with pytest.raises(CannotSign, match=r"over 20 events was signed, but the log has 12.*older backup"):
            kept.grow(lines(30, 32))
        with pytest.raises(CannotSign, match=r"the first 20 events are not those.*older backup"):
            kept.grow(lines(32, 52))
        with kept.connection() as connection:
            assert [one.size for one in stored.every_checkpoint(connection)] == [10]
        problem = kept.verified().problem
        assert problem is not None
        assert problem.position == 11
        assert "signed over other events" in problem.reason


def test_whoever_has_another_key_does_not_sign_on(postgres_18: str, tmp_path: Path) -> None:
    """A second service without the key makes none of its own: a log has one signer."""
    with kept_tree(postgres_18) as kept:
        kept.grow(lines(0, 5))
        elsewhere = Kept(kept.timeline, kept.settings.model_copy(update={"home": tmp_path}))
        with pytest.raises(CannotSign, match="its key is not here: set TIMELINE_LOG_KEY_FILE"):
            elsewhere.grow(lines(5, 6))
        assert list(tmp_path.iterdir()) == []
        other = kept.settings.model_copy(update={"log_key": PrivateKey.generate("a").written()})
        with pytest.raises(CannotSign, match="signed by another key than a"):
            Kept(kept.timeline, other).grow([])


def test_a_book_that_cannot_be_read_stops_the_signing(postgres_18: str) -> None:
    """Rather than being taken for none."""
    with kept_tree(postgres_18) as kept:
        kept.grow(lines(0, 5))
        kept.keys.state.write_text("spoilt")
        with pytest.raises(CannotSign, match="cannot be read"):
            kept.grow(lines(5, 6))


def test_a_crash_between_book_and_database_does_no_harm(postgres_18: str) -> None:
    """The book is ahead by one checkpoint: the same is signed again."""
    with kept_tree(postgres_18) as kept:
        kept.grow(lines(0, 5))
        with kept.connection() as connection:
            connection.execute("ALTER TABLE log_checkpoint DISABLE TRIGGER ALL; DELETE FROM log_checkpoint")
        kept.grow([])
        assert kept.timeline.tree.latest().note == kept.book().note
        kept.grow(lines(5, 6))
        assert kept.verified().problem is None


def test_a_tree_spoilt_under_the_service_is_not_signed(postgres_18: str) -> None:
    """What was signed before contradicts it."""
    with kept_tree(postgres_18) as kept:
        kept.grow(lines(0, 5))
        with kept.connection() as connection:
            connection.execute("UPDATE log_tile SET hashes = set_bit(hashes, 9, 1 - get_bit(hashes, 9))")
        with pytest.raises(CannotSign, match="the first 5 events are not those"):
            kept.grow(lines(5, 6))


def eventually(true: Any, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_one_of_several_services_keeps_the_tree_and_another_takes_over(
    postgres_18: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an advisory lock; every event is under a checkpoint soon."""
    monkeypatch.setattr(integrating, "LOOK", 0.05)
    with kept_tree(postgres_18) as kept:
        settings = kept.settings.model_copy(update={"log_checkpoint_seconds": 0.0})
        tree = kept.timeline.tree
        with opened(settings) as one, opened(settings) as other:
            with Integrating(one), Integrating(other):
                kept.timeline.writer.append(lines(0, 5), "key:desk")
                eventually(lambda: tree.covered() == 5)
                with kept.connection() as connection:
                    connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'timeline integrator' "
                        "AND datname = current_database()"
                    )
                kept.timeline.writer.append(lines(5, 9), "key:desk")
                eventually(lambda: tree.covered() == 9)
            assert read_checkpoint(tree.latest()).size == 9
        assert kept.verified().problem is None


def test_the_last_checkpoint_may_wait_for_seconds_or_events(postgres_18: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first comes at once, the next after so many events here, for an hour has not passed."""
    monkeypatch.setattr(integrating, "LOOK", 0.05)
    with kept_tree(postgres_18) as kept:
        settings = kept.settings.model_copy(update={"log_checkpoint_seconds": 3600.0, "log_checkpoint_events": 10})
        tree = kept.timeline.tree
        with opened(settings) as timeline, Integrating(timeline):
            kept.timeline.writer.append(lines(0, 5), "key:desk")
            eventually(lambda: tree.covered() == 5)
            kept.timeline.writer.append(lines(5, 9), "key:desk")
            eventually(lambda: tree.reach().size == 9)
            kept.timeline.writer.append(lines(9, 20), "key:desk")
            eventually(lambda: tree.covered() == 20)
            with kept.connection() as connection:
                assert [one.size for one in stored.every_checkpoint(connection)] == [5, 20]


def test_a_long_log_is_verified_in_several_processes_on_one_snapshot(
    postgres_18: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same verdict as in one, honest or not, while events go on being recorded."""
    monkeypatch.setattr("services.timeline.audit.verifying.PART", 256)
    with kept_tree(postgres_18) as kept:
        kept.grow(lines(0, 1500))
        conninfo = str(kept.settings.database_url)
        seen: list[int] = []
        with parallel.snapshot(conninfo) as connection:
            kept.grow(lines(1500, 1600))
            run = parallel.in_processes(conninfo, connection, 2)
            verdict = verify(connection, kept.known(), run=run, on_progress=seen.append)
            assert (verdict.problem, verdict.events, verdict.covered) == (None, 1500, 1500)
            assert verdict == verify(connection, kept.known())
        assert seen == [256, 512, 768, 1024, 1280, 1500]
        with kept.connection() as writing:
            writing.execute("ALTER TABLE event DISABLE TRIGGER ALL")
            writing.execute("UPDATE event SET recorded_by = 'somebody' WHERE position IN (900, 1400)")
        with parallel.snapshot(conninfo) as connection:
            verdict = verify(connection, kept.known(), run=parallel.in_processes(conninfo, connection, 2))
            assert verdict.problem is not None
            assert verdict.problem.position == 900


@pytest.mark.parametrize(
    "attack", ["UPDATE log_checkpoint SET note = 'x'", "DELETE FROM log_checkpoint", "TRUNCATE log_checkpoint"]
)
def test_the_database_itself_keeps_what_was_signed(each_database: str, tmp_path: Path, attack: str) -> None:
    """On the oldest and on the newest server."""
    settings = Settings(database_url=each_database, home=tmp_path)
    with opened(settings) as timeline:
        kept = Kept(timeline, settings)
        kept.grow(lines(0, 300))
        with kept.connection() as connection, pytest.raises(psycopg.Error, match="append-only"):
            connection.execute(attack)
        assert kept.verified().problem is None


def test_the_quick_way_to_verify_says_what_the_slow_way_says(postgres_18: str) -> None:
    """Of a part where nothing is wrong; else it leaves the word to the slow one."""
    with kept_tree(postgres_18) as kept, kept.connection() as connection:
        kept.timeline.writer.append([*story.lines(), *lines(0, 300)], "key:desk")
        integrator.integrate(connection)
        for start, until, sizes in ((0, 597, (3, 256, 300, 597)), (256, 512, ()), (256, 597, (257,)), (0, 200, ())):
            job = Job(start, until, 597, sizes)
            quick = bulk._in_bulk(connection, job)
            if until % 256 and until < 597:
                assert quick is None  # the tree has more in that tile
            else:
                assert quick == recomputing.event_by_event(connection, job)
                assert quick.problem is None
        connection.execute("ALTER TABLE event DISABLE TRIGGER ALL")
        connection.execute("UPDATE event SET text = 'x' WHERE position = 299")
        job = Job(0, 597, 597)
        assert bulk._in_bulk(connection, job) is None
        assert bulk.recompute(connection, job).problem == (299, "its text is not the one that its structure commits to")
        redacting = Job(256, 597, 597, (), frozenset({299}))
        connection.execute("UPDATE event SET text = NULL, salt = NULL WHERE position = 299")
        assert bulk.recompute(connection, job).problem == (299, "its text is gone, and no redaction of it is recorded")
        assert bulk._in_bulk(connection, redacting) == recomputing.event_by_event(connection, redacting)
        assert bulk.recompute(connection, redacting).problem is None

"""A backup of the whole database: taken while others write, restored only whole and verified, never rolling back unsaid."""

import json
import random
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from services.timeline import keys, story
from services.timeline.audit.notes import Note
from services.timeline.backups import archive, backing_up, programs
from services.timeline.composition import opened
from services.timeline.settings import Settings
from tests.acceptance.test_cli import assert_one_line, run
from tests.commands import Ran

AT = ("--at", "2024-12-02T12:00:00Z", "--known-at", "2024-12-02T18:00:00Z", "--view", "published", "--json")


class World:
    """A database with the demo in it, the home where its key is, and a backup."""

    def __init__(self, database: str, home: Path) -> None:
        self.database, self.home, self.file = database, home, home / "one.backup"

    def run(self, *arguments: str, **more: str) -> Ran:
        return run(self.database, *arguments, TIMELINE_HOME=str(self.home), **more)

    def tell(self, *sources: str) -> None:
        said = [{"type": "SourceRegistered", "source_id": one, "name": one, "kind": "ngo"} for one in sources]
        assert self.run("import", "-", stdin="\n".join(map(json.dumps, said))).returncode == 0

    def all_that_is_said(self) -> tuple[str, str]:
        return self.run("export").stdout, self.run("status", "sy-hama", *AT).stdout

    def databases(self) -> set[str]:
        """Those that bear its name, or one made of it."""
        name = str(conninfo_to_dict(self.database)["dbname"])
        with psycopg.connect(make_conninfo(self.database, dbname="postgres"), autocommit=True) as connection:
            rows = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [name])
            return {found.removeprefix(name) for (found,) in rows}

    def drop(self) -> None:
        name = sql.Identifier(str(conninfo_to_dict(self.database)["dbname"]))
        with psycopg.connect(make_conninfo(self.database, dbname="postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {}").format(name))


@contextmanager
def _world(database: str, home: Path) -> Iterator[World]:
    found = World(database, home)
    with opened(Settings(database_url=database, home=home)) as timeline:
        timeline.writer.append(story.lines(), "local", atomic=True)
    assert found.run("db", "backup", str(found.file)).returncode == 0
    yield found
    others = found.databases() - {""}
    with psycopg.connect(make_conninfo(found.database, dbname="postgres"), autocommit=True) as connection:
        for one in others:
            name = f"{conninfo_to_dict(found.database)['dbname']}{one}"
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def world(database: str, tmp_path: Path) -> Iterator[World]:
    with _world(database, tmp_path) as found:
        yield found


@pytest.fixture
def world_anywhere(each_database: str, tmp_path: Path) -> Iterator[World]:
    with _world(each_database, tmp_path) as found:
        yield found


def test_what_is_restored_says_the_same_to_the_byte_and_goes_on(world_anywhere: World) -> None:
    world = world_anywhere
    said = world.all_that_is_said()
    world.drop()
    ran = world.run("db", "restore", str(world.file))
    assert ran.returncode == 0, ran.stderr
    assert f"restored: {len(story.lines())} events, read whole; its checkpoints agree, signed by" in ran.stdout
    assert world.all_that_is_said() == said
    world.tell("after-the-restore")
    assert world.run("audit", "verify").returncode == 0
    assert world.databases() == {""}


def test_a_database_that_the_backup_continues_is_replaced_and_kept(world: World) -> None:
    """Nothing would be lost, so nothing needs to be said."""
    ran = world.run("db", "restore", str(world.file))
    assert ran.returncode == 0, ran.stderr
    assert "the database that was here is now" in ran.stdout
    [before] = world.databases() - {""}
    assert before.startswith("_before_")


def test_events_that_the_backup_does_not_have_are_only_given_up_by_their_number(world: World) -> None:
    world.tell("one", "two", "three")
    said = world.all_that_is_said()
    for insufficient in ((), ("--give-up", "2")):
        assert_one_line(world.run("db", "restore", str(world.file), *insufficient), 1, "3 event(s)", "--give-up 3")
        assert world.databases() == {""}
    assert world.all_that_is_said() == said
    ran = world.run("db", "restore", str(world.file), "--give-up", "3")
    assert ran.returncode == 0, ran.stderr
    assert f"given up: 3 event(s) after position {len(story.lines())}" in ran.stdout
    assert world.run("export").stdout.count("\n") == len(story.lines())


def test_what_was_signed_beyond_the_backup_is_not_given_up_without_a_word_from_the_book(world: World) -> None:
    """The book beside the key knows of a longer log: that is no database any more that may be signed on."""
    world.tell("signed")
    assert world.run("audit", "checkpoint").returncode == 0
    ran = world.run("db", "restore", str(world.file), "--give-up", "1")
    assert ran.returncode == 0, ran.stderr
    assert_one_line(world.run("audit", "checkpoint"), 1, "restored from an older backup")


def test_a_backup_of_another_log_gives_up_everything(world: World) -> None:
    _become_another(world)
    assert_one_line(world.run("db", "restore", str(world.file)), 1, f"{len(story.lines())} event(s)")


def _become_another(world: World) -> None:
    """Put an empty log in its place, and tell it the same story again: other times, so other leaves."""
    world.drop()
    with psycopg.connect(make_conninfo(world.database, dbname="postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {}").format(sql.Identifier(str(conninfo_to_dict(world.database)["dbname"])))
        )
    with opened(Settings(database_url=world.database, home=world.home)) as timeline:
        timeline.writer.append(story.lines(), "local", atomic=True)


def test_a_damaged_backup_is_refused_and_changes_nothing(world: World) -> None:
    """Bits all over the file, and files cut short."""
    whole, draw = world.file.read_bytes(), random.Random(7)
    tries = [_flipped(whole, draw.randrange(len(whole) * 8)) for _ in range(6)]
    tries += [whole[: draw.randrange(len(whole))] for _ in range(3)] + [b"", b"PK\x05\x06" + bytes(18)]
    noticed = 0
    for spoilt in tries:
        world.file.write_bytes(spoilt)
        ran = world.run("db", "restore", str(world.file))
        assert world.databases() == {""} or ran.returncode == 0
        if ran.returncode == 0:  # a bit that means nothing: the date of a file in the archive
            with archive.opened(world.file) as (manifest, _):
                assert manifest.position == len(story.lines())
            continue
        noticed += 1
        assert_one_line(ran, ran.returncode)
        assert ran.returncode in {1, 2}
    assert noticed >= len(tries) - 2


def _flipped(data: bytes, bit: int) -> bytes:
    found = bytearray(data)
    found[bit // 8] ^= 1 << bit % 8
    return bytes(found)


def test_a_log_that_was_edited_before_the_backup_is_not_restored(world: World) -> None:
    """As the owner of the database can, past every trigger; the checkpoint beside it was signed before."""
    with psycopg.connect(world.database, autocommit=True) as connection:
        connection.execute("ALTER TABLE event DISABLE TRIGGER USER")
        connection.execute("UPDATE event SET recorded_by = 'key:somebody' WHERE position = 42")
        connection.execute("ALTER TABLE event ENABLE TRIGGER USER")
    edited = world.home / "edited.backup"
    backing_up.back_up(world.database, edited, lambda _: None)
    assert_one_line(world.run("db", "restore", str(edited)), 1, "not as it was signed", "position 42")
    assert world.databases() == {""}


def test_a_manifest_that_tells_of_another_checkpoint_is_noticed(world: World) -> None:
    """Dump and hash agree with each other, and not with what was signed."""
    with archive.opened(world.file) as (manifest, found):
        dump = found.read(archive.DUMP)
    note = Note.read(manifest.checkpoint or "")
    other = (manifest.checkpoint or "").replace(note.text.splitlines()[2], "A" * 43 + "=")
    with zipfile.ZipFile(world.file, "w") as made:
        made.writestr(archive.DUMP, dump)
        made.writestr(archive.MANIFEST, json.dumps({**_fields(manifest), "checkpoint": other}))
    assert_one_line(world.run("db", "restore", str(world.file)), 1, "not as it was signed")


def _fields(manifest: archive.Manifest) -> dict[str, Any]:
    return {name: getattr(manifest, name) for name in manifest.__struct_fields__}


def test_while_a_service_is_connected_nothing_is_restored(world: World) -> None:
    with psycopg.connect(world.database):
        assert_one_line(world.run("db", "restore", str(world.file)), 1, "stop the services first")
    assert world.databases() == {""}


def test_a_key_that_was_revoked_since_stays_revoked(world: World) -> None:
    with psycopg.connect(world.database, autocommit=True) as connection:
        _, leaked = keys.add(connection, "leaked", ["admin"], None)
        keys.add(connection, "good", ["reader"], None)
    later = world.home / "two.backup"
    assert world.run("db", "backup", str(later)).returncode == 0
    assert world.run("keys", "revoke", leaked.key_id).returncode == 0
    ran = world.run("db", "restore", str(later))
    assert "1 key(s) that had been revoked since are revoked again" in ran.stdout
    with psycopg.connect(world.database) as connection:
        assert {one.name: one.revoked_at is not None for one in keys.every(connection)} == {
            "leaked": True,
            "good": False,
        }


def test_what_was_acknowledged_before_a_backup_began_is_in_it_though_others_write(world: World) -> None:
    """A writer that never rests; the backup is of one state, with nothing missing before its position."""
    acknowledged, over = [len(story.lines())], threading.Event()

    def write() -> None:
        with opened(Settings(database_url=world.database, home=world.home)) as timeline:
            number = 0
            while not over.is_set():
                number += 1
                said = {"type": "SourceRegistered", "source_id": f"s{number}", "name": "S", "kind": "ngo"}
                [result] = timeline.writer.append([json.dumps(said).encode()], "local")
                assert result.place is not None
                acknowledged.append(result.place.position)

    writer = threading.Thread(target=write)
    writer.start()
    while len(acknowledged) < 20:
        over.wait(0.01)
    before = acknowledged[-1]
    made = backing_up.back_up(world.database, world.home / "two.backup", lambda _: None)
    over.set()
    writer.join()
    assert made.position >= before
    assert acknowledged[-1] > made.position, "nothing was written meanwhile: the test shows nothing"
    ran = world.run("db", "restore", str(world.home / "two.backup"), "--give-up", str(acknowledged[-1] - made.position))
    assert ran.returncode == 0, ran.stderr
    assert f"restored: {made.position:,} events" in ran.stdout


def test_a_backup_is_never_written_over_another_nor_half(world: World) -> None:
    assert_one_line(world.run("db", "backup", str(world.file)), 2, "is there already")
    assert_one_line(world.run("db", "backup", str(world.home / "no" / "folder")), 2, "No such file")
    assert_one_line(world.run("db", "restore", str(world.home / "nothing")), 2, "No such file")
    assert not list(world.home.glob("*.part"))


def test_an_empty_log_is_backed_up_and_restored_too(database: str, tmp_path: Path) -> None:
    file = str(tmp_path / "empty.backup")
    assert run(database, "db", "backup", file, TIMELINE_HOME=str(tmp_path)).returncode == 0
    ran = run(database, "db", "restore", file, TIMELINE_HOME=str(tmp_path))
    assert "restored: 0 events" in ran.stdout, ran.stderr


def test_a_role_that_may_not_make_databases_is_told_so(database: str, tmp_path: Path) -> None:
    file = str(tmp_path / "one.backup")
    assert run(database, "db", "backup", file, TIMELINE_HOME=str(tmp_path)).returncode == 0
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS small")
        connection.execute("CREATE ROLE small LOGIN PASSWORD 'small'")
    as_small = make_conninfo(database, user="small", password="small")
    assert_one_line(run(as_small, "db", "restore", file, TIMELINE_HOME=str(tmp_path)), 3, "CREATEDB")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP ROLE small")


def test_a_password_is_handed_on_where_only_we_can_read_it() -> None:
    shown, environment = programs.reaching("postgresql://me:hush@db.example/timeline")
    assert "hush" not in shown
    assert environment["PGPASSWORD"] == "hush"

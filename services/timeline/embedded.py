"""A real PostgreSQL 18 out of a wheel, as a detached process that several of ours share.

Each process that uses it holds a shared lock on a file; whoever gets that lock exclusively on leaving stops the
server. The kernel lets go of a killed process's lock, so a server that was left behind is adopted by the next user and
stopped by the last one. Starting and stopping happen under a second lock, so a comer never meets a half-stopped server.

The wheel's own `get_server()` is not called: it leaks servers, changes modes of parent folders and adds users.
"""

import contextlib
import os
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from services.timeline.embedded_place import EmbeddedUnavailable, Place, binaries, place_for

try:
    import fcntl
except ImportError:  # Windows has no flock; there is no wheel for it either
    fcntl = None  # type: ignore[assignment]

__all__ = ("EmbeddedUnavailable", "binaries", "embedded")

MAJOR = "18"
USER = DATABASE = "timeline"

#: How long a start (crash recovery included), a stop, and the end of orphaned server processes may take, in seconds.
START, STOP, ORPHANS = 120.0, 60.0, 10.0

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

Tell = Callable[[str], None]


@contextlib.contextmanager
def embedded(home: Path, *, on_progress: Tell | None = None) -> Iterator[str]:
    """A running server on the data below `home`, and a database in it.

    Args:
        home: Data folder; made where it is missing.
        on_progress: Told in a few words what is being done, when it takes a moment.

    Yields:
        A libpq connection string for the database `timeline`, over a socket that nobody else reaches.

    Raises:
        EmbeddedUnavailable: there is no server for this platform, or it cannot start; the message says why.
    """
    if fcntl is None:
        raise EmbeddedUnavailable("there is no embedded PostgreSQL for this platform")
    place = place_for(home)
    tell = on_progress or (lambda _: None)
    with _lock_file(place.base / "use.lock") as use:
        with _locked(place.base / "start.lock"):
            fcntl.flock(use, fcntl.LOCK_SH)
            _ensure_running(place, tell)
        try:
            yield _conninfo(place)
        finally:
            with _locked(place.base / "start.lock"):
                _leave(place, use)


def _leave(place: Place, use: int) -> None:
    """Stop the server if nobody else uses it."""
    try:
        fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    _stop(place)


@contextlib.contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with _lock_file(path) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def _conninfo(place: Place, dbname: str = DATABASE) -> str:
    password = place.password.read_text("ascii")
    return make_conninfo(host=str(place.sockets), port="5432", user=USER, password=password, dbname=dbname)


def _ensure_running(place: Place, tell: Tell) -> None:
    if not place.data.exists():
        tell("creating the database")
        _create(place)
    _require_version(place)
    if not _answers(place):
        tell("starting PostgreSQL")
        _start(place)
    _ensure_database(place)


def _create(place: Place) -> None:
    """Initdb under another name, then rename: an interrupted one leaves nothing that counts."""
    for leftover in place.base.glob("data.new*"):
        shutil.rmtree(leftover)
    new = place.base / "data.new"
    _own_folder(place, new)
    handed = place.base / "data.new.password"
    _write_secret(handed, _password(place))
    place.account.own(handed)
    command = [str(place.programs / "initdb"), "-D", str(new), "-U", USER, f"--pwfile={handed}", "-A", "scram-sha-256"]
    command += ["--data-checksums", "-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    made = place.account.run(command)
    handed.unlink()
    if made.returncode != 0:
        raise EmbeddedUnavailable(f"initdb failed: {_last_line(made.stderr or made.stdout)}")
    new.rename(place.data)
    _sync_folder(place.base)


def _password(place: Place) -> str:
    """The server's password: made once, and readable by us alone."""
    if not place.password.exists():
        part = place.password.with_suffix(".part")
        part.unlink(missing_ok=True)
        _write_secret(part, secrets.token_urlsafe(32))
        part.rename(place.password)
        _sync_folder(place.base)
    return place.password.read_text("ascii")


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _own_folder(place: Place, path: Path) -> None:
    """A folder of the server's account that nobody else may enter.

    Raises:
        EmbeddedUnavailable: there is such a folder already, and it is somebody else's.
    """
    path.mkdir(exist_ok=True, mode=0o700)
    wanted = place.account.uid if place.account.uid is not None else os.geteuid()
    if path.stat().st_uid not in (wanted, os.geteuid()) or path.is_symlink():
        raise EmbeddedUnavailable(f"{path} belongs to somebody else")
    place.account.own(path)


def _require_version(place: Place) -> None:
    found = (place.data / "PG_VERSION").read_text("ascii").strip()
    if found != MAJOR:
        raise EmbeddedUnavailable(f"{place.data} was made by PostgreSQL {found}, and this program brings {MAJOR}")


def _answers(place: Place, dbname: str = "postgres") -> bool:
    try:
        psycopg.connect(_conninfo(place, dbname), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _start(place: Place) -> None:
    """Start the server, or wait for one that is on its way up."""
    postmaster = _postmaster(place)
    if postmaster is None:
        _clear_the_way(place)
        _launch(place)
    give_up = time.monotonic() + START
    while not _answers(place):
        if not _processes(place) and not _answers(place):
            if postmaster is None:
                raise EmbeddedUnavailable(f"PostgreSQL did not start: {_startup_words(place)}")
            postmaster = None  # it was on its way down: start anew
            _clear_the_way(place)
            _launch(place)
        if time.monotonic() > give_up:
            raise EmbeddedUnavailable(f"PostgreSQL did not answer within {START:.0f} s: {_startup_words(place)}")
        time.sleep(0.02)


def _launch(place: Place) -> None:
    """Start the server detached: in a session of its own, and no child of ours that we would have to wait for."""
    _own_folder(place, place.sockets)
    _own_folder(place, place.logs)
    command = [str(place.programs / "postgres"), "-D", str(place.data)]
    settings = _SETTINGS | {"unix_socket_directories": str(place.sockets), "log_directory": str(place.logs)}
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    script = 'out=$1; shift; "$@" >"$out" 2>&1 </dev/null &'
    place.account.run(["/bin/sh", "-c", script, "sh", str(_startup_log(place)), *command], new_session=True)
    give_up = time.monotonic() + 5
    while not _processes(place) and time.monotonic() < give_up:
        time.sleep(0.01)


def _startup_log(place: Place) -> Path:
    return place.logs / "start.log"


def _startup_words(place: Place) -> str:
    try:
        return _last_line(_startup_log(place).read_bytes())
    except OSError:
        return "it left no word"


def _last_line(output: bytes) -> str:
    lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no word why"


def _processes(place: Place) -> list[psutil.Process]:
    """The server's processes: those that work in its data folder (PostgreSQL's processes all do)."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(place.data.resolve()):
                found.append(process)
    return found


def _postmaster(place: Place) -> psutil.Process | None:
    """The living postmaster of this data folder; not another program that has its number by now."""
    try:
        pid = int((place.data / "postmaster.pid").read_text("ascii").splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None
    return next((process for process in _processes(place) if process.pid == pid), None)


def _clear_the_way(place: Place) -> None:
    """See orphans of a killed postmaster out, and drop a pid file whose number is another program's by now.

    PostgreSQL refuses to start while the number in its pid file belongs to any living process, whosever it is.
    """
    for process in _outlasting(_processes(place), ORPHANS):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _outlasting(_processes(place), ORPHANS)
    (place.data / "postmaster.pid").unlink(missing_ok=True)


def _stop(place: Place) -> None:
    """A fast shutdown; an immediate one if that takes too long (the log of changes brings it back)."""
    postmaster = _postmaster(place)
    if postmaster is None:
        return
    for how in (signal.SIGINT, signal.SIGQUIT):
        with contextlib.suppress(psutil.NoSuchProcess):
            postmaster.send_signal(how)
        if not _outlasting([postmaster], STOP):
            return


def _outlasting(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait for processes to end; those that are still alive then. One that only waits to be reaped has ended."""
    give_up = time.monotonic() + seconds
    while (alive := [process for process in processes if _alive(process)]) and time.monotonic() < give_up:
        time.sleep(0.01)
    return alive


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _ensure_database(place: Place) -> None:
    with psycopg.connect(_conninfo(place, "postgres"), autocommit=True) as connection:
        exists = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if exists is None:
            connection.execute(f"CREATE DATABASE {DATABASE}")

"""A real PostgreSQL 18 out of a wheel, as a detached process that several of ours share.

Each process that uses it holds a shared lock on a file; whoever gets that lock exclusively on leaving stops the
server. The kernel lets go of a killed process's lock, so a server that was left behind is adopted by the next user and
stopped by the last one. Starting and stopping happen under a second lock, so a comer never meets a half-stopped server.

The wheel's own `get_server()` is not called: it leaks servers, changes modes of parent folders and adds users.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from services.timeline import embedded_server
from services.timeline.embedded_place import Embedded, place_for
from services.timeline.embedded_programs import EmbeddedUnavailable, binaries
from services.timeline.embedded_server import Tell, lock_file

if sys.platform != "win32":
    import fcntl

__all__ = ("Embedded", "EmbeddedUnavailable", "binaries", "embedded")


@contextlib.contextmanager
def embedded(home: Path, *, on_progress: Callable[[str], None] | None = None) -> Iterator[str]:
    """A running server on the data below `home`, and a database in it.

    Args:
        home: Data folder; made where it is missing.
        on_progress: Told in a few words what is being done, when it takes a moment.

    Yields:
        A libpq connection string for the database `timeline`, over a socket that nobody else reaches.

    Raises:
        EmbeddedUnavailable: there is no server for this platform, or it cannot start; the message says why.
    """
    if sys.platform == "win32":
        raise EmbeddedUnavailable("there is no embedded PostgreSQL for Windows")
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(_used(home, on_progress or (lambda _: None)))
        except OSError as error:
            raise EmbeddedUnavailable(f"cannot use {error.filename or home}: {error.strerror}") from error
        except psycopg.Error as error:
            raise EmbeddedUnavailable(f"PostgreSQL started, but: {str(error).strip().splitlines()[0]}") from error
        yield embedded_server.conninfo(server)


@contextlib.contextmanager
def _used(home: Path, tell: Tell) -> Iterator[Embedded]:
    """The server of a home, running while we use it."""
    server = place_for(home)
    with lock_file(server, "use.lock") as use:
        with _locked(server) as start:
            fcntl.flock(use, fcntl.LOCK_SH)
            try:
                embedded_server.ensure_running(server, start, tell)
            except BaseException:
                _leave(server, use)
                raise
        try:
            yield server
        finally:
            # Where the home was deleted under us, nothing is left to agree on: PostgreSQL notices, and ends by itself.
            with contextlib.suppress(FileNotFoundError), _locked(server):
                _leave(server, use)


@contextlib.contextmanager
def _locked(server: Embedded) -> Iterator[int]:
    """The start lock: one at a time starts or stops the server."""
    with lock_file(server, "start.lock") as start:
        fcntl.flock(start, fcntl.LOCK_EX)
        yield start


def _leave(server: Embedded, use: int) -> None:
    """Stop the server if nobody else uses it."""
    try:
        fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    embedded_server.stop(server)

"""Keeps the embedded PostgreSQL running while we use it: killed, or fallen over a full disk, it is started again.

A server of its own has its supervisor (systemd, a container's runtime); the embedded one has only those who use it.
Whether a process of it is left is told by the lock that all of them inherit, so a look costs a system call.
"""

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import structlog

from services.timeline import embedded_server
from services.timeline.embedded import EmbeddedUnavailable, embedded
from services.timeline.embedded_place import Embedded, place_for

if sys.platform != "win32":
    import fcntl

logger = structlog.get_logger(__name__)

#: Seconds between two looks; after a start that failed it waits longer and longer.
LOOK, LONGEST = 1.0, 30.0


@contextlib.contextmanager
def kept(home: Path) -> Iterator[None]:
    """Start the embedded server of a home again whenever it has ended, by a thread that ends with the context.

    To be entered by one who uses the server already; it is stopped by its last user, as ever.
    """
    over = threading.Event()
    thread = threading.Thread(target=_keep, args=(home, over), name="keeper", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _keep(home: Path, over: threading.Event) -> None:
    server, wait = place_for(home), LOOK
    while not over.wait(wait):
        try:
            if _ended(server):
                logger.warning("PostgreSQL has ended; starting it again", home=str(home))
                with embedded(home):
                    logger.warning("PostgreSQL is back", home=str(home))
            wait = LOOK
        except (EmbeddedUnavailable, OSError) as failure:
            wait = min(wait * 2, LONGEST)
            said = str(failure).splitlines()[0]
            logger.error("PostgreSQL cannot be started", error=said, again_in_seconds=wait)  # noqa: TRY400 (one line)


def _ended(server: Embedded) -> bool:
    """Whether the server's files are there, and none of its processes."""
    if not server.data.exists():
        return False
    with embedded_server.lock_file(server, "server.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

"""The thread that keeps the views up with the log, in one of the processes on a database: the others stand by.

Who follows holds an advisory lock on a connection of its own. When that process dies or loses its connection, the server
lets go of the lock, and one of those that try for it every second takes over. The lock saves work, the fence saves the
views: should two believe that they follow, each transaction of one finds itself overtaken (`views.advance`).
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple, Self

import psycopg
import structlog
from psycopg import Connection
from psycopg.rows import TupleRow

from events.log import CHANNEL, Log, Pool
from projections.follower import Follower

logger = structlog.get_logger(__name__)

#: Any fixed number; whoever follows holds this lock.
LOCK: Final = 0x666F6C6C6F776572  # "follower"

#: A standby tries so often, in seconds.
TRY_EVERY = 1.0

#: A log so many seconds ahead of the database's clock raises an alarm, at most so often.
AHEAD, ALARM_EVERY = 1.0, 600.0

#: A connection that goes silent is given up after about ten seconds, by us and by the server.
_KEEPALIVES: Final[Any] = {"keepalives": 1, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}


class _Stopped(Exception):
    """We were told to stop in the middle of a long fold."""


class Following:
    """Follows, or stands by: woken by NOTIFY, but looking by itself every second too."""

    def __init__(self, log: Log, follower: Follower) -> None:
        self._log = log
        self._follower = follower
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self._alarm = _Alarm(log)
        self.leads = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(timeout=30)

    @property
    def alive(self) -> bool:
        """The thread is at work, as follower or as standby."""
        return self._thread.is_alive()

    def _run(self) -> None:
        wait = 0.1
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                with own_connection(self._log.pool, _name()) as connection:
                    self._stand_by(connection)
                    self._follow(connection)
            except _Stopped:
                return
            except Exception:  # a follower outlives a lost connection, and anything else too
                wait = 0.1 if time.monotonic() - began > 10 else min(wait * 2, 5)
                logger.exception("following the log failed; trying again", seconds=wait)
                self._stopping.wait(wait)
            finally:
                self.leads = False

    def _stand_by(self, connection: Connection[TupleRow]) -> None:
        """Wait until nobody else follows."""
        waited = False
        while not self._stopping.is_set():
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
            if row is not None and row[0]:
                (logger.info if waited else logger.debug)("following the log", took_over=waited)
                return
            if not waited:
                logger.info("another process follows the log; standing by")
            waited = True
            self._alarm.look()
            self._stopping.wait(TRY_EVERY)

    def _follow(self, connection: Connection[TupleRow]) -> None:
        self.leads = not self._stopping.is_set()
        connection.execute(f"LISTEN {CHANNEL}")
        while not self._stopping.is_set():
            self._follower.follow(self._still_ours(connection))
            self._alarm.look()
            for _ in connection.notifies(timeout=1, stop_after=1):
                pass

    def _still_ours(self, connection: Connection[TupleRow]) -> Callable[[int], None]:
        """Between batches: go on unless we were told to stop, or lost the connection and with it the lock."""

        def go_on(_: int) -> None:
            if self._stopping.is_set():
                raise _Stopped
            connection.execute("SELECT")

        return go_on


class _Alarm:
    """Says it in the log of the process where the database's clock runs behind the log (DESIGN.md, 7.3)."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._next = 0.0
        self._next_look = 0.0

    def look(self) -> None:
        """Look every ten seconds; say it every ten minutes while it lasts."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + 10
        behind = self._log.behind().total_seconds()
        if behind <= AHEAD:
            self._next = 0.0
        elif now >= self._next:
            self._next = now + ALARM_EVERY
            logger.error("the clock runs behind the log; new events are dated after the last one", seconds=behind)


class Leader(NamedTuple):
    """Who holds the lock: the name that the process gave itself, from where, and since when it is connected."""

    name: str
    address: str | None
    since: datetime


def leader(connection: Connection[TupleRow]) -> Leader | None:
    """Who follows the log of a database; None where nobody does."""
    row = connection.execute(
        "SELECT application_name, client_addr::text, backend_start FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE locktype = 'advisory' AND granted AND pg_locks.database = (SELECT oid FROM pg_database "
        "WHERE datname = current_database()) AND objsubid = 1 AND (classid::bigint << 32) | objid::bigint = %s",
        [LOCK],
    ).fetchone()
    return Leader(*row) if row else None


def _name() -> str:
    return f"timeline follower {socket.gethostname()[:30]}:{os.getpid()}"


@contextmanager
def own_connection(pool: Pool, name: str) -> Iterator[Connection[TupleRow]]:
    """A connection apart from a pool's, for whoever holds a lock on it: that it is lost is noticed within seconds, on both sides."""
    conninfo = pool.conninfo() if callable(pool.conninfo) else pool.conninfo
    with psycopg.connect(
        conninfo, autocommit=True, connect_timeout=10, application_name=name, **_KEEPALIVES
    ) as connection:
        connection.execute("SET timezone TO 'UTC'")
        for setting, value in (("idle", 5), ("interval", 2), ("count", 3)):
            connection.execute(f"SET tcp_keepalives_{setting} TO {value}")
        yield connection

"""Opens what is needed (database, log, follower, reader), hands it to api and cli, and closes it in order."""

import re
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolTimeout

from events.log import Log, Pool
from projections import views
from projections.follower import Follower
from services.timeline import following
from services.timeline.audit import integrating, stamping
from services.timeline.audit.tree import Tree
from services.timeline.embedded import embedded
from services.timeline.hushed import hushed
from services.timeline.keeping import kept
from services.timeline.keys import Keys
from services.timeline.metrics import Metrics
from services.timeline.migrate import migrate
from services.timeline.reader import Reader
from services.timeline.settings import Settings
from services.timeline.tokens import Tokens, configured
from services.timeline.writer import Writer

OLDEST, NEWEST = 15, 18


class Unreachable(RuntimeError):
    """The database cannot be reached, or is not one that this program can use; one line for people."""


class CannotServe(RuntimeError):
    """The address cannot be served on; one line for people."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """An opened timeline: the log, who writes to it, who folds it, who reads the views and the tree; the keys and tokens
    that open it; the settings that it was opened with, and what is counted while it is open.
    """

    log: Log
    writer: Writer
    follower: Follower
    reader: Reader
    keys: Keys
    tree: Tree
    settings: Settings
    tokens: Tokens | None = None
    metrics: Metrics = field(default_factory=Metrics)


@contextmanager
def opened(
    settings: Settings, on_progress: Callable[[str], None] | None = None, *, bounded: bool = False
) -> Iterator[Timeline]:
    """A timeline on the database that the settings name: reachable, migrated, with its views defined.

    Args:
        bounded: Statements are broken off after the times of the settings, as a service wants it that many ask; a command has
            one asker, who may wait as long as they like.

    Raises:
        Unreachable: no server answers, or its version is outside 15 to 18.
        EmbeddedUnavailable: the embedded server cannot run here.
        UnusableSettings: an issuer of tokens that will not do.
    """
    tokens = configured(settings)
    with database(settings, on_progress) as conninfo:
        _prepare(conninfo, on_progress)
        patience = (settings.write_seconds, settings.statement_seconds) if bounded else (None, None)
        with pool_on(conninfo, patience[0]) as pool, pool_on(conninfo, patience[1]) as held:
            log = Log(pool)
            reader = Reader(log, held, settings.home)
            metrics = Metrics()
            writer = Writer(log, metrics.appended)
            yield Timeline(log, writer, Follower(log), reader, Keys(held), Tree(held), settings, tokens, metrics)


@contextmanager
def database(settings: Settings, on_progress: Callable[[str], None] | None = None) -> Iterator[str]:
    """How to connect to the database that the settings name; the embedded one is started, and stopped by its last user."""
    if settings.database_url:
        yield settings.database_url
    else:
        with embedded(settings.home, on_progress=on_progress) as conninfo, kept(settings.home):
            yield conninfo


def connect(conninfo: str) -> Connection[TupleRow]:
    """One connection of our own: autocommit, UTC.

    Raises:
        Unreachable: no server answers there.
    """
    try:
        connection = psycopg.connect(conninfo, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        first = str(error).strip().splitlines()[0]
        raise Unreachable(f"cannot reach the database: {_without_password(first, conninfo)}") from None
    except psycopg.ProgrammingError:  # its message quotes what cannot be read, and that may be the password
        said = "TIMELINE_DATABASE_URL cannot be read: it is an address, as postgresql://user@host/name, or `key=value` pairs"
        raise Unreachable(f"{said}; signs such as / @ : in a password are written as %2F %40 %3A") from None
    connection.execute("SET timezone TO 'UTC'")
    return connection


def _without_password(said: str, conninfo: str) -> str:
    """A message of the database's without the password; of an address that was taken apart wrongly nothing is quoted."""
    if "invalid" in said:
        said = re.sub(r'"[^"]*"', "***", said)
    password = conninfo_to_dict(conninfo).get("password")
    return hushed(said.replace(str(password), "***") if password else said)


def _prepare(conninfo: str, on_progress: Callable[[str], None] | None) -> None:
    with connect(conninfo) as connection:
        version = connection.info.server_version // 10_000
        if not OLDEST <= version <= NEWEST:
            raise Unreachable(f"the server is PostgreSQL {version}; this program works on {OLDEST} to {NEWEST}")
        migrate(connection, on_progress)
        with connection.transaction():
            for name, reading in views.ALWAYS.items():
                views.define(connection, name, reading)


#: Whoever holds a transaction open and does nothing with it loses it after so many times the patience with a statement.
IDLE = 4


def _configure(connection: Connection[TupleRow], patience: float | None) -> None:
    """Plans made once, that use indexes alone: what we ask is a few steps down an index, whatever the moment.

    Planning such a statement anew takes longer than running it: measured, 2.3 to 1.0 ms for a status at a crowded place,
    0.4 to 0.3 ms at an ordinary one, 2.2 to 1.2 ms for a durable append. A plan made once must not rest on tables that
    were still small, hence no sequential scans. Questions about all places plan for their moment (`reader.py`).

    Before PostgreSQL 18 a scan that is off and yet needed (the one row of log_head) makes a plan look so dear that it is
    compiled: measured on 15, 55 ms for each append. Nothing that we ask runs long enough for that to pay.
    """
    connection.autocommit = True
    connection.execute("SET timezone TO 'UTC'")
    connection.execute("SET plan_cache_mode TO force_generic_plan")
    connection.execute("SET enable_seqscan TO off")
    connection.execute("SET jit TO off")
    if patience is not None:
        connection.execute(f"SET statement_timeout TO {max(1, round(patience * 1000))}")
        connection.execute(f"SET idle_in_transaction_session_timeout TO {max(1, round(patience * 1000 * IDLE))}")


def _check(connection: Connection[TupleRow]) -> None:
    """Notice a connection that the server has closed meanwhile, without asking the server each time.

    An idle connection has nothing to read; if there is something, it may be the server's farewell, and is worth a look.
    """
    waiting = select.poll()  # not select(): it knows no descriptor beyond 1024
    waiting.register(connection.fileno(), select.POLLIN)
    if waiting.poll(0):
        ConnectionPool.check_connection(connection)


@contextmanager
def pool_on(conninfo: str, patience: float | None = None) -> Iterator[Pool]:
    """Connections to a database, as everything here wants them.

    Args:
        patience: A statement is broken off after so many seconds; None: never.

    Raises:
        Unreachable: it accepts no more of them.
    """
    # While the database is away, a request is told so after 10 s. Attempts to reconnect are spaced out further and further,
    # and given up after 5 s (the next request makes new ones): else the service would stay away long after it is back.
    pool: Pool = ConnectionPool(
        conninfo,
        min_size=1,
        max_size=12,
        configure=partial(_configure, patience=patience),
        check=_check,
        open=False,
        timeout=10,
        reconnect_timeout=5,
    )
    try:
        pool.open(wait=True, timeout=30)
    except PoolTimeout:
        raise Unreachable("the database accepts no more connections") from None
    try:
        yield pool
    finally:
        pool.close()


class Following(following.Following):
    """Keeps an opened timeline's views up with its log, or stands by while another process does."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__(timeline.log, timeline.follower)


class Integrating(integrating.Integrating):
    """Keeps the tree of an opened timeline up with its log and signs checkpoints, or stands by while another process does."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__(timeline.log.pool, timeline.settings)


class Stamping(stamping.Stamping):
    """Brings checkpoints of an opened timeline to a time-stamping authority, where one is set."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__(timeline.log.pool, timeline.settings)

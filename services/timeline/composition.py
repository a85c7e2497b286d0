"""Opens what is needed (database, log, follower, reader), hands it to api and cli, and closes it in order."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow

from events.log import Log
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
from services.timeline.pools import Unreachable, pool_on
from services.timeline.reader import Reader
from services.timeline.replicas.replicas import Replicas, replicas
from services.timeline.settings import Settings
from services.timeline.tokens import Tokens, configured
from services.timeline.writer import Writer

OLDEST, NEWEST = 15, 18


class CannotServe(RuntimeError):
    """The address cannot be served on; one line for people."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """An opened timeline: the log, who writes to it, who folds it, who reads the views and the tree; the keys and tokens
    that open it; the settings that it was opened with, what is counted while it is open, and the standbys that a service
    reads from.
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
    replicas: Replicas | None = None


@contextmanager
def opened(
    settings: Settings, on_progress: Callable[[str], None] | None = None, *, bounded: bool = False
) -> Iterator[Timeline]:
    """A timeline on the database that the settings name: reachable, migrated, with its views defined.

    Args:
        bounded: Statements are broken off after the times of the settings, as a service wants it that many ask, and standbys
            are read from; a command has one asker, who may wait as long as they like, and asks the primary.

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
            with replicas(settings, log, wanted=bounded) as others:
                keys = Keys(held, *others.pools)
                tree = Tree(held)
                yield Timeline(log, writer, Follower(log), reader, keys, tree, settings, tokens, metrics, others)


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
        [is_standby] = connection.execute("SELECT pg_is_in_recovery()").fetchone() or (False,)
        if is_standby:
            said = "is a hot standby, which takes no writes: name the primary in TIMELINE_DATABASE_URL"
            how = "of several hosts, target_session_attrs=read-write finds it"
            raise Unreachable(f"the server {said} ({how}), and standbys in TIMELINE_REPLICA_URLS")
        migrate(connection, on_progress)
        with connection.transaction():
            for name, reading in views.ALWAYS.items():
                views.define(connection, name, reading)


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

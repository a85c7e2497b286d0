"""Brings a backup back: into a database beside the one that is there, verified whole, and only then put in its place.

So a damaged backup, or one whose log is not as it was signed, changes nothing. The database that was there is kept under
another name. Where it holds events that the backup does not have, whoever restores must say so first, by their number.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from events import merkle
from services.timeline.audit import integrator, parallel, stored
from services.timeline.audit.notes import PublicKey
from services.timeline.audit.verifying import Held, Verdict, verify
from services.timeline.backups import programs
from services.timeline.backups.archive import Manifest, opened, unpack
from services.timeline.composition import connect
from services.timeline.migrate import MigrationError, migrate
from services.timeline.pools import Unreachable

#: Told what is being done, and how far it has come of how much.
Tell = Callable[[str, int, int], None]


class NotRestored(RuntimeError):
    """Nothing was changed, and why; one line for people."""


class Restored(NamedTuple):
    """What came back.

    Attributes:
        kept: The name under which the database that was there is kept; None where there was none, or an empty one.
        given_up: How many events it holds that the restored one does not.
        revoked: How many keys had been revoked since, and are again.
    """

    manifest: Manifest
    verdict: Verdict
    kept: str | None
    given_up: int
    revoked: int


def restore(
    conninfo: str,
    path: Path,
    known: list[PublicKey],
    outside: list[Held],
    *,
    give_up: int,
    tell: Tell,
) -> Restored:
    """Restore a backup in place of the database that a connection string names.

    Args:
        known: Public keys of the log; without any, signatures are not checked.
        outside: Checkpoints from elsewhere that the restored log has to agree with.
        give_up: How many events the database may have that the backup does not.

    Raises:
        NoBackup: the file is none, or is damaged.
        NotRestored: others are connected, events would be lost, or the restored log is not as it was signed.
        Unreachable: no server answers, or its role may not make databases.
        Failed: pg_restore's own reason.
    """
    with opened(path) as (manifest, archive), _maintenance(conninfo) as server:
        name = str(conninfo_to_dict(conninfo).get("dbname") or server.info.user)
        exists = _free(server, name)
        fresh = f"{name[:30]}_restoring_{datetime.now(UTC):%Y%m%dT%H%M%S}"
        _create(server, fresh, manifest)
        beside = make_conninfo(conninfo, dbname=fresh)
        try:
            _fill(
                beside,
                server.info.server_version // 10_000,
                lambda into: unpack(archive, manifest, into, lambda done: tell("restoring", done, manifest.bytes)),
            )
            verdict = _verified(beside, manifest, known, outside, tell)
            lost = _given_up(conninfo, exists, beside, give_up)
            revoked = _revoke(conninfo, exists, beside)
            empty = exists and _is_empty(conninfo)
            kept = _swap(server, name, fresh, exists)
        except BaseException:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(fresh)))
            raise
        if kept is not None and empty:
            server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(kept)))
            kept = None
    return Restored(manifest, verdict, kept, lost, revoked)


def _maintenance(conninfo: str) -> Connection[TupleRow]:
    """A connection to the server, but not to the database that is to be put away."""
    return connect(make_conninfo(conninfo, dbname="postgres"))


def _free(server: Connection[TupleRow], name: str) -> bool:
    """Whether there is a database of this name.

    Raises:
        NotRestored: others are connected to it.
    """
    row = server.execute(
        "SELECT count(*) FILTER (WHERE backend_type = 'client backend') FROM pg_stat_activity WHERE datname = %s",
        [name],
    ).fetchone()
    assert row is not None
    if row[0]:
        raise NotRestored(f"{row[0]} connection(s) to {name} are open: stop the services first; nothing was changed")
    return server.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _create(server: Connection[TupleRow], name: str, manifest: Manifest) -> None:
    major = server.info.server_version // 10_000
    if major < manifest.server:
        raise NotRestored(
            f"the backup is of PostgreSQL {manifest.server}, and the server is of {major}: take a newer one"
        )
    made = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
    try:
        server.execute(made)
    except psycopg.errors.InsufficientPrivilege:
        said = "a backup is restored into a database beside the old one, and this role may not make databases"
        raise Unreachable(f"{said}: restore as one that may (CREATEDB)") from None


def _fill(conninfo: str, server: int, unpacked: Callable[["_Script"], None]) -> None:
    dbname, environment = programs.reaching(conninfo)
    command = [programs.program("psql"), "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1",
               "--no-password", "--output=/dev/null", f"--dbname={dbname}"]  # fmt: skip
    with programs.running(command, environment, feed=True) as into:
        unpacked(_Script(into, server))


class _Script:
    """The dump on its way to psql; what a server does not know yet is taken out of its first lines.

    pg_dump of 17 and later sets `transaction_timeout`, whatever server it dumps from.
    """

    def __init__(self, into: IO[bytes], server: int) -> None:
        self._into = into
        self._drops = b"SET transaction_timeout = 0;\n" if server < 17 else b""

    def write(self, part: bytes) -> None:
        if self._drops:
            part, self._drops = part.replace(self._drops, b"", 1), b""
        self._into.write(part)


def _verified(conninfo: str, manifest: Manifest, known: list[PublicKey], outside: list[Held], tell: Tell) -> Verdict:
    """The restored log, read whole and compared with every checkpoint, the manifest's first."""
    with connect(conninfo) as connection:
        try:
            migrate(connection)
        except MigrationError as error:
            raise NotRestored(f"{error}; nothing was changed") from None
        integrator.integrate(connection)
        reach = stored.reach(connection)
    if (str(reach.log_id), reach.head) != (manifest.log_id, manifest.position):
        raise NotRestored("the dump is not that of the manifest; nothing was changed")
    held = [Held("the checkpoint in the manifest", manifest.checkpoint)] if manifest.checkpoint else []
    with parallel.snapshot(conninfo) as seen:
        run = parallel.in_processes(conninfo, seen)
        verdict = verify(
            seen, known, [*held, *outside], run=run, on_progress=lambda done: tell("verifying", done, reach.head)
        )
    if verdict.problem is not None:
        raise NotRestored(f"the log in the backup is not as it was signed: {verdict.problem}; nothing was changed")
    return verdict


def _given_up(conninfo: str, exists: bool, beside: str, allowed: int) -> int:
    """How many events the database there has that the restored one does not.

    Raises:
        NotRestored: more than the caller has said.
    """
    with _timeline(conninfo, exists) as old:
        if old is None:
            return 0
        integrator.integrate(old)
        with connect(beside) as new:
            lost = stored.reach(old).head - _in_common(old, new)
    if lost > allowed:
        said = f"the database holds {lost:,} event(s) that the backup does not have"
        raise NotRestored(f"{said}: they would be lost; say --give-up {lost} if that is meant; nothing was changed")
    return lost


def _in_common(old: Connection[TupleRow], new: Connection[TupleRow]) -> int:
    """With how many events two logs begin alike, by the roots of their trees."""
    reads = [stored.hashes_in(lambda wanted, of=of: stored.read_tiles(of, wanted)) for of in (old, new)]  # type: ignore[misc]
    low, high = 0, min(stored.reach(old).size, stored.reach(new).size)
    while low < high:
        middle = (low + high + 1) // 2
        one, other = (merkle.root(middle, read) for read in reads)
        low, high = (middle, high) if one == other else (low, middle - 1)
    return low


def _revoke(conninfo: str, exists: bool, beside: str) -> int:
    """Revoke again what had been revoked since the backup: an old backup must not open a door."""
    with _timeline(conninfo, exists) as old:
        if old is None:
            return 0
        rows = old.execute("SELECT key_id, revoked_at FROM access_key WHERE revoked_at IS NOT NULL").fetchall()
    with connect(beside) as new:
        again = [
            new.execute(
                "UPDATE access_key SET revoked_at = %s WHERE key_id = %s AND revoked_at IS NULL", [at, key_id]
            ).rowcount
            for key_id, at in rows
        ]
    return sum(again)


@contextmanager
def _timeline(conninfo: str, exists: bool) -> Iterator[Connection[TupleRow] | None]:
    """A connection to the database that is there; None where there is none, or nothing of ours is in it."""
    if not exists:
        yield None
        return
    with connect(conninfo) as connection:
        named = "SELECT to_regclass('event'), to_regclass('access_key'), to_regclass('log_tile')"
        row = connection.execute(named).fetchone()
        yield connection if row is not None and None not in row else None


def _is_empty(conninfo: str) -> bool:
    """Whether a database has no table of anybody's."""
    with connect(conninfo) as connection:
        found = connection.execute(
            "SELECT FROM pg_class WHERE relnamespace NOT IN (SELECT oid FROM pg_namespace "
            "WHERE nspname ~ '^pg_' OR nspname = 'information_schema') LIMIT 1"
        ).fetchone()
    return found is None


def _swap(server: Connection[TupleRow], name: str, fresh: str, exists: bool) -> str | None:
    """Put the restored database in the place of the one that is there, in one step."""
    kept = f"{name[:30]}_before_{datetime.now(UTC):%Y%m%dT%H%M%S}"
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    try:
        with server.transaction():
            if exists:
                server.execute(rename.format(sql.Identifier(name), sql.Identifier(kept)))
            server.execute(rename.format(sql.Identifier(fresh), sql.Identifier(name)))
    except psycopg.errors.ObjectInUse:
        raise NotRestored(
            f"somebody has connected to {name} meanwhile: stop the services first; nothing was changed"
        ) from None
    return kept if exists else None

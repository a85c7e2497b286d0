"""Takes a backup of a running database: a checkpoint over all that it holds, then a dump of one state of it."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

from psycopg import Connection
from psycopg.rows import TupleRow

from events.times import rfc3339
from services.timeline.audit import parallel, stored
from services.timeline.backups import programs
from services.timeline.backups.archive import FORMAT, Manifest, NoBackup, pack
from services.timeline.embedded_place import sync_folder


def back_up(conninfo: str, path: Path, tell: Callable[[int], None]) -> Manifest:
    """Write a backup to a file that is not there yet; an interrupted one leaves nothing under that name.

    Readers and writers go on: the dump is of the state that the database was in when it began.

    Args:
        tell: Told how many bytes have been written.

    Raises:
        NoBackup: there is a file of this name already, or it cannot be written.
        Failed: pg_dump's own reason.
    """
    if path.exists():
        raise NoBackup(f"{path} is there already; a backup is never written over another")
    part = path.with_name(f"{path.name}.part")
    try:
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as into:
                made = _dumped(conninfo, into, tell)
                into.flush()
                os.fsync(into.fileno())
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise NoBackup(f"{path}: {error.strerror or error}") from None
    return made


def _dumped(conninfo: str, into: IO[bytes], tell: Callable[[int], None]) -> Manifest:
    dbname, environment = programs.reaching(conninfo)
    with parallel.snapshot(conninfo) as connection:
        command = [programs.program("pg_dump"), "--no-owner", "--no-privileges", "--no-password",
                   f"--snapshot={_exported(connection)}", f"--dbname={dbname}"]  # fmt: skip
        with programs.running(command, environment, feed=False) as dump:
            return pack(into, dump, partial(_manifest, connection), tell)


def _exported(connection: Connection[TupleRow]) -> str:
    row = connection.execute("SELECT pg_export_snapshot()").fetchone()
    assert row is not None
    return str(row[0])


def _manifest(connection: Connection[TupleRow], size: int, sha256: str) -> Manifest:
    reach, kept = stored.reach(connection), stored.latest(connection)
    row = connection.execute("SELECT clock_timestamp(), max(number) FROM migration").fetchone()
    assert row is not None
    return Manifest(
        format=FORMAT,
        log_id=str(reach.log_id),
        position=reach.head,
        checkpoint=kept.note if kept else None,
        taken_at=rfc3339(row[0]),
        server=connection.info.server_version // 10_000,
        migration=row[1],
        bytes=size,
        sha256=sha256,
    )

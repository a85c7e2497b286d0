"""A long log verified in several processes, all on one snapshot of the database."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, Final

import psycopg
from psycopg import Connection

from services.timeline.audit.bulk import recompute
from services.timeline.audit.recomputing import Job, Part
from services.timeline.cycles import collect_rarely

#: Below so many parts, starting processes takes longer than they save.
WORTH: Final = 4


#: A tile's events are grouped as they are read, one after the other.
_IN_ORDER: Final = "SET LOCAL max_parallel_workers_per_gather TO 0"

#: Streams are sorted once.
_SORTING: Final = "SET LOCAL work_mem TO '128MB'"


@contextmanager
def snapshot(conninfo: str) -> Iterator[Connection[Any]]:
    """A connection in a transaction that sees one state of the log, and writes nothing."""
    with psycopg.connect(conninfo, connect_timeout=10, application_name="timeline audit verify") as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.execute("SET LOCAL timezone TO 'UTC'")
        connection.execute(_SORTING)
        connection.execute(_IN_ORDER)
        connection.execute("SELECT 1")  # the state seen is that of the first question
        yield connection


def in_processes(
    conninfo: str, connection: Connection[Any], processes: int | None = None
) -> Callable[[Sequence[Job]], Iterable[Part]]:
    """Reads parts in several processes, on the snapshot of a connection.

    Args:
        processes: How many; by default one for each processor.
    """

    def run(jobs: Sequence[Job]) -> Iterable[Part]:
        workers = min(processes or os.cpu_count() or 1, len(jobs))
        if workers < 2 or len(jobs) < WORTH:
            yield from (recompute(connection, job) for job in jobs)
            return
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        with ProcessPoolExecutor(workers, get_context("spawn"), _begin, (conninfo, row[0])) as pool:
            try:
                yield from pool.map(_recompute, jobs)
            finally:
                pool.shutdown(cancel_futures=True)  # where a problem was found, the parts after it are not wanted

    return run


_connection: Connection[Any] | None = None


def _begin(conninfo: str, snapshot_id: str) -> None:
    global _connection  # noqa: PLW0603  (one of a process, which does nothing else)
    collect_rarely()
    _connection = psycopg.connect(conninfo, connect_timeout=10, application_name="timeline audit verify")
    _connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    _connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot_id}'")
    _connection.execute(_SORTING)
    _connection.execute(_IN_ORDER)


def _recompute(job: Job) -> Part:
    assert _connection is not None
    return recompute(_connection, job)

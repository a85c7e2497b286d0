"""What every measurement stands on: a fresh database on the embedded PostgreSQL, and figures put into words."""

import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from services.timeline.composition import Timeline, opened
from services.timeline.embedded import embedded
from services.timeline.settings import Settings


@contextmanager
def fresh_timeline() -> Iterator[Timeline]:
    """An opened timeline on an empty log: of the embedded server, or of the one that TIMELINE_DATABASE_URL names."""
    server = os.environ.get("TIMELINE_DATABASE_URL")
    if server is not None:
        with _database(server) as url, opened(Settings(database_url=url)) as timeline:
            yield timeline
        return
    home = Path(tempfile.mkdtemp(prefix="timeline-bench-"))
    home.chmod(0o711)  # run by root, the server drops to a user who has to walk there
    try:
        with embedded(home) as url, opened(Settings(database_url=url)) as timeline:
            yield timeline
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _database(server: str) -> Iterator[str]:
    name = f"bench_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def say(line: str = "") -> None:
    print(line, flush=True)


def working(line: str) -> None:
    """Progress, for a person at a terminal only."""
    if sys.stderr.isatty():
        print(f"  {line}", file=sys.stderr, flush=True)


def median(numbers: Sequence[float]) -> float:
    return statistics.median(numbers)


def percentile(numbers: Sequence[float], percent: int) -> float:
    return sorted(numbers)[min(len(numbers) - 1, len(numbers) * percent // 100)]

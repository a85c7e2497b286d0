"""The databases that the atlas is measured against answer with the same bytes: a comparison with wrong answers is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import psycopg
import pytest

from bench import mariadb
from bench.best_sql import BestSql
from bench.whole_map_rows import AnswerRow, plainly

BEGIN = datetime(2024, 12, 1, tzinfo=UTC)

#: MariaDB is compared where Debian's server is installed; a machine without it compares PostgreSQL alone.
DATABASES = ("postgresql", "mariadb") if mariadb.installed() else ("postgresql",)


def told(places: int) -> list[AnswerRow]:
    """For each place a plane cut into rectangles, as a belief map is: in slices of the known axis, each cut again."""
    random = Random(5)
    rows: list[AnswerRow] = []
    for location in range(places):
        known: list[Any] = [None, *sorted(random.sample(range(1, 60), random.randrange(5))), None]
        for known_from, known_until in pairwise(known):
            valid: list[Any] = [None, *sorted(random.sample(range(20), random.randrange(4))), None]
            moments = [None if hours is None else BEGIN + timedelta(hours=hours, microseconds=1) for hours in valid]
            for valid_from, valid_until in pairwise(moments):
                fragment = f'{{"place":{location},"said":"{len(rows)} حماة \\"\\\\\t\n,"}}'.encode()
                rows.append(AnswerRow(location, valid_from, valid_until, known_from, known_until, fragment))
    random.shuffle(rows)
    return rows


@contextmanager
def holding(database: str, url: str, rows: list[AnswerRow]) -> Iterator[Any]:
    if database == "mariadb":
        with mariadb.mariadb(memory="128M") as maria:
            maria.load(rows, [(BEGIN, 3)])
            yield maria
        return
    with psycopg.connect(url, autocommit=True) as connection:
        best = BestSql(connection)
        best.load(rows, [(BEGIN, 3)])
        yield best


@pytest.mark.parametrize("name", DATABASES)
def test_every_statement_gives_the_whole_map_as_looking_at_every_row_does(name: str, database: str) -> None:
    """At moments on the edges of rectangles, just before and after them, and before and after everything."""
    rows = told(40)
    hours = [BEGIN + timedelta(hours=hour, microseconds=micros) for hour in (0, 3, 10, 19) for micros in (0, 1, 2)]
    moments = [*hours, BEGIN - timedelta(days=9_000), BEGIN + timedelta(days=9_000)]
    with holding(name, database, rows) as held:
        for at in moments:
            for known in (0, 1, 2, 17, 30, 31, 59, 4_000_000):
                said = plainly(rows, at, known)
                assert held.whole_map(at, known) == said
                assert set(held.by_each_statement(at, known).values()) == {said}

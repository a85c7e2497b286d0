"""`timeline developments`: a table for people, the API's JSON for programs, the same filters."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from services.timeline.composition import opened
from services.timeline.settings import Settings
from tests.acceptance.test_cli import assert_one_line, run
from tests.acceptance.test_developments import CLASH, HELD, MOVED, world
from tests.conftest import fresh_database


@pytest.fixture(scope="module")
def told(postgres_18: str) -> Iterator[str]:
    """A database with the world of the lists."""
    with fresh_database(postgres_18) as database:
        with opened(Settings(database_url=database)) as timeline:
            timeline.writer.append([json.dumps(one).encode() for one in world()], "test", atomic=True)
        yield database


def listed(told: str, *arguments: str) -> dict[str, Any]:
    ran = run(told, "developments", "--json", *arguments)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_a_table_tells_each_development_with_its_standing(told: str) -> None:
    """A line each, last recorded first."""
    ran = run(told, "developments", "--location", "homs")
    lines = ran.stdout.splitlines()

    assert ran.returncode == 0
    assert [str(one) in line for one, line in zip((HELD, MOVED), lines[2:], strict=True)] == [True, True]
    for word in ("movement", "disputed", "homs to hama", "A convoy moves north."):
        assert word in lines[3]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("--within", "Hama", "--kind", "clash"), [CLASH]),
        (("--kind", "clash", "--kind", "movement", "--oldest-first"), [CLASH, MOVED]),
        (("--standing", "disputed"), [MOVED]),
        (("--source", "rumour"), [MOVED]),
        (("--from", "2024-06-30", "--to", "2024-06-30"), [CLASH]),
        (("--from", "2024-07-01", "--to", "2024-07-01"), [MOVED]),
        (("--from", "2024-07-01", "--to", "2024-07-01", "--zone", "America/New_York"), []),
        (("--text", "aéroport CLASHES"), [CLASH]),
        (("--tag", "night"), [CLASH]),
    ],
)
def test_the_filters_are_those_of_the_api(told: str, arguments: tuple[str, ...], wanted: list[Any]) -> None:
    """A bare date is its begin for --from and its end for --to, in the zone."""
    assert [one["development_id"] for one in listed(told, *arguments)["developments"]] == [str(one) for one in wanted]


def test_a_list_goes_on_by_its_cursor(told: str) -> None:
    """Which is told beside a table that ended early."""
    first = listed(told, "--limit", "2")
    second = listed(told, "--limit", "100", "--cursor", first["next"])
    both = [one["development_id"] for one in (*first["developments"], *second["developments"])]

    assert both == [one["development_id"] for one in listed(told)["developments"]]
    assert first["next"] in run(told, "developments", "--limit", "2").stderr


def test_nothing_found_is_said(told: str) -> None:
    """It is an answer, not an error."""
    ran = run(told, "developments", "--tag", "nothing")
    assert (ran.returncode, "No development" in ran.stdout) == (0, True)


def test_what_makes_no_sense_is_one_line(told: str) -> None:
    """With exit code 2."""
    assert_one_line(run(told, "developments", "--kind", "captures"), 2, "one of captured")
    assert_one_line(run(told, "developments", "--from", "soon"), 2, "--from")
    assert_one_line(run(told, "developments", "--from", "2024-13-01"), 2, "--from")
    assert_one_line(run(told, "developments", "--location", "nowhere"), 2, "nowhere")
    assert_one_line(run(told, "developments", "--cursor", "x"), 2, "cursor")

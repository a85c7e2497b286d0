"""`timeline audit review`, `development`, `source`, `recorder` and `corrections`, as people and programs run them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from services.timeline import story
from services.timeline.composition import opened
from services.timeline.settings import Settings
from tests.acceptance.test_cli import assert_one_line, run
from tests.acceptance.test_review import FALSE_FALL, HELD
from tests.conftest import fresh_database

AT = ("--at", "2024-12-02T12:00:00Z", "--known-at", "2024-12-02T18:00:00Z", "--view", "published")


@pytest.fixture(scope="module")
def told(postgres_18: str) -> Iterator[str]:
    """A database with the demo's story."""
    with fresh_database(postgres_18) as database:
        with opened(Settings(database_url=database)) as timeline:
            story.load(timeline)
        yield database


def answered(told: str, *arguments: str) -> dict[str, Any]:
    ran = run(told, "audit", *arguments, "--json")
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_the_false_report_is_reviewed_for_people(told: str) -> None:
    """The sentence first; each claim with its rule, each statement with its recorder and leaf; then beside today."""
    ran = run(told, "audit", "review", "Hama", *AT)
    lines = ran.stdout.splitlines()

    assert (ran.returncode, ran.stderr) == (0, "")
    assert lines[0].startswith("Hama is held by Syrian Arab Army (corroborated). Also claimed: held by Hay'at")
    assert lines[2] == "Claims considered: 1 basis, 1 pending, 1 ignored."
    assert any(line.startswith("1. pending") and FALSE_FALL in line for line in lines)
    assert any("position 171, recorded" in line and "by demo, leaf " in line for line in lines)
    assert any("rule 3 of standings, unconfirmed" in line for line in lines)
    then = next(number for number, line in enumerate(lines) if line.startswith("Then "))
    assert lines[then + 1].endswith(": Hama is held by Syrian Arab Army (corroborated).")
    assert any("timeline-desk judged it improbable" in line for line in lines[then:])


def test_json_is_that_of_the_api_and_goes_on_by_its_cursor(told: str) -> None:
    """The same page by page."""
    whole = answered(told, "review", "sy-hama", *AT)
    first = answered(told, "review", "sy-hama", *AT, "--limit", "2")
    second = answered(told, "review", "sy-hama", "--view", "published", "--cursor", first["next"])

    assert [one["development_id"] for one in whole["basis"]] == [HELD]
    assert first["claims"] + second["claims"] == whole["claims"]
    assert (second["at"], second["known_at"], second["compared"]) == (whole["at"], whole["known_at"], None)


def test_then_is_compared_with_the_moment_that_is_named(told: str) -> None:
    """A bare date means its end."""
    found = answered(told, "review", "sy-hama", *AT, "--today-known-at", "2024-12-02")
    assert [one["position"] for one in found["compared"]["changed_by"]] == [214]
    assert_one_line(run(told, "audit", "review", "sy-hama", *AT, "--today-known-at", "2024-12-01T00:00:00Z"),
                    2, "today_known_at", "before")  # fmt: skip


def test_a_development_and_the_record_of_a_source_are_told(told: str) -> None:
    """What it claimed from when until when; what became of what a source said, with a column a month."""
    ran = run(told, "audit", "development", FALSE_FALL, "--view", "published")
    assert ran.returncode == 0
    assert "to now: sy-hama held hts (rejected, ignored)" in ran.stdout
    assert "8. 2024-12-03T09:00:00Z  timeline-desk judged it improbable: held by Hay'at Tahrir al-Sham" in ran.stdout

    record = run(told, "audit", "source", "sana", "--view", "published").stdout
    assert "Syrian Arab News Agency  sana, state_agency, D, aligned with saa" in record
    assert ["own", "denials", "7", "2", "5"] in [line.split() for line in record.splitlines()]
    behind = answered(told, "source", "sana", "--view", "published", "--number", "own_denials", "--month", "2024-12")
    assert len(behind["developments"]) == 5
    assert FALSE_FALL in run(told, "audit", "source", "sana", "--view", "published", "--month", "2024-12").stdout


def test_a_recorder_and_corrections_are_told(told: str) -> None:
    """By type, event by event; and that nothing was overturned is said too."""
    assert run(told, "audit", "recorder", "demo").stdout.startswith("demo recorded 297 of the first 297 events\n")
    assert answered(told, "recorder", "demo", "--events", "--limit", "2")["events"][1]["position"] == 2
    assert run(told, "audit", "recorder", "nobody").stdout == "nobody recorded 0 of the first 297 events\n"
    none = run(told, "audit", "corrections", "--view", "published")
    assert (none.returncode, none.stdout) == (0, "Nothing that was accepted for an hour or more was overturned.\n")
    assert run(told, "view", "build", "ticker", "--policy", "ticker", "--clock", "reported").returncode == 0
    found = run(told, "audit", "corrections", "--view", "ticker", "--within", "Hama").stdout
    assert "2024-12-03T09:00:00Z  Hama: held by Hay'at Tahrir al-Sham; disputed for 24 h, then rejected" in found
    assert f"development {FALSE_FALL}; stands now as rejected" in found


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("review", "Atlantis"), ("Atlantis",)),
        (("review", "sy-hama", "--cursor", "x"), ("cursor",)),
        (("development", "00000000-0000-0000-0000-000000000000"), ("no development",)),
        (("source", "nobody"), ("no source",)),
        (("source", "sana", "--number", "wrong"), ("number", "rejected")),
        (("source", "sana", "--month", "2024"), ("month", "2024-12")),
        (("corrections", "--from", "2024-12-05", "--to", "2024-12-01"), ("before",)),
    ],
)
def test_what_makes_no_sense_is_one_line_and_exit_2(
    told: str, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """With what would do."""
    ran = run(told, "audit", *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    last = ran.stderr.splitlines()[-1]
    assert all(word in last for word in words), ran.stderr

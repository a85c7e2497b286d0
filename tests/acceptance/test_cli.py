"""The command, as a person or a script runs it: tables and data on standard output, one line for what is wrong."""

import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from services.timeline import story
from services.timeline.composition import opened
from services.timeline.settings import Settings
from tests.commands import Ran, run_to_its_end
from tests.conftest import fresh_database

COMMAND = str(Path(sys.executable).parent / "timeline")
NOWHERE = "postgresql://127.0.0.1:1/nothing"

#: What the database of these tests holds: the demo, and two towns more.
EVENTS = len(story.lines()) + 2
PLACES = sum(b'"LocationRegistered"' in line[:40] for line in story.lines()) + 2


def environment(database: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours without any setting of the service, and the database."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIMELINE_")}
    return kept | {"TIMELINE_DATABASE_URL": database, "COLUMNS": "80", **(more or {})}


def run(database: str, *arguments: str, stdin: str = "", **more: str) -> Ran:
    """Run the command to its end."""
    return run_to_its_end(arguments, environment(database, more), stdin)


def assert_one_line(ran: Ran, code: int, *words: str) -> None:
    """One line on standard error that has the words, nothing on standard output, and the exit code."""
    assert (ran.returncode, ran.stdout) == (code, ""), ran
    assert re.fullmatch(r"timeline: [^\n]+\n", ran.stderr), ran.stderr
    assert "Traceback" not in ran.stderr
    for word in words:
        assert word in ran.stderr


@pytest.fixture(scope="module")
def told(postgres_18: str) -> Iterator[str]:
    """A database with the demo's story, and two towns of the same name."""
    twins = [
        json.dumps(
            {"type": "LocationRegistered", "location_id": one, "name": "Tell Abyad", "kind": "town", "parent_id": "sy"}
        ).encode()
        for one in ("sy-tell-abyad-east", "sy-tell-abyad-west")
    ]
    with fresh_database(postgres_18) as database:
        with opened(Settings(database_url=database)) as timeline:
            timeline.writer.append([*story.lines(), *twins], "test", atomic=True)
        yield database


@pytest.fixture
def other(postgres_18: str) -> Iterator[str]:
    """A second empty database."""
    with fresh_database(postgres_18) as conninfo:
        yield conninfo


def held(database: str) -> list[tuple[Any, ...]]:
    """Every event of a database as (position, id, event)."""
    with opened(Settings(database_url=database)) as timeline:
        return [(one.position, one.event_id, one.event) for one in timeline.log.read(0, limit=10_000)]


def test_what_is_exported_is_imported_elsewhere_at_the_same_positions(told: str, other: str, tmp_path: Path) -> None:
    """To a file and back; a second import changes nothing."""
    exported = tmp_path / "log.ndjson"
    assert run(told, "export", "--output", str(exported)).returncode == 0
    first, second = run(other, "import", str(exported)), run(other, "import", str(exported))

    assert held(other) == held(told)
    assert first.stdout == f"{exported}: {EVENTS} appended, 0 already there, 0 refused\n"
    assert second.stdout == f"{exported}: 0 appended, {EVENTS} already there, 0 refused\n"
    assert (len(first.stderr.splitlines()) < 20, second.stderr) == (True, "")  # warnings, summed up
    assert list(tmp_path.iterdir()) == [exported]


def test_the_log_goes_through_pipes_and_gzip(told: str, other: str, tmp_path: Path) -> None:
    """Standard output, .gz and a part of it are the same lines; standard input and .gz are read as a file is."""
    zipped = tmp_path / "log.ndjson.gz"
    piped, filed = run(told, "export"), run(told, "export", "-o", str(zipped))
    tail = run(told, "export", "--after", "290").stdout

    assert (piped.returncode, piped.stderr, filed.stdout) == (0, "", "")
    assert gzip.decompress(zipped.read_bytes()).decode() == piped.stdout
    assert piped.stdout.splitlines()[290:] == tail.splitlines()
    begin = "".join(piped.stdout.splitlines(keepends=True)[:100])
    assert run(other, "import", "-", stdin=begin).stdout == "-: 100 appended, 0 already there, 0 refused\n"
    assert f"{EVENTS - 100} appended, 100 already there" in run(other, "import", str(zipped)).stdout
    assert run(other, "export").stdout == piped.stdout


def test_refused_lines_are_told_by_number_and_the_good_ones_stand(told: str, other: str, tmp_path: Path) -> None:
    """Exit 2; blank lines count; each reason names its field; what is odd is told too."""
    file = tmp_path / "some.ndjson"
    early = json.loads(next(line for line in story.lines() if b'"DevelopmentReported"' in line[:40]))
    early["report"] |= {"published_at": "2000-01-01T00:00:00Z", "chain": ["sana"]}
    good = [line.decode() for line in story.lines() if b'Registered"' in line[:40]]
    bad = ['{"type": "SourceRegistered", "source_id": "X"}', "", "{", "x" * 70_000]
    file.write_text("\n".join([*good, *bad, json.dumps(early)]))
    ran = run(other, "import", str(file))
    lines = ran.stderr.splitlines()
    first = len(good) + 1

    assert ran.returncode == 2
    assert ran.stdout == f"{file}: {len(good) + 1} appended, 0 already there, 3 refused\n"
    assert lines[0].startswith(f"{file}:{first}: refused: source_id: ")
    assert "kind: is required" in lines[0]
    assert lines[1].startswith(f"{file}:{first + 2}: refused: ")
    assert "60,000 bytes" in lines[2]
    assert f"{file}: 1 line kept with a warning, published_before_it_began: a statement is dated before" in ran.stderr
    assert f"{file}:{first + 4}: report.published_at: published 2000-" in ran.stderr
    assert len(held(other)) == len(good) + 1


def test_a_broken_archive_keeps_what_came_before(other: str, tmp_path: Path) -> None:
    """One line that says how far it was read."""
    file = tmp_path / "cut.gz"
    file.write_bytes(gzip.compress(b"\n".join(story.lines()))[:-2000])

    assert_one_line(run(other, "import", str(file)), 2, "broken after line")


@pytest.mark.parametrize("arguments", [("import", "/no/such/file"), ("import", "/"), ("export", "-o", "/no/such/file")])
def test_a_file_that_cannot_be_used_is_named(told: str, arguments: tuple[str, ...]) -> None:
    """Exit 2."""
    assert_one_line(run(told, *arguments), 2, arguments[-1])


NOON = ("--at", "2024-12-02T12:00:00Z", "--known-at", "2024-12-02T18:00:00Z", "--view", "published")


def test_the_status_of_a_place_is_a_sentence_or_the_json_of_the_api(told: str) -> None:
    """By id, by name and by code; an offset is taken."""
    table = run(told, "status", "sy-hama", *NOON)
    found = run(told, "status", "sy-hama", *NOON, "--json")
    body = json.loads(found.stdout)

    assert (table.returncode, table.stderr) == (0, "")
    assert "Hama is held by Syrian Arab Army (corroborated)" in table.stdout
    assert "2024-12-02T12:00:00Z, as published by 2024-12-02T18:00:00Z" in table.stdout
    assert list(body)[:4] == ["location_id", "at", "known_at", "known_position"]
    assert body["control"]["holders"] == ["saa"]
    assert (found.returncode, found.stderr, found.stdout.count("\n")) == (0, "", 1)
    for name in ("hama", "حماة", "170017"):
        assert run(told, "status", name, *NOON, "--json").stdout == found.stdout
    moved = ("--at", "2024-12-02T15:00:00+03:00", *NOON[2:])
    assert run(told, "status", "sy-hama", *moved, "--json").stdout == found.stdout


def test_a_place_below_which_there_are_others_is_shown_with_them(told: str) -> None:
    """As many as there are, by mode and holders."""
    shown = run(told, "status", "Syria", "--at", "2024-12-09T00:00:00Z").stdout

    assert "places below" in shown
    assert re.search(r"\d+ +held +Hay'at Tahrir al-Sham", shown)


def test_the_map_is_a_table_or_the_json_of_the_api(told: str) -> None:
    """Every place in a line of its own; into a pipe nothing is folded or cut."""
    table = run(told, "map", *NOON)
    entries = json.loads(run(told, "map", *NOON, "--json").stdout)["locations"]
    within = run(told, "map", *NOON, "--within", "Hama Governorate", "--json")
    lines = table.stdout.splitlines()

    assert len(entries) == PLACES
    assert len(lines) == 2 + len(entries)
    assert all(entry["location_id"] in line for entry, line in zip(entries, lines[2:], strict=True))
    assert "…" not in table.stdout
    assert 5 < len(json.loads(within.stdout)["locations"]) < 15
    assert table.stderr == within.stderr == ""


def test_an_explanation_is_told_in_words_or_as_json(told: str) -> None:
    """Every claim with its part, and every report with what it weighs."""
    known = ("--at", "2024-12-02T12:00:00Z", "--known-at", "2024-12-03T12:00:00Z", "--view", "published")
    shown = run(told, "explain", "Hama", *known)
    body = json.loads(run(told, "explain", "Hama", *known, "--json").stdout)

    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("Hama is held by")
    assert "1. basis" in shown.stdout
    assert "ignored" in shown.stdout
    assert all(claim["words"] in shown.stdout for claim in body["claims"])


def test_a_place_that_is_meant_by_several_is_answered_with_the_candidates(told: str) -> None:
    """Exit 2; by its id it is found."""
    assert_one_line(run(told, "status", "tell abyad"), 2, "sy-tell-abyad-east (Tell Abyad, town)", "sy-tell-abyad-west")
    assert run(told, "status", "sy-tell-abyad-east").returncode == 0
    assert_one_line(run(told, "explain", "Atlantis"), 2, "Atlantis")
    assert_one_line(run(told, "map", "--within", "Atlantis"), 2, "Atlantis")


def test_a_bare_date_is_the_end_of_that_day_in_a_zone_and_the_instant_is_told(told: str) -> None:
    """On standard error; standard output stays data."""
    utc = run(told, "status", "sy-hama", "--at", "2024-12-02", "--view", "published", "--json")
    local = run(
        told, "status", "sy-hama", "--at", "2024-12-02", "--zone", "Asia/Damascus", "--view", "published", "--json"
    )

    assert json.loads(utc.stdout)["at"] == "2024-12-02T23:59:59.999999Z"
    assert json.loads(local.stdout)["at"] == "2024-12-02T20:59:59.999999Z"
    assert "2024-12-02T23:59:59.999999Z" in utc.stderr
    assert "2024-12-02T20:59:59.999999Z" in local.stderr
    assert "Asia/Damascus" in local.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("status", "sy-hama", "--at", "yesterday"), ["--at", "yesterday", "2024-12-02T18:00:00+03:00"]),
        (("map", "--known-at", "2024-12-02T18:00:00"), ["--known-at", "offset"]),
        (("map", "--at", "2024-02-30"), ["--at", "2024-02-30"]),
        (("map", "--at", "2024-12-02", "--zone", "Mars/Olympus"), ["--zone", "Asia/Damascus"]),
        (("map", "--view", "nope"), ["nope", "published"]),
        (("status", "sy-hama", "--known-position", "10"), ["sy-hama", "position 10"]),
        (("map", "--known-position", "10", "--known-at", "2024-12-02T18:00:00Z"), ["known_position", "not both"]),
        (("map", "--known-position", "-1"), ["--known-position"]),
        (("status",), ["place"]),
        (("map", "--colour"), ["--colour"]),
        (("conquer",), ["conquer"]),
        (("serve", "--port", "99999"), ["--port"]),
        (("serve", "--host", "0.0.0.0"), ["0.0.0.0", "loopback"]),
        (("serve", "--host", "example.org"), ["example.org", "loopback"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_is_one_line_and_exit_2(told: str, arguments: tuple[str, ...], words: list[str]) -> None:
    """It names what was typed, and says what would do."""
    assert_one_line(run(told, *arguments), 2, *words)


def test_a_database_that_does_not_answer_is_exit_3() -> None:
    """And so is an address that nobody can read, or a server that knows no such database."""
    assert_one_line(run(NOWHERE, "map"), 3, "cannot reach the database", "127.0.0.1")
    assert_one_line(run(NOWHERE, "db", "migrate"), 3, "127.0.0.1")
    assert_one_line(run("what is this", "map"), 3, "TIMELINE_DATABASE_URL")


def test_an_unusable_setting_is_one_line(told: str) -> None:
    """An unknown one with the nearest that is known; a bad value by the name of its variable."""
    assert_one_line(run(told, "map", TIMELINE_HOEM="/tmp"), 2, "TIMELINE_HOEM", "did you mean TIMELINE_HOME?")
    assert_one_line(run(told, "map", TIMELINE_LOG_LEVEL="loud"), 2, "TIMELINE_LOG_LEVEL", "warning")


def test_the_schema_is_brought_up_and_checked(database: str) -> None:
    """Exit 1 while anything is missing; a second time nothing is to do."""
    missing, done = run(database, "db", "migrate", "--check"), run(database, "db", "migrate")
    again, checked = run(database, "db", "migrate"), run(database, "db", "migrate", "--check")

    assert (missing.returncode, missing.stdout.splitlines()[0]) == (1, "0001 log")
    assert [f"applied {name}" for name in missing.stdout.splitlines()] == done.stdout.splitlines()
    assert (done.returncode, again.returncode, again.stdout) == (0, 0, "nothing to do\n")
    assert (checked.returncode, checked.stdout) == (0, "nothing is missing\n")


def test_a_schema_that_a_newer_program_contracted_is_refused(database: str) -> None:
    """Rather than used by one that does not know it."""
    run(database, "db", "migrate")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO migration (number, name, sha256, contracts) VALUES (9999, 'later', repeat('0', 64), TRUE)"
        )

    assert_one_line(run(database, "map"), 2, "9999", "newer")


def test_the_version_and_the_help() -> None:
    """Without arguments the commands are shown; neither needs a database."""
    version, bare, asked = run(NOWHERE, "--version"), run(NOWHERE), run(NOWHERE, "--help")

    assert (version.returncode, version.stdout) == (0, f"timeline {installed('timeline-service')}\n")
    assert bare.stdout.strip() == asked.stdout.strip()
    assert (bare.stderr, asked.returncode) == ("", 0)
    for command in ("demo", "serve", "import", "export", "status", "map", "explain", "doctor", "db"):
        assert re.search(rf"^│ {command} ", asked.stdout, re.MULTILINE), command


@pytest.mark.parametrize("command", ["export", "map"])
def test_whoever_reads_may_go_away(told: str, command: str) -> None:
    """`| head`: no complaint, and exit 0."""
    read, write = os.pipe()
    os.close(read)
    ran = subprocess.run(
        [COMMAND, command], stdout=write, stderr=subprocess.PIPE, text=True, env=environment(told), check=False
    )
    os.close(write)

    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_port_in_use_is_told(told: str) -> None:
    """Exit 2, and how to choose another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert_one_line(run(told, "serve", "--port", port), 2, port, "--port")


def test_the_service_answers_where_it_says_and_ends_when_told(other: str) -> None:
    """On a free port, on loopback; it takes what is posted; standard output stays empty."""
    with subprocess.Popen(
        [COMMAND, "serve", "--port", "0"],
        env=environment(other, {"TIMELINE_LOG_LEVEL": "error"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        said = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found, said
        with httpx2.Client(base_url=found[0], timeout=30) as client:
            posted = client.post(
                "/v1/events", json={"type": "SourceRegistered", "source_id": "x", "name": "X", "kind": "ngo"}
            )
            assert posted.status_code == 201
            assert client.get("/v1/sources/x?min_position=1").json()["name"] == "X"
            assert client.get("/readyz").status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) in (0, 130)
        assert process.stdout.read() == ""
        assert "Traceback" not in process.stderr.read()

"""`timeline audit redact` as a person or a script runs it: what it prints, what it refuses, its exit codes."""

import json
import os
import pty
import re
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.test_cli import COMMAND, assert_one_line, environment, run
from tests.acceptance.test_cli_audit import STORY
from tests.acceptance.test_standing_by import service, until
from tests.conftest import fresh_database

WHY = ("--reason", "A person at risk asked for it.", "--legal-basis", "GDPR, Article 17(1)(d)")


@pytest.fixture
def told(database: str) -> str:
    """The demo's story."""
    assert run(database, "import", STORY).returncode == 0
    return database


def event_at(database: str, position: int) -> str:
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT event_id FROM event WHERE position = %s", [position]).fetchone()
    assert row is not None
    return str(row[0])


def test_a_text_is_redacted_and_the_log_is_as_intact_as_before(told: str, tmp_path: Path) -> None:
    """By id or by position; the answer says what was removed, and what is not purged."""
    home = {"TIMELINE_HOME": str(tmp_path / "home")}
    assert run(told, "audit", "checkpoint", **home).returncode == 0
    asked = ("status", "sy-hama", "--at", "2024-12-02T12:00:00Z", "--known-position", "200", "--json")
    before = run(told, *asked, **home).stdout

    event = event_at(told, 60)
    done = run(told, "audit", "redact", event, *WHY, "--yes", **home)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert re.fullmatch(rf"redacted: \w+ {event} at position 60: .+", lines[0])
    assert re.fullmatch(r"recorded as event [0-9a-f-]{36} at position 298", lines[1])
    assert lines[2] == "not purged, and for you to see to:"
    for word in ("backups", "WAL", "standbys", "exports"):
        assert any(word in line for line in lines[3:])
    assert run(told, "audit", "redact", "61", *WHY, "--yes", **home).returncode == 0

    assert run(told, *asked, **home).stdout == before
    assert run(told, "audit", "checkpoint", **home).returncode == 0
    good = run(told, "audit", "verify", **home)
    assert (good.returncode, good.stdout.split(";")[0]) == (0, "intact: 299 events")
    assert run(told, "view", "verify", "current", **home).returncode == 0


def test_what_cannot_be_redacted_is_told_in_one_line(told: str) -> None:
    """Exit code 2, and nothing is recorded."""

    def refused(event: str, *words: str, reason: str = "Asked for.", basis: str = "GDPR") -> None:
        ran = run(told, "audit", "redact", event, "--reason", reason, "--legal-basis", basis, "--yes")
        assert_one_line(ran, 2, *words)

    refused("nonsense", "a UUID", "its position")
    refused("9999", "no event stands at position 9999")
    refused("00000000-0000-0000-0000-000000000001", "no event is recorded under the id")
    refused("126", "EVENT: it has no text")
    refused("60", "legal_basis", basis=" ")
    refused("60", "legal_basis", basis="x" * 201)
    refused("60", "reason: is required", reason=" ")
    refused("60", "control character", reason="\x1b[2J")
    with psycopg.connect(told) as connection:
        [[text]] = connection.execute("SELECT text FROM event WHERE position = 60").fetchall()
    refused("60", "reason: repeats words", reason=next(iter(json.loads(text).values())))
    assert run(told, "audit", "redact", "60", *WHY, "--yes").returncode == 0
    refused("60", "redacted already")
    assert run(told, "audit", "redact", "298", "--reason", "-", "--legal-basis", "GDPR", "--yes").returncode == 0


def test_where_nobody_can_be_asked_yes_has_to_be_said(told: str) -> None:
    """A script that forgot it takes nothing away."""
    assert_one_line(run(told, "audit", "redact", "60", *WHY), 2, "cannot be undone", "--yes")


@pytest.mark.parametrize(("said", "code", "events"), [("y", 0, 298), ("n", 1, 297)])
def test_a_person_is_asked(told: str, said: str, code: int, events: int) -> None:
    """On a terminal, with what is about to be redacted; "no" is exit code 1."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [COMMAND, "audit", "redact", "60", *WHY],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=environment(told, {"TERM": "dumb"}),
    ) as process:
        os.close(theirs)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(ours, 1000)
        os.write(ours, f"{said}\n".encode())
        assert process.wait(60) == code
    os.close(ours)
    assert b"at position 60, about location sy-homs" in shown
    with psycopg.connect(told) as connection:
        assert connection.execute("SELECT position FROM log_head").fetchone() == (events,)


def test_an_export_with_redactions_is_imported_by_the_command(told: str, postgres_18: str, tmp_path: Path) -> None:
    """And comes out the same."""
    file, again = tmp_path / "log.ndjson", tmp_path / "again.ndjson"
    assert run(told, "audit", "redact", "60", *WHY, "--yes").returncode == 0
    assert run(told, "export", "-o", str(file)).returncode == 0
    with fresh_database(postgres_18) as other:
        assert run(other, "import", str(file)).returncode == 0
        assert run(other, "export", "-o", str(again)).returncode == 0
        assert run(other, "audit", "verify").returncode == 0
    assert again.read_bytes() == file.read_bytes()


def test_services_that_run_forget_at_once_what_another_process_redacts(told: str) -> None:
    """Two of them, one of which only stands by; both had told the name, and are asked as of a moment from before."""
    with service(told) as one, service(told) as two:
        for each in (one, two):
            until(lambda: each.folded() == 297, "the story is folded")  # noqa: B023
        asked = "/v1/locations/sy-homs?known_position=200"
        name = one.client.get(asked).json()["name"]
        assert two.client.get(asked).json()["name"] == name
        assert run(told, "audit", "redact", "60", *WHY, "--yes").returncode == 0

        for each in (one, two):
            assert each.client.get(asked).json()["name"] == "sy-homs [redacted]"
            assert each.client.get(f"/v1/locations?name={name}").json()["locations"] == []
            line = next(
                line for line in each.client.get("/v1/status?f=csv").text.splitlines() if line.startswith("sy-homs,")
            )
            assert line.startswith("sy-homs,sy-homs [redacted],")

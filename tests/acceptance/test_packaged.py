"""The wheel in an empty venv, run as `docker/compose.yml` runs it, by a user who owns nothing; and beside the release before.

No Docker engine is needed for that, nor is one asked: what the image adds (layers, a read-only root, a network) is not run here.
"""

import json
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import psycopg
import pytest
import yaml

from services.timeline.settings import Settings
from tests.acceptance.test_rest import KNOWN, small_world
from tests.integration.embedded_programs_for_tests import until
from tests.packaged import ROOT, Program, Serving, a_home, installed, released

STATUS = "/v1/locations/hama/status?at=2024-12-09T12:00:00Z"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker/compose.yml").read_text("utf-8"))
OURS = {name: one for name, one in COMPOSE["services"].items() if one.get("image") == "timeline"}


#: What a program says that ended because it was asked to, and after it had put away its things.
TOLD_TO_END = 128 + signal.SIGTERM


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    with installed() as made:
        yield made


@pytest.fixture
def environment(database: str) -> Iterator[dict[str, str]]:
    """What the compose file gives a service; the database is ours."""
    with a_home() as home:
        given = {name: str(value) for name, value in OURS["service"]["environment"].items()}
        yield given | {"TIMELINE_DATABASE_URL": database, "TIMELINE_HOME": str(home)}


def command(name: str) -> list[str]:
    """A service's command, on a port that is free."""
    said = [str(one) for one in OURS[name]["command"]]
    said[said.index("--port") + 1] = "0"
    return said


def test_the_dockerfile_has_nothing_to_complain_of() -> None:
    """By hadolint; and it ends as an ordinary user who is looked after."""
    linter = shutil.which("hadolint", path=str(ROOT / ".venv/bin")) or shutil.which("hadolint")
    if linter is None:
        pytest.skip("hadolint is not installed: its wheel is for Linux on x86-64")
    made = subprocess.run([linter, str(ROOT / "docker/Dockerfile")], capture_output=True, text=True, check=False)
    assert (made.returncode, made.stdout) == (0, "")
    last = (ROOT / "docker/Dockerfile").read_text("utf-8").rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert "HEALTHCHECK" in last
    for copied in re.findall(
        r"^COPY (?!--from)(.+) \S+$", (ROOT / "docker/Dockerfile").read_text("utf-8"), re.MULTILINE
    ):
        assert all((ROOT / one).exists() for one in copied.split()), copied


def test_the_compose_file_asks_for_what_there_is(program: Program) -> None:
    """Settings that exist, commands that are understood, a read-only root, no capability, and data in volumes that are declared."""
    known = {f"TIMELINE_{name.upper()}" for name in Settings.model_fields}
    for name, one in OURS.items():
        assert set(one.get("environment", {})) <= known, name
        assert (one["read_only"], one["cap_drop"]) == (True, ["ALL"]), name
        assert {volume.split(":")[0] for volume in one["volumes"]} <= set(COMPOSE["volumes"]), name
        said = program.run(*map(str, one["command"]), "--help", environment={})
        assert (said.returncode, "Usage: timeline" in said.stdout) == (0, True), said.stderr
    assert COMPOSE["services"]["database"]["image"] == "postgres:18"


def test_it_serves_as_composed(program: Program, environment: dict[str, str]) -> None:
    """A follower that nobody is let to, a key, then a service that does not follow; stopped as Docker stops it, with a stream open."""
    refused = program.run(*command("service"), environment=environment)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr
    assert "keys add" in refused.stderr
    with program.serving(*command("follower"), environment=environment) as follower:
        made = program.run("keys", "add", "me", "--role", "admin", environment=environment)
        assert made.returncode == 0, made.stderr
        key = {"Authorization": f"Bearer {made.stdout.strip()}"}
        with (
            program.serving(*command("service"), environment=environment) as service,
            httpx2.Client(base_url=service.url, headers=key, timeout=30) as client,
        ):
            assert client.get("/healthz").status_code == 200
            position = told(client)
            found = client.get(STATUS + f"&min_position={position}")
            assert (found.status_code, found.json()["control"]["mode"]) == (200, "held"), found.text
            page = client.get("/").text
            for path in re.findall(r'(?:src|href)="(/page/[^"]+)"', page):
                assert client.get(path).status_code == 200, path
            assert client.get("/readyz").json()["status"] == "ready"
            with client.stream(
                "GET", f"/v1/events?after={position}", headers={"Accept": "text/event-stream"}
            ) as stream:
                assert stream.status_code == 200
                began = time.monotonic()
                service.process.terminate()
                for _ in stream.iter_lines():
                    pass  # it ends, and is not cut off
            assert service.process.wait(40) == TOLD_TO_END
            assert time.monotonic() - began < 40
        follower.process.terminate()
        assert follower.process.wait(40) == TOLD_TO_END
    for line in [*follower.said, *service.said]:
        json.loads(line)


def told(client: httpx2.Client) -> int:
    """The small world, recorded; its last position."""
    lines = "\n".join(json.dumps(one) for one in small_world())
    found = client.post("/v1/events", content=lines.encode(), headers={"Content-Type": "application/x-ndjson"})
    results = [json.loads(line) for line in found.text.splitlines()]
    assert all(one["result"] == "appended" for one in results), results
    position: int = results[-1]["position"]
    return position


def test_a_new_version_stands_beside_the_old_on_one_database(program: Program, environment: dict[str, str]) -> None:
    """The release before runs while this one migrates; both record and answer the same; the old one leaves and this one follows."""
    with released(program) as old, old.serving("serve", "--port", "0", environment=environment) as before:
        version = httpx2.get(f"{before.url}/openapi.json").json()["info"]["version"]
        assert version == "0.1.0"
        with httpx2.Client(base_url=before.url, timeout=30) as client:
            told(client)
        stopping, failed, recorded = threading.Event(), list[str](), list[int]()
        writer = threading.Thread(target=keep_denying, args=(before, stopping, failed, recorded))
        writer.start()
        try:
            with program.serving("serve", "--port", "0", environment=environment) as after:
                assert httpx2.get(f"{after.url}/openapi.json").json()["info"]["version"] != version
                assert httpx2.get(f"{after.url}/readyz").json()["follower"] == "elsewhere"
                for _ in range(20):
                    denied(after, failed, recorded)
                until(lambda: len(recorded) > 60)
                stopping.set()
                writer.join()
                last = max(recorded)
                path = f"{STATUS}&known_position={last}&min_position={last}"
                both = [httpx2.get(one.url + path, timeout=30) for one in (before, after)]
                assert both[0].json() == both[1].json()
                before.process.terminate()
                assert before.process.wait(40) == TOLD_TO_END
                until(lambda: httpx2.get(f"{after.url}/readyz").json().get("follower") == "here", seconds=30)
                denied(after, failed, recorded)
                last = max(recorded)
                assert httpx2.get(f"{after.url}{STATUS}&min_position={last}", timeout=30).status_code == 200
        finally:
            stopping.set()
            writer.join()
        assert failed == []
        with psycopg.connect(environment["TIMELINE_DATABASE_URL"]) as connection:
            [count] = connection.execute("SELECT count(*) FROM event WHERE type LIKE '%denied%'").fetchone() or (0,)
        assert count == len(recorded)


def keep_denying(service: Serving, stopping: threading.Event, failed: list[str], recorded: list[int]) -> None:
    while not stopping.is_set():
        denied(service, failed, recorded)


def denied(service: Serving, failed: list[str], recorded: list[int]) -> None:
    report = {"chain": ["saa-media"], "published_at": "2024-12-03T10:00:00Z", "credibility": 2}
    said = {"report": report, "reason": f"denial {time.monotonic_ns()}"}
    found = httpx2.post(f"{service.url}/v1/developments/{KNOWN}/denials", json=said, timeout=30)
    if found.status_code == 201:
        recorded.append(found.json()["position"])
    else:
        failed.append(found.text)

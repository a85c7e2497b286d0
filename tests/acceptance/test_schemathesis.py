"""schemathesis reads the OpenAPI document, and sends the running service whatever that allows and whatever it forbids.

It is the tool itself that runs, as a process, over HTTP: no server error, and no answer whose status, media type,
headers or body are not those of the document. The same cases come in every run.
"""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.timeline import asked, story
from services.timeline.composition import Following, opened
from services.timeline.settings import Settings
from tests.acceptance.test_rest import served
from tests.conftest import fresh_database

#: Left out: `positive_data_acceptance`, since no schema can say that an id has to be registered, or that `known_at` and
#: `known_position` exclude each other. A 503 counts as no error here where it says that a position is not folded yet.
CONFIG = """
[checks]
positive_data_acceptance.enabled = false
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503]
"""
SAME = [
    "--generation-deterministic", "--continue-on-failure", "--suppress-health-check", "all", "--no-color", "--report", "ndjson",
]  # fmt: skip


@pytest.fixture
def base(postgres_18: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the demo's story is served; who waits for a position that is not there waits shortly."""
    monkeypatch.setattr(asked, "PATIENCE", 0.02)
    with (
        fresh_database(postgres_18) as database,
        opened(Settings(database_url=database)) as timeline,
        Following(timeline) as following,
    ):
        story.load(timeline)
        with served(timeline, following) as client:
            yield str(client.base_url)


def test_every_answer_is_one_that_the_document_names(base: str, tmp_path: Path) -> None:
    """Thousands of requests, good and bad, to every operation."""
    answers = list(told(base, tmp_path, "examples,coverage,fuzzing", 8))
    assert len(answers) > 2_000
    assert {200, 201, 404, 405, 409, 415, 422} <= {status for status, _ in answers}


def test_what_an_answer_names_can_be_asked_for(base: str, tmp_path: Path) -> None:
    """Chains of requests: ids, positions and cursors of one answer go into the next request, which is answered as well."""
    answers = list(told(base, tmp_path, "stateful", 100))
    assert len(answers) > 300
    assert sum(status == 200 for status, _ in answers) > 100


def told(base: str, folder: Path, phases: str, examples: int) -> Iterator[tuple[int, bytes]]:
    """Status and body of each answer to the tool, which must be content; a 5xx only where a position is not there yet."""
    (folder / "schemathesis.toml").write_text(CONFIG)
    tool = str(Path(sys.executable).with_name("schemathesis"))
    command = [tool, "run", "--phases", phases, "--max-examples", str(examples), *SAME, f"{base}/openapi.json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    for status, body in _answers(next((folder / "schemathesis-report").glob("*.ndjson"))):
        assert status < 500 or json.loads(body)["title"] in ("Not folded yet", "Not in the tree yet")
        yield status, body


def _answers(report: Path) -> Iterator[tuple[int, bytes]]:
    """Status and body of every answer that the tool reports."""
    for line in report.read_text().splitlines():
        scenario: dict[str, Any] = json.loads(line).get("ScenarioFinished", {})
        for one in scenario.get("recorder", {}).get("interactions", {}).values():
            if one["response"] is not None:
                content = one["response"]["content"] or {"$base64": ""}
                yield int(one["response"]["status_code"]), base64.b64decode(content["$base64"])

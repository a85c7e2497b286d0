"""Our OpenAPI document under somebody else's linter: `python -m tests.openapi_lint` fetches it by npx, and exits 1 on an error.

The linter is a program of Node.js, of use while developing only; nothing here depends on it. `test_openapi_lint.py` runs it where it
was fetched before.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from services.timeline.api.app import create
from services.timeline.metrics import Metrics
from services.timeline.settings import Settings

LINTER = "@redocly/cli@2.77.0"


def document() -> dict[str, Any]:
    """The document, without a database behind it."""
    timeline: Any = SimpleNamespace(settings=Settings(), log=None, reader=None, metrics=Metrics(), replicas=None)
    return create(timeline).openapi()


def linted(found: dict[str, Any], *, fetch: bool) -> list[str] | None:
    """The errors by the linter's recommended rules; None where it cannot be had.

    Args:
        fetch: Get it over the network where it is not here yet.
    """
    npx = shutil.which("npx")
    if npx is None:
        return None
    command = [npx, "--yes", *([] if fetch else ["--offline"]), LINTER]
    with tempfile.TemporaryDirectory() as home:
        if subprocess.run([*command, "--version"], cwd=home, capture_output=True, timeout=300, check=False).returncode:
            return None
        (Path(home) / "openapi.json").write_text(json.dumps(found))
        lint = [*command, "lint", "openapi.json", "--format=json"]
        done = subprocess.run(lint, cwd=home, capture_output=True, text=True, timeout=300, check=False)
    problems = json.loads(done.stdout)["problems"]
    return [
        f"{one['ruleId']} at {one['location'][0]['pointer']}: {one['message']}"
        for one in problems
        if one["severity"] == "error"
    ]


if __name__ == "__main__":
    errors = linted(document(), fetch=True)
    print(
        "\n".join(errors) if errors else "no errors" if errors is not None else "npx, or the linter, is not to be had"
    )
    sys.exit(errors != [])

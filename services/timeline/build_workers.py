"""Processes that fold parts of one build, and the kind of connection that long work is done on."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Self

import psycopg
import structlog

from projections.builds import Build
from projections.views import Database

logger = structlog.get_logger(__name__)


class Workers:
    """Workers on one build. They end with us, however we end: their standard input closes then."""

    def __init__(self, conninfo: str, build: Build, number: int) -> None:
        root = str(Path(str(files("services"))).parent)
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-m", "services.timeline.build_worker"],
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": path},
                start_new_session=True,  # an interrupt at the keyboard is ours to deal with
            )
            for _ in range(number)
        ]
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(json.dumps({"conninfo": conninfo, "build": build.build_id}).encode() + b"\n")
            process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def at_work(self) -> bool:
        return any(process.poll() is None for process in self.processes)

    def __exit__(self, *ended: object) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            said = process.communicate()[1]
            if process.returncode:
                logger.warning("a worker ended", code=process.returncode, error=said.decode(errors="replace")[-500:])


@contextmanager
def connected(conninfo: str) -> Iterator[Database]:
    """A connection for long work: plans for the moment, and commits that need not wait for the disk.

    A part that a crash of the server takes away, it takes with its mark: so nothing is lost but work. What makes a view
    seen comes later in the same journal, and waits for it.
    """
    with psycopg.connect(
        conninfo, autocommit=True, connect_timeout=10, application_name="timeline builder"
    ) as connection:
        connection.execute("SET timezone TO 'UTC'; SET synchronous_commit TO off; SET jit TO off")
        yield connection

"""Programs that use the embedded PostgreSQL, run as processes of their own, and homes that are cleared away afterwards."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from services.timeline.embedded_place import Account, Embedded, _elsewhere

ROOT = Path(__file__).parents[2]

_HEAD = """
import contextlib, itertools, json, sys
from pathlib import Path
import psycopg
from services.timeline.embedded import EmbeddedUnavailable, embedded
home = Path(sys.argv[1])
"""

#: Says how to connect, and stays until its standard input ends.
_USE = """
with embedded(home) as conninfo:
    print(conninfo, flush=True)
    sys.stdin.read()
"""

_ASK = """
with embedded(home) as conninfo, psycopg.connect(conninfo, autocommit=True) as connection:
    for statement in sys.argv[2:]:
        found = connection.execute(statement)
        print(json.dumps(found.fetchall() if found.description else None))
"""

_FAIL = """
try:
    with embedded(home):
        raise SystemExit("it started")
except EmbeddedUnavailable as error:
    print(error)
"""


class Program:
    """A running program: what it says, how it ends."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def line(self) -> str:
        assert self.process.stdout
        said = self.process.stdout.readline().strip()
        assert said or not self.process.stderr, self._complaint()
        return said

    def kill(self) -> None:
        """Kill -9: it gets no chance to leave."""
        self.process.kill()
        self.process.wait()

    def leave(self) -> list[str]:
        """Let it come to its end, which has to be a quiet one; what it said since."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        said = self.process.stdout.read().split()
        complaint = self._complaint()
        assert (self.process.wait(60), complaint) == (0, "")
        return said

    def _complaint(self) -> str:
        assert self.process.stderr
        return self.process.stderr.read()


@contextlib.contextmanager
def program(home: Path, body: str, *arguments: str, path: Path = ROOT) -> Iterator[Program]:
    """A program of ours that runs beside the test; killed if it is still there at the end."""
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", _HEAD + body, str(home), *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd="/", env=environment(home, path), stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            yield Program(process)
        finally:
            process.kill()


def environment(home: Path, path: Path = ROOT) -> dict[str, str]:
    """Ours, with no other setting than the home; `path` is where modules are looked for first."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("TIMELINE_", "PYTHON"))}
    return mine | {"TIMELINE_HOME": str(home), "PYTHONPATH": f"{path}{os.pathsep}{ROOT}"}


@contextlib.contextmanager
def user(home: Path) -> Iterator[tuple[Program, str]]:
    """A program that uses the server, and how to connect to it."""
    with program(home, _USE) as using:
        yield using, using.line()


def asked(home: Path, *statements: str, path: Path = ROOT) -> list[Any]:
    """The first column of each statement's rows, asked by a program that enters and leaves; one value where it is one row."""
    with program(home, _ASK, *statements, path=path) as asking:
        answers = [json.loads(asking.line()) for _ in statements]
        asking.leave()
    columns = [[row[0] for row in answer or []] for answer in answers]
    return [column[0] if len(column) == 1 else column for column in columns]


def complaint(home: Path, before: str = "") -> str:
    """Why it cannot start: one line."""
    with program(home, before + _FAIL) as failing:
        line = failing.line()
        assert failing.leave() == []
    return line


@contextlib.contextmanager
def a_home(*below: str, mode: int = 0o711) -> Iterator[Path]:
    """The path of a home that does not exist yet, in a folder of its own; server and files are gone afterwards.

    Args:
        mode: Of the folder: run by root, the server drops to a user who has to walk through it.
    """
    folder = Path(tempfile.mkdtemp(prefix="tl-", dir="/tmp"))  # a short path: a socket's has at most 107 bytes
    folder.chmod(mode)
    home = folder.joinpath(*(below or ("home",)))
    try:
        yield home
    finally:
        for base in (home / "postgres", _elsewhere(home)):
            _clear(base)
        shutil.rmtree(folder)


def _clear(base: Path) -> None:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name() in {"postgres", "initdb"} and str(base) in f"{process.cwd()} {process.cmdline()}":
                process.kill()
    until(lambda: not _processes(base / "data"))
    for folder in (Embedded(base, Account()).sockets, base):
        shutil.rmtree(folder, ignore_errors=True)


def base(home: Path) -> Path:
    """Where the server's files are: in the home, or elsewhere where its user cannot reach that."""
    return _elsewhere(home) if _elsewhere(home).exists() else home / "postgres"


def processes(home: Path) -> list[psutil.Process]:
    """The living processes in the server's data folder."""
    return _processes(base(home) / "data")


def _processes(data: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cwd() == str(data.resolve()) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def postmaster(home: Path) -> psutil.Process:
    """By the number that the server itself wrote down."""
    return psutil.Process(int((base(home) / "data" / "postmaster.pid").read_text().split()[0]))


def stopped(home: Path) -> bool:
    """No process in the data folder, no socket, and no folder for one."""
    sockets = Embedded(base(home), Account()).sockets
    return not processes(home) and not sockets.exists() and not (base(home) / "data" / "postmaster.pid").exists()


def until(done: Callable[[], Any], seconds: float = 20) -> None:
    """Wait for something."""
    give_up = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < give_up, "it did not come to pass"
        time.sleep(0.005)

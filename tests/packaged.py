"""The program as others get it: a wheel in an empty venv, run by a user who may write nothing but its home."""

import contextlib
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: What was released before this.
PREVIOUS = ROOT / "tests" / "releases" / "timeline_service-0.1.0-py3-none-any.whl"

_URL = re.compile(r"http://[0-9.]+:(\d+)")


@dataclass(frozen=True, slots=True)
class Program:
    """A way to run `timeline`: a command, and what its environment has besides."""

    command: tuple[str, ...]
    environment: Mapping[str, str]

    def run(self, *arguments: str, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        """Run it to its end, as a user who owns nothing of it."""
        return subprocess.run(
            [*self.command, *arguments], env=self._whole(environment), capture_output=True, text=True,
            cwd="/", user=user(), group=group(), extra_groups=[] if user() is not None else None, check=False, timeout=120,
        )  # fmt: skip

    @contextmanager
    def serving(self, *arguments: str, environment: Mapping[str, str]) -> Iterator["Serving"]:
        """Run a service, in a port that is free; killed if it is still there at the end."""
        with subprocess.Popen(
            [*self.command, *arguments], env=self._whole(environment), stderr=subprocess.PIPE, text=True, cwd="/",
            user=user(), group=group(), extra_groups=[] if user() is not None else None,
        ) as process:  # fmt: skip
            try:
                yield Serving(process)
            finally:
                process.kill()

    def _whole(self, environment: Mapping[str, str]) -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **self.environment, **environment}


class Serving:
    """A service that runs, and says where in JSON or in words."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.said: list[str] = []
        assert process.stderr is not None
        for line in process.stderr:
            self.said.append(line)
            if found := _URL.search(line):
                self.url = f"http://127.0.0.1:{found[1]}"
                break
        else:
            raise AssertionError("".join(self.said))
        self._reading = threading.Thread(target=self.said.extend, args=(process.stderr,), daemon=True)
        self._reading.start()


def user() -> int | None:
    """Whom it runs as: root gives way to the user whom PostgreSQL runs as in the tests, who can reach its socket."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres").pw_uid
    return pwd.getpwnam("nobody").pw_uid


def group() -> int | None:
    uid = user()
    return None if uid is None else pwd.getpwuid(uid).pw_gid


@contextmanager
def a_home() -> Iterator[Path]:
    """A home of that user's."""
    folder = Path(tempfile.mkdtemp(prefix="timeline-home-"))
    if user() is not None:
        os.chown(folder, user() or 0, group() or 0)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def installed() -> Iterator[Program]:
    """This program as a wheel, built as the Dockerfile builds it, in an empty venv."""
    folder = Path(tempfile.mkdtemp(prefix="timeline-venv-"))
    folder.chmod(0o755)
    pip = ["-m", "pip", "--disable-pip-version-check", "--quiet"]
    quick = ["install", "--no-compile"]

    def run(*command: str) -> None:
        made = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        assert made.returncode == 0, made.stderr

    try:
        run(_python(), "-m", "venv", "--without-pip", str(folder / "venv"))
        into = [sys.executable, *pip, "--python", str(folder / "venv/bin/python")]
        run(*into, *quick, "--requirement", "requirements.txt")
        run(*into, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder / "wheels"), ".")
        wheels = [str(one) for one in (folder / "wheels").glob("*.whl")]
        run(*into, *quick, "--no-deps", *wheels)
        yield Program((str(folder / "venv/bin/timeline"),), {})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _python() -> str:
    """A Python that the user may run: ours may be in root's own home."""
    for one in (sys.executable, "/usr/bin/python3"):
        said = [one, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        with contextlib.suppress(OSError):
            if subprocess.run(said, user=user(), group=group(), check=False, cwd="/", env={}).returncode == 0:
                return one
    pytest.skip("no Python 3.11 or newer that an ordinary user may run")


@contextmanager
def released(beside: Program) -> Iterator[Program]:
    """The previous release, from its wheel, over the libraries of another installation."""
    folder = Path(tempfile.mkdtemp(prefix="timeline-released-"))
    folder.chmod(0o755)
    try:
        with zipfile.ZipFile(PREVIOUS) as wheel:
            wheel.extractall(folder)
        python = str(Path(beside.command[0]).with_name("python"))
        start = "import sys; from services.timeline.cli import main; sys.exit(main())"
        yield Program((python, "-c", start), {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"})
    finally:
        shutil.rmtree(folder, ignore_errors=True)

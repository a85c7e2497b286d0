"""Databases for tests, and the rule that CI skips nothing.

Integration tests run on the embedded PostgreSQL 18. Those marked `each_server` run on Debian's 15 too, where it is
installed; under CI=true a missing server is a failure, since a skipped test proves nothing.
"""

import atexit
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from services.timeline import logs
from services.timeline.composition import Timeline, opened
from services.timeline.embedded import embedded
from services.timeline.settings import Settings

CI = os.environ.get("CI") == "true"
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")

hypothesis.settings.register_profile("ci", deadline=None, derandomize=CI, print_blob=True)
hypothesis.settings.load_profile("ci")

logs.configure("error")  # else an unexpected error in a server of ours prints every local variable, for seconds

#: Keys that services under test make go here, not into the data folder of whoever runs the tests.
_DATA = Path(tempfile.mkdtemp(prefix="timeline-test-data-"))
_DATA.chmod(0o711)
os.environ["XDG_DATA_HOME"] = str(_DATA)
atexit.register(shutil.rmtree, _DATA, ignore_errors=True)

#: Files that take longest after the pages (60 to 90 s each).
LONG = ("/test_packaged", "/test_schemathesis", "/test_folds_against_reference", "/test_replicas", "/test_adversity")

_numbers = itertools.count(1)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI a skipped test fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if CI and reporter and skipped and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"CI: {len(skipped)} test(s) were skipped, which counts as failed", red=True)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Each file in one process, and all pages in one: maps drawn by software take every core, three at once many times as long."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415  (a run of one process has none)

    class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "pages" if _is_page(file) else file

    config.option.loadscopereorder = False
    return ByFile(config, log)


def _is_page(file: str) -> bool:
    return "/test_page_" in file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pages first, since nothing else takes so long; then what else takes long, lest one process be alone with it at the end."""
    items.sort(key=lambda item: (not _is_page(item.nodeid), not any(one in item.nodeid for one in LONG)))


@pytest.fixture(scope="session")
def postgres_18() -> Iterator[str]:
    """The embedded server, in a home of its own."""
    home = Path(tempfile.mkdtemp(prefix="timeline-tests-"))
    home.chmod(0o711)  # run by root, the server drops to a user who has to walk there
    try:
        with embedded(home) as conninfo:
            yield conninfo
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_15() -> Iterator[str]:
    """Debian's PostgreSQL 15 on a socket of its own."""
    if not (DEBIAN_15 / "postgres").exists():
        pytest.skip("Debian's postgresql-15 is not installed")
    with _debian_server() as conninfo:
        yield conninfo


@contextmanager
def _debian_server() -> Iterator[str]:
    home = Path(tempfile.mkdtemp(prefix="tl15-", dir="/tmp"))  # a short path: a socket's has at most 107 bytes
    as_postgres: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(home, "postgres")
        as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    data = str(home / "data")
    options = f"-k {home} -c listen_addresses= -c fsync=off"

    def run(*arguments: str) -> None:
        subprocess.run([*as_postgres, *arguments], check=True, capture_output=True, cwd=home)

    try:
        run(str(DEBIAN_15 / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        log = str(home / "log")
        run(str(DEBIAN_15 / "pg_ctl"), "-D", data, "-o", options, "-l", log, "-w", "start")
        yield make_conninfo(host=str(home), user="postgres", dbname="postgres")
    finally:
        subprocess.run([*as_postgres, str(DEBIAN_15 / "pg_ctl"), "-D", data, "-m", "immediate", "stop"], check=False)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def fresh_database(server: str, template: str | None = None) -> Iterator[str]:
    """An empty database on a server, or a copy of another one; dropped afterwards."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def database(postgres_18: str) -> Iterator[str]:
    """An empty database on the embedded PostgreSQL 18."""
    with fresh_database(postgres_18) as conninfo:
        yield conninfo


@pytest.fixture(params=["18", "15"])
def each_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database on each server that we promise to work on at its ends."""
    server: str = request.getfixturevalue(f"postgres_{request.param}")
    with fresh_database(server) as conninfo:
        yield conninfo


@pytest.fixture
def timeline(database: str) -> Iterator[Timeline]:
    """An opened timeline on an empty log."""
    with opened(Settings(database_url=database)) as opened_timeline:
        yield opened_timeline

"""One direction: imports run services.timeline → projections → events; the log's library and all I/O stay at the edge."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = ("events", "projections", "services")

#: Modules of `projections` that are folds or rules: they read no clock, no database, no environment.
STDLIB_IO = {"asyncio", "http", "os", "random", "select", "socket", "subprocess", "threading", "urllib"}


def modules(layer: str) -> list[Path]:
    """The Python files of one layer."""
    found = sorted((ROOT / layer).rglob("*.py"))
    assert found
    return found


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def names(path: Path) -> set[str]:
    """The packages that a file imports."""
    return {name.split(".")[0] for name in imported(path)}


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_run_in_one_direction(layer: str) -> None:
    """A layer knows itself and those to its left, and no test."""
    to_the_right = set(LAYERS[LAYERS.index(layer) + 1 :]) | {"tests", "bench"}
    wrong = {str(path): found for path in modules(layer) if (found := names(path) & to_the_right)}
    assert wrong == {}


def test_only_the_log_knows_the_library_that_it_is_built_on() -> None:
    """So that it can be replaced, or overridden, in one place."""
    knowing = [path for layer in LAYERS for path in modules(layer) if "eventsourcing" in names(path)]
    assert knowing == [ROOT / "events" / "recorder.py"]


def test_of_the_events_only_the_log_knows_a_database() -> None:
    """What was said is plain values."""
    knowing = {path.name for path in modules("events") if names(path) & {"psycopg", "psycopg_pool"}}
    assert knowing == {"appending.py", "log.py", "recorder.py"}


@pytest.mark.parametrize("layer", ["events", "projections"])
def test_nothing_below_the_service_reads_the_network_the_environment_or_chance(layer: str) -> None:
    """Clocks, sockets and threads are at the edge; the salt of a text is the one draw of chance."""
    allowed = {"codec.py": {"os"}}
    wrong = {
        str(path): found
        for path in modules(layer)
        if (found := (names(path) & STDLIB_IO) - allowed.get(path.name, set()))
    }
    assert wrong == {}


def test_routes_know_no_sql_and_no_fold_knows_the_web() -> None:
    """REST parses, asks and renders; what follows from the log does not know who asks."""
    statements = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ")
    api = modules("services/timeline/api")
    assert not [path for path in api if any(word in path.read_text("utf-8") for word in statements)]
    web = {"fastapi", "starlette", "uvicorn", "typer", "rich", "pydantic"}
    assert not [path for layer in LAYERS[:2] for path in modules(layer) if names(path) & web]


def test_importing_the_events_opens_nothing() -> None:
    """No file is written, no socket opened, no process or thread started."""
    every = [f"events.{path.stem}" for path in modules("events") if path.stem != "__init__"]
    program = f"""
import importlib, sys, threading
watched = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "sqlite3.")
found = []
def look(event, arguments):
    if event.startswith(watched) or (event == "open" and set(str(arguments[1] or "")) & set("wax+")):
        found.append((event, arguments))
sys.dont_write_bytecode = True
sys.addaudithook(look)
for name in {every!r}:
    importlib.import_module(name)
assert threading.active_count() == 1, threading.enumerate()
print(found)
"""
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, "[]", "")

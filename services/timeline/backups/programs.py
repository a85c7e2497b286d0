"""PostgreSQL's own programs for dumps: those of the embedded server, else the ones that are installed."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from services.timeline.embedded_programs import EmbeddedUnavailable, binaries
from services.timeline.pools import Unreachable

#: What a program said last, of a failure.
_WORDS: Final = 2_000


class Failed(RuntimeError):
    """A program of PostgreSQL's ended with an error; its last words, in one line."""


def program(name: str) -> str:
    """Where a program is.

    Raises:
        Unreachable: it is neither in the wheel nor installed.
    """
    try:
        return str(binaries() / name)
    except EmbeddedUnavailable:
        found = shutil.which(name)
    if found is None:
        raise Unreachable(f"{name} is not installed; it comes with PostgreSQL's client programs")
    return found


def reaching(conninfo: str) -> tuple[str, Mapping[str, str]]:
    """How a program connects: the connection string without its password, which goes by the environment.

    Every user of the machine may read the arguments of a process, and only its owner the environment.
    """
    parts = conninfo_to_dict(conninfo)
    password = parts.pop("password", None)
    own = {name: value for name, value in os.environ.items() if not name.startswith("TIMELINE_")}
    return make_conninfo("", **parts), own | ({"PGPASSWORD": str(password)} if password is not None else {})


@contextmanager
def running(command: list[str], environment: Mapping[str, str], *, feed: bool) -> Iterator[IO[bytes]]:
    """A program, and its standard output, or (`feed`) its input; ended with us, whatever happens.

    Raises:
        Failed: it says that it did not do what it should; not where we failed before it.
    """
    pipe, none = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(  # noqa: S603  (a list put together here, never a line of text)
        command, stdin=pipe if feed else none, stdout=none if feed else pipe, stderr=pipe, env=dict(environment)
    ) as process:
        end = process.stdin if feed else process.stdout
        assert end is not None
        assert process.stderr is not None
        try:
            yield end
        except BrokenPipeError:  # it ended before it had all: it says why
            pass
        except BaseException:
            process.kill()
            raise
        if feed:
            with suppress(BrokenPipeError):
                end.close()
        said = process.stderr.read()[-_WORDS:].decode(errors="replace")
        if process.wait() != 0:
            lines = [line.strip() for line in said.splitlines() if line.strip()]
            telling = [line for line in lines if "error:" in line or "ERROR:" in line]
            raise Failed((telling or lines or [f"{command[0]} ended with {process.returncode}"])[0])

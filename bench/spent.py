"""Time spent: by the clock, and by processors in our processes and in those of PostgreSQL, where the system tells."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from services.timeline.composition import Timeline


class Spent(NamedTuple):
    """Seconds by the clock; of processors in our processes with their children, and in PostgreSQL's (None: unknown)."""

    wall: float
    ours: float
    postgres: float | None

    def plus(self, other: "Spent", sign: int = 1) -> "Spent":
        """Both together."""
        known = self.postgres is not None and other.postgres is not None
        server = self.postgres + sign * other.postgres if known else None  # type: ignore[operator]
        return Spent(self.wall + sign * other.wall, self.ours + sign * other.ours, server)

    def since(self, earlier: "Spent") -> "Spent":
        """What was spent from an earlier moment to this one."""
        return self.plus(earlier, -1)


def spent(timeline: Timeline) -> Spent:
    """What has been spent so far."""
    return Spent(time.perf_counter(), sum(os.times()[:4]), _server(timeline))


def _server(timeline: Timeline) -> float | None:
    """Of the server's main process, those of its children that ended, and those that live."""
    with timeline.log.pool.connection() as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
    try:
        assert row is not None
        main = _stat(row[0])[1]  # a server elsewhere has a process of another number, or none
        while True:
            reaped = _stat(main)[13:15]
            ticks = _children(main)
            own = _stat(main)[11:15]
            if own[2:] == reaped:  # else a child may be counted twice, or not at all
                return (ticks + sum(own)) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return None


def _children(main: int) -> int:
    ticks = 0
    for found in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            one = _stat(int(found.name))
            ticks += sum(one[11:13]) if one[1] == main else 0
    return ticks


def _stat(process: int) -> list[int]:
    """The numbers of /proc/…/stat that follow the state: [1] is the parent, [11:15] user and system time, own and reaped."""
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return [0, *map(int, told[1:])]


@contextmanager
def watched(calls: dict[str, tuple[Any, str]]) -> Iterator[dict[str, float]]:
    """Seconds by the clock in each of some methods, one of another counted in both; filled when it ends."""
    took = dict.fromkeys(calls, 0.0)
    with ExitStack() as patches:
        for key, (of, name) in calls.items():
            patches.enter_context(mock.patch.object(of, name, _timing(getattr(of, name), took, key)))
        yield took


def _timing(method: Callable[..., Any], took: dict[str, float], key: str) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return method(*arguments, **named)
        finally:
            took[key] += time.perf_counter() - began

    return timed

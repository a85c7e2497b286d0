"""Several services on one database: one follows, the others stand by and take over within seconds when it dies."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import httpx2
import psycopg
from structlog.testing import capture_logs

from projections.follower import Follower
from services.timeline import following, story
from services.timeline.composition import Following, Timeline, opened
from services.timeline.settings import Settings
from tests.acceptance.test_cli import COMMAND, environment
from tests.acceptance.test_rest import served
from tests.integration.test_follower import as_folded

#: A takeover may take so many seconds.
SOON = 5.0


@dataclass(frozen=True)
class Service:
    """A `timeline serve` in a process of its own."""

    process: subprocess.Popen[str]
    client: httpx2.Client

    def role(self) -> str:
        """Whether it follows (`here`) or stands by (`elsewhere`)."""
        role: str = self.client.get("/readyz").json()["follower"]
        return role

    def post(self, source_id: str) -> int:
        said = {"type": "SourceRegistered", "source_id": source_id, "name": source_id, "kind": "ngo"}
        position: int = self.client.post("/v1/events", json=said).json()["position"]
        return position

    def folded(self) -> int:
        found: list[int] = [one["position"] for one in self.client.get("/v1/views").json()["views"]]
        return min(found)


@contextmanager
def service(database: str) -> Iterator[Service]:
    with subprocess.Popen(
        [COMMAND, "serve", "--port", "0"],
        env=environment(database, {"TIMELINE_LOG_LEVEL": "error"}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            with httpx2.Client(base_url=_url(process.stderr), timeout=30) as client:
                yield Service(process, client)
        finally:
            process.kill()


def _url(said: IO[str] | None) -> str:
    assert said is not None
    line = said.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found, line
    return found[0]


def until(done: Callable[[], bool], what: str, seconds: float = SOON) -> float:
    """Wait for something; how long it took."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < seconds, what
        time.sleep(0.02)
    return time.monotonic() - began


def test_when_the_one_that_follows_is_killed_another_takes_over_within_seconds(database: str) -> None:
    """kill -9, twice; what is posted meanwhile is folded."""
    with service(database) as one, service(database) as two, service(database) as three:
        until(lambda: [each.role() for each in (one, two, three)].count("here") == 1, "one of them follows")
        alive = [one, two, three]
        for number in range(2):
            first = next(each for each in alive if each.role() == "here")
            alive.remove(first)
            os.kill(first.process.pid, signal.SIGKILL)
            position = alive[0].post(f"source-{number}")
            until(lambda: alive[0].folded() == position, "what was posted is folded")  # noqa: B023
            until(lambda: [each.role() for each in alive].count("here") == 1, "one of those left follows")

    with opened(Settings(database_url=database)) as timeline:
        assert as_folded(timeline)


def test_a_lost_connection_lets_another_take_over_and_is_made_again(database: str) -> None:
    """The server ends the follower's session: whoever follows afterwards, both processes go on and one of them folds."""
    with service(database) as one, service(database) as two:
        until(lambda: sorted((one.role(), two.role())) == ["elsewhere", "here"], "one of them follows")
        with psycopg.connect(database, autocommit=True) as connection:
            for number in range(3):
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = "
                    "(SELECT oid FROM pg_database WHERE datname = current_database())"
                )
                position = two.post(f"source-{number}")
                until(lambda: one.folded() == position, "what was posted is folded")  # noqa: B023
                until(lambda: sorted((one.role(), two.role())) == ["elsewhere", "here"], "one of them follows")


def test_the_lag_is_told_in_events_and_in_seconds(timeline: Timeline) -> None:
    """How long ago the oldest event that is not folded yet was recorded; nothing once all is folded."""
    timeline.writer.append(story.lines()[:10], "test")
    time.sleep(0.3)
    timeline.writer.append(story.lines()[10:20], "test")
    with served(timeline) as client:
        ready, listed = client.get("/readyz").json(), client.get("/v1/views").json()["views"]
        assert (ready["lag"], {one["lag"] for one in listed}) == (20, {20})
        assert min(ready["lag_seconds"], *(one["lag_seconds"] for one in listed)) >= 0.3
        timeline.follower.follow()
        ready, listed = client.get("/readyz").json(), client.get("/v1/views").json()["views"]
        assert (ready["lag"], ready["lag_seconds"]) == (0, 0)
        assert {(one["lag"], one["lag_seconds"]) for one in listed} == {(0, 0)}


def test_who_follows_can_be_asked(timeline: Timeline) -> None:
    """By the name of its connection, which tells the process."""
    with timeline.log.pool.connection() as connection:
        assert following.leader(connection) is None
        with Following(timeline) as one:
            until(lambda: one.leads, "it follows")
            with Following(timeline) as other:
                time.sleep(0.3)
                found = following.leader(connection)
                assert found is not None
                assert str(os.getpid()) in found.name
                assert (one.leads, other.leads, other.alive) == (True, False, True)
        until(lambda: following.leader(connection) is None, "the lock is let go")


def test_a_long_fold_ends_between_batches_when_told_to_stop(timeline: Timeline) -> None:
    """Rather than after all of the log."""
    following_ = Following(timeline)
    rounds = iter(range(10_000))

    class Endless(Follower):
        def follow(self, on_progress: Callable[[int], None] | None = None) -> int:
            assert on_progress is not None
            for number in rounds:
                time.sleep(0.01)
                on_progress(number)
            return 0

    following_._follower = Endless(timeline.log)
    with following_:
        until(lambda: following_.leads, "it follows")
    assert not following_.alive
    assert next(rounds) < 1_000


def test_a_clock_behind_the_log_raises_an_alarm(timeline: Timeline) -> None:
    """In the log of every service, and only once in a while."""
    with timeline.log.pool.connection() as connection:
        connection.execute("UPDATE log_head SET recorded_at = clock_timestamp() + interval '1 hour'")
    assert 3590 < timeline.log.behind().total_seconds() <= 3600
    alarm = following._Alarm(timeline.log)
    with capture_logs() as said:
        for _ in range(3):
            alarm._next_look = 0
            alarm.look()

    assert [(one["log_level"], "behind the log" in one["event"]) for one in said] == [("error", True)]

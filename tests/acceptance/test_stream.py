"""The log as a stream over a real server: goes on where a client was, wakes for what is recorded, ends when it should."""

import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import psycopg
import pytest
import uvicorn

from events.log import CHANNEL
from services.timeline import story, tailing
from services.timeline.api.app import create
from services.timeline.composition import Timeline
from services.timeline.serving import Server
from tests.acceptance.test_cli import COMMAND, environment
from tests.acceptance.test_rest import Tree, assert_problem, reported, small_world

SSE = {"Accept": "text/event-stream"}

WORLD = [json.dumps(one).encode() for one in small_world()]


class Served:
    """A served timeline whose streams can be counted, and that can be told to stop."""

    def __init__(self, timeline: Timeline, listening: socket.socket) -> None:
        self.timeline = timeline
        self.app = create(timeline)
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(self.app, log_config=None, access_log=False, ws="none")
        self.server = Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listening]}, daemon=True)

    def append(self, *events: Tree) -> int:
        """Record events; the last position."""
        lines = [json.dumps(one).encode() for one in events or (reported(),)]
        place = self.timeline.writer.append(lines, "test")[-1].place
        assert place is not None
        return place.position

    def open(self) -> int:
        streams: tailing.Streams = self.app.state.streams
        return streams.open

    @contextmanager
    def stream(self, query: str = "", **headers: str) -> Iterator["Reading"]:
        """A client of its own that reads the stream."""
        with (
            httpx2.Client(base_url=self.url, timeout=10) as client,
            client.stream("GET", f"/v1/events{query}", headers=SSE | headers) as answer,
        ):
            yield Reading(answer)


class Reading:
    """A stream as a client reads it."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self._lines = answer.iter_lines()

    def events(self, count: int) -> list[tuple[int, Tree]]:
        """The next events, as (id, data)."""
        found: list[tuple[int, Tree]] = []
        identity = 0
        while len(found) < count:
            line = next(self._lines)
            if line.startswith("id: "):
                identity = int(line[4:])
            elif line.startswith("data: "):
                found.append((identity, json.loads(line[6:])))
        return found

    def comment(self) -> str:
        """The next comment after those of the beginning."""
        while not (line := next(self._lines)).startswith(": still"):
            pass
        return line

    def rest(self) -> list[str]:
        """All that comes until the end."""
        return list(self._lines)


@pytest.fixture
def served(timeline: Timeline) -> Iterator[Served]:
    """The small world, served by the server that `timeline serve` runs."""
    timeline.writer.append(WORLD, "test", atomic=True)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = Served(timeline, listening)
        running.thread.start()
        yield running
        running.server.should_exit = True
        running.thread.join(timeout=30)
        assert not running.thread.is_alive()


def until(done: object, seconds: float = 10) -> None:
    give_up = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_a_stream_has_the_log_from_its_beginning_and_goes_on(served: Served) -> None:
    """Each event once, in order, its position as id, in the shape of a page."""
    page = httpx2.get(f"{served.url}/v1/events").json()["events"]
    with served.stream() as reading:
        assert reading.answer.headers["Content-Type"].startswith("text/event-stream")
        assert reading.answer.headers["Cache-Control"] == "no-store"
        assert reading.events(len(page)) == [(one["position"], one) for one in page]
        for number in range(3):
            last = served.append(*(reported() for _ in range(number + 1)))
            found = reading.events(number + 1)
            assert [identity for identity, _ in found] == list(range(last - number, last + 1))
            assert found[-1][1]["event"]["summary"] == reported()["summary"]


def test_who_comes_back_goes_on_where_it_was(served: Served) -> None:
    """`Last-Event-ID` over `after`, which is what the address still says."""
    head = served.append()
    with served.stream("?after=3") as reading:
        assert reading.events(1)[0][0] == 4
    with served.stream("?after=3", **{"Last-Event-ID": "7"}) as reading:
        assert [identity for identity, _ in reading.events(head - 7)] == list(range(8, head + 1))
    with served.stream("?after=3", **{"Last-Event-ID": str(head)}) as reading:
        new = served.append()
        assert reading.events(1)[0][0] == new


def test_a_long_log_comes_whole(served: Served) -> None:
    """In as many helpings as it takes."""
    for _ in range(9):
        served.append(*(reported() for _ in range(100)))
    with served.stream("?after=11") as reading:
        assert [identity for identity, _ in reading.events(900)] == list(range(12, 912))


@pytest.mark.parametrize("said", ["-1", "seven", "7.0", "٧", "9" * 30])
def test_an_id_that_is_no_position_is_refused(served: Served, said: str) -> None:
    """Before anything is streamed."""
    answer = httpx2.get(
        f"{served.url}/v1/events", headers=[(b"Accept", b"text/event-stream"), (b"Last-Event-ID", said.encode())]
    )
    assert assert_problem(answer, 422)["errors"][0]["field"] == "Last-Event-ID"


def test_a_stream_is_woken_by_the_append(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long before it would look by itself."""
    monkeypatch.setattr(tailing, "LOOK", 60)
    monkeypatch.setattr(tailing, "KEEP_ALIVE", 60)
    head = served.timeline.log.head().position
    with served.stream(f"?after={head}") as reading:
        _listening(served)
        for _ in range(5):
            begun = time.monotonic()
            new = served.append()
            assert reading.events(1)[0][0] == new
            assert time.monotonic() - begun < 2


def _listening(served: Served) -> None:
    def listens() -> bool:
        with served.timeline.log.pool.connection() as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE %s",
                [f"LISTEN {CHANNEL}%"],
            ).fetchone()
        return row is not None and row[0] > 0

    until(listens)


def test_a_stream_that_nobody_wakes_looks_by_itself(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """NOTIFY is a courtesy."""
    monkeypatch.setattr(tailing, "LOOK", 0.2)
    monkeypatch.setattr(tailing.Streams, "_wake", lambda _: None)
    head = served.timeline.log.head().position
    with served.stream(f"?after={head}") as reading:
        time.sleep(0.3)
        new = served.append()
        assert reading.events(1)[0][0] == new


def test_a_stream_with_nothing_to_tell_says_that_it_lives(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """By comments, which are no events."""
    monkeypatch.setattr(tailing, "KEEP_ALIVE", 0.1)
    with served.stream("?after=1000") as reading:
        assert [reading.comment() for _ in range(3)] == [": still here"] * 3


def test_no_more_streams_than_there_is_room_for(served: Served) -> None:
    """The next one is told to come later, and may once somebody has left."""
    served.app.state.streams._most = 2
    with served.stream() as first:
        first.events(1)
        with served.stream() as second:
            second.events(1)
            refused = httpx2.get(f"{served.url}/v1/events", headers=SSE)
            assert "pages" in assert_problem(refused, 503)["detail"]
            assert refused.headers["Retry-After"] == "10"
            assert httpx2.get(f"{served.url}/v1/events").status_code == 200
        until(lambda: served.open() == 1)
        with served.stream() as third:
            third.events(1)
    until(lambda: served.open() == 0)


def test_a_client_who_leaves_leaves_nothing_behind(served: Served) -> None:
    """No stream, and nobody who listens for it."""
    for _ in range(5):
        with served.stream() as reading:
            reading.events(2)
            assert served.open() == 1
        until(lambda: served.open() == 0)
    with served.timeline.log.pool.connection() as connection:

        def listeners() -> int:
            rows = connection.execute(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
            )
            return len(rows.fetchall())

        until(lambda: listeners() == 0)


def test_streams_end_with_the_service(served: Served) -> None:
    """Their last chunk is complete, and nobody waits for them."""
    with served.stream() as reading:
        reading.events(2)
        begun = time.monotonic()
        served.server.should_exit = True
        reading.rest()  # ends, and is not cut off: that would raise
        served.thread.join(timeout=10)
        assert not served.thread.is_alive()
        assert time.monotonic() - begun < 5


def test_a_lost_database_ends_a_stream_or_is_outlived_by_it(served: Served) -> None:
    """Whoever goes on after the last event that came misses nothing."""
    head = served.timeline.log.head().position
    last = head
    for _ in range(3):
        with served.stream(**{"Last-Event-ID": str(last)}) as reading:
            last = served.append()
            assert reading.events(1)[0][0] == last
            with served.timeline.log.pool.connection() as connection, pytest.raises(psycopg.OperationalError):
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() ORDER BY pid = pg_backend_pid()"
                )
    with served.stream(f"?after={head}") as reading:
        assert [identity for identity, _ in reading.events(3)] == [head + 1, head + 2, head + 3]


def test_head_of_a_stream_ends_at_once(served: Served) -> None:
    """It has no body to wait for."""
    answer = httpx2.head(f"{served.url}/v1/events", headers=SSE)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"].startswith("text/event-stream")


def test_the_command_stops_at_once_though_somebody_listens(database: str) -> None:
    """`timeline serve`, as a terminal stops it."""
    loaded = subprocess.run(
        [COMMAND, "import", "-"], input=b"\n".join(story.lines()[:20]), env=environment(database), check=True,
        capture_output=True,
    )  # fmt: skip
    assert loaded.returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [COMMAND, "serve", "--port", str(port)], env=environment(database), stderr=subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        while b"serving on" not in process.stderr.readline():
            pass
        url = f"http://127.0.0.1:{port}/v1/events"
        with httpx2.Client(timeout=10) as client, client.stream("GET", url, headers=SSE) as answer:
            reading = Reading(answer)
            reading.events(20)
            process.send_signal(signal.SIGINT)
            reading.rest()
            process.wait(timeout=10)
    finally:
        process.kill()
        process.communicate()

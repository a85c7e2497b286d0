"""A replay as clients and people get it: streams that end and can be resumed, lines in pipes, one line for what is wrong."""

import json
import os
import pty
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise

import httpx2
import pytest

from services.timeline import story
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings
from tests.acceptance.test_cli import COMMAND, assert_one_line, environment, run
from tests.acceptance.test_rest import Tree, assert_problem
from tests.acceptance.test_stream import SSE, Served, until
from tests.conftest import fresh_database


@pytest.fixture(scope="module")
def told(postgres_18: str) -> Iterator[str]:
    """A database with the demo's story, folded."""
    with fresh_database(postgres_18) as database:
        with opened(Settings(database_url=database)) as timeline:
            timeline.writer.append(story.lines(), "test", atomic=True)
            timeline.follower.follow()
        yield database


@pytest.fixture
def timeline(told: str) -> Iterator[Timeline]:
    with opened(Settings(database_url=told)) as timeline:
        yield timeline


@pytest.fixture
def served(timeline: Timeline) -> Iterator[Served]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = Served(timeline, listening)
        running.thread.start()
        yield running
        running.server.should_exit = True
        running.thread.join(timeout=30)
        assert not running.thread.is_alive()


def events(served: Served, query: str = "", **headers: str) -> list[tuple[str | None, str, Tree]]:
    """The events of a whole stream, as (id, type, data)."""
    answer = httpx2.get(f"{served.url}/v1/replay{query}", headers=SSE | headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    found = []
    for block in answer.text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        if "data" in fields:
            found.append((fields.get("id"), fields.get("event", "message"), json.loads(fields["data"])))
    return found


def lines(served: Served, query: str = "") -> list[Tree]:
    answer = httpx2.get(f"{served.url}/v1/replay{query}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_the_article_is_told_again_in_the_order_in_which_it_was_published(served: Served) -> None:
    """On the evening of 2 December the city is also claimed by others; by noon of the 3rd that was refuted."""
    found = lines(served, "?view=published&place=sy-hama&from=2024-12-02T00:00:00Z&to=2024-12-03T12:00:00Z")

    assert [one["known_at"] for one in found] == sorted(one["known_at"] for one in found)
    assert found[0]["words"] == (
        "Hama: held by Syrian Arab Army (corroborated) -> held by Syrian Arab Army (corroborated); "
        "also claimed: held by Hay'at Tahrir al-Sham (unconfirmed)"
    )
    assert [cause["type"] for cause in found[0]["causes"]] == ["DevelopmentReported"]
    assert found[0]["causes"][0]["words"].startswith("Mainstream regional media (unnamed) reported:")
    assert found[-1]["new"]["pending"] == []
    assert found[-1]["causes"][-1]["type"] == "DevelopmentAssessed"
    assert {one["location_id"] for one in found} == {"sy-hama"}


def test_a_stream_says_the_same_as_the_lines_and_that_it_has_ended(served: Served) -> None:
    found = events(served)
    told = lines(served)

    assert [data for _, kind, data in found if kind == "message"] == told
    identity, kind, data = found[-1]
    head = served.timeline.log.head().position
    assert (identity, kind, data) == (
        str(head), "end", {"view": "current", "known_position": head, "changes": len(told)},
    )  # fmt: skip


def test_an_id_comes_with_the_last_change_of_a_moment(served: Served) -> None:
    """Who was cut off in the middle of a moment hears all of it again."""
    *changes, _ = events(served)
    for (identity, _, data), (_, _, following) in pairwise(changes):
        alone = following["position"] != data["position"]
        assert identity == (str(data["position"]) if alone else None)


def test_who_comes_back_goes_on_where_it_was_and_is_told_when_there_is_no_more(served: Served) -> None:
    """204 tells an EventSource to stop coming back (WHATWG HTML, section 9.2.2)."""
    whole = events(served)
    middle = next(index for index in range(len(whole) // 2, len(whole)) if whole[index][0])
    identity = whole[middle][0]
    assert identity is not None
    assert events(served, **{"Last-Event-ID": identity})[:-1] == whole[middle + 1 : -1]

    end = whole[-1][0]
    assert end is not None
    assert httpx2.get(f"{served.url}/v1/replay", headers=SSE | {"Last-Event-ID": end}).status_code == 204


def test_a_replay_is_paced_by_the_known_clock(served: Served) -> None:
    """At a speed at which the next change is far off, the first ones come and the stream waits; it counts as a stream."""
    with (
        httpx2.Client(base_url=served.url, timeout=10) as client,
        client.stream("GET", "/v1/replay?view=published&speed=10x", headers=SSE) as answer,
    ):
        coming = answer.iter_lines()
        assert next(line for line in coming if line.startswith("data: "))
        assert served.open() == 1
    until(lambda: served.open() == 0)


def test_a_paced_replay_ends_with_the_service_and_does_not_say_that_it_was_whole(served: Served) -> None:
    with (
        httpx2.Client(base_url=served.url, timeout=10) as client,
        client.stream("GET", "/v1/replay?view=published&speed=10x", headers=SSE) as answer,
    ):
        coming = answer.iter_lines()
        next(line for line in coming if line.startswith("data: "))
        served.server.should_exit = True
        assert "event: end" not in list(coming)


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("?from=yesterday", 422, "from"),
        ("?to=2024-12-02", 422, "to"),
        ("?from=9&to=3", 422, "to"),
        ("?speed=fast", 422, "speed"),
        ("?speed=0", 422, "speed"),
        ("?view=published&from=9", 422, "from"),
        ("?f=csv", 422, "f"),
        ("?within=sy", 422, "within"),
        ("?place=nowhere", 404, None),
        ("?view=nothing", 404, None),
    ],
)
def test_what_cannot_be_replayed_is_refused_before_anything_is_streamed(
    served: Served, query: str, status: int, field: str | None
) -> None:
    body = assert_problem(httpx2.get(f"{served.url}/v1/replay{query}"), status)
    assert field is None or body["errors"][0]["field"] == field


def test_in_a_pipe_it_is_lines_without_a_word_beside_them(told: str) -> None:
    ran = run(told, "replay", "--place", "Hama", "--view", "published")

    assert (ran.returncode, ran.stderr) == (0, "")
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    assert found[0]["words"] == "Hama: unknown -> held by Syrian Arab Army (credible)"
    assert len(found) > 10


def test_dates_and_positions_bound_it(told: str) -> None:
    """A date is the begin of its day for --from and the end of it for --to."""
    ran = run(told, "replay", "--view", "published", "--from", "2024-12-02", "--to", "2024-12-02", "--place", "sy-hama")
    assert {json.loads(line)["known_at"][:10] for line in ran.stdout.splitlines()} == {"2024-12-02"}
    ran = run(told, "replay", "--from", "126", "--to", "144")
    assert {json.loads(line)["position"] for line in ran.stdout.splitlines()} >= {126, 144}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--from", "yesterday"], "--from 'yesterday'"),
        (["--speed", "fast"], "--speed 'fast'"),
        (["--place", "Atlantis"], "'Atlantis'"),
        (["--view", "published", "--from", "9"], "publication"),
        (["--view", "nothing"], "no view 'nothing'"),
        (["--from", "9", "--to", "3"], "swapped"),
    ],
)
def test_what_is_wrong_is_one_line(told: str, arguments: list[str], word: str) -> None:
    assert_one_line(run(told, "replay", *arguments), 2, word)


def test_on_a_terminal_it_takes_its_time_and_ctrl_c_ends_it_quietly(told: str) -> None:
    screen, terminal = pty.openpty()
    arguments = [COMMAND, "replay", "--view", "published", "--speed", "1x"]
    with subprocess.Popen(arguments, env=environment(told), stdout=terminal, stderr=subprocess.PIPE) as running:
        os.close(terminal)
        seen = b""
        give_up = time.monotonic() + 30
        while b"because" not in seen:
            assert time.monotonic() < give_up
            seen += os.read(screen, 4096)
        running.send_signal(signal.SIGINT)
        _, complaint = running.communicate(timeout=30)
    os.close(screen)

    assert (running.returncode, complaint) == (0, b"")
    assert b"until further notice" in seen

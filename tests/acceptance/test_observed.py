"""What whoever runs the service sees of it: request ids, lines of log as JSON, and metrics as Prometheus reads them."""

import json
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.timeline import keys, story, wire_views
from services.timeline.api.app import create
from services.timeline.composition import Following, opened
from services.timeline.settings import Settings
from tests.acceptance.test_cli import COMMAND, environment
from tests.acceptance.test_rest import JSON, Desk, served, told
from tests.conftest import fresh_database

__all__ = ("told",)


def metrics(client: httpx2.Client, **headers: str) -> dict[str, dict[tuple[str, ...], float]]:
    """Every sample by name and the values of its labels."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for one in family.samples:
            found.setdefault(one.name, {})[tuple(one.labels.values())] = one.value
    return found


def test_a_request_keeps_the_id_that_it_came_with_and_gets_one_where_it_has_none(told: Desk) -> None:
    assert told.get("/healthz", **{"X-Request-Id": "desk-7/42"}).headers["x-request-id"] == "desk-7/42"
    first, second = (told.get("/healthz").headers["x-request-id"] for _ in range(2))
    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert first != second


@pytest.mark.parametrize("hostile", ["a b", 'x"} {"y', "a" * 129, ""])
def test_what_is_no_id_is_not_repeated(told: Desk, hostile: str) -> None:
    answer = told.get("/v1/nothing", **{"X-Request-Id": hostile})
    assert answer.status_code == 404
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


def test_an_error_that_nobody_foresaw_is_a_problem_with_the_id_to_look_for(
    told: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire_views, "ViewPage", lambda *_: 1 / 0)
    answer = told.get("/v1/views", **{"X-Request-Id": "find-me"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "find-me" in answer.json()["detail"]
    assert "ZeroDivision" not in answer.text


def test_metrics_tell_what_was_asked_by_route_and_not_by_address(told: Desk) -> None:
    before = metrics(told.client)["timeline_http_requests_total"]
    told.get("/v1/locations/sy-hama/status")
    told.get("/v1/locations/no-such-place/status")
    told.get("/no/such/address")
    told.client.head("/v1/locations/sy-hama/status")
    found = metrics(told.client)
    after = found["timeline_http_requests_total"]
    place = "/v1/locations/{location_id}/status"
    assert after["GET", place, "200"] - before.get(("GET", place, "200"), 0) == 1
    assert after["HEAD", place, "200"] - before.get(("HEAD", place, "200"), 0) == 1
    assert after["GET", place, "404"] - before.get(("GET", place, "404"), 0) == 1
    assert after["GET", "(none)", "404"] >= 1
    assert found["timeline_http_request_seconds_count"]["GET", place] >= 2
    assert found["timeline_http_requests_under_way"][()] == 1  # the scrape itself


def test_metrics_tell_how_far_the_log_and_what_follows_it_are(told: Desk) -> None:
    found = metrics(told.client)
    assert found["timeline_database_up"][()] == 1
    assert found["timeline_log_position"][()] == told.head()
    assert found["timeline_view_lag_events"] == {("current",): 0, ("published",): 0}
    assert found["timeline_view_set_aside"] == {("current",): 0, ("published",): 0}
    assert found["timeline_follower_leads"][()] == 1
    assert found["timeline_pool_size"]["log",] >= 1
    assert found["process_resident_memory_bytes"][()] > 0


def test_metrics_count_what_was_appended_in_batches(told: Desk) -> None:
    before = metrics(told.client)
    source = {"type": "SourceRegistered", "source_id": "counted", "name": "Counted", "kind": "ngo"}
    assert told.post(source).status_code == 201
    assert told.post_many([{**source, "source_id": f"counted-{n}"} for n in range(3)]).status_code == 200
    after = metrics(told.client)

    def grown(name: str) -> float:
        return after[name][()] - before[name][()]

    assert grown("timeline_append_batch_events_sum") == 4
    assert grown("timeline_append_seconds_count") == 2
    assert grown("timeline_log_position") == 4


def test_where_the_database_is_away_metrics_say_so_and_tell_the_rest(postgres_18: str) -> None:
    with (
        fresh_database(postgres_18) as database,
        opened(Settings(database_url=database)) as timeline,
        served(timeline) as client,
    ):
        timeline.log.pool.close()
        found = metrics(client)
        assert found["timeline_database_up"][()] == 0
        assert "timeline_log_position" not in found
        assert found["timeline_http_requests_under_way"][()] == 1


def test_where_keys_are_needed_metrics_need_one_too(postgres_18: str) -> None:
    with (
        fresh_database(postgres_18) as database,
        opened(Settings(database_url=database)) as timeline,
        served(timeline) as client,
    ):
        with timeline.log.pool.connection() as connection:
            key, _ = keys.add(connection, "prometheus", ["reader"], None)
        timeline.keys.refresh(0)
        assert client.get("/metrics").status_code == 401
        assert metrics(client, authorization=f"Bearer {key}")["timeline_database_up"][()] == 1


@contextmanager
def logged(database: str, **settings: str) -> Iterator[tuple[httpx2.Client, list[dict[str, Any]]]]:
    """A `timeline serve` that logs JSON, and (once it has ended) its lines."""
    lines: list[dict[str, Any]] = []
    set_ = {"TIMELINE_LOG_FORMAT": "json", **settings}
    process = subprocess.Popen(
        [COMMAND, "serve", "--port", "0"],
        env=environment(database, set_),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            lines.append(json.loads(line))
            if lines[-1]["event"] == "serving":
                break
        with httpx2.Client(base_url=lines[-1]["url"], timeout=30) as client:
            yield client, lines
    finally:
        process.terminate()
        _, rest = process.communicate(timeout=30)
        lines += [json.loads(line) for line in rest.splitlines()]


def test_every_line_is_a_json_object_and_each_request_has_one(postgres_18: str) -> None:
    with fresh_database(postgres_18) as database, logged(database, TIMELINE_LOG_REQUESTS="all") as (client, lines):
        client.get("/v1/locations/nowhere/status?at=2024-12-02T00:00:00Z", headers={"X-Request-Id": "one"})
        client.post("/v1/events", content=b"{", headers=JSON | {"X-Request-Id": "two"})
        client.get("/v1/nothing?q=hush", headers={"X-Request-Id": "three"})
    told_of = {one["request_id"]: one for one in lines if one["event"] == "request"}
    assert set(told_of) == {"one", "two", "three"}
    assert told_of["one"] | {"ms": 0, "client": "", "timestamp": "", "bytes": 0} == {
        "event": "request", "level": "info", "request_id": "one", "method": "GET", "status": 404,
        "path": "/v1/locations/nowhere/status", "route": "/v1/locations/{location_id}/status", "principal": "local",
        "ms": 0, "client": "", "timestamp": "", "bytes": 0,
    }  # fmt: skip
    assert told_of["two"]["status"] == 422
    assert told_of["three"]["route"] == "(none)"
    assert "hush" not in json.dumps(lines)


def test_what_a_library_says_is_json_too_and_only_failures_are_told_by_default(postgres_18: str) -> None:
    with fresh_database(postgres_18) as database, logged(database) as (client, lines):
        client.get("/v1/views")
        host, port = client.base_url.host, client.base_url.port
        assert port is not None
        with socket.create_connection((host, port)) as raw:
            raw.sendall(b"no HTTP at all\r\n\r\n")
            assert raw.recv(1000)
    assert not [one for one in lines if one["event"] == "request"]
    assert any("Invalid HTTP request" in one["event"] and one["level"] == "warning" for one in lines)


def test_the_document_and_the_story_are_served_by_an_application_that_counts(told: Desk) -> None:
    """Two applications over one timeline: the gauges are those of the last, and each is told once."""
    create(told.timeline, Following(told.timeline))
    text = told.timeline.metrics.text().decode()
    assert text.count("\ntimeline_log_position ") == 1
    assert story.lines()

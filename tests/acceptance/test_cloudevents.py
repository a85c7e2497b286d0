"""The log as CloudEvents, read by the specification's own library; a stream goes on where its client was."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from events.shape import EVENT_TYPES
from services.timeline import story
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings
from tests.acceptance.test_access import _opened, bearing, every_type, new_key
from tests.acceptance.test_rest import assert_problem, served
from tests.conftest import fresh_database

SSE = {"Accept": "text/event-stream"}


@pytest.fixture(scope="module")
def told(postgres_18: str) -> Iterator[tuple[httpx2.Client, Timeline]]:
    """The demo's story, served."""
    with fresh_database(postgres_18) as database, opened(Settings(database_url=database)) as timeline:
        story.load(timeline)
        with served(timeline) as client:
            yield client, timeline


def read(one: dict[str, Any]) -> CloudEvent:
    """One event as the library reads it; it refuses what the specification does not allow."""
    found = JSONFormat().read(CloudEvent, json.dumps(one))
    assert isinstance(found, CloudEvent)
    return found


def streamed(client: httpx2.Client, count: int, **headers: str) -> list[tuple[int, dict[str, Any]]]:
    """So many events of the stream, each with its id."""
    found: list[tuple[int, dict[str, Any]]] = []
    with client.stream("GET", "/v1/cloudevents", headers=SSE | headers) as answer:
        assert answer.headers["Content-Type"].split(";")[0] == "text/event-stream"
        number = 0
        for line in answer.iter_lines():
            if line.startswith("id: "):
                number = int(line[4:])
            if line.startswith("data: "):
                found.append((number, json.loads(line[6:])))
            if len(found) == count:
                return found
    raise AssertionError("the stream ended")


def test_the_specifications_own_library_reads_the_whole_log(told: tuple[httpx2.Client, Timeline]) -> None:
    """In batches that follow each other by their links; each event says what `/v1/events` says of it."""
    client, _ = told
    address, found = "/v1/cloudevents?limit=100", []
    while address:
        answer = client.get(address)
        assert answer.headers["Content-Type"] == "application/cloudevents-batch+json"
        found += [read(one) for one in answer.json()]
        address = answer.links.get("next", {}).get("url", "")
    recorded = client.get("/v1/events?limit=5000").json()["events"]
    assert [one.get_data() for one in found] == recorded
    assert len({(one.get_source(), one.get_id()) for one in found}) == len(recorded) == 297
    assert {one.get_type() for one in found} == {f"timeline.v1.{one['event']['type']}" for one in recorded}
    assert [int(one.get_extension("sequence")) for one in found] == [one["position"] for one in recorded]


def test_time_is_when_it_was_said_and_recordedtime_when_we_had_it(told: tuple[httpx2.Client, Timeline]) -> None:
    """The two clocks, in the specification's own extension."""
    batch = told[0].get("/v1/cloudevents").json()
    report = next(one for one in batch if one["data"]["event"]["type"] == "DevelopmentReported")
    found = read(report)
    published = datetime.fromisoformat(report["data"]["event"]["report"]["published_at"])
    assert found.get_time() == published < datetime(2025, 1, 1, tzinfo=UTC)
    assert found.get_extension("recordedtime") == report["data"]["recorded_at"] > "2026"
    assert found.get_subject() == f"development/{report['data']['event']['development_id']}"
    assessed = next(one for one in batch if one["data"]["event"]["type"] == "DevelopmentAssessed")
    assert read(assessed).get_time() == datetime.fromisoformat(assessed["data"]["event"]["assessed_at"])


def test_a_stream_goes_on_after_the_last_event_that_came(told: tuple[httpx2.Client, Timeline]) -> None:
    """`Last-Event-ID` is the position; nothing is told twice or left out, and what is recorded meanwhile comes."""
    client, timeline = told
    first = streamed(client, 40)
    rest = streamed(client, timeline.log.head().position - 40, **{"Last-Event-ID": str(first[-1][0])})
    assert [number for number, _ in first + rest] == list(range(1, timeline.log.head().position + 1))
    for number, one in first + rest:
        assert int(read(one).get_extension("sequence")) == number
    assert_problem(client.get("/v1/cloudevents", headers=SSE | {"Last-Event-ID": "x"}), 422)
    assert_problem(client.get("/v1/cloudevents?f=xml"), 422)


def test_every_type_of_event_is_one_and_the_name_of_a_sensitive_source_is_told_to_analysts(postgres_18: str) -> None:
    """In batches and streams alike."""
    with _opened(postgres_18) as timeline, served(timeline) as client:
        keys = {role: bearing(new_key(timeline, role, role)[0]) for role in ("reader", "analyst")}
        every = every_type()
        every.pop("EventRedacted")  # has a route of its own
        hidden = {
            "type": "SourceRegistered",
            "source_id": "s-7",
            "name": "Amal Haddad",
            "kind": "other",
            "sensitive": True,
        }
        lines = [json.dumps(one).encode() for one in [*every.values(), hidden]]
        timeline.writer.append(lines, "key:founder", atomic=True)
        head = timeline.log.head().position
        for role, tells in (("reader", False), ("analyst", True)):
            batch = client.get("/v1/cloudevents", headers=keys[role])
            assert ("Haddad" in batch.text) is tells
            types = {read(one).get_type().removeprefix("timeline.v1.") for one in batch.json()}
            assert types == set(EVENT_TYPES) - {"EventRedacted"}
            assert ("Haddad" in json.dumps(streamed(client, head, **keys[role]))) is tells

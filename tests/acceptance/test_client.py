"""The client that others copy: checked against the document of the service, run against the service, and with things that go wrong."""

import importlib.util
import inspect
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any, NotRequired, get_args, get_origin, get_type_hints
from uuid import uuid4

import httpx2
import pytest

from services.timeline.api.app import create
from services.timeline.composition import Timeline
from tests.acceptance.test_rest import Desk, desk, told  # noqa: F401  (fixtures)
from tests.browser import Served

FOLDER = Path(__file__).parents[2] / "docs" / "client"


def _loaded() -> Any:
    spec = importlib.util.spec_from_file_location("timeline_client", FOLDER / "timeline_client.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


client = _loaded()

#: Where each method that asks goes; what its parameters are called there where Python has another name.
ROUTES = {
    "status": "/v1/locations/{location_id}/status",
    "explain": "/v1/locations/{location_id}/explain",
    "history": "/v1/locations/{location_id}/history",
    "beliefs": "/v1/locations/{location_id}/beliefs",
    "statuses": "/v1/status",
    "changes": "/v1/changes",
    "replay": "/v1/replay",
    "developments": "/v1/developments",
    "development": "/v1/developments/{development_id}",
    "events": "/v1/events",
    "sources": "/v1/sources",
    "actors": "/v1/actors",
    "locations": "/v1/locations",
}
RENAMED = {"start": "from", "end": "to"}


@pytest.fixture
def document(timeline: Timeline) -> dict[str, Any]:
    return create(timeline).openapi()


def test_every_type_is_the_one_of_the_document(document: dict[str, Any]) -> None:
    """Field by field: what there is, what may be missing, and of which type."""
    schemas = document["components"]["schemas"]
    types = {name: one for name, one in vars(client).items() if isinstance(one, type) and hasattr(one, "__total__")}
    assert len(types) > 30
    for name, one in types.items():
        schema = schemas["ProblemOut" if name == "Problem" else name]
        hints = get_type_hints(one, vars(client), include_extras=True)
        assert set(hints) == set(schema["properties"]), name
        optional = {field for field, hint in hints.items() if get_origin(hint) is NotRequired}
        assert set(hints) - optional == set(schema.get("required", ())), name
        for field, hint in hints.items():
            assert written(hint) == told_as(schema["properties"][field]), f"{name}.{field}"


def written(hint: Any) -> set[str]:
    """A type as the names of JSON."""
    names = {
        str: "string",
        int: "integer",
        float: "number",
        bool: "boolean",
        type(None): "null",
        Any: "any",
        dict: "object",
    }
    if hint in names:
        return {names[hint]}
    origin = get_origin(hint)
    if origin is NotRequired:
        return written(get_args(hint)[0])
    if origin is list:
        return {f"array of {sorted(written(get_args(hint)[0]))}"}
    if origin is dict:
        return {"object"}
    if get_args(hint):
        return {name for each in get_args(hint) for name in written(each)}
    return {"Problem" if hint.__name__ == "ProblemOut" else hint.__name__}


def told_as(schema: Any) -> set[str]:
    """A schema likewise."""
    if schema in ({}, True):
        return {"any"}
    if "$ref" in schema:
        return {schema["$ref"].rpartition("/")[2]}
    if found := schema.get("anyOf") or schema.get("oneOf"):
        return {name for each in found for name in told_as(each)}
    if "enum" in schema and "type" not in schema:
        kinds = {"string" if isinstance(one, str) else "integer" for one in schema["enum"] if one is not None}
        return kinds | ({"null"} if None in schema["enum"] else set())
    kinds = schema.get("type", "any")
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if "array" in kinds:
        kinds = kinds - {"array"} | {f"array of {sorted(told_as(schema.get('items', {})))}"}
    return kinds


def test_every_parameter_is_one_that_the_service_takes(document: dict[str, Any]) -> None:
    """Nor is one left out but how the answer is to be written, and where a page goes on."""
    for name, path in ROUTES.items():
        taken = {one["name"] for one in document["paths"][path]["get"]["parameters"]}
        asked = {RENAMED.get(one, one) for one in inspect.signature(getattr(client.Client, name)).parameters} - {"self"}
        assert asked <= taken, name
        left = taken - asked - {"f", "cursor", "last-event-id", "accept-datetime", "after", "at", "name"}
        assert left <= {"known_at", "known_position", "view", "min_position"}, (name, left)


def test_it_answers_what_it_says(told: Desk) -> None:  # noqa: F811
    """Each way of asking, on the demo: pages that go on, frames with times, a refusal that names its field."""
    with client.Client(str(told.client.base_url)) as timeline:
        evening = {"at": "2024-12-02T12:00:00Z", "known_at": "2024-12-02T18:00:00Z", "view": "published"}
        assert timeline.status("sy-hama", **evening)["control"]["pending"][0]["holders"] == ["hts"]
        listed = list(timeline.developments(limit=7, view="published"))
        assert len({one["development_id"] for one in listed}) == len(listed) > 14
        assert timeline.development(listed[0]["development_id"])["trail"]
        assert [one["position"] for one in timeline.events(limit=100)] == list(range(1, told.head() + 1))
        changed = list(timeline.changes("2024-12-02T18:00:00Z", "2024-12-06T18:00:00Z", limit=1, view="published"))
        assert "sy-hama" in {one["location_id"] for one in changed}
        assert [one["name"] for one in timeline.locations("حماة")][:1] == ["Hama"]
        frame = timeline.beliefs_frame(within="sy-hama", view="published")
        assert frame["known_from"].dt.tz is not None
        assert {"held", "unknown"} <= set(frame["mode"])
        assert len(timeline.status_frame(**evening)) == len(timeline.statuses(**evening)["locations"])
        with pytest.raises(client.Refused, match="at: a moment is written with its offset") as refused:
            timeline.status("sy-hama", at="yesterday")
        assert refused.value.status == 422


def test_the_five_things_run_as_they_stand(demo: Served) -> None:
    """From top to bottom, as a program."""
    url = str(demo[0].base_url)
    made = subprocess.run(
        [sys.executable, str(FOLDER / "five_things.py"), url], capture_output=True, text=True, check=False, timeout=120
    )
    assert made.returncode == 0, made.stderr
    assert "Hama is held by Syrian Arab Army" in made.stdout
    assert "297 events recorded" in made.stdout


@contextmanager
def unreliable(desk: Desk, losses: dict[str, int]) -> Iterator[tuple[str, list[str]]]:  # noqa: F811
    """Something between that loses answers: `busy` are 503 before the service hears, `lost` are broken off after it answered."""
    heard: list[str] = []

    class Between(BaseHTTPRequestHandler):
        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if losses.get("busy", 0) > 0:
                losses["busy"] -= 1
                heard.append("busy")
                self.send_response(503)
                self.send_header("Retry-After", "0")
                self.end_headers()
                return
            kept = {name: value for name, value in self.headers.items() if name.lower() in ("content-type", "accept")}
            with desk.client.stream(self.command, self.path, content=body, headers=kept) as answer:
                if self.headers.get("Accept") == "text/event-stream":
                    self._streamed(answer)
                    return
                answer.read()
            if losses.get("lost", 0) > 0:
                losses["lost"] -= 1
                heard.append("lost")
                self.close_connection = True
                return
            heard.append("told")
            self.send_response(answer.status_code)
            for name in ("content-type", "link"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.end_headers()
            self.wfile.write(answer.content)

        def _streamed(self, answer: httpx2.Response) -> None:
            self.send_response(answer.status_code)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            told_here = 0
            for line in answer.iter_lines():
                self.wfile.write(line.encode() + b"\n")
                self.wfile.flush()
                told_here += line.startswith("data:")
                if not line and told_here >= losses.get("each", 10**9):
                    heard.append("cut")
                    self.close_connection = True
                    return

        do_GET = do_POST = _pass  # noqa: N815  (as the library calls them)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Between)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", heard
    finally:
        server.shutdown()
        server.server_close()


def test_an_event_is_recorded_once_however_often_its_answer_is_lost(desk: Desk) -> None:  # noqa: F811
    """It has an id before it is sent; what is busy is asked again."""
    with unreliable(desk, {"busy": 2, "lost": 2}) as (url, heard), client.Client(url) as timeline:
        before = desk.head()
        said = {"type": "ActorRegistered", "actor_id": f"a-{uuid4()}", "name": "Somebody", "kind": "state_force"}
        found = timeline.record(said)
        assert found["position"] == before + 1 == desk.head()
        assert heard == ["busy", "busy", "lost", "lost", "told"]


def test_whoever_follows_hears_each_event_once_though_the_stream_breaks(desk: Desk) -> None:  # noqa: F811
    """After every third event; it is taken up where it broke."""
    with unreliable(desk, {"each": 3}) as (url, heard), client.Client(url) as timeline:
        head = desk.head()
        found = [one["position"] for one in islice(timeline.follow(), head)]
        assert found == list(range(1, head + 1))
        assert heard.count("cut") >= head // 3 - 1


def test_a_time_without_an_offset_is_refused_before_anybody_is_asked() -> None:
    """Nobody knows what it means."""
    with client.Client("http://127.0.0.1:9") as timeline, pytest.raises(ValueError, match="without an offset"):
        timeline.status("hama", at=datetime(2024, 12, 2))  # noqa: DTZ001

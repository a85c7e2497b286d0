"""Traces, as a collector of OpenTelemetry hears them from a served process: what they tell, and what they do not."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.acceptance.test_rest import small_world
from tests.acceptance.test_standing_by import _url

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ASKING = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


@contextmanager
def collector() -> Iterator[tuple[str, list[Any]]]:
    """Whom spans are sent to, and those that came."""
    spans: list[Any] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told = ExportTraceServiceRequest.FromString(body)
            spans.extend(span for each in told.resource_spans for scope in each.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", spans
    finally:
        server.shutdown()
        server.server_close()


def test_a_request_is_a_span_of_whoever_asks_and_an_append_one_within(database: str) -> None:
    """By its route and status, and with nothing of what was asked for; all of them are sent before the service ends."""
    with collector() as (endpoint, spans):
        settings = {
            "TIMELINE_DATABASE_URL": database,
            "TIMELINE_TRACES": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        }
        command = [str(Path(sys.executable).with_name("timeline")), "serve", "--port", "0"]
        with subprocess.Popen(command, env=os.environ | settings, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            url = _url(process.stderr)
            for event in small_world()[:3]:
                assert httpx2.post(f"{url}/v1/events", json=event, headers=ASKING).status_code == 201
            assert httpx2.get(f"{url}/v1/locations?q=nowhere-secret", headers=ASKING).status_code == 200
            process.terminate()
            process.wait(60)
        by_name = {span.name: span for span in spans}
        assert {"POST /v1/events", "GET /v1/locations", "append"} <= set(by_name)
        assert {span.trace_id.hex() for span in spans} == {TRACE}
        posts = {span.span_id for span in spans if span.name == "POST /v1/events"}
        assert len(posts) == 3
        assert {span.parent_span_id for span in spans if span.name == "append"} <= posts
        told = {one.key: one.value for one in by_name["GET /v1/locations"].attributes}
        assert told["http.response.status_code"].int_value == 200
        assert "secret" not in str(spans)


def test_without_the_extra_it_says_what_is_missing(database: str, tmp_path: Path) -> None:
    """In one line, and the service does not begin."""
    missing = tmp_path / "opentelemetry_sdk_is_missing"
    missing.mkdir()
    (missing / "sitecustomize.py").write_text("import sys\nsys.modules['opentelemetry.sdk'] = None\n")
    settings = {"TIMELINE_DATABASE_URL": database, "TIMELINE_TRACES": "true", "PYTHONPATH": str(missing)}
    command = [str(Path(sys.executable).with_name("timeline")), "serve", "--port", "0"]
    made = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=False, timeout=60)
    assert (made.returncode, made.stderr.count("\n")) == (2, 1), made.stderr
    assert "timeline-service[otel]" in made.stderr

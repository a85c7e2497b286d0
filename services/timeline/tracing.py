"""Traces for OpenTelemetry: a span for each request, and for each append in it.

Spans are made with the API alone, which costs next to nothing while nobody collects. Who wants them installs the extra `otel`, says
`TIMELINE_TRACES=true` and tells the SDK where to send them by its own variables (`OTEL_EXPORTER_OTLP_ENDPOINT` and others). A span
tells the route as it is declared and the status: no address that was asked for, no parameter, no name of who asks. (FastAPI's own
spans hold path and query, and its logs the input that was wrong; so they are off.)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, Final

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from starlette.datastructures import Headers
from starlette.types import Scope

from services.timeline.settings import PREFIX, UnusableSettings

_tracer: Final = trace.get_tracer("services.timeline")


@contextmanager
def collected(*, wanted: bool) -> Iterator[None]:
    """Have spans sent, by the SDK's own settings, for as long as the process serves; all of them are sent when it ends.

    Raises:
        UnusableSettings: they are wanted, and the extra is not installed.
    """
    if not wanted:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  (an extra)
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        said = "traces take an extra: pip install 'timeline-service[otel]'"
        raise UnusableSettings(f"{PREFIX}TRACES: {said}") from None
    named = {"service.name": "timeline", "service.version": version("timeline-service")}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()


@contextmanager
def request(scope: Scope) -> Iterator[Span]:
    """The span of a request, below that of whoever asks where `traceparent` names it."""
    context = propagate.extract(Headers(scope=scope))
    attributes = {"http.request.method": scope["method"], "url.scheme": scope.get("scheme", "http")}
    with _tracer.start_as_current_span(scope["method"], context, SpanKind.SERVER, attributes) as span:
        yield span


def answered(span: Span, method: str, route: str, status: int) -> None:
    """What is known of a request once it is answered."""
    if not span.is_recording():
        return
    span.update_name(f"{method} {route}")
    span.set_attributes({"http.route": route, "http.response.status_code": status})
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))


def part(name: str, **attributes: Any) -> Any:
    """The span of a part of a request."""
    return _tracer.start_as_current_span(name, attributes=attributes)


def trace_id(span: Span) -> dict[str, str]:
    """The trace's id for lines of the log; nothing where no trace is collected."""
    context = span.get_span_context()
    return {"trace_id": trace.format_trace_id(context.trace_id)} if context.is_valid and span.is_recording() else {}

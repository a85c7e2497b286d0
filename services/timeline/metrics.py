"""What is counted while the service works, in the text format of Prometheus; each process counts for itself.

Names, units and labels follow Prometheus' own advice: base units, `_total` on counters, few values for each label (routes
as they are declared, never the addresses that were asked for).
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST

_SECONDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_EVENTS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)


class Metrics:
    """The counts of one process."""

    def __init__(self) -> None:
        self._registry = own = CollectorRegistry()
        self._watched: Collector | None = None
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=own)
        route = ("method", "route")
        self._requests = Counter("timeline_http_requests", "Requests answered.", (*route, "status"), registry=own)
        self._seconds = Histogram(
            "timeline_http_request_seconds",
            "From a request to the end of its answer.",
            route,
            registry=own,
            buckets=_SECONDS,
        )
        self._under_way = Gauge(
            "timeline_http_requests_under_way", "Requests being answered, streams too.", registry=own
        )
        self._append_seconds = Histogram(
            "timeline_append_seconds", "One durable append, of a batch.", registry=own, buckets=_SECONDS
        )
        self._append_events = Histogram(
            "timeline_append_batch_events", "Events appended together.", registry=own, buckets=_EVENTS
        )

    def watch(self, collector: Collector) -> None:
        """Let a collector tell, at each scrape, what is not counted but looked up; instead of the one before."""
        if self._watched is not None:
            self._registry.unregister(self._watched)
        self._watched = collector
        self._registry.register(collector)

    def began(self) -> None:
        """A request came."""
        self._under_way.inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered, or its client left."""
        self._under_way.dec()
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def appended(self, events: int, seconds: float) -> None:
        """A batch is durable."""
        self._append_seconds.observe(seconds)
        self._append_events.observe(events)

    def text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self._registry)

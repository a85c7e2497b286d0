"""What is looked up at each scrape: how far the log, the views, the tree and the atlases are, and what the pools hold."""

from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
import structlog
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from psycopg_pool import PoolTimeout

from services.timeline.composition import Following, Timeline
from services.timeline.tailing import Streams

logger = structlog.get_logger(__name__)


class Gauges(Collector):
    """Looks at an opened timeline; where the database does not answer, that is what it tells."""

    def __init__(self, timeline: Timeline, streams: Streams, following: Following | None) -> None:
        self._timeline = timeline
        self._streams = streams
        self._following = following

    def describe(self) -> Iterable[Metric]:
        """Nothing is looked up before somebody asks."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every gauge."""
        yield from self._of_the_process()
        try:
            found = list(self._of_the_database())
        except (psycopg.OperationalError, PoolTimeout) as error:
            logger.warning("the database did not answer a scrape", error=str(error))
            yield _gauge("timeline_database_up", "Whether the database answers.", 0)
            return
        yield _gauge("timeline_database_up", "Whether the database answers.", 1)
        yield from found

    def _of_the_process(self) -> Iterator[Metric]:
        timeline = self._timeline
        yield _gauge("timeline_streams_open", "Clients that follow the log.", self._streams.open)
        if self._following is not None:
            yield _gauge("timeline_follower_leads", "Whether this process follows the log.", self._following.leads)
            yield _gauge(
                "timeline_follower_alive", "Whether its follower or standby is at work.", self._following.alive
            )
        atlases = timeline.reader.atlases.held()
        yield _labelled(
            "timeline_atlas_position", "The position of an atlas.", "view", ((a.view, a.position) for a in atlases)
        )
        yield _labelled(
            "timeline_atlas_bytes", "The mapped file of an atlas.", "view", ((a.view, a.size) for a in atlases)
        )
        yield from self._of_the_pools()
        yield from self._of_the_standbys()

    def _of_the_standbys(self) -> Iterator[Metric]:
        found = self._timeline.replicas.standbys if self._timeline.replicas is not None else ()
        if not found:
            return
        for name, said, values in (
            ("usable", "Whether a standby is read from.", [(one.name, one.refusal is None) for one in found]),
            ("behind_seconds", "How far a standby is behind, as it was last looked at.",
             [(one.name, one.behind) for one in found if one.behind is not None]),
            ("reads", "Reads that a standby was asked since this process began.",
             [(one.name, one.answered) for one in found]),
        ):  # fmt: skip
            yield _labelled(f"timeline_replica_{name}", said, "replica", values)

    def _of_the_pools(self) -> Iterator[Metric]:
        pools = {"log": self._timeline.log.pool, "answers": self._timeline.reader.pool}
        stats = {name: pool.get_stats() for name, pool in pools.items()}
        for key, said in (("pool_size", "Connections."), ("pool_available", "Connections at rest."),
                          ("requests_waiting", "Who waits for a connection.")):  # fmt: skip
            name = f"timeline_pool_{key.removeprefix('pool_')}"
            yield _labelled(name, said, "pool", ((pool, of.get(key, 0)) for pool, of in stats.items()))

    def _of_the_database(self) -> Iterator[Metric]:
        timeline = self._timeline
        head = timeline.log.head().position
        yield _gauge("timeline_log_position", "The position of the newest event.", head)
        yield _gauge(
            "timeline_tree_lag_events", "Events that are not in the tree yet.", head - timeline.tree.reach().size
        )
        covered = timeline.tree.covered()
        yield _gauge("timeline_checkpoint_lag_events", "Events that no signed checkpoint covers yet.", head - covered)
        progress = timeline.reader.progress()
        for name, said, of in (
            ("timeline_view_lag_events", "Events that are not folded yet.", "lag"),
            ("timeline_view_lag_seconds", "How old the oldest of them is.", "lag_seconds"),
            ("timeline_view_set_aside", "What could not be folded.", "set_aside"),
        ):
            yield _labelled(name, said, "view", ((one.view.name, getattr(one, of)) for one in progress))


def _gauge(name: str, said: str, value: float) -> Metric:
    return Gauge(name, said, value=float(value))


def _labelled(name: str, said: str, label: str, values: Iterable[tuple[Any, float]]) -> Metric:
    found = Gauge(name, said, labels=[label])
    for of, value in values:
        found.add_metric([str(of)], float(value))
    return found

"""Follows the log: reads it in batches, folds the developments that a batch touches, saves rows and position together.

Whatever the batches, and wherever it was interrupted, a view comes out the same: a touched development is folded from
all its events up to the batch's last position, and rows and position are saved in one transaction. That transaction
moves the position only from where this follower read it, so two followers never both write.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from uuid import UUID

import structlog
from psycopg import Connection
from psycopg.rows import TupleRow

from events.developments import DevelopmentEvent, DevelopmentMerged, DevelopmentReported
from events.log import Log, streams
from events.recorded import RecordedEvent
from events.records import Event
from projections import stored_developments, views
from projections.developments import development
from projections.knowing import Recorded
from projections.mergers import leads_to, with_merged
from projections.sources import Sources
from projections.versions import claim_versions
from projections.views import Overtaken, View

logger = structlog.get_logger(__name__)

BATCH = 2_000

Batch = Sequence[RecordedEvent[Event]]


class Follower:
    """Keeps every view up with the log. One at work is enough; a second one is refused by the first one's progress."""

    def __init__(self, log: Log, batch: int = BATCH) -> None:
        self._log = log
        self._batch = batch
        self._sources: dict[int, tuple[int, Sources]] = {}
        self._last_read: tuple[int, Batch] | None = None

    def follow(self, on_progress: Callable[[int], None] | None = None) -> int:
        """Fold until every view has all that the log holds; the position reached.

        Args:
            on_progress: Told the least position folded, after each batch.
        """
        while True:
            positions = [self._follow_view(view) for view in self._views()]
            if on_progress is not None:
                on_progress(min(positions))
            if all(position == self._log.head().position for position in positions):
                return min(positions)

    def _views(self) -> list[View]:
        with self._log.pool.connection() as connection:
            return views.every(connection)

    def _follow_view(self, view: View) -> int:
        batch = self._read(view.position)
        if not batch:
            return view.position
        try:
            return self._fold(view, batch)
        except Overtaken:
            logger.info("another follower is at work", view=view.name, position=view.position)
            return view.position

    def _read(self, after: int) -> Batch:
        """The next batch; views that stand at one position share what was read."""
        if self._last_read is None or self._last_read[0] != after or len(self._last_read[1]) < self._batch:
            self._last_read = (after, self._log.structures(after, limit=self._batch))
        return self._last_read[1]

    def _fold(self, view: View, batch: Batch) -> int:
        end = batch[-1].position
        with self._log.pool.connection() as connection, connection.transaction():
            # First, so that a second follower waits here and finds itself overtaken before it has folded anything.
            views.advance(connection, view, end)
            sources = self._take_sources(view)
            regraded = {source for one in batch if (source := sources.learn(one.position, one.event))}
            touched = _Touched(connection, view, batch, regraded)
            told = touched.developments()
            fresh = {
                version
                for development_id, recorded in told.items()
                for version in claim_versions(development_id, recorded, sources, view.reading)
            }
            held = views.versions_of(connection, view, touched.known_before)
            views.replace(connection, view, held - fresh, fresh - held)
            if (
                view.reading.clock == "recorded"
            ):  # on the reported clock a late arrival reaches back into what was known
                views.note_reach(connection, view, end, fresh)
            views.remember(connection, view, touched.mentions, touched.mergers)
            rows = (development(one, recorded, sources, view.reading) for one, recorded in told.items())
            stored_developments.keep(connection, view, [row for row in rows if row], touched.known_before)
        self._sources[view.view_id] = (end, sources)
        return end

    def _take_sources(self, view: View) -> Sources:
        """The gradings up to where the view stands, taken out of memory: put back once the fold is saved.

        If it is not, they ran ahead of the view, and are read anew from the log next time.
        """
        position, sources = self._sources.pop(view.view_id, (0, None))
        if sources is not None and position == view.position:
            return sources
        sources = Sources(view.reading.clock)
        for one in self._log.reference(until=view.position):
            sources.learn(one.position, one.event)
        return sources


class _Touched:
    """The developments whose claim versions a batch may change, with all their events up to its end."""

    def __init__(self, connection: Connection[TupleRow], view: View, batch: Batch, regraded: Collection[str]) -> None:
        self._connection = connection
        self._end = batch[-1].position
        own: list[Recorded] = [one for one in batch if isinstance(one.event, DevelopmentEvent)]  # type: ignore[misc]
        self._in_batch: dict[UUID, list[Recorded]] = {}
        for one in own:
            self._in_batch.setdefault(one.event.development_id, []).append(one)
        self.mergers = [
            (one.event.development_id, one.event.into_id) for one in own if isinstance(one.event, DevelopmentMerged)
        ]
        self.mentions = {
            (source, one.event.development_id)
            for one in own
            if (report := getattr(one.event, "report", None)) is not None
            for source in report.chain
        }
        spoken_of = views.mentioned_by(connection, view, regraded)
        spoken_of |= {development for source, development in self.mentions if source in regraded}
        self._clusters = self._with_merged(connection, view, self._in_batch.keys() | spoken_of)
        begun = {one.event.development_id for one in own if isinstance(one.event, DevelopmentReported)}
        self.known_before = self._clusters.keys() - begun
        self._begun = begun

    def _with_merged(
        self, connection: Connection[TupleRow], view: View, touched: Collection[UUID]
    ) -> dict[UUID, set[UUID]]:
        """Each development to fold, with itself and everything merged into it: what is touched, and what it leads to."""
        edges = {*views.mergers_around(connection, view, touched), *self.mergers}
        edges |= {*views.mergers_around(connection, view, {into for _, into in self.mergers} - set(touched))}
        into = dict(edges)
        return with_merged({*touched, *(one for start in touched for one in leads_to(start, into))}, into)

    def developments(self) -> dict[UUID, list[Recorded]]:
        """The events of each development to fold and of those merged into it, in the order of the log."""
        wanted = {one for members in self._clusters.values() for one in members}
        held = self._events_of(wanted - self._begun)
        for one in wanted & self._begun:
            held[one] = self._in_batch[one]
        return {
            development: sorted((one for member in members for one in held[member]), key=lambda one: one.position)
            if len(members) > 1
            else held[development]
            for development, members in self._clusters.items()
        }

    def _events_of(self, developments: Iterable[UUID]) -> dict[UUID, list[Recorded]]:
        found: dict[UUID, list[Recorded]] = {}
        for one in streams(self._connection, list(developments), self._end):
            assert isinstance(one.event, DevelopmentEvent)
            found.setdefault(one.event.development_id, []).append(one)  # type: ignore[arg-type]
        return found

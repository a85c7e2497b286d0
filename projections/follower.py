"""Follows the log: reads it in batches, folds the developments that a batch touches, saves rows and position together.

Whatever the batches, and wherever it was interrupted, a view comes out the same: a touched development is folded from
all its events up to the batch's last position, and rows and position are saved in one transaction. That transaction
moves the position only from where this follower read it, so two followers never both write. What cannot be folded is
set aside (`setting_aside.py`); what is too much for one transaction is folded in parts (`regrading.py`).
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
from events.undecodable import Undecodable
from projections import regrading, setting_aside, stored_developments, touched_places, views
from projections.claims import ClaimVersion
from projections.knowing import Recorded
from projections.mergers import leads_to, with_merged
from projections.setting_aside import CannotFold
from projections.sources import Sources
from projections.views import Overtaken, View

logger = structlog.get_logger(__name__)

BATCH = 2_000

Batch = Sequence[RecordedEvent[Event]]


class Follower:
    """Keeps every view up with the log. One at work is enough; a second one is refused by the first one's progress."""

    def __init__(self, log: Log, batch: int = BATCH, part: int = regrading.PART) -> None:
        """
        Args:
            batch: So many events are folded in one transaction.
            part: So many developments are folded again in one, where a source is graded anew.
        """
        self._log = log
        self._batch = batch
        self._part = part
        self._sources: dict[int, tuple[int, Sources]] = {}
        self._last_read: tuple[int, Batch] = (0, ())

    def follow(self, on_progress: Callable[[int], None] | None = None) -> int:
        """Fold until every view has all that the log holds; the position reached.

        Args:
            on_progress: Told the least position folded, after each batch.
        """
        while True:
            positions = [self._follow_view(view) for view in self._views() if view.until is None]
            if on_progress is not None:
                on_progress(min(positions))
            if all(position == self._log.head().position for position in positions):
                return min(positions)

    def _views(self) -> list[View]:
        with self._log.pool.connection() as connection:
            return views.every(connection)

    def _follow_view(self, view: View) -> int:
        batch = setting_aside.apart(self._read(view.position))
        if regrading.graded(batch):
            with self._log.pool.connection() as connection:
                batch = regrading.apart(connection, view, batch, self._part)
        while batch:
            try:
                return self._fold(view, batch)
            except CannotFold:
                batch = batch[: len(batch) // 2]
            except Overtaken:
                logger.info("another follower is at work", view=view.name, position=view.position)
                break
        return view.position

    def _read(self, after: int) -> Batch:
        """The next events; views that stand close together share what was read."""
        begin, batch = self._last_read
        rest = batch[after - begin :] if after >= begin else ()
        if not rest:
            rest = self._log.structures(after, limit=self._batch)
            self._last_read = (after, rest)
        return rest

    def _fold(self, view: View, batch: Batch) -> int:
        end = batch[-1].position
        with self._log.pool.connection() as connection, connection.transaction():
            # First, so that a second follower waits here and finds itself overtaken before it has folded anything.
            views.advance(connection, view, end)
            sources = self._take_sources(view, batch)
            part = regrading.next_part(connection, view, batch, self._part)
            touched = Touched(connection, view, end, batch, part.developments)
            waiting = setting_aside.among(connection, view, touched.clusters)
            folded = setting_aside.fold(touched.developments(but=waiting), sources, view.reading)
            if folded.failed and len(batch) > 1:
                raise CannotFold
            setting_aside.put(connection, view, end, {**folded.failed, **dict(setting_aside.of_reference(batch))})
            held = views.versions_of(connection, view, folded.developments - touched.begun)
            stale, fresh = held - folded.fresh, folded.fresh - held
            views.replace(connection, view, stale, fresh)
            found = touched_places.between(stale, fresh)
            touched_places.note(connection, view, end, found, moved=part.after is None)
            stored_developments.keep(connection, view, folded.rows, folded.developments - touched.begun)
            views.remember(connection, view, touched.mentions, touched.mergers)
            if part.after is not None:
                regrading.pause(connection, view, end, part.after)
            else:
                self._finish(connection, view, batch, folded.fresh)
        self._sources[view.view_id] = (end, sources)
        return view.position if part.after is not None else end

    def _finish(
        self, connection: Connection[TupleRow], view: View, batch: Batch, fresh: Collection[ClaimVersion]
    ) -> None:
        if regrading.graded(batch):
            regrading.finish(connection, view)
        if view.reading.clock == "recorded":  # on the reported clock a late arrival reaches back into what was known
            views.note_reach(connection, view, batch[-1].position, fresh)

    def _take_sources(self, view: View, batch: Batch) -> Sources:
        """The gradings up to the end of a batch, taken out of memory: put back once the fold is saved.

        If it is not, they ran ahead of the view, and are read anew from the log next time.
        """
        learned, sources = self._sources.pop(view.view_id, (0, None))
        if sources is None or learned not in (view.position, batch[-1].position):
            learned, sources = view.position, graded_until(self._log, view, view.position)
        for one in batch:
            if one.position > learned:
                sources.learn(one.position, one.event)
        return sources


def graded_until(log: Log, view: View, position: int) -> Sources:
    """The gradings of all sources up to a position, on a view's clock."""
    sources = Sources(view.reading.clock)
    for one in log.gradings(until=position):
        sources.learn(one.position, one.event)
    return sources


def mergers_in(recorded: Iterable[Recorded]) -> list[tuple[UUID, UUID]]:
    """What is merged into what."""
    return [
        (one.event.development_id, one.event.into_id) for one in recorded if isinstance(one.event, DevelopmentMerged)
    ]


def mentions_in(recorded: Iterable[Recorded]) -> set[tuple[str, UUID]]:
    """Which sources speak of which developments."""
    return {
        (source, one.event.development_id)
        for one in recorded
        if (report := getattr(one.event, "report", None)) is not None
        for source in report.chain
    }


class Touched:
    """The developments whose claim versions may change by some events, with all their events up to a position.

    Attributes:
        clusters: Each development to fold, with itself and everything merged into it.
        begun: Those that begin with these events: the log and the view hold nothing of them from before.
    """

    def __init__(
        self,
        connection: Connection[TupleRow],
        view: View,
        end: int,
        batch: Batch,
        again: Collection[UUID],
    ) -> None:
        """
        Args:
            again: Developments to fold again though none of the events is about them.
        """
        self._connection = connection
        self._end = end
        own: list[Recorded] = [one for one in batch if isinstance(one.event, DevelopmentEvent)]  # type: ignore[misc]
        self._in_batch: dict[UUID, list[Recorded]] = {}
        for one in own:
            self._in_batch.setdefault(one.event.development_id, []).append(one)
        strange = {
            one.event.stream_id for one in batch if isinstance(one.event, Undecodable) and not one.event.of_reference
        }
        self.mergers = mergers_in(own)
        self.mentions = mentions_in(own)
        # A source may be graded anew in the batch that first hears it speak of something.
        graded = regrading.graded(batch)
        spoken_of = {development for source, development in self.mentions if source in graded}
        self.clusters = self._with_merged(connection, view, {*self._in_batch, *strange, *again, *spoken_of})
        self.begun = {
            one.event.development_id for one in own if isinstance(one.event, DevelopmentReported) and one.version == 1
        }

    def _with_merged(
        self, connection: Connection[TupleRow], view: View, touched: Collection[UUID]
    ) -> dict[UUID, set[UUID]]:
        """Each development to fold, with itself and everything merged into it: what is touched, and what it leads to."""
        edges = {*views.mergers_around(connection, view, touched), *self.mergers}
        edges |= {*views.mergers_around(connection, view, {into for _, into in self.mergers} - set(touched))}
        into = dict(edges)
        return with_merged({*touched, *(one for start in touched for one in leads_to(start, into))}, into)

    def developments(self, but: Collection[UUID] = ()) -> dict[UUID, list[Recorded]]:
        """The events of each development to fold and of those merged into it, in the order of the log.

        Args:
            but: Developments to leave out.
        """
        clusters = {one: members for one, members in self.clusters.items() if one not in but}
        wanted = {one for members in clusters.values() for one in members}
        held = self._events_of(wanted - self.begun)
        for one in wanted & self.begun:
            held[one] = self._in_batch[one]
        return {
            development: sorted(
                (one for member in members for one in held.get(member, ())), key=lambda one: one.position
            )
            if len(members) > 1
            else held.get(development, [])
            for development, members in clusters.items()
        }

    def _events_of(self, developments: Iterable[UUID]) -> dict[UUID, list[Recorded]]:
        found: dict[UUID, list[Recorded]] = {}
        for one in streams(self._connection, list(developments), self._end):
            about = one.event.stream_id if isinstance(one.event, Undecodable) else one.event.stream[1]
            found.setdefault(about, []).append(one)  # type: ignore[arg-type]
        return found

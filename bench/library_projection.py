"""The view that we keep, kept by the `eventsourcing` library's own `ProjectionRunner`: what `rebuilding` is measured against.

The same fold and the same rows. The library hands over one event at a time; each is folded and written in the
transaction that also writes the library's tracking record, which is what its documents advise.
"""

import time
from typing import Any

from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import tuple_row

from events.log import Pool
from events.recorded import RecordedEvent
from events.recorder import LogApplication
from events.undecodable import Undecodable
from projections import setting_aside, stored_developments, views
from projections.bulk_reading import NO_ID, NOT_READ
from projections.follower import Touched, graded_until
from projections.sources import Sources
from projections.views import View
from services.timeline.composition import Timeline


class _Log(LogApplication):
    """The log as an application that the library makes by itself."""

    pool: Pool

    def __init__(self, _: Any = None) -> None:
        super().__init__(self.pool)


class _Recorder(PostgresTrackingRecorder):
    """The library's tracking, and beside it our rows."""

    view: View
    sources: Sources
    begin = 0

    def max_tracking_id(self, application_name: str) -> int | None:
        """It begins where the measurement does: the places and sources before it are not what is measured."""
        return max(self.begin, super().max_tracking_id(application_name) or 0)

    def take(self, event: Any, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            connection: Any = cursor.connection
            before, connection.row_factory = connection.row_factory, tuple_row
            try:
                self._fold(connection, event, tracking.notification_id)
            finally:
                connection.row_factory = before

    def _fold(self, connection: Any, event: Any, position: int) -> None:
        self.sources.learn(position, event)
        version = 0 if isinstance(event, Undecodable) else 1
        one = RecordedEvent(
            position=position, recorded_at=NOT_READ, recorded_by="", event_id=NO_ID, version=version, event=event
        )
        touched = Touched(connection, self.view, position, [one], set())
        touched.begun.clear()  # the event does not say whether it is its stream's first
        folded = setting_aside.fold(touched.developments(), self.sources, self.view.reading)
        held = views.versions_of(connection, self.view, folded.developments)
        views.replace(connection, self.view, held - folded.fresh, folded.fresh - held)
        stored_developments.keep(connection, self.view, folded.rows, folded.developments)
        views.remember(connection, self.view, touched.mentions, touched.mergers)


class _Kept(Projection[_Recorder]):
    name = "kept"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.take(domain_event, tracking)


def seconds_each(timeline: Timeline, view: View, begin: int, events: int) -> float:
    """The seconds that an event takes after a position, in a view that holds nothing yet; the first half is not counted."""
    said = conninfo_to_dict(str(timeline.log.pool.conninfo))
    env: dict[str, Any] = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres", "POSTGRES_DBNAME": said["dbname"], "POSTGRES_HOST": said["host"],
        "POSTGRES_PORT": said.get("port", "5432"), "POSTGRES_USER": said["user"], "POSTGRES_PASSWORD": said.get("password", "x"),
        "POSTGRES_SINGLE_ROW_TRACKING": "y",
    }  # fmt: skip
    _Log.pool, _Recorder.view, _Recorder.begin = timeline.log.pool, view, begin
    _Recorder.sources = graded_until(timeline.log, view, begin)
    with ProjectionRunner(application_class=_Log, projection_class=_Kept, view_class=_Recorder, env=env) as runner:
        runner.wait(begin + events, timeout=1000)
        began = time.perf_counter()
        runner.wait(begin + 2 * events, timeout=1000)
        return (time.perf_counter() - began) / events

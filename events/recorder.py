"""The log's side of the `eventsourcing` library: the only file that knows it.

The library's application, event store and mapper carry plain events here; its recorder is ours wherever it writes or
reads. Measured on eventsourcing 9.5.6: its composite-typed INSERT and dict-row SELECT cost 3x and 2x, `LOCK TABLE`
needs more rights than an insert-only role has, and its pipeline mode hangs for ever with psycopg 3.3.9 on large
parameters. So `insert_events` and the reading are overridden whole.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.persistence import InfrastructureFactory, Mapper, Notification, StoredEvent, Transcoder
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore, PostgresFactory
from eventsourcing.utils import Environment, EnvType
from psycopg import Connection
from psycopg.rows import TupleRow, dict_row

from events import codec
from events.appending import CHANNEL, Last, Pool, append, locked
from events.appends import Decide, NewEvent, NewRow, Place
from events.recorded import RecordedEvent
from events.records import Event
from events.rows import SELECT_STRUCTURE, SELECT_WHOLE, as_recorded, structure_only


class LogRecorder(PostgresApplicationRecorder):
    """The library's recorder over our table, with our columns, our lock and our way of reading."""

    datastore: "LogDatastore"

    @cached_property
    def _last_of_ours(self) -> Last:
        return Last()

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        """The library's entrance: append stored events whose versions the caller has assigned."""
        with locked(self.datastore.own_pool) as under_way:
            rows = [row if isinstance(row, StoredRow) else _foreign_row(row) for row in stored_events]
            return [place.position for place in under_way.write([_bare(row) for row in rows])]

    def append(self, decide: Decide) -> list[Place]:
        """Let the caller decide on what is held, write, commit; under the lock where others append too."""
        return append(self.datastore.own_pool, decide, self._last_of_ours)

    def read(self, after: int, limit: int, until: int | None) -> list[RecordedEvent[Event]]:
        return list(map(as_recorded, self._rows(SELECT_WHOLE, after, limit, until)))

    def structures(self, after: int, limit: int, until: int | None) -> list[RecordedEvent[Event]]:
        return list(map(structure_only, self._rows(SELECT_STRUCTURE, after, limit, until)))

    def _rows(self, select: str, after: int, limit: int, until: int | None) -> list[TupleRow]:
        with self.datastore.own_pool.connection() as connection, connection.cursor(binary=True) as cursor:
            return cursor.execute(
                f"{select} WHERE position > %s::bigint AND position <= %s::bigint ORDER BY position LIMIT %s::bigint",
                [after, until if until is not None else 2**62, limit],
            ).fetchall()

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        with self.datastore.own_pool.connection() as connection, connection.cursor(binary=True) as cursor:
            rows = cursor.execute(
                "SELECT stream_id, version, type, structure FROM event WHERE stream_id = %s AND version > %s::int "
                f"AND version <= %s::int ORDER BY version {'DESC' if desc else 'ASC'} LIMIT %s::bigint",
                [originator_id, gt or 0, 2**31 - 1 if lte is None else lte, limit],
            ).fetchall()
        return [StoredEvent(*row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        after = (start or 0) - (1 if inclusive_of_start and start else 0)
        with self.datastore.own_pool.connection() as connection, connection.cursor(binary=True) as cursor:
            rows = cursor.execute(
                "SELECT stream_id, version, type, structure, position FROM event "
                "WHERE position > %s::bigint AND position <= %s::bigint "
                "AND (%s::text[] = '{}' OR type = ANY(%s::text[])) ORDER BY position LIMIT %s::bigint",
                [after, 2**62 if stop is None else stop, list(topics), list(topics), limit],
            ).fetchall()
        return [Notification(*row) for row in rows]

    def max_notification_id(self) -> int | None:
        with self.datastore.own_pool.connection() as connection:
            row = connection.execute("SELECT position FROM log_head").fetchone()
        return row[0] or None if row else None


@dataclass(frozen=True)
class StoredRow(StoredEvent):
    """The library's stored event with the columns that are ours."""

    event_id: UUID
    recorded_by: str
    text: bytes | None
    salt: bytes | None


class LogMapper(Mapper[UUID]):
    """Events ⇄ stored events, by the names and bytes of `codec`."""

    def __init__(self) -> None:
        super().__init__(transcoder=_NoTranscoder())

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        new: NewEvent = domain_event
        row = new.row()
        return StoredRow(
            originator_id=row.stream,
            originator_version=row.version,
            topic=row.name,
            state=row.structure,
            event_id=row.event_id,
            recorded_by=row.recorded_by,
            text=row.text,
            salt=row.salt,
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        return codec.decode(stored_event.topic, stored_event.state)


class LogDatastore(PostgresDatastore):
    """The service's own connection pool under the library's name for it. Closing is left to whoever made the pool."""

    def __init__(self, pool: Pool) -> None:
        self.own_pool = pool
        self.schema = "public"
        self.originator_id_type = "uuid"
        self.enable_db_functions = False
        self.lock_timeout = 0
        self.single_row_tracking = True
        self.db_type_names = set()
        self.psycopg_type_adapters = {}
        self.psycopg_python_types = {}

    @contextmanager
    def get_connection(self) -> Iterator[Connection[Any]]:
        """A connection with the dict rows that the library's own statements expect (its LISTEN, for one)."""
        with self.own_pool.connection() as connection:
            before = connection.row_factory
            connection.row_factory = dict_row  # type: ignore[assignment]
            try:
                yield connection
            finally:
                connection.row_factory = before

    def register_type_adapters(self) -> None:
        """None: we bind plain arrays, not composites."""

    def close(self) -> None:
        """Nothing: the pool belongs to the service."""


class LogFactory(PostgresFactory):
    """Infrastructure over a pool that is open already; tables are made by our migrations alone."""

    application_recorder_class = LogRecorder

    def __init__(self, env: Environment | EnvType | None, pool: Pool) -> None:
        InfrastructureFactory.__init__(self, env)
        self.datastore = LogDatastore(pool)

    def env_create_table(self) -> bool:
        return False


class LogApplication(Application[UUID]):
    """The library's application over the log: its event store, notification log and subscriptions."""

    name = "timeline"

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        super().__init__()

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        return LogFactory(env, self._pool)

    def construct_mapper(self) -> Mapper[UUID]:
        return LogMapper()

    def construct_recorder(self) -> LogRecorder:
        recorder = LogRecorder(self.factory.datastore, events_table_name="event")  # type: ignore[attr-defined]
        recorder.channel_name = CHANNEL
        return recorder


class _NoTranscoder(Transcoder):
    """The library wants one; `codec` does the work."""

    def encode(self, obj: Any) -> bytes:
        raise NotImplementedError

    def decode(self, data: bytes) -> Any:
        raise NotImplementedError


def _bare(row: StoredRow) -> NewRow:
    assert isinstance(row.originator_id, UUID)
    return NewRow(
        row.event_id, row.originator_id, row.originator_version, row.recorded_by, row.topic, row.state, row.text, row.salt,
    )  # fmt: skip


def _foreign_row(event: StoredEvent) -> StoredRow:
    """A stored event from the library's own paths, which know nothing of our columns."""
    return StoredRow(
        event.originator_id, event.originator_version, event.topic, event.state, uuid4(), "local", None, None
    )

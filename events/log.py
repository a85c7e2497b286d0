"""The log in PostgreSQL: append under one lock, read in one order. The only file that knows the `eventsourcing` library.

The library's application, event store and mapper carry plain events here; its recorder is ours wherever it writes or
reads. Measured on eventsourcing 9.5.6: its composite-typed INSERT and dict-row SELECT cost 3x and 2x, `LOCK TABLE`
needs more rights than an insert-only role has, and its pipeline mode hangs for ever with psycopg 3.3.9 on large
parameters. So `insert_events` and the reading are overridden whole.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID, uuid4

import msgspec
import psycopg
from eventsourcing.application import Application
from eventsourcing.persistence import InfrastructureFactory, Mapper, Notification, StoredEvent, Transcoder
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore, PostgresFactory
from eventsourcing.utils import Environment, EnvType
from psycopg import Connection
from psycopg.rows import TupleRow, dict_row
from psycopg_pool import ConnectionPool

from events import codec
from events.recorded import RecordedEvent, stream_id
from events.records import Event

#: Whoever tails the log may LISTEN here; the payload is the last position appended.
CHANNEL: Final = "timeline_log"

Pool = ConnectionPool[Connection[TupleRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event that may be appended: everything that the log does not decide itself.

    Attributes:
        version: Its place in its stream, one more than the version held.
    """

    event: Event
    event_id: UUID
    version: int
    recorded_by: str

    @property
    def originator_id(self) -> UUID:
        return stream_id(self.event)

    @property
    def originator_version(self) -> int:
        return self.version


@dataclass(frozen=True, slots=True)
class Place:
    """Where an appended event stands in the log."""

    position: int
    recorded_at: datetime


class Held(Protocol):
    """What the log holds, read under the lock of an append."""

    def versions(self, streams: Collection[UUID]) -> dict[UUID, int]:
        """The version of each stream that exists."""

    def stream(self, stream: UUID) -> list[RecordedEvent[Event]]:
        """The events of one stream in order, without text."""

    def recorded(self, event_ids: Collection[UUID]) -> dict[UUID, "HeldEvent"]:
        """The events already recorded under these ids."""


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An event that is in the log already, as stored."""

    place: Place
    name: str
    structure: bytes
    text: bytes | None
    salt: bytes | None

    def says_the_same_as(self, event: Event) -> bool:
        """Whether `event` would be stored with the same bytes. A redacted text cannot be compared: then it does not."""
        if self.text is None and codec.committed_to_text(self.structure):
            return False
        again = codec.encode(event, salt=self.salt or b"\0" * 16)
        return (again.name, again.structure, again.text) == (self.name, self.structure, self.text)


Decide = Callable[[Held], Sequence[NewEvent]]


class Log:
    """The log of a database whose schema is migrated (`events/log.sql`)."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.application = LogApplication(pool)
        self._recorder: LogRecorder = self.application.recorder  # type: ignore[assignment]

    def append(self, decide: Decide) -> list[Place]:
        """Append what `decide` answers once the lock is held; all of it or, if anything fails, nothing.

        `decide` is called once, reads what the log holds, and may raise to refuse. When this returns, the events are
        durable, and visible in order to whoever reads the log.

        Raises:
            psycopg.OperationalError: the connection was lost; whether the events were recorded is then unknown, and
                handing in the same event ids again tells.
        """
        return self._recorder.append(decide)

    def read(self, after: int = 0, *, limit: int, until: int | None = None) -> list[RecordedEvent[Event]]:
        """Events in order after a position, with their text."""
        return self._recorder.read(after, limit, until)

    def structures(self, after: int = 0, *, limit: int, until: int | None = None) -> list[RecordedEvent[Event]]:
        """Events in order after a position, without text: all that the folds need, and cheaper."""
        return self._recorder.structures(after, limit, until)

    def reference(self, after: int = 0, *, until: int) -> Iterator[RecordedEvent[Event]]:
        """The events about sources, actors and locations in order, with their text."""
        with self.pool.connection() as connection, connection.cursor(binary=True) as cursor:
            rows = cursor.execute(
                f"{_SELECT_WHOLE} WHERE split_part(type, '-', 1) IN ('source', 'actor', 'location') "
                "AND position > %s::bigint AND position <= %s::bigint ORDER BY position",
                [after, until],
            ).fetchall()
        return map(as_recorded, rows)

    def streams(self, ids: Collection[UUID], until: int) -> list[RecordedEvent[Any]]:
        """The events of some streams up to a position, with their text, in the order of the log."""
        with self.pool.connection() as connection:
            rows = connection.execute(
                f"{_SELECT_WHOLE} WHERE stream_id = ANY(%b) AND position <= %b::bigint ORDER BY position",
                [list(ids), until],
                binary=True,
            )
            return list(map(as_recorded, rows))

    def head(self) -> Place:
        """The last position and when it was recorded; position 0 where the log is empty."""
        with self.pool.connection() as connection:
            row = connection.execute("SELECT position, recorded_at FROM log_head").fetchone()
        assert row is not None
        return Place(*row)

    def position_at(self, moment: datetime) -> int:
        """The last position recorded at or before a moment; 0 where there is none."""
        with self.pool.connection() as connection:
            row = connection.execute(
                "SELECT position FROM event WHERE recorded_at <= %s ORDER BY recorded_at DESC LIMIT 1", [moment]
            ).fetchone()
        return row[0] if row else 0

    def recorded_at(self, position: int) -> datetime | None:
        """When a position was recorded; None where there is no such position."""
        with self.pool.connection() as connection:
            row = connection.execute("SELECT recorded_at FROM event WHERE position = %s", [position]).fetchone()
        return row[0] if row else None


class LogRecorder(PostgresApplicationRecorder):
    """The library's recorder over our table, with our columns, our lock and our way of reading."""

    datastore: "LogDatastore"

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        """The library's entrance: append stored events whose versions the caller has assigned."""
        with self._appending() as appending:
            return [place.position for place in appending.write(list(stored_events))]

    def append(self, decide: Decide) -> list[Place]:
        """Lock, let the caller decide on what is held, write, commit."""
        with self._appending() as appending:
            mapper = LogMapper()
            return appending.write([mapper.to_stored_event(event) for event in decide(appending)])

    @contextmanager
    def _appending(self) -> Iterator["_Appending"]:
        with self.datastore.own_pool.connection() as connection, connection.transaction():
            yield _Appending(connection)

    def read(self, after: int, limit: int, until: int | None) -> list[RecordedEvent[Event]]:
        return list(map(as_recorded, self._rows(_SELECT_WHOLE, after, limit, until)))

    def structures(self, after: int, limit: int, until: int | None) -> list[RecordedEvent[Event]]:
        return list(map(_structure_only, self._rows(_SELECT_STRUCTURE, after, limit, until)))

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
        form = codec.encode(new.event)
        return StoredRow(
            originator_id=new.originator_id,
            originator_version=new.version,
            topic=form.name,
            state=form.structure,
            event_id=new.event_id,
            recorded_by=new.recorded_by,
            text=form.text,
            salt=form.salt,
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


_SELECT_STRUCTURE = (
    "SELECT position, recorded_at, recorded_by, event_id, version, type, structure, NULL::bytea, NULL::bytea FROM event"
)
_SELECT_WHOLE = "SELECT position, recorded_at, recorded_by, event_id, version, type, structure, text, salt FROM event"

# The moment is taken after the lock (clock_timestamp, not now) and never falls below the last one.
_INSERT = """
WITH moment AS MATERIALIZED (
    SELECT clock_timestamp() AS clock, greatest(clock_timestamp(), %b::timestamptz + interval '1 microsecond') AS first
), written AS (
    INSERT INTO event (position, event_id, stream_id, version, recorded_at, recorded_by, type, structure, text, salt)
    SELECT %b::bigint + n, event_id, stream_id, version, first + (n - 1) * interval '1 microsecond', recorded_by,
           type, structure, text, salt
    FROM moment, unnest(%b::uuid[], %b::uuid[], %b::int[], %b::text[], %b::text[], %b::bytea[], %b::bytea[], %b::bytea[])
         WITH ORDINALITY AS new (event_id, stream_id, version, recorded_by, type, structure, text, salt, n)
    ORDER BY n
    RETURNING position, recorded_at
)
SELECT position, recorded_at, clock FROM written, moment ORDER BY position
"""


class _Appending:
    """One append under way: the lock is held until its transaction ends. This is the `Held` that decisions read."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection
        row = connection.execute("SELECT position, recorded_at FROM log_head FOR UPDATE").fetchone()
        assert row is not None
        self.head = Place(*row)

    def write(self, stored: Sequence[StoredEvent]) -> list[Place]:
        """Insert the events at the next positions; PostgreSQL moves the head with them (`log_advance`)."""
        if not stored:
            return []
        rows = self._connection.execute(
            _INSERT, [self.head.recorded_at, self.head.position, *_columns(stored)]
        ).fetchall()
        self._connection.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(rows[-1][0])])
        return [Place(position, recorded_at) for position, recorded_at, _ in rows]

    def versions(self, streams: Collection[UUID]) -> dict[UUID, int]:
        if not streams:
            return {}
        rows = self._connection.execute(
            "SELECT wanted.id, held.version FROM unnest(%b::uuid[]) AS wanted (id) CROSS JOIN LATERAL "
            "(SELECT version FROM event WHERE stream_id = wanted.id ORDER BY version DESC LIMIT 1) AS held",
            [list(streams)],
        ).fetchall()
        return dict(rows)

    def stream(self, stream: UUID) -> list[RecordedEvent[Event]]:
        rows = self._connection.execute(
            f"{_SELECT_STRUCTURE} WHERE stream_id = %b ORDER BY version", [stream], binary=True
        ).fetchall()
        return list(map(_structure_only, rows))

    def recorded(self, event_ids: Collection[UUID]) -> dict[UUID, HeldEvent]:
        if not event_ids:
            return {}
        rows = self._connection.execute(
            "SELECT event_id, position, recorded_at, type, structure, text, salt FROM event WHERE event_id = ANY(%b)",
            [list(event_ids)],
            binary=True,
        ).fetchall()
        return {row[0]: HeldEvent(Place(row[1], row[2]), *row[3:]) for row in rows}


def _columns(stored: Sequence[StoredEvent]) -> list[list[Any]]:
    """The rows as columns, ready to be bound as binary arrays."""
    rows = [row if isinstance(row, StoredRow) else _foreign_row(row) for row in stored]
    return [
        [row.event_id for row in rows],
        [row.originator_id for row in rows],
        [row.originator_version for row in rows],
        [row.recorded_by for row in rows],
        [row.topic for row in rows],
        [row.state for row in rows],
        [row.text for row in rows],
        [row.salt for row in rows],
    ]


def _foreign_row(event: StoredEvent) -> StoredRow:
    """A stored event from the library's own paths, which know nothing of our columns."""
    return StoredRow(
        event.originator_id, event.originator_version, event.topic, event.state, uuid4(), "local", None, None
    )


def as_recorded(row: Sequence[Any]) -> RecordedEvent[Event]:
    """A whole row of `event` as a recorded event."""
    *_, structure, text, _salt = row
    recorded = _structure_only(row)
    if text is None:
        redacted = codec.committed_to_text(structure)
        return msgspec.structs.replace(recorded, redacted=True) if redacted else recorded
    return msgspec.structs.replace(recorded, event=codec.decode(row[5], structure, text))


def _structure_only(row: Sequence[Any]) -> RecordedEvent[Event]:
    """A row of `event` as a recorded event without its text."""
    position, recorded_at, recorded_by, event_id, version, name, structure, *_ = row
    return RecordedEvent(
        position=position,
        recorded_at=recorded_at,
        recorded_by=recorded_by,
        event_id=event_id,
        version=version,
        event=codec.decode(name, structure),
    )


def streams(connection: Connection[TupleRow], ids: Sequence[UUID], until: int) -> list[RecordedEvent[Event]]:
    """The events of some streams up to a position, without text, in the order of the log."""
    if not ids:
        return []
    rows = connection.execute(
        f"{_SELECT_STRUCTURE} WHERE stream_id = ANY(%b) AND position <= %b::bigint ORDER BY position",
        [list(ids), until],
        binary=True,
    )
    return list(map(_structure_only, rows))


def listen(connection: Connection[Any], *, timeout: float) -> Iterable[psycopg.Notify]:
    """Wait for appends on a connection of one's own, at most `timeout` seconds; a hint, not to be relied on."""
    return connection.notifies(timeout=timeout, stop_after=1)

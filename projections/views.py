"""The views' tables: define a view, read where it stands, move its rows. No rule lives here; see `versions.py`."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier, Literal

from projections.claims import ClaimVersion
from projections.policies import POLICIES, Clock, Reading

Database = Connection[TupleRow]

#: The views that are always kept, by name.
ALWAYS: Final = {"current": Reading(clock="recorded"), "published": Reading(clock="reported")}

#: The tables of a view.
TABLES: Final = ("claim_version", "mention", "merger", "reach", "development")
_HOUR = timedelta(hours=1)


class UnknownView(LookupError):
    """There is no view of this name or id."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        super().__init__(f"there is no view {name!r}; there are {', '.join(known)}")


class BeingBuilt(UnknownView):
    """The view of this name or id is being built, and cannot be read yet."""

    def __init__(self, name: str, percent: int, error: str | None) -> None:
        self.name = name
        stopped = f"; it stopped: {error}" if error else ""
        LookupError.__init__(self, f"view {name!r} is being built: {percent}%{stopped}")


class Overtaken(RuntimeError):
    """Another follower has moved the view meanwhile; nothing of ours was written."""


@dataclass(frozen=True, slots=True)
class View:
    """A view as it stands: its id, its name, how it reads the log, and the last position folded into it.

    Attributes:
        other_tables: The number of the partitions that hold its rows since it was caught up in bulk; else None.
        until: The position at which it stands for ever; None where it follows the log.
    """

    view_id: int
    name: str
    reading: Reading
    position: int
    other_tables: int | None = None
    until: int | None = None

    @property
    def tables(self) -> int:
        """The number of the partitions that hold its rows."""
        return self.view_id if self.other_tables is None else self.other_tables

    def table(self, name: str) -> Identifier:
        """The partition of one of the views' tables that holds this view's rows."""
        return Identifier(f"{name}_{self.tables}")

    def sql(self, statement: str) -> bytes:
        """A statement in which {claim_version}, {mention} and the other tables' names are this view's partitions."""
        return in_tables(self.tables, statement)


@lru_cache(maxsize=4096)
def in_tables(tables: int, statement: str) -> bytes:
    """A statement in which {claim_version}, {mention} and the other tables' names are partitions of a number."""
    for name in TABLES:
        statement = statement.replace(f"{{{name}}}", f'"{name}_{tables}"')
    return statement.encode()


VIEW_COLUMNS = "view_id, name, policy, policy_version, clock, exclude_sources, only_sources, position, tables, until"


def define(connection: Database, name: str, reading: Reading) -> View:
    """Make a view with its empty partitions; the one that is there already where the name is taken."""
    alone_defining(connection)
    row = connection.execute(
        "INSERT INTO view (name, policy, policy_version, clock, exclude_sources, only_sources) "
        f"VALUES (%s, %s, %s::int, %s, %s, %s) ON CONFLICT (name) DO NOTHING RETURNING {VIEW_COLUMNS}",
        [
            name,
            reading.policy.name,
            reading.policy.version,
            reading.clock,
            sorted(reading.exclude_sources),
            sorted(reading.only_sources),
        ],
    ).fetchone()
    if row is None:
        return find(connection, name)
    view = view_of(row)
    for table in TABLES:
        connection.execute(
            SQL("CREATE TABLE {} PARTITION OF {} FOR VALUES IN ({})").format(
                view.table(table), Identifier(table), Literal(view.view_id)
            )
        )
    return view


def alone_defining(connection: Database) -> None:
    """Until the transaction ends nobody else makes a view, or gives one another name."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('timeline view definition'))")


def named(connection: Database, name: str) -> View | None:
    """The view that bears a name, if one does."""
    row = connection.execute(f"SELECT {VIEW_COLUMNS} FROM view WHERE name = %s", [name]).fetchone()
    return view_of(row) if row else None


def find(connection: Database, name: str) -> View:
    """The view of a name, or of an id in digits.

    Raises:
        UnknownView: there is none; the message names those that there are.
    """
    row = connection.execute(
        f"SELECT {VIEW_COLUMNS} FROM view WHERE name = %s OR view_id::text = %s ORDER BY name = %s DESC LIMIT 1",
        [name, name, name],
    ).fetchone()
    if row is None:
        raise missing(connection, name)
    return view_of(row)


def missing(connection: Database, name: str) -> UnknownView:
    """Why there is no view of a name or id: it is being built, or nobody has asked for one."""
    row = connection.execute(
        "SELECT coalesce(sum(events) FILTER (WHERE done) * 100 / nullif(sum(events), 0), 0)::int, error FROM build "
        "LEFT JOIN build_part USING (build_id) WHERE name = %s OR (name IS NOT NULL AND build_id::text = %s) GROUP BY build_id",
        [name, name],
    ).fetchone()
    return BeingBuilt(name, *row) if row else UnknownView(name, (view.name for view in every(connection)))


def every(connection: Database) -> list[View]:
    """All views, in the order in which they were made."""
    return [view_of(row) for row in connection.execute(f"SELECT {VIEW_COLUMNS} FROM view ORDER BY view_id")]


def complete(connection: Database) -> View:
    """A view on the recorded clock that follows the log and leaves nobody out: it knows every claim ever recorded.

    Raises:
        UnknownView: there is none; the last one cannot be dropped, and `current` is one until another takes the name.
    """
    row = connection.execute(f"SELECT {VIEW_COLUMNS} FROM view WHERE {COMPLETE} ORDER BY view_id LIMIT 1").fetchone()
    if row is None:
        raise missing(connection, "current")
    return view_of(row)


#: What makes a view on the recorded clock hold every claim.
COMPLETE: Final = "clock = 'recorded' AND exclude_sources = '{}' AND only_sources = '{}' AND until IS NULL"


def recorded_times(connection: Database, positions: Collection[int]) -> dict[int, datetime]:
    """When some positions were recorded."""
    rows = connection.execute(
        "SELECT position, recorded_at FROM event WHERE position = ANY(%b::bigint[])", [list(positions)]
    ).fetchall()
    return dict(rows)


def view_of(row: Sequence[Any]) -> View:
    """A view from its row."""
    view_id, name, *said, position, tables, until = row
    return View(view_id, name, reading_of(name, *said), position, tables, until)


def reading_of(
    name: str, policy: str, version: int, clock: Clock, exclude: Collection[str], only: Collection[str]
) -> Reading:
    """How a view reads the log, from its row.

    Raises:
        ValueError: it was folded under another version of its policy.
    """
    rule = POLICIES[policy]
    if rule.version != version:
        raise ValueError(f"view {name!r} was folded under {policy}/{version}; this program knows {rule.label}")
    return Reading(policy=rule, clock=clock, exclude_sources=frozenset(exclude), only_sources=frozenset(only))


def advance(connection: Database, view: View, position: int) -> None:
    """Move a view's position, in the transaction that wrote its rows.

    Raises:
        Overtaken: the view is no longer where this follower left it.
    """
    moved = connection.execute(
        "UPDATE view SET position = %s WHERE view_id = %s::int AND position = %s AND coalesce(tables, view_id) = %s::int",
        [position, view.view_id, view.position, view.tables],
    )
    if moved.rowcount != 1:
        raise Overtaken(f"view {view.name!r} was moved on from position {view.position} by another follower")


def locked(connection: Database, name: str) -> View:
    """A view as it stands, which no follower moves until the transaction ends.

    Raises:
        UnknownView: there is none.
    """
    view = find(connection, name)
    connection.execute("SELECT FROM view WHERE view_id = %s::int FOR UPDATE", [view.view_id])
    return find(connection, str(view.view_id))


def versions_of(connection: Database, view: View, developments: Collection[UUID]) -> set[ClaimVersion]:
    """The claim versions that a view holds of some developments."""
    if not developments:
        return set()
    rows = connection.execute(
        view.sql(f"SELECT {CLAIM_COLUMNS} FROM {{claim_version}} WHERE development_id = ANY(%b)"),
        [list(developments)],
        binary=True,
    )
    return {ClaimVersion(*row) for row in rows}


#: The columns of a claim version, in the order of its fields.
CLAIM_COLUMNS: Final = ", ".join(ClaimVersion._fields)


def replace(connection: Database, view: View, stale: Collection[ClaimVersion], fresh: Collection[ClaimVersion]) -> None:
    """Take claim versions out of a view and put others in."""
    if stale:
        connection.execute(
            view.sql(
                "DELETE FROM {claim_version} AS held USING unnest(%b::uuid[], %b::bigint[]) AS gone (id, known_from) "
                "WHERE held.development_id = gone.id AND held.known_from = gone.known_from"
            ),
            [[one.development_id for one in stale], [one.known_from for one in stale]],
        )
    if not fresh:
        return
    copy_in = view.sql(f"COPY {{claim_version}} (view_id, {CLAIM_COLUMNS}, span) FROM STDIN (FORMAT BINARY)")
    with connection.cursor() as cursor, cursor.copy(copy_in) as copy:
        copy.set_types(_COPY_TYPES)
        for one in fresh:
            copy.write_row((view.tables, *one, span(one)))


_COPY_TYPES = (
    "int4", "uuid", "text", "text", "timestamptz", "timestamptz", "int8", "text", "text", "text",
    "timestamptz", "timestamptz", "int8", "int8", "int2",
)  # fmt: skip


def span(claim: ClaimVersion) -> int:
    """The least n such that the claim's period ends less than 2^n hours after it takes effect."""
    return max(0, (claim.occurred_end - claim.takes_effect) // _HOUR).bit_length()


def remember(
    connection: Database,
    view: View,
    mentions: Collection[tuple[str, UUID]],
    mergers: Collection[tuple[UUID, UUID]],
) -> None:
    """Note which sources speak of which developments, and what was merged into what."""
    if mentions:
        connection.execute(
            view.sql(
                "INSERT INTO {mention} (view_id, source_id, development_id) "
                "SELECT %b::int, * FROM unnest(%b::text[], %b::uuid[]) ON CONFLICT DO NOTHING"
            ),
            [view.tables, [source for source, _ in mentions], [development for _, development in mentions]],
        )
    if mergers:
        connection.execute(
            view.sql(
                "INSERT INTO {merger} (view_id, development_id, into_id) "
                "SELECT %b::int, * FROM unnest(%b::uuid[], %b::uuid[]) ON CONFLICT DO NOTHING"
            ),
            [view.tables, [one for one, _ in mergers], [into for _, into in mergers]],
        )


def note_reach(connection: Database, view: View, known: int, fresh: Collection[ClaimVersion]) -> None:
    """Note how far forward the claims known by a position reach: no further than those before and the fresh ones do."""
    connection.execute(
        view.sql(
            "INSERT INTO {reach} (view_id, known, takes_effect) SELECT %s::int, %s, latest FROM greatest(%s, "
            "(SELECT takes_effect FROM {reach} ORDER BY known DESC LIMIT 1)) AS latest WHERE latest IS NOT NULL"
        ),
        [view.tables, known, max((one.takes_effect for one in fresh), default=None)],
    )


def extend_reach(connection: Database, view: View, fresh: Collection[ClaimVersion]) -> None:
    """Note how far forward claims reach that were folded later than the events after them (set aside, and retried)."""
    if fresh:
        connection.execute(
            view.sql("UPDATE {reach} SET takes_effect = %s WHERE known >= %s AND takes_effect < %s"),
            [latest := max(one.takes_effect for one in fresh), min(one.known_from for one in fresh), latest],
        )


def mentioned_by(connection: Database, view: View, sources: Collection[str]) -> set[UUID]:
    """The developments of which some sources speak."""
    if not sources:
        return set()
    rows = connection.execute(
        view.sql("SELECT development_id FROM {mention} WHERE source_id = ANY(%s)"), [list(sources)]
    )
    return {row[0] for row in rows}


def mergers_around(connection: Database, view: View, developments: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    """Every merger that leads to or from some developments, directly or not, as (development, into)."""
    if not developments:
        return []
    rows = connection.execute(
        view.sql(
            "WITH RECURSIVE around AS ("
            "SELECT development_id, into_id FROM {merger} WHERE development_id = ANY(%b) OR into_id = ANY(%b) "
            "UNION SELECT m.development_id, m.into_id FROM around AS a JOIN {merger} AS m "
            "ON m.development_id = a.into_id OR m.into_id IN (a.development_id, a.into_id)"
            ") SELECT development_id, into_id FROM around"
        ),
        [list(developments), list(developments)],
        binary=True,
    )
    return [(row[0], row[1]) for row in rows]

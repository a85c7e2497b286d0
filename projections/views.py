"""The views' tables: define a view, read where it stands, move its rows. No rule lives here; see `versions.py`."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier, Literal

from projections.claims import ClaimVersion
from projections.policies import POLICIES, Reading

Database = Connection[TupleRow]

#: The views that are always kept, by name.
ALWAYS: Final = {"current": Reading(clock="recorded"), "published": Reading(clock="reported")}

_TABLES = ("claim_version", "mention", "merger", "reach", "development")
_HOUR = timedelta(hours=1)


class UnknownView(LookupError):
    """There is no view of this name or id."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        super().__init__(f"there is no view {name!r}; there are {', '.join(known)}")


class Overtaken(RuntimeError):
    """Another follower has moved the view meanwhile; nothing of ours was written."""


@dataclass(frozen=True, slots=True)
class View:
    """A view as it stands: its id, its name, how it reads the log, and the last position folded into it."""

    view_id: int
    name: str
    reading: Reading
    position: int

    def table(self, name: str) -> Identifier:
        """The partition of one of the views' tables that holds this view's rows."""
        return Identifier(f"{name}_{self.view_id}")

    def sql(self, statement: str) -> bytes:
        """A statement in which {claim_version}, {mention} and the other tables' names are this view's partitions."""
        return _for_view(self.view_id, statement)


@lru_cache(maxsize=4096)
def _for_view(view_id: int, statement: str) -> bytes:
    for name in _TABLES:
        statement = statement.replace(f"{{{name}}}", f'"{name}_{view_id}"')
    return statement.encode()


_COLUMNS = "view_id, name, policy, policy_version, clock, exclude_sources, only_sources, position"


def define(connection: Database, name: str, reading: Reading) -> View:
    """Make a view with its empty partitions; the one that is there already where the name is taken."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('timeline view definition'))")
    row = connection.execute(
        "INSERT INTO view (name, policy, policy_version, clock, exclude_sources, only_sources) "
        f"VALUES (%s, %s, %s::int, %s, %s, %s) ON CONFLICT (name) DO NOTHING RETURNING {_COLUMNS}",
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
    view = _view(row)
    for table in _TABLES:
        connection.execute(
            SQL("CREATE TABLE {} PARTITION OF {} FOR VALUES IN ({})").format(
                view.table(table), Identifier(table), Literal(view.view_id)
            )
        )
    return view


def find(connection: Database, name: str) -> View:
    """The view of a name, or of an id in digits.

    Raises:
        UnknownView: there is none; the message names those that there are.
    """
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM view WHERE name = %s OR view_id::text = %s ORDER BY name = %s DESC LIMIT 1",
        [name, name, name],
    ).fetchone()
    if row is None:
        raise UnknownView(name, (view.name for view in every(connection)))
    return _view(row)


def every(connection: Database) -> list[View]:
    """All views, in the order in which they were made."""
    return [_view(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM view ORDER BY view_id")]


class Standing(NamedTuple):
    """Where a view stands, and a place in the log that was asked for beside it.

    Attributes:
        newest: When its last folded event was recorded; None while nothing is folded.
        position, recorded_at: The last event by the time, or at the position, that was asked for; None where none is.
        set_aside, set_aside_from: How much is set aside, and the first position at which; None where nothing is.
        regrading: A source graded anew is being folded in parts, and not all of them are done.
    """

    view: View
    newest: datetime | None
    position: int | None
    recorded_at: datetime | None
    set_aside: int
    set_aside_from: int | None
    regrading: bool


_BY_TIME = "SELECT position, recorded_at FROM event WHERE recorded_at <= %s ORDER BY recorded_at DESC LIMIT 1"
_BY_POSITION = "SELECT position, recorded_at FROM event WHERE position = least(%s::bigint, view.position)"


def standing(
    connection: Database, name: str, *, known_at: datetime | None = None, known_position: int | None = None
) -> Standing:
    """A view by its name or id with what a question needs of the log, in one query: each read begins with it.

    Raises:
        UnknownView: there is none.
    """
    asked = "SELECT NULL::bigint, NULL::timestamptz"
    parameters: list[int | datetime] = []
    if known_position is not None:
        asked, parameters = _BY_POSITION, [known_position]
    elif known_at is not None:
        asked, parameters = _BY_TIME, [known_at]
    row = connection.execute(
        f"SELECT {', '.join(f'view.{column}' for column in _COLUMNS.split(', '))}, "
        "newest.recorded_at, asked.position, asked.recorded_at, aside.count, aside.first, "
        "EXISTS (SELECT FROM regrading WHERE regrading.view_id = view.view_id) "
        "FROM view LEFT JOIN event AS newest ON newest.position = view.position "
        f"LEFT JOIN LATERAL ({asked}) AS asked (position, recorded_at) ON TRUE "
        "CROSS JOIN LATERAL (SELECT count(*), min(position) FROM set_aside WHERE set_aside.view_id = view.view_id"
        ") AS aside (count, first) "
        "WHERE name = %s OR view_id::text = %s ORDER BY name = %s DESC LIMIT 1",
        [*parameters, name, name, name],
        binary=True,
    ).fetchone()
    if row is None:
        raise UnknownView(name, (view.name for view in every(connection)))
    return Standing(_view(row[:-6]), *row[-6:])


def recorded_times(connection: Database, positions: Collection[int]) -> dict[int, datetime]:
    """When some positions were recorded."""
    rows = connection.execute(
        "SELECT position, recorded_at FROM event WHERE position = ANY(%b::bigint[])", [list(positions)]
    ).fetchall()
    return dict(rows)


def _view(row: Sequence[Any]) -> View:
    view_id, name, policy, version, clock, exclude, only, position = row
    rule = POLICIES[policy]
    if rule.version != version:
        raise ValueError(f"view {name!r} was folded under {policy}/{version}; this program knows {rule.label}")
    reading = Reading(policy=rule, clock=clock, exclude_sources=frozenset(exclude), only_sources=frozenset(only))
    return View(view_id, name, reading, position)


def advance(connection: Database, view: View, position: int) -> None:
    """Move a view's position, in the transaction that wrote its rows.

    Raises:
        Overtaken: the view is no longer where this follower left it.
    """
    moved = connection.execute(
        "UPDATE view SET position = %s WHERE view_id = %s::int AND position = %s",
        [position, view.view_id, view.position],
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
            copy.write_row((view.view_id, *one, span(one)))


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
            [view.view_id, [source for source, _ in mentions], [development for _, development in mentions]],
        )
    if mergers:
        connection.execute(
            view.sql(
                "INSERT INTO {merger} (view_id, development_id, into_id) "
                "SELECT %b::int, * FROM unnest(%b::uuid[], %b::uuid[]) ON CONFLICT DO NOTHING"
            ),
            [view.view_id, [one for one, _ in mergers], [into for _, into in mergers]],
        )


def note_reach(connection: Database, view: View, known: int, fresh: Collection[ClaimVersion]) -> None:
    """Note how far forward the claims known by a position reach: no further than those before and the fresh ones do."""
    connection.execute(
        view.sql(
            "INSERT INTO {reach} (view_id, known, takes_effect) SELECT %s::int, %s, latest FROM greatest(%s, "
            "(SELECT takes_effect FROM {reach} ORDER BY known DESC LIMIT 1)) AS latest WHERE latest IS NOT NULL"
        ),
        [view.view_id, known, max((one.takes_effect for one in fresh), default=None)],
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

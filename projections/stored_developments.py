"""The developments in a view's table: read some in the order in which they were recorded, take some out, put others in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from projections.developments import Development
from projections.views import View

_COLUMNS = ", ".join(Development._fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which developments are sought; None for any.

    Attributes:
        source: Somebody in a chain of a statement that is heard of it.
        start, end: What occurred shares a moment with `[start, end)`; equal ones are the instant that they name.
    """

    locations: Collection[str] | None = None
    kinds: Collection[str] | None = None
    standings: Collection[str] | None = None
    source: str | None = None
    start: datetime | None = None
    end: datetime | None = None


def sought(
    connection: Connection[TupleRow],
    view: View,
    what: Sought,
    *,
    above: int,
    below: int,
    newest_first: bool,
    limit: int,
) -> list[Development]:
    """The developments recorded at positions above one and below another, in their order or against it."""
    where, asked = _sought(what, above, below)
    rows = connection.execute(
        view.sql(
            f"SELECT {_COLUMNS} FROM {{development}} WHERE {where} "
            f"ORDER BY position {'DESC' if newest_first else 'ASC'} LIMIT %(limit)s::bigint"
        ),
        asked | {"limit": limit},
        binary=True,
    )
    return list(map(_development, rows))


def counted(connection: Connection[TupleRow], view: View, what: Sought, *, below: int) -> int:
    """How many developments recorded at positions below one are sought."""
    where, asked = _sought(what, 0, below)
    row = connection.execute(view.sql(f"SELECT count(*) FROM {{development}} WHERE {where}"), asked).fetchone()
    return row[0] if row is not None else 0


def _sought(what: Sought, above: int, below: int) -> tuple[str, dict[str, Any]]:
    """The condition of what is sought, and its values."""
    where = ["position > %(above)s::bigint", "position < %(below)s::bigint"]
    if what.locations is not None:
        where.append("location_id = ANY(%(locations)s)")
    if what.kinds is not None:
        where.append("kind = ANY(%(kinds)s)")
    if what.standings is not None:
        where.append("standing = ANY(%(standings)s)")
    if what.source is not None:
        where.append("sources @> ARRAY[%(source)s::text]")
    if what.start is not None:
        where.append("(occurred_end > %(start)s OR occurred_start >= %(start)s)")
    if what.end is not None:
        where.append("occurred_start <= %(end)s" if what.end == what.start else "occurred_start < %(end)s")
    asked: dict[str, Any] = {
        "above": above,
        "below": below,
        "locations": _listed(what.locations),
        "kinds": _listed(what.kinds),
        "standings": _listed(what.standings),
        "source": what.source,
        "start": what.start,
        "end": what.end,
    }
    return " AND ".join(where), asked


def _listed(chosen: Collection[str] | None) -> list[str] | None:
    return None if chosen is None else list(chosen)


def developments_of(connection: Connection[TupleRow], view: View, ids: Collection[UUID]) -> set[Development]:
    """What a view holds of some developments."""
    if not ids:
        return set()
    rows = connection.execute(
        view.sql(f"SELECT {_COLUMNS} FROM {{development}} WHERE development_id = ANY(%b)"), [list(ids)], binary=True
    )
    return set(map(_development, rows))


def keep(connection: Connection[TupleRow], view: View, fresh: Collection[Development], known: Collection[UUID]) -> None:
    """Put developments in, in place of what the view holds of those `known` to it before."""
    held = developments_of(connection, view, known)
    stale, new = held - set(fresh), set(fresh) - held
    if stale:
        connection.execute(
            view.sql("DELETE FROM {development} WHERE development_id = ANY(%b)"),
            [[one.development_id for one in stale]],
        )
    if not new:
        return
    copy_in = view.sql(f"COPY {{development}} (view_id, {_COLUMNS}) FROM STDIN (FORMAT BINARY)")
    with connection.cursor() as cursor, cursor.copy(copy_in) as copy:
        copy.set_types(_COPY_TYPES)
        for one in sorted(new, key=lambda each: each.position):
            copy.write_row((view.tables, *one[:10], list(one.sources), *one[11:]))


_COPY_TYPES = (
    "int4", "uuid", "int8", "text", "text", "text", "timestamptz", "timestamptz", "timestamptz", "text", "text",
    "text[]", "uuid", "int4", "int4",
)  # fmt: skip


def _development(row: Sequence[Any]) -> Development:
    found = Development(*row)
    return found._replace(sources=tuple(found.sources))

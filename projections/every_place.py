"""The claim versions of a view place by place, streamed: whatever the view holds, memory is bounded by one place."""

from collections.abc import Collection, Iterator
from itertools import count, groupby
from operator import itemgetter
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from projections.claims import ClaimVersion
from projections.views import CLAIM_COLUMNS, View

#: So many rows come at once.
HELPING: Final = 5_000

_numbers = count(1)


def versions_by_place(
    connection: Connection[TupleRow], view: View, locations: Collection[str] | None = None
) -> Iterator[tuple[str, list[ClaimVersion]]]:
    """Each place with all its claim versions, in the order of location ids; places without any are not among them.

    Args:
        connection: In a transaction; best one that sees a single state (REPEATABLE READ).
        locations: Only these; None for all.
    """
    connection.execute("SET LOCAL plan_cache_mode TO force_custom_plan")
    connection.execute("SET LOCAL enable_seqscan TO on")
    here = "" if locations is None else "WHERE location_id = ANY(%(places)s) "
    with connection.cursor(name=f"every_place_{next(_numbers)}") as cursor:
        cursor.itersize = HELPING
        cursor.execute(
            view.sql(f"SELECT {CLAIM_COLUMNS} FROM {{claim_version}} {here}ORDER BY location_id"),
            None if locations is None else {"places": list(locations)},
            binary=True,
        )
        for location_id, rows in groupby(cursor, key=itemgetter(1)):
            yield location_id, [ClaimVersion(*row) for row in rows]

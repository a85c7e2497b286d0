"""Which developments a view holds that look like others: same place, same kind, periods that share a moment."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from events.developments import DevelopmentReported
from events.warnings import Candidate
from projections.views import View

#: So many are told of each.
MOST: Final = 5

#: So many of the place and kind are looked at, from those that began last before the end backwards. What began further
#: back and still lasts is not seen: the price of a look that costs the same at every place.
NEAR: Final = 200

# As events.times.overlap has it: an instant is the one moment that it names.
_OVERLAPS: Final = """(
    greatest(near.occurred_start, wanted.starts) < least(near.occurred_end, wanted.ends)
    OR near.occurred_start = near.occurred_end AND near.occurred_start >= wanted.starts
       AND (near.occurred_start < wanted.ends OR near.occurred_start = wanted.starts)
    OR wanted.starts = wanted.ends AND wanted.starts >= near.occurred_start AND wanted.starts < near.occurred_end
)"""

_LOOK: Final = f"""
SELECT wanted.id, alike.development_id, alike.standing, alike.occurred_start, alike.occurred_end, alike.sources
FROM unnest(%b::uuid[], %b::text[], %b::text[], %b::timestamptz[], %b::timestamptz[])
     AS wanted (id, location_id, kind, starts, ends)
CROSS JOIN LATERAL (
    SELECT near.* FROM (
        SELECT development_id, standing, occurred_start, occurred_end, sources FROM {{development}} AS held
        WHERE held.location_id = wanted.location_id AND held.kind = wanted.kind AND held.occurred_start <= wanted.ends
        ORDER BY held.occurred_start DESC LIMIT {NEAR}
    ) AS near
    WHERE near.development_id <> wanted.id AND near.standing NOT IN ('void', 'merged') AND {_OVERLAPS}
    ORDER BY near.occurred_start DESC, near.development_id LIMIT {MOST}
) AS alike
"""


def look_alikes(
    connection: Connection[TupleRow], view: View, reports: Sequence[DevelopmentReported]
) -> dict[UUID, list[Candidate]]:
    """For each development reported that looks like others of the view: those others, the latest begun first."""
    columns = [
        [one.development_id for one in reports],
        [one.location_id for one in reports],
        [one.kind for one in reports],
        [one.occurred.start for one in reports],
        [one.occurred.end for one in reports],
    ]
    found: dict[UUID, list[Candidate]] = {}
    for wanted, held, standing, start, end, sources in connection.execute(view.sql(_LOOK), columns, binary=True):
        found.setdefault(wanted, []).append(Candidate(held, standing, start, end, tuple(sources)))
    return found

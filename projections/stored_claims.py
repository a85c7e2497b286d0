"""The claims of one place as a view's table holds them: `Claims` for the second fold, in PostgreSQL.

A place with few claims is read whole, in one query, and folded in memory. Only a crowded place is asked in small
helpings, each a step or two down an index. Both answer alike, by test.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from projections.claims import Assertion, ClaimVersion, Order, known_claims
from projections.status import ClaimList, Claims, Group
from projections.views import CLAIM_COLUMNS, View

#: A place with more claim versions than this at the moment asked for is read in helpings.
CROWDED: Final = 200

_ORDER = "takes_effect, published_at, position"
_ORDER_DESC = "takes_effect DESC, published_at DESC, position DESC"
_BEFORE = "(takes_effect, published_at, position) < (%s, %s, %s)"
_AFTER = "(takes_effect, published_at, position) > (%s, %s, %s)"


def claims_at(
    connection: Connection[TupleRow], view: View, location_id: str, known: int, facets: Iterable[str]
) -> dict[str, Claims]:
    """The claims of each facet that any claim known then bears on (and is not ignored)."""
    rows = connection.execute(
        view.sql(
            f"SELECT {CLAIM_COLUMNS} FROM {{claim_version}} WHERE location_id = %s AND facet = ANY(%s) "
            "AND bearing IN ('accepted', 'pending') AND known_from <= %s AND known_until > %s LIMIT %s"
        ),
        [location_id, list(facets), known, known, CROWDED + 1],
        binary=True,
    ).fetchall()
    if len(rows) <= CROWDED:
        versions = [ClaimVersion(*row) for row in rows]
        present = {version.facet for version in versions}
        return {facet: ClaimList(known_claims(versions, facet, known)) for facet in present}
    crowded = {facet: StoredClaims(connection, view, location_id, facet, known) for facet in facets}
    return {facet: claims for facet, claims in crowded.items() if claims.any()}


def every_version(connection: Connection[TupleRow], view: View, location_id: str) -> list[ClaimVersion]:
    """All claim versions of a place, for its history and its belief map."""
    rows = connection.execute(
        view.sql(f"SELECT {CLAIM_COLUMNS} FROM {{claim_version}} WHERE location_id = %s"), [location_id], binary=True
    )
    return [ClaimVersion(*row) for row in rows]


class StoredClaims:
    """`Claims` asked from the table, for a place too crowded to read whole."""

    def __init__(self, connection: Connection[TupleRow], view: View, location_id: str, facet: str, known: int) -> None:
        self._connection = connection
        self._view = view
        self._place = [location_id, facet]
        self._known = [known, known]

    def _rows(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._connection.execute(self._view.sql(statement), parameters, binary=True).fetchall()

    def _claims(self, where: str, parameters: Sequence[Any], order: str, limit: int) -> list[ClaimVersion]:
        statement = (
            f"SELECT {CLAIM_COLUMNS} FROM {{claim_version}} WHERE location_id = %s AND facet = %s AND {where} "
            f"AND known_from <= %s AND known_until > %s ORDER BY {order} LIMIT %s"
        )
        return [ClaimVersion(*row) for row in self._rows(statement, [*self._place, *parameters, *self._known, limit])]

    def any(self) -> bool:
        """Whether any claim is known that is not ignored."""
        bearings = ("accepted", "pending")
        return any(self._claims("bearing = %s", [bearing], _ORDER, 1) for bearing in bearings)

    def accepted_before(self, order: Order | None, at: datetime, limit: int) -> Sequence[ClaimVersion]:
        where, parameters = "bearing = 'accepted' AND takes_effect <= %s", [at]
        if order is not None:
            return self._claims(f"{where} AND {_BEFORE}", [*parameters, *order], _ORDER_DESC, limit)
        return self._claims(where, parameters, _ORDER_DESC, limit)

    def first_accepted_after(self, order: Order | None) -> ClaimVersion | None:
        where, parameters = ("TRUE", ()) if order is None else (_AFTER, order)
        found = self._claims(f"bearing = 'accepted' AND {where}", parameters, _ORDER, 1)
        return found[0] if found else None

    def last_saying_otherwise(self, order: Order, assertion: Assertion) -> ClaimVersion | None:
        found = self._across_strands(assertion, _BEFORE, order, 1)
        return found[0] if found else None

    def overlapping(
        self, basis: ClaimVersion, not_saying: Assertion, before: Order, limit: int
    ) -> Sequence[ClaimVersion]:
        # As `events.times.overlap` has it: half-open periods share a moment, an instant is the one that it names.
        start, end = basis.occurred_start, basis.occurred_end
        begins = "occurred_start < %s" if start < end else "occurred_start <= %s"
        where = (
            f"{_BEFORE} AND takes_effect >= %s - interval '1 hour' * 2 ^ strand.span AND {begins} "
            "AND (occurred_end > %s OR (occurred_start = %s AND occurred_end = occurred_start))"
        )
        return self._across_strands(not_saying, where, [*before, start, end, start, start], limit)

    def _across_strands(
        self, not_saying: Assertion, where: str, parameters: Sequence[Any], limit: int
    ) -> list[ClaimVersion]:
        """The last accepted claims that do not say this: the last few of each strand, then the last of those."""
        statement = f"""
            WITH RECURSIVE strand AS (
                (SELECT span, assertion FROM {{claim_version}}
                 WHERE location_id = %s AND facet = %s AND bearing = 'accepted' ORDER BY span, assertion LIMIT 1)
                UNION ALL
                SELECT step.span, step.assertion FROM strand CROSS JOIN LATERAL
                (SELECT span, assertion FROM {{claim_version}}
                 WHERE location_id = %s AND facet = %s AND bearing = 'accepted'
                   AND (span, assertion) > (strand.span, strand.assertion) ORDER BY span, assertion LIMIT 1) AS step
            )
            SELECT {", ".join(f"claim.{name}" for name in ClaimVersion._fields)}
            FROM strand CROSS JOIN LATERAL (
                SELECT {CLAIM_COLUMNS} FROM {{claim_version}}
                WHERE location_id = %s AND facet = %s AND bearing = 'accepted'
                  AND span = strand.span AND assertion = strand.assertion AND {where}
                  AND known_from <= %s AND known_until > %s
                ORDER BY {_ORDER_DESC} LIMIT %s
            ) AS claim
            WHERE strand.assertion <> %s
            ORDER BY {_ORDER_DESC} LIMIT %s"""
        everything = [*self._place * 3, *parameters, *self._known, limit, not_saying, limit]
        return [ClaimVersion(*row) for row in self._rows(statement, everything)]

    def pending_after(self, order: Order | None, at: datetime) -> Sequence[Group]:
        after, parameters = ("TRUE", ()) if order is None else (_AFTER, order)
        rows = self._rows(
            f"""
            SELECT DISTINCT ON (assertion) {CLAIM_COLUMNS}, count(*) OVER strand, min(takes_effect) OVER strand
            FROM {{claim_version}}
            WHERE location_id = %s AND facet = %s AND bearing = 'pending' AND takes_effect <= %s AND {after}
              AND known_from <= %s AND known_until > %s
            WINDOW strand AS (PARTITION BY assertion)
            ORDER BY assertion, {_ORDER_DESC}""",
            [*self._place, at, *parameters, *self._known],
        )
        groups = []
        for *claim, count, since in rows:
            last = ClaimVersion(*claim)
            groups.append(Group(last.assertion, count, since, last))
        return groups

    def next_after(self, at: datetime, order: Order | None, not_saying: Assertion | None) -> ClaimVersion | None:
        after, parameters = ("TRUE", ()) if order is None else (_AFTER, order)
        where = f"takes_effect > %s AND {after}"
        accepted = self._claims(f"bearing = 'accepted' AND {where}", [at, *parameters], _ORDER, 1)
        pending = self._claims(
            f"bearing = 'pending' AND {where} AND assertion IS DISTINCT FROM %s",
            [at, *parameters, not_saying],
            _ORDER,
            1,
        )
        return min((*accepted, *pending), key=lambda claim: claim.order, default=None)

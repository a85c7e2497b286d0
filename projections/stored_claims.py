"""The claims of one place as a view's table holds them: `Claims` for the second fold, in PostgreSQL.

A place with few claims is read whole, in one query, and folded in memory. Only a crowded place is asked in helpings:
first its last accepted claims, then what stands around the basis, rarely more. Both answer alike, by test.

A helping first finds its keys, (takes effect, published at, position), in the index alone, and then fetches the few
claims that it names: a scan that skipped what was not known yet in the table took 13 ms at a place of 20,000 claims,
in the index alone a tenth of that (`bench point_status`).
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from events.vocabulary import FACETS, WITHDRAWN
from projections.claim_list import ClaimList
from projections.claims import Assertion, ClaimVersion, Order, is_withdrawal, known_claims
from projections.status import MAX_CONFLICTING, TAIL, Around, Claims, Group, Last, Next, Overlap, resolve_back
from projections.views import CLAIM_COLUMNS, View

#: A place with more claim versions than this at the moment asked for is read in helpings.
CROWDED: Final = 200

#: On so many claims before it a withdrawal is resolved at once; it takes more only after as many withdrawals in a row.
LEANS_ON: Final = 4

_LAST_OF_ALL = datetime.max.replace(tzinfo=UTC)

_KEY = "takes_effect, published_at, position"
_DESC = "takes_effect DESC, published_at DESC, position DESC"
_BEFORE = "(takes_effect, published_at, position) < (%(effect)s, %(published)s, %(position)s::bigint)"
_AFTER = "(takes_effect, published_at, position) > (%(effect)s, %(published)s, %(position)s::bigint)"
_HERE = "location_id = %(place)s AND facet = %(facet)s"
_BY = "takes_effect <= %(at)s"
_LATER = "takes_effect > %(at)s AND takes_effect <= %(reach)s"
_KNOWN = "known_from <= %(known)s::bigint AND known_until > %(known)s::bigint"


def _keys(bearing: str, where: str, order: str, limit: int, columns: str = _KEY) -> str:
    """The keys of some claims, or what else stands in the index, out of the index alone."""
    return (
        f"SELECT {columns} FROM {{claim_version}} WHERE {_HERE} AND bearing = '{bearing}' AND {where} AND {_KNOWN} "
        f"ORDER BY {order} LIMIT {limit}"
    )


def _claims(keys: str, bearing: str, columns: str = CLAIM_COLUMNS) -> str:
    """The claims that some keys name."""
    return (
        f"SELECT {columns} FROM ({keys} OFFSET 0) AS key JOIN {{claim_version}} USING ({_KEY}) "
        f"WHERE {_HERE} AND bearing = '{bearing}' AND {_KNOWN}"
    )


def claims_at(
    connection: Connection[TupleRow],
    view: View,
    location_id: str,
    known: int,
    at: datetime,
    crowded: set[tuple[int, str]],
) -> dict[str, Claims]:
    """The claims of each facet that any claim known then bears on (and is not ignored).

    Args:
        at: The moment that will be asked for; others may be too.
        crowded: Places found crowded before, by view and location; asked in helpings at once. Added to here.
    """
    if (view.view_id, location_id) not in crowded:
        rows = connection.execute(
            view.sql(
                f"SELECT {CLAIM_COLUMNS} FROM {{claim_version}} WHERE location_id = %s AND facet = ANY(%s) "
                "AND bearing IN ('accepted', 'pending') AND known_from <= %s AND known_until > %s LIMIT %s"
            ),
            [location_id, list(FACETS), known, known, CROWDED + 1],
            binary=True,
        ).fetchall()
        if len(rows) <= CROWDED:
            versions = [ClaimVersion(*row) for row in rows]
            present = {version.facet for version in versions}
            return {facet: ClaimList(known_claims(versions, facet, known)) for facet in present}
        crowded.add((view.view_id, location_id))
    return stored_claims_at(connection, view, location_id, known, at)


def stored_claims_at(
    connection: Connection[TupleRow], view: View, location_id: str, known: int, at: datetime
) -> dict[str, Claims]:
    """The same from a place that is crowded: each facet begins with its last accepted claims by `at`, read in one query."""
    here = _HERE.replace("%(facet)s", "asked.facet")
    tail = _claims(_keys("accepted", "takes_effect <= least(%(at)s, reach.reach)", _DESC, TAIL), "accepted")
    earliest = " OR ".join(f"({_keys(bearing, 'TRUE', _KEY, 1, 'TRUE')})" for bearing in ("accepted", "pending"))
    rows = connection.execute(
        view.sql(
            f"SELECT asked.facet, claim.position IS NOT NULL OR {earliest.replace(_HERE, here)}, reach.reach, claim.* "
            "FROM (SELECT (SELECT takes_effect FROM {reach} WHERE known >= %(known)s::bigint ORDER BY view_id, known LIMIT 1)"
            ") AS reach (reach) CROSS JOIN unnest(%(facets)s::text[]) AS asked (facet) "
            f"LEFT JOIN LATERAL ({tail.replace(_HERE, here)}) AS claim ON TRUE"
        ),
        {"place": location_id, "known": known, "at": at, "facets": list(FACETS)},
        binary=True,
    )
    found: dict[str, list[ClaimVersion]] = {}
    reach: datetime | None = None
    for facet, is_known, reach, *claim in rows:  # noqa: B007  (the same in every row)
        if is_known:
            found.setdefault(facet, []).extend([ClaimVersion(*claim)] if claim[0] is not None else [])
    return {
        facet: StoredClaims(connection, view, location_id, facet, known, reach, (at, _newest_first(tail)))
        for facet, tail in found.items()
    }


def every_version(connection: Connection[TupleRow], view: View, locations: Collection[str]) -> list[ClaimVersion]:
    """All claim versions of some places, for their history and their belief maps."""
    statement = view.sql(f"SELECT {CLAIM_COLUMNS} FROM {{claim_version}} WHERE location_id = ANY(%s)")
    return [ClaimVersion(*row) for row in connection.execute(statement, [list(locations)], binary=True)]


class StoredClaims:
    """`Claims` asked from the table, for a place too crowded to read whole."""

    def __init__(
        self,
        connection: Connection[TupleRow],
        view: View,
        location_id: str,
        facet: str,
        known: int,
        reach: datetime | None = None,
        read: tuple[datetime, Sequence[ClaimVersion]] | None = None,
    ) -> None:
        """
        Args:
            reach: Nothing known then takes effect after this moment, so nothing is looked for there; None: no bound.
            read: The last accepted claims by a moment, where they were read already.
        """
        self._connection = connection
        self._view = view
        self._asked = {"place": location_id, "facet": facet, "known": known, "reach": reach or _LAST_OF_ALL}
        self._read = read

    def _rows(self, statement: str, **more: Any) -> list[tuple[Any, ...]]:
        asked = self._asked | more
        if "at" in more:
            asked["at"] = min(more["at"], asked["reach"])
        return self._connection.execute(self._view.sql(statement), asked, binary=True).fetchall()

    def _found(self, keys: str, bearing: str, **more: Any) -> list[ClaimVersion]:
        return _newest_first(ClaimVersion(*row) for row in self._rows(_claims(keys, bearing), **more))

    def accepted_before(self, order: Order | None, at: datetime, limit: int) -> Sequence[ClaimVersion]:
        if order is None and limit == TAIL and self._read is not None and self._read[0] == at:
            return self._read[1]
        where = _BY + ("" if order is None else f" AND {_BEFORE}")
        return self._found(_keys("accepted", where, _DESC, limit), "accepted", at=at, **_named(order))

    def first_accepted_after(self, order: Order | None) -> ClaimVersion | None:
        where = "TRUE" if order is None else _AFTER
        return next(iter(self._found(_keys("accepted", where, _KEY, 1), "accepted", **_named(order))), None)

    def last_saying_otherwise(self, order: Order, assertion: Assertion) -> ClaimVersion | None:
        keys = _keys("accepted", f"{_BEFORE} AND assertion <> %(says)s", _DESC, 1)
        return next(iter(self._found(keys, "accepted", says=assertion, **_named(order))), None)

    def overlapping(self, basis: ClaimVersion, not_saying: Assertion, before: Order) -> Sequence[Overlap]:
        rows = self._rows(_OVERLAPPING, **_named(before), **_period(basis), says=not_saying)
        return [self._overlap(*row) for row in rows]

    def _overlap(
        self,
        development_id: UUID,
        effect: datetime,
        published: datetime,
        position: int,
        says: Assertion,
        before: list[Assertion] | None,
    ) -> Overlap:
        order = (effect, published, position)
        if before is not None:
            more = before
            while len(more) == LEANS_ON and all(map(is_withdrawal, more)):
                more = self._assertions_before(order, skip=len(before))
                before = before + more
            says = resolve_back([says, *before[: _to_one_that_stands_alone(before)]])
        return Overlap(development_id, order, says)

    def _assertions_before(self, order: Order, skip: int) -> list[Assertion]:
        """What further claims assert on which a withdrawal leans: those in between are withdrawals too."""
        keys = _keys("accepted", _BEFORE, _DESC, LEANS_ON, "assertion")
        return [row[0] for row in self._rows(f"{keys} OFFSET %(skip)s", skip=skip, **_named(order))]

    def next_after(self, at: datetime, order: Order | None, not_saying: Assertion | None) -> Next | None:
        later = _LATER + ("" if order is None else f" AND {_AFTER}")
        return _earliest(self._rows(_next(later), at=at, says=not_saying, **_named(order)))

    def around(self, basis: ClaimVersion | None, held: Assertion | None, at: datetime) -> Around:
        """All three helpings in one query: the first column tells which a row belongs to."""
        parts = [
            (
                "SELECT 1, development_id, takes_effect, published_at, position, assertion, NULL::text[], standing, count, "
                f"since FROM ({_pending(after=basis is not None)}) AS pending"
            ),
            (
                "SELECT 2, NULL, takes_effect, published_at, position, assertion, NULL, bearing, NULL, NULL "
                f"FROM ({_next(_LATER)}) AS next"
            ),
        ]
        more: dict[str, Any] = {"at": at, "says": held}
        if basis is not None:
            parts.append(f"SELECT 3, *, NULL, NULL, NULL FROM ({_OVERLAPPING}) AS overlapping")
            more |= _named(basis.order) | _period(basis)
        pending, later, overlapping = [], [], []
        for part, development_id, *key, says, before, word, count, since in self._rows(
            " UNION ALL ".join(parts), **more
        ):
            effect, published, position = key
            if part == 1:
                pending.append(Group(says, count, since, Last(development_id, (effect, published, position), word)))
            elif part == 2:
                later.append((effect, published, position, says, word))
            else:
                overlapping.append(self._overlap(development_id, effect, published, position, says, before))
        overlapping.sort(key=lambda one: one.order, reverse=True)
        return Around(pending, _earliest(later), overlapping)


def _pending(*, after: bool) -> str:
    """The last claim of each pending assertion in effect (and after an order), with their count and first effect."""
    keys = f"""
        SELECT DISTINCT ON (assertion) {_KEY}, count(*) OVER strand, min(takes_effect) OVER strand AS since
        FROM {{claim_version}}
        WHERE {_HERE} AND bearing = 'pending' AND {_BY} {f"AND {_AFTER}" if after else ""} AND {_KNOWN}
        WINDOW strand AS (PARTITION BY assertion)
        ORDER BY assertion, {_DESC}"""
    return _claims(keys, "pending", f"development_id, {_KEY}, assertion, standing, count, since")


def _next(later: str) -> str:
    """The next accepted claim, and the next pending one that does not say this; from the index alone."""
    columns = f"{_KEY}, assertion, bearing"
    accepted = _keys("accepted", later, _KEY, 1, columns)
    pending = _keys("pending", f"{later} AND assertion IS DISTINCT FROM %(says)s", _KEY, 1, columns)
    return f"({accepted}) UNION ALL ({pending})"


#: The last accepted claims before an order that overlap the basis's period: the last few of each span's strand; of a
#: withdrawal also what the claims before it assert. Periods overlap as `events.times.overlap` has it: half-open ones
#: share a moment, an instant is the one that it names.
_OVERLAPPING = f"""
SELECT claim.*, CASE WHEN claim.assertion LIKE '{WITHDRAWN}|%%' THEN ARRAY(
    SELECT assertion FROM {{claim_version}} AS earlier
    WHERE {_HERE} AND bearing = 'accepted' AND {_KNOWN}
      AND ({_KEY}) < (claim.takes_effect, claim.published_at, claim.position) ORDER BY {_DESC} LIMIT {LEANS_ON}) END
FROM generate_series(0, (SELECT max(span) FROM {{claim_version}} WHERE {_HERE} AND bearing = 'accepted')) AS strand (span)
CROSS JOIN LATERAL (
    SELECT development_id, {_KEY}, assertion FROM {{claim_version}}
    WHERE {_HERE} AND bearing = 'accepted' AND span = strand.span AND assertion <> %(says)s AND {_BEFORE}
      AND takes_effect >= CASE WHEN strand.span < 25 THEN %(start)s - interval '1 hour' * 2 ^ strand.span
                               ELSE '-infinity' END  -- further back than PostgreSQL's calendar
      AND (occurred_start < %(end)s OR (occurred_start = %(end)s AND %(start)s = %(end)s))
      AND (occurred_end > %(start)s OR (occurred_start = %(start)s AND occurred_end = occurred_start))
      AND {_KNOWN}
    ORDER BY {_DESC} LIMIT {MAX_CONFLICTING}
) AS claim
ORDER BY {_DESC} LIMIT {MAX_CONFLICTING}"""


def _earliest(rows: Iterable[tuple[Any, ...]]) -> Next | None:
    found = (Next((effect, published, position), says, bearing) for effect, published, position, says, bearing in rows)
    return min(found, key=lambda one: one.order, default=None)


def _to_one_that_stands_alone(before: Sequence[Assertion]) -> int:
    return next((number for number, said in enumerate(before, start=1) if not is_withdrawal(said)), len(before))


def _newest_first(claims: Iterable[ClaimVersion]) -> list[ClaimVersion]:
    return sorted(claims, key=lambda claim: claim.order, reverse=True)


def _named(order: Order | None) -> dict[str, Any]:
    return {} if order is None else dict(zip(("effect", "published", "position"), order, strict=True))


def _period(basis: ClaimVersion) -> dict[str, Any]:
    return {"start": basis.occurred_start, "end": basis.occurred_end}

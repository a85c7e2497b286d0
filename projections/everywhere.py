"""The answers of many places at one moment, from a view's table: the last accepted claim of each, and what is pending."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow

from projections.claims import Assertion, ClaimVersion, is_withdrawal, known_claims, resolved
from projections.status import Answer, Pending, stretches
from projections.views import CLAIM_COLUMNS, View

_DESC = "takes_effect DESC, published_at DESC, position DESC"

_KNOWN = "known_from <= %(known)s AND known_until > %(known)s"

#: The last accepted claim of each place and facet.
_BASES = f"""
SELECT DISTINCT ON (location_id, facet) {CLAIM_COLUMNS} FROM {{claim_version}}
WHERE bearing = 'accepted' AND {{where}} ORDER BY location_id, facet, {_DESC}"""

#: The last claim of each pending assertion after the basis.
_PENDING = f"""
WITH basis AS MATERIALIZED ({_BASES}),
claim AS (SELECT * FROM {{claim_version}} WHERE bearing = 'pending' AND {{where}})
SELECT DISTINCT ON (location_id, facet, assertion) {", ".join(f"claim.{name}" for name in ClaimVersion._fields)}
FROM claim LEFT JOIN basis USING (location_id, facet)
WHERE basis.position IS NULL OR (claim.takes_effect, claim.published_at, claim.position)
                              > (basis.takes_effect, basis.published_at, basis.position)
ORDER BY location_id, facet, assertion, {", ".join(f"claim.{part}" for part in _DESC.split(", "))}"""

#: Every accepted claim of the places whose basis is a withdrawal: to find out what it was left with.
_BEFORE = f"""
SELECT {CLAIM_COLUMNS} FROM {{claim_version}}
WHERE bearing = 'accepted' AND {{where}} ORDER BY location_id, facet, takes_effect, published_at, position"""

Place = tuple[str, str]


def answers(
    connection: Connection[TupleRow], view: View, at: datetime, known: int, locations: Collection[str] | None = None
) -> dict[Place, Answer]:
    """The answer of each (location, facet) on which a claim in effect by `at` bears; others are unknown.

    Args:
        locations: Only these; None for all.
    """
    asked = {"at": at, "known": known, "places": None if locations is None else list(locations)}
    bases = {_place(claim): claim for claim in _claims(connection, view, _BASES, asked)}
    held: dict[Place, Assertion] = {place: claim.assertion for place, claim in bases.items()}
    held |= _resolved_bases(connection, view, bases, asked)
    pending: dict[Place, dict[Assertion, ClaimVersion]] = {}
    for claim in _claims(connection, view, _PENDING, asked):
        place = _place(claim)
        says = resolved(claim.assertion, held.get(place))
        if says == held.get(place):
            continue
        groups = pending.setdefault(place, {})
        if says not in groups or groups[says].order < claim.order:
            groups[says] = claim
    return {
        place: _answer(bases.get(place), held.get(place), pending.get(place, {}))
        for place in sorted(bases.keys() | pending.keys())
    }


def places_with_access(connection: Connection[TupleRow], view: View, known: int) -> set[str]:
    """The locations on whose access any claim known then bears, whenever it takes effect."""
    rows = connection.execute(
        view.sql(
            "SELECT DISTINCT location_id FROM {claim_version} "
            f"WHERE facet = 'access' AND bearing <> 'ignored' AND {_KNOWN}"
        ),
        {"known": known},
    )
    return {row[0] for row in rows}


def answers_among(versions: Iterable[ClaimVersion], at: datetime, known: int) -> dict[Place, Answer]:
    """The same from all claim versions of some places in memory (pure)."""
    by_place: dict[Place, list[ClaimVersion]] = {}
    for version in versions:
        by_place.setdefault(_place(version), []).append(version)
    return {
        place: next(one.answer for one in reversed(stretches(claims)) if one.valid_from is None or one.valid_from <= at)
        for place in sorted(by_place)
        if (claims := [one for one in known_claims(by_place[place], place[1], known) if one.takes_effect <= at])
    }


def with_access_among(versions: Iterable[ClaimVersion], known: int) -> set[str]:
    """`places_with_access`, from claim versions in memory (pure)."""
    return {
        one.location_id for one in versions if one.facet == "access" and one.bearing != "ignored" and one.known(known)
    }


def _claims(
    connection: Connection[TupleRow], view: View, statement: str, asked: dict[str, Any]
) -> Sequence[ClaimVersion]:
    # Two statements rather than one with "places IS NULL OR ...", which no plan for any places can serve well.
    here = "location_id = ANY(%(places)s)" if asked["places"] is not None else "TRUE"
    where = f"{here} AND takes_effect <= %(at)s AND {_KNOWN}"
    rows = connection.execute(view.sql(statement.replace("{where}", where)), asked, binary=True)
    return [ClaimVersion(*row) for row in rows]


def _place(claim: ClaimVersion) -> Place:
    return claim.location_id, claim.facet


def _resolved_bases(
    connection: Connection[TupleRow], view: View, bases: dict[Place, ClaimVersion], asked: dict[str, Any]
) -> dict[Place, Assertion]:
    left = {place for place, claim in bases.items() if is_withdrawal(claim.assertion)}
    if not left:
        return {}
    held: dict[Place, Assertion] = {}
    for claim in _claims(connection, view, _BEFORE, asked | {"places": sorted({location for location, _ in left})}):
        place = _place(claim)
        if place in left:
            held[place] = resolved(claim.assertion, held.get(place))
    return held


def _answer(basis: ClaimVersion | None, held: Assertion | None, pending: dict[Assertion, ClaimVersion]) -> Answer:
    beside = tuple(Pending(says, claim.development_id, claim.standing) for says, claim in sorted(pending.items()))
    if basis is None:
        return Answer(None, None, None, beside)
    return Answer(held, basis.development_id, basis.standing, beside)

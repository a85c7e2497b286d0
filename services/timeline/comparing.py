"""Two views side by side: the places whose answers differ at one moment, as known at one moment, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from projections.views import View
from services.timeline import wire
from services.timeline.asked import Asked
from services.timeline.changes import differs
from services.timeline.reader import Reader
from services.timeline.wire_changes import BothFacets


class Side(NamedTuple):
    """One of the views, as known when."""

    view: View
    known_at: datetime
    known_position: int


class Differing(NamedTuple):
    """A location whose answers differ; `because` is a sentence about the claims that they rest on."""

    location_id: str
    differs: tuple[str, ...]
    because: str
    a: BothFacets | None
    b: BothFacets | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two views answer otherwise; `compared` counts the locations."""

    at: datetime
    a: Side
    b: Side
    compared: int
    differing: tuple[Differing, ...]


class _Answered(NamedTuple):
    side: Side
    answers: dict[str, BothFacets]
    standings: dict[str, str]


def difference(
    reader: Reader, a: str, b: str, at: datetime | None = None, known_at: datetime | None = None
) -> Difference:
    """Compare two views. Without a known time both are asked as of now; on the recorded clock as of one position.

    Raises:
        UnknownView: there is no such view.
    """
    at = at or datetime.now(UTC)
    position = None
    if known_at is None:
        position = _common_position(reader, a, b)
        known_at = datetime.now(UTC) if position is None else None
    first = _answered(reader, a, at, known_at, position, ())
    second = _answered(reader, b, at, known_at, position, _all_named(first.answers.values()))
    first = _answered(reader, a, at, known_at, position, _all_named(second.answers.values()))
    names = (first.side.view.name, second.side.view.name)
    every = sorted(first.answers.keys() | second.answers.keys())
    differing = []
    for location_id in every:
        old, new = first.answers.get(location_id), second.answers.get(location_id)
        if old != new:
            because = _because(names, (old, new), (first.standings, second.standings))
            differing.append(Differing(location_id, differs(old, new), because, old, new))
    return Difference(at, first.side, second.side, len(every), tuple(differing))


def _common_position(reader: Reader, a: str, b: str) -> int | None:
    """The position that both have folded, where both are on the recorded clock."""
    positions = []
    for name in (a, b):
        with reader.asking(name) as asked:
            if asked.view.reading.clock == "reported":
                return None
            positions.append(asked.view.position)
    return min(positions)


def _answered(
    reader: Reader,
    name: str,
    at: datetime,
    known_at: datetime | None,
    position: int | None,
    other_claims: Iterable[str],
) -> _Answered:
    """The answers of every location, and what the view makes of the claims that these and the other's name."""
    with reader.asking(name, at=at, known_at=known_at, known_position=position) as asked:
        locations = reader.catalogue(asked.known_position).location_ids(asked.known_position)
        answers = {
            one.location_id: BothFacets(wire.brief(one.control), wire.brief(one.access) if one.access else None)
            for one in reader.everywhere(asked, locations)
        }
        standings = _standings(asked, {*_all_named(answers.values()), *other_claims})
        return _Answered(Side(asked.view, asked.known_at, asked.known_position), answers, standings)


def _named(answer: BothFacets | None) -> set[str]:
    """The claims that an answer names: what it rests on, and what is pending beside it."""
    facets = [facet for facet in (answer.control, answer.access) if facet is not None] if answer else []
    pending = {each.latest for facet in facets for each in facet.pending}
    return pending | {facet.basis for facet in facets if facet.basis is not None}


def _all_named(answers: Iterable[BothFacets]) -> set[str]:
    return {claim for one in answers for claim in _named(one)}


def _standings(asked: Asked, developments: Iterable[str]) -> dict[str, str]:
    """The standing of some claims as known then, and what the view's policy lets it do."""
    rows = asked.connection.execute(
        asked.view.sql(
            "SELECT development_id::text, standing || ' and ' || bearing FROM {claim_version} WHERE development_id = ANY(%b) "
            "AND known_from <= %b::bigint AND known_until > %b::bigint"
        ),
        [[UUID(one) for one in developments], asked.known, asked.known],
    ).fetchall()
    return dict(rows)


def _because(
    names: tuple[str, str],
    sides: tuple[BothFacets | None, BothFacets | None],
    standings: tuple[dict[str, str], dict[str, str]],
) -> str:
    """Why two answers differ: what each view makes of the claims that only one of them names, or that both see otherwise."""
    if sides[0] is None or sides[1] is None:
        return f"it is not registered as known in {names[0] if sides[0] is None else names[1]}"
    old, new = _named(sides[0]), _named(sides[1])
    said = []
    for claim in sorted(old | new):
        held = [standing.get(claim, "no claim") for standing in standings]
        if held[0] != held[1]:
            said.append(f"{claim} is {held[0]} in {names[0]}, {held[1]} in {names[1]}")
        elif claim not in old & new:
            said.append(f"{claim} counts in {names[0] if claim in old else names[1]} alone")
    return "; ".join(said)

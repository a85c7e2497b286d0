"""The steps of a view in the order of its clock, from its claim versions: a bounded part of them at a time.

A part is read in one state of the tables, and every place in it has a board that stands where the step begins. Boards
are kept while they fit, since news comes in bursts about few places.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from projections.beliefs import Board
from projections.claims import ClaimVersion
from projections.replaying import Step, stepped
from projections.views import CLAIM_COLUMNS, View

#: So many ends and begins of claim versions are read at once, and so many claims may wait on boards between two parts.
ROWS: Final = 10_000
CLAIMS_KEPT: Final = 100_000


class Place(NamedTuple):
    """Where a replay is: the last step told. A step at a greater place comes after it."""

    known: int
    location_id: str = "\x7f"  # after every id: the whole of `known` is told
    facet: str = ""


_CHANGED = f"""
SELECT known, ends, {CLAIM_COLUMNS} FROM (
    SELECT known_from AS known, FALSE AS ends, {CLAIM_COLUMNS} FROM {{claim_version}} WHERE bearing <> 'ignored'
    UNION ALL
    SELECT known_until, TRUE, {CLAIM_COLUMNS} FROM {{claim_version}} WHERE bearing <> 'ignored'
) AS changed
WHERE known >= %(known)s::bigint AND known <= %(until)s::bigint
  AND (known, location_id, facet) > (%(known)s::bigint, %(location_id)s, %(facet)s) {{here}}
ORDER BY known, location_id, facet, ends DESC LIMIT %(limit)s::bigint"""

_BEFORE = f"""
SELECT {CLAIM_COLUMNS} FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS wanted (place, part, step)
JOIN {{claim_version}} ON location_id = place AND facet = part AND bearing IN ('accepted', 'pending')
                      AND known_from < step AND known_until >= step
ORDER BY location_id, facet, takes_effect, published_at, position"""

_Key = tuple[str, str]
_Changes = list[tuple[bool, ClaimVersion]]


class Boards:
    """The boards of some places, as they stood after the last step told at each; the longest unused go first."""

    def __init__(self) -> None:
        self._boards: OrderedDict[_Key, tuple[Board, int]] = OrderedDict()
        self._claims = 0

    def clear(self) -> None:
        """Forget all of them: the view was rewritten."""
        self._boards.clear()
        self._claims = 0

    def missing(self, keys: Sequence[_Key]) -> list[_Key]:
        """Those of some places that have to be put here."""
        return [key for key in keys if key not in self._boards]

    def put(self, key: _Key, claims: Sequence[ClaimVersion]) -> None:
        """A board with the claims known before a step, in their order."""
        self._boards[key] = Board(claims), len(claims)
        self._claims += len(claims)

    def step(self, key: _Key, known: int, changes: _Changes) -> Step:
        """Let claim versions end and begin at a place."""
        ending = [claim for ends, claim in changes if ends]
        beginning = [claim for ends, claim in changes if not ends]
        board, claims = self._boards[key]
        more = len(beginning) - len(ending)
        self._boards[key] = board, claims + more
        self._claims += more
        self._boards.move_to_end(key)
        parts = stepped(board, known, ending, beginning)
        return Step(known, *key, parts, tuple(claim for _, claim in changes))

    def shrink(self) -> None:
        """Let go of what does not fit."""
        while self._claims > CLAIMS_KEPT and len(self._boards) > 1:
            _, (_, claims) = self._boards.popitem(last=False)
            self._claims -= claims


def steps(
    connection: Connection[TupleRow],
    view: View,
    after: Place,
    until: int,
    boards: Boards,
    locations: Sequence[str] | None = None,
) -> tuple[list[Step], Place | None]:
    """The next steps in the order of the view's clock, and where the following ones go on (None: these were the last).

    To be called within one transaction that reads one state of the view.

    Args:
        until: The last moment of the known axis to tell.
        boards: Those that the part before left; emptied by the caller where the view was rewritten since.
        locations: Only these places; None for all.
    """
    rows, whole = _changed(connection, view, after, until, locations)
    groups = [
        (Place(*key), [(bool(row[1]), ClaimVersion(*row[2:])) for row in found])
        for key, found in groupby(rows, key=lambda row: (row[0], row[3], row[4]))
    ]
    if not whole:
        groups.pop()  # it may go on behind the limit
    _set_up(connection, view, boards, groups)
    told = [boards.step(place[1:], place.known, changes) for place, changes in groups]
    boards.shrink()
    return told, None if whole else groups[-1][0]


def _changed(
    connection: Connection[TupleRow], view: View, after: Place, until: int, locations: Sequence[str] | None
) -> tuple[list[tuple[Any, ...]], bool]:
    """Ends and begins of claim versions, of two steps at least; whether there are no more."""
    here = "" if locations is None else "AND location_id = ANY(%(locations)s)"
    statement = view.sql(_CHANGED.replace("{here}", here))
    limit = ROWS
    while True:
        asked = {**after._asdict(), "until": until, "locations": locations, "limit": limit}
        with connection.transaction():  # a question about all places: planned for its moment, with every kind of scan
            connection.execute("SET LOCAL plan_cache_mode TO force_custom_plan")
            connection.execute("SET LOCAL enable_seqscan TO on")
            rows = connection.execute(statement, asked, binary=True).fetchall()
        if len(rows) < limit:
            return rows, True
        if any(row[0] != rows[0][0] or row[3:5] != rows[0][3:5] for row in reversed(rows)):
            return rows, False
        limit *= 4


def _set_up(
    connection: Connection[TupleRow], view: View, boards: Boards, groups: Sequence[tuple[Place, _Changes]]
) -> None:
    first: dict[_Key, int] = {}
    for place, _ in groups:
        first.setdefault(place[1:], place.known)
    missing = boards.missing(list(first))
    if not missing:
        return
    found: dict[_Key, list[ClaimVersion]] = {key: [] for key in missing}
    wanted = [[key[0] for key in missing], [key[1] for key in missing], [first[key] for key in missing]]
    for claim in _claims(connection.execute(view.sql(_BEFORE), wanted, binary=True)):
        found[claim.location_id, claim.facet].append(claim)
    for key, claims in found.items():
        boards.put(key, claims)


def _claims(rows: Any) -> Iterator[ClaimVersion]:
    for row in rows:
        yield ClaimVersion(*row)

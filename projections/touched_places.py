"""Which places each fold touched, and from when on: for whoever keeps answers of many places in memory.

Written in the transaction that writes the rows. `Span` tells how far the notes can be relied on: where somebody else moved
the view (a build, an older program), they have a gap, and a reader must begin anew. They are pruned, for who is far
behind begins anew too.
"""

from collections.abc import Collection
from typing import Final, NamedTuple
from uuid import UUID

from projections.claims import ClaimVersion
from projections.views import Database, View

#: Notes are kept for so many positions.
KEPT: Final = 100_000


class Span(NamedTuple):
    """The notes name every change after `begins` up to `ends`; `revision` counts changes of what was folded before.

    Attributes:
        mixed: A source graded anew is being folded in parts: on the reported clock the rows rest on both gradings.
    """

    begins: int
    ends: int
    revision: int
    mixed: bool


class TouchedPlace(NamedTuple):
    """A development whose claim versions changed at a place, and from when on, on the known axis."""

    location_id: str
    known: int
    development_id: UUID


def between(stale: Collection[ClaimVersion], fresh: Collection[ClaimVersion]) -> list[TouchedPlace]:
    """What is touched by taking some claim versions out and putting others in, none of them in both (pure).

    A version that only ends otherwise changes nothing before the earlier of both ends.
    """
    before = {one[:-1]: one for one in stale}
    after = {one[:-1]: one for one in fresh}
    found: dict[tuple[str, UUID], int] = {}
    for same in before.keys() | after.keys():
        old, new = before.get(same), after.get(same)
        one = old or new
        assert one is not None
        known = min(old.known_until, new.known_until) if old and new else one.known_from
        key = (one.location_id, one.development_id)
        found[key] = min(known, found.get(key, known))
    return [TouchedPlace(place, known, development) for (place, development), known in found.items()]


def note(connection: Database, view: View, until: int, found: Collection[TouchedPlace], *, moved: bool) -> None:
    """Note what a fold changed, in its transaction.

    Args:
        view: As it stood before the fold.
        until: The last event folded.
        moved: The view moves there; else this is a part of a fold, and more of it follows.
    """
    connection.execute(
        "INSERT INTO touched_span (view_id, begins, ends) VALUES (%(view)s::int, %(from)s, %(to)s) "
        "ON CONFLICT (view_id) DO UPDATE SET ends = excluded.ends, begins = greatest(%(to)s - %(kept)s, "
        "CASE WHEN touched_span.ends = %(from)s THEN touched_span.begins ELSE %(from)s END)",
        {"view": view.view_id, "from": view.position, "to": until if moved else view.position, "kept": KEPT},
    )
    if found:
        connection.execute(
            "INSERT INTO touched (view_id, position, location_id, known, development_id) "
            "SELECT %b::int, %b::bigint, * FROM unnest(%b::text[], %b::bigint[], %b::uuid[])",
            [view.view_id, until, *(list(column) for column in zip(*found, strict=True))],
        )
    connection.execute("DELETE FROM touched WHERE view_id = %s::int AND position <= %s", [view.view_id, until - KEPT])


def revise(connection: Database, view: View) -> None:
    """Note that what was folded before is changed: nothing kept in memory holds any more."""
    connection.execute(
        "INSERT INTO touched_span (view_id, begins, ends, revision) VALUES (%s::int, %s, %s, 1) "
        "ON CONFLICT (view_id) DO UPDATE SET revision = touched_span.revision + 1",
        [view.view_id, view.position, view.position],
    )


def span(connection: Database, view: View) -> Span:
    """How far the notes of a view can be relied on."""
    row = connection.execute(
        "SELECT begins, ends, revision, EXISTS (SELECT FROM regrading WHERE view_id = view.view_id) "
        "FROM view JOIN touched_span USING (view_id) WHERE view_id = %s::int",
        [view.view_id],
    ).fetchone()
    return Span(*row) if row else Span(view.position, view.position, 0, False)


def since(connection: Database, view: View, after: int) -> list[TouchedPlace]:
    """What was touched after a position, up to where the view stands."""
    rows = connection.execute(
        "SELECT location_id, min(known), development_id FROM touched WHERE view_id = %b::int AND position > %b "
        "AND position <= %b GROUP BY location_id, development_id",
        [view.view_id, after, view.position],
        binary=True,
    )
    return [TouchedPlace(*row) for row in rows]

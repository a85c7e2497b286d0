"""Which events bear on the status of a place, found in the log by what the views hold of it; see `bearing`.

A log of millions is not read for it: the views tell which developments ever claimed anything of the place and what was merged
into what, the streams of the log give their events, and those name the sources, actors and locations. What the answer is
follows from the events alone: a view that is ahead leads to a stream more, never to another answer.
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from events.developments import DevelopmentEvent
from events.log import streams
from events.recorded import reference_stream
from projections import setting_aside, views
from projections.bearing import AnyRecorded, Bearing, Named, bearing, named_by, parents_stated
from projections.views import Database, View


def stored_bearing(connection: Database, view: View, location_id: str, known_position: int) -> Bearing:
    """What bears on the status of a place as known by a log position, under a view.

    Args:
        connection: Where it is answered in one state of the view's tables, as a settled question holds them.
        known_position: Not beyond the position of the view.
    """
    candidates = ever_at(connection, view, [location_id])
    members = candidates | {one for pair in mergers_around(connection, view, candidates) for one in pair}
    own = streams(connection, sorted(members), known_position)
    decoded = [one for one in own if isinstance(one.event, DevelopmentEvent)]
    reference = _reference(connection, named_by(decoded, members, location_id), known_position)
    aside = setting_aside.since(connection, view, members)
    by_then = {one: position for one, position in aside.items() if position <= known_position}
    return bearing(location_id, _in_order([*own, *reference]), view.reading, known_position, by_then)


def ever_at(connection: Database, view: View, locations: Collection[str]) -> set[UUID]:
    """Every development that ever claimed anything of some places.

    The order of the clock decides whether what was amended twice was ever somewhere as a claim, so the view itself is asked,
    and one that holds every claim ever recorded, since a view may leave sources out or forget its own past.
    """
    found: set[UUID] = set()
    for one in _asked(connection, view):
        statement = one.sql("SELECT DISTINCT development_id FROM {claim_version} WHERE location_id = ANY(%s)")
        found.update(row[0] for row in connection.execute(statement, [list(locations)]))
    return found


def mergers_around(connection: Database, view: View, developments: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Every merger that leads to or from some developments, directly or not, as (development, into)."""
    return {pair for one in _asked(connection, view) for pair in views.mergers_around(connection, one, developments)}


def _asked(connection: Database, view: View) -> list[View]:
    complete = views.complete(connection)
    return [view] if complete.view_id == view.view_id else [view, complete]


def _reference(connection: Database, named: Named, until: int) -> list[AnyRecorded]:
    """The events about what is named, and about what those name in turn: aligned actors, and the places that contain it."""
    sources = _of(connection, "source", named.sources, until)
    aligned = {actor for one in sources for actor in getattr(one.event, "aligned_with", ())}
    found = [*sources, *_of(connection, "actor", named.actors | aligned, until)]
    told: set[str] = set()
    waiting = set(named.locations)
    while waiting:
        locations = _of(connection, "location", waiting, until)
        found += locations
        told |= waiting
        waiting = {above for one in parents_stated(locations).values() for above in one} - told
    return found


def _of(connection: Database, kind: str, ids: Collection[str], until: int) -> list[AnyRecorded]:
    return streams(connection, [reference_stream(kind, one) for one in sorted(ids)], until)


def _in_order(recorded: Iterable[AnyRecorded]) -> list[AnyRecorded]:
    return sorted(recorded, key=lambda one: one.position)

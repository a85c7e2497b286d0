"""Places on the reported clock as they looked at an earlier log position: folded anew from the log (slow, and rare).

A view on the reported clock is rewritten when an archive arrives late, so it does not hold its own past. A view on the
recorded clock does: together they tell which developments ever claimed anything of a place.
"""

from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from events.developments import DevelopmentEvent
from events.log import Log, streams
from projections import setting_aside
from projections.claims import FOREVER, ClaimVersion
from projections.follower import graded_until
from projections.knowing import Recorded
from projections.mergers import with_merged
from projections.stored_bearing import ever_at, mergers_around
from projections.versions import claim_versions
from projections.views import View


def versions_as_of(
    connection: Connection[TupleRow], log: Log, view: View, locations: Collection[str], position: int
) -> list[ClaimVersion]:
    """The claim versions of some places as the view would hold them, had the log ended at `position`."""
    sources = graded_until(log, view, position)
    found: list[ClaimVersion] = []
    wanted = set(locations)
    here = ever_at(connection, view, locations)
    members_of = with_merged(here, dict(mergers_around(connection, view, here)))
    aside = setting_aside.since(connection, view, members_of)
    for some in _some_at_a_time(list(members_of)):
        events = _events(connection, {member for one in some for member in members_of[one]}, position)
        for development in some:
            until = aside.get(development, FOREVER)  # what is set aside rests on the events before
            recorded = sorted(
                (one for member in members_of[development] for one in events.get(member, ()) if one.position < until),
                key=lambda one: one.position,
            )
            if any(one.event.development_id == development for one in recorded):
                found += claim_versions(development, recorded, sources, view.reading)
    return [one for one in found if one.location_id in wanted]


def _some_at_a_time(developments: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    """So many that a query for each does not take the time, nor their events the memory."""
    for start in range(0, len(developments), 1000):
        yield developments[start : start + 1000]


def _events(connection: Connection[TupleRow], developments: set[UUID], position: int) -> dict[UUID, list[Recorded]]:
    """The events of some developments up to a position, by development."""
    events: dict[UUID, list[Recorded]] = {}
    for one in streams(connection, sorted(developments), position):
        if isinstance(one.event, DevelopmentEvent):
            events.setdefault(one.event.development_id, []).append(one)  # type: ignore[arg-type]
    return events

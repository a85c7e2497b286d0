"""Folds again, on demand, what a view has set aside: after an upgrade, or when the cause is gone.

The view comes out as one fold of the log, as if nothing had ever been set aside. What it answered meanwhile may change
by that, which is why such answers are not pinned.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple
from uuid import UUID

from events.developments import DevelopmentEvent
from events.log import Log, streams
from events.recorded import stream_id
from events.records import Event
from events.undecodable import Undecodable
from projections import regrading, setting_aside, stored_developments, touched_places, views
from projections.follower import Touched, graded_until, mentions_in, mergers_in
from projections.knowing import Recorded
from projections.setting_aside import SetAside
from projections.views import Database, View


class Retried(NamedTuple):
    """What came of a retry: how many are folded now, and what is set aside still."""

    folded: int
    still: list[SetAside]


def retry(log: Log, name: str, part: int = regrading.PART) -> Retried:
    """Fold what a view has set aside, each part in a transaction of its own, beside whoever follows.

    Args:
        name: The view's name or id.
        part: So many developments are folded in one transaction.

    Raises:
        UnknownView: there is no such view.
    """
    with log.pool.connection() as connection:
        before = setting_aside.listed(connection, views.find(connection, name))
    known = {one.stream_id for one in before}
    for some in _parts(sorted(known), part):
        _retry(log, name, some, part)
    with log.pool.connection() as connection:
        still = setting_aside.listed(connection, views.find(connection, name))
    return Retried(len(known - {one.stream_id for one in still}), still)


def _retry(log: Log, name: str, ids: list[UUID], part: int) -> None:
    """Fold some developments; where some are sources that can be read by now, all that they speak of as well."""
    with log.pool.connection() as connection, connection.transaction():
        view, end = _held_still(connection, name)
        events = streams(connection, ids, end)
        reference = {stream_id(one.event) for one in events if _is_reference(one.event)}
        strange = {one.event.stream_id: one.event.error for one in events if isinstance(one.event, Undecodable)}
        own: list[Recorded] = [one for one in events if isinstance(one.event, DevelopmentEvent)]  # type: ignore[misc]
        views.remember(connection, view, mentions_in(own), mergers_in(own))  # what could not be read may name more
        _fold(connection, log, view, end, set(ids) - reference)
        setting_aside.fails_still(connection, view, {one: strange[one] for one in reference & strange.keys()})
    for source_id in regrading.graded(events):
        _fold_what_speaks(log, name, source_id, part)
    with log.pool.connection() as connection:
        setting_aside.take_back(connection, view, reference - strange.keys())


def _fold_what_speaks(log: Log, name: str, source_id: str, part: int) -> None:
    """Fold again all that a source speaks of: its gradings can be read by now."""
    after = None
    while True:
        with log.pool.connection() as connection, connection.transaction():
            view, end = _held_still(connection, name)
            found = regrading.page(connection, view, source_id, after, part)
            _fold(connection, log, view, end, found)
        if len(found) < part:
            return
        after = found[-1]


def _held_still(connection: Database, name: str) -> tuple[View, int]:
    """A view that no follower moves until the transaction ends, and the position up to which to fold.

    That is where it stands; or the source graded anew whose parts are being folded, since an earlier part may have
    passed by what is set aside.
    """
    view = views.locked(connection, name)
    return view, regrading.under_way(connection, view) or view.position


def _fold(connection: Database, log: Log, view: View, end: int, ids: Collection[UUID]) -> None:
    """Fold developments that were set aside, and what they lead to, from all events up to a position."""
    if not ids:
        return
    touched = Touched(connection, view, end, (), ids)
    folded = setting_aside.fold(touched.developments(), graded_until(log, view, end), view.reading)
    held = views.versions_of(connection, view, folded.developments)
    views.replace(connection, view, held - folded.fresh, folded.fresh - held)
    touched_places.revise(connection, view)
    views.extend_reach(connection, view, folded.fresh - held)
    stored_developments.keep(connection, view, folded.rows, folded.developments)
    setting_aside.take_back(connection, view, folded.developments)
    waiting = setting_aside.among(connection, view, folded.failed)
    setting_aside.fails_still(connection, view, {one: folded.failed[one] for one in waiting})
    fresh_failures = folded.failed.keys() - waiting
    setting_aside.put(connection, view, end, {one: folded.failed[one] for one in fresh_failures})


def _is_reference(event: Event) -> bool:
    return event.of_reference if isinstance(event, Undecodable) else not isinstance(event, DevelopmentEvent)


def _parts(ids: list[UUID], size: int) -> Iterator[list[UUID]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]

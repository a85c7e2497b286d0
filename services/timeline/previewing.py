"""What would become of events, were they posted now: refused, or kept, and what the status of places would be then.

Decided by the intake and folded by the folds that decide and fold what is posted, on one state of the log and the views,
in a transaction that PostgreSQL lets write nothing. So the answer is that of posting them, unless somebody else is quicker.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from events.appending import Snapshot
from events.appends import Place
from events.developments import DevelopmentEvent, DevelopmentReported
from events.log import Log
from events.problems import UnusableEvent
from events.recorded import RecordedEvent
from events.records import Event
from events.warnings import Warned
from projections import looking_ahead, views
from projections.claims import from_micros, micros
from projections.developments import Development
from projections.looking_ahead import TooMuch, Turned
from projections.views import View
from services.timeline.access import NotAllowed
from services.timeline.asked import CannotAsk, NotYet
from services.timeline.intake import Accepted, Intake
from services.timeline.look_alikes import LookAlikes
from services.timeline.prepared import Prepared, prepare

#: So many events are previewed at once, and so many places told.
MOST_EVENTS: Final = 20
MOST_PLACES: Final = 20

#: A statement of a preview is given up after so long: it is a courtesy, and others wait.
PATIENCE: Final = "5s"


class Wanted(NamedTuple):
    """Where and when the status is asked for.

    Attributes:
        at: The moment of the world; None: now.
        known_at: The moment by which it is known, on the reported clock; None: the own time of the last event previewed.
    """

    view: str
    at: datetime | None = None
    known_at: datetime | None = None


class Foreseen(NamedTuple):
    """What would become of one event.

    Attributes:
        already: It is in the log, or stands earlier among those previewed.
    """

    event: Event | None = None
    already: bool = False
    refusal: UnusableEvent | None = None
    warnings: tuple[Warned, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of some events, on what stands at a position of the log.

    Attributes:
        position: The last of the log; the first event would have the next one.
        developments: Those that the events name, and those that others lead to, as they would be listed.
        places: Where they stand, and where anything changes; the latter first, and no more than MOST_PLACES.
        more_places: So many more there are.
    """

    view: View
    view_name: str
    position: int
    at: datetime
    known_at: datetime
    events: Sequence[Foreseen]
    developments: Sequence[Development]
    places: Sequence[Turned]
    more_places: int


def preview(
    log: Log,
    raws: Sequence[bytes],
    recorded_by: str,
    wanted: Wanted,
    allowed: Callable[[Event], None],
) -> Preview:
    """What would become of events given as JSON bytes, each seeing those before it.

    Raises:
        NotAllowed: whoever asks may not record one of them, and is told nothing of it.
        UnknownView, CannotAsk: no such view, one that is frozen, or a known time on the recorded clock.
        NotYet: the view is too far behind the log.
        TooMuch: they bear on more than is folded for a look ahead.
    """
    prepared = [prepare(raw, allowed) for raw in raws]
    for one in prepared:
        if isinstance(one, NotAllowed):
            raise one
    nameless = log.nameless()
    with _one_state(log) as connection:
        found = _on(connection, prepared, recorded_by, wanted, nameless)
    return _with_look_alikes(found, LookAlikes(log.pool))


@contextmanager
def _one_state(log: Log) -> Iterator[Connection[TupleRow]]:
    """One state of all tables, in a transaction that can write nothing.

    Raises:
        TooMuch: a statement took longer than is waited for.
    """
    with log.pool.connection() as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute(f"SET LOCAL statement_timeout TO '{PATIENCE}'")
        try:
            yield connection
        except psycopg.errors.QueryCanceled:
            raise TooMuch(f"to look ahead takes longer than {PATIENCE}") from None


def _on(
    connection: Connection[TupleRow],
    prepared: Sequence[Prepared | UnusableEvent],
    recorded_by: str,
    wanted: Wanted,
    nameless: Collection[str],
) -> Preview:
    snapshot, now = Snapshot(connection), datetime.now(UTC)
    head = snapshot.head.position
    view = _view(connection, wanted, head)
    intake = Intake(snapshot, now)
    intake.look_up([one for one in prepared if isinstance(one, Prepared)])
    events = [_decide(intake, one, recorded_by, nameless) for one in prepared]
    new = _as_recorded(intake, [one.event for one in events if one.event and not one.already], snapshot.head, now)
    at, known_at = wanted.at or now, wanted.known_at or _own_time(new) or now
    before, after = (head, head + len(new)) if view.reading.clock == "recorded" else (micros(known_at),) * 2
    ahead = looking_ahead.looking_ahead(connection, view, head, new)
    told = ahead.places if new else []
    places = [ahead.turned(one, at, before, after) for one in told[:MOST_PLACES]]
    rows = ahead.rows if new else ()
    shown = now if view.reading.clock == "recorded" else from_micros(after)
    return Preview(
        view, wanted.view, head, at, shown, events, rows[:MOST_PLACES], places, max(0, len(told) - MOST_PLACES)
    )


def _view(connection: Connection[TupleRow], wanted: Wanted, head: int) -> View:
    """
    Raises:
        UnknownView, CannotAsk, NotYet: as `preview` does.
    """
    view = views.find(connection, wanted.view)
    if view.until is not None:
        raise CannotAsk("view", wanted.view, f"is frozen at position {view.until}: nothing posted now changes it")
    if wanted.known_at is not None and view.reading.clock == "recorded":
        said = "goes with a view on the reported clock: on the recorded one, what is posted now is known from now on"
        raise CannotAsk("known_at", wanted.known_at, said)
    if head - view.position > looking_ahead.MOST_BEHIND:
        raise NotYet(head, view.position)
    return view


def _decide(intake: Intake, one: Prepared | UnusableEvent, recorded_by: str, nameless: Collection[str]) -> Foreseen:
    if isinstance(one, UnusableEvent):
        return Foreseen(refusal=one)
    try:
        accepted: Accepted = intake.decide(one, recorded_by, nameless=nameless)
    except UnusableEvent as refusal:
        return Foreseen(refusal=refusal)
    return Foreseen(one.event, accepted.place is not None or accepted.again, None, accepted.warnings)


def _as_recorded(intake: Intake, said: Sequence[Event], head: Place, now: datetime) -> list[RecordedEvent[Event]]:
    """The events that would be appended, at the positions that they would have."""
    return [
        RecordedEvent(
            position=head.position + number,
            recorded_at=now,
            recorded_by=row.recorded_by,
            event_id=row.event_id,
            version=row.version,
            event=event,
        )
        for number, (row, event) in enumerate(zip(intake.new, said, strict=True), start=1)
    ]


def _own_time(new: Sequence[RecordedEvent[Event]]) -> datetime | None:
    """When the last of some events is known by its own account; None where none is about a development."""
    return max((one.event.own_time for one in new if isinstance(one.event, DevelopmentEvent)), default=None)


def _with_look_alikes(found: Preview, compare: LookAlikes) -> Preview:
    """The same with a warning for each development that looks like others, as it is told once it is recorded."""
    alike = compare.found([one.event for one in found.events if one.event and not one.already])
    events = [
        one._replace(warnings=(*one.warnings, alike[one.event.development_id]))
        if isinstance(one.event, DevelopmentReported) and not one.already and one.event.development_id in alike
        else one
        for one in found.events
    ]
    return replace(found, events=events)

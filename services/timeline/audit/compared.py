"""What was answered about a place then, what would be answered today, and the events in between that changed it.

"Today" is what is folded now, or an earlier moment that is named; named by a position it never changes, and then neither
does the comparison. On the reported clock two things may lie between: what was published since, and what was published
before and recorded since. The second comes first: it changed what had been known then.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from events.times import rfc3339
from projections import views
from projections.claims import FOREVER, from_micros
from projections.stored_bearing import stored_bearing
from projections.turning import Turn, late_turns, turns
from services.timeline import wire
from services.timeline.asked import Asked, CannotAsk, also
from services.timeline.audit.ledger import Ledger, Recorded
from services.timeline.audit.reviewing import Reviewer
from services.timeline.causes import cause, finder
from services.timeline.changes import differs
from services.timeline.found import PlaceStatus
from services.timeline.narration import Names, answer_words, sentence
from services.timeline.wire_changes import BothFacets
from services.timeline.wire_review import Answered, Compared, Turned

#: At most so many steps are told, the latest.
MOST: Final = 200

#: Where more events than this arrived late, what they changed is told as one difference, not step by step.
MOST_LATE: Final = 5_000


@dataclass(frozen=True, slots=True)
class Today:
    """The later moment to compare with; None for what is folded now."""

    known_at: datetime | None = None
    known_position: int | None = None


class _Told(NamedTuple):
    """A turn with what caused it."""

    turn: Turn
    known_at: datetime
    causes: list[Recorded]


def later(asked: Asked, today: Today) -> Asked:
    """The question as known at the later moment.

    Raises:
        CannotAsk: it is earlier than the one asked about; on the recorded clock, both a time and a position.
    """
    if asked.view.reading.clock == "recorded" and None not in (today.known_at, today.known_position):
        said = "on the recorded clock give this or today_known_at, not both"
        raise CannotAsk("today_position", today.known_position, said)
    found = also(asked, known_at=today.known_at, known_position=today.known_position)
    if found.known < asked.known and today.known_at is not None:
        raise CannotAsk("today_known_at", rfc3339(today.known_at), "lies before the moment asked about; swap the two")
    if found.known_position < asked.known_position:
        raise CannotAsk(
            "today_position", found.known_position, "lies before the position asked about; were the two swapped?"
        )
    return found if found.known >= asked.known else replace(found, known=asked.known, known_at=asked.known_at)


def compared(reviewer: Reviewer, today: Asked, location_id: str) -> Compared:
    """The answer asked about beside that of a later moment, and what changed it."""
    then, reader = reviewer.asked, reviewer.timeline.reader
    old, new = reader.status(then, location_id), reader.status(today, location_id)
    found = _turns(reviewer, today, location_id)
    latest = found[-MOST:]
    told = _with_causes(reviewer, today, latest)
    ledger = Ledger(then.connection, reviewer.who, {one.position for each in told for one in each.causes})
    return Compared(
        then=_answered(reviewer, then, location_id, old),
        today=_answered(reviewer, today, location_id, new),
        differs=differs(_both(old), _both(new)),
        changed_by=tuple(_turned(reviewer, today, location_id, one, ledger) for one in told),
        left_out=len(found) - len(latest),
    )


def _turns(reviewer: Reviewer, today: Asked, location_id: str) -> list[Turn]:
    """Every turn between both moments, in the order in which they happened."""
    then = reviewer.asked
    versions = reviewer.timeline.reader.versions(today, [location_id])
    since = sorted(turns(versions, location_id, then.at, then.known, today.known), key=lambda one: one.step.known)
    if then.view.reading.clock == "recorded" or then.known_position == today.known_position:
        return since
    return [*_late(reviewer, then, today, location_id), *since]


def _late(reviewer: Reviewer, then: Asked, today: Asked, location_id: str) -> list[Turn]:
    """What arrived between both positions and belongs to what was known by the earlier moment."""
    found = stored_bearing(today.connection, today.view, location_id, today.known_position)
    read = reviewer.timeline.log.whole_streams(today.connection, found.streams, today.known_position)
    waiting: dict[Any, int] = dict(found.set_aside)
    recorded = [one for one in read if one.position < waiting.get(getattr(one.event, "development_id", None), FOREVER)]
    if sum(one.position > then.known_position for one in recorded) > MOST_LATE:
        said = f"more than {MOST_LATE:,} events arrived since; name a later known_position, or ask without one"
        raise CannotAsk("known_position", then.known_position, said)
    reading = then.view.reading
    turned = late_turns(recorded, reading, location_id, then.at, then.known, then.known_position)
    return sorted(turned, key=lambda one: one.step.known)


def _with_causes(reviewer: Reviewer, today: Asked, found: list[Turn]) -> list[_Told]:
    log = reviewer.timeline.log
    stepped = [one.step for one in found if not one.late]
    causes = finder(log, today, stepped)
    arrived = {one.position: one for one in log.at({one.step.known for one in found if one.late})}
    recorded = today.view.reading.clock == "recorded"
    times = views.recorded_times(today.connection, {one.known for one in stepped}) if recorded else {}
    told = []
    for one in found:
        known = one.step.known
        if one.late:
            told.append(_Told(one, arrived[known].recorded_at, [arrived[known]]))
        else:
            told.append(_Told(one, times[known] if recorded else from_micros(known), causes(one.step)))
    return told


def _turned(reviewer: Reviewer, today: Asked, location_id: str, one: _Told, ledger: Ledger) -> Turned:
    turn = one.turn
    recorded = today.view.reading.clock == "recorded"
    catalogue = reviewer.timeline.reader.catalogue(today.known_position)
    position = turn.step.known if recorded or turn.late else today.known_position
    names = Names(catalogue, replace(today, known_position=position))
    old, new = wire.brief(turn.part.old), wire.brief(turn.part.new)
    subject = names.location(location_id)
    subject = subject if turn.step.facet == "control" else f"{turn.step.facet.capitalize()} of {subject}"
    return Turned(
        how="arrived_late" if turn.late else "recorded" if recorded else "published",
        facet=turn.step.facet,
        known_at=rfc3339(one.known_at),
        position=one.causes[-1].position if one.causes else None,
        differs=_parts(old, new),
        old=old,
        new=new,
        causes=tuple(ledger.event(each, cause(each, turn.step, names).words) for each in one.causes),
        words=f"{subject}: {answer_words(turn.part.old, names)} -> {answer_words(turn.part.new, names)}",
    )


def _parts(old: wire.BriefStatus, new: wire.BriefStatus) -> tuple[str, ...]:
    return tuple(name for name in old.__struct_fields__ if getattr(old, name) != getattr(new, name))


def _both(status: PlaceStatus) -> BothFacets:
    return BothFacets(wire.brief(status.control.answer), wire.brief(status.access.answer) if status.access else None)


def _answered(reviewer: Reviewer, asked: Asked, location_id: str, status: PlaceStatus) -> Answered:
    names = Names(reviewer.timeline.reader.catalogue(asked.known_position), asked)
    return Answered(
        known_at=rfc3339(asked.known_at),
        known_position=asked.known_position,
        sentence=sentence(names.location(location_id), status.control, names),
        control=wire.facet_status(status.control),
        access=wire.facet_status(status.access) if status.access else None,
    )

"""Everything that was accepted for an hour or more and later overturned: by whom, and after how long; page by page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from events.developments import DevelopmentEvent
from events.log import Log
from events.times import rfc3339
from projections import views
from projections.claims import FOREVER, asserted, from_micros, is_withdrawal, micros
from projections.developments import content
from projections.knowing import Recorded
from projections.overturned import Key, Overturned, Wanted, ended, told
from projections.replaying import Step
from services.timeline import cursors, wire
from services.timeline.asked import Asked, CannotAsk
from services.timeline.audit import pages
from services.timeline.audit.ledger import Ledger
from services.timeline.audit.pages import Place
from services.timeline.audit.reviewing import Reviewer
from services.timeline.causes import cause, finder
from services.timeline.narration import Names, assertion_words
from services.timeline.reader import NotRegistered, Reader
from services.timeline.wire_corrections import Correction, CorrectionPage

#: What was accepted for less than this is a slip of the desk, or a batch being recorded.
AT_LEAST: Final = timedelta(hours=1)

#: A page looks at so many at most, and then says where to go on.
SCAN: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which corrections are wanted; None for any.

    Attributes:
        location: At this location itself; `within`: at it or anywhere below it.
        start, end: Overturned in `[start, end)`, on the view's known axis.
    """

    location: str | None = None
    within: str | None = None
    source: str | None = None
    start: datetime | None = None
    end: datetime | None = None


def question(choice: Choice, view: str) -> str:
    """What tells a list of corrections from others."""
    return cursors.marked("corrections", choice, view)


def corrections(reviewer: Reviewer, choice: Choice, *, place: Place | None, limit: int) -> CorrectionPage:
    """One page of corrections, as known at the moment asked about.

    Raises:
        NotRegistered: the location or source is not registered.
        CannotAsk: a period that ends before it begins; on the reported clock an earlier position of the log.
    """
    asked = reviewer.asked
    _require_sense(asked, choice)
    wanted = _wanted(reviewer.timeline.reader, asked, choice)
    before: Key | None = None
    if place is not None:
        before = int(place.last[0]), pages.development(place.last[1])
    found, last = _lasting(asked, wanted, before, limit)
    return CorrectionPage(
        **wire.coordinates(asked),
        corrections=tuple(_told(reviewer, found)),
        next=pages.after(asked, question(choice, asked.view_name), (last[0], last[1].hex)) if last else None,
    )


def _require_sense(asked: Asked, choice: Choice) -> None:
    if choice.start is not None and choice.end is not None and choice.end < choice.start:
        raise CannotAsk("to", rfc3339(choice.end), "lies before `from`; a period is [from, to), were the two swapped?")
    if asked.as_of is not None:
        said = (
            "a view that goes by publication does not hold what was overturned in an earlier state of the log; "
            f"`timeline view build NAME --clock reported --until {asked.as_of}` makes one that does"
        )
        raise CannotAsk("known_position", asked.as_of, said)


def _wanted(reader: Reader, asked: Asked, choice: Choice) -> Wanted:
    catalogue, position = reader.catalogue(asked.known_position), asked.known_position
    locations: set[str] | None = None
    for root in (choice.location, choice.within):
        if root is None:
            continue
        reader.require_location(asked, root)
        here = {root} if root is choice.location else {root, *catalogue.descendants(root, asked.at, position)}
        locations = here if locations is None else locations & here
    if choice.source is not None and catalogue.source(choice.source, position) is None:
        raise NotRegistered("source", choice.source, position)
    after = _before(asked, choice.start) if choice.start is not None else -FOREVER
    until = _before(asked, choice.end) if choice.end is not None else asked.known
    listed = sorted(locations) if locations is not None else None
    return Wanted(listed, choice.source, after, min(until, asked.known))


def _before(asked: Asked, moment: datetime) -> int:
    """The last moment of the known axis before a time."""
    if asked.view.reading.clock == "reported":
        return micros(moment) - 1
    row = asked.connection.execute(
        "SELECT position FROM event WHERE recorded_at < %s ORDER BY recorded_at DESC LIMIT 1", [moment]
    ).fetchone()
    return row[0] if row else 0


_Lasting = tuple[Overturned, datetime, datetime]


def _lasting(asked: Asked, wanted: Wanted, before: Key | None, limit: int) -> tuple[list[_Lasting], Key | None]:
    """Those that had been accepted for long enough, each with its times; and the last one looked at, if others follow."""
    found: list[_Lasting] = []
    looked_at = 0
    while True:
        keys = ended(asked.connection, asked.view, wanted, before, limit + 1)
        for key, one, since, until in _timed(asked, keys):
            if len(found) == limit:
                return found, before
            before = key
            if until - since >= AT_LEAST:
                found.append((one, since, until))
        looked_at += len(keys)
        if len(keys) <= limit:
            return found, None
        if looked_at >= SCAN:
            return found, before


def _timed(asked: Asked, keys: Sequence[Key]) -> list[tuple[Key, Overturned, datetime, datetime]]:
    found = told(asked.connection, asked.view, keys, asked.known)
    if asked.view.reading.clock == "reported":
        return [
            (key, one, from_micros(one.since), from_micros(one.by.known_from))
            for key, one in zip(keys, found, strict=True)
        ]
    positions = {position for one in found for position in (one.since, one.by.known_from)}
    times = views.recorded_times(asked.connection, positions)
    return [(key, one, times[one.since], times[one.by.known_from]) for key, one in zip(keys, found, strict=True)]


def _told(reviewer: Reviewer, found: Sequence[_Lasting]) -> list[Correction]:
    asked, log = reviewer.asked, reviewer.timeline.log
    steps = [_step(one) for one, _, _ in found]
    causes = finder(log, asked, steps)
    because = [causes(step) for step in steps]
    ledger = Ledger(asked.connection, reviewer.who, {each.position for events in because for each in events})
    summaries = _summaries(log, asked, [one.accepted.development_id for one, _, _ in found])
    catalogue = reviewer.timeline.reader.catalogue(asked.known_position)
    corrected = []
    for (one, since, until), step, events in zip(found, steps, because, strict=True):
        names = Names(catalogue, replace(asked, at=one.accepted.takes_effect))
        said = [cause(each, step, names).words for each in events]
        corrected.append(
            Correction(
                **_claimed(one, names),
                summary=summaries[one.accepted.development_id],
                accepted_from=rfc3339(since),
                overturned_at=rfc3339(until),
                seconds=int((until - since).total_seconds()),
                causes=tuple(ledger.event(each, words) for each, words in zip(events, said, strict=True)),
                words=_words(one, until - since, names, said),
            )
        )
    return corrected


def _step(one: Overturned) -> Step:
    return Step(one.by.known_from, one.accepted.location_id, one.accepted.facet, (), (one.accepted, one.by))


def _claimed(one: Overturned, names: Names) -> dict[str, Any]:
    claim = one.accepted
    says = asserted(claim.assertion)
    return {
        "development_id": str(claim.development_id),
        "location_id": claim.location_id,
        "name": names.location(claim.location_id),
        "facet": claim.facet,
        "mode": says.mode,
        "holders": says.holders,
        "challengers": says.challengers,
        "accepted_as": claim.standing,
        "overturned_to": one.by.standing,
        "standing": one.now.standing if one.now is not None else None,
        "bearing": one.now.bearing if one.now is not None else None,
    }


def _words(one: Overturned, lasted: timedelta, names: Names, causes: Sequence[str]) -> str:
    says = asserted(one.accepted.assertion)
    claimed = (
        f"{names.actors(says.holders)} withdrew"
        if is_withdrawal(one.accepted.assertion)
        else assertion_words(says, names)
    )
    first = f"{names.location(one.accepted.location_id)}: {claimed}; {one.accepted.standing} for {duration(lasted)}"
    because = f": {'; '.join(causes)}" if causes else ""
    return f"{first}, then {one.by.standing}{because}"


def duration(lasted: timedelta) -> str:
    """How long something lasted, in words."""
    hours = int(lasted.total_seconds() // 3600)
    if hours < 1:
        return "under an hour"
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"


def _summaries(log: Log, asked: Asked, developments: Sequence[UUID]) -> dict[UUID, str]:
    events: dict[UUID, list[Recorded]] = {}
    for one in log.whole_streams(asked.connection, set(developments), asked.known_position):
        if isinstance(one.event, DevelopmentEvent):
            events.setdefault(one.event.development_id, []).append(one)
    return {
        development_id: content(development_id, own, asked.view.reading, asked.known)["summary"]
        for development_id, own in events.items()
    }

"""A source reviewed: what became of what it said, in numbers, and the developments behind each number."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Final
from uuid import UUID

from events.developments import DevelopmentEvent
from events.log import streams
from events.recorded import reference_stream
from events.times import rfc3339
from projections import setting_aside, views
from projections.claims import FOREVER
from projections.developments import content
from projections.knowing import Recorded
from projections.mergers import with_merged
from projections.replaying import Step
from projections.sources import GRADINGS
from projections.track_record import NUMBERS, Entry, counted, entry
from services.timeline import cursors, wire
from services.timeline.asked import CannotAsk
from services.timeline.audit import pages
from services.timeline.audit.ledger import Ledger
from services.timeline.audit.pages import Place
from services.timeline.audit.reviewing import MOST, Reviewer
from services.timeline.audit.rule_words import rule_words
from services.timeline.causes import cause
from services.timeline.reader import NotRegistered
from services.timeline.wire_review import ReviewedSource
from services.timeline.wire_track import MonthOut, SourceReview, SpokenOf, SpokenOfPage

#: So many developments are counted by a page at most.
COUNTED: Final = 10_000

_HELPING: Final = 1_000

#: The developments of which a source speaks, and those that such a one was merged into, in the order of the log.
_SPOKEN_OF: Final = """
WITH RECURSIVE said AS (
    SELECT development_id FROM {mention} WHERE view_id = %(tables)s::int AND source_id = %(source)s
    UNION SELECT merger.into_id FROM said JOIN {merger} AS merger USING (development_id)
)
SELECT development_id, position FROM said JOIN {development} USING (development_id)
WHERE position > %(after)s::bigint AND position <= %(until)s::bigint ORDER BY position"""


def question(source_id: str, view: str, *more: object) -> str:
    """What tells the record of a source from other lists."""
    return cursors.marked("source", source_id, view, *more)


def review(reviewer: Reviewer, source_id: str, *, place: Place | None) -> SourceReview:
    """One page of a source's track record: of so many developments at most.

    Raises:
        NotRegistered: the source was not registered then.
    """
    asked = reviewer.asked
    source = _source(reviewer, source_id)
    with _entries(reviewer, source_id, _after(place)) as entries:
        found = list(islice(entries, COUNTED + 1))
    page = found[:COUNTED]
    record = counted(page)
    return SourceReview(
        **wire.coordinates(asked),
        source=source,
        developments=len(page),
        total=_named(record.total),
        months=tuple(MonthOut(month=month, numbers=_named(numbers)) for month, numbers in record.months.items()),
        next=pages.after(asked, question(source_id, asked.view_name), (page[-1].position,))
        if len(found) > COUNTED
        else None,
    )


def listed(
    reviewer: Reviewer, source_id: str, *, number: str | None, month: str | None, place: Place | None, limit: int
) -> SpokenOfPage:
    """One page of the developments behind a number.

    Raises:
        NotRegistered: the source was not registered then.
        CannotAsk: an unknown number, or a month that is none.
    """
    asked = reviewer.asked
    _require_sense(number, month)
    if reviewer.timeline.reader.catalogue(asked.known_position).source(source_id, asked.known_position) is None:
        raise NotRegistered("source", source_id, asked.known_position)
    found: list[Entry] = []
    last: int | None = None
    with _entries(reviewer, source_id, _after(place)) as entries:
        for looked_at, one in enumerate(entries):
            if len(found) == limit or looked_at == COUNTED:
                break
            last = one.position
            if (month is None or one.month == month) and (number is None or number in one.numbers()):
                found.append(one)
        else:
            last = None
    onward = question(source_id, asked.view_name, number, month)
    summaries = _summaries(reviewer, [one.development_id for one in found])
    return SpokenOfPage(
        **wire.coordinates(asked),
        source_id=source_id,
        developments=tuple(_out(one, summaries[one.development_id]) for one in found),
        next=pages.after(asked, onward, (last,)) if last is not None else None,
    )


def _require_sense(number: str | None, month: str | None) -> None:
    if number is not None and number not in NUMBERS:
        raise CannotAsk("number", number, f"one of {', '.join(NUMBERS)}")
    if month is None:
        return
    try:
        right = f"{datetime.strptime(month, '%Y-%m'):%Y-%m}" == month  # noqa: DTZ007  (a month is no moment)
    except ValueError:
        right = False
    if not right:
        raise CannotAsk("month", month, "write a month as 2024-12")


def _after(place: Place | None) -> int:
    return int(place.last[0]) if place is not None else 0


def _named(numbers: dict[str, int]) -> dict[str, int]:
    return {name: numbers[name] for name in NUMBERS if numbers.get(name)}


@contextmanager
def _entries(reviewer: Reviewer, source_id: str, after: int) -> Iterator[Iterator[Entry]]:
    """What the source said of each development, in the order of the log; read as it is taken."""
    connection = reviewer.asked.connection
    with connection.transaction():
        for setting in _BULK:
            connection.execute(f"SET LOCAL {setting}".encode())
        with connection.cursor("spoken_of", binary=True) as cursor:
            tables = reviewer.asked.view.tables
            asked = {"tables": tables, "source": source_id, "after": after, "until": reviewer.asked.known_position}
            cursor.execute(reviewer.asked.view.sql(_SPOKEN_OF), asked)
            for setting in _BY_KEYS:
                connection.execute(f"SET LOCAL {setting}".encode())
            yield _folded(reviewer, source_id, iter(lambda: cursor.fetchmany(_HELPING), []))


#: For a query about all that a source said: planned for its moment, every part read once.
_BULK: Final = ("plan_cache_mode TO force_custom_plan", "enable_seqscan TO on", "enable_nestloop TO off")

#: What is asked while its cursor stands is asked by keys again, as everywhere.
_BY_KEYS: Final = ("plan_cache_mode TO force_generic_plan", "enable_seqscan TO off", "enable_nestloop TO on")


def _folded(reviewer: Reviewer, source_id: str, helpings: Iterator[list[tuple[UUID, int]]]) -> Iterator[Entry]:
    sources = reviewer.timeline.reader.sources(reviewer.asked)
    for rows in helpings:
        for development_id, recorded in _told(reviewer, [row[0] for row in rows]).items():
            one = entry(source_id, development_id, recorded, sources, reviewer.asked.view.reading, reviewer.asked.known)
            if one is not None:
                yield one


def _told(reviewer: Reviewer, found: Sequence[UUID]) -> dict[UUID, list[Recorded]]:
    """The events of some developments, each with those of all that is merged into it, in the order of `found`."""
    asked = reviewer.asked
    members = with_merged(found, dict(views.mergers_around(asked.connection, asked.view, found)))
    aside = setting_aside.since(asked.connection, asked.view, members)
    events: dict[UUID, list[Recorded]] = {}
    every = {one for of_it in members.values() for one in of_it}
    for one in streams(asked.connection, sorted(every), asked.known_position):
        if isinstance(one.event, DevelopmentEvent):
            events.setdefault(one.event.development_id, []).append(one)  # type: ignore[arg-type]
    told: dict[UUID, list[Recorded]] = {}
    for development_id in found:
        until = aside.get(development_id, FOREVER)  # what is set aside rests on the events before
        of_it = [one for member in members[development_id] for one in events.get(member, ()) if one.position < until]
        if any(one.event.development_id == development_id for one in of_it):
            told[development_id] = sorted(of_it, key=lambda one: one.position)
    return told


def _source(reviewer: Reviewer, source_id: str) -> ReviewedSource:
    asked = reviewer.asked
    held = reviewer.timeline.reader.catalogue(asked.known_position).source(source_id, asked.known_position)
    if held is None:
        raise NotRegistered("source", source_id, asked.known_position)
    recorded = reviewer.timeline.log.streams([reference_stream("source", source_id)], asked.known_position)
    events = [one for one in recorded if isinstance(one.event, GRADINGS)][-MOST:]
    ledger = Ledger(asked.connection, reviewer.who, {one.position for one in events})
    nothing = Step(0, "", "", (), ())
    return ReviewedSource(
        source_id=source_id,
        name=held.name,
        kind=held.kind,
        reliability=held.reliability,
        aligned_with=held.aligned_with,
        events=tuple(ledger.event(one, cause(one, nothing, reviewer.names).words) for one in events),
    )


def _summaries(reviewer: Reviewer, developments: list[UUID]) -> dict[UUID, str]:
    asked = reviewer.asked
    events: dict[UUID, list[Recorded]] = {}
    for one in reviewer.timeline.log.whole_streams(asked.connection, developments, asked.known_position):
        if isinstance(one.event, DevelopmentEvent):
            events.setdefault(one.event.development_id, []).append(one)
    return {
        development_id: content(development_id, own, asked.view.reading, asked.known)["summary"]
        for development_id, own in events.items()
    }


def _out(one: Entry, summary: str) -> SpokenOf:
    return SpokenOf(
        development_id=str(one.development_id),
        position=one.position,
        first_at=rfc3339(one.first_at),
        standing=one.standing,
        rule=one.rule,
        rule_words=rule_words(one.rule, one.standing),
        bearing=one.bearing,
        numbers=tuple(one.numbers()),
        summary=summary,
    )

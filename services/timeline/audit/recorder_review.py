"""What one principal recorded: counted by type and month, and event by event.

Events are not indexed by their recorder: every append would pay for it. So a page looks at a bounded stretch of the log, in
its order, and says how far it came; the counts of all pages add up, and a page of a log that went on since is the same.
"""

from collections import Counter
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from events.codec import STORED_NAMES
from events.recorded import RecordedEvent
from events.rows import SELECT_WHOLE, as_recorded
from services.timeline import cursors
from services.timeline.audit import pages
from services.timeline.audit.ledger import Ledger
from services.timeline.audit.pages import Place
from services.timeline.audit.reviewing import Reviewer
from services.timeline.wire_log import recorded_out
from services.timeline.wire_track import MonthRecorded, RecordedByThem, RecordedPage, RecorderReview, TypeCount

#: A page looks at so many positions of the log at most.
LOOKED_AT: Final = 200_000

_TYPES: Final = MappingProxyType({stored: cls.__name__ for cls, stored in STORED_NAMES.items()})

_COUNTED: Final = """
SELECT type, to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM'), count(*), min(position), max(position) FROM event
WHERE position > %s::bigint AND position <= %s::bigint AND recorded_by = %s GROUP BY 1, 2"""


class _Count(NamedTuple):
    """How many events of a type in a month, and between which positions."""

    type: str
    month: str
    events: int
    first: int
    last: int


def question(who: str, what: str, view: str) -> str:
    """What tells the list of a recorder from others."""
    return cursors.marked("recorder", what, who, view)


def review(reviewer: Reviewer, who: str, *, place: Place | None) -> RecorderReview:
    """One page of how much a principal recorded, by the moment asked about; a name that recorded nothing has nothing."""
    asked = reviewer.asked
    after, until = _stretch(reviewer, place)
    rows = asked.connection.execute(_COUNTED, [after, until, who]).fetchall()
    found = [_Count(_TYPES.get(row[0], row[0]), *row[1:]) for row in rows]
    months: dict[str, Counter[str]] = {}
    types: Counter[str] = Counter()
    for one in found:
        types[one.type] += one.events
        months.setdefault(one.month, Counter())[one.type] += one.events
    return RecorderReview(
        recorded_by=who,
        known_position=asked.known_position,
        after_position=after,
        until_position=until,
        events=types.total(),
        first_position=min((one.first for one in found), default=None),
        last_position=max((one.last for one in found), default=None),
        types=_by_type(types),
        months=tuple(MonthRecorded(month=month, types=_by_type(counts)) for month, counts in sorted(months.items())),
        next=_onward(reviewer, question(who, "counts", asked.view_name), until),
    )


def recorded(reviewer: Reviewer, who: str, *, place: Place | None, limit: int) -> RecordedPage:
    """One page of what a principal recorded, by the moment asked about, in the order of the log."""
    asked = reviewer.asked
    after, until = _stretch(reviewer, place)
    rows = asked.connection.execute(
        f"{SELECT_WHOLE} WHERE position > %b::bigint AND position <= %b::bigint AND recorded_by = %b "
        "ORDER BY position LIMIT %b::bigint",
        [after, until, who, limit],
        binary=True,
    ).fetchall()
    found = reviewer.timeline.log.told(map(as_recorded, rows))
    reached = found[-1].position if len(found) == limit else until
    ledger = Ledger(asked.connection, reviewer.who, {one.position for one in found})
    return RecordedPage(
        recorded_by=who,
        known_position=asked.known_position,
        events=tuple(_out(one, ledger) for one in found),
        next=_onward(reviewer, question(who, "events", asked.view_name), reached),
    )


def _stretch(reviewer: Reviewer, place: Place | None) -> tuple[int, int]:
    """After which position a page looks, and up to which."""
    after = max(int(place.last[0]), 0) if place is not None else 0
    return after, min(after + LOOKED_AT, reviewer.asked.known_position)


def _onward(reviewer: Reviewer, asked_for: str, reached: int) -> str | None:
    asked = reviewer.asked
    return pages.after(asked, asked_for, (reached,)) if reached < asked.known_position else None


def _by_type(counts: Counter[str]) -> tuple[TypeCount, ...]:
    return tuple(
        TypeCount(type=name, events=counts[name]) for name in sorted(counts, key=lambda one: (-counts[one], one))
    )


def _out(one: RecordedEvent[Any], ledger: Ledger) -> RecordedByThem:
    said = recorded_out(one, one.recorded_by)
    fields = {name: getattr(said, name) for name in said.__struct_fields__}
    return RecordedByThem(**fields, leaf_hash=ledger.leaf(one.position))

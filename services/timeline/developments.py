"""Lists of developments, page by page: which are sought, where a page begins, what stands in their text.

A list begun at a position of the view holds what was recorded by then, in the order of the log; so it does not shift
while events arrive. What it tells of a development is its newest state, read in one state of the tables.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from events.developments import DevelopmentAmended
from events.times import rfc3339
from events.vocabulary import KINDS
from projections import views
from projections.developments import Development, content, development
from projections.folding import fold
from projections.knowing import Cluster, Recorded
from projections.mergers import with_merged
from projections.policies import STANDINGS, Reading
from projections.stored_developments import Sought, counted, sought
from projections.views import View
from services.timeline import cursors
from services.timeline.asked import Asked, CannotAsk
from services.timeline.reader import NotRegistered, Reader
from services.timeline.selection import Box, Selection, located
from services.timeline.wire_developments import DevelopmentOut, DevelopmentPage, OccurredOut

#: Where text or a tag is sought, a page looks through so many developments at most, and then says where to go on.
SCAN = 5_000

_HELPING = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which developments are wanted; None for any.

    Attributes:
        location: At this location itself; `within`: at it or anywhere below it.
        start, end: What occurred shares a moment with `[start, end)`.
        bbox: At a place whose point lies in west, south, east, north (degrees).
        text: Each of its words stands in a summary, reason or reasoning, case and accents aside.
        known_at, known_position: As known then: what was not known is left out, and what is told (standing, counts, summary) is
            what was told then. Kind, place, source and period are sought in the newest state all the same.
        oldest_first: In the order in which they were recorded, instead of against it.
    """

    location: str | None = None
    within: str | None = None
    kinds: tuple[str, ...] = ()
    standings: tuple[str, ...] = ()
    source: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    text: str | None = None
    tag: str | None = None
    bbox: Box | None = None
    known_at: datetime | None = None
    known_position: int | None = None
    oldest_first: bool = False

    @property
    def is_of_then(self) -> bool:
        """Whether an earlier state of knowledge is asked for."""
        return self.known_at is not None or self.known_position is not None


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a list goes on: its view and question, the position at which it began, the last position looked at."""

    view_id: int
    question: str
    begun: cursors.Position
    last: cursors.Position


def listed(
    reader: Reader,
    choice: Choice,
    *,
    view: str = "current",
    cursor: str | None = None,
    limit: int = 100,
    min_position: int | None = None,
) -> DevelopmentPage:
    """One page of developments.

    Raises:
        CannotAsk: an unknown kind or standing, a period that ends before it begins, a cursor of another list.
        NotRegistered: the location or source is not registered.
        UnknownView, NotYet: as `asked.settled` raises them.
    """
    _require_sense(choice)
    known = {"known_at": choice.known_at, "known_position": choice.known_position}
    with reader.asking(view, **known, min_position=min_position) as asked, _one_state(asked) as found:  # type: ignore[arg-type]
        begun = _Place(found.view_id, cursors.marked(choice), found.position, 0)
        place = begun if cursor is None else _taken(cursor, begun)
        what = _what(reader, choice, asked, found.position)
        page, last = _page(reader, asked, found, choice, what, place, limit)
        following = msgspec.structs.replace(place, last=last) if last is not None else None
        return DevelopmentPage(
            known_position=asked.known_position if choice.is_of_then else found.position,
            begun_position=place.begun,
            view=view,
            policy=found.reading.policy.label,
            clock=found.reading.clock,
            developments=tuple(page),
            next=cursors.given(following) if following is not None else None,
        )


def how_many(reader: Reader, choice: Choice, *, view: str = "current", min_position: int | None = None) -> int | None:
    """How many developments a list has; None where only reading all of them would tell, as with a text or a tag.

    Raises:
        CannotAsk, NotRegistered, UnknownView, NotYet: as `listed` raises them.
    """
    _require_sense(choice)
    if choice.text is not None or choice.tag is not None or choice.is_of_then:
        return None
    with reader.asking(view, min_position=min_position) as asked, _one_state(asked) as found:
        what = _what(reader, choice, asked, found.position)
        return counted(asked.connection, found, what, below=found.position + 1)


def found_developments(
    reader: Reader, choice: Choice, *, view: str, cursor: str | None = None, limit: int = 100
) -> DevelopmentPage:
    """As `listed`, but a search of text goes on until it has found so many, or all."""
    page = listed(reader, choice, view=view, cursor=cursor, limit=limit)
    while page.next is not None and len(page.developments) < limit:
        rest = listed(reader, choice, view=view, cursor=page.next, limit=limit - len(page.developments))
        page = msgspec.structs.replace(rest, developments=(*page.developments, *rest.developments))
    return page


@contextmanager
def _one_state(asked: Asked) -> Iterator[View]:
    """The view in one state of its tables, on a connection that plans for what is asked."""
    if asked.view.reading.clock == "reported":
        _plan_for_the_moment(asked)
        yield asked.view
        return
    with asked.connection.transaction():
        asked.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        _plan_for_the_moment(asked)
        yield views.find(asked.connection, asked.view.name)


def _plan_for_the_moment(asked: Asked) -> None:
    asked.connection.execute("SET LOCAL plan_cache_mode TO force_custom_plan")
    asked.connection.execute("SET LOCAL enable_seqscan TO on")


def _require_sense(choice: Choice) -> None:
    for field, chosen, known in (("kind", choice.kinds, tuple(KINDS)), ("standing", choice.standings, STANDINGS)):
        for one in chosen:
            if one not in known:
                raise CannotAsk(field, one, f"one of {', '.join(known)}")
    if choice.start is not None and choice.end is not None and choice.end < choice.start:
        raise CannotAsk("to", rfc3339(choice.end), "lies before `from`; a period is [from, to), were the two swapped?")


def _taken(cursor: str, begun: _Place) -> _Place:
    place = cursors.taken(cursor, _Place)
    if (place.view_id, place.question) != (begun.view_id, begun.question):
        raise CannotAsk("cursor", cursor, "given for another view or other filters; begin again without it")
    return place


def _what(reader: Reader, choice: Choice, asked: Asked, position: int) -> Sought:
    """What is sought in the tables."""
    catalogue = reader.catalogue(position)
    locations: set[str] | None = None
    for root in (choice.location, choice.within):
        if root is None:
            continue
        if not catalogue.has_location(root, position):
            raise NotRegistered("location", root, position)
        here = {root} if root is choice.location else {root, *catalogue.descendants(root, asked.at, position)}
        locations = here if locations is None else locations & here
    if choice.bbox is not None:
        inside = set(located(catalogue, asked, Selection(bbox=choice.bbox)))
        locations = inside if locations is None else locations & inside
    if choice.source is not None and catalogue.source(choice.source, position) is None:
        raise NotRegistered("source", choice.source, position)
    return Sought(
        locations=locations,
        kinds=choice.kinds or None,
        standings=choice.standings or None if not choice.is_of_then else None,
        source=choice.source,
        start=choice.start,
        end=choice.end,
    )


def _page(
    reader: Reader, asked: Asked, view: View, choice: Choice, what: Sought, place: _Place, limit: int
) -> tuple[list[DevelopmentOut], int | None]:
    """A page, and the last position looked at; None where nothing follows."""
    in_text = choice.text is not None or choice.tag is not None or choice.is_of_then
    found: list[DevelopmentOut] = []
    last, looked_at = place.last, 0
    while True:
        size = _HELPING if in_text else limit + 1
        rows = sought(asked.connection, view, what, newest_first=not choice.oldest_first, limit=size,
                      **_between(choice, place.begun, last))  # fmt: skip
        tell = _told_then if choice.is_of_then else _told
        told = tell(reader, asked, view, rows[:limit] if not in_text else rows)
        for row, said in zip(rows, told, strict=False):
            if len(found) == limit:
                return found, last
            last = row.position
            if said is not None and _says(choice, *said):
                found.append(said[0])
        looked_at += len(rows)
        if not in_text:
            return found, last if len(rows) > limit else None
        if len(rows) < size:
            return found, None
        if looked_at >= SCAN:
            return found, last


def _between(choice: Choice, begun: int, last: int) -> dict[str, int]:
    """Between which positions a list goes on, both left out; a last position of 0 is the list's begin."""
    if choice.oldest_first:
        return {"above": last, "below": begun + 1}
    return {"above": 0, "below": last or begun + 1}


def _says(choice: Choice, out: DevelopmentOut, texts: str) -> bool:
    if choice.standings and out.standing not in choice.standings:
        return False
    if choice.tag is not None and choice.tag.casefold() not in (tag.casefold() for tag in out.tags):
        return False
    return choice.text is None or all(word in texts for word in fold(choice.text).split())


def _told(reader: Reader, asked: Asked, view: View, rows: Sequence[Development]) -> list[tuple[DevelopmentOut, str]]:
    """What a list tells of some developments, and all that is written of them, folded."""
    events: dict[UUID, list[Recorded]] = {}
    for one in reader.whole_streams(asked.connection, [row.development_id for row in rows], view.position):
        events.setdefault(one.event.development_id, []).append(one)
    return [
        (out(row, content(row.development_id, events[row.development_id], view.reading)),
         _texts(events[row.development_id], view.reading))
        for row in rows
    ]  # fmt: skip


def _told_then(
    reader: Reader, asked: Asked, view: View, rows: Sequence[Development]
) -> list[tuple[DevelopmentOut, str] | None]:
    """The same as known at the moment asked about, folded from the events; None where it was not known."""
    ids = {row.development_id for row in rows}
    members = with_merged(ids, dict(views.mergers_around(asked.connection, view, ids)))
    events: dict[UUID, list[Recorded]] = {}
    every = {one for found in members.values() for one in found}
    for one in reader.whole_streams(asked.connection, every, asked.known_position):
        events.setdefault(one.event.development_id, []).append(one)
    sources, reading = reader.sources(asked), view.reading
    told: list[tuple[DevelopmentOut, str] | None] = []
    for row in rows:
        recorded = sorted(
            (one for member in members[row.development_id] for one in events.get(member, ())),
            key=lambda one: one.position,
        )
        own = any(one.event.development_id == row.development_id for one in recorded)
        then = development(row.development_id, recorded, sources, reading, asked.known) if own else None
        if then is None:
            told.append(None)
            continue
        said = content(row.development_id, recorded, reading, asked.known)
        cluster = Cluster(recorded, reading)
        known = [one for one in events[row.development_id] if cluster.known(one) <= asked.known]
        told.append((out(then, said), _texts(known, reading)))
    return told


def _texts(recorded: Sequence[Recorded], reading: Reading) -> str:
    """Every summary, reason and reasoning, but of statements that the view leaves out, folded, a line each."""
    said: list[str] = []
    for one in recorded:
        report = getattr(one.event, "report", None)
        own = [getattr(one.event, name, "") for name in ("reason", "reasoning")]
        if report is None or reading.hears(report.chain):
            said += own
        said.append(getattr(one.event, "summary", ""))
        if isinstance(one.event, DevelopmentAmended) and one.event.changes.summary is not msgspec.UNSET:
            said.append(one.event.changes.summary)
    return "\n".join(fold(text) for text in said if text)


def out(row: Development, said: Any) -> DevelopmentOut:
    """A development as it is answered; `said` is its content as amended."""
    return DevelopmentOut(
        development_id=str(row.development_id),
        position=row.position,
        kind=row.kind,
        location_id=row.location_id,
        destination_id=row.destination_id,
        occurred=OccurredOut(rfc3339(row.occurred_start), rfc3339(row.occurred_end), said["occurred"].precision),
        published_at=rfc3339(row.published_at),
        standing=row.standing,
        rule=row.rule,
        sources=row.sources,
        merged_into=str(row.merged_into) if row.merged_into else None,
        reports=row.reports,
        denials=row.denials,
        summary=said["summary"],
        tags=tuple(said["tags"]),
    )

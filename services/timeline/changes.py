"""What differs between two moments of one axis, per location: the map then against the map now.

On the valid axis both moments are asked about as known at one moment; on the known axis both are about one moment of the
world. A list that goes on in pages goes on about the very same moments: its cursor names the positions that they meant.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import msgspec

from events.times import Instant, rfc3339
from projections.claims import micros
from services.timeline import cursors, wire
from services.timeline.asked import Asked, CannotAsk
from services.timeline.reader import Reader
from services.timeline.wire_changes import BothFacets, Change, ChangePage, MomentOut

Axis = Literal["valid", "known"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Two moments of one axis, and one of the other.

    Attributes:
        start, end: On the valid axis two moments in the world, on the known axis two by which something was known.
        at: The moment in the world (known axis only); default now.
        known_at, known_position: The moment by which both are known (valid axis only); default what is folded now.
        within: Only this location and those below it, as they lie at the second moment.
    """

    axis: Axis
    start: datetime
    end: datetime
    at: datetime | None = None
    known_at: datetime | None = None
    known_position: int | None = None
    within: str | None = None


class _Moment(msgspec.Struct, frozen=True, array_like=True):
    """A moment on both axes as it was settled."""

    at: Instant
    known_at: Instant
    known_position: cursors.Position


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a list goes on: its question, the view's clock, the moments that were meant, and the last location."""

    question: str
    clock: str
    moments: tuple[_Moment, _Moment]
    last: str


class _Wanted(NamedTuple):
    """A moment as it is asked for: open ends mean what is folded now."""

    at: datetime
    known_at: datetime | None
    known_position: int | None


#: A settled moment with the answer of every location registered then.
_Side = tuple[Asked, dict[str, BothFacets]]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of changes; `pinned` where it is the same for ever."""

    page: ChangePage
    pinned: bool


def changes(
    reader: Reader,
    between: Between,
    *,
    view: str = "current",
    cursor: str | None = None,
    limit: int = 1000,
    min_position: int | None = None,
) -> Found:
    """One page of what differs.

    Raises:
        CannotAsk: moments in the wrong order, a parameter that the axis does not take, a cursor of another list.
        NotRegistered: `within` is not registered at the second moment.
        UnknownView, NotYet: as `asked.settled` raises them.
    """
    _require_sense(between)
    question = cursors.marked(between, view)
    place = None if cursor is None else _taken(cursor, question)
    (first, old), (second, new) = _both(reader, view, between.axis, _wanted(between, place), min_position)
    moments = place.moments if place is not None else (_settled(first), _settled(second))
    clock = second.view.reading.clock
    here = _within(reader, second, between.within)
    differing = [
        one
        for one in sorted(old.keys() | new.keys())
        if old.get(one) != new.get(one) and (here is None or one in here) and (place is None or one > place.last)
    ]
    chosen = differing[:limit]
    onward = cursors.given(_Place(question, clock, moments, chosen[-1])) if len(differing) > limit else None
    page = ChangePage(
        axis=between.axis,
        from_=_moment_out(moments[0]),
        to=_moment_out(moments[1]),
        view=view,
        policy=second.view.reading.policy.label,
        clock=clock,
        changes=tuple(Change(one, differs(old.get(one), new.get(one)), old.get(one), new.get(one)) for one in chosen),
        next=onward,
    )
    return Found(page, first.pinned and second.pinned)


def _require_sense(between: Between) -> None:
    if between.end < between.start:
        raise CannotAsk("to", rfc3339(between.end), "lies before `from`; were the two swapped?")
    if between.axis == "valid" and between.at is not None:
        raise CannotAsk("at", rfc3339(between.at), "on the valid axis `from` and `to` are the moments in the world")
    for field in ("known_at", "known_position"):
        if between.axis == "known" and getattr(between, field) is not None:
            said = "on the known axis `from` and `to` are the moments by which it was known"
            raise CannotAsk(field, str(getattr(between, field)), said)


def _taken(cursor: str, question: str) -> _Place:
    place = cursors.taken(cursor, _Place)
    if place.question != question:
        raise CannotAsk("cursor", cursor, "given for another question; begin again without it")
    return place


def _wanted(between: Between, place: _Place | None) -> tuple[_Wanted, _Wanted]:
    """The two moments to settle; on a later page those that the first page meant."""
    if place is not None:
        by_position = place.clock == "recorded"  # there a position says it all, and beside it a time is refused
        old, new = (_Wanted(one.at, None if by_position else one.known_at, one.known_position) for one in place.moments)
        return old, new
    if between.axis == "valid":
        known = (between.known_at, between.known_position)
        return _Wanted(between.start, *known), _Wanted(between.end, *known)
    at = between.at or datetime.now(UTC)
    return _Wanted(at, between.start, None), _Wanted(at, between.end, None)


def _both(
    reader: Reader, view: str, axis: Axis, wanted: tuple[_Wanted, _Wanted], min_position: int | None
) -> tuple[_Side, _Side]:
    """Both moments settled and answered. On the reported clock in one state of the tables, which a late arrival rewrites."""
    first, second = wanted
    with reader.asking(view, **first._asdict(), min_position=min_position) as asked:
        old = asked, _answers(reader, asked)
        if axis == "valid" or asked.view.reading.clock == "reported":
            later = replace(asked, at=second.at)
            if axis == "known":
                assert second.known_at is not None
                later = replace(later, known_at=second.known_at, known=micros(second.known_at))
            return old, (later, _answers(reader, later))
    # What was known at a position never changes, and this one is not earlier: the view only moves on.
    with reader.asking(view, **second._asdict()) as asked:
        return old, (asked, _answers(reader, asked))


def _answers(reader: Reader, asked: Asked) -> dict[str, BothFacets]:
    locations = reader.catalogue(asked.known_position).location_ids(asked.known_position)
    return {
        one.location_id: BothFacets(wire.brief(one.control), wire.brief(one.access) if one.access else None)
        for one in reader.everywhere(asked, locations)
    }


def _within(reader: Reader, asked: Asked, root: str | None) -> set[str] | None:
    if root is None:
        return None
    reader.require_location(asked, root)
    catalogue = reader.catalogue(asked.known_position)
    return {root, *catalogue.descendants(root, asked.at, asked.known_position)}


def differs(old: BothFacets | None, new: BothFacets | None) -> tuple[str, ...]:
    """In which parts two answers differ."""
    if old is None or new is None:
        return ("registered",)
    found = [f"control.{name}" for name in _PARTS if getattr(old.control, name) != getattr(new.control, name)]
    if old.access is None or new.access is None:
        return (*found, *(["access"] if old.access != new.access else []))
    found += [f"access.{name}" for name in _PARTS if getattr(old.access, name) != getattr(new.access, name)]
    return tuple(found)


_PARTS = wire.BriefStatus.__struct_fields__


def _settled(asked: Asked) -> _Moment:
    return _Moment(asked.at, asked.known_at, asked.known_position)


def _moment_out(one: _Moment) -> MomentOut:
    return MomentOut(rfc3339(one.at), rfc3339(one.known_at), one.known_position)

"""Stepping through the log: each change of status in the order in which it became known, with what caused it.

A replay reads its view part by part and holds no connection in between, so it may be paced over hours. On the recorded
clock it goes by position, on the reported one by the time of publication.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

from events.log import Log
from events.times import rfc3339
from projections import views
from projections.claims import FOREVER, from_micros, micros
from projections.replaying import Part, Step, seen
from projections.status import Answer
from projections.stored_steps import Boards, Place, steps
from services.timeline import wire
from services.timeline.asked import Asked, CannotAsk
from services.timeline.causes import Found, cause, finder
from services.timeline.narration import Names, answer_words
from services.timeline.reader import Reader
from services.timeline.wire_replay import StatusChange

#: A position of the log, or a moment.
Bound = int | datetime

_SPEED: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)x?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What is replayed.

    Attributes:
        start, end: A position (with it and up to it), or a moment (from it on, and before it); None for all there is.
        after: Where an earlier replay came to, on the view's known axis; over `start`.
        location_id: Only this place.
    """

    view: str = "current"
    start: Bound | None = None
    end: Bound | None = None
    after: int | None = None
    location_id: str | None = None


class Told(NamedTuple):
    """A change, and where it stands.

    Attributes:
        known: On the view's known axis.
        known_at: The same as a time.
        last: All that became known at that moment is told with it.
    """

    known: int
    known_at: datetime
    change: StatusChange
    last: bool


class Replay:
    """A replay that is settled: its view and its ends are found, what is told is told as it is asked for.

    Attributes:
        view_name: The view as it was asked for.
        known_position: The last position folded when the replay was settled.
        until: The last moment of the known axis that it tells.

    Raises:
        UnknownView, NotRegistered, CannotAsk: as reads raise them.
    """

    def __init__(self, log: Log, reader: Reader, asking: Replayed) -> None:
        self._log, self._reader = log, reader
        self._locations = [asking.location_id] if asking.location_id is not None else None
        with reader.asking(asking.view) as asked:
            if asking.location_id is not None:
                reader.require_location(asked, asking.location_id)
            _require_sense(asked, asking)
            self._view = str(asked.view.view_id)
            self._from, self.until = _ends(asked, asking)
            self.view_name, self.known_position = asking.view, asked.known_position

    @property
    def over(self) -> bool:
        """Whether nothing is left to tell after `after`."""
        return self._from >= self.until

    def parts(self) -> Iterator[list[Told]]:
        """The changes in order, a bounded part of them at a time; a part may be empty."""
        boards, folded = Boards(), self.known_position
        place: Place | None = Place(self._from)
        waiting: Told | None = None
        while place is not None:
            with self._reader.asking(self._view) as asked:
                if asked.view.position != folded and asked.view.reading.clock == "reported":
                    boards.clear()  # a late arrival may have rewritten what they hold
                folded = asked.view.position
                found, place = steps(asked.connection, asked.view, place, self.until, boards, self._locations)
                told = list(self._tell(asked, found))
            coming = [waiting, *told] if waiting is not None else told
            waiting = coming.pop() if coming else None
            yield [one._replace(last=one.known != other.known) for one, other in _with_next(coming, waiting)]
        if waiting is not None:
            yield [waiting]

    def _tell(self, asked: Asked, found: list[Step]) -> Iterator[Told]:
        visible = [(step, parts) for step in found if (parts := seen(step.parts))]
        recorded = asked.view.reading.clock == "recorded"
        known = {step.known for step, _ in visible}
        times = views.recorded_times(asked.connection, known) if recorded else dict.fromkeys(known, asked.known_at)
        causes = finder(self._log, asked, [step for step, _ in visible])
        catalogue = self._reader.catalogue(asked.known_position)
        for step, parts in visible:
            known_at = times[step.known] if recorded else from_micros(step.known)
            position = step.known if recorded else asked.known_position
            names = Names(catalogue, replace(asked, at=known_at, known_position=position))
            for part in reversed(parts):
                yield Told(step.known, known_at, _change(step, part, known_at, causes, names), last=True)


def _with_next(coming: list[Told], waiting: Told | None) -> Iterator[tuple[Told, Told]]:
    """Each with the one that comes after it."""
    if waiting is not None:
        yield from zip(coming, [*coming, waiting][1:], strict=True)


def _change(step: Step, part: Part, known_at: datetime, causes: Found, names: Names) -> StatusChange:
    because = tuple(cause(one, step, names) for one in causes(step))
    return StatusChange(
        known_at=rfc3339(known_at),
        position=because[-1].position if because else None,
        location_id=step.location_id,
        name=names.location(step.location_id),
        facet=step.facet,
        valid_from=wire.moment(part.valid_from),
        valid_until=wire.moment(part.valid_until),
        past=part.valid_until is not None,
        old=wire.brief(part.old),
        new=wire.brief(part.new),
        causes=because,
        words=_words(step, part.old, part.new, names),
    )


def _words(step: Step, old: Answer, new: Answer, names: Names) -> str:
    place = names.location(step.location_id)
    subject = place if step.facet == "control" else f"{step.facet.capitalize()} of {place}"
    return f"{subject}: {answer_words(old, names)} -> {answer_words(new, names)}"


def bound(field: str, text: str | None) -> Bound | None:
    """An end of a replay as somebody wrote it: the digits of a position, or a moment with its offset.

    Raises:
        CannotAsk: neither.
    """
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    try:
        moment = datetime.fromisoformat(re.sub(r" (\d{2}:\d{2})\Z", r"+\1", text))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise CannotAsk(field, text, "write a position of the log, or a moment with its offset: 2024-12-02T09:00:00Z")


def speed(field: str, text: str) -> float | None:
    """How many seconds of the known clock pass in one; None for as fast as can be.

    Raises:
        CannotAsk: neither `max` nor a number above 0, with or without an x.
    """
    if text == "max":
        return None
    found = _SPEED.fullmatch(text)
    if found is None or float(found[1]) == 0:
        raise CannotAsk(field, text, "write how much faster than the clock, such as 3600x (an hour a second), or max")
    return float(found[1])


def _require_sense(asked: Asked, asking: Replayed) -> None:
    start, end = asking.start, asking.end
    if asked.view.reading.clock == "reported":
        for field, value in (("from", start), ("to", end)):
            if isinstance(value, int):
                said = "this view goes by the time of publication: give a moment, not a position"
                raise CannotAsk(field, value, said)
    swapped = "lies before `from`; were the two swapped?"
    if isinstance(start, int) and isinstance(end, int) and end < start:
        raise CannotAsk("to", end, swapped)
    if isinstance(start, datetime) and isinstance(end, datetime) and end < start:
        raise CannotAsk("to", rfc3339(end), swapped)


def _ends(asked: Asked, asking: Replayed) -> tuple[int, int]:
    """After which moment of the known axis a replay begins, and the last one that it tells."""
    before, last = asking.start, asking.end
    if asked.view.reading.clock == "reported":
        after = micros(before) - 1 if isinstance(before, datetime) else -FOREVER
        until = micros(last) - 1 if isinstance(last, datetime) else FOREVER - 1
    else:
        after = max(before - 1, 0) if isinstance(before, int) else _recorded_before(asked, before, 0)
        until = last if isinstance(last, int) else _recorded_before(asked, last, asked.view.position)
        until = min(until, asked.view.position)
    return (after if asking.after is None else asking.after), until


def _recorded_before(asked: Asked, moment: datetime | None, otherwise: int) -> int:
    """The last position recorded before a moment."""
    if moment is None:
        return otherwise
    row = asked.connection.execute(
        "SELECT position FROM event WHERE recorded_at < %s ORDER BY recorded_at DESC LIMIT 1", [moment]
    ).fetchone()
    return row[0] if row else 0

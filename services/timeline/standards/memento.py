"""The moments at which a place's status is remembered, after RFC 7089.

`/v1/locations/{id}/status` tells of now, as known now. What it told at an earlier moment *t* is the status at *t* as known at *t*, so that
is its memento; where the address fixes `at`, the status at that moment as known at *t*. A memento is there for every second since
the place was registered; a TimeMap lists those at which the place's own answer had changed: on the belief map, where the
diagonal (or a line along the known axis) enters another rectangle.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from operator import itemgetter
from typing import Final

from events.vocabulary import FACETS, Facet
from projections import views
from projections.status import Answer
from services.timeline.asked import Asked, CannotAsk
from services.timeline.reader import NotRegistered, Reader

_SECOND: Final = timedelta(seconds=1)
_LEAST, _MOST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def read_http_date(text: str) -> datetime:
    """The moment of an `Accept-Datetime`.

    Raises:
        ValueError: it is no date as HTTP writes them (RFC 9110, section 5.6.7), in GMT.
    """
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        found = None
    if found is None or not text.strip().endswith("GMT"):
        raise ValueError("a date as HTTP writes it, in GMT: Mon, 02 Dec 2024 18:00:00 GMT")
    return found.replace(tzinfo=UTC)


def http_date(moment: datetime) -> str:
    """A moment as HTTP writes it."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def digits(moment: datetime) -> str:
    """A moment as it stands in the address of a memento."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S").zfill(14)


def read_digits(text: str) -> datetime:
    """The moment of a memento's address.

    Raises:
        CannotAsk: there is no such moment.
    """
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        said = "a moment in UTC as fourteen digits, year to second: 20241202180000"
        raise CannotAsk("moment", text, said) from None


def nearest(reader: Reader, asked: Asked, location_id: str, wanted: datetime) -> datetime:
    """The moment of the memento for a wanted one: itself, but not before the place was registered, nor after now.

    Raises:
        NotRegistered: the place is not registered.
    """
    first = _first(reader, asked, location_id)
    latest = max(datetime.now(UTC).replace(microsecond=0), first or _LEAST)
    return min(max(wanted, first) if first is not None else wanted, latest)


def require_past(location_id: str, moment: datetime) -> None:
    """
    Raises:
        NotRegistered: nothing was said at a moment that is still to come.
    """
    if moment > datetime.now(UTC) + _SECOND:
        raise NotRegistered("memento", f"{location_id} of {http_date(moment)}, which is still to come,", 0)


def changes(reader: Reader, asked: Asked, location_id: str, at: datetime | None) -> list[datetime]:
    """The seconds by which a place's own answer had changed, each once, in their order.

    Args:
        at: The moment in the world where the address fixes it; else it goes along with what is known.

    Raises:
        NotRegistered: the place is not registered.
        CannotAsk: its belief map is too large.
    """
    first = _first(reader, asked, location_id)
    found = {one for facet in FACETS for one in _changed(reader, asked, location_id, facet, at)}
    if first is not None:
        found = {max(one, first) for one in found} | {first}
    now = datetime.now(UTC)
    return sorted(one for one in found if one <= now or one == first)


def _changed(reader: Reader, asked: Asked, location_id: str, facet: Facet, at: datetime | None) -> Iterator[datetime]:
    """The seconds by which the answer of a facet was another than before; neighbours of the belief map may say the same."""
    before: Answer | None = None
    for start, answer in sorted(_entered(reader, asked, location_id, facet, at), key=itemgetter(0)):
        if start > _LEAST and answer != before:
            yield start
        before = answer


def _entered(
    reader: Reader, asked: Asked, location_id: str, facet: Facet, at: datetime | None
) -> Iterator[tuple[datetime, Answer]]:
    rectangles, times = reader.beliefs(asked, location_id, facet)
    for one in rectangles:
        valid_from, valid_until = one.valid_from or _LEAST, one.valid_until or _MOST
        start = asked.known_time(one.known_from, times) or _LEAST
        end = asked.known_time(one.known_until, times) or _MOST
        if at is None:
            start, end = max(start, valid_from), min(end, valid_until)
        elif not valid_from <= at < valid_until:
            continue
        if start < end and (second := _by(start)) < end:
            yield second, one.answer


def _by(moment: datetime) -> datetime:
    """The first whole second by which something had happened."""
    whole = moment.replace(microsecond=0)
    return whole if whole == moment else whole + _SECOND


def _first(reader: Reader, asked: Asked, location_id: str) -> datetime | None:
    """The second by which a place was registered; None on the reported clock, where places count as always known."""
    reader.require_location(asked, location_id)
    if asked.view.reading.clock == "reported":
        return None
    position = reader.catalogue(asked.known_position).registered(location_id)
    assert position is not None
    return _by(views.recorded_times(asked.connection, {position})[position].astimezone(UTC))

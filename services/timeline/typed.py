"""What a person typed → moments and places, or one line that says what would do."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from events.times import rfc3339, utc
from projections.catalogue import Catalogue
from services.timeline import console
from services.timeline.asked import Asked

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


class Unusable(Exception):
    """An argument that will not do; one line for people."""


def moment(option: str, text: str | None, zone: str) -> datetime | None:
    """A moment as typed: RFC 3339 with an offset, or a bare date, which means the end of that day in the zone.

    The instant that a date stands for is told on standard error.

    Raises:
        Unusable: neither, or an unknown zone; the message names the option and shows what would do.
    """
    if text is None:
        return None
    try:
        if _DATE.match(text):
            taken = _end_of_day(date.fromisoformat(text), zone)
            console.note(f"{option} {text} is taken as {rfc3339(taken)}, the end of that day in {zone}")
            return taken
        return utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        said = "write a date, or a moment with its offset: 2024-12-02, 2024-12-02T18:00:00Z, 2024-12-02T18:00:00+03:00"
        raise Unusable(f"{option} {text!r}: {said}") from None


def begin(option: str, text: str | None, zone: str) -> datetime | None:
    """The same for the begin of a period: a bare date means the first moment of that day in the zone.

    Raises:
        Unusable: as `moment` does.
    """
    if text is None or not _DATE.match(text):
        return moment(option, text, zone)
    try:
        day_before = date.fromisoformat(text) - timedelta(days=1)
    except (ValueError, OverflowError):
        return moment(option, text, zone)
    taken = _end_of_day(day_before, zone) + timedelta(microseconds=1)
    console.note(f"{option} {text} is taken as {rfc3339(taken)}, the begin of that day in {zone}")
    return taken


def end(option: str, text: str | None, zone: str) -> datetime | None:
    """The same for the end of a half-open period: a bare date means the first moment of the day after it.

    Raises:
        Unusable: as `moment` does.
    """
    if text is None or not _DATE.match(text):
        return moment(option, text, zone)
    try:
        taken = _end_of_day(date.fromisoformat(text), zone) + timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return moment(option, text, zone)
    console.note(f"{option} {text} is taken as {rfc3339(taken)}, the end of that day in {zone}")
    return taken


def _end_of_day(day: date, zone: str) -> datetime:
    """The last microsecond of a local day: the next day's first moment belongs to the next day."""
    try:
        local = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Unusable(f"--zone {zone!r}: unknown time zone; write one like Asia/Damascus or UTC") from None
    midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=local)
    return midnight.astimezone(UTC) - timedelta(microseconds=1)


def location(catalogue: Catalogue, place: str, asked: Asked) -> str:
    """The id of a location that was typed as its id, or as a name or code that only one location bears.

    Raises:
        Unusable: no location bears it, or several do; the message names the candidates.
    """
    position = asked.known_position
    if catalogue.has_location(place, position):
        return place
    found = catalogue.search(place, asked.at, position)
    if len(found) == 1:
        return found[0].location_id
    if not found:
        raise Unusable(f"{place!r}: no location of this id, name or code is registered by position {position}")
    candidates = ", ".join(f"{one.location_id} ({one.name}, {one.kind})" for one in found)
    raise Unusable(f"{place!r}: several locations bear it, name one by its id: {candidates}")

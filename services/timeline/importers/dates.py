"""Dates as foreign files write them → moments and half-open periods in UTC (pure).

A bare day is the whole local day. What was published on a day was known by the end of it: taking its first moment would
let knowledge leak back.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from events.times import Period
from events.vocabulary import Precision

ISO: Final = "iso"


class NoDate(ValueError):
    """A text that is no date in any of the forms; `impossible` where it is one, outside what can be."""

    def __init__(self, said: str, *, impossible: bool = False) -> None:
        self.impossible = impossible
        super().__init__(said)


def period(text: str, formats: Sequence[str], zone: ZoneInfo, *, first: int = 1900, last: int = 2100) -> Period:
    """The period that a text names: an instant where it has a time of day, else a local day, month or year.

    Args:
        formats: As `datetime.strptime` takes them, tried in order; `iso` is ISO 8601.
        first, last: Years outside these cannot be.

    Raises:
        NoDate: none of the formats fits, or the year cannot be.
    """
    return _read(text.strip(), tuple(formats), zone, first, last)


@lru_cache(maxsize=16_384)
def _read(text: str, formats: tuple[str, ...], zone: ZoneInfo, first: int, last: int) -> Period:
    """Cached: a file of a million rows has a few thousand dates."""
    for form in formats:
        try:
            found, precision = _iso(text) if form == ISO else (datetime.strptime(text, form), _precision(form))  # noqa: DTZ007
        except ValueError:
            continue
        if not first <= found.year <= last:
            raise NoDate(f"{text!r} lies outside {first} to {last}", impossible=True)
        try:
            return _whole(found, precision, zone)
        except (OverflowError, ValueError):
            raise NoDate(f"{text!r} lies outside the years 1 to 9999 in UTC", impossible=True) from None
    raise NoDate(f"{text!r} is no date; expected {' or '.join(formats)}")


def days(start: Period, end: Period, precision: Precision, *, inclusive: bool = True) -> Period:
    """From the begin of one period to the end of another; where ends are exclusive, to its begin."""
    return Period(start=start.start, end=end.end if inclusive else end.start, precision=precision)


def published(said: Period) -> datetime:
    """When something dated so was known: the last second of a day, or the instant itself."""
    return said.start if said.start == said.end else said.end - timedelta(seconds=1)


def today(now: datetime) -> datetime:
    """The begin of the day of a moment, UTC."""
    return datetime.combine(now.astimezone(UTC).date(), time(), tzinfo=UTC)


def _iso(text: str) -> tuple[datetime, Precision]:
    if len(text) <= 10:
        return datetime.combine(date.fromisoformat(text), time()), "day"
    return datetime.fromisoformat(text), "exact"


def _precision(form: str) -> Precision:
    if any(part in form for part in ("%H", "%I", "%X", "%c", "%s")):
        return "exact"
    if any(part in form for part in ("%d", "%j", "%x", "%D")):
        return "day"
    return "month" if any(part in form for part in ("%m", "%b", "%B")) else "year"


def _whole(found: datetime, precision: Precision, zone: ZoneInfo) -> Period:
    if precision == "exact":
        instant = (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
        return Period(start=instant, end=instant, precision="exact")
    first = found.date()
    if precision == "day":
        after = first + timedelta(days=1)
    elif precision == "month":
        after = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
    else:
        after = first.replace(year=first.year + 1)
    return Period(start=_midnight(first, zone), end=_midnight(after, zone), precision=precision)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)

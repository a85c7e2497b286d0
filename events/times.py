"""Moments and periods: RFC 3339 with an offset in, UTC with microseconds inside, half-open everywhere."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec

from events.vocabulary import Precision

#: A moment with an offset; a naive time is refused. Held in UTC once it is inside an event.
Instant = Annotated[datetime, msgspec.Meta(tz=True, examples=["2024-12-02T09:00:00Z"])]


def utc(moment: datetime) -> datetime:
    """The same moment in UTC.

    Raises:
        ValueError: a naive time, or one that leaves the years 1 to 9999 when it is moved to UTC.
    """
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no offset: write it with Z or +03:00, for example")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{moment.isoformat()} lies outside the years 1 to 9999 in UTC") from None


def rfc3339(moment: datetime) -> str:
    """A moment as text in UTC: seconds always, the fraction only where there is one. Its own inverse's canonical form."""
    return utc(moment).isoformat().replace("+00:00", "Z")


class Period(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When something happened: half-open `[start, end)` in UTC, with the precision in which it was said.

    An instant has `start == end`. A "day" is the whole local day as UTC bounds given by the reporter.

    Raises:
        ValueError: naive times, or an end before the start.
    """

    start: Instant
    end: Instant
    precision: Precision = "exact"

    def __post_init__(self) -> None:
        start, end = self.start, self.end
        if start.tzinfo is not UTC or end.tzinfo is not UTC:
            start, end = utc(start), utc(end)
            msgspec.structs.force_setattr(self, "start", start)
            msgspec.structs.force_setattr(self, "end", end)
        if end < start:
            raise ValueError(
                f"end {rfc3339(end)} lies before start {rfc3339(start)}; a period is [start, end), were the two swapped?"
            )

    def overlaps(self, other: "Period") -> bool:
        """Whether the two share a moment; an instant overlaps a period that contains it, and an equal instant."""
        return overlap(self.start, self.end, other.start, other.end)


def overlap(start: datetime, end: datetime, other_start: datetime, other_end: datetime) -> bool:
    """Whether two half-open periods share a moment (an instant is the one moment that it names)."""
    if start == end:
        return start == other_start if other_start == other_end else other_start <= start < other_end
    if other_start == other_end:
        return start <= other_start < end
    return start < other_end and other_start < end

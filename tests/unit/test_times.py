"""Moments and periods: there and back, one moment whatever its offset, and what it means to overlap."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.times import Period, overlap, rfc3339, utc

DAWN = datetime(2024, 12, 2, tzinfo=UTC)

offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=offsets)  # noqa: DTZ001 (offsets are drawn)
#: Short periods on few days, so that they often touch; an instant is one of no length.
periods = st.tuples(st.integers(0, 6), st.integers(0, 3)).map(lambda two: (two[0], two[0] + two[1]))


@given(moments)
def test_a_moment_comes_back_from_its_text(moment: datetime) -> None:
    """In UTC, to the microsecond."""
    assert datetime.fromisoformat(rfc3339(moment)) == moment
    assert rfc3339(datetime.fromisoformat(rfc3339(moment))) == rfc3339(moment)


@given(moments, offsets)
def test_a_moment_is_written_one_way_whatever_its_offset(moment: datetime, offset: timezone) -> None:
    """Two clocks in two countries name the same moment."""
    assert rfc3339(moment) == rfc3339(moment.astimezone(offset))
    assert rfc3339(moment).endswith("Z")


def test_the_fraction_is_written_only_where_there_is_one() -> None:
    """Seconds always."""
    assert rfc3339(DAWN) == "2024-12-02T00:00:00Z"
    assert rfc3339(DAWN + timedelta(microseconds=1)) == "2024-12-02T00:00:00.000001Z"


def test_a_naive_moment_is_refused_in_words_that_tell_what_would_do() -> None:
    """And one that leaves the calendar on its way to UTC."""
    with pytest.raises(ValueError, match=r"no offset: write it with Z or \+03:00"):
        utc(datetime(2024, 12, 2))  # noqa: DTZ001 (that is the point)
    with pytest.raises(ValueError, match="years 1 to 9999"):
        utc(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=3))))


@given(periods, periods)
def test_overlap_is_what_two_sets_of_moments_share(one: tuple[int, int], two: tuple[int, int]) -> None:
    """Half-open; an instant is the one moment that it names. The same asked from either side."""
    assert _overlap(one, two) is bool(_moments(one) & _moments(two))
    assert _overlap(one, two) is _overlap(two, one)


def _overlap(one: tuple[int, int], two: tuple[int, int]) -> bool:
    start, end, other_start, other_end = (DAWN + timedelta(days=day) for day in (*one, *two))
    return overlap(start, end, other_start, other_end)


def _moments(period: tuple[int, int]) -> set[int]:
    """Whole days stand for all moments: half-open periods that begin and end on them share one of them or none."""
    start, end = period
    return {start} if start == end else set(range(start, end))


@given(st.tuples(moments, moments).map(sorted), offsets)
def test_a_period_is_the_same_wherever_it_was_written(two: list[datetime], offset: timezone) -> None:
    """Held in UTC; equal where its moments are."""
    period = Period(start=two[0], end=two[1])
    assert (period.start.tzinfo, period.end.tzinfo) == (UTC, UTC)
    assert period == Period(start=two[0].astimezone(offset), end=two[1].astimezone(offset))
    assert period.overlaps(period)


def test_a_period_does_not_end_before_it_starts() -> None:
    """But an instant is one, and the usual slip is guessed."""
    assert Period(start=DAWN, end=DAWN).overlaps(Period(start=DAWN, end=DAWN + timedelta(days=1)))
    with pytest.raises(ValueError, match="swapped"):
        Period(start=DAWN, end=DAWN - timedelta(microseconds=1))


@pytest.mark.parametrize("text", ["2024-12-02T00:00:00", "2024-12-02", "2024-02-30T00:00:00Z", "now", "", 0, None])
def test_no_period_is_read_from_what_is_no_moment(text: object) -> None:
    """Naive, bare, impossible."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"start": text, "end": "2025-12-02T00:00:00Z"}, Period)

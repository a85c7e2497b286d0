"""Dates as foreign files write them: whole local days, months and years, instants, and what cannot be."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.timeline.importers.dates import NoDate, days, period, published

DAMASCUS = ZoneInfo("Asia/Damascus")
ZONES = st.sampled_from(
    [ZoneInfo(name) for name in ("UTC", "Asia/Damascus", "Europe/Kyiv", "Pacific/Apia", "America/St_Johns")]
)


@given(day=st.dates(date(1900, 1, 2), date(2100, 1, 1)), zone=ZONES)
def test_a_day_is_the_whole_local_day_however_it_is_written(day: date, zone: ZoneInfo) -> None:
    """Neighbouring days meet without a gap or an overlap, also where clocks are put forward."""
    found = period(day.isoformat(), ["iso"], zone)
    assert found == period(f"{day.day} {day:%B} {day.year:04}", ["iso", "%d %B %Y"], zone)
    before = period((day - timedelta(days=1)).isoformat(), ["iso"], zone)
    assert before.end == found.start
    assert found.start <= published(found) < found.end or found.start == found.end  # Apia had no 30 December 2011


@pytest.mark.parametrize(
    ("text", "form", "start", "end", "precision"),
    [
        ("2024-12-02", "iso", "2024-12-01T22:00", "2024-12-02T22:00", "day"),
        ("12/2016", "%m/%Y", "2016-11-30T22:00", "2016-12-31T22:00", "month"),
        ("2016", "%Y", "2015-12-31T22:00", "2016-12-31T22:00", "year"),
        ("2016-01-02T03:04:05+01:00", "iso", "2016-01-02T02:04:05", "2016-01-02T02:04:05", "exact"),
        ("2 January 2016 03h04", "%d %B %Y %Hh%M", "2016-01-02T01:04", "2016-01-02T01:04", "exact"),
    ],
)
def test_how_precise_a_date_is_follows_from_its_form(
    text: str, form: str, start: str, end: str, precision: str
) -> None:
    """An offset of its own counts before the zone."""
    zone = ZoneInfo("Africa/Johannesburg")
    found = period(text, [form], zone)
    utc = [datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (start, end)]
    assert ([found.start, found.end], found.precision) == (utc, precision)


def test_an_end_belongs_to_the_period_or_not() -> None:
    """As the data set has it."""
    first, last = (period(text, ["iso"], DAMASCUS) for text in ("2016-01-01", "2016-01-03"))
    assert days(first, last, "week").end == last.end
    assert days(first, last, "week", inclusive=False).end == last.start


@pytest.mark.parametrize("text", ["1753-01-01", "2919-06-06"])
def test_a_year_that_cannot_be_is_told_from_a_text_that_is_no_date(text: str) -> None:
    """Both are refused; the flag differs."""
    with pytest.raises(NoDate) as refused:
        period(text, ["iso"], DAMASCUS)
    assert refused.value.impossible
    with pytest.raises(NoDate) as refused:
        period("next spring", ["iso"], DAMASCUS)
    assert not refused.value.impossible


@pytest.mark.parametrize("text", ["9999-12-31", "0001-01-01"])
def test_the_ends_of_time_are_refused_in_words(text: str) -> None:
    """A mapping may allow any year; the calendar does not."""
    with pytest.raises(NoDate, match="1 to 9999"):
        period(text, ["iso"], ZoneInfo("Asia/Tokyo"), first=1, last=9999)

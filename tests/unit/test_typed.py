"""What a person typed: moments, days in a zone, places by id, name or code."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.recorded import RecordedEvent
from events.shape import read_event
from events.times import rfc3339
from projections.catalogue import Catalogue
from projections.policies import Reading
from projections.views import View
from services.timeline import typed
from services.timeline.asked import Asked
from services.timeline.typed import Unusable
from tests.stories import when

ZONES = ("UTC", "Asia/Damascus", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu")


@pytest.mark.parametrize(
    ("text", "zone", "taken"),
    [
        ("2024-12-02", "UTC", "2024-12-02T23:59:59.999999Z"),
        ("2024-12-02", "Asia/Damascus", "2024-12-02T20:59:59.999999Z"),
        ("2024-03-31", "Europe/Berlin", "2024-03-31T21:59:59.999999Z"),  # a day of 23 hours
        ("2024-10-27", "Europe/Berlin", "2024-10-27T22:59:59.999999Z"),  # a day of 25 hours
        ("2024-02-29", "UTC", "2024-02-29T23:59:59.999999Z"),
    ],
)
def test_a_bare_date_is_the_end_of_that_day_in_the_zone_and_is_told(
    text: str, zone: str, taken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last moment that still belongs to it; on standard error."""
    found = typed.moment("--at", text, zone)

    assert found is not None
    assert rfc3339(found) == taken
    said = capsys.readouterr()
    assert said.out == ""
    assert all(word in said.err for word in ("--at", text, taken, zone))


@given(st.dates(datetime(1900, 1, 1, tzinfo=UTC).date(), datetime(2100, 1, 1, tzinfo=UTC).date()), st.sampled_from(ZONES))  # fmt: skip
def test_the_moment_of_a_day_is_the_last_one_of_that_day(day: Any, zone: str) -> None:
    """In the zone it is that date (Apia once slept through one); a microsecond later it is not."""
    found = typed._end_of_day(day, zone)
    local, after = (one.astimezone(ZoneInfo(zone)).date() for one in (found, found + timedelta(microseconds=1)))

    assert local <= day < after


@pytest.mark.parametrize(
    "text",
    ["2024-12-02T12:00:00Z", "2024-12-02T15:00:00+03:00", "2024-12-02T07:00-05:00", "2024-12-02 12:00:00+00:00"],
)
def test_a_moment_with_its_offset_is_taken_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the zone, and without a word."""
    assert typed.moment("--at", text, "Asia/Damascus") == when("12-02T12:00")
    assert capsys.readouterr() == ("", "")


NO_CONNECTION: Any = None  # what people type is looked up in the catalogue alone


def test_nothing_typed_is_no_moment() -> None:
    """Then it is now."""
    assert typed.moment("--at", None, "nonsense") is None


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2024-12-02T12:00:00", "2024-02-30", "2024-13-01", "02.12.2024", "9999-12-31", "0001-01-01T00:00:00+05:00"],
)  # fmt: skip
def test_what_is_no_moment_is_refused_by_its_option(text: str) -> None:
    """With what was typed, and what would do."""
    with pytest.raises(Unusable, match=r"^--known-at .*2024-12-02T18:00:00\+03:00") as refused:
        typed.moment("--known-at", text, "UTC")
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "/etc/passwd", "Asia"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    """Nor is a file read by it."""
    with pytest.raises(Unusable, match=r"--zone .*Asia/Damascus"):
        typed.moment("--at", "2024-12-02", zone)


def catalogue() -> Catalogue:
    """Two towns of one name, one with an Arabic name and a code, and one that bears the other's name as its id."""
    said: list[dict[str, Any]] = [
        {"location_id": "hama", "name": "Hama", "names": {"ar": "حماة"}, "codes": {"pcode": "SY0501"}},
        {"location_id": "salma-west", "name": "Salma"},
        {"location_id": "salma-east", "name": "salma"},
        {"location_id": "tell-abyad", "name": "Tell Abyad"},
        {"location_id": "other", "name": "tell-abyad"},
    ]
    found = Catalogue()
    lines = [json.dumps({"type": "LocationRegistered", "kind": "town", **one}).encode() for one in said]
    recorded = [
        RecordedEvent(
            position=position,
            recorded_at=when("12-01") + timedelta(minutes=position),
            recorded_by="test",
            event_id=UUID(int=position),
            version=1,
            event=read_event(line),
        )
        for position, line in enumerate(lines, start=1)
    ]
    found.learn(recorded, len(recorded))
    return found


def asked(position: int = 5) -> Asked:
    view = View(1, "current", Reading(clock="recorded"), position)
    moment = when("12-02")
    return Asked(NO_CONNECTION, view, "current", moment, position, moment, position, known_pinned=False, pinned=False)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("hama", "hama"), ("HAMA", "hama"), (" Hama ", "hama"), ("حماة", "hama"), ("sy0501", "hama"), ("tell-abyad", "tell-abyad")],
)  # fmt: skip
def test_a_place_is_meant_by_its_id_or_by_a_name_or_code_that_only_it_bears(text: str, meant: str) -> None:
    """An id comes first."""
    assert typed.location(catalogue(), text, asked()) == meant


def test_a_name_that_several_bear_is_refused_with_the_candidates() -> None:
    """By id, name and kind."""
    with pytest.raises(Unusable) as refused:
        typed.location(catalogue(), "Salma", asked())
    assert "salma-east (salma, town), salma-west (Salma, town)" in str(refused.value)


def test_only_what_was_registered_by_then_can_be_meant() -> None:
    """By position 2 there was one Salma, and no Tell Abyad."""
    assert typed.location(catalogue(), "Salma", asked(position=2)) == "salma-west"
    with pytest.raises(Unusable, match=r"'Tell Abyad'.*by position 2"):
        typed.location(catalogue(), "Tell Abyad", asked(position=2))

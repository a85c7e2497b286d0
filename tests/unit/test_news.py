"""The load that looks like news: what the measurements stand on is what they say it is."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import msgspec
import pytest

from bench import news
from events import codec
from events.checks import problems
from events.developments import DevelopmentEvent, DevelopmentReported
from events.records import Event
from events.vocabulary import KINDS

EVENTS, PLACES = 3_000, 60


def told(arrival: str = "as published", count: int = EVENTS, seed: int = 1) -> list[Event]:
    return [event for _, event in news.events(count, arrival, seed=seed, places=PLACES)]


def test_the_rows_are_what_the_log_would_store_of_the_events() -> None:
    """The templates write the canonical bytes of the codec, with the digest of the text."""
    for row in news.rows(EVENTS, places=PLACES):
        event = codec.decode(row.type, row.structure, row.text)
        assert codec.encode(event, salt=row.salt) == (row.type, row.structure, row.text, row.salt)
        if isinstance(event, DevelopmentEvent):
            assert event.development_id.bytes == row.stream_id


def test_every_event_would_be_taken_by_the_service() -> None:
    for event in told():
        assert problems(event) == []


@pytest.mark.parametrize("arrival", news.ARRIVALS)
def test_a_development_comes_before_what_concerns_it(arrival: str) -> None:
    """Also before what is merged into it, and the versions of each stream rise one by one."""
    held: Counter[Any] = Counter()
    for row in news.rows(EVENTS, arrival, places=PLACES):
        held[row.stream_id] += 1
        assert row.version == held[row.stream_id]
        event = codec.decode(row.type, row.structure)
        if isinstance(event, DevelopmentEvent) and row.version == 1:
            assert isinstance(event, DevelopmentReported)
        if hasattr(event, "into_id"):
            assert held[event.into_id.bytes] > 0


@pytest.mark.parametrize("count", [0, 1, 77, EVENTS])
def test_all_orders_hold_the_same_events_and_just_so_many(count: int) -> None:
    whole = [sorted(row.event_id for row in news.rows(count, arrival, places=PLACES)) for arrival in news.ARRIVALS]
    assert whole[0] == whole[1] == whole[2]
    assert len(set(whole[0])) == len(whole[0])
    assert sum(isinstance(event, DevelopmentEvent) for event in told(count=count)) == count


def test_the_same_seed_tells_the_same_and_another_one_something_else() -> None:
    assert list(news.rows(500, places=PLACES)) == list(news.rows(500, places=PLACES))
    assert set(news.rows(500, places=PLACES)).isdisjoint(news.rows(500, places=PLACES, seed=2))


def test_an_unknown_order_of_arrival_is_refused() -> None:
    with pytest.raises(ValueError, match="no order of arrival"):
        list(news.rows(10, "sorted", places=PLACES))


def test_it_looks_like_news() -> None:
    """Half are claims, some come weeks late, few are mended, some places are crowded and some days loud."""
    count = 40_000
    events = [event for _, event in islice(news.events(count, places=2_000), 2_000 + 310, None)]
    reported = [event for event in events if isinstance(event, DevelopmentReported)]
    claims = [event for event in reported if KINDS[event.kind].facet is not None]
    types = Counter(type(event).__name__ for event in events)
    assert 0.4 < len(claims) / len(reported) < 0.6
    mended = types["DevelopmentAmended"] + types["ReportRetracted"]
    assert 0.015 < mended / len(events) < 0.025
    assert min(types[name] for name in ("DevelopmentDenied", "DevelopmentAssessed")) > 0.02 * len(events)
    assert min(types[name] for name in ("DevelopmentMerged", "DevelopmentVoided")) > 0
    assert 0.03 < _late(reported) < 0.07
    places = Counter(event.location_id for event in claims)
    assert places.most_common(1)[0][1] > 0.8 * count / 50
    assert len(places) > 1_000
    days = Counter(event.occurred.start.date() for event in reported)
    assert max(days.values()) > 5 * sorted(days.values())[len(days) // 2]


def _late(reported: list[DevelopmentReported]) -> float:
    """The share of developments that arrive after something that was published a week later."""
    newest = datetime.min.replace(tzinfo=reported[0].report.published_at.tzinfo)
    late = 0
    for event in reported:
        newest = max(newest, event.report.published_at)
        late += newest - event.report.published_at > timedelta(days=6)
    return late / len(reported)


def test_reports_of_one_development_often_quote_one_agency() -> None:
    """Several outlets, one origin: that is what counting origins is for."""
    origins: dict[Any, list[str]] = {}
    for event in told():
        if hasattr(event, "report"):
            origins.setdefault(event.development_id, []).append(event.report.origin)  # type: ignore[attr-defined]
    several = [names for names in origins.values() if len(names) > 1]
    assert sum(len(set(names)) < len(names) for names in several) > len(several) // 5
    assert sum(len(set(names)) > 1 for names in several) > len(several) // 5


def test_a_salted_digest_commits_to_each_text() -> None:
    for row in news.rows(500, places=PLACES):
        assert codec.text_is_intact(row.structure, row.text, row.salt)
        assert msgspec.json.decode(row.structure)["text_sha256"] is not None

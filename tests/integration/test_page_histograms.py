"""What the bars behind the page's tracks count: as a plain count over the whole log would, while it grows."""

import random
from collections import Counter
from datetime import datetime

import pytest

from events.developments import DevelopmentEvent, DevelopmentMerged, DevelopmentReported, DevelopmentVoided
from projections import views
from projections.policies import POLICIES, Reading
from services.timeline.asked import Asked
from services.timeline.composition import Timeline
from services.timeline.page import histograms
from services.timeline.page.histograms import Histograms
from services.timeline.wire_page import Counts
from tests.integration.test_atlas import a_timeline
from tests.integration.test_page_columns import VIEWS, asking, growing


def counted(found: Counts) -> dict[int, int]:
    return dict(zip(found.numbers, found.counts, strict=True))


def hour(moment: datetime) -> int:
    return int(moment.timestamp() // 3600)


def known_hours(timeline: Timeline, asked: Asked, until: int) -> Counter[int]:
    """Every event about a development by the hour of its own time, or of its recording."""
    recorded = asked.view.reading.clock == "recorded"
    heard = [
        one
        for one in timeline.log.read(after=0, limit=10_000)
        if one.position <= until and isinstance(one.event, DevelopmentEvent)
        and (not hasattr(one.event, "report") or asked.view.reading.hears(one.event.report.chain))
    ]  # fmt: skip
    return Counter(hour(one.recorded_at if recorded else one.event.own_time) for one in heard)  # type: ignore[attr-defined]


@VIEWS
@pytest.mark.parametrize("seed", range(2))
def test_events_are_counted_by_when_they_were_known(postgres_18: str, seed: int, view: str) -> None:
    """What was counted is added to; an earlier position is counted for itself."""
    kept = Histograms()
    with a_timeline(postgres_18) as timeline:
        for _ in growing(timeline, seed, random.Random(seed)):
            with asking(timeline, view) as (asked, _places):
                assert counted(kept.of(asked).known) == known_hours(timeline, asked, asked.known_position)
        with asking(timeline, view, 45) as (asked, _places):
            assert counted(kept.of(asked).known) == known_hours(timeline, asked, 45)


def test_developments_are_counted_by_when_they_occurred(postgres_18: str) -> None:
    """Each once, however many speak of it; neither what was recorded by mistake nor what was merged into another."""
    with a_timeline(postgres_18) as timeline:
        for _ in growing(timeline, 3, random.Random(3)):
            pass
        told = [one.event for one in timeline.log.read(after=0, limit=10_000)]
        gone = {one.development_id for one in told if isinstance(one, DevelopmentMerged | DevelopmentVoided)}
        reported = {one.development_id for one in told if isinstance(one, DevelopmentReported)}
        with asking(timeline, "current") as (asked, _places):
            found = counted(Histograms().of(asked).occurred)
        assert sum(found.values()) == len(reported - gone) > 10


def test_of_a_view_that_leaves_sources_out_only_those_heard_are_counted(postgres_18: str) -> None:
    """By both kinds of choice, on both clocks."""
    with a_timeline(postgres_18) as timeline:
        for _ in growing(timeline, 2, random.Random(2)):
            pass
        sources = [one.source_id for one in timeline.reader.catalogue(10**6).sources(10**6)][:3]
        for number, clock in enumerate(("recorded", "reported")):
            choices = ({"exclude_sources": frozenset(sources)}, {"only_sources": frozenset(sources)})
            for which, choice in enumerate(choices):
                reading = Reading(policy=POLICIES["assessed"], clock=clock, **choice)  # type: ignore[arg-type]
                name = f"some-{number}-{which}"
                with timeline.log.pool.connection() as connection:
                    views.define(connection, name, reading)
                timeline.follower.follow()
                with asking(timeline, "current" if clock == "recorded" else "published") as (whole, _places):
                    every = known_hours(timeline, whole, whole.known_position)
                with timeline.reader.asking(name) as asked:
                    found = Counter(counted(Histograms().of(asked).known))
                    assert found == known_hours(timeline, asked, asked.known_position)
                    assert 0 < found.total() < every.total()


def test_many_hours_are_told_as_days(postgres_18: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that an answer stays small, whatever the record spans; nothing is lost by it."""
    monkeypatch.setattr(histograms, "MOST", 5)
    with a_timeline(postgres_18) as timeline:
        for _ in growing(timeline, 1, random.Random(1)):
            pass
        with asking(timeline, "published") as (asked, _places):
            found = Histograms().of(asked)
            hours = known_hours(timeline, asked, asked.known_position)
        assert found.unit_seconds > 3600
        assert len(found.known.numbers) <= 5
        assert sum(found.known.counts) == hours.total()

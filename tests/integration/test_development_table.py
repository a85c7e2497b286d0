"""The table of developments: whatever the batches and the order of arrival, one fold of the whole log."""

import random

import pytest

from events.developments import DevelopmentEvent, DevelopmentMerged
from projections import views
from projections.developments import Development, development
from projections.follower import Follower
from projections.knowing import Recorded
from projections.mergers import with_merged
from projections.policies import Reading
from projections.sources import Sources
from projections.stored_developments import Sought, sought
from services.timeline.composition import Timeline
from tests.told_histories import ARRIVALS, as_posted, told

#: Views that leave sources out: a development may be unknown to them until a merger brings a report that they keep.
CHOSEN = {
    "without": Reading(exclude_sources=frozenset({"saa-media", "paper"})),
    "only": Reading(clock="reported", only_sources=frozenset({"monitor", "agency"})),
}


def held(timeline: Timeline, view: str) -> list[Development]:
    """Every development that a view holds, in order."""
    with timeline.log.pool.connection() as connection:
        found = views.find(connection, view)
        return sought(connection, found, Sought(), above=0, below=2**62, newest_first=False, limit=100_000)


def folded(timeline: Timeline, reading: Reading) -> list[Development]:
    """Every development as one fold of the whole log in memory gives it, in order."""
    recorded = timeline.log.structures(0, limit=100_000)
    sources = Sources(reading.clock)
    for one in recorded:
        sources.learn(one.position, one.event)
    own: list[Recorded] = [one for one in recorded if isinstance(one.event, DevelopmentEvent)]  # type: ignore[misc]
    into = {one.event.development_id: one.event.into_id for one in own if isinstance(one.event, DevelopmentMerged)}
    members = with_merged({one.event.development_id for one in own}, into)
    rows = (
        development(key, [one for one in own if one.event.development_id in found], sources, reading)
        for key, found in members.items()
    )
    return sorted((row for row in rows if row), key=lambda row: row.position)


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_whatever_arrives_in_whatever_order_the_table_is_one_fold_of_the_log(
    timeline: Timeline, arrival: str, batch: int
) -> None:
    """Random histories posted some at a time and folded in batches, in views with and without a choice of sources."""
    with timeline.log.pool.connection() as connection:
        for name, reading in CHOSEN.items():
            views.define(connection, name, reading)
    posted = as_posted(told(random.Random(f"table {arrival} {batch}"), arrival, developments=40))
    follower = Follower(timeline.log, batch=batch)
    for start in range(0, len(posted), 25):
        timeline.writer.append(posted[start : start + 25], "test")
        follower.follow()

    for name, reading in (views.ALWAYS | CHOSEN).items():
        assert held(timeline, name) == folded(timeline, reading), name
    assert len(held(timeline, "current")) == 40
    assert len({row.standing for row in held(timeline, "current")}) > 5

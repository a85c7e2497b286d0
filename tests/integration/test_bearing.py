"""What bears on a place, found in the database: the same as in the whole log, and it folds to the answers of the service."""

import json
from datetime import datetime
from random import Random
from typing import Any

import msgspec
import pytest

from events.recorded import RecordedEvent
from projections import setting_aside, views
from projections.bearing import bearing, folded_again, status_again
from projections.claims import from_micros
from projections.follower import Follower
from projections.policies import POLICIES, Reading
from projections.stored_bearing import stored_bearing
from services.timeline import wire
from services.timeline.asked import Asked
from services.timeline.composition import Timeline
from tests.stories import Story, when
from tests.told_histories import ARRIVALS, MOMENTS_VALID, as_posted, registrations, told

#: Views with every kind of choice, beside the two that are always kept.
VIEWS = {
    "without-agency": Reading(clock="recorded", exclude_sources=frozenset({"agency"})),
    "two-voices": Reading(clock="reported", only_sources=frozenset({"monitor", "hts-media"})),
    "ticker": Reading(clock="reported", policy=POLICIES["ticker"]),
}
PLACES = ("hama", "homs", "crossing")


def moments(asked: Asked, whole: list[RecordedEvent[Any]], pick: Random) -> list[datetime]:
    """Some moments of the known axis of a view at which something changes."""
    if asked.view.reading.clock == "recorded":
        return [one.recorded_at for one in pick.sample(whole[-60:], 6)]
    versions = folded_again(whole, asked.view.reading)
    return [from_micros(one.known_from) for one in pick.sample(versions, 6)]


@pytest.mark.parametrize("arrival", ARRIVALS)
def test_what_is_found_folds_to_what_the_service_answers(timeline: Timeline, arrival: str) -> None:
    """Whole statuses of every place, at moments of both axes, under both clocks and any choice of sources."""
    with timeline.log.pool.connection() as connection, connection.transaction():
        for name, reading in VIEWS.items():
            views.define(connection, name, reading)
    pick = Random(arrival)
    timeline.writer.append(as_posted(told(pick, arrival, developments=25)), "test")
    Follower(timeline.log).follow()
    whole = timeline.log.read(0, limit=10_000)
    with_basis = without_all = 0
    for name in (*views.ALWAYS, *VIEWS):
        with timeline.reader.asking(name) as asked:
            known_moments = moments(asked, whole, pick)
        for known_at in known_moments:
            for position in (None, pick.randrange(len(whole) // 2, len(whole))):
                by = {"known_at": known_at, "known_position": position}
                if position is not None and (name == "current" or name == "without-agency"):
                    by["known_at"] = None
                for place in PLACES:
                    for at in pick.sample(MOMENTS_VALID, 3):
                        with timeline.reader.asking(name, at=at, **by) as asked:  # type: ignore[arg-type]
                            found = stored_bearing(asked.connection, asked.view, place, asked.known_position)
                            answered = timeline.reader.status(asked, place)
                        assert found == bearing(place, whole, asked.view.reading, asked.known_position)
                        alone = [whole[one - 1] for one in found.positions]
                        versions = folded_again(alone, asked.view.reading)
                        control, access = status_again(versions, place, at, asked.known)

                        assert wire.facet_status(control) == wire.facet_status(answered.control)
                        assert (access and wire.facet_status(access)) == (
                            answered.access and wire.facet_status(answered.access)
                        )
                        with_basis += control.basis is not None
                        without_all += len(found.positions) < asked.known_position
    assert with_basis > 100
    assert without_all > 100


def test_what_the_view_could_not_fold_is_named_and_rests_on_what_came_before(timeline: Timeline) -> None:
    """A development set aside from its third event on: the fold again stops before it, as the view did."""
    pick = Random(5)
    timeline.writer.append(as_posted(told(pick, "as it happened", developments=12)), "test")
    Follower(timeline.log).follow()
    with timeline.reader.asking("current") as asked:
        found = stored_bearing(asked.connection, asked.view, "hama", asked.known_position)
    whole = timeline.log.read(0, limit=10_000)
    of_it = [one for one in whole if getattr(one.event, "development_id", None) == found.developments[0]]
    assert len(of_it) > 1
    with timeline.log.pool.connection() as connection:
        setting_aside.put(connection, asked.view, of_it[1].position, {found.developments[0]: "broken"})

    with timeline.reader.asking("current") as asked:
        again = stored_bearing(asked.connection, asked.view, "hama", asked.known_position)
        before = stored_bearing(asked.connection, asked.view, "hama", of_it[1].position - 1)
    assert again.set_aside == {found.developments[0]: of_it[1].position}
    assert before.set_aside == {}
    versions = folded_again([whole[one - 1] for one in again.positions], asked.view.reading, again.set_aside)
    first_only = [one for one in versions if one.development_id == found.developments[0]]
    assert [one.known_from for one in first_only] == [of_it[0].position]


def test_a_claim_that_only_publication_orders_so_is_found_at_an_earlier_position_too(timeline: Timeline) -> None:
    """By our log it was moved to Homs before it was called a capture; by its own times it was one in Hama for a day."""
    story = Story().claim("clash", "hama", {"initiator": ["hts"]}, "12-02")
    story.amended("12-05", location_id="homs")
    story.amended("12-04", kind="captured", participants=[{"actor_id": "hts", "role": "holder"}])
    story.held("homs", by="saa", since="12-01")
    told_first = [one for one in registrations() if not one["type"].startswith("Source")]
    posted = [*told_first, *msgspec.to_builtins(story.events)]
    timeline.writer.append([json.dumps(one).encode() for one in posted], "test")
    Follower(timeline.log).follow()
    head = timeline.log.head().position

    for position in (None, head - 1):
        known_at = when("12-04T12:00")
        with timeline.reader.asking("published", at=when("12-03"), known_at=known_at, known_position=position) as asked:
            assert timeline.reader.status(asked, "hama").control.assertion == "held|hts|"

"""An account tells what the fold decided, from what was known then and nothing later."""

from random import Random

import pytest

from events.developments import DevelopmentAssessed, DevelopmentEvent, DevelopmentMerged
from projections.claims import FOREVER, micros
from projections.explain import account
from projections.knowing import Recorded
from projections.mergers import with_merged
from projections.sources import Sources
from tests.stories import Story, when
from tests.told_histories import ARRIVALS
from tests.unit.test_folds_against_reference import Case, read


@pytest.mark.parametrize("clock", ["recorded", "reported"])
@pytest.mark.parametrize("arrival", ARRIVALS)
def test_an_account_gives_the_standing_that_the_fold_gave(clock: str, arrival: str) -> None:
    """For every claim version of random histories, at both its ends."""
    for seed in range(25):
        case = Case(Random(f"e{seed}"), arrival, clock, "assessed")
        recorded = read(case.log)
        sources = Sources(case.reading.clock)
        for one in recorded:
            sources.learn(one.position, one.event)
        own: list[Recorded] = [one for one in recorded if isinstance(one.event, DevelopmentEvent)]
        into = {one.event.development_id: one.event.into_id for one in own if isinstance(one.event, DevelopmentMerged)}
        members = with_merged({one.event.development_id for one in own}, into)
        for version in case.versions:
            mine = [one for one in own if one.event.development_id in members[version.development_id]]
            last = version.known_until - 1 if version.known_until < FOREVER else version.known_from
            for known in (version.known_from, last):
                told = account(version.development_id, mine, sources, case.reading, known)
                assert told is not None
                assert told.found.standing == version.standing
                assert told.heard.location_id == version.location_id


def told_at(story: Story, known_at: str) -> list[Recorded]:
    """What the account of the last development rests on."""
    recorded = [one for one in story.recorded() if isinstance(one.event, DevelopmentEvent)]
    sources = Sources(story.reading.clock)
    found = account(story.last, recorded, sources, story.reading, micros(when(known_at)))
    assert found is not None
    return list(found.recorded)


def test_a_verdict_that_came_later_is_not_told_earlier() -> None:
    """Two verdicts of the same grade: on the 4th only the first was known, with its reasons."""
    story = Story().held("hama", by="saa", since="11-27")
    story.assessed(story.last, credibility=2, at="12-03").assessed(story.last, credibility=2, at="12-05")

    assert [one.event.assessed_at for one in told_at(story, "12-04") if isinstance(one.event, DevelopmentAssessed)] == [
        when("12-03")
    ]


def test_what_was_merged_into_a_development_brings_its_statements_and_not_its_verdicts() -> None:
    """From the merger on."""
    story = Story().held("hama", by="saa", since="11-27")
    other = story.last
    story.assessed(other, credibility=1, at="11-28").held("hama", by="saa", since="11-29")
    story.merged(other, into=story.last, at="12-01")

    assert [type(one.event).__name__ for one in told_at(story, "11-30")] == ["DevelopmentReported"]
    assert [type(one.event).__name__ for one in told_at(story, "12-02")] == ["DevelopmentReported"] * 2

"""What a list tells of a development, and its trail: against the slow reference, and against the account of each moment."""

from random import Random
from typing import Any

import msgspec
import pytest

from events import codec
from events.developments import DevelopmentEvent, DevelopmentMerged
from events.records import Event
from projections.developments import Development, content, development, fold_development
from projections.explain import account
from projections.knowing import Recorded
from projections.mergers import with_merged
from projections.sources import Sources
from projections.trail import Entry, trail
from projections.versions import claim_versions
from tests.plain_rules import time
from tests.stories import Story, when
from tests.told_histories import ARRIVALS
from tests.unit.test_folds_against_reference import Case, read


class Folded:
    """A random history, with each development's events and the gradings of sources."""

    def __init__(self, case: Case) -> None:
        self.case = case
        recorded = read(case.log)
        self.sources = Sources(case.reading.clock)
        self.gradings = [one for one in recorded if self.sources.learn(one.position, one.event)]
        self.own: list[Recorded] = [one for one in recorded if isinstance(one.event, DevelopmentEvent)]
        into = {
            one.event.development_id: one.event.into_id for one in self.own if isinstance(one.event, DevelopmentMerged)
        }
        self.members = with_merged({one.event.development_id for one in self.own}, into)

    def events(self, development_id: object) -> list[Recorded]:
        return [one for one in self.own if one.event.development_id in self.members[development_id]]  # type: ignore[index]


@pytest.mark.parametrize("clock", ["recorded", "reported"])
@pytest.mark.parametrize("arrival", ARRIVALS)
def test_hearing_once_gives_what_hearing_twice_does(clock: str, arrival: str) -> None:
    """Claim versions and row in one go, from structures as the log gives them to a fold, against each by itself."""
    for seed in range(25):
        history = Folded(Case(Random(seed), arrival, clock, "assessed"))
        reading, sources = history.case.reading, history.sources
        for one in {one.event.development_id for one in history.own}:
            whole = history.events(one)
            read_back = [msgspec.structs.replace(each, event=as_folds_read(each.event)) for each in whole]
            assert fold_development(one, read_back, sources, reading) == (
                claim_versions(one, whole, sources, reading),
                development(one, whole, sources, reading),
            )


def as_folds_read(event: Event) -> Any:
    """An event after it was stored, as a fold gets it."""
    form = codec.encode(event)
    return codec.decode_for_folds(form.name, form.structure)


@pytest.mark.parametrize("clock", ["recorded", "reported"])
@pytest.mark.parametrize("arrival", ARRIVALS)
def test_every_development_is_what_the_plain_rules_say(clock: str, arrival: str) -> None:
    """Of every kind, at every moment at which something changes; absent where it was not known then."""
    for seed in range(8):
        folded = Folded(case := Case(Random(f"d{seed}"), arrival, clock, "assessed"))
        for key in folded.members:
            recorded, start = folded.events(key), case.plain.starts(str(key))
            for known in case.moments():
                row = development(key, recorded, folded.sources, case.reading, case.known(known))
                if start is None or start > known:
                    assert row is None
                    continue
                assert row is not None
                assert_as_plainly(case, row, known)


def assert_as_plainly(case: Case, row: Development, known: object) -> None:
    """Its standing, its content as amended, and how many affirm and deny it."""
    key = str(row.development_id)
    said = case.plain.content(key, known)
    assert row.standing == case.plain.standing(key, known)
    assert (row.kind, row.location_id) == (said["kind"], said["location_id"])
    assert (row.occurred_start, row.occurred_end) == (time(said["occurred"]["start"]), time(said["occurred"]["end"]))
    if row.standing not in ("merged", "void"):
        statements = case.plain.statements(key, known)
        assert row.reports == sum(one["affirms"] for one in statements)
        assert row.denials == len(statements) - row.reports
        assert {source for one in statements for source in one["chain"]} <= set(row.sources)
    assert (row.merged_into is None) == (case.plain.merged_into(key, known) is None)


@pytest.mark.parametrize("clock", ["recorded", "reported"])
@pytest.mark.parametrize("arrival", ARRIVALS)
def test_each_step_of_a_trail_has_the_standing_that_an_account_gives_then(clock: str, arrival: str) -> None:
    """And the trail up to a moment is the beginning of the whole trail."""
    steps = 0
    for seed in range(15):
        folded = Folded(case := Case(Random(f"t{seed}"), arrival, clock, "assessed"))
        last = case.known(case.moments()[-1])
        for key in folded.members:
            recorded = folded.events(key)
            whole = trail(key, recorded, folded.gradings, folded.sources, case.reading, last)
            for one in whole:
                told = account(key, recorded, folded.sources, case.reading, one.known)
                assert told is not None
                assert told.found == one.found
                known_then = trail(key, recorded, folded.gradings, folded.sources, case.reading, one.known)
                assert known_then == [each for each in whole if each.known <= one.known]
                assert {each.position for each in told.recorded} <= {each.recorded.position for each in known_then}
            steps += len(whole)
            assert bool(whole) == (case.plain.starts(str(key)) is not None)
    assert steps > 300


def test_a_source_graded_anew_is_a_step_of_the_trail() -> None:
    """On the recorded clock, where it changes the standing from its position on."""
    story = Story(clock="recorded").captured("hama", by="hts", on="12-02", by_source="rumour")
    said = len(story.events)
    story.tell("SourceReliabilityAssessed", source_id="rumour", reliability="B", reason="x")
    story.tell("SourceReliabilityAssessed", source_id="agency", reliability="B", reason="x")

    steps = _trail(story)

    assert [(one.known, one.found.standing) for one in steps] == [(said, "unconfirmed"), (said + 1, "credible")]


def test_what_a_merger_brought_is_told_from_the_merger_on_and_a_void_takes_it_away() -> None:
    """A trail has the other's report when it began to count, the merger, and the void."""
    story = Story().captured("hama", by="hts", on="12-02", by_source="rumour")
    first = story.last
    story.captured("hama", by="hts", on="12-01", by_source="monitor")
    other = story.last
    story.merged(other, first, at="12-04").voided(other, at="12-05")
    story.last = first

    steps = _trail(story)

    assert [(type(one.recorded.event).__name__, one.found.standing) for one in steps] == [
        ("DevelopmentReported", "unconfirmed"),
        ("DevelopmentReported", "credible"),
        ("DevelopmentMerged", "credible"),
        ("DevelopmentVoided", "unconfirmed"),
    ]


def test_a_statement_that_the_view_leaves_out_is_told_as_not_heard() -> None:
    """It is in the log; the view does not listen to it."""
    story = (
        Story(exclude_sources=frozenset({"agency"}))
        .captured("hama", by="hts", on="12-02")
        .corroborated("agency", "12-03")
    )

    assert [one.heard for one in _trail(story)] == [True, False]


def test_the_content_of_a_development_is_amended_in_the_order_of_the_clock() -> None:
    """What was amended last by its own time holds, though it was recorded first; and not before its time."""
    story = Story().captured("hama", by="hts", on="12-02")
    story.amended("12-06", summary="Third.", tags=["x"]).amended("12-04", summary="Second.")
    recorded = [one for one in story.recorded() if isinstance(one.event, DevelopmentEvent)]

    def summary(known: str) -> str:
        said: str = content(story.last, recorded, story.reading, int(when(known).timestamp() * 1e6))["summary"]
        return said

    assert [summary(known) for known in ("12-03", "12-05", "12-07")] == ["Said.", "Second.", "Third."]


def _trail(story: Story) -> list[Entry]:
    recorded = story.recorded()
    sources = Sources(story.reading.clock)
    gradings = [one for one in recorded if sources.learn(one.position, one.event)]
    own = [one for one in recorded if isinstance(one.event, DevelopmentEvent)]
    return list(trail(story.last, own, gradings, sources, story.reading, 2**62))

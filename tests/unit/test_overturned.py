"""What was accepted and later was not, against a look at every standing; and a source's track record, against a plain count."""

from collections import Counter
from random import Random
from typing import Any
from uuid import UUID

import msgspec
import pytest

from events.developments import DevelopmentEvent, DevelopmentMerged
from events.vocabulary import KINDS
from projections.claims import ClaimVersion, micros
from projections.mergers import with_merged
from projections.overturned import overturned
from projections.policies import POLICIES, Reading
from projections.sources import Sources
from projections.track_record import Entry, counted, entry
from tests.plain_rules import ACCEPTED, AFFIRMING, PlainRules
from tests.stories import Story, folded, when
from tests.told_histories import ARRIVALS, CHOICES, SOURCES, moments_known, told
from tests.unit.test_folds_against_reference import read


def by_development(versions: list[ClaimVersion]) -> dict[UUID, list[ClaimVersion]]:
    found: dict[UUID, list[ClaimVersion]] = {}
    for one in versions:
        found.setdefault(one.development_id, []).append(one)
    return found


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize("clock", ["recorded", "reported"])
def test_each_turn_from_accepted_to_something_else_is_found_with_since_when(clock: Any, arrival: str) -> None:
    """Moment by moment, as the reference has it: accepted before, not accepted and not merged now."""
    seen = 0
    for seed in range(120):
        random = Random(f"{seed} {clock} {arrival}")
        log, policy = told(random, arrival), random.choice(list(POLICIES))
        plain = PlainRules(log, clock, policy)
        versions = folded(read(log), Reading(clock=clock, policy=POLICIES[policy]))
        for development, own in by_development(versions).items():
            expected, since = [], None
            for moment in moments_known(log, clock):
                start = plain.starts(str(development))
                if start is None or moment < start:
                    continue
                is_claim = KINDS[plain.content(str(development), moment)["kind"]].facet is not None
                standing = plain.standing(str(development), moment)
                known = moment if clock == "recorded" else micros(moment)
                if is_claim and standing in ACCEPTED[policy]:
                    since = known if since is None else since
                    continue
                if is_claim and since is not None and standing != "merged":
                    expected.append((since, known, standing))
                since = None
            found = [(one.since, one.by.known_from, one.by.standing) for one in overturned(own, 2**62)]
            assert found == expected
            seen += len(found)
    assert seen > 40


def test_a_merger_and_an_amendment_overturn_nothing_and_a_later_verdict_does() -> None:
    """It goes on under another id, or says something else and is accepted still; then the desk finds it doubtful."""
    story = Story().held("hama", by="saa", since="11-27")
    kept = story.last
    story.held("hama", by="saa", since="11-28")
    story.merged(story.last, kept, "12-01")
    story.last = kept
    story.amended("12-02", location_id="homs")
    story.assessed(kept, credibility=1, at="12-03").assessed(kept, credibility=4, at="12-05")
    story.assessed(kept, credibility=2, at="12-06")

    found = [each for own in by_development(story.versions()).values() for each in overturned(own, 2**62)]
    [one] = found
    assert (one.accepted.development_id, one.accepted.location_id) == (kept, "homs")
    assert (one.accepted.standing, one.by.standing, one.now and one.now.standing) == (
        "confirmed",
        "doubtful",
        "probable",
    )
    assert (one.since, one.by.known_from) == (micros(when("11-27")), micros(when("12-05")))


def entries(log: list[Any], reading: Reading, source: str, known: int) -> list[Entry]:
    """What a source said of each development of a log."""
    recorded = read(log)
    sources = Sources(reading.clock)
    for one in recorded:
        sources.learn(one.position, one.event)
    own: list[Any] = [one for one in recorded if isinstance(one.event, DevelopmentEvent)]
    into = {one.event.development_id: one.event.into_id for one in own if isinstance(one.event, DevelopmentMerged)}
    found = []
    for development, members in with_merged({one.event.development_id for one in own}, into).items():
        of_it = [one for one in own if one.event.development_id in members]
        told_ = entry(source, development, of_it, sources, reading, known)
        found += [told_] if told_ is not None else []
    return found


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize("clock", ["recorded", "reported"])
def test_a_track_record_counts_what_a_plain_count_counts(clock: Any, arrival: str) -> None:
    """How much a source affirmed that stands as what, and how much of what others said it denied."""
    seen = 0
    for seed in range(40):
        random = Random(f"{seed} {clock} {arrival}")
        log, choice = told(random, arrival), random.choice(CHOICES)
        plain = PlainRules(log, clock, **choice)
        reading = Reading(clock=clock, **{f"{name}_sources": chosen for name, chosen in choice.items()})
        moment = random.choice(moments_known(log, clock))
        known = moment if clock == "recorded" else micros(moment)
        for source in SOURCES:
            expected: Counter[str] = Counter()
            for development in plain.first:
                start = plain.starts(development)
                if start is None or moment < start or plain.merged_into(development, moment):
                    continue
                if plain.is_void(development, moment):
                    continue  # what a voided one was told by others is another matter: `known_about` its own alone
                said = [
                    event
                    for one in plain.bringers(development, moment)
                    for event in plain.known_about(one, moment)
                    if "report" in event and source in event["report"]["chain"]
                ]
                standing = plain.standing(development, moment)
                if any(event["type"] in AFFIRMING for event in said):
                    expected.update(["affirmed", standing])
                if any(event["type"] not in AFFIRMING for event in said):
                    expected["own_denials"] += 1
            found = [one for one in entries(log, reading, source, known) if one.standing != "void"]
            numbers = counted(found).total
            assert {name: numbers[name] for name in expected} == dict(expected), (source, moment)
            assert numbers["affirmed"] == expected["affirmed"]
            assert sum(counted(found).months.values(), Counter()) == numbers
            seen += expected["affirmed"]
    assert seen > 100


def test_what_a_source_said_is_counted_by_what_became_of_it() -> None:
    """Two refuted by the desk, one of which it took back; one denied by others; a denial of its own that was borne out."""
    story = Story(clock="reported")
    story.captured("hama", by="hts", on="11-29", by_source="rumour").assessed(story.last, credibility=5, at="12-01")
    story.captured("homs", by="hts", on="12-02", by_source=["gossip", "rumour"])
    story.assessed(story.last, credibility=5, at="12-03").retracted("rumour", "12-04")
    story.captured("idlib", by="hts", on="12-02", by_source="rumour").denied("monitor", "12-03")
    story.captured("aleppo", by="hts", on="12-02", by_source="gossip").denied("rumour", "12-03")
    story.assessed(story.last, credibility=5, at="12-05")
    log = [{**_json(event), "position": position} for position, event in enumerate(story.events, start=1)]
    found = entries(log, story.reading, "rumour", 2**62)
    record = counted(found)

    assert record.total == Counter(
        affirmed=3, as_origin=3, rejected=1, retracted=1, took_back=1, disputed=1, denied=1,
        own_denials=1, own_denials_borne_out=1,
    )  # fmt: skip
    assert record.months["2024-11"] == Counter(affirmed=1, as_origin=1, rejected=1)


def _json(event: Any) -> dict[str, Any]:
    said: dict[str, Any] = msgspec.to_builtins(event)
    return said

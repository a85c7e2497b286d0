"""What bears on the status of a place: a fold of those events alone answers as a fold of the whole log, and as the reference."""

from random import Random
from typing import Any
from uuid import UUID

import pytest

from projections.bearing import Bearing, bearing, folded_again, status_again
from projections.claims import micros
from projections.policies import POLICIES, Reading
from services.timeline import wire
from tests.plain_rules import PlainRules
from tests.stories import Story, folded, when
from tests.told_histories import ARRIVALS, CHOICES, MOMENTS_VALID, moments_known, told
from tests.unit.test_folds_against_reference import plainly, read


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize("clock", ["recorded", "reported"])
def test_what_bears_on_a_place_gives_its_status_without_the_rest_of_the_log(clock: Any, arrival: str) -> None:
    """At every third moment of both axes, at an earlier end of the log too, whatever sources are left out."""
    seen = {"positions": 0, "log": 0, "basis": 0, "merged": 0, "gap": 0}
    for seed in range(25):
        random = Random(f"{seed} {clock} {arrival}")
        log, choice = told(random, arrival, developments=9), random.choice(CHOICES)
        reading = Reading(
            policy=POLICIES[random.choice(list(POLICIES))],
            clock=clock,
            **{f"{name}_sources": chosen for name, chosen in choice.items()},
        )
        recorded = read(log)
        for until in (len(log), len(log) * 2 // 3):
            whole = folded(recorded[:until], reading)
            for place in ("hama", "homs", "crossing"):
                found = bearing(place, recorded, reading, until)
                chosen = [one for one in recorded if one.position in set(found.positions)]
                alone = folded_again(chosen, reading)
                plain = PlainRules(
                    [log[position - 1] for position in found.positions], clock, reading.policy.name, **choice
                )
                for moment in moments_known(log[:until], clock)[::3]:
                    known = moment if clock == "recorded" else micros(moment)
                    claims = plain.claims(place, "control", moment)
                    for at in MOMENTS_VALID[::3]:
                        control, access = status_again(alone, place, at, known)
                        expected, expected_access = status_again(whole, place, at, known)

                        assert wire.facet_status(control) == wire.facet_status(expected)
                        assert (access and wire.facet_status(access)) == (
                            expected_access and wire.facet_status(expected_access)
                        )
                        assert plainly(control) == plain.answer(claims, at)
                        seen["basis"] += control.basis is not None
                seen["positions"] += len(found.positions)
                seen["log"] += until
                seen["merged"] += bool(found.merged)
                seen["gap"] += len(found.positions) < found.positions[-1]
    assert seen["positions"] < 0.95 * seen["log"], seen
    assert min(seen.values()) > 10, seen


def names(story: Story, place: str, until: int = 10_000) -> tuple[Bearing, list[str]]:
    """What bears on a place by a position, and the types of those events that are about developments."""
    found = bearing(place, story.recorded(), story.reading, until)
    events = [type(story.events[position - 1]).__name__ for position in found.positions]
    return found, [one for one in events if one.startswith(("Development", "Report"))]


def test_a_development_that_was_moved_away_still_bears_on_the_place_that_it_left() -> None:
    """It was considered there, and why it is no more must be told."""
    story = Story().held("hama", by="saa", since="11-27").captured("hama", by="hts", on="12-02")
    story.amended("12-03", location_id="homs").captured("homs", by="hts", on="12-07")

    assert names(story, "hama")[1] == ["DevelopmentReported", "DevelopmentReported", "DevelopmentAmended"]
    assert names(story, "homs")[1] == ["DevelopmentReported", "DevelopmentAmended", "DevelopmentReported"]


def test_mergers_are_followed_both_ways_but_not_before_they_were_recorded() -> None:
    """What was merged into a claim here speaks here; what a claim here was merged into says why it speaks no more."""
    story = Story().captured("hama", by="hts", on="12-02")
    here = story.last
    story.captured("homs", by="hts", on="12-02")
    elsewhere = story.last
    story.captured("idlib", by="hts", on="12-02")
    unrelated = story.last
    story.merged(here, elsewhere, "12-03")

    assert names(story, "hama")[0].merged == (elsewhere,)
    assert names(story, "homs")[0].merged == (here,)
    assert unrelated not in (*names(story, "hama")[0].developments, *names(story, "hama")[0].merged)
    assert names(story, "hama", until=len(story.events) - 1)[0].merged == ()


def test_what_bears_on_no_status_is_left_out() -> None:
    """A clash says nothing of who holds the place, until it is amended to say so."""
    story = Story().claim("clash", "hama", {"initiator": ["hts"]}, "12-02")
    clash = story.last
    assert names(story, "hama")[0].developments == ()

    story.amended("12-03", kind="captured", participants=[{"actor_id": "hts", "role": "holder"}])
    assert names(story, "hama")[0].developments == (clash,)


def test_a_claim_that_only_the_order_of_publication_makes_bears_on_the_place_there_alone() -> None:
    """Moved away first by our log and called a capture afterwards; by their own times it was a capture here before."""
    told_ = []
    for clock in ("recorded", "reported"):
        story = Story(clock=clock).claim("clash", "hama", {"initiator": ["hts"]}, "12-02")
        story.amended("12-05", location_id="homs")
        story.amended("12-04", kind="captured", participants=[{"actor_id": "hts", "role": "holder"}])
        told_.append(names(story, "hama")[0].developments)

    assert told_ == [(), (UUID(str(story.last)),)]
    known = micros(when("12-04T12:00"))
    alone = folded_again(story.recorded(), story.reading)
    assert status_again(alone, "hama", when("12-03"), known)[0].assertion == "held|hts|"


def test_sources_actors_and_places_that_are_named_bear_with_all_that_was_stated_of_them() -> None:
    """Gradings, alignments and the actors they name, renamings, every parent that was ever stated; nothing of others."""
    story = Story()
    for actor in ("saa", "hts", "sna", "isis"):
        story.tell("ActorRegistered", actor_id=actor, name=actor, kind="other", aliases=[])
    for place, parent in (
        ("syria", None),
        ("north", "syria"),
        ("south", "syria"),
        ("hama", "north"),
        ("homs", "south"),
    ):
        story.tell("LocationRegistered", location_id=place, name=place, kind="area", parent_id=parent)
    story.held("hama", by="saa", since="11-27", by_source=["monitor", "saa-media"])
    story.tell("SourceReliabilityAssessed", source_id="monitor", reliability="A", reason="better")
    story.tell("SourceAlignmentStated", source_id="monitor", aligned_with=["sna"], reason="now so")
    story.tell("SourceReliabilityAssessed", source_id="rumour", reliability="E", reason="worse")
    story.tell("ActorRenamed", actor_id="saa", name="The army", **{"from": "2024-12-08T00:00:00Z"})
    story.tell(
        "LocationRevised",
        location_id="hama",
        changes={"parent_id": "south"},
        reason="moved",
        **{"from": "2024-12-08T00:00:00Z"},
    )

    found, _ = names(story, "hama")
    assert found.sources == ("monitor", "saa-media")
    assert found.actors == ("saa", "sna")
    assert found.locations == ("hama", "north", "south", "syria")
    gradings = [story.events[one - 1] for one in found.positions if "Assessed" in type(story.events[one - 1]).__name__]
    assert [one.stream for one in gradings] == [("source", "monitor")]

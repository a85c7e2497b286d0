"""Section 4 of DESIGN.md, rule by rule."""

import pytest

from tests.stories import Story


def test_a_usable_neutral_source_with_credible_information_makes_a_claim_credible() -> None:
    """A monitor graded B, without alignment, with information graded 2."""
    assert Story().held("hama", by="saa", since="11-27").standing() == "credible"


def test_information_that_cannot_be_judged_needs_an_a_or_b_chain() -> None:
    """A missing credibility is 6: enough from an A or B, not from a C."""
    assert Story().held("hama", by="saa", since="11-27", credibility=None).standing() == "credible"
    story = Story().source("blog", "C").held("hama", by="saa", since="11-27", by_source="blog", credibility=6)
    assert story.standing() == "unconfirmed"


def test_a_report_is_as_good_as_its_chain() -> None:
    """A usable outlet that quotes a rumour reports a rumour."""
    story = Story().captured("hama", by="hts", on="12-02", by_source=["agency", "rumour"])
    assert story.standing() == "unconfirmed"


@pytest.mark.parametrize("credibility", [4, 5])
def test_doubtful_information_does_not_count(credibility: int) -> None:
    """Even from the best source."""
    story = Story().captured("hama", by="hts", on="12-02", by_source="agency", credibility=credibility)
    assert story.standing() == "unconfirmed"


def test_three_outlets_that_quote_one_agency_are_one_origin() -> None:
    """Origins are counted, not outlets."""
    story = Story().source("north", "C").source("south", "C").source("c", "C")
    story.captured("hama", by="hts", on="12-02", by_source=["north", "c"], credibility=6)
    story.corroborated(["south", "c"], "12-02T10:00", 6)
    assert story.standing() == "unconfirmed"
    story.corroborated("south", "12-02T11:00", 6)
    assert story.standing() == "corroborated"


def test_two_sources_that_serve_themselves_do_not_corroborate() -> None:
    """Two media of one's own side are still one's own side."""
    story = Story().source("hts-radio", "C", "hts")
    story.captured("hama", by="hts", on="12-02", by_source="hts-media").corroborated("hts-radio", "12-02T10:00")
    assert story.standing() == "unconfirmed"


def test_telling_a_loss_of_ones_own_side_is_an_admission() -> None:
    """Its origin is aligned with the former holder."""
    story = Story().captured("hama", by="hts", on="12-05", from_="saa", by_source=["agency", "saa-media"])
    assert story.standing() == "admitted"


def test_an_ally_of_the_winner_in_the_chain_makes_an_admission_worthless() -> None:
    """What an enemy's medium says that the loser said is self-serving first."""
    story = Story().captured("hama", by="hts", on="12-05", from_="saa", by_source=["hts-media", "saa-media"])
    assert story.standing() == "unconfirmed"


def test_a_neutral_usable_denial_disputes_a_claim() -> None:
    """And it stays listed, whatever the reports were."""
    story = Story().captured("hama", by="hts", on="12-02").denied("agency", "12-02T18:00")
    assert story.standing("12-02T17:00") == "credible"
    assert story.standing() == "disputed"


def test_denying_ones_own_loss_has_no_effect() -> None:
    """A ministry that denies the fall of its town serves itself."""
    story = Story().captured("hama", by="hts", on="12-02", from_="saa").denied("saa-media", "12-02T18:00")
    assert story.standing() == "credible"


def test_the_winner_denying_his_gain_is_against_his_interest_and_takes_effect() -> None:
    """Even from a source graded D."""
    story = Story().captured("hama", by="hts", on="12-02", from_="saa").denied("hts-media", "12-02T18:00")
    assert story.standing() == "disputed"


def test_the_same_ministry_may_admit_in_the_evening_what_it_denied_at_noon() -> None:
    """Its latest statement is its stance; the denial of noon no longer speaks."""
    story = Story().captured("hama", by="hts", on="12-05", from_="saa", by_source="hts-media")
    story.denied("saa-media", "12-05T12:00").corroborated("saa-media", "12-05T18:00")
    assert story.standing("12-05T13:00") == "unconfirmed"
    assert story.standing("12-05T19:00") == "admitted"


def test_reports_after_a_denial_rescue_a_claim_only_if_they_carry_it_alone() -> None:
    """One new origin is not enough; two are."""
    story = Story().source("press", "B").captured("hama", by="hts", on="12-02").denied("agency", "12-02T18:00")
    story.corroborated("press", "12-02T19:00")
    assert story.standing() == "disputed"
    story.corroborated("monitor", "12-02T20:00")
    assert story.standing() == "corroborated"


def test_a_report_published_at_the_moment_of_the_denial_is_not_after_it() -> None:
    """Strictly after."""
    story = Story().source("press", "B").captured("hama", by="hts", on="12-02").denied("agency", "12-02T18:00")
    story.corroborated("press", "12-02T18:00").corroborated("monitor", "12-02T18:00")
    assert story.standing() == "disputed"


def test_an_origin_that_takes_its_report_back_by_denying_leaves_nothing() -> None:
    """Every stance is a denial."""
    story = Story().captured("hama", by="hts", on="12-02", by_source="gossip").denied("gossip", "12-03")
    assert story.standing() == "disputed"


def test_a_retraction_removes_what_a_source_published_or_originated_until_then() -> None:
    """Not what it says later."""
    story = Story().captured("hama", by="hts", on="12-02").retracted("monitor", "12-03")
    assert story.standing() == "retracted"
    assert story.corroborated("monitor", "12-04").standing() == "credible"


@pytest.mark.parametrize(
    ("credibility", "standing"),
    [(1, "confirmed"), (2, "probable"), (3, "possible"), (4, "doubtful"), (5, "rejected"), (6, "credible")],
)
def test_the_latest_assessment_decides(credibility: int, standing: str) -> None:
    """6 leaves it to the reports."""
    story = Story().captured("hama", by="hts", on="12-02")
    story.assessed(story.last, credibility=1, at="12-03").assessed(story.last, credibility=credibility, at="12-04")
    assert story.standing() == standing


def test_the_order_of_the_rules_is_void_merged_retracted_assessed() -> None:
    """A void development stays void, whatever was assessed."""
    story = Story().captured("hama", by="hts", on="12-02")
    first = story.last
    story.assessed(first, credibility=1, at="12-03").captured("hama", by="hts", on="12-02")
    story.merged(first, story.last, "12-04")
    assert story.standing("12-05", first) == "merged"
    story.voided(first, "12-06")
    assert story.standing("12-07", first) == "void"


def test_what_is_merged_into_a_development_counts_there_until_it_is_void() -> None:
    """Two half-good records of one capture make a whole one."""
    story = Story().source("c", "C").source("d", "C")
    story.captured("hama", by="hts", on="12-02", by_source="c", credibility=6)
    first = story.last
    story.captured("hama", by="hts", on="12-02", by_source="d", credibility=6)
    assert story.standing() == "unconfirmed"
    assert story.merged(first, story.last, "12-04").standing() == "corroborated"
    assert story.voided(first, "12-06").standing() == "unconfirmed"


def test_a_reassessed_source_changes_what_is_known_from_then_on_the_recorded_clock() -> None:
    """What was answered before stays what it was."""
    story = Story(clock="recorded").captured("hama", by="hts", on="12-02")
    before = len(story.events)
    story.tell("SourceReliabilityAssessed", source_id="monitor", reliability="E", reason="fabricated")
    assert story.standing(before) == "credible"
    assert story.standing(before + 1) == "unconfirmed"


def test_leaving_a_source_out_leaves_out_every_chain_that_names_it() -> None:
    """An outlet that quotes it goes too."""
    story = Story(exclude_sources=frozenset({"agency"}))
    story.captured("hama", by="hts", on="12-02", by_source=["monitor", "agency"]).corroborated("rumour", "12-03")
    assert story.standing() == "unconfirmed"


def test_the_ticker_accepts_what_is_not_ignored_and_strict_only_what_was_confirmed() -> None:
    """The same standing, another bearing."""
    for policy, bearing in (("ticker", "accepted"), ("strict", "pending")):
        story = Story(policy=policy).captured("hama", by="hts", on="12-02", by_source="gossip")
        assert story.versions()[0].bearing == bearing

"""Section 5 of DESIGN.md, point by point."""

import pytest

from projections.claims import asserted, assertion, resolved
from tests.stories import Story, when


def test_a_correction_does_not_leak_into_what_was_known_before_it() -> None:
    """On the evening of the 2nd the city was reported fallen; that it was false was known on the 3rd."""
    story = Story().held("hama", by="saa", since="11-27").captured("hama", by="hts", on="12-02", by_source="rumour")
    story.assessed(story.last, credibility=5, at="12-03")

    assert story.status("hama", at="12-02T12:00", known_at="12-02T20:00").pending[0].holders == ("hts",)
    assert story.status("hama", at="12-02T12:00", known_at="12-03T20:00").pending == ()


def test_the_last_accepted_claim_is_the_basis() -> None:
    """A capture takes effect when it was published, within its day."""
    story = Story().held("hama", by="saa", since="11-27")
    story.captured("hama", by="hts", on="12-05", published="12-05T13:00")

    assert story.status("hama", at="12-05T12:59").holders == ("saa",)
    assert story.status("hama", at="12-05T13:00").holders == ("hts",)


def test_a_change_published_later_had_happened_by_the_end_of_its_day() -> None:
    """Published on the 6th, it takes effect at the end of the 5th."""
    story = Story().captured("hama", by="hts", on="12-05", published="12-06T09:00")

    assert story.raw_status("hama", at="12-07").basis.takes_effect == when("12-06")  # type: ignore[union-attr]


def test_since_reaches_back_over_claims_that_say_the_same() -> None:
    """Three reports that the army holds it are one run."""
    story = Story().captured("hama", by="hts", on="11-20").held("hama", by="saa", since="11-27")
    story.held("hama", by="saa", since="11-29").held("hama", by="saa", since="12-01")

    assert story.status("hama", at="12-02").since == "2024-11-27T00:00:00Z"


def test_since_reaches_back_however_long_the_run_is() -> None:
    """Over more claims than are read at once, and over a withdrawal of somebody who was not there."""
    story = Story().captured("hama", by="hts", on="11-20").held("hama", by="saa", since="11-21")
    story.withdrawn("hama", by=["hts"], on="11-22")
    for day in range(23, 30):
        story.held("hama", by="saa", since=f"11-{day}")

    assert story.status("hama", at="12-02").since == "2024-11-21T00:00:00Z"


def test_pending_claims_that_say_the_same_as_the_basis_are_not_listed() -> None:
    """They change nothing, and begin no stretch."""
    story = Story().held("hama", by="saa", since="11-27").held("hama", by="saa", since="12-01", by_source="rumour")
    status = story.status("hama", at="12-02")

    assert status.pending == ()
    assert status.valid_from == "2024-11-27T00:00:00Z"


def test_pending_claims_are_grouped_by_what_they_assert_and_end_with_the_next_accepted_claim() -> None:
    """The group tells its first effect, its last claim and how many they are."""
    story = Story().held("hama", by="saa", since="11-27")
    story.captured("hama", by="hts", on="12-01", by_source="rumour")
    story.captured("hama", by="hts", on="12-02", by_source="gossip")
    group = story.status("hama", at="12-03").pending[0]

    assert (group.holders, group.count, group.since) == (("hts",), 2, "2024-12-01T00:00:00Z")
    assert group.latest == str(story.last)
    assert story.held("hama", by="saa", since="12-04").status("hama", at="12-04").pending == ()


def test_accepted_claims_of_an_overlapping_period_that_say_otherwise_are_conflicting() -> None:
    """Two accepted claims about one day."""
    story = Story().held("hama", by="saa", since="12-01")
    first = story.last
    story.held("hama", by="hts", since="12-01T12:00")

    assert story.status("hama", at="12-02").conflicting == (first,)
    assert story.held("hama", by="hts", since="12-02T12:00").status("hama", at="12-03").conflicting == ()


@pytest.mark.parametrize(
    ("before", "leaving", "left"),
    [
        (assertion("held", ("saa",)), ("saa",), assertion("vacated")),
        (assertion("shared", ("hts", "saa")), ("saa",), assertion("held", ("hts",))),
        (assertion("shared", ("hts", "saa", "sna")), ("saa",), assertion("shared", ("hts", "sna"))),
        (assertion("contested", ("saa",), ("hts",)), ("saa",), assertion("held", ("hts",))),
        (assertion("besieged", ("saa",), ("hts", "sna")), ("hts",), assertion("held", ("saa", "sna"))),
        (assertion("held", ("hts",)), ("saa",), assertion("held", ("hts",))),
        (assertion("contested", ("saa",), ("hts",)), ("sna",), assertion("contested", ("saa",), ("hts",))),
        (None, ("saa",), assertion("vacated")),
    ],
)
def test_a_withdrawal_takes_its_former_holders_out(before: str | None, leaving: tuple[str, ...], left: str) -> None:
    """Of holders and challengers of the last accepted claim before it."""
    assert resolved(assertion("withdrawn", leaving), before) == left


def test_a_withdrawal_after_a_withdrawal_leans_on_what_the_first_one_left() -> None:
    """Shared by two, left by one, then by the other."""
    story = Story().shared("hama", by=["hts", "saa"], since="12-01").withdrawn("hama", by=["saa"], on="12-02")
    story.withdrawn("hama", by=["hts"], on="12-03")

    assert story.status("hama", at="12-02T12:00").holders == ("hts",)
    assert story.status("hama", at="12-03T12:00").mode == "vacated"


def test_no_claim_vacated_contested_and_all_pending_are_four_different_answers() -> None:
    """The reader can tell them apart."""
    empty = Story().status("hama", at="12-02")
    pending = Story().held("hama", by="saa", since="11-27", by_source="rumour").status("hama", at="12-02")
    vacated = Story().withdrawn("hama", by=["saa"], on="12-01").status("hama", at="12-02")
    contested = Story().contested("hama", by="saa", against="hts", since="12-01").status("hama", at="12-02")

    assert (empty.mode, empty.basis, empty.pending) == ("unknown", None, ())
    assert (pending.mode, len(pending.pending)) == ("unknown", 1)
    assert (vacated.mode, vacated.holders) == ("vacated", ())
    assert (contested.mode, contested.holders, contested.challengers) == ("contested", ("saa",), ("hts",))


def test_an_amendment_moves_a_claim_to_another_place_from_when_it_was_known() -> None:
    """The old place had it until then."""
    story = Story().held("hama", by="saa", since="11-27").amended("12-01", location_id="homs")

    assert story.status("hama", at="12-02", known_at="11-30").holders == ("saa",)
    assert story.status("hama", at="12-02", known_at="12-02").mode == "unknown"
    assert story.status("homs", at="12-02", known_at="12-02").holders == ("saa",)


def test_access_is_a_facet_of_its_own() -> None:
    """A closed crossing says nothing about who holds it."""
    story = Story().claim("closed", "crossing", {"authority": ["iraq"]}, "12-01")

    assert story.status("crossing", at="12-02", facet="access").mode == "closed"
    assert story.status("crossing", at="12-02").mode == "unknown"


def test_an_assertion_is_the_same_whatever_the_order_of_its_actors() -> None:
    """Holders and challengers are sorted sets."""
    assert assertion("shared", ("saa", "hts", "saa")) == assertion("shared", ("hts", "saa"))
    assert asserted("shared|hts;saa|").holders == ("hts", "saa")

"""What is odd about an event but kept: told by its code and field, and about nothing else."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from events import checks, warnings
from events.developments import Participant
from events.records import Event
from events.times import Period
from events.warnings import CODES, Graded
from tests.stories import when
from tests.unit.test_checks import DAY, ID, REPORT, event, reported


def codes(found: Any) -> list[tuple[str, str]]:
    """Warnings as (code, field)."""
    told = [(one.code, one.field) for one in found]
    assert {code for code, _ in told} <= CODES.keys()
    return told


def test_a_report_before_its_development_began_is_warned_of() -> None:
    """At the start it is none; a later report is measured by the development that it is about."""
    denied = event("DevelopmentDenied", development_id=ID, report=REPORT)
    later = Period(start=when("12-03"), end=when("12-04"))
    early = ("published_before_it_began", "report.published_at")

    assert codes(warnings.of_statement(reported())) == []
    assert codes(warnings.of_statement(reported(report=REPORT | {"published_at": DAY["start"]}))) == []
    assert codes(warnings.of_statement(reported(report=REPORT | {"published_at": "2024-12-01T23:59:59Z"}))) == [early]
    assert codes(warnings.of_statement(denied)) == []
    assert codes(warnings.of_statement(denied, later)) == [early]
    [warned] = warnings.of_statement(denied, later)
    assert str(warned).startswith("report.published_at: published 2024-12-02T09:00:00Z, before")


@given(st.lists(st.none() | st.integers(0, 9), min_size=3, max_size=3))
def test_figures_out_of_order_are_kept_and_warned_of(bounds: list[int | None]) -> None:
    """low <= best <= high, among those that were said; when they are reported as when they are amended."""
    figure = dict(zip(("low", "best", "high"), bounds, strict=True)) | {"of": "killed"}
    said = [bound for bound in bounds if bound is not None]
    figures = [{"of": "injured", "low": 1, "high": 2}, figure]
    found = reported(figures=figures)
    amended = event(
        "DevelopmentAmended", development_id=ID, changes={"figures": figures}, amended_at=DAY["end"], reason="Counted."
    )
    odd = said != sorted(said)

    assert checks.problems(found) == []
    assert codes(warnings.of_statement(found)) == [("figures_out_of_order", "figures[1]")] * odd
    assert codes(warnings.of_statement(amended)) == [("figures_out_of_order", "changes.figures[1]")] * odd


def test_a_capture_that_does_not_say_from_whom_is_warned_of() -> None:
    """Other kinds need not say it."""
    holder, former = Participant(actor_id="a", role="holder"), Participant(actor_id="b", role="former_holder")

    assert codes(warnings.of_capture("captured", [holder])) == [("no_former_holder", "participants")]
    assert codes(warnings.of_capture("captured", [holder], "changes.")) == [
        ("no_former_holder", "changes.participants")
    ]
    assert codes(warnings.of_capture("captured", [holder, former])) == []
    assert codes(warnings.of_capture("handed_over", [holder])) == []


def test_sources_that_cannot_be_weighed_are_warned_of_each_by_its_place_in_the_chain() -> None:
    """F is unknown; an alignment that was never stated is another thing than one with nobody."""
    held = {"known": Graded("B", True), "ungraded": Graded("F", True), "unstated": Graded("A", False)}
    chain = ["known", "ungraded", "unstated", "new"]

    assert codes(warnings.of_chain(chain, lambda source: held.get(source, Graded()))) == [
        ("reliability_unknown", "report.chain[1]"),
        ("alignment_not_stated", "report.chain[2]"),
        ("reliability_unknown", "report.chain[3]"),
        ("alignment_not_stated", "report.chain[3]"),
    ]


def test_what_was_said_of_a_source_is_the_last_word_on_each() -> None:
    """An empty list at registration states nothing, since it is what is stored where nothing was said; later it does."""
    registered = {"source_id": "s", "name": "S", "kind": "other"}
    aligned = event("SourceAlignmentStated", source_id="s", aligned_with=[], reason="Asked them.")
    graded = event("SourceReliabilityAssessed", source_id="s", reliability="C", reason="Looked.")

    assert after(event("SourceRegistered", **registered)) == Graded("F", False)
    assert after(event("SourceRegistered", **registered, aligned_with=[])) == Graded("F", False)
    assert after(event("SourceRegistered", **registered, reliability="B", aligned_with=["x"])) == Graded("B", True)
    assert after(event("SourceRegistered", **registered), aligned) == Graded("F", True)
    assert after(event("SourceRegistered", **registered, aligned_with=["x"]), graded, aligned) == Graded("C", True)


def after(*events: Event) -> Graded:
    """A source after these events."""
    found = Graded()
    for one in events:
        found = found.after(one)
    return found

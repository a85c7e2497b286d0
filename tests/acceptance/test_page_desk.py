"""The desk in Debian's chromium: what is recorded there, what it would change, what looks the same, and who comes too late."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.at_the_desk import HAMA, AtTheDesk, event_at
from tests.browser import Served, Watched, watched


@pytest.fixture
def demo(own_demo: Served) -> Served:
    """The demo's story, to write to."""
    return own_demo


@pytest.fixture
def watch(browser: Browser, demo: Served, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """A page; what is refused on purpose is complained of by the browser, so each test says whether it must be quiet."""
    with watched(browser, demo[0], drawn=request.node.get_closest_marker("without_map") is None) as page:
        yield page


def test_a_report_does_what_was_foreseen_and_the_map_shows_it(watch: Watched, demo: Served) -> None:
    """The sentence of the preview is that of the page afterwards; then another source corroborates it."""
    at = AtTheDesk(watch)
    before = watch.sentence()
    at.capture("The town has changed hands.")
    position = demo[1].log.head().position
    at.foresee()
    foreseen = at.desk.locator(".turned dd").nth(1).inner_text()
    assert at.desk.locator(".turned dd").first.inner_text() in before
    assert foreseen not in before
    expect(at.desk.locator(".warnings")).to_contain_text("a capture without a former_holder")
    assert watch.violations() == []
    watch.shot("desk-foreseen")
    at.page.emulate_media(color_scheme="dark")
    assert watch.violations() == []
    watch.shot("desk-dark")
    at.page.emulate_media(color_scheme="light")
    assert demo[1].log.head().position == position

    assert at.recorded() == position + 1
    expect(at.page.locator("#sentence")).to_contain_text(foreseen, timeout=15_000)
    expect(at.desk.locator("textarea[name=summary]")).to_have_value("")
    assert event_at(demo, position + 1)["report"]["chain"] == ["sohr"]

    at.choose("Corroborate")
    at.about("changed hands")
    at.carried_by("isw")
    assert at.recorded() == position + 2
    watch.is_quiet()


@pytest.mark.without_map
def test_what_looks_the_same_is_offered_before_a_second_record_is_made(watch: Watched, demo: Served) -> None:
    """What is seen here at once, and what the service names when it is asked; one press makes it a corroboration."""
    at = AtTheDesk(watch, HAMA)
    at.capture("The city has fallen, they say.", "SANA")
    offered = at.desk.locator(".alikes li").filter(has_text="Regional media report")
    expect(offered).to_be_visible()
    at.foresee()
    expect(at.verdict).to_contain_text("that looks the same")
    watch.shot("desk-alikes")
    offered.get_by_role("button", name="Corroborate this instead").click()

    assert at.desk.locator("input[type=radio]:checked").get_attribute("value") == "corroborations"
    assert at.chain() == ["sana"]  # what was typed of the report goes along
    expect(at.desk.locator(".about .card")).to_contain_text("Regional media report")
    assert event_at(demo, at.recorded())["type"] == "DevelopmentCorroborated"
    watch.is_quiet()


def test_a_second_record_is_merged_into_the_first_and_a_void_one_goes_from_the_map(
    watch: Watched, demo: Served
) -> None:
    """Recorded and merged in one go; a void is asked about once more."""
    at = AtTheDesk(watch)
    at.capture("The town has changed hands.")
    first = event_at(demo, at.recorded())
    expect(at.page.locator("#sentence")).to_contain_text("Hay'at Tahrir al-Sham", timeout=15_000)

    at.capture("HTS took the town.", "Institute for the Study")
    offered = at.desk.locator(".alikes li").filter(has_text="changed hands")
    offered.get_by_role("button", name="Record, then merge into it").click()
    expect(at.verdict).to_contain_text("Recorded at position")
    assert at.desk.locator("select[name=into_id]").input_value() == first["development_id"]
    expect(at.desk.locator("select[name=into_id] optgroup").first).to_have_attribute("label", "Look the same")
    watch.shot("desk-merge")
    at.fill(reason="The same capture.")
    assert "It would count as merged." in at.foresee()
    merged = event_at(demo, at.recorded())
    assert (merged["type"], merged["into_id"]) == ("DevelopmentMerged", first["development_id"])

    at.choose("Void")
    expect(at.desk.locator("select[name=development] option").filter(has_text="HTS took")).to_have_count(0)
    at.about("changed hands")
    at.fill(reason="Typed by mistake.")
    at.record()
    expect(at.page.get_by_role("button", name="Yes, void it")).to_be_focused()
    watch.shot("desk-void")
    assert watch.violations() == []
    at.page.get_by_role("button", name="No, leave it").click()
    head = demo[1].log.head().position
    at.record()
    at.page.get_by_role("button", name="Yes, void it").click()
    expect(at.verdict).to_contain_text(f"Recorded at position {head + 1}")
    expect(at.page.locator("#sentence")).to_contain_text("nobody has claimed", timeout=15_000)
    watch.is_quiet()


@pytest.mark.without_map
def test_an_amendment_sends_what_was_changed_alone(watch: Watched, demo: Served) -> None:
    """Whatever else the development says stays as it was, to the microsecond."""
    at = AtTheDesk(watch)
    at.capture("The town has changed hands.")
    at.recorded()
    at.choose("Amend")
    at.about("changed hands")
    expect(at.desk.locator(".amended [name=actor_id]").first).to_have_value("hts")
    at.record()
    expect(at.said_of("changes")).to_contain_text("names nothing to change")
    at.desk.locator(".amended textarea[name=summary]").fill("The town was taken, and its market.")
    at.desk.locator(".amended summary").click()
    at.desk.locator(".amended [name=tags]").fill("market, ground truth")
    at.desk.locator(".amended .figures").get_by_role("button", name="Add").click()
    figure = at.desk.locator(".of-figure").last
    figure.locator("[name=of]").fill("killed")
    figure.locator("[name=relation]").select_option("at_least")
    figure.locator("[name=low]").fill("1,200")
    at.fill(reason="A fuller report.")
    watch.shot("desk-amend")
    assert watch.violations() == []
    said = event_at(demo, at.recorded())
    assert sorted(said["changes"]) == ["figures", "summary", "tags"]
    assert said["changes"]["tags"] == ["market", "ground truth"]
    [figures] = said["changes"]["figures"]
    assert (figures["of"], figures["low"], figures["best"], figures["relation"]) == ("killed", 1200, None, "at_least")


@pytest.mark.without_map
def test_verdicts_denials_and_retractions_are_recorded(watch: Watched, demo: Served) -> None:
    """Each as its own event about the chosen development."""
    at = AtTheDesk(watch, HAMA)
    at.choose("Deny")
    about = at.about("Regional media report")
    at.carried_by("Syrian Observatory")
    at.fill(reason="Its people on the ground say otherwise.")
    at.desk.locator(".folded summary").click()
    at.desk.locator(".evidence").get_by_role("button", name="Add").click()
    at.desk.locator(".of-evidence [name=url]").fill("https://example.org/footage")
    denied = event_at(demo, at.recorded())
    assert (denied["type"], denied["development_id"]) == ("DevelopmentDenied", about)
    assert denied["report"]["evidence"][0]["url"] == "https://example.org/footage"

    at.choose("Assess")
    at.fill(analyst="first desk", method="geolocation", reasoning="The footage is of another town.", credibility="5")
    assert "It would count as rejected." in at.foresee()
    assert event_at(demo, at.recorded())["credibility"] == 5

    at.choose("Retract")
    assert at.desk.locator("select[name=source_id]").input_value() == "regional-media"
    at.fill(reason="An error, it says.")
    assert event_at(demo, at.recorded())["type"] == "ReportRetracted"
    watch.is_quiet()


@pytest.mark.without_map
def test_who_comes_later_is_told_what_was_recorded_and_nothing_is_lost(watch: Watched, demo: Served) -> None:
    """Two people at one development: the second reads first, then records."""
    at = AtTheDesk(watch, HAMA)
    at.choose("Assess")
    development = at.about("Regional media report")
    said = {
        "credibility": 3,
        "assessed_at": "2024-12-10T09:00:00Z",
        "method": "a call",
        "analyst": "second desk",
        "reasoning": "Somebody else was first.",
    }
    assert demo[0].post(f"/v1/developments/{development}/assessments", json=said).status_code == 201
    at.fill(reasoning="Footage shows the square.", analyst="first desk", method="geolocation")
    at.record()

    expect(at.verdict).to_contain_text("Somebody else recorded something about it meanwhile")
    expect(at.verdict.locator(".steps-since li")).to_have_count(1)
    expect(at.verdict).to_contain_text("Somebody else was first.")
    expect(at.verdict.get_by_role("alert")).to_be_focused()
    watch.shot("desk-overtaken")
    assert watch.violations() == []
    expect(at.desk.locator("textarea[name=reasoning]")).to_have_value("Footage shows the square.")
    assert event_at(demo, at.recorded())["reasoning"] == "Footage shows the square."

    at.choose("Amend")
    at.desk.locator(".amended textarea[name=summary]").fill("The town of Hama, they say.")
    amended = {"changes": {"tags": ["theirs"]}, "amended_at": "2024-12-10T09:00:00Z", "reason": "Tagged."}
    assert demo[0].post(f"/v1/developments/{development}/amendments", json=amended).status_code == 201
    at.fill(reason="Which town.")
    at.record()
    expect(at.verdict).to_contain_text("Somebody else recorded something")
    expect(at.desk.locator(".amended [name=tags]")).to_have_value("theirs")
    assert event_at(demo, at.recorded())["changes"] == {"summary": "The town of Hama, they say."}


@pytest.mark.without_map
def test_a_preview_says_from_when_the_map_shows_it(watch: Watched, demo: Served) -> None:
    """What is published later than is known on the map; and on the clock of the record, from now on."""
    at = AtTheDesk(watch, "/?place=sy-salma&at=2024-12-02T12:00:00Z&follow=then&view=published&as=desk")
    at.capture("The town has changed hands.")
    assert "It becomes known" not in at.foresee()
    at.fill(published_at="2024-12-03 09:00")
    expect(at.desk.locator(".stale")).to_be_visible()
    said = at.foresee()
    assert "as known by 3 Dec 2024, 12:00 Damascus (09:00 UTC)" in said
    assert "It becomes known 3 Dec 2024, 12:00 Damascus (09:00 UTC) only" in said
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    watch.open(f"/?place=sy-salma&at=2024-12-02T12:00:00Z&known={now}&follow=free&view=current&as=desk")
    at.capture("The town has changed hands.")
    said = at.foresee()
    assert "as known from now on" in said
    assert "It becomes known from now on only" in said
    watch.is_quiet()

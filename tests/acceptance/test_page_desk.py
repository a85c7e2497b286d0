"""The desk in Debian's chromium: what is recorded there, what is refused and in which words, and who comes too late."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import Served, Watched, watched

DESK = "/?place=sy-salma&at=2024-12-09T12:00:00Z&follow=today&view=published&as=desk"


@pytest.fixture
def demo(own_demo: Served) -> Served:
    """The demo's story, to write to."""
    return own_demo


@pytest.fixture
def watch(browser: Browser, demo: Served) -> Iterator[Watched]:
    """A page; what is refused on purpose is complained of by the browser, so each test says whether it must be quiet."""
    with watched(browser, demo[0]) as page:
        yield page


def test_a_report_is_recorded_and_the_map_changes(watch: Watched) -> None:
    """Then corroborated by another source; the sentence follows."""
    page = watch.open(DESK)
    before = watch.sentence()
    page.locator("select[name=kind]").select_option("captured")
    page.locator(".pair select").nth(1).select_option("hts")
    page.locator("textarea[name=summary]").fill("The town has changed hands.")
    page.locator("input[name=chain]").fill("sohr")
    page.locator("select[name=credibility]").select_option("2")
    assert watch.violations() == []
    watch.shot("desk")
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.locator(".desk .verdict")).to_contain_text("Recorded at position 298")
    expect(page.locator("#sentence")).not_to_have_text(before, timeout=15_000)

    page.locator("select[name=command]").select_option("corroborations")
    told = page.locator("select[name=development] option").filter(has_text="changed hands").get_attribute("value")
    page.locator("select[name=development]").select_option(told)
    page.locator("input[name=chain]").fill("isw-ctp")
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.locator(".desk .verdict")).to_contain_text("Recorded at position 299")
    watch.is_quiet()


def test_what_is_refused_is_told_beside_its_field(watch: Watched) -> None:
    """In the service's own words."""
    page = watch.open(DESK)
    page.locator("select[name=kind]").select_option("captured")
    page.locator("input[name=chain]").fill("nobody-known")
    page.locator("input[name=start]").fill("soon")
    page.get_by_role("button", name="Record", exact=True).click()

    expect(page.locator(".desk .verdict")).to_contain_text(re.compile("refused|cannot be understood"))
    expect(page.locator("#said-start")).not_to_be_empty()
    watch.shot("desk-refused")


def test_what_looks_the_same_is_offered_before_a_second_record_is_made(watch: Watched) -> None:
    """It becomes a corroboration with one press."""
    page = watch.open("/?place=sy-hama&at=2024-12-02T12:00:00Z&follow=today&view=published&as=desk")
    page.locator("select[name=kind]").select_option("captured")
    offered = page.locator(".offered p").filter(has_text="Regional media report")
    expect(offered).to_be_visible()
    offered.get_by_role("button").click()
    assert page.locator("select[name=command]").input_value() == "corroborations"
    watch.is_quiet()


def test_who_comes_later_is_told_and_nothing_is_lost(watch: Watched, demo: Served) -> None:
    """Two people at one development: the second reads first, then records."""
    page = watch.open("/?place=sy-hama&at=2024-12-02T12:00:00Z&follow=today&view=published&as=desk")
    page.locator("select[name=command]").select_option("assessments")
    page.locator("select[name=development]").select_option(index=2)
    watch.settled()  # it was looked at
    development = page.locator("select[name=development]").input_value()
    said = {
        "credibility": 3,
        "assessed_at": "2024-12-10T09:00:00Z",
        "method": "a call",
        "analyst": "second desk",
        "reasoning": "Somebody else was first.",
    }
    assert demo[0].post(f"/v1/developments/{development}/assessments", json=said).status_code == 201
    page.locator("textarea[name=reasoning]").fill("Footage shows the square.")
    page.locator("input[name=analyst]").fill("first desk")
    page.locator("input[name=method]").fill("geolocation")
    page.get_by_role("button", name="Record", exact=True).click()

    expect(page.locator(".desk .verdict")).to_contain_text("Somebody else recorded something about it meanwhile")
    assert page.locator("textarea[name=reasoning]").input_value() == "Footage shows the square."
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.locator(".desk .verdict")).to_contain_text("Recorded at position 299")

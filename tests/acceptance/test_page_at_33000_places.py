"""The page in Debian's chromium with 33,000 places: it opens, is searched, and is dragged without asking the service."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from bench import news
from services.timeline.composition import opened
from services.timeline.settings import Settings
from tests.acceptance.test_rest import served
from tests.browser import Watched, watched
from tests.conftest import fresh_database


@pytest.fixture(scope="module")
def watch(postgres_18: str, browser: Browser) -> Iterator[Watched]:
    """33,000 places and 3,000 events about them, looked at as published."""
    with (
        fresh_database(postgres_18) as database,
        tempfile.TemporaryDirectory() as home,
        opened(Settings(database_url=database, home=Path(home))) as timeline,
    ):
        news.load(timeline.log, 3_000)
        timeline.follower.follow()
        with served(timeline) as client, watched(browser, client) as page:
            page.open("/?view=published&follow=today&at=2023-06-01T00:00:00Z")
            yield page
            page.is_quiet()


def test_all_places_are_there(watch: Watched) -> None:
    """In the sentence, on the map, in the table."""
    assert "of 33,000 places have a known holder" in watch.sentence()
    watch.shot("33000")
    watch.page.get_by_role("button", name="Table").click()
    expect(watch.page.locator(".table .filter")).to_contain_text("33,000 of 33,000 places")
    watch.page.get_by_role("button", name="Table").click()


def test_a_drag_over_all_of_them_asks_nothing(watch: Watched) -> None:
    """Each step is answered from what is held; the sentence changes."""
    page = watch.page
    page.wait_for_load_state("networkidle")
    before = watch.sentence()
    lane = page.locator(".lane:has(.handle.at)").bounding_box()
    assert lane is not None
    page.mouse.move(lane["x"] + 40, lane["y"] + 17)
    page.mouse.down()
    asked = len(watch.asked)
    page.mouse.move(lane["x"] + 900, lane["y"] + 17, steps=12)
    assert len(watch.asked) == asked
    page.mouse.up()
    assert watch.sentence() != before


def test_a_place_among_all_of_them_is_found(watch: Watched) -> None:
    """By its id, with the keyboard."""
    page = watch.page
    name = page.evaluate(
        "import(document.querySelector('script[type=module]').src.replace('main.js', 'world.js')).then(({ world }) => world.places.names[20000])"
    )
    page.get_by_role("combobox").fill(name)
    expect(page.locator(".hits li b").first).to_have_text(name)
    page.keyboard.press("Enter")
    expect(page.locator(".panel h2")).to_contain_text(name)

"""The page in Debian's chromium with 33,000 places: it opens, is searched, and is dragged without asking the service."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from bench import news, page_tasks
from services.timeline.composition import Following, opened
from services.timeline.page.columns import Rows, encoded, in_order
from services.timeline.settings import Settings
from tests.acceptance.test_rest import served
from tests.browser import Watched, watched
from tests.conftest import fresh_database

WORLD = "import(document.querySelector('script[type=module]').src.replace('main.js', 'world.js'))"

RESOURCES = "performance.getEntriesByType('resource')"


@pytest.fixture(scope="module")
def watch(postgres_18: str, browser: Browser) -> Iterator[Watched]:
    """33,000 places and 3,000 events about them, looked at as published."""
    with (
        fresh_database(postgres_18) as database,
        tempfile.TemporaryDirectory() as home,
        opened(Settings(database_url=database, home=Path(home))) as timeline,
        ExitStack() as held,
    ):
        news.load(timeline.log, 3_000)
        timeline.follower.follow()
        with served(timeline, held.enter_context(Following(timeline))) as client, watched(browser, client) as page:
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
    watch.settled()
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


def test_the_table_of_all_of_them_holds_some_rows(watch: Watched) -> None:
    """At its end as at its beginning, however far one scrolls; and every row says which it is of how many."""
    page = watch.page
    page.get_by_role("button", name="Table").click()
    rows = page.locator(".table tbody tr")
    rows.first.get_by_role("button").first.focus()
    page.keyboard.press("End")
    expect(page.locator(".table tr:has(:focus)")).to_have_attribute("aria-rowindex", "33001")
    first = 33_001
    for _ in range(600):
        page.locator(".table .scroll").evaluate("box => { box.scrollTop = 0; }")
        page.wait_for_timeout(50)
        first = int(rows.first.get_attribute("aria-rowindex") or 0)
        if first < 33_001 - 600:
            break
    assert first < 33_001 - 600
    assert rows.count() <= 400
    assert page.locator(".table table").get_attribute("aria-rowcount") == "33001"
    page.get_by_role("button", name="Table").click()


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


def test_one_event_among_all_of_them_is_fetched_alone(watch: Watched) -> None:
    """The map follows with some kilobytes, not with all places again."""
    page = watch.page
    fetched_before = page.evaluate(f"{RESOURCES}.length")
    before = page.evaluate(f"{WORLD}.then(({{ world }}) => world.beliefs.header.known_position)")
    said: dict[str, Any] = {
        "type": "DevelopmentReported", "development_id": str(uuid4()), "kind": "captured", "location_id": "p-20000",
        "occurred": {"start": "2023-06-01T00:00:00Z", "end": "2023-06-02T00:00:00Z", "precision": "day"},
        "participants": [{"actor_id": "actor-1", "role": "holder"}], "summary": "Taken.",
        "report": {"chain": ["agency-01"], "published_at": "2023-06-01T12:00:00Z", "credibility": 2},
    }  # fmt: skip
    recorded = page.request.post(f"{watch.base}/v1/events", data=said).json()["position"]
    watch.reached(recorded)

    resources = page.evaluate(f"{RESOURCES}.map((one) => [one.name, one.encodedBodySize])")[fetched_before:]
    fetched = [(url, size) for url, size in resources if "/v1/map/" in url]
    assert before < recorded
    assert all("/v1/map/beliefs?view=published&since=" in url for url, _ in fetched), fetched
    assert 0 < sum(size for _, size in fetched) < 20_000
    assert page.evaluate(f"{WORLD}.then(({{ world }}) => world.beliefs.beside)") == 1


def test_a_million_rectangles_take_no_long_task(watch: Watched, browser: Browser) -> None:
    """Decoded, picked, drawn, and dragged over: no task of the main thread takes 200 ms of its own time.

    Not on the clock, which software drawing and whoever else is at work have a share in: `bench page` tells both.
    """
    places, each = 33_000, 31
    chance = np.random.default_rng(1)
    begins = np.sort(chance.integers(0, 300 * 24, (places, each)), axis=1) * 3_600_000.0 + 1_672_531_200_000
    ends = np.concatenate([begins[:, 1:], np.full((places, 1), np.inf)], axis=1)
    bounds = np.vstack([begins.ravel(), ends.ravel(), begins.ravel(), np.full(places * each, np.inf)])
    numbers = chance.integers(0, 500, places * each)
    rows = in_order(places, np.repeat(np.arange(places), each), bounds, numbers)
    answers = [
        ("held", (f"actor-{one % 10}",), (), "credible", (("held", (f"actor-{one}",), (), "disputed"),))
        for one in range(500)
    ]
    nobody = Rows(np.zeros(places + 1, np.int64), np.empty((4, 0)), np.empty(0, np.int64))
    header = {
        "clock": "reported",
        "view": "published",
        "view_id": "2",
        "policy": "assessed/1",
        "known_at": "",
        "known_position": 10**9,
    }
    data = encoded(header, answers, {"control": rows, "access": nobody})

    page = watch.page
    page.route("**/v1/map/beliefs*", lambda route: route.fulfill(body=data, content_type="application/octet-stream"))
    browser.start_tracing(page=page, categories=page_tasks.TRACED)
    watch.open("/?view=published&follow=today&at=2023-06-01T00:00:00Z")
    lane = page.locator(".lane:has(.handle.at)").bounding_box()
    assert lane is not None
    page.mouse.move(lane["x"] + 40, lane["y"] + 17)
    page.mouse.down()
    page.mouse.move(lane["x"] + 900, lane["y"] + 17, steps=12)
    page.mouse.up()
    watch.settled()
    tasks = page_tasks.processor_times(browser.stop_tracing())

    assert page.evaluate(f"{WORLD}.then(({{ world }}) => world.beliefs.facets.control.answer.length)") == places * each
    assert "33,000 of 33,000 places" in watch.sentence()
    assert len(tasks) > 500
    assert sum(one > page_tasks.BOUND for one in tasks) == 0

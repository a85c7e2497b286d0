"""The page's scale in Debian's chromium: it is the record's, tells what began before it, and reaches there when asked."""

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import Served, Watched, watched

#: When the demo's record begins, in milliseconds.
RECORD = datetime(2024, 11, 27, tzinfo=UTC).timestamp() * 1000

#: When the scale begins and ends, and the earliest claim, in milliseconds.
BEGIN = """Promise.all(['world.js', 'main.js'].map((name) => import(document.querySelector('script[type=module]').src.replace('main.js', name))))
  .then(([{ world }]) => [world.beliefs.extent()[0], world.beliefs.earliest()])"""


def shown(page: Page) -> str:
    return page.locator(".dates").inner_text()


def bars(page: Page, lane: str) -> int:
    """How many of the bars behind a track are drawn, as far as their canvas tells."""
    found: int = page.locator(f".lane:has(.handle.{lane}) .bars canvas").evaluate(
        """(canvas) => { const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
             let inked = 0; for (let at = 3; at < data.length; at += 4) if (data[at]) inked += 1; return inked; }"""
    )
    return found


HELD_FOR_YEARS: dict[str, Any] = {
    "type": "DevelopmentReported", "development_id": "0b5f0c1e-7d0a-4f0e-9a51-0c8d6a8f2f12", "kind": "held", "location_id": "sy-salma",
    "occurred": {"start": "2012-07-01T00:00:00Z", "end": "2024-12-05T00:00:00Z", "precision": "day"},
    "participants": [{"actor_id": "saa", "role": "holder"}], "summary": "Held for years.",
    "report": {"chain": ["sohr"], "published_at": "2024-12-05T12:00:00Z", "credibility": 2},
}  # fmt: skip


def test_what_began_before_the_record_is_told_at_the_left_end(browser: Browser, own_demo: Served) -> None:
    """Pressed, the scale reaches back to it; the record's begin stays what it was. So it is while it is recorded, and afterwards."""
    client, timeline = own_demo
    with watched(browser, client, drawn=False) as watch:
        page = watch.open("/?view=published&follow=today&at=2024-12-02T12:00:00Z")
        record, button = shown(page), page.locator("button.earlier")
        expect(button).to_be_hidden()
        assert client.post("/v1/events", json=HELD_FOR_YEARS).status_code == 201
        watch.reached(timeline.log.head().position)
        for _ in range(2):
            expect(button).to_have_text("earlier: since 2012")
            begin, earliest = page.evaluate(BEGIN)
            assert (begin, earliest) == (RECORD, datetime(2012, 7, 1, tzinfo=UTC).timestamp() * 1000)
            assert shown(page) == record
            watch.shot("scale-record")
            button.click()
            expect(button).to_be_hidden()
            assert "2016" in shown(page)
            watch.shot("scale-earliest")
            watch.page.reload()
            page.wait_for_selector("html[data-ready]")
        before = "/?place=sy-salma&view=published&follow=today&at=2024-11-20T12:00:00Z"
        expect(watch.open(before).locator(".panel .notice")).to_contain_text("Our record begins 27 Nov 2024")
        expect(button).to_be_visible()
        assert watch.violations() == []
        watch.is_quiet()


def test_the_wheel_reaches_the_earliest_claim_and_moves_along(browser: Browser, own_demo: Served) -> None:
    """Out and out; then nearer, and along with Shift."""
    client, timeline = own_demo
    assert client.post("/v1/events", json=HELD_FOR_YEARS).status_code == 201
    with watched(browser, client, drawn=False) as watch:
        page = watch.open("/?view=published&follow=today&at=2024-12-02T12:00:00Z")
        watch.reached(timeline.log.head().position)
        page.locator(".lane:has(.handle.known)").hover()
        for _ in range(40):
            page.mouse.wheel(0, 300)
        expect(page.locator("button.earlier")).to_be_hidden()
        for _ in range(12):
            page.mouse.wheel(0, -300)
        near = shown(page)
        page.keyboard.down("Shift")
        page.mouse.wheel(0, -200)
        page.keyboard.up("Shift")
        assert shown(page) != near


@pytest.mark.without_map
def test_developments_stand_above_and_events_below(watch: Watched) -> None:
    """Bars where no place is chosen, ticks of the place where one is."""
    page = watch.open("/?view=published&follow=today&at=2024-12-02T12:00:00Z")
    expect(page.locator(".bars canvas")).to_have_count(2)
    assert bars(page, "at") > 100
    assert bars(page, "known") > 100
    expect(page.get_by_role("img", name="Developments by when they occurred")).to_be_visible()
    watch.shot("histograms")
    page.goto(f"{watch.base}/?place=sy-hama&view=published&follow=today&at=2024-12-02T12:00:00Z")
    page.wait_for_selector("html[data-ready]")
    expect(page.locator(".bars:visible")).to_have_count(0)

"""What is given to others: links and a frame, each saying what it means."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import Served, Watched, watched

EVENING = "/?place=sy-hama&at=2024-12-02T12:00:00Z&view=published&follow=today"


def test_share_offers_a_pinned_link_a_live_one_and_a_frame(browser: Browser, demo: Served) -> None:
    """By keyboard alone; Escape closes it and gives the focus back; what is copied opens the same."""
    with watched(browser, demo[0], permissions=["clipboard-read", "clipboard-write"]) as watch:
        page = watch.open(EVENING)
        page.get_by_role("button", name="Share").focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Share")
        expect(dialog).to_be_focused()
        assert watch.violations() == []
        watch.shot("open-share")

        copied = []
        for stops in (2, 2, 2):
            for _ in range(stops):
                page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            expect(page.locator(".toast")).to_contain_text("copied")
            copied.append(page.evaluate("navigator.clipboard.readText()"))
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(page.get_by_role("button", name="Share")).to_be_focused()

        pinned, live, frame = copied
        asked = parse_qs(urlsplit(pinned).query)
        assert asked["view"][0].isdigit()
        assert {"at", "known", "position"} <= set(asked)
        asked = parse_qs(urlsplit(live).query)
        assert (asked["view"], asked["follow"], "position" in asked) == (["published"], ["today"], False)
        page.goto(live)
        page.wait_for_selector("html[data-ready]")
        assert "as published by today" in watch.sentence()
        page.set_content(f"<!doctype html><title>News</title>{frame}")
        assert re.search(r"/embed\?.*position=\d+", page.locator("iframe").get_attribute("src") or "")


@pytest.mark.without_map
def test_a_link_is_previewed_with_its_sentence_and_both_times(watch: Watched) -> None:
    """As whoever is sent it sees it, before any script runs; the title too, and the browser's own says the same."""
    html = watch.page.request.get(watch.base + EVENING).text()
    said = dict(re.findall(r'<meta (?:property|name)="([a-z:]+)" content="([^"]*)">', html))

    assert said["og:title"].startswith(
        "Hama is held by Syrian Arab Army. 2 Dec 2024, 15:00 Damascus (12:00 UTC), as published"
    )
    assert said["og:description"] == said["description"]
    assert re.match(
        r"2 Dec 2024, 15:00 Damascus \(12:00 UTC\), as published by today: Hama is held by", said["description"]
    )
    title = re.search(r"<title>(.*)</title>", html)
    assert title is not None
    assert title[1] == said["og:title"]
    page = watch.open(EVENING)
    page.keyboard.press("Tab")
    page.locator(".handle.at").press("ArrowRight")
    expect(page).to_have_title(
        re.compile(re.escape("2 Dec 2024, 16:00 Damascus (13:00 UTC), as published by today. Timeline"))
    )

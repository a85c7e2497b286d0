"""The page in a frame on somebody's page: who may show it there, and what it shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser, expect

from services.timeline.settings import UnusableSettings, settings
from tests.acceptance.test_access import new_key
from tests.browser import Served, Told, demo_served, watched

STATE = "place=sy-hama&at=2024-12-02T12:00:00Z&known=2024-12-02T18:00:00Z&follow=free&view=published"


class Somebody(ThreadingHTTPServer):
    """Another's page that has a frame in it."""

    framed = ""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Somebody

    def do_GET(self) -> None:
        body = f'<!doctype html><html lang="en"><title>News</title><h1>News</h1><iframe title="Map" width="760" height="520" src="{self.server.framed}"></iframe>'
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name)
        """Say nothing."""


@contextmanager
def somebody() -> Iterator[Somebody]:
    with Somebody(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_an_allowed_page_shows_it_in_a_frame(browser: Browser, told_demo: Told) -> None:
    """Sentence, map and where it comes from; no tools, no stream; a link to the whole page."""
    with (
        somebody() as news,
        demo_served(told_demo, embed_origins=f"https://other.example.org, {news.origin}") as (client, _),
        watched(browser, client) as watch,
    ):
        news.framed = f"{watch.base}/embed?{STATE}"
        page = watch.page
        page.goto(news.origin)
        frame = page.frame_locator("iframe")
        expect(frame.locator("html[data-ready]")).to_have_count(1, timeout=30_000)
        expect(frame.locator("#sentence")).to_contain_text(
            "Hama is held by Syrian Arab Army. Also claimed: held by Hay'at"
        )
        expect(frame.locator("#source")).to_contain_text(
            "known by 2024-12-02T18:00:00Z. View published, reported clock, policy assessed/1, position"
        )
        expect(frame.locator("#source")).to_contain_text("root ")
        assert frame.locator("input, .tools button, #panel").count() == 0
        frame.locator("summary").click()
        expect(frame.locator(".legend-box")).to_contain_text("Syrian Arab Army")
        watch.shot("embed")
        assert watch.complaints == []
        assert not [one for one in watch.asked if "/v1/events" in one]

        with page.expect_popup() as opened:
            frame.get_by_role("link", name="Open in Timeline").click()
        opened.value.wait_for_selector("html[data-ready]")
        expect(opened.value.locator("#panel h2")).to_contain_text("Hama")


def test_a_browser_refuses_it_to_any_other_page(browser: Browser, demo: Served) -> None:
    """By default to all origins but our own; the page itself to everybody."""
    with somebody() as news, watched(browser, demo[0]) as watch:
        for path in ("/embed", "/"):
            watch.complaints.clear()
            news.framed = f"{watch.base}{path}?{STATE}"
            watch.page.goto(news.origin)
            watch.page.wait_for_timeout(500)
            assert "Hama" not in watch.page.frames[1].content()
            assert any("frame-ancestors" in one for one in watch.complaints), watch.complaints
        allowed = demo[0].get("/embed").headers
        assert "frame-ancestors 'self'" in allowed["Content-Security-Policy"]
        assert "X-Frame-Options" not in allowed


def test_alone_it_is_quiet_on_a_telephone_and_axe_finds_nothing(browser: Browser, demo: Served) -> None:
    """In both themes; nothing runs out of it."""
    with watched(browser, demo[0], viewport={"width": 360, "height": 480}, device_scale_factor=2) as watch:
        page = watch.open(f"/embed?{STATE}")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert watch.violations() == []
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        watch.shot("embed-telephone")
        watch.is_quiet()


def test_where_keys_are_needed_it_says_so_and_nothing_else(browser: Browser, own_demo: Served) -> None:
    """Also in the tab of somebody who holds one: the frame is another's."""
    client, timeline = own_demo
    secret, _ = new_key(timeline, "reader", "reader")
    timeline.keys.refresh(within=0)
    with watched(browser, client) as watch:
        watch.page.add_init_script(f"sessionStorage.setItem('timeline-key', '{secret}')")
        page = watch.open(f"/embed?{STATE}")
        expect(page.locator("#sentence")).to_contain_text("to those who have a key of access, and shows nothing here")
        assert "Hama" not in page.locator("body").inner_text()
        assert watch.violations() == []
        watch.is_quiet()


def test_origins_are_named_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A star, a path or a policy's words are refused at the start."""
    for said in ("*", "https://*.example.org", "https://example.org/page", "https://a.example; script-src *"):
        monkeypatch.setenv("TIMELINE_EMBED_ORIGINS", said)
        with pytest.raises(UnusableSettings, match=r"TIMELINE_EMBED_ORIGINS.*an origin is named exactly"):
            settings()

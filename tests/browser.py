"""Debian's chromium in front of a served timeline: pages that fail a test when they complain or ask another origin."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from services.timeline import story
from services.timeline.composition import Following, Timeline, opened
from services.timeline.settings import Settings
from tests.acceptance.test_rest import served
from tests.conftest import fresh_database
from tests.integration.trees import Kept

CHROMIUM = shutil.which("chromium")

#: Software drawing, so that a machine without a graphics card draws the same; nothing of the browser's own on the network.
ARGUMENTS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
]  # fmt: skip

PICTURES = Path(__file__).parents[1] / "test-artefacts" / "page"

DEMO: dict[str, Any] = {"start": story.START, "zone": story.ZONE, "moments": story.MOMENTS}


class Watched:
    """What a page complained of and whom it asked; `shot` keeps a picture among the artefacts."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self.asked: list[str] = []
        page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._ask(request.url))

    def _ask(self, url: str) -> None:
        self.asked.append(url)
        if not url.startswith((self.base, "data:", "blob:")):
            self.foreign.append(url)

    def open(self, address: str = "/") -> Page:
        """Go there, and wait until the map is drawn."""
        self.page.goto(self.base + address)
        self.page.wait_for_selector("html[data-ready]", timeout=30_000)
        return self.page

    def shot(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")

    def sentence(self) -> str:
        return self.page.locator("#sentence").inner_text()

    def reached(self, position: int) -> None:
        """Wait until the map stands at a position of the log."""
        module = "import(document.querySelector('script[type=module]').src.replace('main.js', 'world.js'))"
        for _ in range(300):
            if self.page.evaluate(f"{module}.then(({{ world }}) => world.beliefs.header.known_position)") >= position:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"the map has not come to position {position}")

    def violations(self) -> list[str]:
        """What axe-core finds on the page as it is."""
        script = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
        self.page.evaluate(f"() => {{ {script} }}")
        found = self.page.evaluate("async () => (await axe.run()).violations")
        return [f"{one['id']}: {one['help']}: {[node['html'][:120] for node in one['nodes']]}" for one in found]

    def is_quiet(self) -> None:
        """Require that nothing was complained of, and nobody else asked."""
        assert self.complaints == []
        assert self.foreign == []


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; where there is none the test is skipped (which fails in CI)."""
    if CHROMIUM is None:
        pytest.skip("Debian's chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def watched(browser: Browser, client: httpx2.Client, **context: Any) -> Iterator[Watched]:
    """A page in a context of its own: no motion, a desk's screen, unless told otherwise."""
    wanted: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"} | context
    made = browser.new_context(**wanted)
    try:
        yield Watched(made.new_page(), str(client.base_url).rstrip("/"))
    finally:
        made.close()


@contextmanager
def demo_served(server: str, *, empty: bool = False, **settings: Any) -> Iterator[tuple[httpx2.Client, Timeline]]:
    """The demo's story with its page, under a signed checkpoint, followed while it is served."""
    with ExitStack() as held:
        home = Path(held.enter_context(tempfile.TemporaryDirectory()))
        chosen = Settings(database_url=held.enter_context(fresh_database(server)), home=home, **(DEMO | settings))
        timeline = held.enter_context(opened(chosen))
        following = held.enter_context(Following(timeline))
        if not empty:
            story.load(timeline)
            Kept(timeline, chosen).grow([])
        with served(timeline, following) as client:
            yield client, timeline

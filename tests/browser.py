"""Debian's chromium in front of a served timeline: pages that fail a test when they complain or ask another origin.

`tests/acceptance/conftest.py` has the fixtures: one browser and one served demo for all tests that only read, a copy of the
demo's database for each that writes, a context of its own for every test.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from events.log import CHANNEL
from services.timeline import story, viewing
from services.timeline.building import Building
from services.timeline.composition import Following, Timeline, opened
from services.timeline.settings import Settings
from tests.acceptance.test_rest import served
from tests.conftest import fresh_database
from tests.integration.test_follower import _until as until
from tests.integration.trees import Kept

CHROMIUM = shutil.which("chromium")

#: Software drawing, so that a machine without a graphics card draws the same; nothing of the browser's own on the network.
ARGUMENTS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
]  # fmt: skip

#: WebGL draws the map, and nothing else is put together by graphics that are software: tests of the page take 0.7 times the
#: processor's time. The browser reads the map's picture back for that, and complains of itself.
PUT_TOGETHER = "--disable-gpu-compositing"
OF_ITSELF = "GPU stall due to ReadPixels"

#: The page follows the log for as long as it is open.
STREAM = "/v1/events?after="

PICTURES = Path(__file__).parents[1] / "test-artefacts" / "page"

#: A view beside the two that every timeline has: all that was claimed counts, as on a news ticker.
AS_TOLD = "as-told"

DEMO: dict[str, Any] = {"start": story.START, "zone": story.ZONE, "moments": story.MOMENTS}

#: A client in front of a timeline, and the timeline.
Served = tuple[httpx2.Client, Timeline]


class Watched:
    """What a page complained of and whom it asked; `shot` keeps a picture among the artefacts."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self.asked: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.under_way: set[Request] = set()
        page.on("request", self._ask)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._ended)

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning") and OF_ITSELF not in said.text:
            self.complaints.append(said.text)

    def _ask(self, request: Request) -> None:
        url = request.url
        self.asked.append(url)
        if STREAM not in url:
            self.under_way.add(request)
        if not url.startswith((self.base, "data:", "blob:")):
            self.foreign.append(url)

    def _ended(self, request: Request) -> None:
        self.under_way.discard(request)

    def open(self, address: str = "/") -> Page:
        """Go there, and wait until the map is drawn."""
        self.page.goto(self.base + address)
        self.page.wait_for_selector("html[data-ready]", timeout=30_000)
        return self.page

    def settled(self) -> None:
        """Wait until nothing is asked for half a second, but for the stream.

        Playwright's `networkidle` counts that too: where it opens early, the page is never idle.
        """
        still = 0
        for _ in range(600):
            still = 0 if self.under_way else still + 1
            if still > 10:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"still asking: {[one.url for one in self.under_way]}")

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
        assert self.complaints == [], self.complaints
        assert self.foreign == [], self.foreign


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; where there is none the test is skipped (which fails in CI)."""
    if CHROMIUM is None:
        pytest.skip("Debian's chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, PUT_TOGETHER])
        yield browser
        browser.close()


#: As a browser without WebGL: the page says so, and everything but the map works as ever.
WITHOUT_MAP = """
const { getContext } = HTMLCanvasElement.prototype;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) { return /webgl/.test(kind) ? null : getContext.call(this, kind, ...more); };
const Real = Worker;
globalThis.Worker = function (address, ...more) { if (/warming/.test(address)) throw new Error("no graphics"); return new Real(address, ...more); };
"""


@contextmanager
def watched(browser: Browser, client: httpx2.Client, *, drawn: bool = True, **context: Any) -> Iterator[Watched]:
    """A page in a context of its own: no motion, a desk's screen, unless told otherwise.

    Args:
        drawn: With a map; drawn by software it is most of what a page costs, so what is not about it does without.
    """
    wanted: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"} | context
    made = browser.new_context(**wanted)
    if not drawn:
        made.add_init_script(WITHOUT_MAP)
    try:
        yield Watched(made.new_page(), str(client.base_url).rstrip("/"))
    finally:
        made.close()


@dataclass(frozen=True)
class Told:
    """The demo's story in a database that nobody uses, under a signed checkpoint: copied in a moment where it is wanted.

    Attributes:
        server: The server that it is on, as libpq takes it.
        home: The folder of the key that signed.
    """

    server: str
    name: str
    home: Path

    @contextmanager
    def copied(self) -> Iterator[tuple[str, Path]]:
        """A database and a home of one's own with the story in them."""
        with (
            fresh_database(self.server, template=self.name) as conninfo,
            tempfile.TemporaryDirectory() as home,
        ):
            shutil.copytree(self.home, home, dirs_exist_ok=True)
            yield conninfo, Path(home)


@contextmanager
def told_once(server: str) -> Iterator[Told]:
    """Tell the story, fold it, sign it; then let go of it, since a database that is copied must have no visitors."""
    with ExitStack() as held:
        home = Path(held.enter_context(tempfile.TemporaryDirectory()))
        conninfo = held.enter_context(fresh_database(server))
        chosen = Settings(database_url=conninfo, home=home)
        with opened(chosen) as timeline:
            story.load(timeline)
            viewing.ask(timeline.log, timeline.reader, viewing.Wanted(name=AS_TOLD, policy="ticker", clock="reported"))
            with Building(timeline.log, every=0.02):
                until(lambda: viewing.one(timeline.log, AS_TOLD).view is not None, "the view is built")
            Kept(timeline, chosen).grow([])
        yield Told(server, str(psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"]), home)


@contextmanager
def demo_served(told: Told, **settings: Any) -> Iterator[Served]:
    """A copy of the demo with its page, followed while it is served."""
    with told.copied() as (conninfo, home), _page_served(conninfo, home, settings) as served:
        yield served


@contextmanager
def empty_served(server: str, **settings: Any) -> Iterator[Served]:
    """A page in front of an empty log."""
    with (
        fresh_database(server) as conninfo,
        tempfile.TemporaryDirectory() as home,
        _page_served(conninfo, Path(home), settings) as served,
    ):
        yield served


@contextmanager
def _page_served(conninfo: str, home: Path, settings: dict[str, Any]) -> Iterator[Served]:
    chosen = Settings(database_url=conninfo, home=home, **(DEMO | settings))
    with opened(chosen) as timeline, Following(timeline) as following:
        with served(timeline, following) as client:
            yield client, timeline
        following._stopping.set()
        with timeline.log.pool.connection() as connection:
            connection.execute(f"NOTIFY {CHANNEL}")  # else it sleeps for the rest of its second

"""The page with a million real rectangles in Debian's chromium: the longest task of its main thread, in what a reader does.

A view of 33,000 places with more than a million rectangles (`bench.regraded`) is opened, both tracks are dragged, and an event
is recorded meanwhile. A task's length is told twice: on the clock, as a `longtask` observer sees it, in which the main thread
also waits for the software that draws and for whoever else is at work here; and its own processor time, out of a trace.
Beside it MapLibre alone, with an empty style: what it takes to start is not ours. The beginning is visited several times, when the
service has its atlas: the first task of a map waits for shaders that are built in software, and that time varies most.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from playwright.sync_api import Browser, Page

from bench.ground import say, working

#: The bound, in milliseconds; a browser calls a task of more than 50 a long one.
BOUND: Final = 200

OBSERVE: Final = """globalThis.tasks = [];
new PerformanceObserver((list) => { for (const one of list.getEntries()) tasks.push(one.duration); }).observe({ type: 'longtask', buffered: true });"""

EMPTY: Final = """async () => {
  const { Map } = await import(document.querySelector('script[type=module]').src.replace('app/main.js', 'vendor/maplibre-gl.mjs'));
  const box = document.createElement('div');
  box.style.cssText = 'position: absolute; inset: 48px 400px 136px 0';
  document.body.append(box);
  const map = new Map({ container: box, style: { version: 8, sources: {}, layers: [{ id: 'b', type: 'background' }] }, attributionControl: false });
  await new Promise((done) => map.once('idle', done));
}"""


@dataclass(frozen=True, slots=True)
class Tasks:
    """The tasks of the main thread in one part of a visit.

    Attributes:
        many: How many there were.
        long: The lengths of those of more than 50 ms on the clock.
        busy: The most processor time of any, in milliseconds.
        over: How many took more than the bound of it.
    """

    many: int
    long: list[float]
    busy: float
    over: int

    def __str__(self) -> str:
        worst = f"{max(self.long):.0f} ms" if self.long else "under 50 ms"
        above = sum(one > BOUND for one in self.long)
        return (
            f"longest {worst} on the clock ({above} over {BOUND} ms); {self.busy:.0f} ms of its own "
            f"({self.over} of {self.many:,} tasks over {BOUND} ms)"
        )


#: How often the page is opened.
VISITS: Final = 5

#: What a trace has to be of, to tell them.
TRACED: Final = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"]


def processor_times(trace: bytes) -> list[float]:
    """How much of the processor each task of a page's main thread took, in milliseconds, out of a trace."""
    events: list[dict[str, Any]] = json.loads(trace)["traceEvents"]
    threads = {
        (one["pid"], one["tid"])
        for one in events
        if one.get("name") == "thread_name" and one["args"]["name"] == "CrRendererMain"
    }
    return [
        one.get("tdur", 0) / 1000
        for one in events
        if one.get("name") in ("RunTask", "ThreadControllerImpl::RunTask") and (one["pid"], one["tid"]) in threads
    ]


@contextmanager
def _traced(browser: Browser, page: Page, found: dict[str, Tasks], name: str) -> Iterator[None]:
    browser.start_tracing(page=page, categories=TRACED)
    try:
        yield
    finally:
        runs = processor_times(browser.stop_tracing())
    long: list[float] = page.evaluate("globalThis.tasks.splice(0)")
    found[name] = Tasks(len(runs), long, max(runs, default=0), sum(one > BOUND for one in runs))


def measure(browser: Browser, base: str) -> None:
    """Print the longest task of each part of a visit."""
    found: dict[str, Tasks] = {}
    page = _opened(browser, base)
    while "timeline_atlas_bytes{" not in page.request.get(f"{base}/metrics").text():
        page.wait_for_timeout(1_000)  # the service draws its atlas, on the cores that are measured
    page.context.close()
    for number in range(VISITS):
        working(f"visit {number + 1} of {VISITS}")
        page = _opened(browser, base, found, f"opened until it is idle, visit {number + 1}")
        if number + 1 < VISITS:
            page.context.close()
    for axis, name in (("at", "dragging the time in the world"), ("known", "dragging the known time")):
        with _traced(browser, page, found, name):
            _drag(page, axis, lambda: None)
    with _traced(browser, page, found, "an event comes while somebody drags"):
        _drag(page, "at", lambda: _record(page, base))
        page.wait_for_timeout(2_000)
    beside = page.evaluate(
        "import(document.querySelector('script[type=module]').src.replace('main.js', 'world.js'))"
        ".then(({ world }) => [world.beliefs.facets.control.answer.length, world.beliefs.beside])"
    )
    with _traced(browser, page, found, "MapLibre's own start, an empty map"):
        page.evaluate(EMPTY)
    say(
        f"{beside[0]:,} rectangles of control, {beside[1]} place changed beside them; the longest task of the main thread (bound {BOUND} ms)"
    )
    for name, tasks in found.items():
        say(f"  {name:38} {tasks}")


def _opened(browser: Browser, base: str, found: dict[str, Tasks] | None = None, name: str = "") -> Page:
    """The page, idle."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce").new_page()
    page.add_init_script(OBSERVE)
    with nullcontext() if found is None else _traced(browser, page, found, name):
        page.goto(f"{base}/?view=current&follow=today")
        page.wait_for_selector("html[data-ready]", timeout=300_000)
        page.wait_for_timeout(2_000)
    return page


def _drag(page: Page, axis: str, between: Callable[[], None]) -> None:
    lane = page.locator(f".lane:has(.handle.{axis})").bounding_box()
    assert lane is not None
    page.mouse.move(lane["x"] + 200, lane["y"] + 17)
    page.mouse.down()
    page.mouse.move(lane["x"] + 500, lane["y"] + 17, steps=15)
    between()
    page.mouse.move(lane["x"] + 800, lane["y"] + 17, steps=15)
    page.mouse.up()
    page.wait_for_timeout(1_500)


def event(place: str) -> dict[str, Any]:
    """A capture, reported today."""
    now = datetime.now(UTC)
    return {
        "type": "DevelopmentReported", "development_id": str(uuid4()), "kind": "captured", "location_id": place,
        "occurred": {"start": (now - timedelta(days=1)).isoformat(), "end": now.isoformat(), "precision": "day"},
        "participants": [{"actor_id": "actor-1", "role": "holder"}], "summary": "Taken.",
        "report": {"chain": ["agency-01"], "published_at": (now - timedelta(hours=1)).isoformat(), "credibility": 2},
    }  # fmt: skip


def _record(page: Page, base: str) -> None:
    assert page.request.post(f"{base}/v1/events", data=event("p-20000")).status == 201

"""The page in Debian's chromium at 33,000 places: what a step costs against MapLibre's own redraw of the same points.

A step is a change of the time in the world: every place is asked anew, every mark told to the graphics, sentence and dock
drawn, until MapLibre says `render`. Beside it, on the same map, the same points as circles of MapLibre's own, redrawn.
Also how much is transferred before the data, that no step asks the service, and the longest task with many rectangles.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from playwright.sync_api import Page, sync_playwright

from bench import news
from bench.ground import fresh_timeline, median, say, working
from services.timeline.api.app import create
from services.timeline.composition import Timeline
from tests.browser import ARGUMENTS, CHROMIUM

ROUNDS, STEPS = 10, 20

#: So many events about 33,000 places; `TIMELINE_BENCH_EVENTS` sets another number.
EVENTS = int(os.environ.get("TIMELINE_BENCH_EVENTS", "150000"))

PREPARE = """async () => {
  const of = (name) => import(document.querySelector('script[type=module]').src.replace('main.js', name));
  const [{ chart }, { set, state }, { world }] = await Promise.all(['main.js', 'store.js', 'world.js'].map(of));
  const features = world.places.lon.flatMap((lon, at) => lon === null ? [] : [
    { type: 'Feature', id: at, properties: { colour: ['#AC801E', '#AD74ED', '#6BD9E4'][at % 3] }, geometry: { type: 'Point', coordinates: [lon, world.places.lat[at]] } }]);
  const map = chart.map;
  map.addSource('own', { type: 'geojson', data: { type: 'FeatureCollection', features }, maxzoom: 12 });
  map.addLayer({ id: 'own', type: 'circle', source: 'own', layout: { visibility: 'none' },
    paint: { 'circle-radius': 3, 'circle-color': ['get', 'colour'], 'circle-stroke-width': 1 } });
  await new Promise((done) => map.once('idle', done));
  const rendered = (begin) => new Promise((done) => { map.once('render', () => done(performance.now() - begin)); });
  const [from, until] = world.beliefs.extent();
  const times = async (count, act) => {
    const found = [];
    for (let at = 0; at < count; at += 1) {
      const begin = performance.now();
      const drawn = rendered(begin);
      act(at);
      found.push(await drawn);
    }
    return found;
  };
  const settle = (layer) => new Promise((done) => {
    for (const id of ['own', 'marks']) map.setLayoutProperty(id, 'visibility', id === layer ? 'visible' : 'none');
    map.once('idle', done);
    map.triggerRepaint();
  });
  let step = 0;
  globalThis.measured = {
    places: features.length, rectangles: world.beliefs.facets.control.answer.length,
    steps: async (count) => { await settle('marks'); return times(count, () => set({ at: Math.round(from + ((step = (step + 37) % 997) / 997) * (until - from)) })); },
    own: async (count) => { await settle('own'); return times(count, () => map.triggerRepaint()); },
    ours: async (count) => { await settle('marks'); return times(count, () => map.triggerRepaint()); },
    asking: async (count) => { const found = []; const into = new Uint32Array(world.shown.control.length);
      for (let at = 0; at < count; at += 1) { const begin = performance.now(); world.beliefs.pick('control', from + (at / count) * (until - from), 8.64e15, into); found.push(performance.now() - begin); }
      return found; },
  };
}"""

TASKS = """() => { globalThis.tasks = []; new PerformanceObserver((list) => tasks.push(...list.getEntries().map((one) => one.duration))).observe({ type: 'longtask' }); }"""


@contextmanager
def _served(timeline: Timeline) -> Iterator[str]:
    config = uvicorn.Config(create(timeline), port=0, log_config=None, access_log=False, ws="none")
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)


@contextmanager
def _page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce").new_page()
        browser.close()


def run() -> None:
    """Print the table."""
    if CHROMIUM is None:
        say("Debian's chromium is not installed; nothing is measured")
        return
    with fresh_timeline() as timeline:
        news.load(timeline.log, EVENTS, told=lambda position: working(f"{position:,} events"))
        timeline.follower.follow()
        with _served(timeline) as base, _page() as page:
            _measure(page, base)


def _measure(page: Page, base: str) -> None:
    sent: list[tuple[str, int]] = []
    page.context.new_cdp_session(page)
    page.on("requestfinished", lambda request: sent.append((request.url, request.sizes()["responseBodySize"])))
    page.goto(f"{base}/?view=published&follow=today")
    page.wait_for_selector("html[data-ready]", timeout=120_000)
    before_data = sum(size for url, size in sent if "/v1/" not in url)
    data = sum(size for url, size in sent if "/v1/map/" in url)
    page.evaluate(PREPARE)
    page.evaluate(TASKS)
    asked: list[str] = []
    steps, own, ours = _rounds(page, asked)
    asking = page.evaluate("measured.asking(200)")
    of = page.evaluate("[measured.places, measured.rectangles]")
    say(f"{of[0]:,} places, {of[1]:,} rectangles; medians of {ROUNDS} rounds of {STEPS}, in turn, software drawing")
    say(f"  MapLibre's own redraw of the points        {median(own):7.1f} ms")
    say(f"  our marks redrawn                          {median(ours):7.1f} ms   {median(ours) / median(own):.2f}x")
    say(
        f"  a step, from input to `render`             {median(steps):7.1f} ms   {median(steps) / median(own):.2f}x (bound 1.3x)"
    )
    say(f"  of which every place asked at its moment   {median(asking):7.1f} ms")
    say(f"  requests during {ROUNDS * STEPS} steps                    {len(asked):5} (bound 0)")
    say(
        f"  transferred before the data                {before_data / 1e6:7.2f} MB (bound 1.5 MB); the data {data / 1e6:.2f} MB"
    )
    say(f"  longest task in a step                     {max(page.evaluate('tasks') or [0]):7.0f} ms (bound 200 ms)")


def _rounds(page: Page, asked: list[str]) -> tuple[list[float], list[float], list[float]]:
    """Steps and redraws in turn; while steps are measured, a hand is down, as it is on a handle."""
    found: dict[str, list[Any]] = {"steps": [], "own": [], "ours": []}
    page.evaluate(
        "import(document.querySelector('script[type=module]').src.replace('main.js', 'store.js')).then(({ hand }) => { hand.down = true; })"
    )
    page.on("request", lambda request: asked.append(request.url))
    for number in range(ROUNDS):
        working(f"round {number + 1} of {ROUNDS}")
        for name, into in found.items():
            into.extend(page.evaluate(f"measured.{name}({STEPS})"))
    return found["steps"], found["own"], found["ours"]

"""The page in Debian's chromium at 33,000 places: what a step costs against MapLibre's own redraw of the same points.

A step is a change of the time in the world: every place is asked anew, every mark told to the graphics, sentence and dock
drawn, until MapLibre says `render`. Beside it, on the same map, the same points as circles of MapLibre's own, redrawn.
Also how much is transferred before the data, that no step asks the service, and the longest script of a step; what the
service takes to answer at first, and after an event; and the longest tasks with a million rectangles (`page_tasks`).

    TIMELINE_BENCH_EVENTS=150000 TIMELINE_BENCH_GRADINGS=350 ./run bench page      (0 leaves either out)
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from bench import news, page_tasks, regraded
from bench.ground import fresh_timeline, median, say, working
from projections import views
from services.timeline.api.app import create
from services.timeline.building import Builder
from services.timeline.composition import Following, Timeline
from tests.browser import ARGUMENTS, CHROMIUM

ROUNDS, STEPS = 10, 20

#: So many events about 33,000 places; `TIMELINE_BENCH_EVENTS` sets another number.
EVENTS = int(os.environ.get("TIMELINE_BENCH_EVENTS", "150000"))

#: So many times sources are graded anew in the log of a million rectangles.
GRADINGS = int(os.environ.get("TIMELINE_BENCH_GRADINGS", "350"))

PREPARE = """async () => {
  const of = (name) => import(document.querySelector('script[type=module]').src.replace('main.js', name));
  const [{ chart }, { set }, { world }] = await Promise.all(['main.js', 'store.js', 'world.js'].map(of));
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
  const scripts = [];
  const timed = (act) => { const begin = performance.now(); act(); scripts.push(performance.now() - begin); };
  globalThis.measured = {
    places: features.length, rectangles: world.beliefs.facets.control.answer.length,
    steps: async (count) => { await settle('marks'); return times(count, () => timed(() => set({ at: Math.round(from + ((step = (step + 37) % 997) / 997) * (until - from)) }))); },
    own: async (count) => { await settle('own'); return times(count, () => map.triggerRepaint()); },
    ours: async (count) => { await settle('marks'); return times(count, () => map.triggerRepaint()); },
    scripts,
    asking: async (count) => { const found = []; const into = new Uint32Array(world.shown.control.length);
      for (let at = 0; at < count; at += 1) { const begin = performance.now(); world.beliefs.pick('control', from + (at / count) * (until - from), 8.64e15, into); found.push(performance.now() - begin); }
      return found; },
  };
}"""


@contextmanager
def _served(timeline: Timeline) -> Iterator[str]:
    """The service as it is served to people: with its follower and its atlases."""
    with Following(timeline) as following, timeline.reader.atlases:
        server = uvicorn.Server(
            config := uvicorn.Config(create(timeline, following), port=0, log_config=None, access_log=False, ws="none")
        )
        listening = config.bind_socket()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=30)


@contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def run() -> None:
    """Print the tables."""
    if CHROMIUM is None:
        say("Debian's chromium is not installed; nothing is measured")
        return
    if EVENTS:
        with fresh_timeline() as timeline:
            news.load(timeline.log, EVENTS, told=lambda position: working(f"{position:,} events"))
            _catch_up(timeline)
            with _served(timeline) as base, _chromium() as browser:
                _answers(timeline, base)
                page = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce").new_page()
                _measure(page, base)
    if GRADINGS:
        with fresh_timeline() as timeline:
            regraded.load(timeline.log, GRADINGS, told=lambda position: working(f"{position:,} events"))
            _catch_up(timeline)
            with _served(timeline) as base, _chromium() as browser:
                page_tasks.measure(browser, base)


def _catch_up(timeline: Timeline) -> None:
    """Fold both views whole, as an import does."""
    builder = Builder(timeline.log.pool)
    with builder.alone() as connection:
        assert connection is not None
        builder.catch_up_together(list(views.every(connection)), lambda share: working(f"folded {share:.0%}"))


def _answers(timeline: Timeline, base: str) -> None:
    """What the columns cost the service: at first, after an event as a whole, and as what changed since."""
    with httpx2.Client(base_url=base, timeout=300, headers={"Accept-Encoding": "gzip"}) as client:

        def timed(path: str) -> tuple[float, httpx2.Response]:
            began = time.perf_counter()
            answer = client.get(path).raise_for_status()
            return (time.perf_counter() - began) * 1000, answer

        path = "/v1/map/beliefs?view=published"
        first, answer = timed(path)
        places, _ = timed("/v1/map/places?view=published")
        spent: dict[str, list[float]] = {"whole": [], "ready": [], "since": []}
        for number in range(7):
            mark = answer.headers["Timeline-Mark"]
            client.post("/v1/events", json=page_tasks.event(f"p-{15_000 + number:05}")).raise_for_status()
            folded = f"/v1/locations/p-00000/status?view=published&min_position={timeline.log.head().position}"
            while client.get(folded).status_code == 503:
                working("waiting for the follower")
            took, changes = timed(f"{path}&since={mark}")
            spent["since"].append(took)
            spent["ready"].append(timed(f"{path}&ready=true")[0])
            took, answer = timed(path)
            spent["whole"].append(took)
        say("the columns of 33,000 places as the service answers them, in process with whoever asks; medians of 7")
        say(f"  the first time    {first:8.0f} ms (places {places:.0f} ms)")
        say(
            f"  after an event, exactly as it stands {median(spent['whole']):8.0f} ms; as it lies ready {median(spent['ready']):.0f} ms"
        )
        say(f"  what changed since {median(spent['since']):7.0f} ms, {len(changes.content):,} bytes")


def _measure(page: Page, base: str) -> None:
    sent: list[tuple[str, int]] = []
    page.on("requestfinished", lambda request: sent.append((request.url, request.sizes()["responseBodySize"])))
    page.goto(f"{base}/?view=published&follow=today")
    page.wait_for_selector("html[data-ready]", timeout=120_000)
    before_data = sum(size for url, size in sent if "/v1/" not in url)
    data = sum(size for url, size in sent if "/v1/map/" in url)
    page.evaluate(PREPARE)
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
    scripts = page.evaluate("measured.scripts")
    say(
        f"  the script of a step                       {median(scripts):7.1f} ms, longest {max(scripts):.1f} ms (bound 200 ms)"
    )


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

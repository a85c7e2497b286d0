"""The page in Debian's chromium while things are recorded: only what changed comes, and what the reader holds, chose or typed stays."""

import json
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Served, Watched

#: In the page: its modules, and belief maps as text, whatever the order and the numbers in which they were told.
LAW = """async () => {
  const of = (name) => import(document.querySelector('script[type=module]').src.replace('main.js', name));
  const [{ update, world }, { decode }] = await Promise.all([of('world.js'), of('columns.js')]);
  const normal = (beliefs, ids) => Object.fromEntries(ids.map((id, number) => [id, ['control', 'access'].map((facet) =>
    beliefs.rectangles(facet, number).map(({ from, until, knownFrom, knownUntil, answer }) => JSON.stringify([`${from}`, `${until}`, `${knownFrom}`, `${knownUntil}`, answer])).sort())]));
  const shown = (beliefs, count, at, known) => { const into = new Uint32Array(count); beliefs.pick('control', at, known, into); return Array.from(into, (one) => JSON.stringify(beliefs.answers[one])); };
  globalThis.law = {
    update: async () => { const { whole, places, ids } = await update(); return { whole, places, ids: [...ids] }; },
    compare: async (view) => {
      const places = await (await fetch(`/v1/map/places?view=${view}`)).json();
      const whole = decode(await (await fetch(`/v1/map/beliefs?view=${view}`)).arrayBuffer());
      const [ours, theirs] = [normal(world.beliefs, world.places.ids), normal(whole, places.ids)];
      const sorted = (map) => JSON.stringify(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
      const [at, known] = [Date.parse('2024-12-05T12:00:00Z'), 8.64e15];
      const here = shown(world.beliefs, world.places.ids.length, at, known);
      const there = new Map(shown(whole, places.ids.length, at, known).map((said, number) => [places.ids[number], said]));
      const names = new Map(places.ids.map((id, number) => [id, places.names[number]]));
      return {
        maps: sorted(ours) === sorted(theirs), picked: world.places.ids.every((id, number) => there.get(id) === here[number]),
        named: world.places.ids.every((id, number) => names.get(id) === world.places.names[number]), reach: JSON.stringify(world.beliefs.extent()) === JSON.stringify(whole.extent()),
        earliest: world.beliefs.earliest() === whole.earliest(), beside: world.beliefs.beside,
      };
    },
  };
}"""

SAME = {"maps": True, "picked": True, "named": True, "reach": True, "earliest": True}


@pytest.fixture
def demo(own_demo: Served) -> Served:
    """The demo's story, to write to."""
    return own_demo


def post(demo: Served, *events: dict[str, Any], view: str = "published") -> None:
    """Record events, and wait until the view has folded them."""
    client, timeline = demo
    lines = b"\n".join(json.dumps(one).encode() for one in events)
    answer = client.post("/v1/events?atomic=true", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 200, answer.text
    position = timeline.log.head().position
    assert client.get(f"/v1/locations/sy/status?view={view}&min_position={position}").status_code == 200


def claim(place: str, kind: str = "captured", day: int = 9, actor: str = "hts") -> dict[str, Any]:
    return {
        "type": "DevelopmentReported", "development_id": str(uuid4()), "kind": kind, "location_id": place,
        "occurred": {"start": f"2024-12-{day:02}T06:00:00Z", "end": f"2024-12-{day:02}T07:00:00Z", "precision": "hour"},
        "participants": [{"actor_id": actor, "role": "holder"}], "summary": "It is said.",
        "report": {"chain": ["sohr"], "published_at": f"2024-12-{day:02}T07:00:00Z", "credibility": 2},
    }  # fmt: skip


def town(place: str, name: str) -> dict[str, Any]:
    return {"type": "LocationRegistered", "location_id": place, "name": name, "kind": "town", "parent_id": "sy",
            "geometry": {"type": "Point", "coordinates": [36.5, 35.5]}}  # fmt: skip


def grown(demo: Served, chance: Random, number: int) -> None:
    """Something of every kind, about old places and new ones."""
    places = demo[0].get("/v1/map/places").json()["ids"]
    events = [
        claim(chance.choice(places), chance.choice(["captured", "held"]), chance.randrange(1, 12), chance.choice(["hts", "saa"]))
        for _ in range(chance.randrange(1, 4))
    ]  # fmt: skip
    if number == 1:
        events += [town("aa-first", "First"), claim("aa-first"), town("zz-last", "Last")]
    if number == 2:
        revised = {"changes": {"name": "Foremost"}, "from": "2024-01-01T00:00:00Z", "reason": "Renamed."}
        events.append({"type": "LocationRevised", "location_id": "aa-first", **revised})
        events.append({"type": "ActorRegistered", "actor_id": "new", "name": "New ones", "kind": "other"})
        events.append(claim("sy-homs", day=20, actor="new"))
    post(demo, *events)


@pytest.mark.parametrize("view", ["published", "current"])
@pytest.mark.without_map
def test_the_columns_and_the_changes_since_are_the_columns_of_today(watch: Watched, demo: Served, view: str) -> None:
    """In the page itself: rectangles, what is picked at a moment, names, and how far the scale reaches."""
    page, chance = watch.open(f"/?view={view}&follow=today"), Random(4)
    page.route("**/v1/events*", lambda route: route.abort())  # asked by hand here
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.evaluate(LAW)
    for number in range(4):
        grown(demo, chance, number)
        found = page.evaluate("law.update()")
        assert not found["whole"]
        assert 0 < len(found["ids"]) < 10
        compared = page.evaluate(f"law.compare('{view}')")
        assert compared.pop("beside") > 0
        assert compared == SAME
    watch.complaints.clear()  # of the stream that was cut off


@pytest.mark.without_map
def test_a_name_that_was_taken_away_goes_from_the_page(watch: Watched, demo: Served) -> None:
    """All is fetched again, for nobody tells what else the page holds of it."""
    post(demo, town("zz-secret", "Somebody's own name"))
    page = watch.open("/?place=zz-secret&view=published&follow=today")
    expect(page.locator(".panel h2")).to_contain_text("Somebody's own name")
    registered = demo[1].log.head().position
    event_id = str(demo[1].log.at([registered])[0].event_id)
    said = {"redacted_id": event_id, "reason": "A person at risk.", "legal_basis": "GDPR Art. 17"}
    assert demo[0].post("/v1/audit/redactions", json=said).status_code in (200, 201)
    expect(page.locator(".panel h2")).not_to_contain_text("Somebody's own name", timeout=15_000)
    expect(page.locator("#sentence")).not_to_contain_text("Somebody's own name")


def test_what_a_reader_holds_stays_while_others_record(watch: Watched, demo: Served) -> None:
    """The camera, the place, the times, the scale, what is opened and what is typed; and only changes are fetched."""
    page = watch.open("/?place=sy-salma&at=2024-12-09T12:00:00Z&follow=today&view=published&map=9.00/35.5/36.1")
    page.locator(".developments").wait_for()
    page.locator(".lane:has(.handle.at)").hover()
    page.mouse.wheel(0, -400)
    page.locator(".reasons details summary").click()
    page.get_by_label("Time in the world, UTC").fill("2024-12-0")
    dates, held = page.locator(".dates").inner_text(), state_of(page)
    watch.settled()
    asked = len(watch.asked)

    post(demo, claim("sy-salma"))
    expect(page.locator("#sentence")).to_contain_text("Hay'at Tahrir al-Sham", timeout=15_000)
    expect(page.locator(".reasons details")).to_have_attribute("open", "")
    expect(page.get_by_label("Time in the world, UTC")).to_have_value("2024-12-0")
    assert (page.locator(".dates").inner_text(), state_of(page)) == (dates, held)
    fetched = [one.removeprefix(watch.base) for one in watch.asked[asked:] if "/v1/map/" in one]
    assert all(one.startswith("/v1/map/beliefs?view=published&since=") for one in fetched), fetched
    assert page.evaluate("document.activeElement.name") == "at"


@pytest.mark.without_map
def test_nothing_typed_at_the_desk_is_lost_while_others_record(watch: Watched, demo: Served) -> None:
    """Half a report stays half a report."""
    page = watch.open("/?place=sy-salma&as=desk&view=published")
    page.locator(".desk textarea").first.fill("Half a sentence")
    post(demo, claim("sy-salma"))
    expect(page.locator(".developments li")).not_to_have_count(0, timeout=15_000)
    watch.reached(demo[1].log.head().position)
    expect(page.locator(".desk textarea").first).to_have_value("Half a sentence")


def state_of(page: Page) -> Any:
    """What the reader chose."""
    return page.evaluate(
        "import(document.querySelector('script[type=module]').src.replace('main.js', 'store.js')).then(({ state }) => JSON.stringify(state))"
    )

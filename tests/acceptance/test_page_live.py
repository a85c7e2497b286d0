"""The page in Debian's chromium while things are recorded: it follows the log, and what a hostile reporter says stays text."""

import json
import re
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser import AS_TOLD, STREAM, Served, Watched, empty_served, watched

WORLD = "import(document.querySelector('script[type=module]').src.replace('main.js', 'world.js'))"
OTHER = "import(document.querySelector('script[type=module]').src.replace('main.js', 'other.js'))"

HOSTILE = [
    "<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 1'>",
    '"><svg onload=window.hacked=1>',
    "</title></style></textarea><iframe srcdoc='<script>parent.hacked=1</script>'>",
    "{{constructor.constructor('window.hacked=1')()}}",
    "javascript:window.hacked=1",
]


@pytest.fixture
def demo(own_demo: Served) -> Served:
    """The demo's story, to write to."""
    return own_demo


def post(client: httpx2.Client, *events: dict[str, Any]) -> None:
    lines = b"\n".join(json.dumps(one).encode() for one in events)
    answer = client.post("/v1/events?atomic=true", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 200, answer.text


def captured(place: str, *, summary: str, url: str | None = None) -> dict[str, Any]:
    """A confirmed capture of a place by HTS, on the 9th."""
    return {
        "type": "DevelopmentReported", "development_id": str(uuid4()), "kind": "captured", "location_id": place,
        "occurred": {"start": "2024-12-09T06:00:00Z", "end": "2024-12-09T07:00:00Z", "precision": "hour"},
        "participants": [{"actor_id": "hts", "role": "holder"}], "summary": summary,
        "report": {"chain": ["sohr"], "published_at": "2024-12-09T07:00:00Z", "credibility": 2, "url": url},
    }  # fmt: skip


@pytest.mark.without_map
def test_what_is_recorded_is_seen_without_a_reload(watch: Watched, demo: Served) -> None:
    """The sentence changes while somebody looks."""
    page = watch.open("/?place=sy-salma&at=2024-12-09T12:00:00Z&follow=today&view=published")
    before = watch.sentence()
    post(demo[0], captured("sy-salma", summary="The town has changed hands."))

    expect(page.locator("#sentence")).not_to_have_text(before, timeout=15_000)
    expect(page.locator(".developments")).to_contain_text("The town has changed hands.")


def test_what_a_hostile_reporter_says_stays_text(watch: Watched, demo: Served) -> None:
    """In names, summaries and addresses; on the server's page, in the panel, the table and the search."""
    places = [
        {"type": "LocationRegistered", "location_id": f"hostile-{number}", "name": words, "kind": "town", "parent_id": "sy",
         "geometry": {"type": "Point", "coordinates": [36.5 + number / 10, 35.5]}, "names": {"en": words}}
        for number, words in enumerate(HOSTILE)
    ]  # fmt: skip
    claims = [captured(f"hostile-{number}", summary=words) for number, words in enumerate(HOSTILE)]
    post(demo[0], *places, *claims)
    here = "?place=hostile-{}&at=2024-12-09T12:00:00Z&follow=today&view=published"
    page = watch.open(f"/{here.format(0)}")
    for number, words in enumerate(HOSTILE):
        page.evaluate(
            "to => { history.pushState(null, '', to); dispatchEvent(new PopStateEvent('popstate')); }",
            here.format(number),
        )
        expect(page.locator(".panel h2")).to_contain_text(words)
        expect(page.locator(".developments")).to_contain_text(words)
        assert page.evaluate("window.hacked") is None
        assert page.locator("iframe, .panel img, .panel script").count() == 0
    page.reload()  # the address is that of the last one: the server writes it into the page
    page.wait_for_selector("html[data-ready]")
    page.get_by_role("button", name="Table").click()
    expect(page.locator(".table")).to_contain_text(HOSTILE[0])
    page.get_by_role("combobox").fill("onerror")
    expect(page.locator(".hits")).to_contain_text("onerror")
    assert page.evaluate("window.hacked") is None


@pytest.mark.without_map
def test_a_service_that_went_away_is_told(watch: Watched, demo: Served) -> None:
    """The picture stays, and says how old it is."""
    page = watch.open()
    page.route("**/v1/events*", lambda route: route.abort())
    page.reload()
    page.wait_for_selector("html[data-ready]")
    lost = page.locator("#lost")
    expect(lost).to_contain_text("Showing position 297; connection lost", timeout=10_000)
    expect(lost).to_have_text(re.compile(r"connection lost [3-9] s ago"), timeout=15_000)
    page.unroute("**/v1/events*")
    expect(lost).to_be_hidden(timeout=60_000)
    watch.complaints.clear()  # the browser itself complains of the request that failed
    post(demo[0], captured("sy-salma", summary="Recorded after the service came back."))
    watch.reached(298)


def test_a_pinned_page_does_not_change_and_says_that_there_is_more(watch: Watched, demo: Served) -> None:
    """It follows from the head of the log on, not from its own position; live, it shows what was recorded since."""
    pinned = (
        "/?place=sy-salma&at=2024-12-09T12:00:00Z&known=2026-12-31T00:00:00Z&follow=free&view=published&position={}"
    )
    page = watch.open(pinned.format(200))
    newer = page.locator(".newer")
    expect(newer).to_contain_text("Pinned at position 200; the record goes on to 297.")
    assert [one for one in watch.asked if STREAM in one] == [f"{watch.base}{STREAM}297"]
    assert watch.violations() == []
    watch.shot("pinned")

    page = watch.open(pinned.format(297))
    watch.settled()
    before = watch.sentence()
    expect(newer).to_be_hidden()
    asked = len(watch.asked)
    post(demo[0], captured("sy-salma", summary="The town has changed hands."))
    expect(newer).to_contain_text("Pinned at position 297; the record goes on to 298.")
    watch.settled()
    assert watch.sentence() == before
    assert watch.asked[asked:] == []
    page.get_by_role("button", name="Go live").click()
    expect(page.locator(".developments")).to_contain_text("The town has changed hands.", timeout=15_000)
    expect(newer).to_be_hidden()
    expect(page).not_to_have_url(re.compile("position="))
    assert "as published by today" in watch.sentence()
    assert watch.sentence() != before


def test_while_the_map_is_drawn_up_the_page_says_so(watch: Watched) -> None:
    """The sentence and the reasons are there, under a thin bar, with the stage in words."""
    page = watch.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/v1/map/beliefs*", hold)
    page.goto(f"{watch.base}/?place=sy-hama&at=2024-12-02T15:00:00Z&view=published")
    expect(page.locator("#bar")).to_be_visible()
    expect(page.locator(".stage-words")).to_contain_text("the service draws it up")
    assert len(held) == 1
    assert "Hama is held by Syrian Arab Army." in watch.sentence()
    expect(page.locator(".panel ol li").first).to_be_visible()
    assert watch.violations() == []
    watch.shot("waiting")
    page.unroute("**/v1/map/beliefs*")  # lets go of what is held, too
    page.wait_for_selector("html[data-ready]", timeout=30_000)
    expect(page.locator("#bar")).to_be_hidden()
    expect(page.locator(".stage-words")).to_be_hidden()


@pytest.mark.without_map
def test_a_view_that_is_compared_with_follows_too(watch: Watched, demo: Served) -> None:
    """What is recorded is taken in on both sides; the other is fetched as it lies ready, and what changed since."""
    page = watch.open(f"/?at=2024-12-09T12:00:00Z&follow=today&view=published&compare={AS_TOLD}")
    fetched = [one for one in watch.asked if "/v1/map/beliefs" in one and AS_TOLD in one]
    assert any("ready=true" in one for one in fetched), fetched
    salma = f"{OTHER}.then(({{ differing }}) => differing().some((one) => one.number === salma && one.two.holders[0] === 'hts'))"
    page.evaluate(f"{WORLD}.then(({{ world }}) => {{ globalThis.salma = world.numbers.get('sy-salma'); }})")
    assert not page.evaluate(salma)
    doubtful = captured("sy-salma", summary="An account says so.")
    doubtful["report"] |= {"chain": ["regional-media"], "credibility": 4}
    post(demo[0], doubtful)
    page.wait_for_function(f"() => {salma}", timeout=20_000)


def test_an_empty_log_says_how_to_begin(browser: Browser, postgres_18: str) -> None:
    """No reports yet, and how to bring some in."""
    with empty_served(postgres_18, start=None) as (client, _), watched(browser, client) as watch:
        page = watch.open()
        expect(page.locator("#map")).to_contain_text("No reports yet")
        expect(page.locator(".panel")).to_contain_text("timeline import")
        assert watch.violations() == []
        watch.is_quiet()

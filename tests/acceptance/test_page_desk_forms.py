"""The forms of the desk in Debian's chromium: fields and what is said beside them, by keyboard, by finger, and for whom they are."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route, expect

from services.timeline.keys import revoke
from tests.acceptance.at_the_desk import HAMA, SALMA, AtTheDesk, event_at
from tests.acceptance.test_access import new_key
from tests.acceptance.test_page_live import HOSTILE
from tests.browser import Served, Watched, watched


@pytest.fixture
def demo(own_demo: Served) -> Served:
    """The demo's story, to write to."""
    return own_demo


@pytest.fixture
def watch(browser: Browser, demo: Served) -> Iterator[Watched]:
    """A page; what is refused on purpose is complained of by the browser, so each test says whether it must be quiet."""
    with watched(browser, demo[0], drawn=False) as page:
        yield page


def test_what_is_refused_is_told_beside_its_field(watch: Watched, demo: Served) -> None:
    """In the service's own words, with the focus on the first; foreseen as recorded; mended, it is recorded."""
    at = AtTheDesk(watch)
    head = demo[1].log.head().position
    at.fill(kind="besieged", start="soon", url="https://example.org/" + "a" * 2_000)
    at.actor(0, "hts")
    at.desk.locator(".fields-of > .folded summary").first.click()
    at.desk.locator(".figures").get_by_role("button", name="Add").click()
    at.fill(of="killed", best="many")
    at.record()
    expect(at.verdict.get_by_role("alert")).to_contain_text("fields are to be mended")
    expect(at.page.locator("input[name=start]")).to_be_focused()
    for name, words in (
        ("occurred.start", "written with its offset"),
        ("report.url", "length <= 2000"),
        ("figures[0].best", "expected"),
    ):
        expect(at.said_of(name)).to_contain_text(words)
    assert watch.violations() == []
    watch.shot("desk-refused")

    at.fill(start="2024-12-09 10:00", url="", best="3")
    at.desk.get_by_role("button", name="What would it change?").click()
    expect(at.verdict).to_contain_text("It would be refused.")
    expect(at.said_of("participants")).to_contain_text("challenger")
    expect(at.desk.locator(".of-participant [name=actor_id]").nth(1)).to_be_focused()
    expect(at.said_of("report.chain")).to_contain_text("name at least the source")
    expect(at.said_of("summary")).to_contain_text("is required")
    expect(at.said_of("occurred.start")).to_be_empty()
    watch.shot("desk-refused-foreseen")
    assert demo[1].log.head().position == head

    at.actor(1, "saa")
    at.fill(summary="It is besieged.")
    expect(at.verdict).not_to_be_empty()
    at.carried_by("Syrian Observatory")
    expect(at.verdict).to_be_empty()  # all is mended
    said = event_at(demo, at.recorded())
    assert [one["role"] for one in said["participants"]] == ["holder", "challenger"]
    assert said["figures"][0]["best"] == 3
    assert said["occurred"] == {"start": "2024-12-09T10:00:00Z", "end": "2024-12-09T12:00:00Z", "precision": "hour"}


def test_the_chain_is_made_by_keyboard_alone(watch: Watched, demo: Served) -> None:
    """Found by any part of a name, moved, taken out, and a source that is not there registered in its place."""
    at = AtTheDesk(watch)
    at.fill(kind="clash", summary="Shots were heard.")
    keys = at.page.keyboard
    at.desk.locator("input[name=chain]").focus()
    keys.type("tehran")
    expect(at.desk.locator(".chain .hits li").first).to_contain_text("Tehran Times")
    keys.press("Enter")
    keys.type("arab news")
    keys.press("ArrowDown")
    keys.press("ArrowUp")
    keys.press("Enter")
    assert at.chain() == ["tehran-times", "sana"]
    expect(at.desk.locator(".chain .chosen")).to_contain_text("publisher")
    keys.press("Shift+Tab")  # out of the field: to the last chip's way out, and to its way outwards
    keys.press("Shift+Tab")
    keys.press("Enter")
    assert at.chain() == ["sana", "tehran-times"]
    expect(at.desk.locator(".chain [role=status]")).to_have_text("Syrian Arab News Agency is 1 of 2")
    at.desk.locator("input[name=chain]").focus()
    keys.press("Backspace")
    assert at.chain() == ["sana"]

    keys.type("Óbservers of Salma")
    keys.press("Enter")
    register = at.desk.locator(".register")
    expect(register.locator("[name=id]")).to_have_value("observers-of-salma")
    expect(register.locator("[name=name]")).to_be_focused()
    assert watch.violations() == []
    watch.shot("desk-new-source")
    register.locator("[name=id]").fill("sana")
    register.locator("[name=reliability]").select_option("C")
    register.locator("[name=id]").press("Enter")
    expect(register.locator("[data-path=source_id] > .wrong")).to_contain_text("registered")
    keys.press("Control+a")
    keys.type("observers")
    keys.press("Enter")
    expect(register).to_have_count(0)
    assert at.chain() == ["sana", "observers"]
    position = at.recorded()
    assert event_at(demo, position)["report"]["chain"] == ["sana", "observers"]
    source = event_at(demo, position - 1)
    assert (source["name"], source["reliability"]) == ("Óbservers of Salma", "C")


def test_axe_finds_nothing_in_any_form(watch: Watched) -> None:
    """Each command, what is folded opened, and a list of sources while it is chosen from."""
    at = AtTheDesk(watch, HAMA)
    for command in ("Report", "Corroborate", "Deny", "Assess", "Retract", "Amend", "Merge", "Void"):
        at.choose(command)
        if command not in ("Report", "Corroborate"):
            at.about("Regional media report")
        at.desk.locator(".folded").evaluate_all("all => all.forEach((one) => { one.open = true; })")
        for more in at.desk.locator(".field .more").all():
            more.click()
        if command == "Corroborate":
            at.desk.locator("input[name=chain]").fill("news")
            expect(at.desk.locator(".chain .hits")).to_be_visible()
        assert watch.violations() == [], command
    watch.is_quiet()


def test_nothing_typed_is_lost(watch: Watched, demo: Served) -> None:
    """By another kind, another command, another place, a step in time, the map, or news."""
    at = AtTheDesk(watch)
    at.page.get_by_role("slider", name="In the world").press("PageDown")  # nothing is said yet: it begins there
    expect(at.desk.locator("[name=end]")).to_have_value("2024-12-08 12:00")
    at.fill(kind="captured", summary="Half a sentence")
    at.actor(0, "hts")
    at.actor(1, "saa")
    at.carried_by("Tehran")
    at.fill(kind="clash")
    assert at.desk.locator(".of-participant [name=role]").first.locator("option").all_inner_texts() == [
        "initiator", "target", "party",
    ]  # fmt: skip
    at.fill(kind="captured")
    at.choose("Assess")
    at.fill(reasoning="Because")
    at.choose("Report")
    at.page.get_by_role("button", name="Back to the map").click()
    expect(at.desk).to_be_hidden()
    at.page.get_by_role("slider", name="In the world").press("PageDown")
    search = at.page.get_by_label("Find a place").first
    search.fill("hama")
    search.press("Enter")
    at.page.get_by_role("button", name="Desk").click()
    expect(at.desk.locator("h2")).to_contain_text("Hama")
    expect(at.desk.locator("textarea[name=summary]")).to_have_value("")
    search.fill("salma")
    search.press("Enter")
    expect(at.desk.locator("h2")).to_contain_text("Salma")
    said = {
        "type": "DevelopmentReported", "development_id": "11111111-1111-4111-8111-111111111111", "kind": "clash",
        "location_id": "sy-salma", "occurred": {"start": "2024-12-08T06:00:00Z", "end": "2024-12-08T07:00:00Z", "precision": "hour"},
        "summary": "Told by another desk.", "report": {"chain": ["sohr"], "published_at": "2024-12-09T07:00:00Z"},
    }  # fmt: skip
    assert demo[0].post("/v1/events", json=said).status_code == 201
    expect(at.desk.locator("select[name=development] option").filter(has_text="another desk")).to_have_count(0)
    at.choose("Assess")
    expect(at.desk.locator("select[name=development] option").filter(has_text="another desk")).to_have_count(
        1, timeout=15_000
    )
    expect(at.desk.locator("textarea[name=reasoning]")).to_have_value("Because")
    at.choose("Report")
    expect(at.desk.locator("textarea[name=summary]")).to_have_value("Half a sentence")
    expect(at.desk.locator("[name=end]")).to_have_value("2024-12-08 12:00")
    actors = at.desk.locator(".of-participant [name=actor_id]")
    assert [actors.nth(row).input_value() for row in (0, 1)] == ["hts", "saa"]
    roles = at.desk.locator(".of-participant [name=role]")
    assert [roles.nth(row).input_value() for row in (0, 1)] == ["holder", "former_holder"]
    assert at.chain() == ["tehran-times"]
    watch.is_quiet()


def test_those_without_the_role_are_told_why(browser: Browser, demo: Served) -> None:
    """A reader sees no way to the desk; a reporter is offered no verdicts; a key that is taken back is asked for again."""
    keys = {role: new_key(demo[1], f"the-{role}", role) for role in ("reader", "reporter", "analyst")}

    def given(watch: Watched, secret: str, address: str = SALMA) -> None:
        watch.page.add_init_script(
            f"sessionStorage.getItem('timeline-key') ?? sessionStorage.setItem('timeline-key', '{secret}')"
        )
        watch.open(address)

    with watched(browser, demo[0], drawn=False) as watch:
        given(watch, keys["reader"][0])
        expect(watch.page.locator("#desk")).to_contain_text(
            "takes the role reporter or analyst. You are key:the-reader, with reader."
        )
        expect(watch.page.get_by_role("button", name="Desk", exact=True)).to_be_hidden()
        assert watch.violations() == []
        watch.shot("desk-reader")
        watch.page.get_by_role("button", name="Give a key").click()
        watch.page.locator("dialog [name=key]").fill(keys["analyst"][0])
        watch.page.get_by_role("button", name="Open").click()
        expect(watch.page.locator(".commands label")).to_have_count(8)
        expect(watch.page.get_by_role("button", name="Desk", exact=True)).to_be_visible()
    with watched(browser, demo[0], drawn=False) as watch:
        given(watch, keys["reporter"][0])
        expect(watch.page.locator(".commands label")).to_have_text(["Report", "Corroborate", "Deny", "Retract"])
        expect(watch.page.locator("#desk")).to_contain_text("take the role analyst")


def test_an_answer_that_is_lost_and_a_key_that_is_taken_back_lose_nothing(browser: Browser, demo: Served) -> None:
    """Sent again, it is recorded once; asked for a key, the desk goes on where it was."""
    mine, other = (new_key(demo[1], name, "analyst") for name in ("mine", "other"))
    lesser, _ = new_key(demo[1], "lesser", "reporter")
    with watched(browser, demo[0], drawn=False) as watch:
        watch.page.add_init_script(f"sessionStorage.setItem('timeline-key', '{mine[0]}')")
        at = AtTheDesk(watch, HAMA)
        at.choose("Assess")
        at.about("Regional media report")
        at.fill(reasoning="Footage shows the square.", analyst="desk", method="geolocation")
        head = demo[1].log.head().position

        def lose(route: Route) -> None:
            route.fetch()
            route.abort()

        at.page.route("**/assessments", lose)
        at.record()
        expect(at.verdict).to_contain_text("The service did not answer")
        assert demo[1].log.head().position == head + 1
        at.page.unroute("**/assessments")
        at.record()
        expect(at.verdict).to_contain_text(f"It was recorded before, at position {head + 1}")
        assert demo[1].log.head().position == head + 1

        at.fill(reasoning="And the clock tower.", method="geolocation")
        with demo[1].log.pool.connection() as connection:
            revoke(connection, mine[1])
        demo[1].keys.refresh(within=0)
        at.record()
        at.page.locator("dialog [name=key]").fill(lesser)
        at.page.get_by_role("button", name="Open").click()
        expect(at.verdict).to_contain_text("Not allowed.")
        expect(at.verdict).to_contain_text("this takes the role analyst or admin; key:lesser has reporter")
        at.page.evaluate("key => sessionStorage.setItem('timeline-key', key)", other[0])
        at.desk.locator("[name=method]").press("Enter")  # records nothing
        at.desk.locator("[name=method]").press("Control+Enter")
        expect(at.verdict).to_contain_text(f"Recorded at position {head + 2}")
        assert event_at(demo, head + 2, other[0])["reasoning"] == "And the clock tower."


def test_what_a_hostile_reporter_says_stays_text_at_the_desk(watch: Watched, demo: Served) -> None:
    """In summaries, names of sources, reasons, warnings and refusals."""
    words = HOSTILE[0] + HOSTILE[1] + HOSTILE[2]
    source = {"type": "SourceRegistered", "source_id": "hostile", "name": words, "kind": "other"}
    assert demo[0].post("/v1/events", json=source).status_code == 201
    at = AtTheDesk(watch)
    at.capture(words, "hostile")
    at.fill(unnamed_end=words)
    at.foresee()
    at.recorded()
    at.choose("Merge")
    at.about(HOSTILE[0])
    expect(at.desk.locator(".about .card")).to_contain_text(words)
    at.choose("Void")
    at.fill(reason=words)
    at.record()
    expect(at.verdict).to_contain_text(words)
    assert at.page.evaluate("window.hacked") is None
    assert at.desk.locator("iframe, img, script").count() == 0


def test_on_a_telephone(browser: Browser, demo: Served) -> None:
    """At 360 px: nothing is wider, every target is large enough, and it is recorded."""
    with watched(
        browser, demo[0], drawn=False, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True
    ) as watch:
        at = AtTheDesk(watch, HAMA)
        watch.shot("desk-360-top")
        at.capture("The city has fallen, they say.", "SANA")
        at.carried_by("Tehran")
        watch.shot("desk-360")
        for folded in at.desk.locator(".folded summary").all():
            folded.click()
        at.desk.locator(".figures").get_by_role("button", name="Add").click()
        at.fill(of="killed", relation="range", low="3", high="5")
        at.desk.locator(".evidence").get_by_role("button", name="Add").click()
        watch.shot("desk-360-evidence")
        for target in at.desk.locator("button, select, input[type=text], .commands label, summary").all():
            box = target.bounding_box()
            if box is not None and target.is_visible():
                assert box["height"] >= 44, target.evaluate("one => one.outerHTML")
                assert box["width"] >= 44, target.evaluate("one => one.outerHTML")
                assert box["x"] + box["width"] <= 360, target.evaluate("one => one.outerHTML")
        assert watch.violations() == []
        assert at.page.evaluate("document.documentElement.scrollWidth") == 360
        assert at.desk.evaluate("one => one.scrollWidth <= one.clientWidth")
        at.desk.get_by_role("button", name="What would it change?").click()
        expect(at.desk.locator(".foreseen")).to_be_visible()
        watch.shot("desk-360-foreseen")
        at.recorded()
        watch.is_quiet()

"""The page in Debian's chromium on the demo: what a reader sees, drags, finds and follows."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import AS_TOLD, Served, Watched, watched

EVENING = "place=sy-hama&at=2024-12-02T12:00:00Z&known=2024-12-02T18:00:00Z&follow=free&view=published"
NEXT_NOON = EVENING.replace("12-02T18", "12-03T12")


def handle(page: Page, axis: str) -> tuple[float, float]:
    """Where the handle of a track is."""
    box = page.locator(f".handle.{axis}").bounding_box()
    lane = page.locator(f".lane:has(.handle.{axis})").bounding_box()
    assert box is not None
    assert lane is not None
    return box["x"], lane["y"] + lane["height"] / 2


def drag(page: Page, axis: str, by: float) -> None:
    """Drag a handle by pixels."""
    x, y = handle(page, axis)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by / 2, y, steps=4)
    page.mouse.move(x + by, y, steps=4)
    page.mouse.up()


def test_the_first_view_is_that_of_the_start_link(watch: Watched) -> None:
    """The same sentence as the server wrote; the title too."""
    before = watch.page.request.get(watch.base + "/").text()
    page = watch.open()

    assert watch.sentence() == (
        "2 Dec 2024, 18:00 Damascus (15:00 UTC), as published by then: Hama is held by Syrian Arab Army. "
        "Also claimed: held by Hay'at Tahrir al-Sham (unconfirmed)."
    )
    assert page.title() in before
    expect(page.locator(".why li")).to_have_count(3)
    watch.shot("start")


def test_at_the_start_the_known_time_glides_once_and_any_input_stops_it(browser: Browser, demo: Served) -> None:
    """The dashed ring goes out while nobody touches anything; a key ends it."""
    with watched(browser, demo[0], reduced_motion="no-preference") as watch:
        page = watch.open()
        expect(page.locator("#sentence")).not_to_contain_text("Also claimed", timeout=10_000)
        expect(page.locator("#sentence")).to_contain_text("Also claimed", timeout=10_000)
        expect(page.locator("#sentence")).to_contain_text("as published by then", timeout=10_000)
        page.goto("about:blank")
        page = watch.open()
        page.keyboard.press("Shift")
        watch.settled()
        assert "Also claimed" in watch.sentence()
        watch.is_quiet()


def test_dragging_the_known_time_refutes_the_false_report(watch: Watched) -> None:
    """And asks the service nothing while the hand moves."""
    page = watch.open(f"/?{EVENING}")
    assert "Also claimed: held by Hay'at Tahrir al-Sham" in watch.sentence()
    watch.settled()

    x, y = handle(page, "known")
    page.mouse.move(x, y)
    page.mouse.down()
    asked = len(watch.asked)
    page.mouse.move(x + 90, y, steps=30)
    assert len(watch.asked) == asked
    page.mouse.up()

    assert "Also claimed" not in watch.sentence()
    assert "as published by 3 Dec 2024" in watch.sentence()
    watch.shot("refuted")


def test_dragging_the_world_as_seen_then_takes_the_known_time_along(watch: Watched) -> None:
    """From the 2nd to the 6th: by then Hama has fallen."""
    page = watch.open()
    drag(page, "at", 420)

    assert "Hama is held by Hay'at Tahrir al-Sham." in watch.sentence()
    assert handle(page, "at")[0] == pytest.approx(handle(page, "known")[0], abs=1)
    watch.shot("fallen")


@pytest.mark.without_map
def test_the_address_keeps_the_state(watch: Watched) -> None:
    """Reloaded, it shows the same."""
    page = watch.open()
    drag(page, "at", 200)
    watch.settled()
    expect(page).to_have_url(re.compile(page.locator("input[name=at]").input_value().replace(" ", "T")))
    sentence, address = watch.sentence(), page.url
    page.reload()
    page.wait_for_selector("html[data-ready]")

    assert watch.sentence() == sentence
    assert page.url == address


@pytest.mark.without_map
def test_places_are_found_in_any_script(watch: Watched) -> None:
    """By a part of the name, in Latin and Arabic letters, and by code; with the keyboard alone. Else it says so."""
    page = watch.open("/?view=published")
    for text, first in (("Hama", "Hama"), ("al bukamal", "Al-Bukamal"), ("حماه", "Hama"), ("SY05", "Hama Governorate")):
        page.get_by_role("combobox").fill(text)
        expect(page.locator(".hits li b").first).to_have_text(first)
        page.keyboard.press("Enter")
        expect(page.locator(".panel h2")).to_contain_text(first)
    page.get_by_role("combobox").fill("Atlantis")
    expect(page.locator(".hits")).to_have_text("No place of that name")


@pytest.mark.without_map
def test_the_switch_moves_the_known_time(watch: Watched) -> None:
    """As known today the false report is refuted; back, it is claimed again."""
    page = watch.open()
    page.get_by_role("radio", name="As known today").check()
    assert "as published by today" in watch.sentence()
    assert "Also claimed" not in watch.sentence()

    page.get_by_role("radio", name="As seen then").check()
    assert "Also claimed" in watch.sentence()


@pytest.mark.without_map
def test_the_keyboard_alone_moves_both_times(watch: Watched) -> None:
    """An hour with the arrows, a day with the page keys; the slider says what it shows."""
    page = watch.open()
    slider = page.get_by_role("slider", name="In the world")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "2 Dec 2024, 19:00 Damascus (16:00 UTC)"
    page.keyboard.press("PageDown")
    assert slider.get_attribute("aria-valuetext") == "1 Dec 2024, 19:00 Damascus (16:00 UTC)"


@pytest.mark.without_map
def test_steps_go_from_change_to_change(watch: Watched) -> None:
    """The next change of the chosen place, and back; exact fields show it."""
    page = watch.open()
    page.get_by_role("button", name="Next change").click()
    after = page.locator("input[name=at]").input_value()
    assert after > "2024-12-02 15:00"
    page.get_by_role("button", name="Previous change").click()
    assert page.locator("input[name=at]").input_value() < after


@pytest.mark.without_map
def test_exact_times_are_typed(watch: Watched) -> None:
    """In UTC; what is no time is marked and changes nothing."""
    page = watch.open()
    field = page.locator("input[name=at]")
    field.fill("2024-12-06 12:00")
    field.press("Enter")
    assert "6 Dec 2024, 15:00 Damascus (12:00 UTC)" in watch.sentence()
    field.fill("soon")
    field.press("Enter")
    assert field.get_attribute("aria-invalid") == "true"
    assert "6 Dec 2024" in watch.sentence()


@pytest.mark.without_map
def test_the_belief_map_sets_both_times(watch: Watched) -> None:
    """A press in the middle of it."""
    page = watch.open()
    page.locator("canvas.beliefs").click(position={"x": 200, "y": 60})
    assert re.search(r"as published by \d+ Dec 2024", watch.sentence())
    assert page.locator("input[value=free]").is_checked()


@pytest.mark.without_map
def test_a_development_opens_its_trail_and_goes_to_its_time(watch: Watched) -> None:
    """With a way back."""
    page = watch.open(f"/?{EVENING}")
    page.locator(".developments details").filter(has_text="Regional media report").locator("summary").click()
    expect(page.locator(".trail").first).to_contain_text("Mainstream regional media")
    before = watch.sentence()
    page.get_by_role("button", name="Go to its time").click()
    assert watch.sentence() != before
    page.get_by_role("button", name="Undo").click()
    assert watch.sentence() == before


@pytest.mark.without_map
def test_every_place_is_a_row_of_the_table(watch: Watched) -> None:
    """The same state, narrowed by name or actor; a row chooses its place."""
    page = watch.open("/?at=2024-12-06T12:00:00Z&view=published")
    page.get_by_role("button", name="Table").click()
    expect(page.locator(".table tbody tr")).to_have_count(56)
    page.locator("input[name=filter]").fill("hay'at")
    expect(page.locator(".table tbody tr").first).to_be_visible()
    assert 0 < page.locator(".table tbody tr").count() < 30
    watch.shot("table")
    page.locator(".table tbody button").filter(has_text=re.compile("^Hama$")).click()
    expect(page.locator(".panel h2")).to_contain_text("Hama")


@pytest.mark.without_map
def test_the_six_moments_are_links(watch: Watched) -> None:
    """Each shows its place at its times."""
    page = watch.open()
    page.get_by_role("button", name="Moments").click()
    expect(page.locator(".moments a")).to_have_count(6)
    watch.shot("moments")
    page.locator(".moments a").nth(1).click()
    assert "as published by 3 Dec 2024" in watch.sentence()
    assert "Also claimed" not in watch.sentence()


@pytest.mark.without_map
def test_what_changed_before_is_a_list(watch: Watched) -> None:
    """Without a place in the panel, and for longer beside it."""
    page = watch.open("/?at=2024-12-05T15:00:00Z&view=published")
    expect(page.locator(".panel .changes li").filter(has_text="Hama held by Hay'at")).to_be_visible()
    page.get_by_role("button", name="Changed since").click()
    page.get_by_role("button", name="7 days").click()
    assert page.locator(".popup .changes li").count() > page.locator(".panel .changes li").count()


@pytest.mark.without_map
def test_before_the_record_begins_it_says_so(watch: Watched) -> None:
    """An empty map would read as nobody."""
    page = watch.open("/?place=sy-hama&at=2024-11-01T00:00:00Z&view=published")
    expect(page.locator(".panel .notice")).to_contain_text("Our record begins 27 Nov 2024")


@pytest.mark.without_map
def test_before_anything_was_known_nothing_is_asked(watch: Watched) -> None:
    """On the log's own clock, where the story was recorded just now, and the reader asks what was known in 2024."""
    page = watch.open("/?place=sy-hama&at=2024-12-02T12:00:00Z&follow=then&view=current")
    expect(page.locator(".panel .reasons")).to_contain_text("By then we knew of no place who holds it")
    watch.settled()
    assert not [one for one in watch.asked if "/explain" in one]


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("start", "/"),
        ("changed", "/?at=2024-12-05T15:00:00Z&view=published"),
        pytest.param("table", "/?at=2024-12-05T15:00:00Z&view=published&as=table", marks=pytest.mark.without_map),
    ],
)
def test_axe_finds_nothing(watch: Watched, name: str, address: str) -> None:
    """With a place, without one, and as a table; in both themes."""
    page = watch.open(address)
    expect(page.locator(".reasons")).to_have_attribute("aria-busy", "false")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert watch.violations() == []
        watch.shot(f"{scheme}-{name}")


def test_axe_finds_nothing_in_what_opens(watch: Watched) -> None:
    """Each closes with Escape, and gives the focus back."""
    page = watch.open()
    for name in ("Moments", "Changed since", "Legend"):
        page.get_by_role("button", name=name).click()
        assert watch.violations() == []
        watch.shot(f"open-{name.split(maxsplit=1)[0].lower()}")
        page.keyboard.press("Escape")
        expect(page.locator(".popup:visible")).to_have_count(0)
        expect(page.get_by_role("button", name=name)).to_be_focused()


def test_on_a_telephone(browser: Browser, demo: Served) -> None:
    """360 pixels: nothing runs out of it, what is pressed is large enough, axe finds nothing."""
    with watched(
        browser, demo[0], viewport={"width": 360, "height": 740}, has_touch=True, device_scale_factor=2
    ) as watch:
        page = watch.open()
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        heights = page.locator(".dock button, .dock .follow label, .tools button").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().height).filter(Boolean)"
        )
        assert min(heights) >= 44
        assert watch.violations() == []
        watch.shot("telephone")
        watch.is_quiet()


def test_without_webgl_the_table_and_the_belief_map_work(browser: Browser, demo: Served) -> None:
    """It says why there is no map."""
    with watched(browser, demo[0]) as watch:
        watch.page.add_init_script(
            "HTMLCanvasElement.prototype.getContext = (get => function (kind, ...more) { return kind.startsWith('webgl') ? null : get.call(this, kind, ...more) })(HTMLCanvasElement.prototype.getContext)"
        )
        page = watch.open()
        expect(page.locator("#map")).to_contain_text("no WebGL")
        drag(page, "at", 420)
        assert "Hama is held by Hay'at Tahrir al-Sham." in watch.sentence()
        watch.is_quiet()


def opened_difference(page: Page, place: str) -> str:
    """Open the place among those that differ, and read why."""
    page.locator(".differences summary").filter(has=page.locator("b", has_text=re.compile(f"^{place}$"))).click()
    expect(page.locator(".because").first).to_have_attribute("aria-busy", "false")
    return page.locator(".because").first.inner_text()


def test_two_moments_are_compared_on_both_axes(watch: Watched) -> None:
    """The places that differ as a list, alone on the map, and why each does; the address keeps it."""
    page = watch.open("/?at=2024-12-05T15:00:00Z&follow=today&view=published")
    page.get_by_role("button", name="Compare").click()
    page.locator("input[name=compare]").fill("2024-12-04 15:00")
    page.locator("input[name=compare-known]").fill("soon")
    page.get_by_role("button", name="Compare").last.click()
    assert page.locator("input[name=compare-known]").get_attribute("aria-invalid") == "true"
    page.locator("input[name=compare-known]").fill("2024-12-04 18:00")
    page.get_by_role("button", name="Compare").last.click()

    differences = page.locator(".differences")
    expect(differences).to_contain_text("4 Dec 2024, 18:00 Damascus (15:00 UTC), as published by 4 Dec 2024, 21:00")
    expect(differences.locator("li").filter(has_text=re.compile("^Hama(?! c)")).first).to_contain_text(
        "there: held by Syrian Arab Army"
    )
    expect(page).to_have_url(re.compile("compare=2024-12-04T15:00:00Z%2C2024-12-04T18:00:00Z"))
    said = opened_difference(page, "Hama")
    assert re.search(
        r"HTS media say that their forces control the whole city.*here:\s+decides, confirmed", said, re.DOTALL
    )
    assert re.search(r"there:\s+not known", said)
    assert watch.violations() == []
    watch.shot("compared")
    page.get_by_role("button", name="End", exact=True).click()
    expect(page.locator(".panel")).to_contain_text("Changed in the 24 hours before")


@pytest.mark.without_map
def test_one_moment_is_compared_as_known_at_two(watch: Watched) -> None:
    """What was published by the evening, and what by the next noon: the denial makes the difference."""
    page = watch.open(
        "/?at=2024-12-02T12:00:00Z&follow=today&view=published&compare=2024-12-02T12:00:00Z,2024-12-02T18:00:00Z"
    )
    said = opened_difference(page, "Hama")
    assert "Known here alone:" in said
    assert "denied" in said


def test_two_policies_are_compared(watch: Watched) -> None:
    """Under what a ticker shows, the false report counts; the map has both answers, and each row says why."""
    page = watch.open("/?at=2024-12-02T15:00:00Z&follow=then&view=published")
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("button", name=AS_TOLD).click()

    expect(page.locator(".differences li").filter(has_text="Hama").first).to_contain_text("Hay'at Tahrir al-Sham")
    asked = len([one for one in watch.asked if "/explain" in one])
    said = opened_difference(page, "Hama")
    assert len([one for one in watch.asked if "/explain" in one]) == asked + 2  # for the one that is opened alone
    assert "The rule is another: assessed/1 here, ticker/1 there." in said
    assert re.search(
        r"the city has fallen.*here:\s+pending, unconfirmed\s+there:\s+decides, unconfirmed", said, re.DOTALL
    )
    watch.shot("policies")


def test_a_view_that_is_not_there_is_not_compared_with(browser: Browser, demo: Served) -> None:
    """It says so, and shows the state alone."""
    with watched(browser, demo[0], drawn=False) as watch:
        page = watch.open("/?at=2024-12-02T15:00:00Z&follow=then&view=published&compare=nowhere")
        expect(page.locator(".toast")).to_contain_text("nowhere")
        expect(page.locator(".differences")).to_have_count(0)

"""What leaves the page carries where it comes from: paper, in Debian's chromium on the demo."""

import io
import re
import unicodedata
from typing import Literal

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser import PICTURES, Watched

EVENING = "/?place=sy-hama&at=2024-12-02T12:00:00Z&known=2024-12-02T18:00:00Z&follow=free&view=published"


def printed(page: Page) -> tuple[int, str]:
    """How many pages are printed, and their words as a reader of PDF finds them."""
    found = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    return len(found.pages), bare("".join(one.extract_text() for one in found.pages))


def bare(words: str) -> str:
    """In one case, without spaces and ligatures: lines break where they like, and headings are capitals."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", words)).lower()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_place_is_printed_as_a_report_of_one_page(watch: Watched, theme: Literal["light", "dark"]) -> None:
    """The sentence with both times, why, the developments, what the marks mean, and where it comes from."""
    page = watch.page
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    watch.open(EVENING)
    expect(page.locator(".reasons")).to_have_attribute("aria-busy", "false")
    page.emulate_media(media="print", color_scheme=theme, reduced_motion="reduce")
    expect(page.locator(".report canvas")).to_have_count(2)
    page.set_viewport_size({"width": 703, "height": 1030})
    watch.shot(f"print-{theme}")
    page.emulate_media(media="null", color_scheme=theme, reduced_motion="reduce")
    expect(page.locator(".report")).to_have_count(0)
    expect(page.locator(".reasons")).to_have_attribute("aria-busy", "false")
    with page.expect_response("**/v1/log/checkpoint"):
        page.keyboard.press("Control")
    watch.settled()

    pages, words = printed(page)
    assert pages == 1
    for told in (
        "2 Dec 2024, 15:00 Damascus (12:00 UTC), as published by 2 Dec 2024, 21:00 Damascus (18:00 UTC)",
        "Hama is held by Syrian Arab Army. Also claimed: held by Hay'at Tahrir al-Sham (unconfirmed).",
        "Corroborated: 2 origins report it",
        "Regional media report that the city",
        "claimed, not accepted",
        "At 2024-12-02T12:00:00Z, known by 2024-12-02T18:00:00Z",
        "View published, reported clock, policy assessed/1, position",
    ):
        assert bare(told) in words, told
    assert re.search(r"root[0-9a-f]{8}over[0-9,]+events", words)
    assert "position=" in words
    expect(page.locator(".report")).to_have_count(0)
    expect(page.locator("#panel")).to_be_visible()


def test_without_a_place_what_changed_before_is_printed(watch: Watched) -> None:
    """On one page too, though more changed than fits."""
    page = watch.open("/?at=2024-12-05T15:00:00Z&view=published")
    expect(page.locator(".reasons")).to_have_attribute("aria-busy", "false")
    pages, words = printed(page)

    assert pages == 1
    assert bare("Hama held by Hay'at Tahrir al-Sham") in words
    assert bare("places have a known holder") in words


def test_the_map_is_printed_as_it_is_seen(watch: Watched) -> None:
    """Not as an empty frame: WebGL forgets what it drew."""
    page = watch.open(EVENING)
    page.emulate_media(media="print", reduced_motion="reduce")
    colours = page.locator(".sheet-map canvas").evaluate(
        "canvas => new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"
    )
    assert colours > 100


def csv_of(page: Page) -> list[str]:
    """The lines of the table that is taken away."""
    with page.expect_download() as taken:
        page.get_by_role("button", name="CSV").click()
    return taken.value.path().read_text("utf-8").splitlines()


def test_what_is_narrowed_is_narrowed_everywhere(watch: Watched) -> None:
    """On the map, in the table, in the CSV, on paper; the map says how many are left, and clears it."""
    page = watch.open("/?at=2024-12-06T12:00:00Z&view=published&filter=hay'at&map=7/35.2/36.8")
    chip = page.locator(".narrowed")
    expect(chip).to_contain_text("of 56 places")
    count = int(re.search(r"(\d+) of 56", chip.inner_text())[1])  # type: ignore[index]
    assert watch.violations() == []
    watch.shot("narrowed")

    lines = csv_of(page)
    assert [one for one in lines if "match “hay'at”" in one]
    assert len([one for one in lines if not one.startswith("#")]) == count + 1
    page.get_by_role("button", name="Table").click()
    expect(page.locator(".table tbody tr")).to_have_count(count)
    page.get_by_role("button", name="Table").click()

    page.mouse.click(*where(page, "sy-latakia"))
    assert "place=" not in page.url
    watch.open("/?at=2024-12-06T12:00:00Z&view=published&filter=no+such+words&map=7/35.2/36.8")
    expect(chip).to_contain_text("No place matches.")
    chip.get_by_role("button").click()
    expect(chip).to_be_hidden()
    page.mouse.click(*where(page, "sy-hama"))
    expect(page.locator(".panel h2")).to_contain_text("Hama")


def where(page: Page, place: str) -> tuple[float, float]:
    """Where a place is on the screen."""
    x, y = page.evaluate(
        """async place => {
          const { chart } = await import(document.querySelector('script[type=module]').src);
          const { numberOf } = await import(document.querySelector('script[type=module]').src.replace('main.js', 'world.js'));
          const part = chart.whereIs(numberOf(place));
          const box = chart.map.getCanvas().getBoundingClientRect();
          return [box.left + part[0] * box.width, box.top + part[1] * box.height];
        }""",
        place,
    )
    return x, y


#: What everything that leaves carries: both times, view, clock, policy, position, root, and a pinned link.
CARRIED = (
    r"At 2024-12-02T12:00:00Z, known by 2024-12-02T18:00:00Z",
    r"View published, reported clock, policy assessed/1, position \d+, root [0-9a-f]{8} over \d+ events",
    r"http://127\.0\.0\.1:\d+/\?place=sy-hama&at=2024-12-02T12:00:00Z&known=2024-12-02T18:00:00Z&follow=free&view=\d+&position=\d+",
)


@pytest.mark.without_map
def test_the_table_is_led_by_where_it_comes_from(watch: Watched) -> None:
    """In lines that a reader of CSV leaves out, before its head."""
    watch.open(EVENING)
    lines = csv_of(watch.page)
    head = [one for one in lines if one.startswith("# ")]

    assert lines[len(head)].startswith("location_id,name,lon,lat,mode")
    assert "Hama is held by Syrian Arab Army." in head[0]
    for carried in CARRIED:
        assert [one for one in head if re.search(carried, one)], carried


def test_the_picture_says_where_it_comes_from(watch: Watched) -> None:
    """Its sentence above the map, the rest below; nothing runs out of it."""
    watch.page.add_init_script(
        """window.written = [];
        CanvasRenderingContext2D.prototype.fillText = (write => function (words, x, y, ...more) {
          if (this.canvas.isConnected === false) window.written.push([words, x + this.measureText(words).width, this.canvas.width]);
          return write.call(this, words, x, y, ...more);
        })(CanvasRenderingContext2D.prototype.fillText);"""
    )
    page = watch.open(EVENING)
    with page.expect_download() as taken:
        page.get_by_role("button", name="Image").click()
    written = page.evaluate("window.written")
    picture = Image.open(taken.value.path())
    picture.save(PICTURES / "taken-away.png")

    words = "".join(one[0] for one in written)
    for carried in ("Hama is held by Syrian Arab Army.", "Hay'at Tahrir al-Sham", "imply no endorsement", *CARRIED):
        assert re.search(carried, words), carried
    assert all(right <= width for _, right, width in written)
    assert picture.width == page.locator("#map canvas").first.evaluate("canvas => canvas.width")
    assert picture.height > picture.width * 0.6

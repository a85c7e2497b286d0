"""Colours, initials and a basemap of the operator's: told over HTTP, and drawn in Debian's chromium."""

import json
from pathlib import Path

from playwright.sync_api import Browser, expect

from services.timeline.page.assets import ROOT
from tests.acceptance.test_cli import NOWHERE, assert_one_line, run
from tests.browser import Served, Told, demo_served, watched
from tests.unit.test_furnishing import MAP, written

PLACE = "/?place=sy-hama&at=2024-12-05T20:00:00Z&view=published&map=10.5/35.13/36.75"


def test_what_the_operator_chose_is_drawn(browser: Browser, told_demo: Told, tmp_path: Path) -> None:
    """The mark on the map, the legend with the initials, and whose map it is."""
    colours = tmp_path / "colours.json"
    colours.write_text(json.dumps({"hts": {"colour": "#7A4B00", "initials": "Q7"}}), "utf-8")
    with (
        demo_served(told_demo, colours=colours, basemap=written(tmp_path, MAP)) as (client, _),
        watched(browser, client) as watch,
    ):
        assert client.get("/v1/map/basemap").json() == MAP
        page = watch.open(PLACE)
        expect(page.locator(".credit")).to_contain_text("Survey of Nowhere")
        expect(page.locator(".panel h2 circle").first).to_have_attribute("fill", "#7A4B00")
        painted = page.evaluate(
            """async () => {
              const { chart } = await import(document.querySelector('script[type=module]').src);
              const { snapshot } = await import(document.querySelector('script[type=module]').src.replace('main.js', 'picture.js'));
              const canvas = snapshot(chart);
              const of = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
              let found = 0;
              for (let at = 0; at < of.length; at += 4) found += of[at] === 0x7a && of[at + 1] === 0x4b && of[at + 2] === 0;
              return found;
            }"""
        )
        assert painted > 50
        page.get_by_role("button", name="Legend").click()
        expect(page.locator(".swatch", has_text="Q7")).to_have_count(1)
        assert watch.violations() == []
        watch.shot("operators-colours")
        watch.is_quiet()


def test_without_a_choice_the_page_draws_its_own(demo: Served) -> None:
    """And tells that."""
    client = demo[0]
    assert client.get("/v1/map/look").json() == {"actors": [], "basemap_credit": None}
    assert client.get("/v1/map/basemap").content == ROOT.joinpath("vendor", "basemap.json").read_bytes()


def test_a_file_that_will_not_do_ends_the_service_before_it_begins(tmp_path: Path) -> None:
    """In one line, with exit code 2."""
    bad = tmp_path / "colours.json"
    bad.write_text('{"hts": {"colour": "blue"}}', "utf-8")
    assert_one_line(
        run(NOWHERE, "serve", TIMELINE_COLOURS=str(bad)), 2, "TIMELINE_COLOURS", "hts: a colour is written as #ac801e"
    )

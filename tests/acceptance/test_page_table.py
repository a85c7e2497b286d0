"""The table of the page in Debian's chromium: sorted by any column, narrowed, walked with the keyboard alone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Watched

TABLE = "/?at=2024-12-06T12:00:00Z&view=published&as=table"


pytestmark = pytest.mark.without_map


def column(page: Page, number: int) -> list[str]:
    """What the rows say in a column."""
    cells = page.locator(f".table tbody tr > :nth-child({number})").all_inner_texts()
    return [one.strip() for one in cells]


def test_a_table_is_sorted_by_any_column(watch: Watched) -> None:
    """A press sorts, another turns it round; what is empty comes last; the address keeps it; names order what is equal."""
    page = watch.open(TABLE)
    names = column(page, 1)
    assert names == sorted(names, key=str.casefold)
    page.get_by_role("button", name="Standing").click()
    standings = column(page, 4)
    said = [one for one in standings if one]
    assert [one for one in said if one == "confirmed"] == said[: said.count("confirmed")]
    assert standings == said + [""] * (len(standings) - len(said))
    assert 0 < len(said) < len(standings)
    page.get_by_role("button", name="Standing").click()
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    assert column(page, 4)[len(said) - 1] == "confirmed"
    assert column(page, 4)[len(said) :] == [""] * (len(standings) - len(said))
    expect(page).to_have_url(re.compile("sort=-standing"))
    assert watch.violations() == []
    watch.shot("table-sorted")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert column(page, 4)[len(said) - 1] == "confirmed"
    page.get_by_role("button", name="Place", exact=True).click()
    assert column(page, 1) == names


def test_rows_are_reached_with_the_keyboard_alone(watch: Watched) -> None:
    """One stop of the tab key, arrows within; Enter chooses, and the focus stays; from there to the map."""
    page = watch.open(TABLE)
    page.locator("input[name=filter]").focus()
    for _ in range(7):  # six headers, then the rows
        page.keyboard.press("Tab")
    focused = page.locator(":focus")
    first, last = column(page, 1)[0], column(page, 1)[-1]
    assert focused.inner_text().strip() == first
    page.keyboard.press("End")
    assert focused.inner_text().strip() == last
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = focused.inner_text().strip()
    page.keyboard.press("Enter")
    expect(page.locator(".panel h2")).to_contain_text(chosen)
    assert focused.inner_text().strip() == chosen
    page.keyboard.press("ArrowRight")  # is nobody's
    page.get_by_role("button", name="In the world").or_(page.get_by_role("slider", name="In the world")).focus()
    page.keyboard.press("PageDown")
    expect(page.locator(".table tr[aria-current] .row")).to_have_text(chosen)
    page.get_by_role("button", name="On the map").press("Enter")
    expect(page.locator("#table")).to_be_hidden()
    expect(page).not_to_have_url(re.compile("as=table"))


def test_the_dock_says_that_its_bars_do_not_obey_the_filter(watch: Watched) -> None:
    """They are counted by the service, which knows nothing of it."""
    page = watch.open(f"{TABLE}&filter=aleppo")
    expect(page.locator(".dock .note")).to_have_text("The bars count all places, whatever the filter.")
    assert 0 < len(column(page, 1)) < 10
    page.get_by_role("button", name="Clear the filter").click()
    expect(page.locator(".dock .note")).to_have_text("")
    assert len(column(page, 1)) == 56
    page.locator("input[name=filter]").fill("zzz")
    expect(page.locator(".table tbody")).to_contain_text("No place matches.")
    assert watch.violations() == []

"""The page of the demo in Debian's chromium with the keyboard alone: everything is reached, seen where it is reached, and left again."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Watched

#: What holds the focus: how it is called, whether one sees that it does, and whether it is in view.
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const box = one.getBoundingClientRect();
  const rings = [[one, null], [one, '::after'], [one.nextElementSibling, null], [one.closest('label'), null]];
  const ring = rings.some(([each, part]) => {
    if (!each) return false;
    const style = getComputedStyle(each, part);
    return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== 'none';
  });
  const where = one.closest('#tools, #panel, #dock, #map, #table, #audit')?.id ?? '';
  return {
    where, ring, seen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    name: one.getAttribute('aria-label') || one.innerText || one.labels?.[0]?.innerText || one.value || one.tagName,
  };
}"""


def walked(page: Page, most: int = 120) -> list[dict[str, Any]]:
    """Every stop of the tab key from the beginning of the page until it is left."""
    page.evaluate("() => { document.activeElement?.blur(); window.getSelection()?.removeAllRanges(); }")
    stops: list[dict[str, Any]] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop is None:
            return stops
        stops.append(stop)
    raise AssertionError(f"the tab key does not come to an end: {[one['name'][:30] for one in stops[-20:]]}")


@pytest.mark.parametrize(
    ("state", "places"),
    [
        ("", ["tools", "map", "panel", "dock"]),
        ("&as=table", ["tools", "table", "panel", "dock"]),
        ("&as=audit", ["tools", "audit", "panel", "dock"]),
    ],
)
def test_the_tab_key_goes_through_all_of_the_page(watch: Watched, state: str, places: list[str]) -> None:
    """In the order in which it is read, each stop in view and marked; what lies under something else is no stop."""
    page = watch.open(f"/?place=sy-hama&at=2024-12-02T15:00:00Z&follow=then&view=published{state}")
    expect(page.locator(".reasons")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".developments > li").first).to_be_visible()
    watch.settled()
    stops = walked(page)

    assert [one["name"] for one in stops if not one["ring"]] == []
    assert [one["name"] for one in stops if not one["seen"]] == []
    order = [one["where"] for one in stops if one["where"]]
    assert [where for at, where in enumerate(order) if at == 0 or order[at - 1] != where] == places
    names = " | ".join(one["name"] for one in stops)
    for name in ("Find a place", "Moments", "Table", "Share", "Every claim considered", "Copy link", "As seen then", "Play", "In the world", "Known"):  # fmt: skip
        assert name in names, names
    assert any(one["name"].startswith("Hama. Across: the time in the world.") for one in stops)


@pytest.mark.without_map
def test_the_belief_map_is_walked_with_the_arrows(watch: Watched) -> None:
    """Across the time in the world, up and down the known one: the false report comes and goes."""
    page = watch.open("/?place=sy-hama&at=2024-12-02T12:00:00Z&known=2024-12-02T18:00:00Z&follow=free&view=published")
    assert "Also claimed" in watch.sentence()
    page.locator("canvas.beliefs").first.focus()
    for _ in range(4):
        page.keyboard.press("Shift+ArrowUp")
    assert "Also claimed" not in watch.sentence()
    assert "2 Dec 2024, 15:00 Damascus (12:00 UTC)" in watch.sentence()
    known = page.locator("input[name=known]").input_value()
    page.keyboard.press("ArrowLeft")
    assert "2 Dec 2024, 15:00 Damascus (12:00 UTC)" not in watch.sentence()
    assert page.locator("input[name=known]").input_value() == known
    assert watch.violations() == []


def test_a_place_on_the_map_is_chosen_through_the_table(watch: Watched) -> None:
    """From the button above by keys alone: filter, row, and back to the map, which brings it into view."""
    page = watch.open("/?at=2024-12-06T12:00:00Z&view=published&map=9/35.13/36.75")
    page.get_by_role("button", name="Table").focus()
    page.keyboard.press("Enter")
    page.locator("input[name=filter]").focus()
    page.keyboard.type("al-bukamal")
    expect(page.locator(".table tbody tr").first).to_contain_text("Al-Bukamal")
    rows = page.locator(".table tbody .row").first
    while not page.evaluate("document.activeElement.matches('.table tbody .row')"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".panel h2")).to_contain_text("Al-Bukamal")
    expect(rows).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="On the map")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#table")).to_be_hidden()
    inside = "import(document.querySelector('script[type=module]').src).then(({ chart }) => chart.map.getBounds().contains([40.92, 34.45]))"
    page.wait_for_function(f"() => {inside}")

"""The audit page in Debian's chromium: proofs checked in the browser, and a lying service found out."""

import base64
import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from services.timeline.audit.notes import PrivateKey
from tests.browser import Watched

AUDIT = "/?place=sy-hama&at=2024-12-02T15:00:00Z&follow=then&view=published&as=audit"


#: The false report of the 2nd: reported, carried on, denied, and rejected.
FALSE_FALL = "6022e8f8-7c73-589e-b31f-9cf75c2b482a"
DEVELOPMENT = f"{AUDIT}&development={FALSE_FALL}"


pytestmark = pytest.mark.without_map


def checked(page: Page) -> str:
    """Press the button, and read the verdict."""
    page.get_by_role("button", name="Check the proofs").click()
    expect(page.locator(".verdict")).not_to_contain_text("Checking", timeout=20_000)
    expect(page.locator(".verdict")).to_contain_text(".")
    return page.locator(".verdict").inner_text()


def altered(watch: Watched, pattern: str, alter: object) -> None:
    """Let the service answer with something else than it does."""

    def lie(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=alter(answer.text()))  # type: ignore[operator]

    watch.page.route(pattern, lie)


def test_every_event_behind_a_status_is_proved_in_the_browser(watch: Watched) -> None:
    """The key is pinned at first use and shown; a second look continues the first."""
    page = watch.open(AUDIT)
    said = checked(page)

    assert "All 17 events are in the log of 297 events" in said
    assert "pinned just now" in said
    assert page.locator(".check").all_inner_texts() == ["✓"] * 17
    assert watch.violations() == []
    watch.shot("audit")
    again = checked(page)
    assert "the one that was pinned before" in again
    assert "continues the log of 297" in again


def test_then_and_today_stand_side_by_side(watch: Watched) -> None:
    """With what changed it in between."""
    page = watch.open(AUDIT)
    sides = page.locator(".sides")
    expect(sides).to_contain_text("Also claimed")
    expect(page.locator(".audit .changes li").first).to_contain_text("denied")


def another_leaf(receipt: str) -> str:
    lines = receipt.split("\n")
    at = next(number for number, line in enumerate(lines) if line.startswith("extra "))
    leaf = json.loads(base64.b64decode(lines[at][6:])) | {"recorded_by": "somebody else"}
    lines[at] = "extra " + base64.b64encode(json.dumps(leaf).encode()).decode()
    return "\n".join(lines)


def another_root(note: str) -> str:
    lines = note.split("\n")
    lines[2] = base64.b64encode(bytes(32)).decode()
    return "\n".join(lines)


def another_index(receipt: str) -> str:
    return receipt.replace("index ", "index 1", 1)


LIES = [
    ("**/v1/log/receipts/*", another_leaf, "leads to another root than the signed one"),
    ("**/v1/log/receipts/*", another_index, "is of another event"),
    ("**/v1/log/receipts/*", lambda receipt: receipt.replace("@v1", "@v2"), "is not written as one"),
    ("**/v1/log/checkpoint", another_root, "bears a signature of"),
    ("**/v1/log/checkpoint", lambda note: note.split("\n\n")[0] + "\n\n", "no key that is pinned here has signed"),
]


def test_a_lying_service_is_found_out(watch: Watched) -> None:
    """Another leaf, another place, another root, no signature: each by itself; told the truth, it is content again."""
    page = watch.open(AUDIT)
    for pattern, alter, reason in LIES:
        altered(watch, pattern, alter)
        said = checked(page)
        assert "NOT proved" in said
        assert reason in said
        watch.settled()  # nothing is still being altered
        page.unroute(pattern)
    assert "All 17 events" in checked(page)


def test_the_trail_of_a_development_is_proved_too(watch: Watched) -> None:
    """Opened from the panel: who said what, the standing after each step and its rule, who recorded it, each leaf; and back."""
    page = watch.open(AUDIT.replace("&as=audit", ""))
    page.locator(".developments details").filter(has_text="Regional media report").locator("summary").click()
    page.get_by_role("button", name="Audit this").click()
    expect(page.locator(".audit h2")).to_have_text("The record of a development: captured, Hama")
    expect(page).to_have_url(re.compile(f"development={FALSE_FALL}.*as=audit"))
    steps = page.locator(".audit tr.event")
    expect(steps).to_have_count(4)  # what was said by then; the verdict came later
    expect(steps.nth(1)).to_contain_text("citing Mainstream regional media (unnamed), reported too")
    expect(steps.nth(1)).to_contain_text("rule 3 of standings, unconfirmed")
    expect(steps.nth(1)).to_contain_text("demo")

    assert "All 4 events are in the log of 297 events" in checked(page)
    assert page.locator(".check").all_inner_texts() == ["✓"] * 4
    assert watch.violations() == []
    watch.shot("audit-development")
    page.reload()
    expect(steps).to_have_count(4)
    page.get_by_role("button", name="The record behind Hama").click()
    expect(page.locator(".audit h2")).to_have_text("The record behind Hama")
    expect(page).not_to_have_url(re.compile("development="))
    page.locator(".audit .link").filter(has_text="Regional media report").first.click()
    expect(steps).to_have_count(4)
    page.keyboard.press("Escape")
    page.locator(".audit .close").press("Escape")
    expect(page.locator(".audit").first).to_be_hidden()


def test_a_service_that_lies_about_a_development_is_found_out(watch: Watched) -> None:
    """Another leaf, another root, no signature; and a trail that names another recorder, or another leaf, than is proved."""
    page = watch.open(DEVELOPMENT)
    for pattern, alter, reason in LIES:
        altered(watch, pattern, alter)
        said = checked(page)
        assert "NOT proved" in said
        assert reason in said
        watch.settled()  # nothing is still being altered
        page.unroute(pattern)
    assert "All 4 events" in checked(page)
    other = base64.b64encode(bytes(32)).decode()
    for field, value in (("recorded_by", "somebody else"), ("leaf_hash", other), ("event_id", FALSE_FALL)):

        def lie(text: str, field: str = field, value: str = value) -> str:
            told = json.loads(text)
            told["trail"][2][field] = value
            return json.dumps(told)

        altered(watch, "**/v1/audit/developments/*", lie)
        page.reload()
        assert "the event at 173 is another than the one shown" in checked(page)
        watch.settled()  # nothing is still being altered
        page.unroute("**/v1/audit/developments/*")


def test_many_claims_are_told_a_page_at_a_time(watch: Watched) -> None:
    """How many are shown is said; the proofs are of those, and say so; more are fetched and checked with them."""
    page = watch.page
    page.route("**/v1/audit/locations/sy-hama?at=*", lambda route: route.continue_(url=f"{route.request.url}&limit=1"))
    page.route(
        "**/v1/audit/locations/sy-hama?view=*", lambda route: route.continue_(url=f"{route.request.url}&limit=1")
    )
    watch.open(AUDIT)
    more = page.locator(".audit .more")
    expect(more).to_contain_text("1 of 3 claims are shown. Claims not shown and not checked: 2, all earlier.")
    shown = page.locator(".audit tr.event").count()
    said = checked(page)
    assert f"The {shown} events shown are in the log of 297 events" in said
    assert "Claims not shown and not checked: 2" in said
    assert watch.violations() == []
    watch.shot("audit-pages")
    page.get_by_role("button", name="Show more").click()
    expect(more).to_contain_text("2 of 3 claims are shown.")
    page.get_by_role("button", name="Show more").click()
    expect(more).to_have_count(0)
    assert "All 17 events" in checked(page)


def test_another_key_than_the_pinned_one_is_refused(watch: Watched) -> None:
    """A whole log rewritten and signed anew is another log to whoever pinned the key."""
    page = watch.open(AUDIT)
    checked(page)
    other = str(PrivateKey.generate("timeline.invalid/other").public)
    page.evaluate("line => localStorage.setItem('timeline-log-keys', JSON.stringify([line]))", other)

    assert "no key that is pinned here has signed" in checked(page)
    page.get_by_role("button", name="Forget the pinned key").click()
    assert "All 17 events" in checked(page)


def test_a_log_that_was_rolled_back_is_found_out(watch: Watched) -> None:
    """A browser that saw a longer log remembers its root."""
    page = watch.open(AUDIT)
    checked(page)
    page.evaluate(
        "() => localStorage.setItem('timeline-log-seen', localStorage.getItem('timeline-log-seen').replace('297', '298'))"
    )

    assert "NOT proved" in checked(page)


def test_corrections_are_a_list(watch: Watched) -> None:
    """What was accepted for an hour or more, and then was not; an entry leads there."""
    page = watch.open("/?at=2024-12-09T12:00:00Z&view=published")
    page.get_by_role("button", name="Corrections").click()
    expect(page.locator(".popup section")).to_have_attribute("aria-busy", "false")
    assert watch.violations() == []
    watch.shot("corrections")

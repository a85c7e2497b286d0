"""The audit page in Debian's chromium: proofs checked in the browser, and a lying service found out."""

import base64
import json

from playwright.sync_api import Page, Route, expect

from services.timeline.audit.notes import PrivateKey
from tests.browser import Watched

AUDIT = "/?place=sy-hama&at=2024-12-02T15:00:00Z&follow=then&view=published&as=audit"


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
        page.unroute(pattern)
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

"""The desk of the page as a person works at it: choose what to record, name who said it, fill in, record, read the answer."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.acceptance.test_access import bearing
from tests.browser import Served, Watched

SALMA = "/?place=sy-salma&at=2024-12-09T12:00:00Z&follow=today&view=published&as=desk"
HAMA = "/?place=sy-hama&at=2024-12-02T12:00:00Z&follow=today&view=published&as=desk"


class AtTheDesk:
    """Somebody at the desk."""

    def __init__(self, watch: Watched, address: str = SALMA) -> None:
        self.watch = watch
        self.page: Page = watch.open(address)
        self.desk = self.page.locator("#desk")
        self.verdict = self.desk.locator(".verdict")
        expect(self.desk.locator("form")).to_be_visible()

    def choose(self, command: str) -> None:
        """What to record, by the words of its button."""
        self.desk.get_by_role("radio", name=command, exact=True).check(force=True)

    def field(self, label: str) -> Locator:
        """The control under a label, of those that are to be seen."""
        return self.desk.get_by_label(label, exact=True).locator("visible=true")

    def fill(self, **said: str) -> None:
        """Text fields and choices by their names."""
        for name, value in said.items():
            control = self.desk.locator(f"form [name={name}]").first
            if control.evaluate("one => one.tagName") == "SELECT":
                control.select_option(value)
            else:
                control.fill(value)

    def carried_by(self, *names: str) -> None:
        """The chain, outermost first, each found by a part of its name."""
        for name in names:
            box = self.desk.locator("input[name=chain]")
            box.fill(name)
            self.desk.locator(".chain .hits li").first.wait_for()
            box.press("Enter")

    def chain(self) -> list[str]:
        """The ids in the chain, in their order."""
        found: list[str] = self.desk.locator(".chain .chosen li").evaluate_all("all => all.map(one => one.dataset.id)")
        return found

    def actor(self, row: int, actor: str) -> None:
        self.desk.locator(".of-participant [name=actor_id]").nth(row).select_option(actor)

    def about(self, words: str) -> str:
        """Choose the development whose words these are; its id."""
        select = self.desk.locator("select[name=development]")
        option = select.locator("option").filter(has_text=words)
        expect(option).to_have_count(1)
        found = option.get_attribute("value")
        assert found is not None
        select.select_option(found)
        expect(self.desk.locator(".about .card")).to_contain_text(words)
        return found

    def said_of(self, name: str) -> Locator:
        """What the service says of a field, beside it."""
        return self.desk.locator(f"[data-path='{name}'] > .wrong")

    def record(self) -> None:
        self.desk.get_by_role("button", name="Record", exact=True).click()

    def recorded(self) -> int:
        """Record, and the position at which it is."""
        self.verdict.evaluate("one => one.replaceChildren()")
        self.record()
        expect(self.verdict).to_contain_text("Recorded at position")
        found = re.search(r"position ([\d,]+)", self.verdict.inner_text())
        assert found is not None
        return int(found[1].replace(",", ""))

    def foresee(self) -> str:
        """Ask what it would change, and what is answered."""
        self.verdict.evaluate("one => one.replaceChildren()")
        self.desk.get_by_role("button", name="What would it change?").click()
        expect(self.desk.locator(".foreseen")).to_be_visible()
        return self.verdict.inner_text()

    def capture(self, summary: str, source: str = "Syrian Observatory") -> None:
        """A capture by HTS, told by one source and credible."""
        self.fill(kind="captured", summary=summary, credibility="2")
        self.actor(0, "hts")
        self.carried_by(source)


def event_at(demo: Served, position: int, key: str | None = None) -> dict[str, Any]:
    """What stands in the log."""
    headers = bearing(key) if key else {}
    [one] = demo[0].get("/v1/events", params={"after": position - 1, "limit": 1}, headers=headers).json()["events"]
    event: dict[str, Any] = one["event"]
    return event

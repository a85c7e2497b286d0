"""What the tests of the page share: one Chromium, the demo told once, and one service of it for all who only read."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import Served, Told, Watched, chromium, demo_served, told_once, watched


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, for the whole run; every test has a context of its own in it."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def told_demo(postgres_18: str) -> Iterator[Told]:
    """The demo's story, to be copied."""
    with told_once(postgres_18) as told:
        yield told


@pytest.fixture(scope="session")
def demo(told_demo: Told) -> Iterator[Served]:
    """The demo's story, served; for reading."""
    with demo_served(told_demo) as served:
        yield served


@pytest.fixture
def own_demo(told_demo: Told) -> Iterator[Served]:
    """The same to write to."""
    with demo_served(told_demo) as served:
        yield served


@pytest.fixture
def watch(browser: Browser, demo: Served, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """A page of the demo, without its map where a test is marked so; it must be quiet at the end."""
    with watched(browser, demo[0], drawn=request.node.get_closest_marker("without_map") is None) as page:
        yield page
        page.is_quiet()

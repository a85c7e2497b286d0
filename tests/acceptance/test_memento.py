"""RFC 7089: the protocol's own client goes back in time on a place's status, and finds what was told then."""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from memento_client import MementoClient

from services.timeline import story
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings
from tests.acceptance.test_rest import assert_problem, reported, served, small_world
from tests.conftest import fresh_database

HAMA = "/v1/locations/sy-hama/status"
EVENING = datetime(2024, 12, 2, 18, tzinfo=UTC)


@pytest.fixture(scope="module")
def told(postgres_18: str) -> Iterator[tuple[httpx2.Client, Timeline]]:
    """The demo's story, served."""
    with fresh_database(postgres_18) as database, opened(Settings(database_url=database)) as timeline:
        story.load(timeline)
        with served(timeline) as client:
            yield client, timeline


def when(moment: datetime) -> dict[str, str]:
    return {"Accept-Datetime": format_datetime(moment, usegmt=True)}


def test_the_protocols_own_client_finds_the_memento(told: tuple[httpx2.Client, Timeline]) -> None:
    """`memento_client` 0.6 passes by a resource that is its own TimeGate (RFC 7089, 4.1.1), so it is told of one: before each
    original it puts the address of a TimeGate, here none.
    """
    base = str(told[0].base_url).rstrip("/")
    original = f"{base}{HAMA}?view=published"
    with MementoClient(timegate_uri="") as client:
        found = client.get_memento_info(original, EVENING.replace(tzinfo=None))
        closest = found["mementos"]["closest"]
        assert found["original_uri"] == found["timegate_uri"] == original
        assert closest["datetime"] == EVENING.replace(tzinfo=None)
        assert closest["http_status_code"] == 200
        assert closest["uri"] == [f"{base}{HAMA}/20241202180000?view=published"]
        assert client.is_memento(closest["uri"][0])
        assert client.is_timegate(original)
        assert client.get_original_uri(closest["uri"][0]) == original


def test_a_memento_is_what_was_told_then(told: tuple[httpx2.Client, Timeline]) -> None:
    """The status at that moment as known at that moment; where `at` is fixed, at that one."""
    client, _ = told
    there = client.get(f"{HAMA}?view=published", headers=when(EVENING))
    assert there.status_code == 302
    assert "Accept-Datetime" in there.headers["Vary"]
    memento = client.get(there.headers["Location"])
    assert memento.headers["Memento-Datetime"] == "Mon, 02 Dec 2024 18:00:00 GMT"
    assert "Accept-Datetime" not in memento.headers["Vary"]
    told_then = "2024-12-02T18:00:00Z"
    assert memento.json() == client.get(f"{HAMA}?at={told_then}&known_at={told_then}&view=published").json()
    assert [one["holders"] for one in memento.json()["control"]["pending"]] == [["hts"]]

    noon = "2024-12-02T12:00:00Z"
    fixed = client.get(f"{HAMA}?view=published&at={noon}", headers=when(EVENING), follow_redirects=True)
    assert fixed.json() == client.get(f"{HAMA}?at={noon}&known_at={told_then}&view=published").json()
    for rel in ("original timegate", "timemap"):
        assert f'rel="{rel}"' in memento.headers["Link"]


def links(text: str) -> list[tuple[str, str, str | None]]:
    """Address, relation and datetime of each link of a TimeMap."""
    found = re.findall(r'<([^>]+)>; rel="([^"]+)"(?:; type="[^"]+")?(?:; datetime="([^"]+)")?', text)
    return [(address, rel, moment or None) for address, rel, moment in found]


def mementos(client: httpx2.Client, address: str) -> list[tuple[str, str, str | None]]:
    """Those of all pages of a TimeMap."""
    found: list[tuple[str, str, str | None]] = []
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/link-format"
        here = links(answer.text)
        found += [one for one in here if "memento" in one[1].split()]
        address = next((one[0] for one in here if one[1] == "timemap"), "")
    return found


def asserted(client: httpx2.Client, address: str) -> Any:
    control = client.get(address).json()["control"]
    return [control[name] for name in ("mode", "holders", "standing", "basis")] + [
        (one["holders"], one["standing"], one["latest"]) for one in control["pending"]
    ]


@pytest.mark.parametrize("more", ["", "&at=2024-12-02T12:00:00Z"])
def test_a_timemap_lists_each_moment_at_which_the_answer_changed(
    told: tuple[httpx2.Client, Timeline], more: str
) -> None:
    """One second before a memento another was told; between two of them nothing changed."""
    client, _ = told
    whole = mementos(client, f"/v1/locations/sy-hama/timemap?view=published{more}")
    assert len(whole) > 5
    assert whole == mementos(client, f"/v1/locations/sy-hama/timemap?view=published{more}&limit=2")
    assert whole[0][1] == "first memento"
    assert whole[-1][1] == "last memento"
    moments = [
        datetime.strptime(moment or "", "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC) for _, _, moment in whole
    ]
    assert moments == sorted(set(moments))
    address = f"{HAMA}/%s?view=published{more}"
    for earlier, later in pairwise(moments):
        before = later - timedelta(seconds=1)
        said, last, changed = (
            asserted(client, address % one.strftime("%Y%m%d%H%M%S")) for one in (earlier, before, later)
        )
        assert said == last, (earlier, later)
        assert last != changed, later


def test_on_our_own_clock_nothing_is_remembered_before_the_place_was_registered(postgres_18: str) -> None:
    """Whoever asks for earlier is led to the first memento, for later to the newest; what is to come is 404."""
    with fresh_database(postgres_18) as database, opened(Settings(database_url=database)) as timeline:
        timeline.writer.append([json.dumps(one).encode() for one in small_world()], "key:founder", atomic=True)
        time.sleep(1.1)  # mementos are seconds apart
        timeline.writer.append([json.dumps(reported()).encode()], "key:founder")
        timeline.follower.follow()
        time.sleep(1.1)
        with served(timeline) as client:
            listed = mementos(client, "/v1/locations/hama/timemap")
            first, last = listed[0][0], listed[-1][0]
            assert len(listed) >= 1
            early = client.get("/v1/locations/hama/status", headers=when(EVENING - timedelta(days=9999)))
            assert early.headers["Location"] == first
            assert client.get(first).status_code == 200
            late = client.get("/v1/locations/hama/status", headers=when(datetime(2999, 1, 1, tzinfo=UTC)))
            now = client.get(late.headers["Location"])
            assert now.status_code == 200
            assert now.json()["known_position"] == timeline.log.head().position
            assert now.json()["control"]["basis"] == client.get(last).json()["control"]["basis"]
            assert client.get("/v1/locations/hama/status/20010101000000").status_code == 404
            assert_problem(client.get("/v1/locations/hama/status/29990101000000"), 404)


@pytest.mark.parametrize(
    "said",
    ["yesterday", "", "2024-12-02T18:00:00Z", "Mon, 02 Dec 2024 18:00:00 +0300", "Mon, 99 Dec 2024 18:00:00 GMT"],
)
def test_a_date_that_is_none_is_400(told: tuple[httpx2.Client, Timeline], said: str) -> None:
    """RFC 7089, section 4.5.3."""
    assert_problem(told[0].get(HAMA, headers={"Accept-Datetime": said}), 400)


def test_a_status_known_at_a_fixed_moment_does_not_move(told: tuple[httpx2.Client, Timeline]) -> None:
    """It is one answer, whatever is accepted; and an address that is no moment is refused."""
    answer = told[0].get(f"{HAMA}?known_at=2024-12-03T12:00:00Z&view=published", headers=when(EVENING))
    assert answer.status_code == 200
    assert "Link" not in answer.headers
    for moment in ("20241350000000", "2024"):
        assert_problem(told[0].get(f"{HAMA}/{moment}"), 422)
    assert_problem(told[0].get("/v1/locations/nowhere/timemap"), 404)
    assert_problem(told[0].get("/v1/locations/nowhere/status", headers=when(EVENING)), 404)

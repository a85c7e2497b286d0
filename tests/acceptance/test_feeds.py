"""Feeds of developments, read by a reader of feeds, and by hand where the format is young."""

import json
import time
from collections.abc import Iterator
from typing import Any

import feedparser
import httpx2
import pytest

from services.timeline import story
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings
from tests.acceptance.test_access import _opened, bearing, new_key
from tests.acceptance.test_rest import assert_problem, reported, served
from tests.conftest import fresh_database

JSON, ATOM = "/v1/feeds/developments.json", "/v1/feeds/developments.atom"
QUERIES = (
    "?location=sy-hama",
    "?within=sy&kind=captured&limit=5",
    "?text=fallen",
    "?order=oldest&limit=3",
)


@pytest.fixture(scope="module")
def told(postgres_18: str) -> Iterator[tuple[httpx2.Client, Timeline]]:
    """The demo's story, served."""
    with fresh_database(postgres_18) as database, opened(Settings(database_url=database)) as timeline:
        story.load(timeline)
        time.sleep(1.1)  # what was recorded in this very second has no Last-Modified yet
        with served(timeline) as client:
            yield client, timeline


def parsed(answer: httpx2.Response) -> Any:
    """An Atom feed, as a reader of feeds takes it: with not one complaint."""
    assert answer.status_code == 200, answer.text
    found = feedparser.parse(answer.content, response_headers=dict(answer.headers))
    assert not found.bozo, found.get("bozo_exception")
    assert found.version == "atom10"
    return found


def required_of_json_feed(feed: dict[str, Any]) -> None:
    """What jsonfeed.org/version/1.1 says must and may be there."""
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert set(feed) <= {"version", "title", "home_page_url", "feed_url", "description", "next_url", "items"}
    assert feed["title"]
    for one in feed["items"]:
        assert isinstance(one["id"], str)
        assert one["id"]
        assert one["content_text"]
        assert all(
            name.startswith("_")
            or name
            in {
                "id",
                "url",
                "external_url",
                "title",
                "content_text",
                "date_published",
                "date_modified",
                "authors",
                "tags",
            }
            for name in one
        )
        assert all(isinstance(author["name"], str) for author in one["authors"])
        assert all(isinstance(tag, str) for tag in one["tags"])
    assert len({one["id"] for one in feed["items"]}) == len(feed["items"])


@pytest.mark.parametrize("query", QUERIES)
def test_a_feed_has_what_the_list_has(told: tuple[httpx2.Client, Timeline], query: str) -> None:
    """In both formats, in the same order, for the same questions; and it leads on to the rest."""
    client, _ = told
    expected = client.get(f"/v1/developments{query}{'' if 'limit' in query else '&limit=50'}").json()
    feed = client.get(JSON + query)
    assert feed.headers["Content-Type"] == "application/feed+json"
    required_of_json_feed(feed.json())
    assert [one["_timeline"] for one in feed.json()["items"]] == expected["developments"] != []
    atom = parsed(client.get(ATOM + query))
    assert [one.id for one in atom.entries] == [one["id"] for one in feed.json()["items"]]
    assert [one.title for one in atom.entries] == [one["summary"] for one in expected["developments"]]
    assert [one.updated for one in atom.entries] == [one["date_modified"] for one in feed.json()["items"]]
    assert ("next_url" in feed.json()) is (expected["next"] is not None)
    onward = [one.href for one in atom.feed.links if one.rel == "next"]
    if expected["next"] is not None:
        second = client.get(feed.json()["next_url"]).json()["items"]
        assert [one.id for one in parsed(client.get(onward[0])).entries] == [one["id"] for one in second]
        assert not {one["id"] for one in second} & {one["id"] for one in feed.json()["items"]}


def test_an_entry_says_who_said_it_and_how_far_it_is_to_be_believed(told: tuple[httpx2.Client, Timeline]) -> None:
    """The sources by name, the standing, the times of both clocks, and where more is found."""
    client, _ = told
    [first, *_] = parsed(client.get(f"{ATOM}?location=sy-hama&kind=captured")).entries
    assert {"captured"} < {one.term for one in first.tags}
    assert "Hama" in first.content[0].value
    assert "Standing: " in first.content[0].value
    assert all(one.name and one.name != one.name.lower() for one in first.authors)
    assert first.published < first.updated
    more = client.get(next(one.href for one in first.links if one.rel == "related")).json()
    assert first.id == f"urn:uuid:{more['development']['development_id']}"
    assert client.get(first.link).status_code == 200
    assert parsed(client.get(f"{ATOM}?location=sy-hama")).feed.title == "Developments at Hama"


def test_a_reader_who_has_it_is_sent_nothing_until_something_is_recorded(postgres_18: str) -> None:
    """By entity tag, and by time."""
    with _opened(postgres_18) as timeline, served(timeline) as client:
        time.sleep(1.1)
        for address in (JSON, ATOM):
            answer = client.get(address)
            had = {"If-None-Match": answer.headers["ETag"]}, {"If-Modified-Since": answer.headers["Last-Modified"]}
            for headers in had:
                again = client.get(address, headers=headers)
                assert (again.status_code, again.content) == (304, b""), headers
            assert client.get(address, headers={"If-Modified-Since": "nonsense"}).status_code == 200
            timeline.writer.append([json.dumps(reported()).encode()], "key:founder")
            timeline.follower.follow()
            for headers in had:
                assert client.get(address, headers=headers).status_code == 200, headers
            time.sleep(1.1)
            assert client.get(address, headers=had[1]).status_code == 200


def test_what_no_xml_can_hold_and_what_looks_like_markup_come_through(postgres_18: str) -> None:
    """And the name of a sensitive source comes to analysts alone."""
    with _opened(postgres_18) as timeline, served(timeline) as client:
        hidden = {
            "type": "SourceRegistered",
            "source_id": "s-7",
            "name": "Amal Haddad",
            "kind": "other",
            "sensitive": True,
        }
        report = reported(summary="<b>5 < 6 & 'so'</b> \ufffe")
        report["report"] = report["report"] | {"chain": ["s-7"]}
        timeline.writer.append([json.dumps(one).encode() for one in (hidden, report)], "key:founder", atomic=True)
        timeline.follower.follow()
        for role, name in (("reader", "s-7"), ("analyst", "Amal Haddad")):
            key = bearing(new_key(timeline, role, role)[0])  # type: ignore[arg-type]
            [entry] = parsed(client.get(f"{ATOM}?source=s-7", headers=key)).entries
            assert [one.name for one in entry.authors] == [name]
            assert entry.title_detail.value.startswith("<b>5 < 6 & 'so'</b>") or "5 < 6" in entry.title
            assert name in client.get(f"{JSON}?source=s-7", headers=key).text


def test_nonsense_is_refused_as_in_the_list(told: tuple[httpx2.Client, Timeline]) -> None:
    """With the same words."""
    for query, status in (
        ("?kind=nothing", 422),
        ("?location=nowhere", 404),
        ("?limit=0", 422),
        ("?cursor=x", 422),
        ("?f=rss", 422),
    ):
        assert_problem(told[0].get(JSON + query), status)
        assert_problem(told[0].get(ATOM + query), status)

"""What a preview tells is what posting then does, for events of every kind; and a preview writes nothing."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import uuid4

import httpx2
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections import looking_ahead
from services.timeline import access, previewing, story
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings
from tests import told_histories
from tests.acceptance.test_access import Desk as Keys
from tests.acceptance.test_access import _opened as small_world
from tests.acceptance.test_access import bearing, every_type
from tests.acceptance.test_rest import served
from tests.conftest import fresh_database

JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
AT = "2024-12-02T12:00:00Z"


@pytest.fixture(scope="module")
def demo(postgres_18: str) -> Iterator[tuple[Timeline, httpx2.Client]]:
    """The demo, served; nothing here is recorded in it."""
    with fresh_database(postgres_18) as database, opened(Settings(database_url=database)) as timeline:
        story.load(timeline)
        timeline.follower.follow()
        with served(timeline) as client:
            yield timeline, client


def captured(**said: Any) -> dict[str, Any]:
    """A report that Salma was captured."""
    return {
        "type": "DevelopmentReported", "development_id": str(uuid4()), "kind": "captured", "location_id": "sy-salma",
        "occurred": {"start": "2024-12-02T06:00:00Z", "end": "2024-12-02T10:00:00Z", "precision": "hour"},
        "participants": [{"actor_id": "hts", "role": "holder"}], "summary": "It has changed hands.",
        "report": {"chain": ["sohr"], "published_at": "2024-12-02T10:00:00Z", "credibility": 2},
    } | said  # fmt: skip


def ask(client: httpx2.Client, *events: dict[str, Any], status: int = 200, **query: str) -> dict[str, Any]:
    """A preview of one event as JSON, of several as NDJSON."""
    content = b"\n".join(json.dumps(one).encode() for one in events)
    answer = client.post("/v1/preview", content=content, params=query, headers=JSON if len(events) == 1 else NDJSON)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def everything(timeline: Timeline) -> dict[str, str]:
    """A digest of each table of the database."""
    with timeline.log.pool.connection() as connection:
        names = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"
        ).fetchall()
        return {
            name: connection.execute(
                f"SELECT count(*) || coalesce(md5(string_agg(one::text, ' ' ORDER BY one::text)), '') FROM \"{name}\" AS one"
            ).fetchone()[0]  # type: ignore[index]
            for (name,) in names
        }


def test_a_report_is_told_with_the_status_before_and_after(demo: tuple[Timeline, httpx2.Client]) -> None:
    """And with the warnings that posting it would give."""
    timeline, client = demo
    said = captured()
    found = ask(client, said, at=AT, view="published")
    [event], [place], [development] = found["events"], found["places"], found["developments"]

    assert (event["result"], event["problem"]) == ("appended", None)
    assert "no_former_holder" in [one["code"] for one in event["warnings"]]
    assert (place["location_id"], place["changes"]) == ("sy-salma", True)
    assert place["before"] != place["after"]
    assert place["after"]["control"]["holders"] == ["hts"]
    assert development["development_id"] == said["development_id"]
    assert (found["at"], found["known_at"]) == (AT, said["report"]["published_at"])
    assert found["known_position"] == timeline.log.head().position


def test_nothing_is_written(demo: tuple[Timeline, httpx2.Client]) -> None:
    """In no table; and PostgreSQL would not let it be."""
    timeline, client = demo
    before = everything(timeline)
    assert len(before) > 10
    for view in ("current", "published"):
        ask(client, captured(), captured(kind="nonsense"), at=AT, view=view)
    assert everything(timeline) == before
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), previewing._one_state(timeline.log) as connection:
        connection.execute("DELETE FROM mention")


def test_what_would_be_refused_is_told_in_the_same_words(demo: tuple[Timeline, httpx2.Client]) -> None:
    """And what stands beside it is told all the same."""
    _, client = demo
    wrong = captured(location_id="nowhere")
    found = ask(client, wrong, captured(), at=AT)
    refused = client.post("/v1/events", json=wrong)

    assert [(one["line"], one["result"]) for one in found["events"]] == [(1, "refused"), (2, "appended")]
    assert found["events"][0]["problem"] == refused.json()
    assert [one["location_id"] for one in found["places"]] == ["sy-salma"]


def test_events_see_those_before_them(demo: tuple[Timeline, httpx2.Client]) -> None:
    """A place registered in the same preview, a report of it, and its merger into nothing that is there."""
    _, client = demo
    place = {"type": "LocationRegistered", "location_id": "new-town", "name": "New Town", "kind": "town"}
    report = captured(location_id="new-town")
    void = {"type": "DevelopmentVoided", "development_id": report["development_id"], "voided_at": AT, "reason": "x"}
    found = ask(client, place, report, at=AT)
    assert [one["result"] for one in found["events"]] == ["appended", "appended"]
    assert found["places"][0]["before"]["control"]["mode"] == "unknown"
    taken_back = ask(client, place, report, void, at=AT)
    assert taken_back["developments"][0]["standing"] == "void"
    assert not taken_back["places"][0]["changes"]


def test_what_looks_alike_is_told(demo: tuple[Timeline, httpx2.Client]) -> None:
    """Before a second record is made of it."""
    _, client = demo
    held = client.get("/v1/developments", params={"location": "sy-hama", "kind": "captured"}).json()["developments"][0]
    occurred = held["occurred"]
    [event] = ask(client, captured(location_id="sy-hama", occurred=occurred))["events"]
    [alike] = [one for one in event["warnings"] if one["code"] == "looks_alike"]
    assert held["development_id"] in [one["development_id"] for one in alike["candidates"]]


def test_what_is_in_the_log_already_changes_nothing(demo: tuple[Timeline, httpx2.Client]) -> None:
    """As posting it again would not."""
    _, client = demo
    [first] = client.get("/v1/events", params={"after": 200, "limit": 1}).json()["events"]
    found = ask(client, first["event"])
    assert [one["result"] for one in found["events"]] == ["already_there"]
    assert found["places"] == []


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ({"view": "nothing"}, 404, None),
        ({"view": "current", "known_at": AT}, 422, "known_at"),
        ({"at": "noon"}, 422, "at"),
        ({"when": AT}, 422, "when"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    demo: tuple[Timeline, httpx2.Client], query: dict[str, str], status: int, field: str | None
) -> None:
    """With the parameter named."""
    _, client = demo
    found = ask(client, captured(), status=status, **query)
    if field is not None:
        assert [one["field"] for one in found["errors"]] == [field]


def test_its_cost_is_bounded(demo: tuple[Timeline, httpx2.Client], monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many events, developments touched, or claims at the place, are told as such."""
    _, client = demo
    ask(client, *[captured() for _ in range(21)], status=413)
    graded = {"type": "SourceReliabilityAssessed", "source_id": "sohr", "reliability": "F", "reason": "x"}
    assert ask(client, graded)["places"]
    for name, said in (("MOST_DEVELOPMENTS", graded), ("MOST_EVENTS", graded), ("MOST_CLAIMS", captured(location_id="sy-hama"))):  # fmt: skip
        with monkeypatch.context() as patched:
            patched.setattr(looking_ahead, name, 1)
            assert ask(client, said, status=422)["title"] == "Too much to preview"


def test_who_may_not_record_an_event_may_not_preview_it(postgres_18: str) -> None:
    """And is told nothing of what it would do; every type, every role."""
    with small_world(postgres_18) as timeline, served(timeline) as client:
        keys = Keys(client, timeline)
        for name, event in every_type().items():
            for role, key in keys.keys.items():
                content = json.dumps(event).encode()
                posted = client.post("/v1/preview", content=content, headers=JSON | bearing(key))
                may = access.may_record(access.Principal("x", frozenset({role})), name)
                assert posted.status_code == (200 if may else 403), (name, role, posted.text)


@settings(max_examples=6)
@given(seed=st.integers(0, 10**6), arrival=st.sampled_from(told_histories.ARRIVALS), behind=st.booleans())
def test_preview_then_post_then_read_gives_what_was_previewed(
    postgres_18: str, seed: int, arrival: str, behind: bool
) -> None:
    """A law, over random histories in which every rule is met; also where the views are behind the log."""
    random = Random(seed)
    log = told_histories.as_posted(told_histories.told(random, arrival))
    begin = len(told_histories.registrations())
    with fresh_database(postgres_18) as database, opened(Settings(database_url=database)) as timeline:
        timeline.writer.append(log[:begin], "test", atomic=True)
        timeline.follower.follow()
        with served(timeline) as client:
            foreseen: list[Foreseen] = []
            for raw in log[begin:]:
                ahead = foresee(client, raw, random)
                if behind:  # the event before is read once this one was previewed
                    timeline.follower.follow()
                    require_true(client, foreseen)
                status = client.post("/v1/events", content=raw, headers=JSON).status_code
                assert {told["events"][0]["result"] for _, told in ahead} == {RESULT[status]}
                foreseen = ahead
                if not behind:
                    timeline.follower.follow()
                    require_true(client, foreseen)


#: The answer of a preview, and what was asked.
Foreseen = tuple[dict[str, str], dict[str, Any]]

RESULT = {201: "appended", 200: "already_there", 422: "refused", 409: "refused"}


def foresee(client: httpx2.Client, raw: bytes, random: Random) -> list[Foreseen]:
    """Previews of an event in both views, at some moments of the world."""
    moments = random.sample([told_histories.rfc3339(one) for one in told_histories.MOMENTS_VALID], 2)
    asked = [{"view": view, "at": at} for view in ("current", "published") for at in moments]
    return [(one, client.post("/v1/preview", content=raw, params=one, headers=JSON).json()) for one in asked]


def require_true(client: httpx2.Client, foreseen: list[Foreseen]) -> None:
    """What was previewed is what is answered now."""
    for asked, told in foreseen:
        known = {"known_at": told["known_at"]} if asked["view"] == "published" else {}
        for place in told["places"]:
            found = client.get(f"/v1/locations/{place['location_id']}/status", params=asked | known).json()
            assert place["after"] == {"control": found["control"], "access": found["access"]}, (asked, told)
        held = client.get("/v1/developments", params={"view": asked["view"], "limit": 1000}).json()["developments"]
        standing = {one["development_id"]: (one["standing"], one["rule"]) for one in held}
        for one in told["developments"]:
            assert (one["standing"], one["rule"]) == standing[one["development_id"]], (asked, told)

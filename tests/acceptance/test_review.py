"""Reviews over REST: the demo's false report from the status down to its leaves, corrections, track records, recorders."""

import base64
import json
import random
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx2
import msgspec
import pytest

from events import merkle
from projections import views
from projections.bearing import folded_again
from projections.follower import Follower
from projections.overturned import overturned
from projections.policies import POLICIES, Reading
from services.timeline.access import ROLES
from services.timeline.audit import compared, reading, recorder_review, reviewing, source_review
from services.timeline.audit import corrections as listed
from services.timeline.audit.rule_words import PARTS, rule_words
from services.timeline.composition import Timeline
from tests.acceptance.test_access import Desk as DeskWithKeys
from tests.acceptance.test_access import _opened
from tests.acceptance.test_rest import Desk, about, assert_problem, reported, served, told
from tests.stories import Story
from tests.told_histories import as_posted, registrations
from tests.told_histories import told as told_history

__all__ = ("told",)

THEN: Final = "at=2024-12-02T12:00:00Z&view=published"
FALSE_FALL: Final = "6022e8f8-7c73-589e-b31f-9cf75c2b482a"
HELD: Final = "55e09e95-0cc2-57fc-8f1c-7fedee508e54"
WITHDRAWAL: Final = "ab76853e-9438-59e8-a7d0-80c9bb7bd50b"


@dataclass(frozen=True, slots=True)
class Row:
    """A review of Hama at noon on 2 December, written by hand from the article and DESIGN.md before it was asked.

    Attributes:
        parts: Of the false fall, the claim that it was held, and the claimed withdrawal; None where not known yet.
        changed_by: Positions of the events that changed the answer between then and today, in order.
    """

    known_at: str
    parts: tuple[str | None, str | None, str | None]
    false_fall: tuple[str, str] | None
    changed_by: tuple[int, ...]
    reason: str


GOLDEN: Final = (
    Row("2024-12-02T08:00:00Z", (None, "basis", "ignored"), None, (171, 214, 216),
        "nobody has reported a fall yet; it will be reported at 09:00, denied effectively at 20:30, rejected next morning"),
    Row("2024-12-02T18:00:00Z", ("pending", "basis", "ignored"), ("unconfirmed", "reports"), (214, 216),
        "one origin that cannot be judged, so nothing counts; the ministry's denial serves itself and has no effect"),
    Row("2024-12-02T21:00:00Z", ("pending", "basis", "ignored"), ("disputed", "denied"), (216,),
        "a usable and neutral monitor denies it at 20:30"),
    Row("2024-12-03T12:00:00Z", ("ignored", "basis", "ignored"), ("rejected", "assessed"), (),
        "the desk found it improbable at 09:00: nothing has changed since"),
)  # fmt: skip


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: row.known_at)
def test_the_false_report_of_hama_is_reviewed_as_was_written_by_hand(told: Desk, row: Row) -> None:
    """The part of each claim, the rule that gave the false fall its standing, and what changed the answer since."""
    found = told.get(f"/v1/audit/locations/sy-hama?{THEN}&known_at={row.known_at}").json()
    claims = {one["development_id"]: one for one in found["claims"]}
    parts = tuple(claims[one]["part"] if one in claims else None for one in (FALSE_FALL, HELD, WITHDRAWAL))

    assert parts == row.parts, row.reason
    assert [one["development_id"] for one in found["basis"]] == [HELD]
    if row.false_fall is not None:
        false = claims[FALSE_FALL]
        assert (false["standing"], false["rule"]) == row.false_fall, row.reason
        assert false["rule_words"] == rule_words(false["rule"], false["standing"])
    compared = found["compared"]
    assert tuple(one["position"] for one in compared["changed_by"]) == row.changed_by, row.reason
    assert compared["differs"] == (["control.pending"] if parts[0] == "pending" else []), (
        "else as it was before the report"
    )


def test_a_review_tells_every_statement_with_its_chain_its_recorder_and_its_leaf(told: Desk) -> None:
    """Of the false fall on the evening of the 2nd: three reports of one origin and a denial, each as it is in the log."""
    found = told.get(f"/v1/audit/locations/sy-hama?{THEN}&known_at=2024-12-02T18:00:00Z").json()
    false = next(one for one in found["claims"] if one["development_id"] == FALSE_FALL)
    said = [(one["position"], one["affirms"], one["chain"], one["counts"]) for one in false["statements"]]

    assert said == [
        (171, True, ["regional-media"], False),
        (172, True, ["outlet-a", "regional-media"], False),
        (173, True, ["outlet-b", "regional-media"], False),
        (174, False, ["sana", "syria-mod"], True),
    ]
    logged = {one.position: one for one in told.timeline.log.read(0, limit=1000)}
    hashes = _leaf_hashes(told)
    for one in false["statements"]:
        recorded = logged[one["position"]]
        assert base64.b64decode(one["leaf_hash"]) == hashes[one["position"]]
        assert (one["event_id"], one["recorded_by"]) == (str(recorded.event_id), "demo")
    assert {one["source_id"] for one in found["sources"]} >= {"regional-media", "outlet-a", "sana", "isw-ctp"}
    assert sum(found["considered"].values()) == len(found["claims"])
    assert set(found["considered"]) <= set(PARTS)


def _leaf_hashes(desk: Desk) -> dict[int, bytes]:
    """The leaves as the tree has them, hashed."""
    with desk.timeline.log.pool.connection() as connection:
        return {position: merkle.leaf_hash(leaf) for position, leaf in reading.leaves(connection, 0, desk.head())}


def test_then_and_today_are_what_the_status_answers(told: Desk) -> None:
    """And the steps in between lead from the one to the other without a gap."""
    for view, known in (("published", "known_at=2024-12-02T18:00:00Z"), ("current", "known_position=150")):
        at = "at=2024-12-05T12:00:00Z"
        found = told.get(f"/v1/audit/locations/sy-hama?{at}&view={view}&{known}").json()["compared"]
        then = told.get(f"/v1/locations/sy-hama/status?{at}&view={view}&{known}").json()
        today = told.get(f"/v1/locations/sy-hama/status?{at}&view={view}").json()
        assert (found["then"]["control"], found["today"]["control"]) == (then["control"], today["control"])
        assert found["differs"]

        steps = [one for one in found["changed_by"] if one["facet"] == "control"]
        assert len(steps) > 2
        brief = {name: then["control"][name] for name in ("mode", "holders", "challengers", "standing", "basis")}
        assert {name: steps[0]["old"][name] for name in brief} == brief
        for one, other in pairwise(steps):
            assert one["new"] == other["old"]
            assert one["known_at"] <= other["known_at"]
        assert {name: steps[-1]["new"][name] for name in brief} == {name: today["control"][name] for name in brief}


def test_what_arrived_late_is_told_apart_from_what_was_published_since(timeline: Timeline) -> None:
    """An archive recorded today tells of a report of the 1st: what was known on the 2nd changes, and says why."""
    story = Story().held("hama", by="saa", since="11-27")
    told_first = [one for one in registrations() if not one["type"].startswith("Source")]
    _append(timeline, [*told_first, *msgspec.to_builtins(story.events)])
    before = timeline.log.head().position
    told_by_then = len(story.events)
    story.captured("hama", by="hts", on="12-01").captured("hama", by="sna", on="12-05")
    _append(timeline, msgspec.to_builtins(story.events[told_by_then:]))
    with served(timeline) as client:
        query = f"at=2024-12-06T12:00:00Z&view=published&known_at=2024-12-02T00:00:00Z&known_position={before}"
        found = client.get(f"/v1/audit/locations/hama?{query}").json()["compared"]

    assert [(one["how"], one["new"]["holders"], one["position"]) for one in found["changed_by"]] == [
        ("arrived_late", ["hts"], before + 1),
        ("published", ["sna"], before + 2),
    ]
    assert (found["then"]["control"]["holders"], found["today"]["control"]["holders"]) == (["saa"], ["sna"])


def _append(timeline: Timeline, events: list[Any]) -> None:
    timeline.writer.append([json.dumps(one).encode() for one in events], "key:desk", atomic=True)
    timeline.follower.follow()


def test_a_review_is_pinned_by_both_moments_and_stays_the_same_bytes(timeline: Timeline) -> None:
    """Where view, moments and positions of then and today are named, whatever arrives afterwards.

    Only counts are marked immutable: all else tells texts, which may be redacted, and is asked for again by its tag.
    """
    posted = as_posted(told_history(random.Random(4), "shuffled", developments=40))
    half = len(posted) - 60
    timeline.writer.append(posted[:half], "test")
    timeline.follower.follow()
    ids = {view.name: view.view_id for view in timeline.reader.views()}
    current = {"view": ids["current"], "at": "2024-12-03T00:00:00Z", "known_position": half - 40}
    published = {"view": ids["published"], "at": "2024-12-03T00:00:00Z", "known_at": "2024-12-03T06:00:00Z", "known_position": half - 40}  # fmt: skip
    today = {"today_position": half}
    later = {"today_position": half, "today_known_at": "2024-12-05T00:00:00Z"}
    paths = [
        f"locations/hama?{urlencode(current | today)}",
        f"locations/hama?{urlencode(published | later)}",
        f"locations/hama?{urlencode(current | today | {'limit': 3})}",
        f"developments/{_first(timeline)}?{urlencode(current)}",
        f"sources/monitor?{urlencode(current)}",
        f"sources/monitor/developments?{urlencode(current | {'number': 'affirmed', 'limit': 2})}",
        f"sources/monitor?{urlencode(published)}",
        f"corrections?{urlencode(current)}",
        f"recorders/test?{urlencode(current)}",
        f"recorded?by=test&{urlencode(current | {'limit': 7})}",
    ]
    with served(timeline) as client:
        before = [client.get(f"/v1/audit/{path}") for path in paths]
        assert [one.status_code for one in before] == [200] * len(paths), [one.text[:200] for one in before]
        for path, one in zip(paths, before, strict=True):
            assert ("immutable" in one.headers["cache-control"]) is path.startswith("recorders/"), path
        onward = [client.get(one.links["next"]["url"]) for one in before if "next" in one.links]
        assert len(onward) >= 3
        timeline.writer.append(posted[half:], "test")
        timeline.follower.follow()

        for path, one in zip(paths, before, strict=True):
            assert client.get(f"/v1/audit/{path}").content == one.content, path
            tag = {"If-None-Match": one.headers["etag"]}
            assert client.get(f"/v1/audit/{path}", headers=tag).status_code == 304
        for one in onward:
            assert client.get(str(one.url)).content == one.content


def _first(timeline: Timeline) -> str:
    return next(
        str(one.event.development_id)
        for one in timeline.log.read(0, limit=1000)
        if hasattr(one.event, "development_id")
    )


def pages(client: httpx2.Client, path: str, name: str) -> list[Any]:
    """Every entry of a list, page by page."""
    found: list[Any] = []
    address: str | None = path
    while address is not None:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        found += answer.json()[name]
        onward = answer.links.get("next")
        assert (onward is None) == (answer.json()["next"] is None)
        address = onward["url"] if onward else None
    return found


def test_the_claims_of_a_crowded_place_come_in_pages_each_once(timeline: Timeline) -> None:
    """In one order, whatever the size of the page, the basis on every one; only the first compares with today."""
    timeline.writer.append(as_posted(told_history(random.Random(8), "shuffled", developments=60)), "test")
    timeline.follower.follow()
    with served(timeline) as client:
        for view in views.ALWAYS:
            query = f"/v1/audit/locations/hama?view={view}&at=2024-12-03T00:00:00Z"
            whole = client.get(f"{query}&limit=500").json()
            assert len(whole["claims"]) > 20
            paged = pages(client, f"{query}&limit=7", "claims")
            assert [one["development_id"] for one in paged] == [one["development_id"] for one in whole["claims"]]
            assert paged == whole["claims"]
            explained = client.get(f"/v1/locations/hama/explain?view={view}&at=2024-12-03T00:00:00Z").json()["claims"]
            assert [one["development_id"] for one in explained[::-1]] == [one["development_id"] for one in paged]
            assert [one["part"] for one in explained[::-1]] == [one["part"] for one in paged]
            first = client.get(f"{query}&limit=7")
            second = client.get(first.links["next"]["url"]).json()
            assert (first.json()["compared"] is None, second["compared"]) == (False, None)
            assert second["basis"] == first.json()["basis"]


def test_a_development_is_reviewed_step_by_step_with_what_it_claimed(told: Desk) -> None:
    """The false fall: pending, disputed, rejected; the trail in pages; and by which rule each step left it so."""
    found = told.get(f"/v1/audit/developments/{FALSE_FALL}?view=published").json()

    assert [(one["standing"], one["bearing"]) for one in found["claimed"]] == [
        ("unconfirmed", "pending"),
        ("disputed", "pending"),
        ("rejected", "ignored"),
    ]
    assert [one["standing"] for one in found["trail"]] == ["unconfirmed"] * 5 + ["disputed"] * 2 + ["rejected"]
    assert found["steps"] == len(found["trail"]) == 8
    assert all(one["leaf_hash"] and one["rule_words"] for one in found["trail"])
    assert pages(told.client, f"/v1/audit/developments/{FALSE_FALL}?view=published&limit=3", "trail") == found["trail"]
    assert_problem(told.get(f"/v1/audit/developments/{FALSE_FALL}?view=published&known_at=2024-12-01T00:00:00Z"), 404)


@pytest.fixture
def ticking(timeline: Timeline) -> Timeline:
    """The demo's story under the policy `ticker` too, which accepts what nobody refuted."""
    from services.timeline import story  # noqa: PLC0415

    with timeline.log.pool.connection() as connection, connection.transaction():
        views.define(connection, "ticker", Reading(policy=POLICIES["ticker"], clock="reported"))
    timeline.writer.append(story.lines(), "demo", atomic=True)
    Follower(timeline.log).follow()
    return timeline


def test_what_the_ticker_accepted_and_the_desk_refuted_is_listed_as_corrections(ticking: Timeline) -> None:
    """The false fall of Hama: accepted for a day under `ticker`, then rejected by the desk; and what else was."""
    with served(ticking) as client:
        found = client.get("/v1/audit/corrections?view=ticker").json()["corrections"]
        false = next(one for one in found if one["development_id"] == FALSE_FALL)
        assert (false["location_id"], false["holders"]) == ("sy-hama", ["hts"])
        assert (false["accepted_from"], false["overturned_at"]) == ("2024-12-02T09:00:00Z", "2024-12-03T09:00:00Z")
        assert (false["seconds"], false["accepted_as"], false["overturned_to"]) == (86_400, "disputed", "rejected")
        assert [(one["position"], one["type"], one["recorded_by"]) for one in false["causes"]] == [
            (216, "DevelopmentAssessed", "demo")
        ]
        assert [one["overturned_at"] for one in found] == sorted((one["overturned_at"] for one in found), reverse=True)
        assert client.get("/v1/audit/corrections?view=published").json()["corrections"] == []

        def listed_with(query: str) -> list[str]:
            return [one["development_id"] for one in client.get(f"/v1/audit/corrections?view=ticker&{query}").json()["corrections"]]  # fmt: skip

        everything = listed_with("")
        assert FALSE_FALL in listed_with("location=sy-hama")
        assert FALSE_FALL in listed_with("within=sy-hama-governorate") or listed_with("within=sy") == everything
        assert FALSE_FALL not in listed_with("location=sy-aleppo")
        assert FALSE_FALL in listed_with("source=regional-media")
        assert FALSE_FALL not in listed_with("source=isw-ctp")
        assert FALSE_FALL in listed_with("from=2024-12-03T09:00:00Z&to=2024-12-03T09:00:01Z")
        assert FALSE_FALL not in listed_with("from=2024-12-03T09:00:01Z")
        assert FALSE_FALL not in listed_with("to=2024-12-03T09:00:00Z")
        assert FALSE_FALL not in listed_with("known_at=2024-12-03T08:59:59Z")
        assert FALSE_FALL in listed_with("known_at=2024-12-03T09:00:00Z")
        assert pages(client, "/v1/audit/corrections?view=ticker&limit=1", "corrections") == found


def test_corrections_of_random_histories_are_those_that_the_folds_know(timeline: Timeline) -> None:
    """On both clocks, all of them that lasted an hour; on the recorded clock nothing lasts so long in a test."""
    timeline.writer.append(as_posted(told_history(random.Random(3), "shuffled", developments=80)), "test")
    timeline.follower.follow()
    versions = folded_again(timeline.log.read(0, limit=10_000), views.ALWAYS["published"])
    of: dict[Any, list[Any]] = {}
    for one in versions:
        of.setdefault(one.development_id, []).append(one)
    expected = {
        (str(one.accepted.development_id), one.by.standing)
        for own in of.values()
        for one in overturned(own, 2**62)
        if one.by.known_from - one.since >= 3_600_000_000
    }
    with served(timeline) as client:
        found = pages(client, "/v1/audit/corrections?view=published&limit=5", "corrections")
        recorded = client.get("/v1/audit/corrections?view=current").json()["corrections"]
    assert {(one["development_id"], one["overturned_to"]) for one in found} == expected
    assert len(expected) > 8
    assert all(one["causes"] for one in found)
    assert recorded == []


def test_what_was_accepted_for_less_than_an_hour_is_no_correction_on_our_own_clock(
    timeline: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if an hour were no time at all, the recorded clock lists the same kind of thing: by position, with its recorder."""
    monkeypatch.setattr(listed, "AT_LEAST", listed.AT_LEAST * 0)
    story = Story(clock="recorded").held("hama", by="saa", since="11-27")
    story.assessed(story.last, credibility=5, at="12-03")
    told_first = [one for one in registrations() if not one["type"].startswith("Source")]
    _append(timeline, [*told_first, *msgspec.to_builtins(story.events)])
    head = timeline.log.head().position
    with served(timeline) as client:
        [one] = client.get("/v1/audit/corrections").json()["corrections"]
        assert client.get(f"/v1/audit/corrections?known_position={head - 1}").json()["corrections"] == []
    assert (one["accepted_as"], one["overturned_to"], one["seconds"]) == ("credible", "rejected", 0)
    assert [(each["position"], each["recorded_by"]) for each in one["causes"]] == [(head, "key:desk")]


def test_a_track_record_is_the_sum_of_the_developments_behind_it(told: Desk) -> None:
    """Each number of the Syrian state agency, in all and by month, is as long as its list."""
    found = told.get("/v1/audit/sources/sana?view=published").json()
    assert found["total"]["own_denials"] == 7
    assert found["total"]["own_denials_borne_out"] == 2
    for number, count in found["total"].items():
        path = f"/v1/audit/sources/sana/developments?view=published&number={number}&limit=3"
        assert len(pages(told.client, path, "developments")) == count
        assert sum(month["numbers"].get(number, 0) for month in found["months"]) == count
    december = next(one for one in found["months"] if one["month"] == "2024-12")
    path = "/v1/audit/sources/sana/developments?view=published&number=own_denials&month=2024-12"
    behind = pages(told.client, path, "developments")
    assert len(behind) == december["numbers"]["own_denials"]
    assert FALSE_FALL in {one["development_id"] for one in behind}


def test_the_pages_of_a_track_record_add_up(told: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever their size."""
    whole = told.get("/v1/audit/sources/sana?view=published&known_position=250&known_at=2024-12-08T00:00:00Z").json()
    monkeypatch.setattr(source_review, "COUNTED", 4)
    monkeypatch.setattr(source_review, "_HELPING", 3)
    total: dict[str, int] = {}
    address: str | None = "/v1/audit/sources/sana?view=published&known_position=250&known_at=2024-12-08T00:00:00Z"
    seen = 0
    while address is not None:
        answer = told.get(address)
        for number, count in answer.json()["total"].items():
            total[number] = total.get(number, 0) + count
        seen += answer.json()["developments"]
        onward = answer.links.get("next")
        address = onward["url"] if onward else None
    assert (total, seen) == (whole["total"], whole["developments"])
    assert seen > 8


def test_what_a_recorder_recorded_is_counted_and_listed_in_pages(told: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with any characters; the counts of pages of the log add up."""
    head = told.head()
    whole = told.get("/v1/audit/recorders/demo").json()
    assert (whole["events"], whole["first_position"], whole["last_position"]) == (head, 1, head)
    assert sum(one["events"] for one in whole["types"]) == head
    assert [one["position"] for one in pages(told.client, "/v1/audit/recorded?by=demo&limit=50", "events")] == list(
        range(1, head + 1)
    )
    monkeypatch.setattr(recorder_review, "LOOKED_AT", 100)
    first = told.get("/v1/audit/recorders/demo").json()
    assert (first["after_position"], first["until_position"], first["events"]) == (0, 100, 100)
    assert sum(one["events"] for one in pages(told.client, "/v1/audit/recorders/demo", "types")) == head
    strange = quote("oidc:https://issuer.example/a b/%2F", safe="")
    assert told.get(f"/v1/audit/recorders/{strange}").json()["events"] == 0
    assert told.get("/v1/audit/recorded?by=nobody").json()["events"] == []


def test_readers_review_without_recorders_and_leaves(postgres_18: str) -> None:
    """Auditors see both; everybody sees what they recorded themselves, and no leaf of it."""
    with _opened(postgres_18) as timeline, served(timeline) as client:
        desk = DeskWithKeys(client, timeline)
        desk.post("reporter", reported())
        desk.post("analyst", about("DevelopmentAssessed"))
        timeline.follower.follow()
        seen = {}
        for role in ROLES:
            body = desk.ask(role, "GET", "/v1/audit/locations/hama?known_position=100").json()
            statements = [each for one in body["claims"] for each in one["statements"]]
            seen[role] = {one["recorded_by"] for one in statements}
            hashes = {one["leaf_hash"] for one in statements}
            assert (hashes == {None}) == (role in ("reader", "reporter", "analyst"))
        founder, reporter = "key:founder", "key:the-reporter"
        assert seen == {
            "reader": {None},
            "reporter": {None, reporter},
            "analyst": {None},
            "auditor": {founder, reporter},
            "admin": {founder, reporter},
        }


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("locations/sy-hama?cursor=x", "cursor"),
        ("locations/sy-hama?today_position=3", "today_position"),
        ("locations/sy-hama?today_position=300&today_known_at=2124-12-02T00:00:00Z", "today_position"),
        ("locations/sy-hama?view=published&known_at=2024-12-03T00:00:00Z&today_known_at=2024-12-02T00:00:00Z", "today_known_at"),
        ("corrections?from=2024-12-03T00:00:00Z&to=2024-12-02T00:00:00Z", "to"),
        ("corrections?view=published&known_position=3", "known_position"),
        ("corrections?cursor=WyJhIiwiMjAyNC0xMi0wMlQwMDowMDowMFoiLG51bGwsMSxbMV1d", "cursor"),
        ("sources/sana/developments?number=wrong", "number"),
        ("sources/sana/developments?month=2024-13", "month"),
        ("sources/sana/developments?month=2024-1", "month"),
        ("recorded?by=demo&cursor=x", "cursor"),
        ("recorded", "by"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_the_field(told: Desk, path: str, field: str) -> None:
    """RFC 9457, and the parameter by its name."""
    body = assert_problem(told.get(f"/v1/audit/{path}"), 422)
    assert [one["field"] for one in body["errors"]] == [field]


@pytest.mark.parametrize("path", ["locations/nowhere", f"developments/{'0' * 8}-0000-0000-0000-000000000000", "sources/nobody",
                                  "sources/nobody/developments", "corrections?location=nowhere", "corrections?source=nobody"])  # fmt: skip
def test_what_is_not_registered_is_not_found(told: Desk, path: str) -> None:
    """Neither a place, a development, a source, nor a filter by one."""
    assert_problem(told.get(f"/v1/audit/{path}"), 404)


EVIDENCE = [{"kind": "footage", "url": "https://example.org/v", "sha256": "ab" * 32, "verified": "yes"}]


def test_files_are_told_by_their_hash_and_long_lists_by_their_latest(
    timeline: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Evidence of a report and of a verdict; of five statements and two verdicts the last two each, the rest counted."""
    story = Story().held("hama", by="saa", since="11-27")
    for day in range(1, 5):
        story.corroborated("agency", f"12-0{day}")
    story.assessed(story.last, credibility=2, at="12-06").assessed(story.last, credibility=1, at="12-07")
    story.assessed(story.last, credibility=1, at="12-08")
    told_first = [one for one in registrations() if not one["type"].startswith("Source")]
    events = msgspec.to_builtins(story.events)
    next(one for one in events if one["type"] == "DevelopmentReported")["report"]["evidence"] = EVIDENCE
    events[-1]["evidence"] = EVIDENCE
    _append(timeline, [*told_first, *events])
    with served(timeline) as client:
        [whole] = client.get("/v1/audit/locations/hama").json()["claims"]
        monkeypatch.setattr(reviewing, "MOST", 2)
        [short] = client.get("/v1/audit/locations/hama").json()["claims"]
    wanted = EVIDENCE[0] | {"captured_at": None}

    assert (len(whole["statements"]), len(whole["decisions"]), whole["left_out"]) == (5, 3, 0)
    assert [one["evidence"] for one in whole["statements"]] == [[wanted], [], [], [], []]
    assert [one["evidence"] for one in whole["decisions"]] == [[], [], [wanted]]
    assert (short["statements"], short["decisions"]) == (whole["statements"][-2:], whole["decisions"][-2:])
    assert short["left_out"] == 4


def test_changes_are_bounded_and_too_much_that_came_late_is_refused(
    told: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The latest are told and the rest counted; what would have to be folded event by event is refused, with the field."""
    path = "/v1/audit/locations/sy-hama?at=2024-12-05T12:00:00Z&known_position=120"
    whole = told.get(path).json()["compared"]
    monkeypatch.setattr(compared, "MOST", 2)
    short = told.get(path).json()["compared"]
    assert (whole["left_out"], short["left_out"]) == (0, len(whole["changed_by"]) - 2)
    assert short["changed_by"] == whole["changed_by"][-2:]

    monkeypatch.setattr(compared, "MOST_LATE", 3)
    late = "view=published&known_at=2024-12-03T00:00:00Z&known_position=120"
    body = assert_problem(told.get(f"/v1/audit/locations/sy-hama?{late}"), 422)
    assert [one["field"] for one in body["errors"]] == ["known_position"]


def test_what_was_merged_away_or_voided_is_reviewed_where_it_was(timeline: Timeline) -> None:
    """Each with the decision that ended it, and the rule by its name."""
    story = Story().held("hama", by="saa", since="11-27")
    first = story.last
    story.held("hama", by="saa", since="11-27").merged(story.last, first, "12-01")
    story.captured("hama", by="hts", on="12-02").voided(story.last, "12-03")
    told_first = [one for one in registrations() if not one["type"].startswith("Source")]
    _append(timeline, [*told_first, *msgspec.to_builtins(story.events)])
    with served(timeline) as client:
        found = client.get("/v1/audit/locations/hama").json()

    assert found["considered"] == {"basis": 1, "ignored": 2}
    ended = [
        (one["standing"], [each["type"] for each in one["decisions"]], one["rule_words"][:21])
        for one in found["claims"]
    ]
    assert ended == [
        ("void", ["DevelopmentVoided"], "rule 1 of standings: "),
        ("merged", ["DevelopmentMerged"], "rule 1 of standings: "),
        ("credible", [], "rule 3 of standings, "),
    ]

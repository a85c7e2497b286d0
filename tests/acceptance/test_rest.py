"""The REST service over a socket: what is posted, what is refused and how, and the shape of every answer."""

import csv
import io
import itertools
import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import uvicorn

from events.log import CHANNEL
from services.timeline import asked, story
from services.timeline.api import events as events_api
from services.timeline.api.app import create
from services.timeline.composition import Following, Timeline, opened
from services.timeline.serving import configured
from services.timeline.settings import Settings
from tests.conftest import fresh_database

Tree = dict[str, Any]

JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
ONE_DAY = {"start": "2024-12-04T21:00:00Z", "end": "2024-12-05T21:00:00Z", "precision": "day"}
KNOWN = UUID("00000000-0000-4000-8000-000000000001")
OTHER = UUID("00000000-0000-4000-8000-000000000002")
MERGED = UUID("00000000-0000-4000-8000-000000000003")
NOWHERE = UUID("00000000-0000-4000-8000-00000000ffff")


@contextmanager
def served(timeline: Timeline, following: Following | None = None) -> Iterator[httpx2.Client]:
    """A real server on a free loopback port, and a client that speaks to it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(configured(create(timeline, following)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=30) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(timeout=30)


@dataclass(frozen=True)
class Desk:
    """A served timeline: a client in front of it, and the log behind it."""

    client: httpx2.Client
    timeline: Timeline

    def post(self, event: Mapping[str, Any] | bytes, **headers: str) -> httpx2.Response:
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        return self.client.post("/v1/events", content=body, headers=JSON | headers)

    def post_many(self, lines: Sequence[Mapping[str, Any] | bytes], query: str = "") -> httpx2.Response:
        said = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
        return self.client.post(f"/v1/events{query}", content=b"\n".join(said), headers=NDJSON)

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.client.get(path, headers=headers)

    def head(self) -> int:
        """The last position of the log."""
        return self.timeline.log.head().position


@contextmanager
def _desk(server: str) -> Iterator[Desk]:
    with (
        fresh_database(server) as database,
        opened(Settings(database_url=database)) as timeline,
        Following(timeline) as following,
    ):
        with served(timeline, following) as client:
            yield Desk(client, timeline)
        following._stopping.set()
        with timeline.log.pool.connection() as connection:
            connection.execute(f"NOTIFY {CHANNEL}")  # else it sleeps for the rest of its second


@pytest.fixture(scope="module")
def told(postgres_18: str) -> Iterator[Desk]:
    """The demo's story, served; for reading."""
    with _desk(postgres_18) as desk:
        desk.timeline.writer.append(story.lines(), "demo", atomic=True)
        assert desk.get(f"/v1/status?min_position={desk.head()}").status_code == 200
        assert desk.get(f"/v1/status?view=published&min_position={desk.head()}").status_code == 200
        yield desk


@pytest.fixture(scope="module")
def strict(postgres_18: str) -> Iterator[Desk]:
    """A small world that a thousand bad events leave as it is."""
    with _desk(postgres_18) as desk:
        desk.timeline.writer.append([json.dumps(one).encode() for one in small_world()], "test", atomic=True)
        yield desk


@pytest.fixture
def desk(postgres_18: str) -> Iterator[Desk]:
    """A small world to write to."""
    with _desk(postgres_18) as fresh:
        fresh.timeline.writer.append([json.dumps(one).encode() for one in small_world()], "test", atomic=True)
        yield fresh


def small_world() -> list[Tree]:
    """Two actors, a source each and a neutral one, a country with two cities, three developments (one merged away)."""
    return [
        {"type": "ActorRegistered", "actor_id": "saa", "name": "Syrian Arab Army", "kind": "state_force"},
        {"type": "ActorRegistered", "actor_id": "hts", "name": "HTS", "kind": "non_state_armed_group"},
        source("monitor", reliability="B"),
        source("saa-media", reliability="D", aligned_with=["saa"]),
        place("sy", kind="country"),
        place("hama", parent_id="sy", geometry={"type": "Point", "coordinates": [36.7578, 35.1318]}),
        place("homs", parent_id="sy"),
        reported(development_id=str(KNOWN)),
        reported(development_id=str(OTHER)),
        reported(development_id=str(MERGED)),
        merged(MERGED, KNOWN),
    ]


def source(source_id: str, **said: Any) -> Tree:
    return {"type": "SourceRegistered", "source_id": source_id, "name": source_id, "kind": "other"} | said


def place(location_id: str, **said: Any) -> Tree:
    return {"type": "LocationRegistered", "location_id": location_id, "name": location_id, "kind": "city"} | said


def reported(report: Mapping[str, Any] | None = None, **said: Any) -> Tree:
    """A capture of Hama by HTS, as a good event; what is named is said otherwise."""
    return {
        "type": "DevelopmentReported",
        "development_id": str(uuid4()),
        "kind": "captured",
        "location_id": "hama",
        "occurred": ONE_DAY,
        "participants": [{"actor_id": "hts", "role": "holder"}],
        "summary": "A monitor reports that the city has fallen.",
        "report": _report(**(report or {})),
    } | said


def _report(**said: Any) -> Tree:
    return {"chain": ["monitor"], "published_at": "2024-12-05T12:00:00Z", "credibility": 2} | said


def about(type_: str, development_id: UUID = KNOWN, **said: Any) -> Tree:
    """A later event about a development, with all that its type requires."""
    clock = {
        "DevelopmentAssessed": "assessed_at",
        "ReportRetracted": "retracted_at",
        "DevelopmentAmended": "amended_at",
        "DevelopmentMerged": "merged_at",
        "DevelopmentVoided": "voided_at",
    }
    event: Tree = {"type": type_, "development_id": str(development_id), "reason": "because"}
    if type_ in clock:
        event[clock[type_]] = "2024-12-06T00:00:00Z"
    else:
        event["report"] = _report()
    if type_ in ("DevelopmentCorroborated", "DevelopmentAssessed"):
        del event["reason"]
    if type_ == "DevelopmentAssessed":
        event |= {"credibility": 2, "analyst": "desk", "reasoning": "seen"}
    if type_ == "ReportRetracted":
        event["source_id"] = "monitor"
    return event | said


def merged(development_id: UUID, into: UUID) -> Tree:
    return about("DevelopmentMerged", development_id, into_id=str(into))


def assert_problem(answer: httpx2.Response, status: int) -> Tree:
    """An error body after RFC 9457; the body."""
    body: Tree = answer.json()
    assert answer.status_code == status, body
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert list(body)[:4] == ["type", "title", "status", "detail"]
    assert set(body) <= {"type", "title", "status", "detail", "errors"}
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    for error in body.get("errors", ()):
        assert list(error)[:3] == ["field", "value", "message"]
        assert error["message"]
    return body


# Writing


def test_an_event_is_answered_with_its_id_its_position_and_when(desk: Desk) -> None:
    """201, and the same facts stand in the log."""
    before = datetime.now(UTC)
    answer = desk.post(reported())
    body = answer.json()

    assert answer.status_code == 201
    assert list(body) == ["event_id", "position", "recorded_at", "warnings"]
    assert body["position"] == desk.head()
    assert before - timedelta(seconds=5) < datetime.fromisoformat(body["recorded_at"]) < before + timedelta(seconds=60)
    recorded = desk.get(f"/v1/events?after={body['position'] - 1}").json()["events"][0]
    assert recorded["event"]["event_id"] == body["event_id"]
    assert recorded["recorded_at"] == body["recorded_at"]
    assert recorded["recorded_by"] == "local"


def test_the_same_event_again_is_answered_with_its_first_position(desk: Desk) -> None:
    """200, nothing written; offsets and key order do not make another event of it."""
    event = reported(event_id=str(uuid4()))
    first = desk.post(event)
    head = desk.head()
    same = reported(**event) | {"report": _report(published_at="2024-12-05T15:00:00+03:00")}
    again, reordered = desk.post(event), desk.post(dict(reversed(same.items())))

    assert (first.status_code, again.status_code, reordered.status_code) == (201, 200, 200)
    said = {
        name: value for name, value in first.json().items() if name != "warnings"
    }  # they were told when it was recorded
    assert said == again.json() == reordered.json()
    assert desk.head() == head


def test_other_content_under_the_same_id_is_a_conflict(desk: Desk) -> None:
    """409, the field is event_id, nothing is written."""
    event = reported(event_id=str(uuid4()))
    desk.post(event)
    head = desk.head()
    body = assert_problem(desk.post(event | {"summary": "Something else."}), 409)

    assert [error["field"] for error in body["errors"]] == ["event_id"]
    assert desk.head() == head


@pytest.mark.parametrize(
    ("again", "field"),
    [(source("monitor"), "source_id"), (place("hama"), "location_id"), (reported(development_id=str(KNOWN)), "development_id"),
     ({"type": "ActorRegistered", "actor_id": "hts", "name": "HTS", "kind": "other"}, "actor_id")],
    ids=["source", "location", "development", "actor"],
)  # fmt: skip
def test_what_is_registered_already_is_a_conflict(strict: Desk, again: Tree, field: str) -> None:
    """409, naming the id that is taken."""
    head = strict.head()
    body = assert_problem(strict.post(again), 409)

    assert [error["field"] for error in body["errors"]] == [field]
    assert strict.head() == head


def test_each_line_of_ndjson_has_a_result_in_order(desk: Desk) -> None:
    """Good lines stand, refused ones are told by their number; blank lines count, and have no result."""
    here = reported(event_id=str(uuid4()))
    head = desk.head()
    lines: list[Tree | bytes] = [
        here,
        b"",
        reported(kind="seized"),
        b"{",
        here,
        reported(location_id="nowhere"),
        reported(),
    ]
    answer = desk.post_many(lines)
    results = [json.loads(line) for line in answer.text.splitlines()]

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert [(one["line"], one["result"]) for one in results] == [
        (1, "appended"), (3, "refused"), (4, "refused"), (5, "already_there"), (6, "refused"), (7, "appended"),
    ]  # fmt: skip
    assert [one["position"] for one in results] == [head + 1, None, None, head + 1, None, head + 2]
    assert [error["field"] for error in results[1]["problem"]["errors"]] == ["kind"]
    assert [one["problem"]["status"] for one in results if one["problem"]] == [422, 422, 422]
    assert all(list(one)[:4] == ["line", "result", "position", "problem"] for one in results)
    assert desk.head() == head + 2


def test_a_line_may_rest_on_the_line_before_it(desk: Desk) -> None:
    """A source, and a report by it, in one request."""
    answer = desk.post_many([source("agency"), reported({"chain": ["agency"]})], "?atomic=true")

    assert [json.loads(line)["result"] for line in answer.text.splitlines()] == ["appended", "appended"]


def test_an_atomic_batch_is_recorded_whole_or_not_at_all(desk: Desk) -> None:
    """One bad line, and nothing is written; the error tells the line as it stands in what was sent."""
    head = desk.head()
    body = assert_problem(desk.post_many([reported(), b"", reported(kind="seized"), reported()], "?atomic=true"), 422)

    assert [(error["line"], error["field"]) for error in body["errors"]] == [(3, "kind")]
    assert desk.head() == head
    assert desk.post_many([reported(), reported()], "?atomic=true").status_code == 200
    assert desk.head() == head + 2


def test_an_atomic_batch_that_only_conflicts_is_a_conflict(strict: Desk) -> None:
    """409, as for one event."""
    head = strict.head()
    body = assert_problem(strict.post_many([reported(), source("monitor")], "?atomic=true"), 409)

    assert [(error["line"], error["field"]) for error in body["errors"]] == [(2, "source_id")]
    assert strict.head() == head


def test_ndjson_of_windows_and_of_nothing_is_read_too(desk: Desk) -> None:
    """CRLF at the ends of lines; an empty body has no results."""
    crlf = json.dumps(reported()).encode() + b"\r\n" + json.dumps(reported()).encode() + b"\r\n"

    assert len(desk.post_many([crlf]).text.splitlines()) == 2
    assert desk.post_many([]).text == ""


def test_a_long_ndjson_is_told_line_by_line(desk: Desk) -> None:
    """More lines than one append takes."""
    head = desk.head()
    lines = [source(f"source-{number}") for number in range(events_api.LINES + 5)]
    results = [json.loads(line) for line in desk.post_many(lines).text.splitlines()]

    assert [one["line"] for one in results] == list(range(1, len(lines) + 1))
    assert [one["position"] for one in results] == list(range(head + 1, head + len(lines) + 1))


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_another_content_type_is_refused(strict: Desk, media_type: str) -> None:
    """415, saying what to send."""
    headers = {"Content-Type": media_type} if media_type else {}
    answer = strict.client.post("/v1/events", content=json.dumps(reported()).encode(), headers=headers)

    assert "application/x-ndjson" in assert_problem(answer, 415)["detail"]


def test_the_content_type_may_say_its_charset(desk: Desk) -> None:
    """And be written in any case."""
    assert desk.post(reported(), **{"Content-Type": "Application/JSON; charset=utf-8"}).status_code == 201


def test_a_body_beyond_its_bound_is_refused(strict: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """413, for one event and for many; nothing is written."""
    monkeypatch.setattr(events_api, "MAX_BODY", 500)
    monkeypatch.setattr(events_api, "MAX_ONE", 500)
    head = strict.head()

    assert "500" in assert_problem(strict.post_many([reported(), reported()]), 413)["detail"]
    assert_problem(strict.post(reported(summary="x" * 1000)), 413)
    assert strict.head() == head


SHORT = {"type": "Polygon", "coordinates": [[[36, 35], [37, 35], [36, 35]]]}
OFF = {"type": "Point", "coordinates": [35.1318, 136.7578]}
LINE_OFF = {"type": "LineString", "coordinates": [[36, 35], [36, 95]]}
BUILT = {"development_id": str(NOWHERE)}

#: What is wrong with an event, the event, the fields that the answer names, and a word of its message.
REFUSED: Sequence[tuple[str, Mapping[str, Any] | bytes, Sequence[str], str]] = (
    # unknown sources
    ("source of a report", reported({"chain": ["monitor", "nobody"]}), ["report.chain[1]"], "SourceRegistered"),
    ("source of a corroboration", about("DevelopmentCorroborated", report=_report(chain=["x"])), ["report.chain[0]"], "no source"),
    ("source of a denial", about("DevelopmentDenied", report=_report(chain=["x"])), ["report.chain[0]"], "no source"),
    ("source of a retraction", about("ReportRetracted", source_id="x"), ["source_id"], "no source"),
    ("source graded", {"type": "SourceReliabilityAssessed", "source_id": "x", "reliability": "C", "reason": "y"}, ["source_id"], "no source"),
    ("source aligned", {"type": "SourceAlignmentStated", "source_id": "x", "aligned_with": [], "reason": "y"}, ["source_id"], "no source"),
    # unknown actors
    ("actor taking part", reported(participants=[{"actor_id": "x", "role": "holder"}]), ["participants[0].actor_id"], "ActorRegistered"),
    ("actor aligned with", source("new", aligned_with=["saa", "x"]), ["aligned_with[1]"], "no actor"),
    ("actor aligned with later", {"type": "SourceAlignmentStated", "source_id": "monitor", "aligned_with": ["x"], "reason": "y"}, ["aligned_with[0]"], "no actor"),
    ("actor renamed", {"type": "ActorRenamed", "actor_id": "x", "name": "y", "from": "2024-12-01T00:00:00Z"}, ["actor_id"], "no actor"),
    ("actor in an amendment", about("DevelopmentAmended", changes={"participants": [{"actor_id": "x", "role": "holder"}]}), ["changes.participants[0].actor_id"], "no actor"),
    # unknown locations
    ("location", reported(location_id="nowhere"), ["location_id"], "LocationRegistered"),
    ("destination", reported(kind="movement", participants=[], destination_id="nowhere"), ["destination_id"], "no location"),
    ("parent", place("new", parent_id="nowhere"), ["parent_id"], "no location"),
    ("location revised", {"type": "LocationRevised", "location_id": "x", "from": "2024-12-01T00:00:00Z", "changes": {"name": "y"}, "reason": "z"}, ["location_id"], "no location"),
    ("parent revised", {"type": "LocationRevised", "location_id": "hama", "from": "2024-12-01T00:00:00Z", "changes": {"parent_id": "x"}, "reason": "z"}, ["changes.parent_id"], "no location"),
    ("location in an amendment", about("DevelopmentAmended", changes={"location_id": "x"}), ["changes.location_id"], "no location"),
    # unknown developments
    ("development corroborated", about("DevelopmentCorroborated", NOWHERE), ["development_id"], "no development"),
    ("development denied", about("DevelopmentDenied", NOWHERE), ["development_id"], "no development"),
    ("development assessed", about("DevelopmentAssessed", NOWHERE), ["development_id"], "no development"),
    ("development retracted", about("ReportRetracted", NOWHERE), ["development_id"], "no development"),
    ("development amended", about("DevelopmentAmended", NOWHERE, changes={"summary": "x"}), ["development_id"], "no development"),
    ("development voided", about("DevelopmentVoided", NOWHERE), ["development_id"], "no development"),
    ("development merged", merged(NOWHERE, KNOWN), ["development_id"], "no development"),
    ("development merged into", merged(OTHER, NOWHERE), ["into_id"], "no development"),
    # unknown words of closed lists
    ("kind", reported(kind="seized"), ["kind"], "did you mean captured"),
    ("kind in an amendment", about("DevelopmentAmended", changes={"kind": "seized"}), ["changes.kind"], "did you mean captured"),
    ("source kind", source("new", kind="blog"), ["kind"], "news_outlet"),
    ("actor kind", {"type": "ActorRegistered", "actor_id": "new", "name": "x", "kind": "army"}, ["kind"], "state_force"),
    ("location kind", place("new", kind="hamlet"), ["kind"], "village"),
    ("evidence kind", reported({"evidence": [{"kind": "video"}]}), ["report.evidence[0].kind"], "footage"),
    ("precision", reported(occurred=ONE_DAY | {"precision": "minute"}), ["occurred.precision"], "hour"),
    ("reliability", source("new", reliability="G"), ["reliability"], "A, B, C"),
    ("credibility", reported({"credibility": 7}), ["report.credibility"], "6"),
    # roles
    ("role", reported(participants=[{"actor_id": "hts", "role": "winner"}]), ["participants[0].role", "participants"], "unknown role"),
    ("role of another kind", reported(participants=[{"actor_id": "hts", "role": "holder"}, {"actor_id": "saa", "role": "challenger"}]), ["participants[1].role"], "former_holder"),
    ("role of another kind by amendment", about("DevelopmentAmended", changes={"kind": "besieged"}), ["changes.participants"], "challenger"),
    ("a role that is needed", reported(participants=[]), ["participants"], "needs a holder"),
    ("two holders that are needed", reported(kind="shared"), ["participants"], "2 holders"),
    ("participant twice", reported(participants=[{"actor_id": "hts", "role": "holder"}] * 2), ["participants"], "2 times"),
    # times
    ("naive start", reported(occurred={"start": "2024-12-04T21:00:00", "end": "2024-12-05T21:00:00Z"}), ["occurred.start"], "offset"),
    ("naive published time", reported({"published_at": "2024-12-05T12:00:00"}), ["report.published_at"], "offset"),
    ("naive assessed time", about("DevelopmentAssessed", assessed_at="2024-12-05T12:00:00"), ["assessed_at"], "offset"),
    ("impossible day", reported(occurred={"start": "2024-02-30T00:00:00Z", "end": "2024-03-01T00:00:00Z"}), ["occurred.start"], "2024-12-02T09:00:00Z"),
    ("impossible hour", reported(occurred={"start": "2024-02-20T25:00:00Z", "end": "2024-03-01T00:00:00Z"}), ["occurred.start"], "2024-12-02T09:00:00Z"),
    ("time out of the calendar", reported(occurred={"start": "0001-01-01T00:00:00+05:00", "end": "2024-03-01T00:00:00Z"}), ["occurred"], "years 1 to 9999"),
    ("bare date", reported({"published_at": "2024-12-05"}), ["report.published_at"], "offset"),
    ("number as time", reported({"published_at": 1733400000}), ["report.published_at"], "offset"),
    ("end before start", reported(occurred={"start": ONE_DAY["end"], "end": ONE_DAY["start"]}), ["occurred"], "swapped"),
    ("end before start in an amendment", about("DevelopmentAmended", changes={"occurred": {"start": ONE_DAY["end"], "end": ONE_DAY["start"]}}), ["changes.occurred"], "swapped"),
    ("published in the future", reported({"published_at": "2999-01-01T00:00:00Z"}), ["report.published_at"], "more than a day after"),
    ("denied in the future", about("DevelopmentDenied", report=_report(published_at="2999-01-01T00:00:00Z")), ["report.published_at"], "more than a day after"),
    # chains, geometry, parents, mergers
    ("empty chain", reported({"chain": []}), ["report.chain"], "empty"),
    ("empty chain of a denial", about("DevelopmentDenied", report=_report(chain=[])), ["report.chain"], "empty"),
    ("no chain", reported() | {"report": {"published_at": "2024-12-05T12:00:00Z"}}, ["report.chain"], "required"),
    ("coordinates off the globe", place("new", geometry=OFF), ["geometry.coordinates"], "swapped"),
    ("a line off the globe", place("new", geometry=LINE_OFF), ["geometry.coordinates"], "off the globe"),
    ("revised off the globe", {"type": "LocationRevised", "location_id": "hama", "from": "2024-12-01T00:00:00Z", "changes": {"geometry": OFF}, "reason": "z"}, ["changes.geometry.coordinates"], "off the globe"),
    ("ring not closed", place("new", geometry=SHORT), ["geometry.coordinates"], "ring"),
    ("geometry of no kind", place("new", geometry={"type": "Circle", "coordinates": [1, 2]}), ["geometry.type"], "Polygon"),
    ("own parent", place("new", parent_id="new"), ["parent_id"], "own parent"),
    ("own parent by revision", {"type": "LocationRevised", "location_id": "hama", "from": "2024-12-01T00:00:00Z", "changes": {"parent_id": "hama"}, "reason": "z"}, ["changes.parent_id"], "own parent"),
    ("parents in a circle", {"type": "LocationRevised", "location_id": "sy", "from": "2024-12-01T00:00:00Z", "changes": {"parent_id": "hama"}, "reason": "z"}, ["changes.parent_id"], "circle"),
    ("merged into itself", merged(OTHER, OTHER), ["into_id"], "itself"),
    ("mergers in a circle", merged(KNOWN, MERGED), ["into_id"], "circle"),
    ("merged already", merged(MERGED, OTHER), ["development_id"], "already"),
    # bounds
    ("long summary", reported(summary="x" * 2001), ["summary"], "2000"),
    ("long reason", about("DevelopmentVoided", reason="x" * 20_001), ["reason"], "20000"),
    ("long name", source("new", name="x" * 301), ["name"], "300"),
    ("long tag", reported(tags=["ok", "x" * 65]), ["tags[1]"], "64"),
    ("long url", reported({"url": "x" * 2001}), ["report.url"], "2000"),
    ("event over 60,000 bytes", reported(tags=["x"] * 30_000), [""], "60,000"),
    ("event a little over 60,000 bytes", json.dumps(reported()).encode().ljust(60_001), [""], "60,001"),
    # fields
    ("unknown field", reported(colour="red"), ["colour"], "unknown field"),
    ("misspelt field", reported() | {"sumary": "x"}, ["sumary"], "did you mean summary"),
    ("unknown field inside", reported({"publisher": "x"}), ["report.publisher"], "unknown field"),
    ("unknown field in a list", reported(figures=[{"of": "killed", "about": 3}]), ["figures[0].about"], "unknown field"),
    ("unknown field in changes", about("DevelopmentAmended", changes={"report": {}}), ["changes.report"], "unknown field"),
    ("missing fields", {"type": "DevelopmentReported", "development_id": str(NOWHERE)}, ["kind", "location_id", "occurred", "report"], "required"),
    ("unknown type", {"type": "DevelopmentReporte"}, ["type"], "did you mean DevelopmentReported"),
    ("no type", {"kind": "captured"}, ["type"], "unknown type"),
    ("blank summary", reported(summary="  "), ["summary"], "not blank"),
    ("no reason", {"type": "DevelopmentVoided", "development_id": str(KNOWN), "voided_at": "2024-12-06T00:00:00Z"}, ["reason"], "not blank"),
    ("nothing amended", about("DevelopmentAmended", changes={}), ["changes"], "nothing to change"),
    ("no id of ours", place("Hama City"), ["location_id"], "lower-case"),
    ("no uuid", reported(development_id="7"), ["development_id"], "UUID"),
    ("no uuid of the event", reported(event_id="7"), ["event_id"], "UUID"),
    ("two things at once", reported({"credibility": 9}, kind=5, colour="red"), ["kind", "report.credibility", "colour"], "unknown field"),
    ("three unknown names", reported({"chain": ["a"]}, location_id="b", participants=[{"actor_id": "c", "role": "holder"}]), ["report.chain[0]", "location_id", "participants[0].actor_id"], "no actor"),
    # JSON
    ("broken JSON", b'{"type": "SourceRegistered",', [""], "JSON"),
    ("empty body", b"", [""], "JSON"),
    ("no JSON", b"\xff\xfe", [""], "JSON"),
    ("a list", b"[]", [""], "object"),
    ("null", b"null", [""], "object"),
    ("a deep hole", b"[" * 50_000, [""], "deep"),
    ("half a letter", b'{"type": "SourceRegistered", "source_id": "x", "name": "\\ud800", "kind": "ngo"}', [""], "JSON"),
)  # fmt: skip


@pytest.mark.parametrize(("event", "fields", "word"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_a_bad_event_is_refused_by_field_and_nothing_is_written(
    strict: Desk, event: Mapping[str, Any] | bytes, fields: Sequence[str], word: str
) -> None:
    """422; alone, and as a line of many."""
    head = strict.head()
    body = assert_problem(strict.post(event), 422)

    assert {error["field"] for error in body["errors"]} == set(fields)
    assert any(word in error["message"] for error in body["errors"]), body["errors"]
    assert word in body["detail"]
    if event:  # an empty line is none
        line = json.loads(strict.post_many([event]).text)
        assert (line["result"], line["position"], line["problem"]["status"]) == ("refused", None, 422)
        assert [one["field"] for one in line["problem"]["errors"]] == [one["field"] for one in body["errors"]]
    assert strict.head() == head


def test_the_value_that_stood_there_is_shown_and_long_text_is_cut(strict: Desk) -> None:
    """Enough to find it by."""
    short = assert_problem(strict.post(reported(kind="seized")), 422)["errors"][0]
    long = assert_problem(strict.post(reported(summary="x" * 5000)), 422)["errors"][0]

    assert short["value"] == "seized"
    assert long["value"].startswith("xxx")
    assert len(long["value"]) < 200


@pytest.mark.parametrize(
    ("event", "flag"),
    [
        (reported({"published_at": "2024-12-01T00:00:00Z"}), ("published_before_it_began", "report.published_at")),
        (reported(figures=[{"of": "killed", "low": 300, "best": 200}]), ("figures_out_of_order", "figures[0]")),
        (
            about("DevelopmentDenied", report=_report(published_at="2024-12-01T00:00:00Z")),
            ("published_before_it_began", "report.published_at"),
        ),
    ],
    ids=["published before it began", "figures out of order", "denied before it began"],
)
def test_what_is_odd_is_kept_and_warned_of(desk: Desk, event: Tree, flag: tuple[str, str]) -> None:
    """201, since real sources do it."""
    head = desk.head()
    answer = desk.post(event)

    assert answer.status_code == 201
    assert flag in [(one["code"], one["field"]) for one in answer.json()["warnings"]]
    assert desk.head() == head + 1
    again = dict(event, **({"development_id": str(uuid4())} if event["type"] == "DevelopmentReported" else {}))
    told = [one for one in json.loads(desk.post_many([again]).text)["warnings"] if one["code"] != "looks_alike"]
    assert told == [one for one in answer.json()["warnings"] if one["code"] != "looks_alike"]


def test_a_report_dated_tomorrow_is_taken(desk: Desk) -> None:
    """Clocks differ, and newspapers are dated tomorrow: a day is allowed."""
    soon = (datetime.now(UTC) + timedelta(hours=23)).isoformat()
    late = (datetime.now(UTC) + timedelta(hours=25)).isoformat()

    assert desk.post(reported({"published_at": soon})).status_code == 201
    assert desk.post(reported({"published_at": late})).status_code == 422


def test_further_events_about_a_voided_development_are_accepted_and_change_nothing(desk: Desk) -> None:
    """API.md, "to the letter"."""
    fallen = reported({"credibility": 1})
    voided = UUID(fallen["development_id"])
    desk.post_many([fallen, about("DevelopmentVoided", voided)])
    last = desk.post(about("DevelopmentCorroborated", voided))
    answer = desk.get(f"/v1/locations/homs/status?min_position={last.json()['position']}").json()

    assert last.status_code == 201
    assert answer["control"]["mode"] == "unknown"


# The log


def test_the_log_is_read_in_pages_in_order(told: Desk) -> None:
    """Every position once, contiguous; `next` leads on, null ends."""
    after, pages = 0, []
    while True:
        page = told.get(f"/v1/events?after={after}&limit=40").json()
        pages.append(page["events"])
        if page["next"] is None:
            break
        after = page["next"]
    positions = [one["position"] for page in pages for one in page]

    assert positions == list(range(1, told.head() + 1))
    assert [len(page) for page in pages[:-1]] == [40] * (len(pages) - 1)
    assert list(pages[0][0]) == ["position", "recorded_at", "recorded_by", "version", "redacted", "redaction", "event"]
    recorded = [one["recorded_at"] for page in pages for one in page]
    assert recorded == sorted(set(recorded), key=datetime.fromisoformat)


def test_the_log_gives_back_what_was_posted(told: Desk) -> None:
    """`type` first, the id of the event with it; what a line left out stands with its default."""
    lines = told.get("/v1/events?limit=5000&f=ndjson")
    given = [json.loads(line) for line in lines.text.splitlines()]

    assert lines.headers["Content-Type"] == "application/x-ndjson"
    assert told.get("/v1/events?limit=5000", Accept="application/x-ndjson").content == lines.content
    for one, line in zip(given, story.lines(), strict=True):
        posted = json.loads(line)
        assert list(one["event"])[:2] == ["type", "event_id"]
        assert posted == {name: one["event"][name] for name in posted} | _written_otherwise(posted)


def _written_otherwise(posted: Tree) -> Tree:
    """What comes back with its defaults filled in, so that it is not compared."""
    nested = ("report", "figures", "evidence", "occurred", "geometry", "changes", "aliases")
    return {name: posted[name] for name in nested if name in posted}


# One location


def test_the_status_of_a_place_has_the_shape_of_the_api(told: Desk) -> None:
    """The example of API.md, from the demo's own events: names, their order, and what it answers."""
    asked = "at=2024-12-02T12:00:00Z&known_at=2024-12-02T18:00:00Z&view=published"
    body = told.get(f"/v1/locations/sy-hama/status?{asked}").json()
    control = body["control"]

    assert list(body) == [
        "location_id", "at", "known_at", "known_position", "view", "policy", "clock", "control", "access", "rollup",
    ]  # fmt: skip
    assert list(control) == [
        "mode", "holders", "challengers", "standing", "basis", "since", "valid_from", "valid_until", "pending",
        "conflicting",
    ]  # fmt: skip
    assert list(control["pending"][0]) == ["mode", "holders", "challengers", "standing", "since", "latest", "count"]
    assert {name: body[name] for name in list(body)[:3]} == {
        "location_id": "sy-hama", "at": "2024-12-02T12:00:00Z", "known_at": "2024-12-02T18:00:00Z",
    }  # fmt: skip
    assert (body["view"], body["policy"], body["clock"]) == ("published", "assessed/1", "reported")
    assert body["known_position"] == told.head()
    assert (body["access"], body["rollup"]) == (None, {"places": 0, "control": []})
    assert (control["mode"], control["holders"], control["standing"]) == ("held", ["saa"], "corroborated")
    assert (control["since"], control["valid_from"]) == ("2024-11-27T00:00:00Z", "2024-12-02T09:00:00Z")
    assert control["conflicting"] == []
    assert [(one["mode"], one["holders"], one["standing"], one["since"], one["count"]) for one in control["pending"]] == [
        ("held", ["hts"], "unconfirmed", "2024-12-02T09:00:00Z", 1)
    ]  # fmt: skip


def test_the_roll_up_counts_every_place_below(told: Desk) -> None:
    """By mode and holders, as many as there are."""
    rollup = told.get("/v1/locations/sy/status?at=2024-12-09T00:00:00Z").json()["rollup"]
    below = [one for one in told.get("/v1/locations").json()["locations"] if "sy" in one["path"]]

    assert list(rollup) == ["places", "control"]
    assert rollup["places"] == len(below) == sum(one["count"] for one in rollup["control"])
    assert all(list(one) == ["mode", "holders", "count"] for one in rollup["control"])


def test_access_is_answered_where_a_claim_bears_on_it(told: Desk) -> None:
    """A border that is closed; its authority stands in `holders`."""
    access = told.get("/v1/locations/iq-sy-border/status?at=2024-12-03T00:00:00Z").json()["access"]

    assert (access["mode"], access["holders"]) == ("closed", ["iraq"])


def test_a_plus_that_arrives_as_a_space_is_mended(told: Desk) -> None:
    """As written by hand into an address, and as it should have been written."""
    by_hand = told.get("/v1/locations/sy-hama/status?at=2024-12-02T15:00:00+03:00&known_at=2024-12-02T21:00:00+03:00")
    encoded = told.get(
        "/v1/locations/sy-hama/status?at=2024-12-02T15%3A00%3A00%2B03%3A00&known_at=2024-12-02T18:00:00Z"
    )

    assert by_hand.status_code == encoded.status_code == 404  # recorded clock: nothing was known in 2024
    for plus in ("+03:00", "%2B03:00", " 03:00", "%2003:00"):
        answer = told.get(f"/v1/locations/sy-hama/status?view=published&at=2024-12-02T15:00:00{plus}").json()
        assert answer["at"] == "2024-12-02T12:00:00Z"


def test_both_times_default_to_now(told: Desk) -> None:
    """And the view to the recorded clock; what is known is known as of the newest event."""
    before = datetime.now(UTC)
    body = told.get("/v1/locations/sy-hama/status").json()
    published = told.get("/v1/locations/sy-hama/status?view=published").json()

    assert before <= datetime.fromisoformat(body["at"]) <= datetime.now(UTC)
    assert before <= datetime.fromisoformat(published["known_at"]) <= datetime.now(UTC)
    assert (body["view"], body["clock"], body["known_position"]) == ("current", "recorded", told.head())


def test_a_position_is_another_way_to_say_when_it_was_known(told: Desk) -> None:
    """The time of a position, and the position, answer the same."""
    recorded = told.get("/v1/events?after=149&limit=1").json()["events"][0]
    asked = "/v1/locations/sy-hama/status?at=2024-12-02T12:00:00Z"
    by_position = told.get(f"{asked}&known_position=150").json()

    assert by_position["known_position"] == 150
    assert told.get(f"{asked}&known_at={recorded['recorded_at']}").json() == by_position


def test_a_time_before_the_first_claim_answers_unknown(told: Desk) -> None:
    """With nothing beside it, since ever."""
    control = told.get("/v1/locations/sy-hama/status?at=1999-01-01T00:00:00Z").json()["control"]

    assert (control["mode"], control["holders"], control["basis"], control["standing"]) == ("unknown", [], None, None)
    assert (control["since"], control["valid_from"], control["pending"]) == (None, None, [])
    assert control["valid_until"] is not None


@pytest.mark.parametrize("what", ["status", "history", "beliefs", "explain", ""])
@pytest.mark.parametrize("place", ["nowhere", "sy-hama?known_position=3", "%00", "SY-HAMA"])
def test_an_unknown_location_is_not_found(told: Desk, what: str, place: str) -> None:
    """Nor one that was not registered by the position asked about."""
    name, _, query = place.partition("?")
    assert_problem(told.get(f"/v1/locations/{name}/{what}".rstrip("/") + f"?{query}"), 404)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2024-12-02T12:00:00.5Z"])
@pytest.mark.parametrize("what", ["status", "history", "beliefs", "explain"])
def test_the_ends_of_the_calendar_are_answered(told: Desk, what: str, at: str) -> None:
    """No moment that can be written is too far off."""
    answer = told.get(f"/v1/locations/sy-hama/{what}?view=published&at={at}&known_at={at}")

    assert answer.status_code == 200
    assert datetime.fromisoformat(answer.json()["known_at"]) == datetime.fromisoformat(at)


def test_a_reader_may_wait_for_what_was_written(desk: Desk) -> None:
    """What was posted a moment ago is in the answer, in either view."""
    desk.post(reported({"credibility": 1}, event_id=str(uuid4()), location_id="homs"))
    position = desk.post(about("DevelopmentAssessed", credibility=1)).json()["position"]
    for view in ("current", "published"):
        body = desk.get(f"/v1/locations/hama/status?view={view}&min_position={position}").json()
        assert body["known_position"] >= position
        assert body["control"]["holders"] == ["hts"]


def test_waiting_for_what_nobody_wrote_ends(told: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, and when to come again."""
    monkeypatch.setattr(asked, "PATIENCE", 0.1)
    answer = told.get("/v1/locations/sy-hama/status?min_position=1000000")

    assert "1000000" in assert_problem(answer, 503)["detail"]
    assert int(answer.headers["Retry-After"]) >= 1


def views_of(desk: Desk) -> dict[str, str]:
    """The id of each view by its name."""
    return {one["name"]: one["id"] for one in desk.get("/v1/views").json()["views"]}


AT = "at=2024-12-02T12:00:00Z"
THEN = "known_at=2024-12-02T18:00:00Z"


@pytest.mark.parametrize(
    ("query", "pinned"),
    [
        (f"view={{current}}&{AT}&known_position=200", True),
        (f"view={{published}}&{AT}&{THEN}&known_position={{head}}", True),
        (f"view=current&{AT}&known_position=200", False),  # a name may be given to another view
        (f"view={{current}}&{AT}", False),
        ("view={current}&known_position=200", False),
        (f"view={{current}}&{AT}&known_position=1000000", False),
        (f"view={{current}}&{AT}&known_at=2999-01-01T00:00:00Z", False),
        (f"view={{published}}&{AT}&{THEN}", False),  # a late arrival may still rewrite what was published
        ("", False),
    ],
)
def test_only_a_pinned_answer_may_be_kept_for_ever(told: Desk, query: str, pinned: bool) -> None:
    """View by id, both axes named, and no text in it; then it is marked immutable, and a tag brings 304."""
    filled = query.format(**views_of(told), head=told.head())
    for path in ("/v1/locations/sy-hama/status", "/v1/locations/sy-hama/explain", "/v1/locations/sy-hama"):
        answer = told.get(f"{path}?{filled}")
        cached = answer.headers["Cache-Control"]
        assert answer.status_code == 200
        assert ("immutable" in cached) is (pinned and path.endswith("status")), cached  # the others tell texts
        assert "max-age" in cached if "immutable" in cached else cached == "no-cache"


def test_a_known_time_after_the_newest_event_answers_as_of_that_event(told: Desk) -> None:
    """And says so."""
    body = told.get("/v1/locations/sy-hama/status?known_at=2999-01-01T00:00:00Z").json()

    assert body["known_position"] == told.head()
    assert datetime.fromisoformat(body["known_at"]) == told.timeline.log.head().recorded_at


def test_an_answer_that_is_held_already_is_not_sent_again(told: Desk) -> None:
    """304 by its entity tag; another answer has another tag."""
    asked = "/v1/locations/sy-hama/status?known_position=200&at=2024-12-02T12:00:00Z"
    first = told.get(asked)
    again = told.get(asked, **{"If-None-Match": first.headers["ETag"]})
    other = told.get(asked.replace("200", "201"), **{"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert other.status_code == 200


def test_the_history_of_a_place_covers_the_valid_axis(told: Desk) -> None:
    """Stretches one after another from ever to further notice; each is what the status answers within it."""
    known = "view=published&known_at=2024-12-09T00:00:00Z"
    body = told.get(f"/v1/locations/sy-hama/history?{known}").json()
    drawn = body["control"]

    assert (drawn[0]["valid_from"], drawn[-1]["valid_until"], body["access"]) == (None, None, None)
    assert len(drawn) > 5
    for one, following in itertools.pairwise(drawn):
        assert one["valid_until"] == following["valid_from"]
        status = told.get(f"/v1/locations/sy-hama/status?{known}&at={following['valid_from']}").json()["control"]
        for name in ("mode", "holders", "challengers", "standing", "basis", "valid_from", "valid_until"):
            assert status[name] == following[name]


@pytest.mark.parametrize("view", ["current", "published"])
@pytest.mark.parametrize(("place", "facet"), [("sy-hama", "control"), ("iq-sy-border", "access")])
def test_the_belief_map_says_one_thing_of_every_point(told: Desk, view: str, place: str, facet: str) -> None:
    """Around each corner exactly one rectangle holds the point; open ends are null."""
    body = told.get(f"/v1/locations/{place}/beliefs?view={view}&facet={facet}").json()
    drawn = body["rectangles"]
    valid = sorted({_moment(one["valid_from"]) for one in drawn})
    known = sorted({_moment(one["known_from"]) for one in drawn if _moment(one["known_from"]) > _moment(None)})

    assert body["facet"] == facet
    assert valid[0] == _moment(None)
    for at, by in itertools.product(valid, known):
        assert sum(_holds(one, "valid", at) and _holds(one, "known", by) for one in drawn) == 1, (at, by)
    positions = {one["known_from_position"] for one in drawn}
    assert (positions == {None}) is (view == "published")


def _moment(text: str | None) -> datetime:
    return datetime.fromisoformat(text) if text else datetime.min.replace(tzinfo=UTC)


def _holds(rectangle: Tree, axis: str, moment: datetime) -> bool:
    until = rectangle[f"{axis}_until"]
    return _moment(rectangle[f"{axis}_from"]) <= moment and (until is None or moment < _moment(until))


def test_an_explanation_shows_every_claim_with_its_part_and_why(told: Desk) -> None:
    """The status as it is answered, a sentence, and the claim that it rests on among those considered."""
    asked = "at=2024-12-02T12:00:00Z&known_at=2024-12-03T12:00:00Z&view=published"
    body = told.get(f"/v1/locations/sy-hama/explain?{asked}").json()

    assert body["sentence"].startswith("Hama is held by Syrian Arab Army")
    assert body["control"] == told.get(f"/v1/locations/sy-hama/status?{asked}").json()["control"]
    assert [one["development_id"] for one in body["claims"] if one["part"] == "basis"] == [body["control"]["basis"]]
    assert {"basis", "ignored"} <= {one["part"] for one in body["claims"]}
    assert all(one["words"] and one["rule"] and one["statements"] for one in body["claims"])


# All locations


def test_the_map_has_every_location_once_ordered_by_id(told: Desk) -> None:
    """As many as are registered; later ones are not there yet at an earlier position."""
    body = told.get("/v1/status?view=published&known_at=2024-12-09T00:00:00Z").json()
    listed = [one["location_id"] for one in body["locations"]]
    registered = [one["location_id"] for one in told.get("/v1/locations").json()["locations"]]
    early = told.get("/v1/status?known_position=60").json()["locations"]

    assert list(body) == ["at", "known_at", "known_position", "view", "policy", "clock", "locations"]
    assert listed == sorted(set(listed)) == registered
    assert 0 < len(early) < len(listed)


def test_the_map_says_of_each_place_what_the_place_says_of_itself(told: Desk) -> None:
    """Without the roll-up and without what is computed at read."""
    asked = "at=2024-12-05T14:00:00Z&known_at=2024-12-05T14:00:00Z&view=published"
    for entry in told.get(f"/v1/status?{asked}").json()["locations"]:
        alone = told.get(f"/v1/locations/{entry['location_id']}/status?{asked}").json()
        assert list(entry) == ["location_id", "control", "access"]
        assert entry["control"] == _brief(alone["control"])
        assert entry["access"] == (_brief(alone["access"]) if alone["access"] else None)


def _brief(status: Tree) -> Tree:
    kept = ("mode", "holders", "challengers", "standing", "basis")
    pending = [{name: one[name] for name in ("mode", "holders", "challengers", "standing", "latest")} for one in status["pending"]]  # fmt: skip
    return {name: status[name] for name in kept} | {"pending": pending}


FILTER = "/v1/status?at=2024-12-09T00:00:00Z&known_at=2024-12-09T00:00:00Z&view=published"


def _ids(desk: Desk, query: str = "") -> list[str]:
    return [one["location_id"] for one in desk.get(FILTER + query).json()["locations"]]


def test_the_map_is_asked_for_places_within_another(told: Desk) -> None:
    """The place itself and all below it, however deep."""
    paths = {one["location_id"]: one["path"] for one in told.get("/v1/locations").json()["locations"]}
    below = [one for one, path in paths.items() if one == "sy-aleppo-governorate" or "sy-aleppo-governorate" in path]

    assert _ids(told, "&within=sy-aleppo-governorate") == sorted(below)
    assert "sy-aleppo-sheikh-maqsoud" in below
    assert_problem(told.get(f"{FILTER}&within=nowhere"), 404)


def test_the_map_is_asked_for_places_in_a_box(told: Desk) -> None:
    """West, south, east, north; across the antimeridian where west is greater than east."""
    inside = _ids(told, "&bbox=36.5,35.0,37.0,35.3")
    around = _ids(told, "&bbox=37.0,-90,36.5,90")

    assert "sy-hama" in inside
    assert "sy-damascus" not in inside
    assert "sy-hama" not in around
    assert len(around) > 10


def test_the_map_is_asked_by_mode_and_by_holder(told: Desk) -> None:
    """The same answers as picked by hand; filters together narrow."""
    everything = told.get(FILTER).json()["locations"]
    held = [one["location_id"] for one in everything if one["control"]["mode"] == "held"]
    by_hts = [one["location_id"] for one in everything if "hts" in one["control"]["holders"]]

    assert _ids(told, "&mode=held") == held
    assert _ids(told, "&holder=hts") == by_hts
    assert _ids(told, "&holder=hts&mode=contested") == sorted(set(by_hts) - set(held))
    assert _ids(told, "&holder=nobody-knows") == []
    assert len(held) > 10


MEDIA = {
    "json": "application/json",
    "geojson": "application/geo+json",
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
}


@pytest.mark.parametrize("form", MEDIA)
def test_the_map_has_four_formats_by_name_and_by_accept(told: Desk, form: str) -> None:
    """`f=` and `Accept` give the same bytes; `f=` wins."""
    by_name = told.get(f"{FILTER}&f={form}", Accept="application/json")
    accepted = told.get(FILTER, Accept=f"image/png, {MEDIA[form].split(';')[0]};q=0.9, */*;q=0.1")

    assert by_name.headers["Content-Type"] == MEDIA[form]
    assert accepted.content == by_name.content
    assert "Accept" in by_name.headers["Vary"]


def test_ndjson_has_the_entries_of_the_json_one_a_line(told: Desk) -> None:
    """The same objects."""
    lines = [json.loads(line) for line in told.get(f"{FILTER}&f=ndjson").text.splitlines()]

    assert lines == told.get(FILTER).json()["locations"]


def test_csv_and_geojson_have_the_same_flat_names(told: Desk) -> None:
    """A row a location, several actors joined by a semicolon, a point to put a mark at."""
    rows = list(csv.DictReader(io.StringIO(told.get(f"{FILTER}&f=csv").text)))
    drawn = told.get(f"{FILTER}&f=geojson").json()
    entries = told.get(FILTER).json()["locations"]

    assert [row["location_id"] for row in rows] == [one["location_id"] for one in entries]
    assert {"name", "lon", "lat", "pcode", "mode", "holders", "challengers", "standing", "basis", "pending_mode",
            "pending_holders", "pending_standing"} <= set(rows[0])  # fmt: skip
    assert drawn["type"] == "FeatureCollection"
    assert (drawn["view"], drawn["clock"]) == ("published", "reported")
    for row, feature, entry in zip(rows, drawn["features"], entries, strict=True):
        assert (feature["type"], feature["id"]) == ("Feature", row["location_id"])
        assert {name: "" if value is None else str(value) for name, value in feature["properties"].items()} == row
        assert row["holders"].split(";") == (entry["control"]["holders"] or [""])
    hama = next(row for row in rows if row["location_id"] == "sy-hama")
    assert (float(hama["lon"]), float(hama["lat"])) == (36.7578, 35.1318)
    assert next(row for row in rows if row["location_id"] == "sy-hama-governorate")["pcode"] == "SY05"


def test_a_name_that_a_spreadsheet_would_run_is_led_by_an_apostrophe(desk: Desk) -> None:
    """Commas and quotes in names stay in their cell."""
    position = desk.post_many([place("evil", name='=HYPERLINK("x"),1'), place("plain", name='A, "B"')])
    last = json.loads(position.text.splitlines()[-1])["position"]
    rows = csv.DictReader(io.StringIO(desk.get(f"/v1/status?f=csv&min_position={last}").text))
    names = {row["location_id"]: row["name"] for row in rows}

    assert names["evil"] == '\'=HYPERLINK("x"),1'
    assert names["plain"] == 'A, "B"'


# Reference data


@pytest.mark.parametrize(("what", "key"), [("sources", "source_id"), ("actors", "actor_id"), ("locations", "location_id")])  # fmt: skip
def test_reference_data_is_listed_in_pages_ordered_by_id(told: Desk, what: str, key: str) -> None:
    """Each entry once; each is what its own address answers."""
    whole = told.get(f"/v1/{what}").json()
    after, paged = "", []
    while after is not None:
        page = told.get(f"/v1/{what}?limit=7" + (f"&after={after}" if after else "")).json()
        paged += page[what]
        after = page["next"]
    ids = [one[key] for one in whole[what]]

    assert whole["next"] is None
    assert whole["known_position"] == told.head()
    assert ids == sorted(set(ids))
    assert paged == whole[what]
    assert len(ids) > 10
    for one in whole[what][:5]:
        assert told.get(f"/v1/{what}/{one[key]}").json() == one
    assert_problem(told.get(f"/v1/{what}/nobody"), 404)


def test_a_source_is_graded_as_known_then(desk: Desk) -> None:
    """A new grade does not change what was said of it before."""
    before = desk.head()
    assessed = {"type": "SourceReliabilityAssessed", "source_id": "monitor", "reliability": "D", "reason": "caught out"}
    after = desk.post(assessed).json()["position"]

    assert desk.get(f"/v1/sources/monitor?min_position={after}").json()["reliability"] == "D"
    assert desk.get(f"/v1/sources/monitor?known_position={before}").json()["reliability"] == "B"


def test_an_actor_bears_the_name_of_the_day(desk: Desk) -> None:
    """Renamed from a date on; an alias with its dates is listed."""
    renamed = {"type": "ActorRenamed", "actor_id": "hts", "name": "Dissolved", "from": "2025-01-29T00:00:00Z"}
    position = desk.post(renamed).json()["position"]
    wait = f"min_position={position}"

    assert desk.get(f"/v1/actors/hts?{wait}&at=2024-12-02T00:00:00Z").json()["name"] == "HTS"
    later = desk.get(f"/v1/actors/hts?{wait}&at=2025-02-01T00:00:00Z").json()
    assert later["name"] == "Dissolved"
    assert later["aliases"] == [{"name": "Dissolved", "from": "2025-01-29T00:00:00Z", "until": None}]


def test_a_place_is_found_by_any_of_its_names_and_codes(told: Desk) -> None:
    """In Latin and Arabic letters, by code, whatever the case; and it tells the way down to it."""
    for name in ("Hama", "hama", "حماة", "170017", "sy-hama"):
        found = told.client.get("/v1/locations", params={"name": name}).json()["locations"]
        assert [one["location_id"] for one in found] == ["sy-hama"]
    assert found[0]["path"] == ["sy", "sy-hama-governorate"]
    assert told.get("/v1/locations?name=nowhere").json()["locations"] == []


def test_a_revision_of_a_place_holds_from_its_date(desk: Desk) -> None:
    """Asked about a day before it, the place has its old name."""
    revised = {"type": "LocationRevised", "location_id": "hama", "from": "2024-12-08T00:00:00Z",
               "changes": {"name": "New Hama"}, "reason": "renamed"}  # fmt: skip
    wait = f"min_position={desk.post(revised).json()['position']}"

    assert desk.get(f"/v1/locations/hama?{wait}&at=2024-12-01T00:00:00Z").json()["name"] == "hama"
    assert desk.get(f"/v1/locations/hama?{wait}&at=2024-12-09T00:00:00Z").json()["name"] == "New Hama"


# Operations


def test_health_and_readiness(told: Desk) -> None:
    """Alive; ready, with how far the views are behind."""
    assert told.get("/healthz").json()["status"] == "ok"
    ready = told.get("/readyz").json()
    assert (ready["status"], ready["log_position"], ready["lag"]) == ("ready", told.head(), 0)


def test_a_service_whose_follower_stopped_is_not_ready(timeline: Timeline) -> None:
    """But still alive."""
    with served(timeline, Following(timeline)) as client:
        answer = client.get("/readyz")
        assert "follower" in assert_problem(answer, 503)["detail"]
        assert answer.headers["Retry-After"]
        assert client.get("/healthz").status_code == 200


def test_a_lost_database_is_told_as_such(timeline: Timeline) -> None:
    """503, and that the same event may safely be posted again."""
    with served(timeline) as client:
        timeline.log.pool.close()
        answer = client.post("/v1/events", content=json.dumps(source("x")).encode(), headers=JSON)
        assert "again" in assert_problem(answer, 503)["detail"]
        assert answer.headers["Retry-After"]


def test_head_answers_as_get_without_the_body(told: Desk) -> None:
    """On every route: the same status and headers, nothing else."""
    keys = {"{location_id}": "sy-hama", "{source_id}": "sana", "{actor_id}": "hts", "{view}": "current"}
    keys["{development_id}"] = "55e09e95-0cc2-57fc-8f1c-7fedee508e54"
    keys |= {"{collection_id}": "status", "{moment}": "20241202180000"}
    hook = {"url": "https://desk.example.org/hook"}
    keys["{webhook_id}"] = told.client.post("/v1/webhooks", json=hook).json()["webhook_id"]
    needed = {
        "/v1/changes": "?from=2024-12-01T00:00:00Z&to=2024-12-05T00:00:00Z&known_position=200",
        "/v1/views/diff": "?a=current&b=published&at=2024-12-02T12:00:00Z&known_at=2024-12-05T00:00:00Z",
        "/v1/audit/recorded": "?by=demo&at=2024-12-02T12:00:00Z&known_position=200",
        "/v1/locations/{location_id}/status/{moment}": "?view=published",
        "/v1/developments": "?known_position=200",
        "/v1/feeds/developments.json": "?known_position=200",
        "/v1/feeds/developments.atom": "?known_position=200",
        "/ogc/collections/status/items": "?datetime=2024-12-02T12:00:00Z&known_position=200",
        "/ogc/collections/status/items/{location_id}": "?datetime=2024-12-02T12:00:00Z&known_position=200",
    }
    pinned = "?at=2024-12-02T12:00:00Z&known_position=200"
    documented = told.get("/openapi.json").json()["paths"]
    takes_a_moment = {path for path, methods in documented.items() if "known_at" in str(methods.get("get"))}
    paths = [path for path, methods in documented.items() if "get" in methods]

    assert len(paths) > 10
    for path in ["/openapi.json", *paths]:
        asked = path + needed.get(path, pinned if path in takes_a_moment else "")
        for name, key in keys.items():
            asked = asked.replace(name, key)
        given, head = told.get(asked), told.client.head(asked)
        assert (head.status_code, head.content) == (given.status_code, b""), path
        assert given.status_code == 200 or path.startswith("/v1/log/"), path  # nobody keeps the tree here
        grows = path == "/metrics"  # each request makes its counts longer
        for name in ("Content-Type", "ETag", "Cache-Control", *(() if grows else ("Content-Length",))):
            assert head.headers.get(name) == given.headers.get(name), (path, name)
    assert told.client.head("/nothing").status_code == 404


HERE = "/v1/locations/sy-hama/status"

#: Method, address, status, the field that is wrong (if one is), and a word of the message.
WRONG = (
    ("GET", f"{HERE}?at=2024-12-02T12:00:00", 422, "at", "offset"),
    ("GET", f"{HERE}?at=2024-12-02", 422, "at", "offset"),
    ("GET", f"{HERE}?at=", 422, "at", "offset"),
    ("GET", f"{HERE}?at=2024-02-30T00:00:00Z", 422, "at", "offset"),
    ("GET", f"{HERE}?known_at=yesterday", 422, "known_at", "offset"),
    ("GET", f"{HERE}?known_at=0001-01-01T00:00:00%2B05:00", 422, "known_at", "offset"),
    ("GET", f"{HERE}?known_position=-1", 422, "known_position", "0"),
    ("GET", f"{HERE}?known_position=ten", 422, "known_position", "integer"),
    ("GET", f"{HERE}?known_position=99999999999999999999", 422, "known_position", "less"),
    ("GET", f"{HERE}?min_position=-1", 422, "min_position", "0"),
    ("GET", f"{HERE}?known_position=100&known_at=2024-12-02T18:00:00Z", 422, "known_position", "not both"),
    ("GET", f"{HERE}?view=nope", 404, None, "published"),
    ("GET", f"{HERE}?view=%00", 422, "view", ""),
    ("GET", f"{HERE}?view={'x' * 101}", 422, "view", "100"),
    ("GET", f"/v1/locations/{'x' * 101}/status", 422, "location_id", "100"),
    ("GET", "/v1/locations/sy-hama/beliefs?facet=weather", 422, "facet", "access"),
    ("GET", "/v1/status?f=xml", 422, "f", "geojson"),
    ("GET", "/v1/status?bbox=1,2,3", 422, "bbox", "west,south,east,north"),
    ("GET", "/v1/status?bbox=a,b,c,d", 422, "bbox", "west,south,east,north"),
    ("GET", "/v1/status?bbox=35,40,36,30", 422, "bbox", "south"),
    ("GET", "/v1/status?bbox=nan,nan,nan,nan", 422, "bbox", "degrees"),
    ("GET", "/v1/status?bbox=0,0,200,10", 422, "bbox", "degrees"),
    ("GET", "/v1/status?mode=occupied", 422, "mode", "held"),
    ("GET", "/v1/status?view=nope", 404, None, "nope"),
    ("GET", "/v1/events?limit=0", 422, "limit", "1"),
    ("GET", "/v1/events?limit=5001", 422, "limit", "5000"),
    ("GET", "/v1/events?after=-1", 422, "after", "0"),
    ("GET", "/v1/events?f=csv", 422, "f", "ndjson"),
    ("GET", "/v1/sources?limit=none", 422, "limit", "integer"),
    ("POST", "/v1/events?atomic=perhaps", 422, "atomic", "boolean"),
    ("GET", "/v1", 404, None, "/openapi.json"),
    ("GET", "/v2/status", 404, None, "/openapi.json"),
    ("PATCH", "/v1/events", 405, None, "PATCH"),
    ("DELETE", "/v1/status", 405, None, "GET"),
    ("PUT", "/v1/locations/sy-hama", 405, None, "GET"),
    ("POST", "/healthz", 405, None, "GET"),
)


@pytest.mark.parametrize(("method", "address", "status", "field", "word"), WRONG)
def test_a_question_that_cannot_be_answered_is_told_in_one_clear_message(
    told: Desk, method: str, address: str, status: int, field: str | None, word: str
) -> None:
    """A problem after RFC 9457 that names the parameter, shows the value, and says what would do."""
    answer = told.client.request(method, address, headers=NDJSON)
    body = assert_problem(answer, status)

    assert [error["field"] for error in body.get("errors", [])] == ([field] if field else [])
    assert word in body["detail"]
    if status == 405:
        assert answer.headers["Allow"]


@pytest.mark.parametrize(
    ("path", "guess"),
    [
        ("/v1/locations/sy-hama/status?known-at=2024-12-02T12:00:00Z", "did you mean known_at?"),
        ("/v1/status?holders=saa", "did you mean holder?"),
        ("/v1/events?since=7", "known are after, f, limit"),
        ("/healthz?x=1", "known are none"),
    ],
)
def test_a_parameter_that_nobody_knows_is_refused_rather_than_passed_over(told: Desk, path: str, guess: str) -> None:
    """A misspelt moment would else be answered with what is known now."""
    answer = told.get(path)

    assert answer.status_code == 422
    assert guess in answer.json()["errors"][0]["message"]


def test_who_decided_on_an_older_state_is_told_so(desk: Desk) -> None:
    """Optimistic concurrency: 412 by entity tag, 409 by parameter; what was answered before is answered again."""
    development = uuid4()
    first = desk.post(reported(development_id=str(development)))
    assert first.headers["ETag"] == '"1"'
    verdict = about("DevelopmentAssessed", development) | {"event_id": str(uuid4())}
    taken = desk.post(verdict, **{"If-Match": '"1"'})
    assert (taken.status_code, taken.headers["ETag"]) == (201, '"2"')

    other = about("DevelopmentAssessed", development)
    late = desk.post(other, **{"If-Match": '"1"'})
    assert late.status_code == 412
    assert "version 2, not 1" in late.json()["detail"]
    assert desk.client.post("/v1/events?expected_version=1", json=other).status_code == 409
    assert desk.post(verdict, **{"If-Match": '"1"'}).status_code == 200
    assert desk.post(other, **{"If-Match": "latest"}).status_code == 422

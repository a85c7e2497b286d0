"""Who a person at risk is, analysts are told; everybody else reads an id: in every route, file, stream, bundle and log line."""

import io
import json
import logging
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from events import marks
from services.timeline import access, logs
from services.timeline.access import ROLES
from services.timeline.composition import Timeline, opened
from services.timeline.files import export
from services.timeline.settings import Settings
from tests.acceptance.redacted_world import LOST, record
from tests.acceptance.sensitive_world import (
    FOREIGN,
    LATER,
    NAME,
    REGISTERED,
    REPEATED,
    SECRET,
    found_in,
    sensitive_world,
)
from tests.acceptance.test_access import bearing, new_key
from tests.acceptance.test_cli import run
from tests.acceptance.test_redacted_everywhere import addresses
from tests.acceptance.test_rest import JSON, reported, served, source
from tests.integration.test_atlas import keep
from tests.integration.trees import Kept as Tree

AT = "at=2024-12-20T00:00:00Z"
OTHERS = ("reader", "reporter", "auditor", "nobody")


@dataclass(frozen=True)
class World:
    """A served world with two people at risk, a key for each role, and a second process that serves the same log."""

    timeline: Timeline
    client: httpx2.Client
    other: Timeline
    other_client: httpx2.Client
    keys: dict[str, dict[str, str]]
    database: str

    def ask(self, who: str, address: str, method: str = "GET", **more: Any) -> httpx2.Response:
        headers = more.pop("headers", {}) | self.keys[who]
        return self.client.request(method, address, headers=headers, **more)

    def json(self, who: str, address: str) -> Any:
        answer = self.ask(who, address)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def a_world(database: str, home: Path) -> Iterator[World]:
    settings = Settings(database_url=database, home=home, open_reads=True, limit_costly="off", limit_reads="off")
    with (
        opened(settings) as timeline,
        opened(settings) as other,
        served(timeline) as client,
        served(other) as other_client,
    ):
        *world, last = sensitive_world()
        record(timeline, world)
        keys: dict[str, dict[str, str]] = {"nobody": {}}
        keys |= {role: bearing(new_key(timeline, f"the-{role}", role)[0]) for role in ROLES}
        other.keys.refresh(within=0)
        # Both processes have told the second name before it is protected.
        for each in (client, other_client):
            assert SECRET in each.get(f"/v1/sources/{LATER}", headers=keys["reader"]).text
            assert SECRET not in each.get(f"/v1/sources/{REGISTERED}", headers=keys["reader"]).text
        record(timeline, [last])
        Tree(timeline, settings).grow([])
        yield World(timeline, client, other, other_client, keys, database)


@pytest.fixture(scope="module")
def world(postgres_18: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    from tests.conftest import fresh_database  # noqa: PLC0415

    home = tmp_path_factory.mktemp("withheld")
    with fresh_database(postgres_18) as database, a_world(database, home) as found:
        yield found


def asked() -> list[str]:
    """Every GET route, as it is asked of a redacted world, and about the source that has its own id."""
    found = addresses()
    found += [one.replace("/sources/monitor", f"/sources/{REGISTERED}") for one in found if "/sources/monitor" in one]
    found += [f"/v1/developments?source={one}" for one in (REGISTERED, LATER)]
    found += [f"/v1/developments?text={word}" for word in (SECRET, "desk", "Known")]
    return found


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that the service says on standard error while it says everything."""
    held = io.StringIO()
    handler = logging.StreamHandler(held)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", held)
        logs.configure("debug")
    handler.addFilter(lambda record: not record.name.startswith("http"))  # the client of the test, in this process too
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield held
    root.removeHandler(handler)
    root.setLevel(before)
    logs.configure("error")


def test_no_route_tells_the_name_to_others_and_no_log_line_to_anybody(world: World, said: io.StringIO) -> None:
    """Every GET route, for each role that is no analyst's and for nobody; analysts and admins read it where it is."""
    keep(world.timeline, world.timeline.settings.home / "atlas" / "drawn", "current")
    told_to: dict[str, set[str]] = {}
    for who in (*ROLES, "nobody"):
        for client in (world.client, world.other_client):
            for address in asked():
                answer = client.get(address, headers=world.keys[who])
                assert answer.status_code in (200, 401, 403, 404), (who, address, answer.text)
                bare = answer.content.replace(SECRET.encode(), b"") if f"text={SECRET}" in address else answer.content
                if "q=" in address or "name=" in address or "tag=" in address:
                    bare = answer.content.replace(SECRET.encode(), b"")
                if found_in(bare):
                    told_to.setdefault(who, set()).add(address)
                assert not found_in("\n".join(answer.headers.values()).encode()), address
    assert {who: told for who, told in told_to.items() if who not in ("analyst", "admin")} == {}
    kinds = {one.split("?")[0].removeprefix("/v1").split("/")[1] for one in told_to["analyst"]}
    assert told_to.keys() == {"analyst", "admin"}
    assert {"", "sources", "events", "developments", "locations", "audit"} <= kinds
    key = world.keys["admin"]["Authorization"].removeprefix("Bearer ")
    for address in (f"/v1/events?access_token={key}", f"/v1/{key}", f"/?key={key}", f"/v1/locations/{key}"):
        world.ask("admin", address)
    world.ask("admin", "/v1/status", headers={"X-Other": key})
    assert not found_in(said.getvalue().encode())
    for one in world.keys.values():
        assert one.get("Authorization", "Bearer nothing").removeprefix("Bearer ") not in said.getvalue()


def test_others_read_the_id_and_that_something_is_withheld(world: World) -> None:
    """The id where the name stood, null where there was an address or not, the mark where a text has to be."""
    for who in OTHERS:
        for one in (REGISTERED, LATER):
            found = world.json(who, f"/v1/sources/{one}")
            assert (found["name"], found["url"], found["sensitive"]) == (one, None, True)
            assert (found["reliability"], found["kind"]) == ("A", "other")
        assert "sensitive" not in world.json(who, "/v1/sources/paper")
    mine, theirs = (world.json(who, "/v1/events")["events"] for who in ("analyst", "reader"))
    assert [one["position"] for one in mine] == [one["position"] for one in theirs]
    withheld = [one for one in theirs if "withheld" in one]
    assert len(withheld) == 14
    assert not any("withheld" in one for one in mine)
    for one in withheld:
        event = one["event"]
        assert event.get("name", marks.WITHHELD) == event.get("reason", marks.WITHHELD) == marks.WITHHELD
        report = event.get("report", {"url": None, "unnamed_end": None, "evidence": []})
        assert (report["url"], report["unnamed_end"]) == (None, None)
        assert all(piece["url"] is None and piece["sha256"] for piece in report["evidence"])
    told = {one["event"]["type"]: one["event"] for one in theirs}
    assert told["DevelopmentReported"]["report"]["url"] == "https://example.org/paper"  # nobody's who is sensitive
    assert next(one for one in theirs if one["event"].get("development_id") == str(LOST))["event"]["summary"]
    why = world.json("reader", f"/v1/locations/hama/explain?{AT}")
    words = json.dumps(why)
    assert REGISTERED in words
    assert f"The Paper, citing {REGISTERED} (BA2) reported it" in words
    assert f"The Paper, citing {NAME} (BA2)" in json.dumps(
        world.json("analyst", f"/v1/locations/hama/explain?{AT}"), ensure_ascii=False
    )
    statuses = [world.ask(who, f"/v1/locations/hama/status?{AT}").content for who in ("analyst", "reader", "nobody")]
    assert len(set(statuses)) == 1


def test_answers_to_analysts_and_to_others_are_kept_apart(world: World) -> None:
    """Their tags differ, neither is taken for the other, and no cache in between keeps an analyst's."""
    for address in (f"/v1/sources/{LATER}", "/v1/events", f"/v1/developments/{LOST}?known_position=20"):
        analysts, others = world.ask("analyst", address), world.ask("reader", address)
        assert analysts.headers["ETag"] != others.headers["ETag"]
        assert "private" in analysts.headers["Cache-Control"]
        assert "Authorization" in analysts.headers["Vary"]
        assert "Authorization" in world.ask("nobody", address).headers["Vary"]
        again = world.ask("reader", address, headers={"If-None-Match": analysts.headers["ETag"]})
        assert again.status_code == 200
        assert world.ask("reader", address, headers={"If-None-Match": others.headers["ETag"]}).status_code == 304
    assert (
        world.ask("reader", f"/v1/developments/{LOST}?view=1&{AT}&known_position=20")
        .headers["Cache-Control"]
        .endswith("no-cache")
    )


def test_streams_tell_no_name_either(world: World) -> None:
    """The log as it goes on, and a replay."""
    for who, tells in (("reader", False), ("nobody", False), ("auditor", False), ("analyst", True)):
        for address in ("/v1/events", "/v1/replay", "/v1/replay?view=published"):
            raw = b""
            headers = {"Accept": "text/event-stream"} | world.keys[who]
            with world.client.stream("GET", address, headers=headers) as answer:
                for chunk in answer.iter_bytes():
                    raw += chunk
                    if b"SourceProtected" in raw or b"event: end" in raw:
                        break
            assert (b"SourceProtected" in raw) or (b"event: end" in raw)
            assert bool(found_in(raw)) is ((tells and address == "/v1/events") or (tells and SECRET.encode() in raw))
            if address == "/v1/events":
                assert bool(found_in(raw)) is tells


def test_text_is_not_found_by_what_is_withheld(world: World) -> None:
    """No search by name, and counts, order and pages are as if the words were not there."""
    for words in (SECRET, FOREIGN, "Known to the desk", "desk"):
        assert [
            one["development_id"] for one in world.json("reader", f"/v1/developments?text={words}")["developments"]
        ] == []
    assert world.json("analyst", f"/v1/developments?text={SECRET}")["developments"]
    same = f"/v1/developments?source={REGISTERED}"
    listed = [[one["development_id"] for one in world.json(who, same)["developments"]] for who in ("analyst", "reader")]
    assert listed[0] == listed[1] != []
    built = world.ask("analyst", "/v1/views", "POST", json={"name": "without", "exclude_sources": [REGISTERED]})
    assert built.status_code in (200, 201, 202), built.text


def test_nobody_finds_out_by_recording(world: World) -> None:
    """What stands already under an id is answered alike whatever its text is; refusals and warnings say no name."""
    right = source(REGISTERED, name=NAME, url=f"https://example.org/{SECRET}/{FOREIGN}", sensitive=True, reliability="B", event_id=str(REPEATED))  # fmt: skip

    def posted(who: str, event: dict[str, Any]) -> tuple[int, bytes]:
        answer = world.ask(who, "/v1/events", "POST", content=json.dumps(event).encode(), headers=JSON)
        return answer.status_code, answer.content

    wrong = right | {"name": "Somebody Else"}
    assert posted("reporter", right) == posted("reporter", wrong)
    assert posted("reporter", right)[0] == 200
    assert posted("reporter", right | {"kind": "ngo"})[0] == 409
    assert (posted("analyst", right)[0], posted("analyst", wrong)[0]) == (200, 409)
    foreseen = []
    for event in (right, wrong):
        answer = world.ask("reporter", "/v1/preview", "POST", content=json.dumps(event).encode(), headers=JSON)
        assert answer.status_code == 200
        foreseen.append(answer.json()["events"])
        assert not found_in(answer.content.replace(json.dumps(event)[1:-1].encode(), b""))
    assert foreseen[0] == foreseen[1]
    again = {key: value for key, value in wrong.items() if key != "event_id"}
    for event in (again, reported({"chain": [LATER]}), reported({"chain": [REGISTERED, "unknown"]})):
        status, body = posted("reporter", event)
        assert status in (201, 409, 422)
        assert not found_in(body)
    status, body = posted(
        "reporter", {"type": "SourceProtected", "source_id": LATER, "sensitive": False, "reason": "x"}
    )
    assert (status, found_in(body)) == (403, [])


def test_leaves_and_receipts_go_on_without_the_name(world: World) -> None:
    """They commit to it by a salted hash, so an auditor proves the event without knowing who it is."""
    position = next(
        one["position"]
        for one in world.json("auditor", "/v1/events")["events"]
        if one["event"].get("source_id") == REGISTERED
    )
    mine, theirs = (world.ask(who, f"/v1/log/receipts/{position}") for who in ("admin", "auditor"))
    assert mine.content == theirs.content
    assert not found_in(theirs.content)
    assert world.ask("analyst", f"/v1/log/receipts/{position}").status_code == 403


def test_a_bundle_says_what_is_withheld_and_verifies_without_it(world: World, tmp_path: Path) -> None:
    """Over REST whoever asks; on the command line unless it is for somebody who may know."""
    answer = world.ask("auditor", f"/v1/audit/bundles/hama?{AT}", "POST")
    admins = world.ask("admin", f"/v1/audit/bundles/hama?{AT}", "POST")
    for one in (answer, admins):
        assert one.status_code == 200, one.text
        with zipfile.ZipFile(io.BytesIO(one.content)) as files:
            told = [name for name in files.namelist() if found_in(files.read(name))]
            assert told == []
            question = json.loads(files.read("question.json"))
            assert len(question["withheld"]) == 14
            assert "Withheld" in files.read("README.txt").decode()
            assert "withheld" in files.read("exhibit.html").decode()
    made = tmp_path / "others.zip"
    made.write_bytes(answer.content)
    ran = run("", "audit", "verify", str(made))
    assert ran.returncode == 0, ran
    assert "withheld by whoever made it" in ran.stdout
    home = {"TIMELINE_HOME": str(world.timeline.settings.home)}
    for option, tells in (("", False), ("--with-sensitive", True)):
        written = tmp_path / f"made{option}.zip"
        ran = run(world.database, "audit", "bundle", "hama", "--at", "2024-12-20", *([option] if option else []), "-o", str(written), **home)  # fmt: skip
        assert ran.returncode == 0, ran
        assert bool(found_in(written.read_bytes())) is tells
        verified = run("", "audit", "verify", str(written))
        assert (verified.returncode, "withheld" in verified.stdout) == (0, not tells)


def test_an_export_is_whole_or_for_others(world: World, tmp_path: Path) -> None:
    """The whole one says that it tells names; the other is read and not imported."""
    home = {"TIMELINE_HOME": str(world.timeline.settings.home)}
    whole, others = tmp_path / "whole.ndjson", tmp_path / "others.ndjson"
    ran = run(world.database, "export", "-o", str(whole), **home)
    assert "2 sensitive sources" in ran.stderr
    assert found_in(whole.read_bytes())
    ran = run(world.database, "export", "--for-others", "-o", str(others), **home)
    assert ran.returncode == 0, ran
    assert not found_in(others.read_bytes())
    lines = [json.loads(line) for line in others.read_text().splitlines()]
    assert sum("withheld" in one for one in lines) >= 14
    assert len(lines) == len(whole.read_text().splitlines())


def test_a_protection_that_is_lifted_tells_again_and_another_hides_again(database: str, tmp_path: Path) -> None:
    """By the last word, whatever moment is asked about; a process that told it forgets it with the next question."""
    with a_world(database, tmp_path) as world:
        pinned = f"/v1/sources/{LATER}?known_position=8"
        assert SECRET not in world.ask("reader", pinned).text
        for sensitive in (False, True):
            event = {"type": "SourceProtected", "source_id": LATER, "sensitive": sensitive, "reason": "Asked them."}
            answer = world.ask("analyst", "/v1/events", "POST", json=event)
            assert answer.status_code == 201
            for client in (world.client, world.other_client):
                assert (SECRET in client.get(pinned, headers=world.keys["reader"]).text) is not sensitive
                events = client.get("/v1/events?limit=10", headers=world.keys["reader"])
                assert events.text.count('"withheld":true') == (5 if sensitive else 3)


def test_an_id_that_gives_the_name_away_is_warned_of(world: World) -> None:
    """Not refused; at the registration, and to the analyst who protects a source later."""

    def warned(who: str, event: dict[str, Any]) -> list[str]:
        answer = world.ask(who, "/v1/events", "POST", json=event)
        assert answer.status_code == 201, answer.text
        return [one["code"] for one in answer.json().get("warnings", [])]

    assert warned("reporter", source("a.haddad", name="Amal Haddad", sensitive=True)) == ["id_tells_the_name"]
    assert warned("reporter", source("s-11", name="Amal Haddad", sensitive=True)) == []
    assert warned("reporter", source("haddad-2", name="Amal Haddad")) == []
    protect = {"type": "SourceProtected", "reason": "She asked for it."}
    assert warned("analyst", protect | {"source_id": "haddad-2"}) == ["id_tells_the_name"]
    assert warned("analyst", protect | {"source_id": "s-11"}) == []


def test_the_page_tells_no_name_to_others(world: World) -> None:
    """Neither its first words nor what its scripts ask for; an analyst reads it."""
    address = f"/?place=hama&{AT}&follow=today"
    assert SECRET in world.ask("analyst", address).text
    for who in OTHERS:
        assert not found_in(world.ask(who, address).content)
        assert world.ask(who, address).headers["Cache-Control"] == "no-store"


def test_every_route_was_asked() -> None:
    """A route that is added is walked by itself, or this fails."""
    walked = {one.split("?")[0] for one in asked()}
    reads = [route.split()[1] for route in access.USING if route.startswith("GET ") and "{" not in route]
    assert set(reads) <= walked


def test_a_whole_export_is_entered_as_ever(world: World, tmp_path: Path) -> None:
    """From a discreet timeline too: what was handed out stands in the record of custody."""
    from services.timeline.discreet import discreet  # noqa: PLC0415

    export(discreet(world.timeline), tmp_path / "x.ndjson", 0)
    assert "export" in world.ask("admin", "/v1/audit/custody").text

"""After a redaction the text is nowhere: in no table, no answer, no file, no process that had read it; marks say that it was."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from events import marks
from services.timeline import access
from services.timeline.composition import Timeline, opened
from services.timeline.files import export
from services.timeline.settings import Settings
from tests.acceptance.redacted_world import (
    FOUND,
    LOST,
    SECRET,
    TWICE,
    VOID,
    record,
    redact_all,
    secret_world,
    where_found,
)
from tests.acceptance.test_access import bearing, new_key
from tests.acceptance.test_rest import served
from tests.integration.test_atlas import keep
from tests.integration.trees import Kept as Tree

AT = "at=2024-12-20T00:00:00Z"

#: What to ask each route for, so that it tells all the text that it can; a route without a row is asked as it is.
QUERIES: dict[str, tuple[str, ...]] = {
    "/": ("?place=hama", f"?place=hama&{AT}&follow=today", f"?place=hama&{AT}&follow=free&position=20&view=1"),
    "/v1/map/places": ("", "?position=20"),
    "/v1/status": ("", "?f=csv", "?f=geojson", "?f=ndjson", f"?f=csv&view=1&{AT}&known_position=20"),
    "/v1/stretches": ("?f=csv", "?f=ndjson"),
    "/v1/beliefs": ("?f=csv",),
    "/v1/locations": ("", f"?q={SECRET}", f"?name={SECRET}", "?known_position=9", f"?view=1&{AT}&known_position=9"),
    "/v1/locations/{location_id}": ("", "?known_position=9"),
    "/v1/sources": ("", "?known_position=5"),
    "/v1/actors": ("", "?known_position=5"),
    "/v1/developments": ("", f"?text={SECRET}", f"?tag={SECRET}", "?view=published"),
    "/v1/developments/{development_id}": ("", "?view=published", "?known_position=16"),
    "/v1/locations/{location_id}/explain": ("", f"?{AT}", f"?view=published&{AT}", f"?view=1&{AT}&known_position=20"),
    "/v1/events": ("", "?f=ndjson"),
    "/v1/replay": ("?f=ndjson", "?f=ndjson&view=published"),
    "/v1/changes": ("?from=2024-12-01T00:00:00Z&to=2024-12-20T00:00:00Z",),
    "/v1/views/diff": ("?a=current&b=published",),
    "/v1/audit/locations/{location_id}": ("", f"?{AT}", f"?{AT}&known_position=20"),
    "/v1/audit/developments/{development_id}": ("", "?known_position=16", "?view=published"),
    "/v1/audit/corrections": ("", "?view=published"),
    "/v1/audit/sources/{source_id}": ("", "?known_position=20"),
    "/v1/audit/sources/{source_id}/developments": ("", "?view=published"),
    "/v1/audit/recorded": ("?by=key:desk", "?by=key:admin"),
    "/v1/locations/{location_id}/status/{moment}": ("?view=published", "?view=1"),
    "/v1/locations/{location_id}/timemap": ("", "?view=published"),
    "/v1/feeds/developments.json": ("", "?location=hama"),  # a search stands in its own address, in the answer too
    "/v1/feeds/developments.atom": ("", "?within=sy"),
    "/ogc/collections/status/items": ("", "?datetime=2024-12-20T00:00:00Z&known_position=20&view=1"),
    "/ogc/collections/developments/items": ("", "?view=published"),
    "/ogc/collections/developments/items/{development_id}": ("", "?view=published"),
    "/v1/log/proofs/inclusion": ("?position=3&size=20",),
    "/v1/log/proofs/consistency": ("?from=3&to=20",),
}

NAMES = {
    "location_id": ("hama", "homs", "sy"),
    "development_id": tuple(map(str, (LOST, FOUND, TWICE, VOID))),
    "source_id": ("monitor",),
    "actor_id": ("hts",),
    "recorder": ("key:desk", "key:admin"),
    "moment": ("20241220000000",),
    "collection_id": ("status", "developments"),
    "webhook_id": ("00000000-0000-4000-8000-000000000001",),
    "view": ("current", "published"),
    "position": ("3", "16"),
    "level": ("0",),
    "path": ("000.p/20",),
}


def addresses() -> list[str]:
    """Every GET route of the service, with all that may be asked of it."""
    found = []
    for route in access.USING:
        method, path = route.split()
        if method != "GET" or path == "/page/{release}/{path}":  # files of the program, the same in every log
            continue
        filled = [path]
        for name, values in NAMES.items():
            if f"{{{name}}}" in path:
                filled = [one.replace(f"{{{name}}}", value) for one in filled for value in values]
        found += [f"{one}{query}" for one in filled for query in QUERIES.get(path, ("",))]
    assert not [one for one in found if "{" in one], "the test needs a value for the address"
    return found


@dataclass(frozen=True)
class World:
    """A served world full of secrets, a second process that serves the same log, and where it all lies."""

    timeline: Timeline
    client: httpx2.Client
    other: Timeline
    other_client: httpx2.Client
    home: Path


@contextmanager
def a_world(database: str, home: Path) -> Iterator[World]:
    settings = Settings(database_url=database, home=home)
    with (
        opened(settings) as timeline,
        opened(settings) as other,
        served(timeline) as client,
        served(other) as other_client,
    ):
        record(timeline, secret_world())
        Tree(timeline, settings).grow([])
        yield World(timeline, client, other, other_client, home)


@pytest.fixture
def world(database: str, tmp_path: Path) -> Iterator[World]:
    with a_world(database, tmp_path / "home") as world:
        yield world


def everything_asked(client: httpx2.Client) -> dict[str, str]:
    """What each address answers."""
    answers = {one: client.get(one) for one in addresses()}
    failed = {one: answer.status_code for one, answer in answers.items() if answer.status_code not in (200, 404)}
    assert not failed
    return {one: answer.text for one, answer in answers.items()}


def telling(answers: dict[str, str]) -> set[str]:
    """The addresses whose answers hold the secret beyond what was asked with."""
    return {one for one, text in answers.items() if SECRET.lower() in text.lower().replace(quote(one.lower()), "")}


def test_the_text_is_in_no_table_no_answer_and_no_file(world: World) -> None:
    """Every table of the database, every GET route of both processes, all that is written beside the database."""
    timeline = world.timeline
    with timeline.log.pool.connection() as connection:
        connection.execute("ANALYZE")
        salts = [row[0] for row in connection.execute("SELECT salt FROM event WHERE salt IS NOT NULL").fetchall()]
        assert len(salts) == len(secret_world())
        words = [SECRET.encode(), *salts]
        assert "event" in set(where_found(connection, words))
    for one in (timeline, world.other):
        keep(one, world.home / "atlas" / "drawn", "current")
    for client in (world.client, world.other_client):
        told = telling(everything_asked(client))
        assert {one.split("?")[0].removeprefix("/v1").split("/")[1] for one in told} == {
            "", "actors", "ogc", "feeds", "cloudevents", "audit", "developments", "events", "locations", "map", "replay", "sources", "status",
        }  # fmt: skip

    redact_all(timeline)

    for client in (world.client, world.other_client):
        assert telling(everything_asked(client)) == set()
    timeline.follower.follow()
    for client in (world.client, world.other_client):
        answers = everything_asked(client)
        assert telling(answers) == set()
        assert marks.REDACTED in answers["/v1/events"]
    with timeline.log.pool.connection() as connection:
        assert list(where_found(connection, words)) == []
    export(timeline, world.home / "export.ndjson", 0)
    Tree(timeline, timeline.settings).grow([])
    bundle = world.client.post(f"/v1/audit/bundles/hama?{AT}&known_position=20")
    assert bundle.status_code == 200, bundle.text
    with zipfile.ZipFile(io.BytesIO(bundle.content)) as files:
        assert [name for name in files.namelist() if SECRET.encode() in files.read(name)] == []
    written = [path for path in world.home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".atlas" for path in written)
    for path in written:
        assert SECRET.encode() not in path.read_bytes(), path


def test_marks_stand_where_text_stood(world: World) -> None:
    """In the log, in lists and trails, in explanations and sentences: never nothing, and never for what was not there."""
    places = redact_all(world.timeline)
    record(world.timeline, [])

    def got(address: str) -> Any:
        answer = world.client.get(address)
        assert answer.status_code == 200, answer.text
        return answer.json()

    log = got("/v1/events")["events"]
    many = len(secret_world())
    assert [one["redacted"] for one in log] == [True] * many + [False] * many
    assert [one["redaction"] for one in log[:many]] == [place.position for place in places]
    by_type = {one["event"]["type"]: one["event"] for one in log[:many]}
    assert by_type["LocationRevised"]["changes"] == {"name": "[redacted]", "names": {"und": "[redacted]"}}
    assert by_type["DevelopmentAmended"]["changes"] == {"summary": "[redacted]", "tags": ["[redacted]"]}
    assert by_type["DevelopmentAssessed"]["evidence"][0] == {
        "kind": "footage", "url": "[redacted]", "sha256": "0" * 64, "captured_at": None, "verified": "not_tried",
    }  # fmt: skip
    told = log[many]["event"]
    assert (told["type"], told["redacted_position"], told["redacted_by"]) == ("EventRedacted", 1, "key:admin")
    assert told["removed"] == ["aliases.name", "name"]

    assert got("/v1/sources/monitor") | {"url": None} == {
        "source_id": "monitor", "name": "monitor [redacted]", "kind": "other", "reliability": "A", "aligned_with": [], "url": None,
    }  # fmt: skip
    actor = got("/v1/actors/hts")
    assert {actor["name"], *(one["name"] for one in actor["aliases"])} == {"hts [redacted]"}
    assert got("/v1/locations/hama")["names"] == {"und": "[redacted]"}
    assert "hama [redacted]" in world.client.get("/v1/status?f=csv").text
    [place] = got("/v1/locations?q=hama [red")["locations"]
    assert place["location_id"] == "hama"

    whole = got(f"/v1/developments/{LOST}")
    assert (whole["development"]["summary"], whole["development"]["tags"]) == ("[redacted]", ["[redacted]"])
    assert all(one["redacted"] for one in whole["trail"])
    assert whole["merged"][0]["summary"] == "[redacted]"
    why = got(f"/v1/locations/hama/explain?{AT}")
    claim = next(one for one in why["claims"] if one["development_id"] == str(LOST))
    assert "assessed by [redacted] on 2024-12-06T00:00:00Z as 2, probably true: [redacted]" in claim["words"]
    assert "monitor [redacted] (A2), quoting [redacted] reported it" in claim["statements"][0]["words"]
    assert "held by hts [redacted]" in why["sentence"]
    [change, *_] = [json.loads(line) for line in world.client.get("/v1/replay?f=ndjson&place=hama").text.splitlines()]
    assert change["name"] == "hama [redacted]"


def test_a_process_that_had_read_the_text_forgets_it_with_the_next_question(world: World) -> None:
    """Also one that is asked as of a position from before, on either clock, and that folds nothing itself."""
    asked = f"view=1&{AT}&known_position=20"
    addresses = [
        f"/v1/locations/hama?{asked}", f"/v1/status?f=csv&{asked}", f"/v1/status?f=geojson&{asked}", f"/v1/sources?{asked}",
        "/v1/sources?view=published", f"/v1/locations/hama/explain?{asked}",
    ]  # fmt: skip
    keep(world.other, world.home, "current")
    before = {one: world.other_client.get(one) for one in addresses}
    assert all(SECRET in answer.text for answer in before.values())
    for answer in before.values():  # else a browser would tell it for a year
        assert answer.headers["Cache-Control"] == "no-cache"

    redact_all(world.timeline)

    for address, answer in before.items():
        again = world.other_client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 200
        assert SECRET not in again.text
        assert marks.REDACTED in again.text
    # Statuses have no text, and are the same bytes for ever.
    status = f"/v1/locations/hama/status?{asked}"
    assert "immutable" in world.other_client.get(status).headers["Cache-Control"]


def test_an_atlas_answers_again_once_its_names_are_drawn_anew(world: World) -> None:
    """Until then the tables do."""
    kept = keep(world.timeline, world.home, "current")
    asked = "/v1/status?f=csv&view=1&at=2024-12-20T00:00:00Z&known_position=20"
    first = world.client.get(asked).text
    assert SECRET in first
    redact_all(world.timeline)
    by_tables = world.client.get(asked).text
    with world.timeline.reader.asking("1", known_position=20) as question:
        assert world.timeline.reader.atlases.covering(question, wait=0) is None

    with world.timeline.log.pool.connection() as connection:
        kept.follow(connection, 1)
    with world.timeline.reader.asking("1", known_position=20) as question:
        assert world.timeline.reader.atlases.covering(question, wait=0) is not None
    assert world.client.get(asked).text == by_tables
    assert SECRET not in by_tables


def test_an_idle_process_forgets_by_itself(world: World) -> None:
    """Its keeper of atlases looks once a second, whether anybody asks or not."""
    reader = world.other.reader
    catalogue = reader.catalogue(20)
    assert SECRET in repr(catalogue._sources)
    redact_all(world.timeline)
    assert SECRET in repr(catalogue._sources)

    reader.atlases.look()
    assert SECRET not in repr([catalogue._sources, catalogue._actors, catalogue._locations])


def test_a_stream_tells_marks_and_the_redactions_themselves(world: World) -> None:
    """From the beginning, by a client who comes after them."""
    redact_all(world.timeline)
    with world.client.stream("GET", "/v1/events", headers={"Accept": "text/event-stream"}) as answer:
        lines = answer.iter_lines()
        data = [line for line in (next(lines) for _ in range(3 + 3 * 2 * len(secret_world()))) if line[:5] == "data:"]
    assert len(data) >= 2 * len(secret_world()) - 1
    assert SECRET not in "".join(data)
    assert '"type":"EventRedacted"' in data[-1]


def test_who_redacted_is_told_to_whom_recorders_are_told(world: World) -> None:
    """A reader sees that, and why; not by whom."""
    redact_all(world.timeline)
    after = len(secret_world())
    secrets = {role: new_key(world.timeline, role, role)[0] for role in ("reader", "auditor")}
    told = {
        role: world.client.get(f"/v1/events?after={after}&limit=1", headers=bearing(secret)).json()["events"][0]
        for role, secret in secrets.items()
    }
    assert (told["reader"]["recorded_by"], told["reader"]["event"]["redacted_by"]) == (None, None)
    assert (told["auditor"]["recorded_by"], told["auditor"]["event"]["redacted_by"]) == ("key:admin", "key:admin")
    assert told["reader"]["event"]["reason"] == "A person at risk asked for it."

"""Views over REST and on the command line: built, compared, verified, promoted, dropped, and refused in words."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from projections import views
from services.timeline import story
from services.timeline.building import Building
from services.timeline.composition import Timeline
from tests.acceptance.test_rest import assert_problem, served
from tests.commands import Ran, run_to_its_end
from tests.integration.test_follower import _until

AT = "2024-12-05T14:00:00Z"


@pytest.fixture
def told(timeline: Timeline) -> Timeline:
    """The demo's story."""
    story.load(timeline)
    return timeline


@pytest.fixture
def client(told: Timeline) -> Iterator[httpx2.Client]:
    """The story, served, with whoever builds."""
    with served(told) as client, Building(told.log, every=0.02):
        yield client


def ready(client: httpx2.Client, name: str) -> dict[str, Any]:
    """A view once it is built."""
    _until(lambda: client.get(f"/v1/views/{name}").json()["state"] == "ready", f"{name} is built")
    found: dict[str, Any] = client.get(f"/v1/views/{name}").json()
    return found


def test_a_view_is_built_in_the_background_and_read_by_name_and_id(client: httpx2.Client) -> None:
    """202 and where to look; asked again the same; every read takes it."""
    wanted = {"name": "without-sana", "exclude_sources": ["sana"]}
    first = client.post("/v1/views", json=wanted)
    assert (first.status_code, first.headers["Location"]) == (202, "/v1/views/without-sana")
    view = ready(client, "without-sana")

    assert (view["exclude_sources"], view["clock"], view["lag"], view["progress"]) == (["sana"], "recorded", 0, 1.0)
    assert client.post("/v1/views", json=wanted).status_code == 200
    for name in ("without-sana", view["id"]):
        answer = client.get(f"/v1/locations/sy-hama/status?view={name}&at={AT}").json()
        assert answer["view"] == name
    assert [one["name"] for one in client.get("/v1/views").json()["views"]] == ["current", "published", "without-sana"]


def test_while_it_is_built_it_is_listed_and_not_read(told: Timeline) -> None:
    """Nobody builds here: reads are told how far it is, and to come again."""
    with served(told) as client:
        assert client.post("/v1/views", json={"name": "slow"}).json()["state"] == "building"
        answer = client.get("/v1/status?view=slow")
        assert_problem(answer, 503)
        assert "being built: 0%" in answer.json()["detail"]
        assert answer.headers["Retry-After"]
        assert [one["state"] for one in client.get("/v1/views").json()["views"]] == ["ready", "ready", "building"]
        assert client.delete("/v1/views/slow").json()["name"] == "slow"
        assert_problem(client.get("/v1/views/slow"), 404)


@pytest.mark.parametrize(
    ("wanted", "status", "said"),
    [
        ({"name": "Current"}, 422, "name"),
        ({"name": "diff"}, 422, "not `diff`"),
        ({"name": "12"}, 422, "name"),
        ({}, 422, "missing required field `name`"),
        ({"name": "x", "policy": "best"}, 422, "best"),
        ({"name": "x", "clock": "wall"}, 422, "wall"),
        ({"name": "x", "exclude_sources": ["sanaa"]}, 422, "did you mean sana?"),
        ({"name": "x", "only_sources": ["nobody at all"]}, 422, "no source"),
        ({"name": "x", "until": 100_000}, 422, "run from 1 to 297"),
        ({"name": "x", "until": 0}, 422, "run from 1"),
        ({"name": "x", "until": "2999-01-01T00:00:00Z"}, 422, "future"),
        ({"name": "x", "until": "1999-01-01T00:00:00Z"}, 422, "nothing was recorded by then"),
        ({"name": "x", "until": "2024-01-01T00:00:00"}, 422, "until"),
        ({"name": "x", "colour": "red"}, 422, "colour"),
        ({"name": "current", "policy": "ticker"}, 409, "reads the log otherwise: assessed/1, recorded clock"),
    ],
)
def test_what_cannot_be_built_is_refused_in_words(
    client: httpx2.Client, wanted: dict[str, Any], status: int, said: str
) -> None:
    """And nothing is begun."""
    answer = client.post("/v1/views", json=wanted)
    assert_problem(answer, status)
    assert said in answer.json()["detail"]
    assert len(client.get("/v1/views").json()["views"]) == 2


def test_other_bodies_are_refused_too(client: httpx2.Client) -> None:
    """What is no JSON, and what does not say so."""
    assert_problem(client.post("/v1/views", content=b"{", headers={"Content-Type": "application/json"}), 422)
    assert_problem(client.post("/v1/views", content=b"\xff", headers={"Content-Type": "application/json"}), 422)
    assert_problem(client.post("/v1/views", content=b"{}"), 415)
    assert_problem(client.post("/v1/views/current/promote", json={"as": "x y"}), 422)


def test_a_frozen_view_says_so_everywhere(client: httpx2.Client, told: Timeline) -> None:
    """It stays where it is, lags behind nothing, is never current, and nobody waits for it."""
    client.post("/v1/views", json={"name": "then", "until": 200})
    assert ready(client, "then")["until"] == 200
    waiting = client.get("/v1/status?view=then&min_position=250")
    assert_problem(waiting, 422)
    assert "frozen at position 200" in waiting.json()["detail"]
    assert client.get(f"/v1/status?view=then&at={AT}").json()["known_position"] == 200
    assert (
        client.get(f"/v1/status?view=current&at={AT}&known_position=200").json()["locations"]
        == (client.get(f"/v1/status?view=then&at={AT}").json()["locations"])
    )
    assert_problem(client.post("/v1/views/then/promote", json={"as": "current"}), 409)
    assert client.get("/readyz").json()["lag"] == 0
    assert told.follower.follow() == 297


def test_pinned_answers_stay_the_same_bytes_through_builds_promotions_and_rollbacks(client: httpx2.Client) -> None:
    """By id, on both clocks; the name answers otherwise meanwhile."""
    ids = {one["name"]: one["id"] for one in client.get("/v1/views").json()["views"]}
    recorded = {"view": ids["current"], "at": AT, "known_position": 290}
    reported = {"view": ids["published"], "at": AT, "known_at": AT, "known_position": 290}
    paths = [
        f"/v1/{path}?{urlencode(asked)}"
        for asked in (recorded, reported)
        for path in ("status", "locations/sy-hama/status", "locations/sy-hama/history", "locations/sy-hama/explain")
    ]
    before = [client.get(path) for path in paths]
    assert all(
        ("immutable" in answer.headers["Cache-Control"]) is ("/explain?" not in path)  # it tells texts
        for path, answer in zip(paths, before, strict=True)
    )
    named = client.get(f"/v1/status?at={AT}&known_position=290").json()
    for name, as_, clock in (("ticker", "current", "recorded"), ("ticking", "published", "reported")):
        client.post("/v1/views", json={"name": name, "policy": "ticker", "clock": clock})
        ready(client, name)
        assert client.post(f"/v1/views/{name}/promote", json={"as": as_}).json()["policy"] == "ticker/1"
        assert [client.get(path).content for path in paths] == [answer.content for answer in before]
    other = client.get(f"/v1/status?at={AT}&known_position=290").json()
    assert (other["policy"], named["policy"]) == ("ticker/1", "assessed/1")
    assert other["locations"] != named["locations"]
    for name in views.ALWAYS:
        assert client.post(f"/v1/views/{name}.before/promote", json={"as": name}).json()["id"] == ids[name]
        assert client.delete(f"/v1/views/{name}.before").status_code == 200
    assert [client.get(path).content for path in paths] == [answer.content for answer in before]
    assert client.get(f"/v1/status?at={AT}&known_position=290").json() == named


def test_a_verification_names_the_altered_place(client: httpx2.Client, told: Timeline) -> None:
    """Asked for, done in the background, and read."""
    assert client.get("/v1/views/current/verify").json()["state"] == "never"

    def verified() -> dict[str, Any]:
        asked = client.post("/v1/views/current/verify")
        assert (asked.status_code, asked.headers["Location"]) == (202, "/v1/views/current/verify")
        _until(lambda: client.get("/v1/views/current/verify").json()["state"] == "done", "it is verified")
        found: dict[str, Any] = client.get("/v1/views/current/verify").json()
        return found

    whole = verified()
    assert (whole["same"], whole["position"], whole["differing"]) == (True, 297, [])
    assert client.get("/v1/views/current").json()["digest"] == whole["digest"]
    with told.log.pool.connection() as connection:
        altered = views.find(connection, "current").sql(
            "UPDATE {claim_version} SET standing = 'confirmed' WHERE ctid = (SELECT min(ctid) FROM {claim_version} "
            "WHERE location_id = 'sy-hama' AND standing <> 'confirmed')"
        )
        assert connection.execute(altered).rowcount == 1
    spoilt = verified()
    assert (spoilt["same"], spoilt["differing"]) == (False, ["claims sy-hama"])


def test_two_views_side_by_side(client: httpx2.Client) -> None:
    """Which places differ, in what, and what each view makes of the claims; a view differs from itself nowhere."""
    client.post("/v1/views", json={"name": "ticker", "policy": "ticker"})
    ready(client, "ticker")
    moment = "2024-12-02T12:00:00Z"
    found = client.get(f"/v1/views/diff?a=current&b=ticker&at={moment}").json()

    assert (found["a"]["view"], found["b"]["policy"]) == ("current", "ticker/1")
    assert found["compared"] > len(found["differing"]) > 0
    for one in found["differing"]:
        assert one["differs"]
        assert " in current, " in one["because"] or " counts in " in one["because"]
        location = client.get(f"/v1/status?at={moment}&within={one['location_id']}&view=ticker").json()["locations"][0]
        assert location["control"] == one["b"]["control"]
    assert client.get(f"/v1/views/diff?a=current&b=1&at={moment}").json()["differing"] == []
    assert_problem(client.get("/v1/views/diff?a=current&b=nope"), 404)
    assert_problem(client.get("/v1/views/diff?a=current"), 422)


def test_views_in_use_are_not_dropped(client: httpx2.Client) -> None:
    """409, with what would do."""
    answer = client.delete("/v1/views/current")
    assert_problem(answer, 409)
    assert "promote another" in answer.json()["detail"]
    assert_problem(client.delete("/v1/views/nope"), 404)


def run(database: str, *words: str) -> Ran:
    """`timeline view …` on a database."""
    return run_to_its_end(["view", *words], {"TIMELINE_DATABASE_URL": database, "PATH": "/usr/bin:/bin"})


def test_the_whole_life_of_a_view_on_the_command_line(told: Timeline, database: str) -> None:
    """Build, list, diff, verify, promote, roll back, drop; each with its exit code, quiet in pipes."""
    first = run(database, "build", "without-sana", "--exclude-source", "sana")
    assert (first.returncode, first.stderr) == (0, "")
    assert "stands at position 297: assessed/1, recorded clock, without sana" in first.stdout
    assert "is there already" in run(database, "build", "without-sana", "--exclude-source", "sana").stdout
    assert run(database, "build", "without-sana").returncode == 2
    assert "did you mean sana?" in run(database, "build", "x", "--only-source", "sanaa").stderr
    frozen = run(database, "build", "then", "--until", "200", "--policy", "ticker", "--clock", "reported")
    assert "ticker/1, reported clock, frozen at position 200" in frozen.stdout

    listed = json.loads(run(database, "list", "--json").stdout)
    assert [one["name"] for one in listed["views"]] == ["current", "published", "without-sana", "then"]
    assert "without sana" in run(database, "list").stdout
    differing = run(database, "diff", "current", "without-sana", "--at", "2024-12-02")
    assert differing.returncode == 1
    assert "places differ" in differing.stdout
    assert run(database, "diff", "current", "1", "--at", "2024-12-02", "--json").returncode == 0

    verified = run(database, "verify", "current")
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "is what the log says up to position 297; its digest is" in verified.stdout
    with told.log.pool.connection() as connection:
        view = views.find(connection, "without-sana")
        connection.execute(view.sql("DELETE FROM {claim_version} WHERE location_id = 'sy-hama'"))
    altered = run(database, "verify", "without-sana")
    assert altered.returncode == 1
    assert "claims sy-hama" in altered.stdout

    assert run(database, "promote", "without-sana", "current").returncode == 0
    assert run(database, "promote", "current.before", "current").returncode == 0
    refused = run(database, "drop", "current.before")
    assert (refused.returncode, "say --yes" in refused.stderr) == (2, True)
    assert run(database, "drop", "current.before", "--yes").returncode == 0
    assert run(database, "drop", "current", "--yes").returncode == 2
    assert run(database, "verify", "nobody").returncode == 2
    with told.log.pool.connection() as connection:
        assert connection.execute("SELECT count(*) FROM discarded").fetchone() == (0,)

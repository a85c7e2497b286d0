"""What differs between two moments, on either axis: the same as two maps laid side by side."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from services.timeline import story
from tests.acceptance.test_developments import linked
from tests.acceptance.test_rest import Desk, Tree, _desk, assert_problem, place

FROM, TO = "2024-11-27T00:00:00Z", "2024-12-06T00:00:00Z"
EVENING, NOON = "2024-12-02T18:00:00Z", "2024-12-03T12:00:00Z"


@pytest.fixture(scope="module")
def told(postgres_18: str) -> Iterator[Desk]:
    """The demo's story, served; for reading."""
    with _desk(postgres_18) as desk:
        desk.timeline.writer.append(story.lines(), "demo", atomic=True)
        for view in ("current", "published"):
            assert desk.get(f"/v1/status?view={view}&min_position={desk.head()}").status_code == 200
        yield desk


def the_map(desk: Desk, query: str) -> dict[str, Tree]:
    found = desk.get(f"/v1/status?{query}").json()["locations"]
    return {one["location_id"]: {"control": one["control"], "access": one["access"]} for one in found}


def side_by_side(old: dict[str, Tree], new: dict[str, Tree]) -> list[tuple[str, Any, Any]]:
    """What two maps differ in, in the order of ids."""
    keys = sorted(old.keys() | new.keys())
    return [(one, old.get(one), new.get(one)) for one in keys if old.get(one) != new.get(one)]


def told_changes(answer: Any) -> list[tuple[str, Any, Any]]:
    assert answer.status_code == 200, answer.text
    return [(one["location_id"], one["old"], one["new"]) for one in answer.json()["changes"]]


@pytest.mark.parametrize("view", ["current", "published"])
def test_between_two_moments_in_the_world_it_is_two_maps_side_by_side(told: Desk, view: str) -> None:
    """As known now, and as known on a day before the second of them."""
    for known in ("", f"&known_at={EVENING}", *(("&known_position=150",) * (view == "current"))):
        answer = told.get(f"/v1/changes?from={FROM}&to={TO}&view={view}{known}")
        old, new = (the_map(told, f"at={at}&view={view}{known}") for at in (FROM, TO))

        assert told_changes(answer) == side_by_side(old, new)
        assert (len(answer.json()["changes"]) > 3) == (view == "published" or known != f"&known_at={EVENING}")


def test_between_two_moments_of_knowledge_it_is_two_maps_side_by_side(told: Desk) -> None:
    """On the reported clock: what the refutation of the 3rd changed about noon of the 2nd."""
    at = "at=2024-12-02T12:00:00Z&view=published"
    answer = told.get(f"/v1/changes?axis=known&from={EVENING}&to={NOON}&{at}")
    old, new = (the_map(told, f"known_at={known}&{at}") for known in (EVENING, NOON))

    assert told_changes(answer) == side_by_side(old, new)
    hama = next(one for one in answer.json()["changes"] if one["location_id"] == "sy-hama")
    assert hama["differs"] == ["control.pending"]
    assert [one["holders"] for one in hama["old"]["control"]["pending"]] == [["hts"]]
    assert hama["new"]["control"]["pending"] == []
    body = answer.json()
    assert (body["from"]["known_at"], body["to"]["known_at"]) == (EVENING, NOON)
    assert body["from"]["at"] == body["to"]["at"] == "2024-12-02T12:00:00Z"


def test_on_the_recorded_clock_what_was_recorded_since_is_the_difference(postgres_18: str) -> None:
    """Places registered meanwhile had no answer before; and a later page is about the same moments."""
    with _desk(postgres_18) as desk:
        lines = story.lines()
        desk.timeline.writer.append(lines[:150], "demo")
        desk.timeline.writer.append(lines[150:], "demo")
        desk.timeline.writer.append([json.dumps(place(f"new-{number}")).encode() for number in range(3)], "demo")
        desk.get(f"/v1/status?min_position={desk.head()}")
        times = {
            one.position: one.recorded_at.isoformat().replace("+00:00", "Z")
            for one in desk.timeline.log.structures(limit=999)
        }
        at = "2024-12-06T00:00:00Z"
        query = f"axis=known&from={times[150]}&to={times[desk.head()]}&at={at}"
        old, new = (the_map(desk, f"at={at}&known_position={position}") for position in (150, desk.head()))
        expected = side_by_side(old, new)

        assert told_changes(desk.get(f"/v1/changes?{query}")) == expected
        assert [one[1] for one in expected if one[0].startswith("new-")] == [None] * 3
        assert len(expected) > 5

        found, address = [], f"/v1/changes?{query}&limit=2"
        first = desk.get(address).json()
        while address:
            answer = desk.get(address)
            found += told_changes(answer)
            desk.post(place(f"later-{len(found)}"))
            desk.get(f"/v1/status?min_position={desk.head()}")
            assert (answer.json()["from"], answer.json()["to"]) == (first["from"], first["to"])
            address = linked(answer) or ""
        assert found == expected


@pytest.mark.parametrize("view", ["current", "published"])
def test_pages_that_end_now_are_all_about_the_now_of_the_first(postgres_18: str, view: str) -> None:
    """Though an archive arrives in between."""
    with _desk(postgres_18) as desk:
        desk.timeline.writer.append(story.lines()[:280], "demo")
        desk.get(f"/v1/status?view={view}&min_position={desk.head()}")
        query = f"from={FROM}&to={TO}&view={view}"
        expected = told_changes(desk.get(f"/v1/changes?{query}"))
        answer = desk.get(f"/v1/changes?{query}&limit=3")
        desk.timeline.writer.append(story.lines()[280:], "demo")
        desk.get(f"/v1/status?view={view}&min_position={desk.head()}")
        found = told_changes(answer)
        while (address := linked(answer)) is not None:
            answer = desk.get(address)
            found += told_changes(answer)

        assert found == expected
        assert len(expected) > 6


def test_only_places_below_one_where_that_is_asked(told: Desk) -> None:
    """The place itself among them."""
    whole = told_changes(told.get(f"/v1/changes?from={FROM}&to={TO}"))
    below = told_changes(told.get(f"/v1/changes?from={FROM}&to={TO}&within=sy-hama-governorate"))

    assert 0 < len(below) < len(whole)
    assert [one for one in whole if one in below] == below
    assert_problem(told.get(f"/v1/changes?from={FROM}&to={TO}&within=nowhere"), 404)


def test_ndjson_has_a_line_for_each_change(told: Desk) -> None:
    """And links to the next page too."""
    answer = told.get(f"/v1/changes?from={FROM}&to={TO}&limit=2", Accept="application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]

    assert lines == told.get(f"/v1/changes?from={FROM}&to={TO}&limit=2").json()["changes"]
    assert len(lines) == 2
    assert linked(answer) is not None


def test_between_a_moment_and_itself_nothing_differs(told: Desk) -> None:
    """On both axes."""
    for axis in ("valid", "known"):
        assert told_changes(told.get(f"/v1/changes?from={TO}&to={TO}&axis={axis}")) == []


def test_a_pinned_question_is_answered_for_ever(told: Desk) -> None:
    """A view's id and a position; and not where either is open."""
    ids = {one["name"]: one["id"] for one in told.get("/v1/views").json()["views"]}
    pinned = told.get(f"/v1/changes?from={FROM}&to={TO}&view={ids['current']}&known_position=200")
    reported = told.get(f"/v1/changes?from={EVENING}&to={NOON}&axis=known&at={TO}&view={ids['published']}")

    assert "immutable" in pinned.headers["Cache-Control"]
    assert "immutable" not in reported.headers["Cache-Control"]
    assert "immutable" not in told.get(f"/v1/changes?from={FROM}&to={TO}&known_position=200").headers["Cache-Control"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (f"from={TO}&to={FROM}", "to"),
        (f"from={FROM}", "to"),
        (f"to={FROM}", "from"),
        (f"from={FROM}&to={TO}&at={TO}", "at"),
        (f"from={FROM}&to={TO}&axis=known&known_at={TO}", "known_at"),
        (f"from={FROM}&to={TO}&axis=known&known_position=3", "known_position"),
        (f"from={FROM}&to={TO}&axis=both", "axis"),
        (f"from={FROM}&to={TO}&cursor=W10", "cursor"),
        (f"from={FROM}&to={TO}&f=csv", "f"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(told: Desk, query: str, field: str) -> None:
    """With the parameter that is wrong."""
    assert assert_problem(told.get(f"/v1/changes?{query}"), 422)["errors"][0]["field"] == field

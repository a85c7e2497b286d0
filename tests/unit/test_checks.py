"""What is wrong with an event in itself, and what is odd but kept: kinds and their roles, chains, the globe."""

import json
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import checks
from events.developments import Participant
from events.records import Event
from events.reference import Geometry
from events.shape import AnyEvent, read_event
from events.vocabulary import KINDS, ROLES, Kind
from services.timeline import story

ID = str(UUID(int=7))
DAY = {"start": "2024-12-02T00:00:00Z", "end": "2024-12-03T00:00:00Z"}
LATER = "2024-12-04T00:00:00Z"
REPORT = {"chain": ["monitor"], "published_at": "2024-12-02T09:00:00Z"}

longitudes, latitudes = st.floats(-180, 180), st.floats(-90, 90)
positions = st.tuples(longitudes, latitudes).map(list)
rings = st.lists(positions, min_size=3, max_size=5).map(lambda ring: [*ring, ring[0]])
lines = st.lists(positions, min_size=2, max_size=4)
geometries = st.one_of(
    st.tuples(st.just("Point"), positions),
    st.tuples(st.just("MultiPoint"), st.lists(positions, min_size=1, max_size=3)),
    st.tuples(st.just("LineString"), lines),
    st.tuples(st.just("MultiLineString"), st.lists(lines, min_size=1, max_size=2)),
    st.tuples(st.just("Polygon"), st.lists(rings, min_size=1, max_size=2)),
    st.tuples(st.just("MultiPolygon"), st.lists(st.lists(rings, min_size=1, max_size=2), min_size=1, max_size=2)),
)


def event(type_: str, **said: Any) -> Event:
    """An event by its JSON fields."""
    made: Event = msgspec.convert({"type": type_, **said}, AnyEvent)
    return made


def reported(kind: str = "captured", roles: str = "holder", **said: Any) -> Event:
    """A report of some kind with one actor in each of the roles."""
    participants = [{"actor_id": f"actor-{index}", "role": role} for index, role in enumerate(roles.split())]
    whole = {"development_id": ID, "kind": kind, "location_id": "hama", "occurred": DAY, "participants": participants}
    return event("DevelopmentReported", **(whole | {"summary": "Said.", "report": REPORT} | said))


def fields(found: Event) -> list[str]:
    """The fields in which an event is wrong."""
    return [problem.field for problem in checks.problems(found)]


def needed(kind: Kind) -> list[str]:
    """The least roles that a kind is content with."""
    required: list[str] = [role for role, least in kind.required.items() for _ in range(least)]
    return required or list(kind.any_of[:1])


def test_nothing_is_wrong_with_the_demo() -> None:
    """Real reports pass."""
    assert [problem for line in story.lines() for problem in checks.problems(read_event(line))] == []


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_kind_is_content_with_its_roles_and_with_no_fewer(kind: Kind) -> None:
    """One participant less than it needs is told by `participants`; a role that it lacks by that participant."""
    roles = needed(kind)
    assert fields(reported(kind.name, " ".join(roles))) == []
    assert fields(reported(kind.name, " ".join([*roles, *kind.roles]))) == []
    for index in range(len(roles)):
        assert fields(reported(kind.name, " ".join(roles[:index] + roles[index + 1 :]))) == ["participants"]
    for role in set(ROLES) - set(kind.roles):
        assert fields(reported(kind.name, " ".join([*roles, role]))) == [f"participants[{len(roles)}].role"]


def test_shared_needs_two_actors_not_one_twice() -> None:
    """The same holder twice is one holder, and is told as such."""
    twice = (Participant(actor_id="hts", role="holder"),) * 2
    assert [one.message for one in checks.role_problems("shared", twice)] == [
        "a development of kind shared needs 2 holders",
        "hts stands 2 times as holder",
    ]


@pytest.mark.parametrize(
    ("said", "meant"),
    [("seized", "captured"), ("Retaken", "captured"), ("left", "withdrawn"), ("airstrike", "air_strike"), ("captureed", "captured")],
)  # fmt: skip
def test_an_unknown_kind_is_refused_with_the_one_that_was_meant(said: str, meant: str) -> None:
    """By the words that reporters use, or by its spelling."""
    problem = checks.problems(reported(said))[0]
    assert problem.field == "kind"
    assert f"did you mean {meant}?" in problem.message


@given(geometries)
def test_what_lies_on_the_globe_is_taken(drawn: tuple[str, list[Any]]) -> None:
    """Every type of geometry of RFC 7946 that is kept."""
    assert list(checks.geometry_problems(_geometry(*drawn), "geometry")) == []


@given(geometries, st.one_of(st.floats(90, 1e9, exclude_min=True), st.floats(-1e9, -90, exclude_max=True)))
def test_one_position_off_the_globe_is_refused_wherever_it_stands(
    drawn: tuple[str, list[Any]], latitude: float
) -> None:
    """The first position of it, at whatever depth."""
    kind, coordinates = json.loads(json.dumps(drawn))
    inner = coordinates
    while isinstance(inner[0], list):
        inner = inner[0]
    inner[1] = latitude
    problem = next(checks.geometry_problems(_geometry(kind, coordinates), "geometry"))
    assert problem.field == "geometry.coordinates"
    assert "off the globe" in problem.message


@pytest.mark.parametrize(
    ("kind", "coordinates", "word"),
    [
        ("Point", [], "longitude"),
        ("Point", [36], "longitude"),
        ("Point", [36, 35, 100, 4], "longitude"),
        ("Point", [36, True], "longitude"),
        ("Point", ["36", "35"], "longitude"),
        ("Point", [[36, 35]], "longitude"),
        ("Point", [36, 35, 900_000], "height"),
        ("Point", [35, 136], "swapped"),
        ("LineString", [[36, 35]], "two positions"),
        ("LineString", [], "nested"),
        ("LineString", [36, 35], "longitude"),
        ("Polygon", [[[36, 35], [37, 35], [36, 36], [36, 34]]], "ring"),
        ("Polygon", [[[36, 35], [37, 35], [36, 35]]], "ring"),
        ("Polygon", [[36, 35], [37, 35]], "longitude"),
        ("MultiPolygon", [[]], "nested"),
    ],
)
def test_a_geometry_that_is_none_is_refused(kind: str, coordinates: list[Any], word: str) -> None:
    """One problem, about its coordinates."""
    found = list(checks.geometry_problems(_geometry(kind, coordinates), "geometry"))
    assert [problem.field for problem in found] == ["geometry.coordinates"]
    assert word in found[0].message


def _geometry(kind: str, coordinates: list[Any]) -> Geometry:
    return msgspec.convert({"type": kind, "coordinates": coordinates}, Geometry)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (reported(summary=" \t"), ["summary"]),
        (reported(report=REPORT | {"chain": []}), ["report.chain"]),
        (event("DevelopmentDenied", development_id=ID, report=REPORT | {"chain": []}), ["report.chain"]),
        (event("DevelopmentVoided", development_id=ID, voided_at=LATER, reason=""), ["reason"]),
        (event("DevelopmentAssessed", development_id=ID, credibility=1, assessed_at=LATER), ["analyst", "reasoning"]),
        (event("DevelopmentMerged", development_id=ID, into_id=ID, merged_at=LATER, reason="x"), ["into_id"]),
        (event("DevelopmentAmended", development_id=ID, changes={}, amended_at=LATER, reason="x"), ["changes"]),
        (event("DevelopmentAmended", development_id=ID, changes={"kind": "x"}, amended_at=LATER, reason="x"), ["changes.kind"]),
        (event("DevelopmentAmended", development_id=ID, changes={"summary": ""}, amended_at=LATER, reason="x"), ["changes.summary"]),
        (event("LocationRegistered", location_id="x", name="x", kind="city", parent_id="x"), ["parent_id"]),
        (event("LocationRevised", location_id="x", changes={}, reason="x", **{"from": LATER}), ["changes"]),
        (event("LocationRevised", location_id="x", changes={"parent_id": "x"}, reason="x", **{"from": LATER}), ["changes.parent_id"]),
        (event("LocationRevised", location_id="x", changes={"name": " "}, reason="x", **{"from": LATER}), ["changes.name"]),
        (event("ActorRegistered", actor_id="x", name="", kind="other"), ["name"]),
        (event("ActorRegistered", actor_id="x", name="x", kind="other", aliases=[{"name": "y", "from": LATER, "until": DAY["end"]}]), ["aliases[0].until"]),
        (event("ActorRegistered", actor_id="x", name="x", kind="other", aliases=[{"name": "y"}, {"name": ""}]), ["aliases[1].name"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else type(value).__name__,
)  # fmt: skip
def test_what_is_wrong_in_itself_is_told_by_its_field(wrong: Event, where: list[str]) -> None:
    """Whatever the log holds."""
    assert fields(wrong) == where

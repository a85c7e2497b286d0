"""What cannot be folded stops nothing else: it is set aside in sight, and folded when it is retried."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from events import codec, rows
from events.log import Log
from projections import setting_aside, views
from projections.claims import ClaimVersion
from projections.developments import FoldedDevelopment, fold_development
from projections.follower import Follower
from projections.retrying import retry
from projections.setting_aside import SetAside
from services.timeline import files
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings
from tests.acceptance.test_rest import assert_problem, served
from tests.integration.test_follower import as_folded, held
from tests.integration.test_log import ROLES, as_role
from tests.told_histories import as_posted, registrations, told

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))
REPORTED = b'{"event":{"nonsense":true},"text_sha256":null}'


def insert(timeline: Timeline, name: str, structure: bytes, stream: UUID) -> int:
    """A row straight into the log, past the intake, as a newer program would write it, or a fault; its position."""
    with timeline.log.pool.connection() as connection:
        row = connection.execute(
            "INSERT INTO event (position, recorded_at, recorded_by, event_id, stream_id, version, type, structure) "
            "SELECT head.position + 1, greatest(clock_timestamp(), head.recorded_at + interval '1 microsecond'), 'x', "
            "%s, %s, coalesce((SELECT max(version) FROM event WHERE stream_id = %s), 0) + 1, %s, %s "
            "FROM log_head AS head RETURNING position",
            [uuid4(), stream, stream, name, structure],
        ).fetchone()
    assert row is not None
    position: int = row[0]
    return position


def post(timeline: Timeline, *events: Mapping[str, Any]) -> None:
    found = timeline.writer.append([json.dumps(event).encode() for event in events], "test")
    assert all(one.appended for one in found), [str(one.refusal) for one in found if one.refusal]


def reported(development: UUID, place: str = "hama", source: str = "agency") -> dict[str, Any]:
    at = "2024-12-02T00:00:00Z"
    return {
        "type": "DevelopmentReported", "development_id": str(development), "kind": "captured", "location_id": place,
        "occurred": {"start": at, "end": at}, "participants": [{"actor_id": "hts", "role": "holder"}],
        "summary": "Said.", "report": {"chain": [source], "published_at": at, "credibility": 2},
    }  # fmt: skip


def assessed(development: UUID, credibility: int) -> dict[str, Any]:
    said = {"analyst": "desk", "reasoning": "Seen.", "method": "x", "assessed_at": "2024-12-03T00:00:00Z"}
    return {"type": "DevelopmentAssessed", "development_id": str(development), "credibility": credibility, **said}


@pytest.fixture
def world(timeline: Timeline) -> Timeline:
    """Places, actors and sources, and two reports."""
    post(timeline, *registrations(), reported(ONE), reported(TWO))
    timeline.follower.follow()
    return timeline


def aside(timeline: Timeline, view: str = "current") -> list[SetAside]:
    return timeline.reader.set_aside(view)


def of(development: UUID, found: set[ClaimVersion]) -> set[tuple[str, int]]:
    return {(one.standing, one.known_from) for one in found if one.development_id == development}


@pytest.mark.parametrize(
    ("name", "structure"),
    [
        ("development-assessed/99", b'{"event":{},"text_sha256":null}'),
        ("desk-note/1", b"{}"),
        ("development-assessed/1", REPORTED),
        ("development-assessed/1", b"\xff\xfe not JSON"),
        ("development-corroborated/1", b""),
    ],
)
def test_an_event_that_cannot_be_decoded_stops_nothing_else(world: Timeline, name: str, structure: bytes) -> None:
    """Its development keeps the claim versions that it had, also when more is said of it; all others go on."""
    before = of(ONE, held(world, "current"))
    position = insert(world, name, structure, ONE)
    post(world, assessed(ONE, 1), assessed(TWO, 5), reported(THREE))
    head = Follower(world.log).follow()

    assert head == position + 3
    assert of(ONE, held(world, "current")) == before
    assert {standing for standing, _ in of(TWO, held(world, "current"))} == {"credible", "rejected"}
    assert of(THREE, held(world, "published"))
    for view in views.ALWAYS:
        assert [(one.position, one.stream_id) for one in aside(world, view)] == [(position, ONE)]
        assert str(position) in aside(world, view)[0].error


@pytest.mark.parametrize("batch", [1, 2, 3, 2000])
def test_what_is_set_aside_does_not_depend_on_the_batches(timeline: Timeline, batch: int) -> None:
    """The development keeps what it had just before the event, though they came in one batch."""
    post(timeline, *registrations(), reported(ONE), assessed(ONE, 5), reported(TWO))
    insert(timeline, "development-assessed/2", b"{}", ONE)
    post(timeline, assessed(ONE, 1), assessed(TWO, 1))
    Follower(timeline.log, batch=batch).follow()

    first = len(registrations()) + 1
    assert of(ONE, held(timeline, "current")) == {("credible", first), ("rejected", first + 1)}
    assert of(TWO, held(timeline, "current")) == {("credible", first + 2), ("confirmed", first + 5)}
    assert [one.position for one in aside(timeline)] == [first + 3]


@pytest.mark.parametrize("batch", [1, 5, 2000])
def test_a_fold_that_raises_for_one_development_stops_nothing_else(
    timeline: Timeline, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """It is set aside with the error at the event with which it first raised, and folded when it is retried."""
    posted = as_posted(told(random.Random(5), "shuffled", developments=20))
    timeline.writer.append(posted, "test")
    with monkeypatch.context() as patched:
        patched.setattr(setting_aside, "fold_development", raising_for(ONE))
        Follower(timeline.log, batch=batch).follow()
        assert {one.stream_id for one in aside(timeline)} == {ONE}
        assert "KeyError: 'the bug'" in aside(timeline)[0].error
        assert not of(ONE, held(timeline, "current"))
        assert retry(timeline.log, "current").folded == 0
        assert len(aside(timeline)) == 1

    for view in views.ALWAYS:
        assert retry(timeline.log, view) == (1, [])
    assert as_folded(timeline)


def raising_for(development: UUID) -> Callable[..., Any]:
    def fold(development_id: UUID, *rest: Any) -> FoldedDevelopment:
        if development_id == development:
            raise KeyError("the bug")
        return fold_development(development_id, *rest)

    return fold


@pytest.mark.parametrize("seed", range(6))
def test_after_a_retry_the_views_are_one_fold_of_the_log(
    timeline: Timeline, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Random histories of which this program cannot read some events at first, of every kind, and later can."""
    dice = random.Random(seed)
    posted = as_posted(told(dice, "shuffled", developments=25))
    timeline.writer.append(posted, "test")
    strange = {one.position for one in timeline.log.read(0, limit=10_000) if dice.randrange(12) == 0}
    with monkeypatch.context() as patched:
        patched.setattr(rows, "structure_only", reading_none_of(strange))
        patched.setattr("events.recorder.structure_only", reading_none_of(strange))
        patched.setattr("events.log.structure_only", reading_none_of(strange))
        patched.setattr("events.log.as_recorded", reading_none_of(strange))
        Follower(timeline.log, batch=50).follow()
        met = {one.position for one in aside(timeline)}
        assert strange & met

    for view in views.ALWAYS:
        retry(timeline.log, view, part=4)
        assert aside(timeline, view) == []
    assert as_folded(timeline)


def reading_none_of(positions: set[int]) -> Callable[[Sequence[Any]], Any]:
    """Reading rows as a program does that does not know the stored names at these positions."""
    read = rows.structure_only

    def reading(row: Sequence[Any]) -> Any:
        return read([*row[:6], f"{row[6].rpartition('/')[0]}/99", *row[7:]] if row[0] in positions else row)

    return reading


def test_the_role_that_keeps_the_views_may_set_aside_fold_in_parts_and_retry(each_database: str) -> None:
    """On the oldest and the newest server; it still cannot record anything."""
    with opened(Settings(database_url=each_database)) as timeline:
        anew = {"type": "SourceReliabilityAssessed", "source_id": "agency", "reliability": "E", "reason": "x"}
        post(timeline, *registrations(), reported(ONE), reported(TWO), reported(THREE), anew)
        insert(timeline, "development-assessed/2", b"{}", ONE)
    with psycopg.connect(each_database, autocommit=True) as owner:
        owner.execute(ROLES.read_bytes())
        owner.execute("DROP ROLE IF EXISTS follower")
        owner.execute("CREATE ROLE follower LOGIN PASSWORD 'secret' IN ROLE timeline_follow")
    with as_role(each_database, "follower") as pool:
        log = Log(pool)
        Follower(log, part=1).follow()
        assert [(one.stream_id, folded) for folded, still in [retry(log, "current")] for one in still] == [(ONE, 0)]
    with opened(Settings(database_url=each_database)) as timeline:
        assert {one.standing for one in held(timeline, "published")} == {"unconfirmed"}
    with psycopg.connect(each_database, autocommit=True) as owner:
        owner.execute("DROP OWNED BY follower; DROP ROLE follower")
        owner.execute("DROP OWNED BY timeline_append, timeline_read, timeline_follow")


def test_a_merger_circle_in_a_damaged_log_is_set_aside(world: Timeline) -> None:
    """The intake refuses it; a fault may still have written it."""
    for one, into in ((ONE, TWO), (TWO, ONE)):
        said = {"development_id": str(one), "into_id": str(into), "merged_at": "2024-12-05T00:00:00Z"}
        insert(world, "development-merged/1", codec.canonical({"event": said, "text_sha256": None}), one)
    post(world, reported(THREE))
    Follower(world.log).follow()

    assert {one.stream_id for one in aside(world)} == {ONE, TWO}
    assert of(THREE, held(world, "current"))


def test_what_is_registered_in_a_way_not_understood_is_set_aside_too(world: Timeline) -> None:
    """A source, of whom developments speak all the same; the catalogue goes on without it."""
    position = insert(world, "source-registered/2", b"{}", uuid4())
    post(world, assessed(ONE, 1))
    world.follower.follow()

    assert [one.position for one in aside(world)] == [position]
    assert ("confirmed", position + 1) in of(ONE, held(world, "current"))
    with world.reader.asking("current") as asked:
        assert world.reader.catalogue(asked.known_position).source("agency", asked.known_position) is not None


def test_answers_say_that_something_is_set_aside_and_are_not_pinned(world: Timeline) -> None:
    """An answer as of a position before it is the same for ever; one that a retry may change is not."""
    before = world.log.head().position
    insert(world, "development-assessed/2", b"{}", ONE)
    head = world.follower.follow()
    with served(world) as client:
        asked = "/v1/locations/hama/{}?view=1&at=2024-12-04T00:00:00Z&known_position={}"
        then, now = (client.get(asked.format("status", position)) for position in (before, head))
        assert ("immutable" in then.headers["Cache-Control"], now.headers["Cache-Control"]) == (True, "no-cache")
        assert now.headers["Timeline-Set-Aside"] == "1"
        assert client.get(asked.format("explain", head)).status_code == 200
        late = "/v1/status?view=2&at=2024-12-04T00:00:00Z&known_at=2024-12-09T00:00:00Z&known_position={}"
        assert client.get(late.format(head)).headers["Cache-Control"] == "no-cache"
        assert "immutable" in client.get(late.format(before)).headers["Cache-Control"]

        told = client.get(f"/v1/events?after={before}").json()["events"][0]
        assert (told["position"], told["event"]["type"]) == (head, "Undecodable")
        assert told["event"]["stored_name"] == "development-assessed/2"

        ready = client.get("/readyz").json()
        assert (ready["status"], ready["set_aside"]) == ("ready", 1)
        assert [one["set_aside"] for one in client.get("/v1/views").json()["views"]] == [1, 1]
        listed = client.get("/v1/views/current/set-aside").json()
        assert (listed["count"], listed["set_aside"][0]["stream_id"]) == (1, str(ONE))
        retried = client.post("/v1/views/current/set-aside/retry").json()
        assert (retried["folded"], retried["still"]["count"]) == (0, 1)
        assert_problem(client.get("/v1/views/nope/set-aside"), 404)


def test_what_cannot_be_read_is_neither_written_to_nor_left_out_of_an_export(world: Timeline) -> None:
    """A corroboration of such a development is refused in words; an export would be another log."""
    position = insert(world, "development-reported/2", b"{}", THREE)
    report = {"chain": ["agency"], "published_at": "2024-12-02T00:00:00Z"}
    more = {"type": "DevelopmentCorroborated", "development_id": str(THREE), "report": report}
    refused = world.writer.append([json.dumps(one).encode() for one in (more, assessed(ONE, 1))], "test")

    assert "cannot be read here" in str(refused[0].refusal)
    assert refused[1].appended
    with pytest.raises(files.Unreadable, match=f"position {position}"):
        [files.exported(one) for one in world.log.read(0, limit=1000)]
    assert isinstance(world.log, Log)

"""The log's promises (DESIGN.md, section 7), each by attacking it."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool

from events.appending import MANY
from events.appends import Held, NewEvent
from events.log import CHANNEL, Log
from events.records import Event
from events.shape import read_event
from projections.follower import Follower
from services.timeline import story
from services.timeline.composition import Timeline, opened
from services.timeline.reader import Reader
from services.timeline.settings import Settings
from services.timeline.writer import Refused, Writer

ROLES = Path(__file__).parents[2] / "docker" / "roles.sql"


def source(number: int, **more: Any) -> bytes:
    """An event that needs nothing before it."""
    said = {"type": "SourceRegistered", "source_id": f"source-{number}", "name": f"Source {number}", "kind": "ngo"}
    return json.dumps(said | more).encode()


@pytest.fixture
def each_timeline(each_database: str) -> Iterator[Timeline]:
    """An opened timeline on an empty log, on the oldest and on the newest server."""
    with opened(Settings(database_url=each_database)) as timeline:
        timeline.writer.append([source(number) for number in range(3)], "test")
        yield timeline


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE event SET recorded_by = 'somebody else'",
        "UPDATE event SET structure = '{}'",
        "UPDATE event SET text = NULL, salt = NULL",
        "UPDATE event SET position = position + 10",
        "DELETE FROM event WHERE position = 3",
        "TRUNCATE event",
        "TRUNCATE event, log_head",
        "DELETE FROM log_head",
        "UPDATE log_head SET position = 1",
        "UPDATE log_head SET recorded_at = '2001-01-01Z'",
        "INSERT INTO log_head (only_row, position, recorded_at) VALUES (false, 0, now())",
    ],
)
def test_the_database_itself_refuses_to_rewrite(each_timeline: Timeline, attack: str) -> None:
    """Even its owner is refused, and nothing has changed."""
    before = each_timeline.log.read(0, limit=10)

    with each_timeline.log.pool.connection() as connection, pytest.raises(psycopg.Error):
        connection.execute(attack)

    assert each_timeline.log.read(0, limit=10) == before
    assert each_timeline.log.head().position == 3


@pytest.mark.parametrize(
    ("positions", "seconds"),
    [
        ((5,), (1,)),
        ((3,), (1,)),
        ((2,), (1,)),
        ((4, 6), (1, 2)),
        ((4, 5), (2, 1)),
        ((4,), (-10_000_000_000,)),
        ((0,), (1,)),
    ],
)
def test_an_insert_that_does_not_continue_the_log_is_refused(
    each_timeline: Timeline, positions: tuple[int, ...], seconds: tuple[int, ...]
) -> None:
    """A gap, a position taken, an order turned round, a time before the last one."""
    begin = datetime.now(UTC) + timedelta(minutes=1)
    rows = [(position, begin + timedelta(seconds=second)) for position, second in zip(positions, seconds, strict=True)]

    with each_timeline.log.pool.connection() as connection, pytest.raises(psycopg.errors.IntegrityError):
        connection.execute(
            "INSERT INTO event SELECT position, recorded_at, 'attacker', gen_random_uuid(), gen_random_uuid(), 1, 'x', '{}' "
            "FROM unnest(%s::bigint[], %s::timestamptz[]) AS new (position, recorded_at)",
            [[position for position, _ in rows], [moment for _, moment in rows]],
        )

    assert each_timeline.log.head().position == 3


def test_a_role_with_no_more_rights_than_it_needs_can_append(each_database: str) -> None:
    """It appends; it cannot touch the head, the past or the views."""
    with opened(Settings(database_url=each_database)):
        pass
    with psycopg.connect(each_database, autocommit=True) as owner:
        owner.execute(ROLES.read_bytes())
        owner.execute("DROP ROLE IF EXISTS appender")
        owner.execute("CREATE ROLE appender LOGIN PASSWORD 'secret' IN ROLE timeline_append")
    with as_role(each_database, "appender") as pool:
        assert Writer(Log(pool)).append([source(1), source(2)], "appender")[1].place is not None
        for attack in ("UPDATE event SET text = NULL", "DELETE FROM event", "UPDATE log_head SET position = 9",
                       "INSERT INTO log_head VALUES (false, 1, now())", "DELETE FROM view", "TRUNCATE event",
                       "ALTER TABLE event DISABLE TRIGGER ALL"):  # fmt: skip
            with pool.connection() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(attack)
        assert Log(pool).head().position == 2
    with psycopg.connect(each_database, autocommit=True) as owner:
        owner.execute("DROP OWNED BY appender; DROP ROLE appender")
        owner.execute("DROP OWNED BY timeline_append, timeline_read, timeline_follow")


def test_following_and_reading_need_no_right_to_the_log_itself(each_database: str) -> None:
    """One role keeps the views, another asks them; neither can record anything."""
    with opened(Settings(database_url=each_database)) as timeline:
        timeline.writer.append(story.lines(), "test")
    with psycopg.connect(each_database, autocommit=True) as owner:
        owner.execute(ROLES.read_bytes())
        for name in ("follow", "read"):
            owner.execute(f"DROP ROLE IF EXISTS {name}er")
            owner.execute(f"CREATE ROLE {name}er LOGIN PASSWORD 'secret' IN ROLE timeline_{name}")
    with as_role(each_database, "follower") as pool:
        assert Follower(Log(pool)).follow() == 297
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            Writer(Log(pool)).append([source(1)], "follower")
    with as_role(each_database, "reader") as pool:
        reader = Reader(Log(pool), pool, Path())
        with reader.asking("current") as asked:
            assert reader.status(asked, "sy-hama").control.basis is not None
        for attack in ("DELETE FROM view", "UPDATE view SET position = 0", "DELETE FROM claim_version_1"):
            with pool.connection() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(attack)
    with psycopg.connect(each_database, autocommit=True) as owner:
        owner.execute("DROP OWNED BY follower, reader; DROP ROLE follower, reader")
        owner.execute("DROP OWNED BY timeline_append, timeline_read, timeline_follow")


@contextmanager
def as_role(database: str, role: str) -> Iterator[Any]:
    """A pool of connections as a role with the password `secret`."""
    conninfo = make_conninfo(database, user=role, password="secret")
    with ConnectionPool(conninfo, kwargs={"autocommit": True}, min_size=1, max_size=2, open=True) as pool:
        yield pool


def test_positions_are_contiguous_and_times_rise_under_eight_writers_and_a_reader_misses_nothing(
    timeline: Timeline,
) -> None:
    """A reader who has seen position n never later meets a smaller one. (bench/tailing.py does the same for 30 s.)"""
    stop = time.monotonic() + 4
    failures: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            number = 0
            while time.monotonic() < stop:
                size = 1 + number % 4
                lines = [source(writer * 1_000_000 + number + one) for one in range(size)]
                timeline.writer.append(lines, f"writer-{writer}")
                number += size
        except BaseException as error:
            failures.append(error)
            raise

    writers = [threading.Thread(target=write, args=(number,)) for number in range(1, 9)]
    for thread in writers:
        thread.start()
    seen: list[tuple[int, datetime]] = []
    while any(thread.is_alive() for thread in writers) or seen[-1][0] < timeline.log.head().position:
        seen += [(one.position, one.recorded_at) for one in timeline.log.read(seen[-1][0] if seen else 0, limit=500)]

    assert not failures
    assert [position for position, _ in seen] == list(range(1, timeline.log.head().position + 1))
    assert all(earlier[1] < later[1] for earlier, later in pairwise(seen))
    assert len(seen) > 200


def test_a_clock_that_runs_behind_never_takes_recorded_time_back(timeline: Timeline) -> None:
    """The head is in the future: the next events come a microsecond apart after it."""
    ahead = datetime.now(UTC) + timedelta(days=400)
    timeline.writer.append([source(1)], "test")
    with timeline.log.pool.connection() as connection:
        connection.execute("UPDATE log_head SET recorded_at = %s", [ahead])
    results = timeline.writer.append([source(2), source(3)], "test")

    times = [result.place.recorded_at for result in results if result.place]
    assert times == [ahead + timedelta(microseconds=1), ahead + timedelta(microseconds=2)]


def test_the_same_event_id_with_the_same_content_is_answered_with_its_first_position(timeline: Timeline) -> None:
    """However often, in a batch or later, and after an acknowledgement that was lost."""
    event_id = str(uuid4())
    first, again = timeline.writer.append([source(1, event_id=event_id), source(1, event_id=event_id)], "test")
    later = timeline.writer.append([source(1, event_id=event_id)], "somebody else")[0]

    assert first.appended
    assert (again.appended, later.appended) == (False, False)
    assert first.place == again.place == later.place
    assert timeline.log.head().position == 1


def test_the_same_event_id_with_other_content_is_a_conflict_and_writes_nothing(timeline: Timeline) -> None:
    """Whether the other content comes in the same batch or later; one word of text is enough."""
    event_id = str(uuid4())
    results = timeline.writer.append(
        [source(1, event_id=event_id), source(1, event_id=event_id, name="Another")], "test"
    )
    later = timeline.writer.append([source(1, event_id=event_id, url="https://example.org")], "test")[0]

    assert [result.appended for result in results] == [True, False]
    for refused in (results[1], later):
        assert refused.refusal is not None
        assert refused.refusal.conflict
        assert refused.refusal.problems[0].field == "event_id"
    assert timeline.log.head().position == 1


def test_many_writers_of_one_event_id_record_it_once(timeline: Timeline) -> None:
    """All of them are told the same position."""
    line = source(1, event_id=str(uuid4()))
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(timeline.writer.append([line], "test")[0])) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({result.place for result in found}) == 1
    assert sum(result.appended for result in found) == 1
    assert timeline.log.head().position == 1


def test_versions_count_the_events_of_a_stream(timeline: Timeline) -> None:
    """1, 2, 3 for each development, source, actor and location."""
    story.load(timeline)
    counted: dict[tuple[str, Any], int] = {}
    for one in timeline.log.read(0, limit=1000):
        counted[one.event.stream] = counted.get(one.event.stream, 0) + 1
        assert one.version == counted[one.event.stream]


def test_an_atomic_batch_with_one_bad_event_writes_nothing(timeline: Timeline) -> None:
    """All or none."""
    with pytest.raises(Refused, match="event 2 is refused"):
        timeline.writer.append([source(1), source(2, kind="nonsense"), source(3)], "test", atomic=True)

    assert timeline.log.head().position == 0


def test_an_append_that_fails_on_the_way_writes_nothing(timeline: Timeline) -> None:
    """The connection is lost between deciding and committing."""

    def cut(held: Any) -> list[Any]:
        with timeline.log.pool.connection() as other:
            other.execute("SELECT pg_terminate_backend(%s)", [held._connection.info.backend_pid])
        return []

    def append_and_cut() -> None:
        timeline.log.append(lambda held: (cut(held), held.look_up([], [uuid4()]), [])[2])

    with pytest.raises(psycopg.OperationalError):
        append_and_cut()

    assert timeline.writer.append([source(1)], "test")[0].place is not None
    assert timeline.log.head().position == 1


@pytest.mark.parametrize("many", [1, MANY])
def test_who_is_overtaken_while_deciding_decides_anew(each_timeline: Timeline, many: int) -> None:
    """It goes by the head that it left; where another has appended meanwhile nothing of it is written, and it looks again."""
    with opened(Settings(database_url=each_timeline.log.pool.conninfo)) as other:  # type: ignore[arg-type]
        seen = []

        def decide(held: Held) -> list[NewEvent]:
            seen.append(held.head.position)
            if len(seen) == 1:
                other.writer.append([source(3)], "other")
            held.look_up([], [uuid4()])
            return [NewEvent(read_event(source(4 + one)), uuid4(), 1, "test") for one in range(many)]

        places = each_timeline.log.append(decide)

        assert seen == [3, 4]
        assert [one.position for one in places] == list(range(5, 5 + many))
        assert [one.recorded_by for one in each_timeline.log.read(2, limit=3)] == ["test", "other", "test"]
        assert each_timeline.log.head() == places[-1]


def test_two_processes_that_append_in_turn_lose_nothing(each_timeline: Timeline) -> None:
    """Each finds what the other recorded, and is refused what the other has registered."""
    with opened(Settings(database_url=each_timeline.log.pool.conninfo)) as other:  # type: ignore[arg-type]
        for number in range(3, 40):
            first, second = (each_timeline, other) if number % 3 else (other, each_timeline)
            assert first.writer.append([source(number)], "test")[0].appended
            refused = second.writer.append([source(number)], "test")[0].refusal
            assert refused is not None
            assert refused.conflict

    assert [one.position for one in each_timeline.log.read(0, limit=100)] == list(range(1, 41))


def test_the_library_reads_and_writes_through_our_recorder(timeline: Timeline) -> None:
    """Its event store, its notification log and its subscription see what we appended."""
    story.load(timeline)
    application = timeline.log.application
    notifications = application.notification_log.select(start=1, limit=5)

    assert [one.id for one in notifications] == [1, 2, 3, 4, 5]
    assert application.recorder.max_notification_id() == timeline.log.head().position
    first = timeline.log.read(0, limit=1)[0]
    stored = list(application.events.get(notifications[0].originator_id))  # type: ignore[arg-type]
    assert type(stored[0]).__name__ == type(first.event).__name__
    with application.recorder.subscribe(gt=2) as subscription:
        assert next(subscription).id == 3


def test_what_the_library_inserts_by_itself_continues_the_log(timeline: Timeline) -> None:
    """`put` takes our new events and gives their positions."""
    event = read_event(source(1))
    new = NewEvent(event=event, event_id=UUID(int=5), version=1, recorded_by="library")
    recordings = timeline.log.application.events.put([new])

    assert [recording.notification.id for recording in recordings] == [1]
    held: Event = timeline.log.read(0, limit=1)[0].event
    assert held == event


def test_many_events_are_copied_and_few_inserted_to_the_same_rows(each_timeline: Timeline) -> None:
    """Two ways into the table, by how many there are; who reads it cannot tell which was taken."""
    written = []
    for many in (MANY - 1, MANY):
        before = each_timeline.log.head()
        said = [wordless(uuid4()) for _ in range(many - 1)] + [source(many, name="حماة")]
        events = [NewEvent(event=read_event(raw), event_id=uuid4(), version=1, recorded_by="ابن") for raw in said]
        with psycopg.connect(each_timeline.log.pool.conninfo, autocommit=True) as listening:  # type: ignore[arg-type]
            listening.execute(f"LISTEN {CHANNEL}")
            places = each_timeline.log.append(lambda _, events=events: events)  # type: ignore[misc]
            assert [one.payload for one in listening.notifies(timeout=5, stop_after=1)] == [str(places[-1].position)]

        assert [one.position for one in places] == list(range(before.position + 1, before.position + 1 + many))
        assert places[0].recorded_at > before.recorded_at
        assert {later.recorded_at - one.recorded_at for one, later in pairwise(places)} == {timedelta(microseconds=1)}
        read = each_timeline.log.read(before.position, limit=many)
        assert [(one.position, one.recorded_at) for one in read] == [tuple(one) for one in places]
        assert [(one.event_id, one.event, one.recorded_by) for one in read] == [
            (new.event_id, new.event, "ابن") for new in events
        ]
        with each_timeline.log.pool.connection() as connection:
            written += connection.execute(
                "SELECT count(*) FILTER (WHERE text IS NULL), count(*) FILTER (WHERE salt IS NOT NULL), "
                "min(version), max(version), array_agg(DISTINCT type ORDER BY type) FROM event WHERE position > %s",
                [before.position],
            ).fetchall()
    types = ["development-corroborated/1", "source-registered/1"]
    assert written == [(MANY - 2, 1, 1, 1, types), (MANY - 1, 1, 1, 1, types)]


def wordless(development_id: UUID) -> bytes:
    """An event that has no text to be stored apart."""
    report = {"chain": ["source-1"], "published_at": "2024-12-02T00:00:00Z"}
    said = {"type": "DevelopmentCorroborated", "development_id": str(development_id), "report": report}
    return json.dumps(said).encode()


def test_an_append_interrupted_amid_a_statement_leaves_nothing_and_holds_up_nobody(timeline: Timeline) -> None:
    """Ctrl-C while the server works on an answer that nobody will read: whoever pressed it is told of that, and no more."""

    def interrupted(held: Any) -> list[NewEvent]:
        held._connection.pgconn.send_query(b"SELECT pg_sleep(0.5)")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        timeline.log.append(interrupted)

    assert [one.place.position for one in timeline.writer.append([source(1)], "test") if one.place] == [1]

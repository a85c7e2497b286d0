"""Lawful redaction, and the database that allows no other change: each promise by attacking it."""

import json
import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from events.log import Log
from events.marks import REDACTED
from events.problems import UnusableEvent
from events.redaction import EventRedacted
from services.timeline import migrate
from services.timeline.access import NotAllowed
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings
from services.timeline.writer import Redaction, Writer
from tests.acceptance.redacted_world import where_found
from tests.integration.test_log import ROLES, as_role, source

SECRET = "Ahmad Khalil of the third bakery"


def asked(redacted_id: UUID, **more: Any) -> EventRedacted:
    """A redaction as somebody asks for it."""
    said = {
        "redacted_id": redacted_id,
        "legal_basis": "GDPR, Article 17(1)(d)",
        "reason": "A person at risk asked for it.",
    }
    return EventRedacted(**(said | more))  # type: ignore[arg-type]


def redact(timeline: Timeline, position: int, **more: Any) -> Redaction:
    """Redact the event at a position."""
    [held] = timeline.log.at([position])
    return timeline.writer.redact(asked(held.event_id, **more), "key:admin")


def refusal(timeline: Timeline, redacted_id: UUID, **more: Any) -> UnusableEvent:
    """Why a redaction is refused."""
    before = timeline.log.head()
    with pytest.raises(UnusableEvent) as refused:
        timeline.writer.redact(asked(redacted_id, **more), "key:admin")
    assert timeline.log.head() == before
    return refused.value


@pytest.fixture
def told(each_database: str) -> Iterator[Timeline]:
    """Three sources, on the oldest and on the newest server; the second one's name is the secret."""
    with opened(Settings(database_url=each_database)) as timeline:
        timeline.writer.append(
            [source(1), source(2, name=SECRET, url="https://example.org/khalil"), source(3)], "key:desk"
        )
        yield timeline


@pytest.fixture
def log(timeline: Timeline) -> Timeline:
    """The same on the newest server alone."""
    timeline.writer.append([source(1), source(2, name=SECRET, url="https://example.org/khalil"), source(3)], "key:desk")
    return timeline


def stored(timeline: Timeline) -> list[tuple[Any, ...]]:
    """Every event as it is stored."""
    with timeline.log.pool.connection() as connection:
        return connection.execute("SELECT * FROM event ORDER BY position").fetchall()


def test_a_redaction_takes_text_and_salt_away_and_nothing_else(told: Timeline) -> None:
    """It is an event, which says whose text it was, where it stood, by whom and on what ground."""
    before = stored(told)
    done = redact(told, 2)
    after = stored(told)

    assert done.result.place is not None
    assert done.result.place.position == 4
    assert [row[:-2] for row in after[:3]] == [row[:-2] for row in before]
    assert after[0] == before[0]
    assert after[1][-2:] == (None, None)
    assert after[2] == before[2]
    recorded = told.log.read(3, limit=1)[0].event
    assert isinstance(recorded, EventRedacted)
    assert (recorded.redacted_position, recorded.redacted_by) == (2, "key:admin")
    assert recorded.redacted_id == before[1][3]
    assert recorded.removed == ("name", "url")
    shown = told.log.read(1, limit=1)[0]
    assert (shown.redacted, shown.redaction) == (True, 4)
    assert (shown.event.name, shown.event.url) == (REDACTED, REDACTED)  # type: ignore[attr-defined]


ATTACKS = (
    "UPDATE event SET text = NULL, salt = NULL WHERE position = 2",
    "SET timeline.redacting TO 'on'; UPDATE event SET text = NULL, salt = NULL WHERE position = 2",
    "SET LOCAL timeline.redacting TO 'on'; UPDATE event SET text = NULL, salt = NULL",
    "UPDATE event SET text = '{}' WHERE position = 2",
    "INSERT INTO redaction VALUES (2, 3, '{name}')",
    "INSERT INTO redaction VALUES (2, 4, '{name}')",
    "INSERT INTO redaction VALUES (2, 99, '{name}')",
    "INSERT INTO redaction SELECT 2, 3, '{name}'; UPDATE event SET text = NULL, salt = NULL WHERE position = 2",
    (
        "CREATE TEMP TABLE redaction AS SELECT 2::bigint AS position, 3::bigint AS by_position, '{name}'::text[] AS removed;"
        "UPDATE event SET text = NULL, salt = NULL WHERE position = 2"
    ),
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_text_goes_without_an_event_that_says_so(told: Timeline, attack: str) -> None:
    """Even its owner is refused: by a setting, by hand, by a table of the same name."""
    before = stored(told)
    with psycopg.connect(str(told.log.pool.conninfo)) as own, pytest.raises(psycopg.Error):
        own.execute(attack)

    assert stored(told) == before


@pytest.mark.parametrize(
    "attack",
    [
        *ATTACKS[3:4],
        "UPDATE event SET text = '{}', salt = 'x' WHERE position = 2",
        "UPDATE event SET recorded_by = 'x' WHERE position = 2",
        "UPDATE event SET text = NULL, salt = NULL WHERE position = 3",
        "UPDATE event SET text = NULL, salt = NULL, recorded_by = 'x' WHERE position = 2",
        "UPDATE redaction SET position = 3",
        "DELETE FROM redaction",
        "TRUNCATE redaction",
        "INSERT INTO redaction VALUES (3, 4, '{name,url}')",
    ],
)
def test_a_redaction_opens_no_other_way(told: Timeline, attack: str) -> None:
    """The text is not put back, nothing else of the event moves, and no other event's text goes."""
    redact(told, 2)
    before = stored(told)
    with psycopg.connect(str(told.log.pool.conninfo)) as own, pytest.raises(psycopg.Error):
        own.execute(attack)

    assert stored(told) == before


def insert(structure: dict[str, Any], position: int = 4) -> str:
    """A redaction written by hand, past the service."""
    said = json.dumps({"event": structure, "text_sha256": None})
    return (
        "INSERT INTO event (position, recorded_at, recorded_by, event_id, stream_id, version, type, structure) "
        f"VALUES ({position}, '2999-01-01Z', 'x', gen_random_uuid(), gen_random_uuid(), 1, 'event-redacted/1', '{said}')"
    )


def test_a_redaction_written_by_hand_has_to_name_an_earlier_event_as_it_stands(told: Timeline) -> None:
    """Another id, another position, its own, one without text: refused, and nothing is recorded."""
    ids = {one.position: str(one.event_id) for one in told.log.read(0, limit=10)}
    with told.log.pool.connection() as connection:
        for wrong in (
            {"redacted_id": ids[1], "redacted_position": 2, "removed": ["name"]},
            {"redacted_id": str(uuid4()), "redacted_position": 2, "removed": ["name"]},
            {"redacted_id": ids[2], "redacted_position": 4, "removed": ["name"]},
            {"redacted_id": ids[2], "redacted_position": 5, "removed": ["name"]},
            {"redacted_id": ids[2], "removed": ["name"]},
            {},
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(insert(wrong))
    assert told.log.head().position == 3
    assert told.log.read(1, limit=1)[0].event.name == SECRET  # type: ignore[attr-defined]


def test_redacting_takes_a_right_that_appending_does_not(each_database: str) -> None:
    """A role that appends records no redaction; one with the right can do that, and nothing else to what is recorded."""
    with opened(Settings(database_url=each_database)) as timeline:
        timeline.writer.append([source(1), source(2, name=SECRET)], "key:desk")
        [held] = timeline.log.at([2])
    roles = {"appender": "timeline_append", "redactor": "timeline_append, timeline_redact"}
    with psycopg.connect(each_database, autocommit=True) as owner:
        owner.execute(ROLES.read_bytes())
        for name, groups in roles.items():
            owner.execute(f"DROP ROLE IF EXISTS {name}")
            owner.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'secret' IN ROLE {groups}")
    with as_role(each_database, "appender") as pool:
        with pytest.raises(NotAllowed, match="timeline_redact"):
            Writer(Log(pool)).redact(asked(held.event_id), "appender")
        assert Log(pool).head().position == 2
    with as_role(each_database, "redactor") as pool:
        for attack in (*ATTACKS, "UPDATE redaction SET position = 1", "DELETE FROM event", "DELETE FROM redaction"):
            with pool.connection() as connection, pytest.raises(psycopg.Error):
                connection.execute(attack)
        assert Writer(Log(pool)).redact(asked(held.event_id), "redactor").event.removed == ("name",)
    with psycopg.connect(each_database, autocommit=True) as owner:
        assert owner.execute("SELECT count(*) FROM event WHERE text IS NULL").fetchone() == (1,)
        owner.execute("DROP OWNED BY appender, redactor; DROP ROLE appender, redactor")
        owner.execute("DROP OWNED BY timeline_append, timeline_read, timeline_follow, timeline_redact")


def test_a_temporary_table_leads_no_append_past_the_head(told: Timeline) -> None:
    """A `log_head` of one's own is found before ours, unless the function says where to look."""
    with psycopg.connect(str(told.log.pool.conninfo)) as own:
        own.execute("CREATE TEMP TABLE log_head AS SELECT 8::bigint AS position, now() AS recorded_at, true AS gate")
        with pytest.raises(psycopg.errors.IntegrityError):
            own.execute(
                "INSERT INTO event VALUES (9, '2999-01-01Z', 'x', gen_random_uuid(), gen_random_uuid(), 1, 'x', '{}')"
            )
    assert told.log.head().position == 3


def test_what_cannot_be_redacted_is_told_why(log: Timeline) -> None:
    """An unknown event, one without text, one redacted before; and nothing is recorded."""
    without = json.dumps(
        {"type": "SourceAlignmentStated", "source_id": "source-1", "aligned_with": [], "reason": "x"}
    ).encode()
    log.writer.append([without], "key:desk")
    ids = {one.position: one.event_id for one in log.log.read(0, limit=10)}

    assert "no event is recorded under this id" in str(refusal(log, uuid4()))
    redact(log, 2)
    again = refusal(log, ids[2])
    assert again.conflict
    assert "its text was redacted already" in str(again)


def test_the_posted_event_is_not_taken_in_again(log: Timeline) -> None:
    """Neither as it was, nor otherwise: its id is taken, and what it said cannot be compared."""
    [held] = log.log.at([2])
    redact(log, 2)
    for name in (SECRET, "Another", REDACTED):
        [result] = log.writer.append([source(2, name=name, event_id=str(held.event_id))], "key:desk")
        assert result.refusal is not None
        assert result.refusal.conflict
        assert "cannot be compared" in str(result.refusal)
    assert log.log.head().position == 4


def test_a_redaction_can_be_asked_for_again_under_its_own_id(log: Timeline) -> None:
    """After an acknowledgement that was lost it is answered as before; said otherwise it is a conflict."""
    own = uuid4()
    first = redact(log, 2, event_id=own)
    again = redact(log, 2, event_id=own)

    assert (first.result.appended, again.result.appended) == (True, False)
    assert again.result.place == first.result.place
    assert again.event == first.event
    [held] = log.log.at([2])
    assert refusal(log, held.event_id, event_id=own, reason="Otherwise.").conflict
    [other] = log.log.at([3])
    assert refusal(log, other.event_id, event_id=own).conflict
    assert log.log.head().position == 4


def test_the_reason_of_a_redaction_can_be_redacted_and_what_it_redacted_stays_so(log: Timeline) -> None:
    """In case it says too much after all; ground, position and who stay."""
    redact(log, 2)
    redact(log, 4, reason="It told too much.")
    told = log.log.read(0, limit=10)

    assert [one.redaction for one in told] == [None, 4, None, 5, None]
    first = told[3].event
    assert isinstance(first, EventRedacted)
    assert (first.reason, first.legal_basis, first.redacted_position) == (REDACTED, "GDPR, Article 17(1)(d)", 2)
    with log.log.pool.connection() as connection:
        assert connection.execute("SELECT * FROM redaction ORDER BY position").fetchall() == [
            (2, 4, ["name", "url"]),
            (4, 5, ["reason"]),
        ]


@pytest.mark.parametrize("field", ["reason", "legal_basis"])
@pytest.mark.parametrize(
    "said", [SECRET, "ÁHMAD khalil, of the third bakery!", "it names one Khalil of the bakery and of the third bakery"]
)
def test_a_redaction_does_not_say_again_what_it_takes_away(log: Timeline, field: str, said: str) -> None:
    """Nor does the refusal."""
    [held] = log.log.at([2])
    refused = refusal(log, held.event_id, **{field: said})

    assert [problem.field for problem in refused.problems] == [field]
    assert "Khalil" not in str([tuple(problem) for problem in refused.problems])


def test_many_who_redact_one_event_at_once_redact_it_once(log: Timeline) -> None:
    """One is done, the others are told that it was; whoever reads meanwhile reads the text or the mark."""
    [held] = log.log.at([2])
    done: list[Redaction | UnusableEvent] = []

    def one() -> None:
        try:
            done.append(log.writer.redact(asked(held.event_id), "key:admin"))
        except UnusableEvent as refused:
            done.append(refused)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(isinstance(found, Redaction) for found in done) == 1
    assert all("redacted already" in str(found) for found in done if isinstance(found, UnusableEvent))
    assert log.log.head().position == 4


def test_samples_that_statistics_held_of_texts_are_gone(each_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a database from before: ANALYZE had put them into a table of PostgreSQL's own, and puts none there any more."""
    before = [one for one in migrate.known() if one.number < 8]
    with psycopg.connect(each_database, autocommit=True) as connection:
        with monkeypatch.context() as patched:
            patched.setattr(migrate, "known", lambda: before)
            migrate.migrate(connection)
        connection.execute(
            "INSERT INTO event SELECT n, '2026-01-01Z'::timestamptz + n * interval '1 s', 'x', gen_random_uuid(), "
            "gen_random_uuid(), 1, 'source-registered/1', '{}', convert_to(%s || n, 'UTF8'), 'salt' "
            "FROM generate_series(1, 30) AS n",
            [SECRET],
        )
        connection.execute("ANALYZE")
        assert "pg_statistic" in set(where_found(connection, [SECRET.encode()]))
        migrate.migrate(connection)
        connection.execute("ANALYZE")

        assert list(where_found(connection, [SECRET.encode()])) == ["event"]
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(
                "INSERT INTO event SELECT 31, now(), 'x', gen_random_uuid(), gen_random_uuid(), 1, 'x', '{}', 'x', NULL"
            )

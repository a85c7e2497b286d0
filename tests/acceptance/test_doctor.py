"""`timeline doctor`, as a person or a monitoring script runs it."""

import json
from uuid import UUID

import psycopg

from services.timeline.composition import opened
from services.timeline.settings import Settings
from tests.acceptance.test_cli import NOWHERE, run
from tests.integration.test_setting_aside import insert, post, reported
from tests.told_histories import registrations


def test_where_all_is_well_it_says_so_and_exits_0(database: str) -> None:
    """A line each, settings with their values, the database's version."""
    run(database, "db", "migrate")
    run(database, "map")
    ran = run(database, "doctor")

    assert (ran.returncode, ran.stderr) == (0, ""), ran
    assert "wrong" not in ran.stdout
    for words in ("PostgreSQL 18", "TIMELINE_LOG_LEVEL=info", "none is missing", "no service follows", "all is well"):
        assert words in ran.stdout


def test_it_tells_for_programs_too(database: str) -> None:
    """The same as JSON."""
    run(database, "map")
    report = json.loads(run(database, "doctor", "--json").stdout)

    assert report["healthy"]
    assert {one["verdict"] for one in report["checks"]} == {"ok"}


def test_a_database_that_does_not_answer_or_was_never_migrated_is_wrong(database: str) -> None:
    """Exit 1 with what to do, not a stack of calls; nothing is migrated by looking."""
    away, bare = run(NOWHERE, "doctor"), run(database, "doctor")

    assert (away.returncode, bare.returncode) == (1, 1)
    assert "cannot reach the database" in away.stdout
    assert "timeline db migrate" in bare.stdout
    assert run(database, "db", "migrate", "--check").returncode == 1


def test_unknown_and_unusable_settings_are_told_with_the_rest(database: str) -> None:
    """Other commands refuse to start; this one says all that it can."""
    run(database, "map")
    unknown, loud = run(database, "doctor", TIMELINE_HOEM="/tmp"), run(database, "doctor", TIMELINE_LOG_LEVEL="loud")

    assert (unknown.returncode, loud.returncode) == (1, 1)
    assert "TIMELINE_HOEM is no setting" in unknown.stdout
    assert "PostgreSQL 18" in unknown.stdout
    assert "loud" in loud.stdout


def test_a_clock_behind_the_log_is_told(database: str) -> None:
    """By how much."""
    run(database, "map")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE log_head SET recorded_at = clock_timestamp() + interval '1 hour'")
    ran = run(database, "doctor")

    assert ran.returncode == 1
    assert "seconds behind the log" in ran.stdout


def test_what_is_set_aside_is_told_and_retried(database: str) -> None:
    """`--retry` folds what can be folded by now, and says what cannot."""
    with opened(Settings(database_url=database)) as timeline:
        post(timeline, *registrations(), reported(UUID(int=1)))
        insert(timeline, "development-assessed/2", b"{}", UUID(int=1))
        timeline.follower.follow()
        with timeline.log.pool.connection() as connection:  # as if a fold had raised once, in a version since mended
            connection.execute("INSERT INTO set_aside VALUES (2, 1, '00000000-0000-0000-0000-000000000009', 'was so')")
    told, retried = run(database, "doctor"), run(database, "doctor", "--retry")

    assert (told.returncode, retried.returncode) == (1, 1)
    assert "1 set aside in view current" in told.stdout
    assert "2 set aside in view published" in told.stdout
    assert "current: 0 folded again, 1 set aside still" in retried.stderr

"""The schema that migrations make is the one that the code expects, on the oldest and the newest server."""

import threading
from importlib.resources import files

import psycopg
import pytest

from services.timeline import migrate
from services.timeline.migrate import MigrationError

#: Everything of a schema that somebody could get wrong: columns, constraints, indexes, triggers, functions, comments.
_CATALOGUE = """
SELECT 'column', c.relname, a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage,
       a.attidentity, coll.collname, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum LEFT JOIN pg_collation coll ON coll.oid = a.attcollation
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
UNION ALL SELECT 'table', relname, relkind::text, concat_ws(' ', pg_get_partkeydef(oid), obj_description(oid))
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, concat(tgenabled, pg_get_triggerdef(oid))
FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function', proname, '', pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
ORDER BY 1, 2, 3"""


def catalogue(conninfo: str) -> list[tuple[str, ...]]:
    """What a database's schema consists of, without the book of migrations."""
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute(_CATALOGUE).fetchall()
    return [row for row in rows if "migration" not in row[1]]


def test_the_migrated_schema_is_the_one_that_the_code_expects(each_database: str) -> None:
    """`events/log.sql`, `projections/views.sql` and the service's own tables in one go, against the numbered steps."""
    with psycopg.connect(each_database, autocommit=True) as connection:
        migrate.migrate(connection)
    migrated = catalogue(each_database)
    with psycopg.connect(each_database, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.execute(files("events").joinpath("log.sql").read_bytes())
        connection.execute(files("projections").joinpath("views.sql").read_bytes())
        for own in migrate.known()[2:]:
            connection.execute(own.statements.encode())

    assert catalogue(each_database) == migrated
    assert len(migrated) > 40


def test_migrating_again_does_nothing(each_database: str) -> None:
    """Each step runs once."""
    with psycopg.connect(each_database, autocommit=True) as connection:
        assert migrate.pending(connection) == migrate.migrate(connection)
        assert migrate.migrate(connection) == []
        assert migrate.pending(connection) == []


def test_many_processes_that_start_at_once_migrate_once(database: str) -> None:
    """One works, the others wait and find it done."""
    done: list[list[str]] = []

    def start() -> None:
        with psycopg.connect(database) as connection:
            done.append(migrate.migrate(connection))

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(done) == 6
    assert sorted(map(len, done)) == [0] * 5 + [len(migrate.known())]


def test_a_step_that_was_edited_after_it_had_run_is_noticed(database: str) -> None:
    """By its checksum; nothing is changed."""
    with psycopg.connect(database, autocommit=True) as connection:
        migrate.migrate(connection)
        connection.execute("UPDATE migration SET sha256 = 'other' WHERE number = 1")
        with pytest.raises(MigrationError, match="0001 log was edited"):
            migrate.migrate(connection)


def test_a_database_that_a_newer_program_contracted_is_refused(database: str) -> None:
    """Rather than used with a schema that it does not have; one that was only expanded is worked on as before."""
    with psycopg.connect(database, autocommit=True) as connection:
        migrate.migrate(connection)
        connection.execute("INSERT INTO migration (number, name, sha256) VALUES (998, 'wider', 'x')")
        assert migrate.migrate(connection) == []
        connection.execute("INSERT INTO migration (number, name, sha256, contracts) VALUES (999, 'later', 'x', TRUE)")
        with pytest.raises(MigrationError, match="0999"):
            migrate.migrate(connection)


def test_the_book_of_the_first_release_is_read(database: str) -> None:
    """It did not say which steps contract: none of them does that this program does not know."""
    with psycopg.connect(database, autocommit=True) as connection:
        migrate.migrate(connection)
        connection.execute("ALTER TABLE migration DROP COLUMN contracts")
        assert migrate.migrate(connection) == []
        assert connection.execute("SELECT bool_or(contracts) FROM migration").fetchone() == (False,)


def test_a_step_that_fails_leaves_nothing_of_itself(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step is one transaction."""
    broken = migrate.Migration(900, "broken", "CREATE TABLE half (x integer); SELECT 1 / 0;")
    steps = migrate.known()
    monkeypatch.setattr(migrate, "known", lambda: [*steps, broken])
    with psycopg.connect(database, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            migrate.migrate(connection)
        assert connection.execute("SELECT to_regclass('half'), to_regclass('event')").fetchone() == (None, "event")

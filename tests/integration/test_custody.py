"""The record of custody: append-only in the database, linked entry by entry, one sequence whoever writes."""

import threading
from collections.abc import Iterator
from datetime import datetime

import psycopg
import pytest
from psycopg import Connection

from services.timeline.audit import custody
from services.timeline.audit.custody import BEFORE_ALL, BEGIN
from services.timeline.composition import Timeline, connect, opened
from services.timeline.settings import Settings
from services.timeline.wire_custody import CustodyEntry


@pytest.fixture
def connection(each_database: str) -> Iterator[Connection]:
    """A connection to a migrated database, on each server."""
    with opened(Settings(database_url=each_database)), connect(each_database) as connection:
        yield connection


def entered(connection: Connection, times: int = 3) -> list[CustodyEntry]:
    return [
        custody.add(connection, f"key:{number}", "bundle", location_id="hama", first_position=1, last_position=number + 1, sha256="0" * 64)
        for number in range(times)
    ]  # fmt: skip


def test_entries_are_linked_and_listed_in_their_order(connection: Connection) -> None:
    """Page by page, by the time of the one before; and by place."""
    entries = entered(connection)
    other = custody.add(connection, "local", "export", first_position=1, last_position=9)
    assert [one.number for one in [*entries, other]] == [1, 2, 3, 4]
    assert list(custody.every(connection)) == [*entries, other]
    assert custody.listed(connection, BEFORE_ALL, 2) == entries[:2]
    assert custody.listed(connection, datetime.fromisoformat(entries[1].at), 9) == [entries[2], other]
    assert custody.listed(connection, BEFORE_ALL, 9, "hama") == entries
    assert custody.listed(connection, BEFORE_ALL, 9, "homs") == []
    assert custody.broken([*entries, other]) is None
    assert custody.broken([]) is None


def test_what_concerns_a_bundle_is_what_left_of_its_place_or_of_its_events(connection: Connection) -> None:
    """Bundles of the place, and logs that had one of its events; with the last link of all."""
    begin = custody.concerning(connection, "hama", 5, 9)
    assert (begin.entries, begin.last_number, begin.last_link) == ((), 0, BEGIN.hex())
    [here] = entered(connection, 1)
    custody.add(connection, "local", "bundle", location_id="homs", first_position=5, last_position=9)
    custody.add(connection, "local", "export", first_position=10, last_position=20)
    log = custody.add(connection, "local", "export", first_position=1, last_position=5)
    said = custody.concerning(connection, "hama", 5, 9)
    assert said.entries == (here, log)
    assert (said.last_number, said.last_link) == (4, log.link)


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("UPDATE custody SET by = 'nobody' WHERE number = 2", 2),
        ("UPDATE custody SET sha256 = NULL WHERE number = 1", 1),
        ("UPDATE custody SET at = at + '1 second' WHERE number = 3", 3),
        ("UPDATE custody SET link = sha256('x') WHERE number = 2", 2),
        ("DELETE FROM custody WHERE number = 2", 2),
        ("DELETE FROM custody WHERE number = 1", 1),
    ],
)
def test_the_database_refuses_changes_and_the_links_tell_of_its_owner(
    connection: Connection, statement: str, first: int
) -> None:
    """Its owner can lift the triggers; then the first entry that is not as it was entered is named."""
    entered(connection)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("TRUNCATE custody")
    connection.execute("ALTER TABLE custody DISABLE TRIGGER ALL")
    connection.execute(statement.encode())
    assert custody.broken(custody.every(connection)) == first


def test_the_last_entry_taken_out_is_told_by_a_bundle_that_has_its_link(connection: Connection) -> None:
    """The chain alone cannot tell; whoever holds the last link can."""
    entries = entered(connection)
    said = custody.concerning(connection, "hama", 1, 9)
    connection.execute("ALTER TABLE custody DISABLE TRIGGER ALL")
    connection.execute("DELETE FROM custody WHERE number = 3")
    assert custody.broken(custody.every(connection)) is None
    assert (said.last_number, said.last_link) == (3, entries[2].link)
    assert [one.link for one in custody.every(connection)][said.last_number - 1 :] == []


@pytest.mark.parametrize("columns", ["5, now()", "2, '2000-01-01Z'", "1, now()", "0, now()"])
def test_an_entry_that_does_not_continue_is_refused(connection: Connection, columns: str) -> None:
    """A number left out, used or turned back, a time that does not rise."""
    entered(connection, 1)
    with pytest.raises(psycopg.IntegrityError):
        connection.execute(
            f"INSERT INTO custody (number, at, by, what, link) SELECT {columns}, 'x', 'bundle', sha256('x')".encode()
        )


def test_a_temporary_table_leaves_no_gap_in_the_record(connection: Connection) -> None:
    """A `custody` of one's own is found before ours, unless the function says where to look."""
    entered(connection, 1)
    connection.execute("CREATE TEMP TABLE custody AS SELECT 8::bigint AS number, '2000-01-01Z'::timestamptz AS at")
    with pytest.raises(psycopg.IntegrityError):
        connection.execute(
            "INSERT INTO public.custody (number, at, by, what, link) SELECT 9, now(), 'x', 'bundle', sha256('x')"
        )


def test_many_who_enter_at_once_make_one_sequence(timeline: Timeline) -> None:
    """Each has a number of its own, and every link holds."""

    def enter() -> None:
        for _ in range(5):
            with timeline.log.pool.connection() as connection:
                custody.add(connection, "local", "export", first_position=1, last_position=1)

    threads = [threading.Thread(target=enter) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with timeline.log.pool.connection() as connection:
        entries = list(custody.every(connection))
    assert [one.number for one in entries] == list(range(1, 31))
    assert custody.broken(entries) is None

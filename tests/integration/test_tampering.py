"""The record spoilt by the database's owner, in hundreds of ways: each is refused, with the reason and the position.

Each tampering is done and verified in a transaction that is then undone. Honest logs are verified as often, without a
false alarm. `MANY_TAMPERINGS=1 ./run test --timeout 0 tests/integration/test_tampering.py` does a thousand of either.
"""

import os
from collections.abc import Callable, Iterator
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection

from events import merkle, tiles
from services.timeline.audit import reading
from services.timeline.audit.checkpoints import Checkpoint
from services.timeline.audit.notes import Note, PrivateKey, signed
from services.timeline.audit.verifying import Held, Verdict, verify
from tests.integration.test_log import source
from tests.integration.trees import Kept, kept_tree, told

#: So often is each column spoilt, each other tampering done, and a growing log verified.
FLIPS, TIMES, HONEST = (30, 30, 1_000) if os.environ.get("MANY_TAMPERINGS") else (12, 12, 30)

Database = Connection[Any]

#: Left out: `only_row` and `gate`, which say nothing and are read by nobody.
COLUMNS = {
    "event": ("position", "recorded_at", "recorded_by", "event_id", "stream_id", "version", "type", "structure", "text", "salt"),
    "log_head": ("position", "recorded_at"),
    "log_tree": ("log_id", "size"),
    "log_tile": ("level", "number", "hashes"),
    "log_checkpoint": ("size", "note"),
}  # fmt: skip

#: How a value is spoilt in one place, by its type; `{bit}` is some bit.
SPOILT = {
    "bigint": "{column} # (1::bigint << mod({bit}, 20))",
    "integer": "{column} # (1 << mod({bit}, 10))",
    "smallint": "{column} # (1 << mod({bit}, 3))::smallint",
    "timestamp with time zone": "{column} + (1::bigint << mod({bit}, 40)) * interval '1 microsecond'",
    "text": "overlay({column} placing chr(97 + mod({bit}, 26)) || 'x' from 1 + mod({bit}, length({column})) for 1)",
    "uuid": "overlay({column}::text placing translate(substr({column}::text, 1 + mod({bit}, 8), 1), '0123456789abcdef', '123456789abcdef0') from 1 + mod({bit}, 8) for 1)::uuid",
    "bytea": "set_bit({column}, mod({bit}, 8 * length({column})), 1 - get_bit({column}, mod({bit}, 8 * length({column}))))",
}  # fmt: skip


@pytest.fixture(scope="module")
def kept(postgres_18: str) -> Iterator[Kept]:
    with kept_tree(postgres_18) as kept:
        told(kept)
        assert kept.keys  # asked for now: later the owner has locked every table
        yield kept


@pytest.fixture
def owner(kept: Kept) -> Iterator[Database]:
    """The database's owner, whom neither trigger nor constraint stops; all is undone in the end."""
    with kept.connection() as connection, connection.transaction(force_rollback=True):
        tables = ", ".join(f"'{table}'::regclass" for table in COLUMNS)
        for table in COLUMNS:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        rows = connection.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint "
            f"WHERE conrelid IN ({tables}) AND contype IN ('c', 'p', 'u')"
        ).fetchall()
        for table, name in rows:
            connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}" CASCADE')
        yield connection


def verified(kept: Kept, connection: Database, *outside: Held) -> Verdict:
    return verify(connection, kept.known(), [kept.book(), *outside])


def tampered(kept: Kept, owner: Database, spoil: Callable[[Database, Random], int | None], times: int) -> None:
    """Spoil, and require to be refused with the reason; where a position is told, the first that disagrees is it."""
    for seed in range(times):
        with owner.transaction(force_rollback=True):
            position = spoil(owner, Random(f"{spoil.__name__} {seed}"))
            verdict = verified(kept, owner)
            assert verdict.problem is not None, (spoil.__name__, seed)
            assert verdict.problem.reason, (spoil.__name__, seed)
            if position is not None:
                assert verdict.problem.position == position, (spoil.__name__, seed, verdict.problem)
    assert verified(kept, owner).problem is None


@pytest.mark.parametrize(("table", "column"), [(table, one) for table, columns in COLUMNS.items() for one in columns])
def test_a_bit_flipped_in_any_column_is_refused(kept: Kept, owner: Database, table: str, column: str) -> None:
    """Of the log, of its head, of the tree and of what was signed; of an event, at its position."""
    row = owner.execute(
        "SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
        [table, column],
    ).fetchone()
    assert row is not None

    def flip(connection: Database, random: Random) -> int | None:
        places = connection.execute(f"SELECT ctid::text FROM {table} WHERE {column} IS NOT NULL").fetchall()
        place = random.choice(places)[0]
        at = connection.execute("SELECT position FROM event WHERE ctid = %s::tid", [place]).fetchone()
        spoilt = SPOILT[row[0]].format(column=column, bit=random.randrange(1 << 16))
        connection.execute(f"UPDATE {table} SET {column} = {spoilt} WHERE ctid = %s::tid", [place])
        return int(at[0]) if at and table == "event" and column != "position" else None

    tampered(kept, owner, flip, FLIPS)


def length(connection: Database) -> int:
    row = connection.execute("SELECT max(position) FROM event").fetchone()
    assert row is not None
    return int(row[0])


def some(connection: Database, random: Random) -> int:
    return random.randint(1, length(connection))


def cut_head(connection: Database) -> None:
    connection.execute(
        "UPDATE log_head SET (position, recorded_at) = (SELECT position, recorded_at FROM event ORDER BY position DESC LIMIT 1)"
    )


def delete_one(connection: Database, random: Random) -> int:
    """One event is gone."""
    at = some(connection, random)
    connection.execute("DELETE FROM event WHERE position = %s", [at])
    return at


def delete_and_close_the_gap(connection: Database, random: Random) -> int:
    """One event is gone, and those after it have moved up."""
    at = random.randint(1, length(connection) - 1)
    connection.execute("DELETE FROM event WHERE position = %s", [at])
    connection.execute("UPDATE event SET position = position - 1 WHERE position > %s", [at])
    cut_head(connection)
    return at


def insert_one(connection: Database, random: Random) -> int:
    """One event more, in the midst of others."""
    at = random.randint(2, length(connection))
    connection.execute("UPDATE event SET position = position + 1 WHERE position >= %s", [at])
    connection.execute(
        "INSERT INTO event SELECT %s, recorded_at + (SELECT recorded_at - lag FROM (SELECT recorded_at, lag(recorded_at) "
        "OVER (ORDER BY position) AS lag FROM event) AS one WHERE lag IS NOT NULL LIMIT 1) / 2, recorded_by, "
        "gen_random_uuid(), stream_id, version + 1, type, structure, text, salt FROM event WHERE position = %s",
        [at, at - 1],
    )
    cut_head(connection)
    return at


def insert_twice(connection: Database, random: Random) -> int:
    """One event stands twice at its position."""
    at = some(connection, random)
    connection.execute("INSERT INTO event SELECT * FROM event WHERE position = %s", [at])
    return at


def swap_positions(connection: Database, random: Random) -> int:
    """Two events have changed places."""
    one, other = sorted(random.sample(range(1, length(connection) + 1), 2))
    connection.execute(
        "UPDATE event SET position = %s::bigint + %s - position WHERE position IN (%s, %s)", [one, other, one, other]
    )
    return one


def swap_contents(connection: Database, random: Random) -> None:
    """Two events have changed places, and only what says nothing of time stayed."""
    one, other = sorted(random.sample(range(1, length(connection) + 1), 2))
    columns = "recorded_by, event_id, stream_id, version, type, structure, text, salt"
    connection.execute(
        f"UPDATE event AS a SET ({columns}) = (SELECT {columns} FROM event AS b WHERE b.position = %s::bigint + %s - a.position) "
        "WHERE a.position IN (%s, %s)",
        [one, other, one, other],
    )


def truncate(connection: Database, random: Random) -> int:
    """The last events are gone, and the head says so."""
    at = random.randint(1, length(connection) - 1)
    connection.execute("DELETE FROM event WHERE position > %s", [at])
    cut_head(connection)
    return at + 1


def roll_back(connection: Database, random: Random) -> None:
    """Everything is as it once was: events, head, tree and checkpoints. Only the book beside the key knows better."""
    at = random.choice(
        [size for (size,) in connection.execute("SELECT size FROM log_checkpoint ORDER BY size").fetchall()[:-1]]
    )
    truncate_to(connection, at)
    rehash(connection)


def truncate_to(connection: Database, at: int) -> None:
    connection.execute("DELETE FROM event WHERE position > %s", [at])
    connection.execute("DELETE FROM log_checkpoint WHERE size > %s", [at])
    cut_head(connection)


def rehash(connection: Database) -> list[bytes]:
    """The tree made anew over the events as they are."""
    hashes = [merkle.leaf_hash(leaf) for _, leaf in reading.leaves(connection, 0, length(connection))]
    connection.execute("DELETE FROM log_tile")
    connection.execute("UPDATE log_tree SET size = %s", [len(hashes)])
    for (level, number), made in tiles.grown(0, {}, hashes).items():
        connection.execute("INSERT INTO log_tile VALUES (%s, %s, %s)", [level, number, made])
    return hashes


def alter_with_its_tree(connection: Database, random: Random) -> int:
    """An event is another, and the tree was made anew over it; what was signed was not."""
    at = some(connection, random)
    connection.execute("UPDATE event SET recorded_by = 'somebody' WHERE position = %s", [at])
    rehash(connection)
    sizes: list[int] = [
        0,
        *(size for (size,) in connection.execute("SELECT size FROM log_checkpoint ORDER BY size").fetchall()),
    ]
    return max(size for size in sizes if size < at) + 1


def take_text_away(connection: Database, random: Random) -> int:
    """A text and its salt are gone, as after a redaction that nobody recorded."""
    [at] = random.choice(connection.execute("SELECT position FROM event WHERE text IS NOT NULL").fetchall())
    connection.execute("UPDATE event SET text = NULL, salt = NULL WHERE position = %s", [at])
    return int(at)


def take_salt_away(connection: Database, random: Random) -> int:
    """A salt alone is gone."""
    [at] = random.choice(connection.execute("SELECT position FROM event WHERE salt IS NOT NULL").fetchall())
    connection.execute("UPDATE event SET salt = NULL WHERE position = %s", [at])
    return int(at)


def put_text_in(connection: Database, random: Random) -> int:
    """A text where none was."""
    [at] = random.choice(connection.execute("SELECT position FROM event WHERE text IS NULL").fetchall())
    connection.execute("UPDATE event SET text = '{}', salt = 'salt' WHERE position = %s", [at])
    return int(at)


def no_structure(connection: Database, random: Random) -> int:
    """A structure that is no JSON any more, though its end is as it was."""
    at = some(connection, random)
    connection.execute("UPDATE event SET structure = set_byte(structure, 2, 0) WHERE position = %s", [at])
    return at


def at_no_time(connection: Database, random: Random) -> int:
    """A time that no calendar has."""
    at = length(connection)
    connection.execute("UPDATE event SET recorded_at = 'infinity' WHERE position = %s", [at])
    return at


def delete_a_tile(connection: Database, random: Random) -> None:
    [place] = random.choice(connection.execute("SELECT ctid::text FROM log_tile").fetchall())
    connection.execute("DELETE FROM log_tile WHERE ctid = %s::tid", [place])


def add_a_tile(connection: Database, random: Random) -> None:
    connection.execute(
        "INSERT INTO log_tile VALUES (%s, %s, %s)", [random.randrange(3), random.randrange(5, 90), b"x" * 32]
    )


def shorten_a_tile(connection: Database, random: Random) -> None:
    [place] = random.choice(connection.execute("SELECT ctid::text FROM log_tile").fetchall())
    connection.execute(
        "UPDATE log_tile SET hashes = substr(hashes, 1, length(hashes) - 32) WHERE ctid = %s::tid", [place]
    )


def forget_the_head(connection: Database, random: Random) -> None:
    connection.execute(random.choice(["DELETE FROM log_head", "DELETE FROM log_tree"]))


def sign_with_another_key(connection: Database, random: Random) -> None:
    """A checkpoint, true in itself, is signed by somebody else in the same name."""
    [size, note] = random.choice(connection.execute("SELECT size, note FROM log_checkpoint").fetchall())
    text = Note.read(note).text
    forged = signed(text, [PrivateKey.generate(text.partition("\n")[0])], 0)
    connection.execute("UPDATE log_checkpoint SET note = %s WHERE size = %s", [forged, size])


@pytest.mark.parametrize(
    "spoil",
    [
        delete_one, delete_and_close_the_gap, insert_one, insert_twice, swap_positions, swap_contents, truncate, roll_back,
        alter_with_its_tree, take_text_away, take_salt_away, put_text_in, no_structure, at_no_time, delete_a_tile, add_a_tile, shorten_a_tile,
        forget_the_head, sign_with_another_key,
    ],
)  # fmt: skip
def test_what_is_spoilt_in_any_other_way_is_refused(
    kept: Kept, owner: Database, spoil: Callable[[Database, Random], int | None]
) -> None:
    """Deleted, inserted, reordered, cut, rolled back, redacted in secret, forged."""
    tampered(kept, owner, spoil, TIMES)


def test_a_rewrite_signed_with_the_services_own_key_is_caught_by_a_checkpoint_held_outside(
    kept: Kept, owner: Database
) -> None:
    """And by nothing else: whoever holds the key and the database can tell any story to those who kept nothing."""
    held = Held("held by a newspaper", kept.book().note)
    key = kept.keys.keys[0]
    for seed in range(TIMES):
        with owner.transaction(force_rollback=True):
            at = some(owner, Random(seed))
            owner.execute("UPDATE event SET recorded_by = 'somebody', event_id = %s WHERE position = %s", [uuid4(), at])
            hashes = rehash(owner)
            stack = merkle.Stack()
            for hash_ in hashes:
                stack.append(hash_)
                said = signed(Checkpoint(key.name, stack.size, stack.root()).text(), [key], 0)
                owner.execute("UPDATE log_checkpoint SET note = %s WHERE size = %s", [said, stack.size])

            assert verify(owner, kept.known()).problem is None
            problem = verify(owner, kept.known(), [held]).problem
            assert problem is not None
            assert "held by a newspaper was signed over other events" in problem.reason


def test_honest_logs_raise_no_alarm(postgres_18: str) -> None:
    """However they grew, and wherever the tree and the last checkpoint stand."""
    random = Random(7)
    number = 0
    with kept_tree(postgres_18) as kept:
        for _ in range(HONEST):
            lines = [source(number + one) for one in range(random.randint(1, 30))]
            number += len(lines)
            kept.grow(lines, batch=random.choice([1, 7, 100, 1000]))
            if random.random() < 0.5:
                kept.timeline.writer.append([source(number)], "key:desk")
                number += 1
            verdict = kept.verified(kept.book())
            assert verdict.problem is None
            assert verdict.events == number
            assert number - verdict.covered in (0, 1)

"""Brings a database's schema to what this program expects: numbered SQL files, each run once, checked by checksum.

Safe to run from several processes at once: an advisory lock lets one work while the others wait and then find it done.

A step either expands the schema, so that programs which do not know it go on as before, or contracts it: its file then
begins with `-- contracts`. A program works on a database with expansions that it does not know, since a newer program may
stand beside it in an upgrade, and refuses one with an unknown contraction.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from psycopg import Connection
from psycopg.rows import TupleRow

#: Any fixed number; whoever migrates holds this lock.
_LOCK = 0x74696D656C696E65  # "timeline"

_BOOK = """
CREATE TABLE IF NOT EXISTS migration (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    contracts boolean NOT NULL DEFAULT FALSE
)"""

#: The book of 0.1.0 did not say; all of its steps are known here.
_SAYS = "SELECT FROM pg_attribute WHERE attrelid = 'migration'::regclass AND attname = 'contracts' AND NOT attisdropped"
_SAY = "ALTER TABLE migration ADD COLUMN contracts boolean NOT NULL DEFAULT FALSE"


class MigrationError(RuntimeError):
    """The database was made by a newer program, or a migration was edited after it had run."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step: `0001_log.sql`."""

    number: int
    name: str
    statements: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.statements.encode()).hexdigest()

    @property
    def contracts(self) -> bool:
        """Whether programs that do not know it cannot work any more."""
        return self.statements.startswith("-- contracts")


def known() -> list[Migration]:
    """The migrations of this program, in order."""
    found = []
    for file in files("services.timeline").joinpath("migrations").iterdir():
        number, _, rest = file.name.partition("_")
        if rest.endswith(".sql"):
            found.append(Migration(int(number), rest.removesuffix(".sql"), file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.number)


def migrate(connection: Connection[TupleRow], on_progress: Callable[[str], None] | None = None) -> list[str]:
    """Apply what is missing, each step in a transaction of its own; the names of the steps applied.

    Raises:
        MigrationError: a step applied earlier has another text here, or is unknown and contracts; nothing is changed then.
    """
    connection.autocommit = True
    connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    try:
        connection.execute(_BOOK)
        if connection.execute(_SAYS).fetchone() is None:
            connection.execute(_SAY)
        rows = connection.execute("SELECT number, sha256, contracts FROM migration").fetchall()
        applied = {number: (sha256, contracts) for number, sha256, contracts in rows}
        ours = known()
        _compare(applied, ours)
        missing = [migration for migration in ours if migration.number not in applied]
        for migration in missing:
            if on_progress is not None:
                on_progress(f"{migration.number:04} {migration.name}")
            with connection.transaction():
                connection.execute(migration.statements.encode())
                connection.execute(
                    "INSERT INTO migration (number, name, sha256, contracts) VALUES (%s::int, %s, %s, %s)",
                    [migration.number, migration.name, migration.sha256, migration.contracts],
                )
        return [f"{migration.number:04} {migration.name}" for migration in missing]
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _compare(applied: Mapping[int, tuple[str, bool]], ours: Sequence[Migration]) -> None:
    by_number = {migration.number: migration for migration in ours}
    for number, (sha256, contracts) in sorted(applied.items()):
        migration = by_number.get(number)
        if migration is None and contracts:
            raise MigrationError(
                f"the database has migration {number:04}, which this program does not know and cannot work with: it is newer"
            )
        if migration is not None and migration.sha256 != sha256:
            raise MigrationError(f"migration {number:04} {migration.name} was edited after it had been applied")


def pending(connection: Connection[TupleRow]) -> list[str]:
    """The steps that are still missing, without applying any."""
    exists = connection.execute("SELECT to_regclass('migration') IS NOT NULL").fetchone()
    rows = connection.execute("SELECT number FROM migration").fetchall() if exists and exists[0] else []
    applied = {number for (number,) in rows}
    return [f"{one.number:04} {one.name}" for one in known() if one.number not in applied]

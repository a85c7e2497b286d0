"""Tables for a view's rows that nobody reads yet: made bare, filled, indexed, and made a view's partitions; or dropped.

What an index or a right looks like is read from the partitioned tables themselves, so that it is said once.
"""

from collections.abc import Iterable
from contextlib import suppress

from psycopg.errors import LockNotAvailable
from psycopg.sql import SQL, Composed, Identifier, Literal

from projections.views import TABLES, Database

#: Memory for each index that is built, beside the server's own.
INDEX_MEMORY = "128MB"


def number(connection: Database) -> int:
    """A number that no view and no build has."""
    row = connection.execute("SELECT nextval(pg_get_serial_sequence('view', 'view_id'))::int").fetchone()
    assert row is not None
    found: int = row[0]
    return found


def make(connection: Database, tables: int) -> None:
    """Empty tables with every column and check, and without an index: rows go in faster, and indexes come out denser."""
    for table in TABLES:
        connection.execute(
            SQL(
                "CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE) "
                "WITH (autovacuum_enabled = off)"  # until it is whole
            ).format(_part(table, tables), Identifier(table))
        )


_INDEXES = """
SELECT parent.relname, index.relname, indisprimary, pg_get_indexdef(indexrelid)
FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid JOIN pg_class AS parent ON parent.oid = indrelid
WHERE indrelid = %s::regclass ORDER BY NOT indisprimary, index.relname"""


def index(connection: Database, tables: int) -> None:
    """Build the indexes that are missing, one after another, each by itself; the server builds each in parallel."""
    connection.execute(SQL("SET maintenance_work_mem TO {}").format(Literal(INDEX_MEMORY)))
    try:
        for table in TABLES:
            for _, name, primary, definition in connection.execute(_INDEXES, [table]).fetchall():
                own = f"{table}_{tables}{name.removeprefix(table)}"
                if connection.execute("SELECT to_regclass(%s)", [f'"{own}"']).fetchone() == (None,):
                    columns = definition.partition(" USING ")[2]
                    unique = "UNIQUE " if primary else ""
                    connection.execute(
                        SQL("CREATE {}INDEX {} ON {} USING {}").format(
                            SQL(unique), Identifier(own), _part(table, tables), SQL(columns)
                        )
                    )
            connection.execute(SQL("ANALYZE {}").format(_part(table, tables)))
    finally:
        connection.execute("RESET maintenance_work_mem")


def attach(connection: Database, tables: int) -> None:
    """Make the tables partitions, with the primary keys and the rights of those that there are."""
    for table in TABLES:
        part, key = _part(table, tables), Identifier(f"{table}_{tables}_pkey")
        connection.execute(SQL("ALTER TABLE {} ADD CONSTRAINT {} PRIMARY KEY USING INDEX {}").format(part, key, key))
        connection.execute(SQL("ALTER TABLE {} RESET (autovacuum_enabled)").format(part))
        connection.execute(
            SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES IN ({})").format(
                Identifier(table), part, Literal(tables)
            )
        )
        for statement in _rights(connection, table, tables):
            connection.execute(statement)


def _rights(connection: Database, table: str, tables: int) -> Iterable[Composed]:
    """The same rights on a partition as on its table: `docker/roles.sql` grants both."""
    granted = connection.execute(
        "SELECT privilege_type, rolname FROM pg_class CROSS JOIN LATERAL aclexplode(relacl) AS acl "
        "JOIN pg_roles ON pg_roles.oid = acl.grantee WHERE pg_class.oid = %s::regclass AND acl.grantee <> relowner",
        [table],
    ).fetchall()
    for right, role in granted:
        yield SQL("GRANT {} ON {} TO {}").format(SQL(right), _part(table, tables), Identifier(role))


def drop(connection: Database, tables: int) -> None:
    """Drop the tables of a number, as far as there are any."""
    for table in TABLES:
        connection.execute(SQL("DROP TABLE IF EXISTS {}").format(_part(table, tables)))


def discard(connection: Database, tables: int) -> None:
    """Leave the tables of a number to be dropped later: who has just read that they are a view's may come to read them."""
    connection.execute("INSERT INTO discarded (tables) VALUES (%s::int) ON CONFLICT DO NOTHING", [tables])


def sweep(connection: Database, older_than: float) -> None:
    """Drop what was discarded at least so many seconds ago, unless somebody is reading it still."""
    found = connection.execute(
        "SELECT tables FROM discarded WHERE at <= clock_timestamp() - %s * interval '1 second'", [older_than]
    ).fetchall()
    for (tables,) in found:
        with suppress(LockNotAvailable), connection.transaction():
            connection.execute("SET LOCAL lock_timeout TO '2s'")
            drop(connection, tables)
            connection.execute("DELETE FROM discarded WHERE tables = %s::int", [tables])


def _part(table: str, tables: int) -> Identifier:
    return Identifier(f"{table}_{tables}")

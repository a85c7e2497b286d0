"""The whole map out of plain PostgreSQL: answers as rows with ready fragments, and the best SQL that we can write.

Core features only. Several indexes and statements are tried on the loaded table and the fastest is kept.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from psycopg import Connection
from psycopg.rows import TupleRow

from bench.whole_map_rows import TAIL, AnswerRow, Head, fastest, no_head

_TABLE = """
CREATE TABLE answer (
    location integer NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    known_from bigint NOT NULL,
    known_until bigint NOT NULL,
    fragment bytea NOT NULL
)"""

#: Microseconds and positions as doubles, exact to 2^53; the rows are looked at again, since a box has its edges.
_EDGE = "point(extract(epoch FROM {moment} - '2000-01-01Z'::timestamptz)::float8, {known}::float8)"
_BOX = "box({}, {})".format(
    _EDGE.format(moment="greatest(valid_from, '0001-01-01Z'::timestamptz)", known="known_from"),
    _EDGE.format(moment="least(valid_until, '9999-12-31Z'::timestamptz)", known="known_until"),
)

_INDEXES = (
    "CREATE INDEX answer_ranges ON answer USING gist (tstzrange(valid_from, valid_until), int8range(known_from, known_until))",
    f"CREATE INDEX answer_box ON answer USING gist (({_BOX}))",
    "CREATE INDEX answer_place ON answer (location, valid_from DESC, known_from DESC) INCLUDE (valid_until, known_until)",
    "CREATE TABLE place AS SELECT DISTINCT location FROM answer ORDER BY location",
    "ALTER TABLE place ADD PRIMARY KEY (location)",
)

_HOLDS = "valid_from <= %(at)s AND valid_until > %(at)s AND known_from <= %(known)s::bigint AND known_until > %(known)s::bigint"
_JOINED = "SELECT string_agg(fragment, ',' ORDER BY location) FROM answer WHERE"

_STATEMENTS = {
    "ranges": f"{_JOINED} tstzrange(valid_from, valid_until) @> %(at)s::timestamptz "
    "AND int8range(known_from, known_until) @> %(known)s::bigint",
    "a box": f"{_JOINED} {_BOX} @> {_EDGE.format(moment='%(at)s::timestamptz', known='%(known)s')} AND {_HOLDS}",
    "a look a place": "SELECT string_agg(found.fragment, ',' ORDER BY place.location) FROM place CROSS JOIN LATERAL ("
    f"SELECT fragment FROM answer WHERE answer.location = place.location AND {_HOLDS} ORDER BY valid_from DESC LIMIT 1"
    ") AS found",
    "one scan": f"{_JOINED} {_HOLDS}",
}

_FOREVER = 2**63 - 1


class BestSql:
    """Answers as rows in a database, and the whole map made of them.

    Attributes:
        chosen: The name of the statement that was the fastest.
    """

    def __init__(self, connection: Connection[TupleRow], head: Head = no_head) -> None:
        """
        Args:
            connection: Autocommit, to a database of its own.
        """
        self._connection, self._head = connection, head
        self.chosen = next(iter(_STATEMENTS))
        for setting in ("jit = off", "work_mem = '256MB'", "timezone = 'UTC'", "plan_cache_mode = force_custom_plan"):
            connection.execute(f"SET {setting}")

    def load(self, rows: Iterable[AnswerRow], moments: Sequence[tuple[datetime, int]] = ()) -> None:
        """Bring the rows in by COPY, and find the fastest statement on some moments."""
        self._connection.execute(_TABLE)
        with self._connection.cursor() as cursor, cursor.copy("COPY answer FROM STDIN") as copy:
            for row in rows:
                copy.write_row(
                    (
                        row.location,
                        row.valid_from or "-infinity",
                        row.valid_until or "infinity",
                        row.known_from or 0,
                        _FOREVER if row.known_until is None else row.known_until,
                        row.fragment,
                    )
                )
        for statement in (*_INDEXES, "VACUUM (ANALYZE) answer", "VACUUM (ANALYZE) place"):
            self._connection.execute(statement)
        if moments:
            self.chosen = fastest(_STATEMENTS, self._ask, moments)

    def whole_map(self, at: datetime, known: int) -> bytes:
        return self._ask(_STATEMENTS[self.chosen], at, known)

    def by_each_statement(self, at: datetime, known: int) -> dict[str, bytes]:
        """The same map in every way that is tried."""
        return {name: self._ask(statement, at, known) for name, statement in _STATEMENTS.items()}

    def _ask(self, statement: str, at: datetime, known: int) -> bytes:
        row = self._connection.execute(statement, {"at": at, "known": known}, prepare=True, binary=True).fetchone()
        found: bytes | None = row[0] if row else None
        return self._head(at, known) + (found or b"") + TAIL

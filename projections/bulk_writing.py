"""Rows of a view as binary COPY has them, made by hand and sent as one piece: what is written by the million.

psycopg adapts each value through an object of its own; of the rows written here the types are known, and most texts
(places, assertions, standings, sources) come again and again, so that their bytes are made once. A test reads the rows
back, and another compares whole views with those of the follower.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Final
from uuid import UUID

from projections.claims import ClaimVersion
from projections.developments import Development
from projections.views import CLAIM_COLUMNS, Database, in_tables

_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
_END: Final = b"\xff\xff"
_NULL: Final = b"\xff\xff\xff\xff"
_TEXT: Final = 25  # the type's number in PostgreSQL, fixed for ever

_DAY, _HOUR, _SECOND = 86_400_000_000, 3_600_000_000, 1_000_000
#: PostgreSQL counts microseconds from here.
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)

_length: Final = Struct("!i").pack
_begin: Final = Struct("!hiii16s").pack
_id: Final = Struct("!i16s").pack
_times: Final = Struct("!iqiqiq").pack
_position: Final = Struct("!iq").pack
_claim_end: Final = Struct("!iqiqiqiqih").pack
_counts: Final = Struct("!iiii").pack

#: So many texts are remembered; a heavy tail of rare ones must not fill the memory.
_REMEMBERED = 100_000


class _Texts(dict[str, bytes]):
    """Texts as COPY has them, each made once."""

    def __missing__(self, text: str) -> bytes:
        encoded = text.encode()
        found = _length(len(encoded)) + encoded
        if len(self) < _REMEMBERED:
            self[text] = found
        return found


class Rows:
    """The rows of some developments, collected for the tables of one number."""

    def __init__(self, tables: int) -> None:
        self._tables = tables
        self._mention = Struct("!hii").pack(3, 4, tables)
        self._texts = _Texts()
        self._lists: dict[tuple[str, ...], bytes] = {}
        self._clear()

    def _clear(self) -> None:
        self._claims, self._developments, self._mentions = ([_SIGNATURE] for _ in range(3))

    def add(
        self, versions: Iterable[ClaimVersion], row: Development | None, mentioned: Iterable[str], of: UUID
    ) -> None:
        """Add what was folded of a development, and the sources that speak of it.

        Args:
            of: The development; the sources may speak of it where there is no row of it.
        """
        development = of.bytes
        for one in versions:
            self._claims.append(self._claim(one, development))
        if row is not None:
            self._developments.append(self._development(row, development))
        for source in mentioned:
            self._mentions.append(self._mention + self._texts[source] + _id(16, development))

    def write(self, connection: Database) -> None:
        """Send all the rows, in the transaction that the connection is in, and forget them."""
        for table, columns, rows in (
            ("claim_version", f"view_id, {CLAIM_COLUMNS}, span", self._claims),
            ("development", f"view_id, {', '.join(Development._fields)}", self._developments),
            ("mention", "view_id, source_id, development_id", self._mentions),
        ):
            if len(rows) > 1:
                statement = in_tables(self._tables, f"COPY {{{table}}} ({columns}) FROM STDIN (FORMAT BINARY)")
                with connection.cursor() as cursor, cursor.copy(statement) as copy:
                    copy.write(b"".join([*rows, _END]))
        self._clear()

    def _list(self, items: tuple[str, ...]) -> bytes:
        found = self._lists.get(items)
        if found is None:
            inside = b"".join([self._texts[one] for one in items])
            head = Struct("!iiiii").pack(1, 0, _TEXT, len(items), 1) if items else Struct("!iii").pack(0, 0, _TEXT)
            found = _length(len(head) + len(inside)) + head + inside
            if len(self._lists) < _REMEMBERED:
                self._lists[items] = found
        return found

    def _claim(self, one: ClaimVersion, development: bytes) -> bytes:
        text = self._texts
        _, place, facet, effect, published, position, says, standing, bearing, start, end, known, until = one
        begins, ends = _since(effect), _since(end)
        return b"".join(
            (
                _begin(15, 4, self._tables, 16, development),
                text[place],
                text[facet],
                _times(8, begins, 8, _since(published), 8, position),
                text[says],
                text[standing],
                text[bearing],
                _claim_end(
                    8, _since(start), 8, ends, 8, known, 8, until, 2, max(0, (ends - begins) // _HOUR).bit_length()
                ),
            )
        )

    def _development(self, one: Development, development: bytes) -> bytes:
        text = self._texts
        return b"".join(
            (
                _begin(15, 4, self._tables, 16, development),
                _position(8, one[1]),
                text[one[2]],
                text[one[3]],
                _NULL if one[4] is None else text[one[4]],
                _times(8, _since(one[5]), 8, _since(one[6]), 8, _since(one[7])),
                text[one[8]],
                text[one[9]],
                self._list(one[10]),
                _NULL if one[11] is None else _id(16, one[11].bytes),
                _counts(4, one[12], 4, one[13]),
            )
        )


def _since(moment: datetime) -> int:
    """Microseconds since PostgreSQL's epoch."""
    past: timedelta = moment - _EPOCH
    return past.days * _DAY + past.seconds * _SECOND + past.microseconds

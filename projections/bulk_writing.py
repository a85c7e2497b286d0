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
from projections.views import CLAIM_COLUMNS, Database, in_tables, span

_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
_END: Final = b"\xff\xff"
_NULL: Final = b"\xff\xff\xff\xff"
_TEXT: Final = 25  # the type's number in PostgreSQL, fixed for ever

_DAY, _SECOND = 86_400_000_000, 1_000_000
#: PostgreSQL counts microseconds from here.
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)

_int4: Final = Struct("!ii").pack
_length: Final = Struct("!i").pack
_begin: Final = Struct("!hiii16s").pack
_id_again: Final = Struct("!i16s").pack
_times: Final = Struct("!iqiqiq").pack
_position: Final = Struct("!iq").pack
_claim_end: Final = Struct("!iqiqiqiqih").pack
_counts: Final = Struct("!iiii").pack

#: So many texts are remembered; a heavy tail of rare ones must not fill the memory.
_REMEMBERED = 100_000


class Rows:
    """The rows of some developments, collected for the tables of one number."""

    def __init__(self, tables: int) -> None:
        self._tables = tables
        self._texts: dict[str, bytes] = {}
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
        self._claims += [self._claim(one) for one in versions]
        if row is not None:
            self._developments.append(self._development(row))
        self._mentions += [
            b"".join((b"\0\3", _int4(4, self._tables), self._text(source), _id_again(16, of.bytes)))
            for source in mentioned
        ]

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

    def _text(self, text: str) -> bytes:
        found = self._texts.get(text)
        if found is None:
            encoded = text.encode()
            found = _length(len(encoded)) + encoded
            if len(self._texts) < _REMEMBERED:
                self._texts[text] = found
        return found

    def _list(self, items: tuple[str, ...]) -> bytes:
        found = self._lists.get(items)
        if found is None:
            inside = b"".join(map(self._text, items))
            head = Struct("!iiiii").pack(1, 0, _TEXT, len(items), 1) if items else Struct("!iii").pack(0, 0, _TEXT)
            found = _length(len(head) + len(inside)) + head + inside
            if len(self._lists) < _REMEMBERED:
                self._lists[items] = found
        return found

    def _claim(self, one: ClaimVersion) -> bytes:
        text = self._text
        return b"".join(
            (
                _begin(15, 4, self._tables, 16, one[0].bytes),
                text(one[1]),
                text(one[2]),
                _times(8, _since(one[3]), 8, _since(one[4]), 8, one[5]),
                text(one[6]),
                text(one[7]),
                text(one[8]),
                _claim_end(8, _since(one[9]), 8, _since(one[10]), 8, one[11], 8, one[12], 2, span(one)),
            )
        )

    def _development(self, one: Development) -> bytes:
        text = self._text
        return b"".join(
            (
                _begin(15, 4, self._tables, 16, one[0].bytes),
                _position(8, one[1]),
                text(one[2]),
                text(one[3]),
                _NULL if one[4] is None else text(one[4]),
                _times(8, _since(one[5]), 8, _since(one[6]), 8, _since(one[7])),
                text(one[8]),
                text(one[9]),
                self._list(one[10]),
                _NULL if one[11] is None else _id_again(16, one[11].bytes),
                _counts(4, one[12], 4, one[13]),
            )
        )


def _since(moment: datetime) -> int:
    """Microseconds since PostgreSQL's epoch."""
    past: timedelta = moment - _EPOCH
    return past.days * _DAY + past.seconds * _SECOND + past.microseconds

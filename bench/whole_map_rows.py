"""What the whole map is measured with in databases: answers as rows, and the reading of them that anyone understands."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol


class AnswerRow(NamedTuple):
    """One answer of one place, in a rectangle of both axes; None is since ever, or until further notice.

    Attributes:
        location: The ordinal of the place; the map is in their order.
        known_from, known_until: Positions of the log.
        fragment: Its entry in the map, ready to be joined.
    """

    location: int
    valid_from: datetime | None
    valid_until: datetime | None
    known_from: int | None
    known_until: int | None
    fragment: bytes


#: What stands before the entries of a map, for a moment of both axes.
Head = Callable[[datetime, int], bytes]


def no_head(_at: datetime, _known: int) -> bytes:
    return b'{"locations":['


TAIL = b"]}"


class WholeMap(Protocol):
    """A database that answers with the whole map."""

    chosen: str

    def load(self, rows: Iterable[AnswerRow], moments: Sequence[tuple[datetime, int]] = ()) -> None: ...

    def whole_map(self, at: datetime, known: int) -> bytes: ...


def plainly(rows: Iterable[AnswerRow], at: datetime, known: int, head: Head = no_head) -> bytes:
    """The whole map, found by looking at every row."""
    found = sorted(
        (row.location, row.fragment)
        for row in rows
        if (row.valid_from is None or row.valid_from <= at)
        and (row.valid_until is None or at < row.valid_until)
        and (row.known_from is None or row.known_from <= known)
        and (row.known_until is None or known < row.known_until)
    )
    return head(at, known) + b",".join(fragment for _, fragment in found) + TAIL


def fastest(
    statements: Mapping[str, str],
    ask: Callable[[str, datetime, int], bytes],
    moments: Sequence[tuple[datetime, int]],
    rounds: int = 2,
) -> str:
    """The name of the statement that answers the moments in the least time; each gets warm first."""

    def seconds(statement: str) -> float:
        taken = []
        for _ in range(rounds + 1):
            begin = time.perf_counter()
            for at, known in moments:
                ask(statement, at, known)
            taken.append(time.perf_counter() - begin)
        return min(taken[1:])

    return min(statements, key=lambda name: seconds(statements[name]))

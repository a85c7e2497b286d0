"""The belief maps of places as columns that a browser reads without a library, and asks at any moment of both axes (pure).

One piece of bytes, little-endian: the magic `TLB1`, the length of a JSON header, the header, zeros up to a multiple of
eight, then per column in the header's order its numbers. Moments are indices into one sorted list of them (milliseconds,
-inf and inf for open ends); what is said of a place is an index into one list of answers. Rectangles lie place by place,
`offsets` telling where each begins; a place on which no claim bears has none.

The same belief maps make the same bytes, however they were gathered: rectangles of a place stand in the order in which they
begin, first in the world and then to be known; moments and answers that nobody uses are left out.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from events.vocabulary import FACETS, Facet
from projections.claims import asserted
from projections.status import Answer

MAGIC: Final = b"TLB1"
MEDIA_TYPE: Final = "application/vnd.timeline.beliefs"

BOUNDS: Final = ("valid_from", "valid_until", "known_from", "known_until")

#: Mode, holders, challengers, standing, and the same of each pending assertion.
Said = tuple[Any, ...]


class Answers:
    """What is said of places, each once: actors and standings as they are written, without the ids of developments."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self.list: list[Said] = []

    def number(self, said: Said) -> int:
        found = self._numbers.get(said)
        if found is None:
            found = self._numbers[said] = len(self.list)
            self.list.append(said)
        return found


def said(answer: Answer) -> Said:
    """An answer as the columns have it."""
    mode, holders, challengers = asserted(answer.assertion) if answer.assertion else ("unknown", (), ())
    pending = tuple((*asserted(one.assertion), one.standing) for one in answer.pending)
    return mode, holders, challengers, answer.standing, pending


class Rows(NamedTuple):
    """The rectangles of one facet of some places, place by place.

    Attributes:
        offsets: Where those of each place begin, and those of the last one end.
        bounds: A row for each of BOUNDS, in milliseconds since 1970.
        answer: The number of each answer.
    """

    offsets: NDArray[np.int64]
    bounds: NDArray[np.float64]
    answer: NDArray[np.int64]

    def some(self, first: int, last: int) -> "Rows":
        """Those of the places `[first, last)`, not copied."""
        begin, end = int(self.offsets[first]), int(self.offsets[last])
        return Rows(self.offsets[first : last + 1] - begin, self.bounds[:, begin:end], self.answer[begin:end])


Whole = Mapping[Facet, Rows]


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows of some places, and behind them those of others."""
    if not parts:
        return Rows(np.zeros(1, np.int64), np.empty((4, 0)), np.empty(0, np.int64))
    ends = np.cumsum([len(one.answer) for one in parts])
    offsets = [parts[0].offsets, *(one.offsets[1:] + end for one, end in zip(parts[1:], ends[:-1], strict=True))]
    bounds = np.concatenate([one.bounds for one in parts], axis=1)
    return Rows(np.concatenate(offsets), bounds, np.concatenate([one.answer for one in parts]))


def in_order(places: int, place: NDArray[Any], bounds: NDArray[np.float64], answer: NDArray[Any]) -> Rows:
    """Rectangles put in their order.

    Args:
        place: The number of each one's place, below `places`.
    """
    order = np.lexsort((bounds[2], bounds[0], place))
    offsets = np.searchsorted(place[order], np.arange(places + 1))
    return Rows(offsets.astype(np.int64), bounds[:, order], answer[order].astype(np.int64))


def encoded(header: Mapping[str, Any], answers: Sequence[Said], whole: Whole) -> bytes:
    """Belief maps as bytes; `answers` are those that the rows number."""
    used = _first_used(np.concatenate([whole[facet].answer for facet in FACETS]), len(answers))
    renumbered = np.zeros(len(answers), np.uint32)
    renumbered[used] = np.arange(len(used), dtype=np.uint32)
    times, at = _indexed(np.concatenate([whole[facet].bounds.ravel() for facet in FACETS]))
    columns: list[tuple[str, NDArray[Any]]] = [("times", times)]
    begin = 0
    for facet in FACETS:
        rows = whole[facet]
        columns.append((f"{facet}.offsets", rows.offsets.astype("u4")))
        indices = at[begin : begin + rows.bounds.size].reshape(rows.bounds.shape)
        columns += [(f"{facet}.{name}", indices[row]) for row, name in enumerate(BOUNDS)]
        columns.append((f"{facet}.answer", renumbered[rows.answer]))
        begin += rows.bounds.size
    said_of = [(name, one.dtype.name, len(one)) for name, one in columns]
    head = msgspec.json.encode({**header, "answers": [answers[one] for one in used], "columns": said_of})
    front = MAGIC + len(head).to_bytes(4, "little") + head
    body = (one.astype(one.dtype.newbyteorder("<"), copy=False).tobytes() for _, one in columns)
    return b"".join((front, bytes(-len(front) % 8), *body))


def _indexed(moments: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.uint32]]:
    """The moments that occur, sorted, and for each its index among them. By a hash: to sort millions takes ten times as long."""
    found = pa.array(moments).dictionary_encode()
    times: NDArray[np.float64] = found.dictionary.to_numpy(zero_copy_only=False)
    order = np.argsort(times)
    rank = np.empty(len(times), np.uint32)
    rank[order] = np.arange(len(times), dtype=np.uint32)
    return times[order], rank[found.indices.to_numpy(zero_copy_only=False)]


def _first_used(numbers: NDArray[np.int64], many: int) -> list[int]:
    """The numbers that occur, in the order in which they first do."""
    first = np.full(many, len(numbers), np.int64)
    first[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
    order = np.argsort(first, kind="stable")
    return [int(one) for one in order[: int(np.count_nonzero(first < len(numbers)))]]

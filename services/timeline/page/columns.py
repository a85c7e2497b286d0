"""The belief maps of all places as columns that a browser reads without a library, and asks at any moment of both axes.

One piece of bytes, little-endian: the magic `TLB1`, the length of a JSON header, the header, zeros up to a multiple of
eight, then per column in the header's order its numbers. Moments are indices into one sorted list of them (milliseconds,
-inf and inf for open ends); what is said of a place is an index into one list of answers. Rectangles lie place by place,
`offsets` telling where each begins; a place on which no claim bears has none.
"""

from array import array
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from events.vocabulary import FACETS, Facet
from projections import views
from projections.beliefs import Rectangle, rectangles
from projections.claims import FOREVER, ClaimVersion, asserted
from projections.status import Answer
from services.timeline import bulk, wire
from services.timeline.asked import Asked
from services.timeline.reader import Reader, until

MAGIC: Final = b"TLB1"
MEDIA_TYPE: Final = "application/vnd.timeline.beliefs"

_OPEN_BEGIN, _OPEN_END = float("-inf"), float("inf")


class Drawn:
    """The rectangles of one facet as they are gathered: valid times in milliseconds, known ones as the view's clock counts."""

    def __init__(self) -> None:
        self.offsets = array("I", [0])
        self.valid = array("d"), array("d")
        self.known = array("q"), array("q")
        self.answers = array("I")

    def add(self, one: Rectangle, answer: int) -> None:
        self.valid[0].append(_millis(one.valid_from, _OPEN_BEGIN))
        self.valid[1].append(_millis(one.valid_until, _OPEN_END))
        self.known[0].append(one.known_from or 0)
        self.known[1].append(FOREVER if one.known_until is None else one.known_until)
        self.answers.append(answer)

    def end_place(self) -> None:
        self.offsets.append(len(self.answers))


class Answers:
    """What is said of places, each once: actors and standings as they are written, without the ids of developments."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}
        self.list: list[Any] = []

    def number(self, answer: Answer) -> int:
        said = _said(answer)
        found = self._numbers.get(said)
        if found is None:
            found = self._numbers[said] = len(self.list)
            self.list.append(said)
        return found


def _said(answer: Answer) -> tuple[Any, ...]:
    mode, holders, challengers = asserted(answer.assertion) if answer.assertion else ("unknown", (), ())
    pending = tuple((*asserted(one.assertion), one.standing) for one in answer.pending)
    return mode, holders, challengers, answer.standing, pending


def beliefs(reader: Reader, asked: Asked, locations: Sequence[str]) -> bytes:
    """The belief maps of places, given in their order."""
    answers = Answers()
    drawn: dict[Facet, Drawn] = {facet: Drawn() for facet in FACETS}
    with asked.connection.transaction():
        for _, held in bulk.versions(reader, asked, locations):
            for facet, into in drawn.items():
                for one in _rectangles(asked, [one for one in held if one.facet == facet]):
                    into.add(one, answers.number(one.answer))
                into.end_place()
    return _packed(asked, answers, drawn)


def _rectangles(asked: Asked, versions: Sequence[ClaimVersion]) -> Iterator[Rectangle]:
    """The rectangles in which anything is claimed; where none lies, nobody knows."""
    known = [one for one in versions if one.known_from <= asked.known]
    for one in rectangles(until(known, asked.known)) if known else ():
        if one.answer.assertion is not None or one.answer.pending:
            yield one


def _known_millis(asked: Asked, known: NDArray[np.int64]) -> NDArray[np.float64]:
    """Moments of the known axis in milliseconds; on the recorded clock, when those positions were recorded."""
    found = known / 1000
    if asked.view.reading.clock == "recorded":
        positions, at = np.unique(known, return_inverse=True)
        times = views.recorded_times(asked.connection, {int(one) for one in positions if 0 < one < FOREVER})
        found = np.array([times[int(one)].timestamp() * 1000 if int(one) in times else 0.0 for one in positions])[at]
    return np.where(known <= 0, _OPEN_BEGIN, np.where(known >= FOREVER, _OPEN_END, found))


def _millis(moment: datetime | None, otherwise: float) -> float:
    return otherwise if moment is None else moment.timestamp() * 1000


def _packed(asked: Asked, answers: Answers, drawn: dict[Facet, Drawn]) -> bytes:
    moments = {facet: _moments(asked, of) for facet, of in drawn.items()}
    times = np.unique(np.concatenate([one for of in moments.values() for one in of]))
    columns: list[tuple[str, NDArray[Any]]] = [("times", times)]
    for facet, of in drawn.items():
        columns.append((f"{facet}.offsets", np.array(of.offsets, "u4")))
        for name, found in zip(("valid_from", "valid_until", "known_from", "known_until"), moments[facet], strict=True):
            columns.append((f"{facet}.{name}", np.searchsorted(times, found).astype("u4")))
        columns.append((f"{facet}.answer", np.array(of.answers, "u4")))
    header = wire.coordinates(asked) | {
        "view_id": str(asked.view.view_id),
        "answers": answers.list,
        "columns": [(name, one.dtype.name, len(one)) for name, one in columns],
    }
    head = msgspec.json.encode(header)
    begin = MAGIC + len(head).to_bytes(4, "little") + head
    return (
        begin
        + bytes(-len(begin) % 8)
        + b"".join(one.astype(one.dtype.newbyteorder("<")).tobytes() for _, one in columns)
    )


def _moments(asked: Asked, of: Drawn) -> list[NDArray[np.float64]]:
    known = (_known_millis(asked, np.array(one, np.int64)) for one in of.known)
    return [*(np.array(one, np.float64) for one in of.valid), *known]

"""An answer as ready bytes: its entry of each format, to be joined without a look at what it says (pure).

An entry of JSON is two of them, one of control and one of access. The bytes are those that `api/rendering.py` makes of the same
answer, by test.
"""

import hashlib
from typing import Final, NamedTuple
from uuid import UUID

from projections.claims import asserted
from projections.status import NOBODY_KNOWS, Answer, Pending
from services.timeline import flat, wire

#: A mode and its holders: what roll-ups count and filters look at.
Holding = tuple[str, tuple[str, ...]]


class Fragment(NamedTuple):
    """What an answer is in each format.

    Attributes:
        json: Of control the entry of its place up to what is said of the access; of access the rest, and a comma.
        csv, geojson: Of control its columns; of access its one cell, or value.
    """

    json: bytes
    csv: bytes
    geojson: bytes
    holding: Holding


#: Where no claim bears on the access of a place.
NO_ACCESS: Final = Fragment(b"null},", b"", b"null", ("unknown", ()))


def holding(answer: Answer) -> Holding:
    """The mode of an answer, and the holders."""
    return asserted(answer.assertion)[:2] if answer.assertion else ("unknown", ())


def of_control(location_id: str, answer: Answer) -> Fragment:
    """An answer of control at a place."""
    row = flat.of_answer(answer)
    return Fragment(
        wire.encode(wire.LocationBrief(location_id, wire.brief(answer), None)).removesuffix(b"null}"),
        flat.csv_line(row.values()).encode().removesuffix(b"\r\n"),
        wire.encode(row)[1:-1],
        holding(answer),
    )


def of_access(answer: Answer) -> Fragment:
    """An answer of access."""
    said = wire.brief(answer)
    return Fragment(wire.encode(said) + b"},", said.mode.encode(), wire.encode(said.mode), holding(answer))


def _shape() -> str:
    pending = Pending("held|b|", UUID(int=2), "possible")
    answer = Answer("contested|a;b|c", UUID(int=1), "confirmed", (pending, pending))
    said = [*of_control("place", answer), *of_control("place", NOBODY_KNOWS), *of_access(answer)]
    return hashlib.sha256(repr(("3", said)).encode()).hexdigest()[:16]


#: A mark of the shape of the answers of this program: what was written in another shape is not used.
SHAPE: Final = _shape()

"""An answer as ready bytes: its entry of each format, to be joined without a look at what it says (pure).

An answer of control makes whole entries but for the few places that have an access too; an answer of access is laid into
them. The bytes are those that `api/rendering.py` makes of the same answer, by test.
"""

import hashlib
from typing import Final, NamedTuple
from uuid import UUID

from projections.claims import asserted
from projections.status import NOBODY_KNOWS, Answer, Pending
from services.timeline import flat, wire

#: A mode and its holders: what roll-ups count and filters look at.
Holding = tuple[str, tuple[str, ...]]

#: How an entry of JSON ends where no claim bears on the access.
NO_ACCESS: Final = b"null}"


class Fragment(NamedTuple):
    """What an answer is in each format. Of control: the JSON entry of its place, and its columns of CSV and GeoJSON.

    Of access: its JSON, its one cell of CSV, its one value of GeoJSON.
    """

    json: bytes
    csv: bytes
    geojson: bytes
    holding: Holding


def holding(answer: Answer) -> Holding:
    """The mode of an answer, and the holders."""
    return asserted(answer.assertion)[:2] if answer.assertion else ("unknown", ())


def of_control(location_id: str, answer: Answer) -> Fragment:
    """An answer of control at a place, as if no claim bore on its access."""
    row = flat.of_answer(answer)
    return Fragment(
        wire.encode(wire.LocationBrief(location_id, wire.brief(answer), None)),
        flat.csv_line(row.values()).encode().removesuffix(b"\r\n"),
        wire.encode(row)[1:-1],
        holding(answer),
    )


def of_access(answer: Answer) -> Fragment:
    """An answer of access."""
    said = wire.brief(answer)
    return Fragment(wire.encode(said), said.mode.encode(), wire.encode(said.mode), holding(answer))


def _shape() -> str:
    pending = Pending("held|b|", UUID(int=2), "possible")
    answer = Answer("contested|a;b|c", UUID(int=1), "confirmed", (pending, pending))
    said = [*of_control("place", answer), *of_control("place", NOBODY_KNOWS), *of_access(answer)]
    return hashlib.sha256(repr(("1", said)).encode()).hexdigest()[:16]


#: A mark of the shape of the answers of this program: what was written in another shape is not used.
SHAPE: Final = _shape()

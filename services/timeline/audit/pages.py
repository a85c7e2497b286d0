"""Reviews in pages: a cursor names the moments that the first page meant, so that what is recorded meanwhile shifts nothing."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from events.times import Instant
from services.timeline import cursors
from services.timeline.asked import Asked, CannotAsk

#: The last entry of a page, by whatever orders its list.
Last = tuple[int | str, ...]

#: No further than PostgreSQL counts: somebody may make a cursor up.
_FAR = 2**62


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a list goes on: its question, the moments that were meant, and the last entry told."""

    question: str
    at: Instant
    known_at: Instant | None
    known_position: cursors.Position
    last: Last

    @property
    def moments(self) -> Mapping[str, Any]:
        """What to settle the question by."""
        return {"at": self.at, "known_at": self.known_at, "known_position": self.known_position}


def after(asked: Asked, question: str, last: Last) -> str:
    """The cursor of the page that goes on after an entry.

    Args:
        question: What tells this list from others, as `cursors.marked` makes it.
    """
    by_position = (
        asked.view.reading.clock == "recorded"
    )  # there a position says it all, and beside it a time is refused
    known_at = None if by_position else asked.known_at
    return cursors.given(Place(question, asked.at, known_at, asked.known_position, last))


def moments(cursor: str) -> Mapping[str, Any]:
    """The moments that a cursor names, whatever its list.

    Raises:
        CannotAsk: it is none of ours.
    """
    return cursors.taken(cursor, Place).moments


def taken(cursor: str | None, question: str, *kinds: type) -> Place | None:
    """The place for which a cursor stands; None for none.

    Args:
        kinds: Of what the last entry is told by.

    Raises:
        CannotAsk: it is none of this list.
    """
    if cursor is None:
        return None
    place = cursors.taken(cursor, Place)
    if place.question != question:
        raise CannotAsk("cursor", cursor, "given for another question or view; begin again without it")
    if tuple(map(type, place.last)) != kinds or any(isinstance(one, int) and abs(one) > _FAR for one in place.last):
        raise CannotAsk("cursor", cursor, "not a cursor of this list; take `next` of the page before as it is")
    return place


def development(last: int | str) -> UUID:
    """A development by which a place is told.

    Raises:
        CannotAsk: it is none.
    """
    try:
        return UUID(str(last))
    except ValueError:
        raise CannotAsk("cursor", last, "not a cursor of this list; take `next` of the page before as it is") from None

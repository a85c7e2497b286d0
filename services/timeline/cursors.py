"""Where a list that is read in pages goes on: an opaque text that only the list which gave it understands."""

import base64
import binascii
import hashlib
from typing import Annotated, TypeVar

import msgspec

from services.timeline.asked import CannotAsk

T = TypeVar("T", bound=msgspec.Struct)

#: A log position in a cursor, no further than PostgreSQL counts: somebody may make a cursor up.
Position = Annotated[int, msgspec.Meta(ge=0, le=2**62)]


def given(place: msgspec.Struct) -> str:
    """A place in a list as a cursor."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def taken(cursor: str, kind: type[T]) -> T:
    """The place in a list for which a cursor stands.

    Raises:
        CannotAsk: it is none of ours.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(raw, type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise CannotAsk(
            "cursor", cursor, "not a cursor of this list; take `next` of the page before as it is"
        ) from None


def marked(*question: object) -> str:
    """A short mark of a question: a cursor is of use for the question alone that it was given for."""
    return hashlib.sha256(repr(question).encode()).hexdigest()[:12]

"""Ids that are the same whenever and wherever the same row is imported (pure)."""

import re
import unicodedata
from typing import Final, TypeVar
from uuid import UUID, uuid5

import msgspec

from events.records import Event
from projections.folding import fold

E = TypeVar("E", bound=Event)

#: Under this namespace every imported thing is named. Never change it: what was imported would be imported twice.
IMPORTED: Final = UUID("0d7c3f7e-7c36-5d0b-8a51-4f1f0d5e9a27")

_NOT_ID = re.compile(r"[^a-z0-9]+")


def development_id(dataset: str, *row: str) -> UUID:
    """The development of a row, by what identifies the row in its data set (not its place in a file)."""
    return uuid5(IMPORTED, "\x1f".join(("development", dataset, *row)))


def named(event: E, *said: object) -> E:
    """The event with an id made of its type, its stream, and whatever tells it from others of that stream."""
    kind, key = event.stream
    parts = (type(event).__name__, kind, str(key), *map(str, said))
    return msgspec.structs.replace(event, event_id=uuid5(IMPORTED, "\x1f".join(parts)))


def slug(text: str, most: int = 60) -> str:
    """A text as part of an id: ASCII letters and digits with hyphens; a short hash where nothing of it is ASCII."""
    ascii_only = unicodedata.normalize("NFKD", fold(text)).encode("ascii", "ignore").decode()
    plain = _NOT_ID.sub("-", ascii_only.lower()).strip("-")[:most].strip("-")
    return plain or uuid5(IMPORTED, text).hex[:10]


def code(text: str) -> str:
    """A text as the value of a code: folded, and short enough that a number may stand behind it."""
    folded = fold(text)
    return folded if len(folded) <= 90 else f"{folded[:50]} {uuid5(IMPORTED, folded).hex}"

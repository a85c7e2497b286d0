"""An event before and after the log: what is handed in, and the same fact with its place in the one sequence."""

from datetime import datetime
from functools import lru_cache
from typing import Generic, TypeVar
from uuid import UUID, uuid5

import msgspec

from events.records import Event

E_co = TypeVar("E_co", bound=Event, covariant=True)

#: Streams of things whose id is no UUID are named by type and id under this namespace. Never change it.
STREAMS = UUID("6f2a8c1e-51d7-5a0c-9d53-0b1f6d0c7a11")


def stream_id(event: Event) -> UUID:
    """The stream of an event: its development, else a UUID made from the type and id of what it is about."""
    kind, key = event.stream
    return key if isinstance(key, UUID) else reference_stream(kind, key)


def reference_stream(kind: str, key: str) -> UUID:
    """The stream of a source, actor or location."""
    return named_stream(f"{kind}:{key}")


@lru_cache(maxsize=100_000)
def named_stream(name: str) -> UUID:
    """The same by kind and id in one: `source:sana`."""
    return uuid5(STREAMS, name)


class RecordedEvent(msgspec.Struct, Generic[E_co], frozen=True, kw_only=True):
    """An event in the log.

    Attributes:
        position: 1, 2, 3 ... in the one global sequence.
        recorded_at: When the log had it, UTC; rises strictly with position.
        recorded_by: The principal who recorded it.
        version: 1, 2, 3 ... within its stream.
        redaction: The position of the event by which its text was lawfully taken away; the structure stands, and where
            text was read it holds marks (`marks.REDACTED`).
        text_sha256: What the structure commits to where its text is gone, redacted or not.
        withheld: It tells of a sensitive source, and stands here as whoever may not know the name is told it.
    """

    position: int
    recorded_at: datetime
    recorded_by: str
    event_id: UUID
    version: int
    event: E_co
    redaction: int | None = None
    text_sha256: str | None = None
    withheld: bool = False

    @property
    def redacted(self) -> bool:
        """Its text was lawfully taken away."""
        return self.redaction is not None

"""What an append is made of: the events to append, where they come to stand, and what is held when one decides on them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from events import codec
from events.recorded import RecordedEvent, stream_id
from events.records import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event that may be appended: everything that the log does not decide itself.

    Attributes:
        version: Its place in its stream, one more than the version held.
    """

    event: Event
    event_id: UUID
    version: int
    recorded_by: str

    @property
    def originator_id(self) -> UUID:
        return stream_id(self.event)

    @property
    def originator_version(self) -> int:
        return self.version


@dataclass(frozen=True, slots=True)
class Place:
    """Where an appended event stands in the log."""

    position: int
    recorded_at: datetime


class Held(Protocol):
    """What the log holds, read under the lock of an append."""

    def look_up(
        self, event_ids: Collection[UUID], streams: Collection[UUID]
    ) -> tuple[dict[UUID, "HeldEvent"], dict[UUID, int]]:
        """The events already recorded under some ids, and the version of each of some streams that exists."""

    def stream(self, stream: UUID) -> list[RecordedEvent[Event]]:
        """The events of one stream in order, without text."""


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An event that is in the log already, as stored."""

    place: Place
    name: str
    structure: bytes
    text: bytes | None
    salt: bytes | None

    def says_the_same_as(self, event: Event) -> bool:
        """Whether `event` would be stored with the same bytes. A redacted text cannot be compared: then it does not."""
        if self.text is None and codec.committed_to_text(self.structure):
            return False
        again = codec.encode(event, salt=self.salt or b"\0" * 16)
        return (again.name, again.structure, again.text) == (self.name, self.structure, self.text)


Decide = Callable[[Held], Sequence[NewEvent]]

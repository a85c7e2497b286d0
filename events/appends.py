"""What an append is made of: the events to append, where they come to stand, and what is held when one decides on them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from events import codec
from events.recorded import RecordedEvent, stream_id
from events.records import Event


class NewRow(NamedTuple):
    """A row that may be appended: everything that the log does not decide itself, as it is stored.

    Attributes:
        version: Its place in its stream, one more than the version held.
        name, structure, text, salt: Its stored form (`codec.StoredForm`).
    """

    event_id: UUID
    stream: UUID
    version: int
    recorded_by: str
    name: str
    structure: bytes
    text: bytes | None
    salt: bytes | None


class NewEvent(NamedTuple):
    """The same as an event, of which the log makes the row."""

    event: Event
    event_id: UUID
    version: int
    recorded_by: str

    def row(self) -> NewRow:
        return NewRow(self.event_id, self.originator_id, self.version, self.recorded_by, *codec.encode(self.event))

    @property
    def originator_id(self) -> UUID:
        return stream_id(self.event)

    @property
    def originator_version(self) -> int:
        return self.version


class Place(NamedTuple):
    """Where an appended event stands in the log."""

    position: int
    recorded_at: datetime


class Held(Protocol):
    """What the log holds at the head that an append continues.

    Attributes:
        head: The last event's place.
    """

    head: Place

    def look_up(
        self, event_ids: Collection[UUID], streams: Collection[UUID]
    ) -> tuple[dict[UUID, "HeldEvent"], dict[UUID, int]]:
        """The events already recorded under some ids, and the version of each of some streams that exists."""

    def streams(self, streams: Collection[UUID]) -> dict[UUID, list[RecordedEvent[Event]]]:
        """The events of some streams, of each in order, without text; none for a stream that does not exist."""


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An event that is in the log already, as stored."""

    place: Place
    name: str
    structure: bytes
    text: bytes | None
    salt: bytes | None

    @property
    def form(self) -> codec.StoredForm:
        return codec.StoredForm(self.name, self.structure, self.text, self.salt)

    @property
    def is_without_text(self) -> bool:
        """There was text, and it is gone."""
        return self.text is None and codec.committed_to_text(self.structure)

    def says_the_same_as(self, form: codec.StoredForm) -> bool:
        """Whether an event would be stored with the same bytes.

        A text that is gone cannot be compared: then only what says that it is gone, as a line of an export does, says the same.
        """
        if self.is_without_text:
            return form.text is None and (form.name, form.structure) == (self.name, self.structure)
        again = codec.salted(form, self.salt)
        return (again.name, again.structure, again.text) == (self.name, self.structure, self.text)


Decide = Callable[[Held], Sequence[NewEvent | NewRow]]

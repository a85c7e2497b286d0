"""A place in the log whose bytes this program cannot read: of a newer program, or damaged.

It stands for its row, so that one such row hides none of the others. Whoever rests on all events of a stream has to
look for it; whoever picks events by their type passes it by.
"""

from uuid import UUID

from events.records import Event

#: Stored names of what is not about a development begin with one of these.
_REFERENCE = ("source-", "actor-", "location-", "event-")


class Undecodable(Event, frozen=True, kw_only=True, tag="Undecodable"):
    """What is known of an event that cannot be decoded.

    Attributes:
        stream_id: The stream that the row stands in; a development's stream is its id.
        stored_name: Stored type with version, such as `development-reported/2`.
        error: Why it cannot be decoded, one line.
    """

    stream_id: UUID
    stored_name: str
    error: str

    @property
    def stream(self) -> tuple[str, str | UUID]:
        return "stream", self.stream_id

    @property
    def of_reference(self) -> bool:
        """Whether it is about a source, an actor, a location or another event rather than a development, by its stored name."""
        return self.stored_name.startswith(_REFERENCE)

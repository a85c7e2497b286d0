"""The base of everything that is said: frozen, closed to unknown fields, its moments in UTC; and the text bounds."""

from datetime import UTC
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec

from events.times import utc

#: Ids of sources, actors and locations. Ids are structure: a person at risk is registered under an opaque one.
Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}\Z", examples=["sy-hama"])]

Name = Annotated[str, msgspec.Meta(max_length=300)]
Line = Annotated[str, msgspec.Meta(max_length=2_000)]
Prose = Annotated[str, msgspec.Meta(max_length=20_000)]
Url = Annotated[str, msgspec.Meta(max_length=2_000, examples=["https://example.org/report"])]
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Language = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}\Z", examples=["en"])]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Credibility = Annotated[int, msgspec.Meta(ge=1, le=6)]

#: Counts beyond this cannot be written exactly as a JSON number by everybody (RFC 8785 rests on IEEE 754 doubles).
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]

#: An event of more bytes than this is refused.
MAX_EVENT_BYTES = 60_000


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A frozen value whose fields are those of API.md."""


class Dated(Record, frozen=True, kw_only=True):
    """A record with moments of its own: those named in `instants` are brought to UTC.

    Raises:
        ValueError: a moment without an offset, or outside the years 1 to 9999.
    """

    instants: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for name in self.instants:
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is not UTC:
                msgspec.structs.force_setattr(self, name, utc(moment))


class Event(Dated, frozen=True, kw_only=True, tag_field="type"):
    """An immutable fact. Text that may lawfully be redacted later has an empty default, so that the structure stands alone.

    Attributes:
        event_id: The reporter's own id of this event, for idempotency; the log keeps it in a column of its own.
        required_text: Text fields that a reporter must fill in although the structure stands without them.
    """

    required_text: ClassVar[tuple[str, ...]] = ()

    event_id: UUID | None = None

    @property
    def stream(self) -> tuple[str, str | UUID]:
        """What the event is about: the kind of thing and its id. Events about one thing are one stream of the log."""
        raise NotImplementedError


def changed(changes: msgspec.Struct) -> dict[str, Any]:
    """The fields that a `changes` object really names."""
    return {name: value for name in changes.__struct_fields__ if (value := getattr(changes, name)) is not msgspec.UNSET}

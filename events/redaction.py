"""A lawful redaction: the event that says that another one's text was taken away, by whom and on what ground.

Recording it is what takes the text away (migration 0008). Its own reason is text, and may be redacted in turn; all else is
structure and stays for good, so none of it may repeat what was taken away.
"""

from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from events.records import Event, Name, Prose

Basis = Annotated[str, msgspec.Meta(max_length=200, examples=["GDPR, Article 17(1)(d)"])]
FieldPath = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39}){0,4}\Z")]
Place = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]


class EventRedacted(Event, frozen=True, kw_only=True, tag="EventRedacted"):
    """The text of another event was taken away, with the salt that committed to it; its structure stands.

    Whoever asks for it says `redacted_id`, `legal_basis` and `reason`; the service fills in the rest.

    Attributes:
        redacted_id: The `event_id` of that event.
        legal_basis: The rule or order that it rests on.
        redacted_position: Where that event stands.
        redacted_by: The principal who had it done.
        removed: The fields in which text stood, such as `report.url`; of a list, in at least one of its items.
    """

    required_text: ClassVar = ("reason",)

    redacted_id: UUID
    legal_basis: Basis
    reason: Prose = ""
    redacted_position: Place | None = None
    redacted_by: Name | None = None
    removed: Annotated[tuple[FieldPath, ...], msgspec.Meta(max_length=50)] = ()

    @property
    def is_complete(self) -> bool:
        """The service has filled it in: so it stands in a log, and in an export."""
        return self.redacted_position is not None and self.redacted_by is not None and bool(self.removed)

    @property
    def stream(self) -> tuple[str, str]:
        return "redaction", str(self.redacted_id)

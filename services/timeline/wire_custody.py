"""The JSON shapes of the record of custody; the same in an evidence bundle and over REST."""

from typing import Annotated

import msgspec

from services.timeline.wire import Moment

Link = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class CustodyEntry(msgspec.Struct, frozen=True):
    """One thing that was handed out (`bundle`, `export`) or taken away (`redaction`), by whom and when.

    Attributes:
        number: 1, 2, 3 ... of what was handed out; null for a redaction, which is an event of the log.
        location_id: The place that a bundle is about.
        first_position, last_position: What of the log a bundle or export rests on; the event that was redacted.
        sha256: Of a bundle. An export is entered before it is written, without.
        link: The SHA-256 of the link before and of this entry; null for a redaction, which has a leaf in the tree.
    """

    number: int | None
    at: Moment
    by: str
    what: Annotated[str, msgspec.Meta(extra_json_schema={"enum": ["bundle", "export", "redaction"]})]
    location_id: str | None
    first_position: int | None
    last_position: int | None
    sha256: str | None
    link: Link | None


class CustodyTold(msgspec.Struct, frozen=True):
    """What an evidence bundle says of custody: what concerns it, and the last link of the whole record when it was made."""

    entries: tuple[CustodyEntry, ...]
    last_number: int
    last_link: Link


class CustodyPage(msgspec.Struct, frozen=True):
    """A page of the record of custody, oldest first; `next` is the cursor of the one after it."""

    entries: tuple[CustodyEntry, ...]
    next: str | None

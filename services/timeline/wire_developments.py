"""The JSON shapes of developments: a list of them, and one with its whole trail."""

from typing import Any

import msgspec

from events.developments import KindName
from services.timeline.wire import Moment, Uuid


class OccurredOut(msgspec.Struct, frozen=True):
    """When it happened: half-open, with the precision in which it was said."""

    start: Moment
    end: Moment
    precision: str


class DevelopmentOut(msgspec.Struct, frozen=True, kw_only=True):
    """A development as amended, with its standing and the rule that gave it.

    `position` and `published_at` are those of its first report. `sources` are all in the chains of its statements;
    `reports` and `denials` count the statements that were not taken back. `[redacted]` stands for a text that was.
    """

    development_id: Uuid
    position: int
    kind: KindName
    location_id: str
    destination_id: str | None
    occurred: OccurredOut
    published_at: Moment
    standing: str
    rule: str
    sources: tuple[str, ...]
    merged_into: Uuid | None
    reports: int
    denials: int
    summary: str
    tags: tuple[str, ...]


class DevelopmentPage(msgspec.Struct, frozen=True, kw_only=True):
    """Developments in the order in which they were recorded, or against it, as they stand at `known_position`.

    `begun_position` is where the list began: what was recorded later is not in it. `next` is the cursor of the next page,
    null at the end; a page may hold fewer than were asked for although others follow.
    """

    known_position: int
    begun_position: int
    view: str
    policy: str
    clock: str
    developments: tuple[DevelopmentOut, ...]
    next: str | None


class TrailEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One event that bears on a development, and the development's standing after it.

    `known_at` is when it came to count: for what a merger brought, the merger. `heard` is false where the view's choice
    of sources leaves a statement out. `event` has the shape in which it was posted; where its text was redacted, `redaction` is
    the position of the event that did it.
    """

    position: int
    recorded_at: Moment
    recorded_by: str | None
    known_at: Moment
    redacted: bool
    redaction: int | None
    heard: bool
    standing: str
    rule: str
    event: dict[str, Any]
    withheld: bool | msgspec.UnsetType = msgspec.UNSET


class MergedOut(msgspec.Struct, frozen=True, kw_only=True):
    """A development that was merged into another, directly or not; `position` is that of its merger."""

    development_id: Uuid
    into_id: Uuid
    position: int
    summary: str


class DevelopmentWhole(msgspec.Struct, frozen=True, kw_only=True):
    """One development as known at one moment, what was merged into it, and its trail in the order of the clock."""

    known_at: Moment
    known_position: int
    view: str
    policy: str
    clock: str
    development: DevelopmentOut
    participants: tuple[dict[str, Any], ...]
    figures: tuple[dict[str, Any], ...]
    merged: tuple[MergedOut, ...]
    trail: tuple[TrailEntry, ...]

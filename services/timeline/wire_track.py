"""The JSON shapes of track records: what became of what a source said, and what a principal recorded."""

import msgspec

from services.timeline.wire import Moment, Uuid
from services.timeline.wire_log import RecordedOut
from services.timeline.wire_review import ReviewedSource
from services.timeline.wire_tree import Hash


class MonthOut(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of one month, as `2024-12` (UTC); what is not named is 0."""

    month: str
    numbers: dict[str, int]


class SourceReview(msgspec.Struct, frozen=True, kw_only=True):
    """A source's track record as known at one moment: its gradings, and numbers in all and by the month it first spoke.

    `developments` counts those of this page; the numbers of all pages add up. `/v1/audit/sources/{id}/developments` lists the
    developments behind each number.
    """

    known_at: Moment
    known_position: int
    view: str
    policy: str
    clock: str
    source: ReviewedSource
    developments: int
    total: dict[str, int]
    months: tuple[MonthOut, ...]
    next: str | None


class SpokenOf(msgspec.Struct, frozen=True, kw_only=True):
    """One development of which a source spoke; `numbers` are those in which it is counted."""

    development_id: Uuid
    position: int
    first_at: Moment
    standing: str
    rule: str
    rule_words: str
    bearing: str
    numbers: tuple[str, ...]
    summary: str


class SpokenOfPage(msgspec.Struct, frozen=True, kw_only=True):
    """The developments behind a number, in the order of the log; a page may hold fewer than were asked for."""

    known_at: Moment
    known_position: int
    view: str
    policy: str
    clock: str
    source_id: str
    developments: tuple[SpokenOf, ...]
    next: str | None


class RecordedByThem(RecordedOut, frozen=True, kw_only=True):
    """An event in the log, with the hash of its leaf."""

    leaf_hash: Hash | None


class TypeCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many events of one type."""

    type: str
    events: int


class MonthRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded in one month (UTC), by type."""

    month: str
    types: tuple[TypeCount, ...]


class RecorderReview(msgspec.Struct, frozen=True, kw_only=True):
    """How much a principal recorded, by type and by month.

    A page counts the positions after `after_position` up to `until_position`; the counts of all pages add up.
    """

    recorded_by: str
    known_position: int
    after_position: int
    until_position: int
    events: int
    first_position: int | None
    last_position: int | None
    types: tuple[TypeCount, ...]
    months: tuple[MonthRecorded, ...]
    next: str | None


class RecordedPage(msgspec.Struct, frozen=True, kw_only=True):
    """What a principal recorded, event by event in the order of the log; a page may hold fewer than were asked for."""

    recorded_by: str
    known_position: int
    events: tuple[RecordedByThem, ...]
    next: str | None

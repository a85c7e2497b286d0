"""The JSON shapes of corrections: what was accepted for an hour or more and later overturned."""

import msgspec

from services.timeline.wire import Moment, Uuid
from services.timeline.wire_review import ReviewedEvent


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that was accepted and then was not.

    `mode`, `holders` and `challengers` are what it said when it was last accepted (a withdrawal names who left as holders);
    `seconds` is how long it had been accepted. `causes` are the events that overturned it. `standing` and `bearing` are those of
    the moment asked about, null where it makes no claim by then.
    """

    development_id: Uuid
    location_id: str
    name: str
    facet: str
    mode: str
    holders: tuple[str, ...]
    challengers: tuple[str, ...]
    summary: str
    accepted_from: Moment
    overturned_at: Moment
    seconds: int
    accepted_as: str
    overturned_to: str
    standing: str | None
    bearing: str | None
    causes: tuple[ReviewedEvent, ...]
    words: str


class CorrectionPage(msgspec.Struct, frozen=True, kw_only=True):
    """Corrections, the last first, as known at one moment; a page may hold fewer than were asked for although others follow."""

    known_at: Moment
    known_position: int
    view: str
    policy: str
    clock: str
    corrections: tuple[Correction, ...]
    next: str | None

"""The JSON shapes of a replay: each change of status, with what caused it."""

import msgspec

from services.timeline.wire import BriefStatus, Moment, Uuid


class Cause(msgspec.Struct, frozen=True):
    """An event by which a status changed: a report, a denial, a verdict, a correction, or a source graded anew."""

    position: int
    type: str
    development_id: Uuid | None
    words: str


class StatusChange(msgspec.Struct, frozen=True, kw_only=True):
    """A period in which the answer of a place changed at one moment of the known axis.

    `position` is that of the (last) event that caused it. `past` says that only a bygone period was corrected: the status
    until further notice is as it was.
    """

    known_at: Moment
    position: int | None
    location_id: str
    name: str
    facet: str
    valid_from: Moment | None
    valid_until: Moment | None
    past: bool
    old: BriefStatus
    new: BriefStatus
    causes: tuple[Cause, ...]
    words: str


class Ended(msgspec.Struct, frozen=True):
    """The end of a replay: how many changes it told."""

    view: str
    known_position: int
    changes: int

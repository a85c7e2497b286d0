"""The JSON shapes of what differs between two moments."""

import msgspec

from services.timeline.wire import BriefStatus, Moment


class BothFacets(msgspec.Struct, frozen=True):
    """The answer of one location at one moment, as `/v1/status` gives it."""

    control: BriefStatus
    access: BriefStatus | None


class Change(msgspec.Struct, frozen=True):
    """A location whose answer differs: what it was and is (null: not registered then), and in which parts.

    `differs` names them by their paths: `control.holders`, `access`, or `registered`.
    """

    location_id: str
    differs: tuple[str, ...]
    old: BothFacets | None
    new: BothFacets | None


class MomentOut(msgspec.Struct, frozen=True):
    """A moment on both axes."""

    at: Moment
    known_at: Moment
    known_position: int


class ChangePage(msgspec.Struct, frozen=True):
    """The locations whose answers differ between two moments, ordered by id; `next` is the cursor of the next page."""

    axis: str
    from_: MomentOut = msgspec.field(name="from")
    to: MomentOut
    view: str
    policy: str
    clock: str
    changes: tuple[Change, ...]
    next: str | None

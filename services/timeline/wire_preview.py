"""The JSON shapes of a preview: what would become of events, and of the status of the places that they touch."""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import UNSET

from events.problems import UnusableEvent
from events.times import rfc3339
from projections.developments import Development
from projections.looking_ahead import Turned
from projections.status import Status
from services.timeline.previewing import Foreseen, Preview
from services.timeline.wire import FacetStatus, Moment, Uuid, WarningOut, facet_status
from services.timeline.wire_log import ProblemOut
from services.timeline.wire_warnings import warnings_out


class ForeseenOut(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of one event: the words are those of `POST /v1/events` for lines."""

    line: int
    result: str
    problem: ProblemOut | None = None
    warnings: tuple[WarningOut, ...] | msgspec.UnsetType = msgspec.UNSET


class StandingOut(msgspec.Struct, frozen=True, kw_only=True):
    """A development as it would be listed: its standing, and the rule that would give it."""

    development_id: Uuid
    kind: str
    location_id: str
    standing: str
    rule: str


class FacetsOut(msgspec.Struct, frozen=True):
    """The status of both facets of a place; access is null where no claim bears on it."""

    control: FacetStatus
    access: FacetStatus | None


class TurnedOut(msgspec.Struct, frozen=True, kw_only=True):
    """The status of a place before and after."""

    location_id: str
    changes: bool
    before: FacetsOut
    after: FacetsOut


class PreviewOut(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of some events on what stands at `known_position`; nothing of it is recorded.

    `more_places` counts the places that are touched beyond those told.
    """

    at: Moment
    known_at: Moment
    known_position: int
    view: str
    policy: str
    clock: str
    events: tuple[ForeseenOut, ...]
    developments: tuple[StandingOut, ...]
    places: tuple[TurnedOut, ...]
    more_places: int


def preview_out(found: Preview, lines: Sequence[int], refusal: Callable[[UnusableEvent], ProblemOut]) -> PreviewOut:
    """A preview as it is answered.

    Args:
        lines: The number of the line of each event.
        refusal: Makes the problem of a refused event.
    """
    return PreviewOut(
        at=rfc3339(found.at),
        known_at=rfc3339(found.known_at),
        known_position=found.position,
        view=found.view_name,
        policy=found.view.reading.policy.label,
        clock=found.view.reading.clock,
        events=tuple(_foreseen(line, one, refusal) for line, one in zip(lines, found.events, strict=True)),
        developments=tuple(map(_standing, found.developments)),
        places=tuple(map(_turned, found.places)),
        more_places=found.more_places,
    )


def _foreseen(line: int, one: Foreseen, refusal: Callable[[UnusableEvent], ProblemOut]) -> ForeseenOut:
    if one.refusal is not None:
        return ForeseenOut(line=line, result="refused", problem=refusal(one.refusal))
    said = "already_there" if one.already else "appended"
    return ForeseenOut(line=line, result=said, warnings=warnings_out(one.warnings) or UNSET)


def _standing(one: Development) -> StandingOut:
    return StandingOut(
        development_id=str(one.development_id),
        kind=one.kind,
        location_id=one.location_id,
        standing=one.standing,
        rule=one.rule,
    )


def _turned(one: Turned) -> TurnedOut:
    return TurnedOut(
        location_id=one.location_id, changes=one.changes, before=_facets(*one.before), after=_facets(*one.after)
    )


def _facets(control: Status, access: Status | None) -> FacetsOut:
    return FacetsOut(facet_status(control), facet_status(access) if access is not None else None)

"""The JSON shapes of answers (API.md), as typed structs: one place for the names, the encoding and the schemas."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import msgspec

from events.times import rfc3339
from projections.claims import asserted
from projections.status import Answer, Status

if TYPE_CHECKING:  # who checks an evidence bundle has no database, and encodes a status all the same
    from services.timeline.asked import Asked
    from services.timeline.found import PlaceStatus

Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time", "examples": ["2024-12-02T12:00:00Z"]})]
Uuid = Annotated[str, msgspec.Meta(extra_json_schema={"format": "uuid"})]
ModeName = Annotated[
    str,
    msgspec.Meta(
        extra_json_schema={"enum": ["held", "vacated", "contested", "besieged", "shared", "open", "closed", "unknown"]}
    ),
]


def moment(when: datetime | None) -> str | None:
    """A moment as answers write it; None for an open end."""
    return None if when is None else rfc3339(when)


class PendingGroup(msgspec.Struct, frozen=True):
    """Pending claims after the basis that assert one thing other than it."""

    mode: ModeName
    holders: tuple[str, ...]
    challengers: tuple[str, ...]
    standing: str
    since: Moment
    latest: Uuid
    count: int


class FacetStatus(msgspec.Struct, frozen=True):
    """The status of one facet: what the basis asserts, and what stands beside it."""

    mode: ModeName
    holders: tuple[str, ...]
    challengers: tuple[str, ...]
    standing: str | None
    basis: Uuid | None
    since: Moment | None
    valid_from: Moment | None
    valid_until: Moment | None
    pending: tuple[PendingGroup, ...]
    conflicting: tuple[UUID, ...]


class RollupEntry(msgspec.Struct, frozen=True):
    """How many of the places below share a mode and holders."""

    mode: ModeName
    holders: tuple[str, ...]
    count: int


class Rollup(msgspec.Struct, frozen=True):
    """All places below a location, by mode and holders."""

    places: int
    control: tuple[RollupEntry, ...]


class LocationStatus(msgspec.Struct, frozen=True):
    """The status of one location at a moment of both axes."""

    location_id: str
    at: Moment
    known_at: Moment
    known_position: int
    view: str
    policy: str
    clock: str
    control: FacetStatus
    access: FacetStatus | None
    rollup: Rollup


class BriefPending(msgspec.Struct, frozen=True):
    """The pending claims that assert one thing, without what is counted at read."""

    mode: ModeName
    holders: tuple[str, ...]
    challengers: tuple[str, ...]
    standing: str
    latest: Uuid


class BriefStatus(msgspec.Struct, frozen=True):
    """The status of one facet without what is computed at read."""

    mode: ModeName
    holders: tuple[str, ...]
    challengers: tuple[str, ...]
    standing: str | None
    basis: Uuid | None
    pending: tuple[BriefPending, ...]


class LocationBrief(msgspec.Struct, frozen=True):
    """One location among all."""

    location_id: str
    control: BriefStatus
    access: BriefStatus | None


class AllStatus(msgspec.Struct, frozen=True):
    """The status of every registered location, ordered by id."""

    at: Moment
    known_at: Moment
    known_position: int
    view: str
    policy: str
    clock: str
    locations: tuple[LocationBrief, ...]


class StretchOut(msgspec.Struct, frozen=True):
    """A period of the valid axis in which the answer does not change; null is since ever, or until further notice."""

    valid_from: Moment | None
    valid_until: Moment | None
    mode: ModeName
    holders: tuple[str, ...]
    challengers: tuple[str, ...]
    standing: str | None
    basis: Uuid | None
    pending: tuple[BriefPending, ...]


class History(msgspec.Struct, frozen=True):
    """The stretches of a location as known at one moment."""

    location_id: str
    known_at: Moment
    known_position: int
    view: str
    policy: str
    clock: str
    control: tuple[StretchOut, ...]
    access: tuple[StretchOut, ...] | None


class RectangleOut(msgspec.Struct, frozen=True):
    """A period of both axes in which the answer does not change; positions on the recorded clock only."""

    valid_from: Moment | None
    valid_until: Moment | None
    known_from: Moment | None
    known_until: Moment | None
    known_from_position: int | None
    known_until_position: int | None
    mode: ModeName
    holders: tuple[str, ...]
    challengers: tuple[str, ...]
    standing: str | None
    basis: Uuid | None
    pending: tuple[BriefPending, ...]


class Beliefs(msgspec.Struct, frozen=True):
    """The belief map of one facet of a location: rectangles, none overlapping, together covering the plane."""

    location_id: str
    facet: str
    known_at: Moment
    known_position: int
    view: str
    policy: str
    clock: str
    rectangles: tuple[RectangleOut, ...]


class StatementOut(msgspec.Struct, frozen=True):
    """One report or denial, what it weighs and why; `withheld`, only where it is so: it is of a sensitive source."""

    affirms: bool
    chain: tuple[str, ...]
    unnamed_end: str | None
    published_at: Moment
    credibility: int
    url: str | None
    position: int
    counts: bool
    usable: bool
    interest: str
    speaks: bool
    effective: bool | None
    words: str
    withheld: bool | msgspec.UnsetType = msgspec.UNSET


class CandidateOut(msgspec.Struct, frozen=True):
    """A development that looks the same; `standing` is null where it was recorded just now and is not folded yet."""

    development_id: Uuid
    standing: str | None
    occurred_start: Moment
    occurred_end: Moment
    sources: tuple[str, ...]


class WarningOut(msgspec.Struct, frozen=True):
    """What is odd about an event: a code for programs, the field by its path, and words for people."""

    code: str
    field: str
    message: str
    candidates: tuple[CandidateOut, ...] | msgspec.UnsetType = msgspec.UNSET


class ConsideredClaim(msgspec.Struct, frozen=True):
    """One claim that was considered: what it says, what it became, by which rule, and its part in the status."""

    development_id: Uuid
    facet: str
    kind: str
    summary: str
    mode: ModeName
    holders: tuple[str, ...]
    challengers: tuple[str, ...]
    takes_effect: Moment
    published_at: Moment
    occurred_start: Moment
    occurred_end: Moment
    standing: str
    bearing: str
    rule: str
    part: str
    words: str
    warnings: tuple[WarningOut, ...]
    statements: tuple[StatementOut, ...]


class Explanation(msgspec.Struct, frozen=True):
    """A status and the claims behind it, in their order."""

    location_id: str
    name: str
    at: Moment
    known_at: Moment
    known_position: int
    view: str
    policy: str
    clock: str
    sentence: str
    policy_words: str
    control: FacetStatus
    access: FacetStatus | None
    claims: tuple[ConsideredClaim, ...]


encode = msgspec.json.Encoder().encode


def facet_status(status: Status) -> FacetStatus:
    """A status as it is answered; mode unknown where there is no basis."""
    mode, holders, challengers = asserted(status.assertion) if status.assertion else ("unknown", (), ())
    pending = []
    for group in status.pending:
        says = asserted(group.assertion)
        latest, since = str(group.last.development_id), rfc3339(group.since)
        pending.append(PendingGroup(*says, group.last.standing, since, latest, group.claims))
    return FacetStatus(
        mode,
        holders,
        challengers,
        status.basis.standing if status.basis else None,
        str(status.basis.development_id) if status.basis else None,
        moment(status.since),
        moment(status.valid_from),
        moment(status.valid_until),
        tuple(pending),
        status.conflicting,
    )


def location_status(asked: "Asked", location_id: str, status: "PlaceStatus") -> LocationStatus:
    """The answer to "who held it": the shape of API.md."""
    return LocationStatus(
        location_id=location_id,
        at=rfc3339(asked.at),
        **coordinates(asked),
        control=facet_status(status.control),
        access=facet_status(status.access) if status.access else None,
        rollup=Rollup(status.places, tuple(RollupEntry(*one) for one in status.rollup)),
    )


def brief(answer: Answer) -> BriefStatus:
    """An answer without what is computed at read."""
    mode, holders, challengers = asserted(answer.assertion) if answer.assertion else ("unknown", (), ())
    basis = str(answer.basis) if answer.basis else None
    return BriefStatus(mode, holders, challengers, answer.standing, basis, _pending(answer))


def _pending(answer: Answer) -> tuple[BriefPending, ...]:
    return tuple(BriefPending(*asserted(one.assertion), one.standing, str(one.latest)) for one in answer.pending)


def answer_fields(answer: Answer) -> dict[str, Any]:
    """The fields of an answer within a stretch or a rectangle."""
    said = brief(answer)
    return {name: getattr(said, name) for name in BriefStatus.__struct_fields__}


def coordinates(asked: "Asked") -> dict[str, Any]:
    """How every answer names the view and the moment of the known axis that it rests on."""
    return {
        "known_at": rfc3339(asked.known_at),
        "known_position": asked.known_position,
        "view": asked.view_name,
        "policy": asked.view.reading.policy.label,
        "clock": asked.view.reading.clock,
    }

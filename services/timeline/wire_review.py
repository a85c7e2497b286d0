"""The JSON shapes of reviews: an answer down to who said what, who recorded it, and the leaf that stands for it.

`recorded_by` and `leaf_hash` are null where whoever asks is no auditor; see docs/audit.md.
"""

from typing import Any

import msgspec

from services.timeline.wire import BriefStatus, ConsideredClaim, FacetStatus, Moment, StatementOut, Uuid
from services.timeline.wire_developments import DevelopmentOut, MergedOut
from services.timeline.wire_tree import Hash


class EvidenceOut(msgspec.Struct, frozen=True, kw_only=True):
    """A captured file that an event points at, by its hash."""

    kind: str
    url: str | None
    sha256: str | None
    captured_at: Moment | None
    verified: str


class ReviewedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the log as a review names it.

    `said_at` is its own time: when it was published, decided or taken back; null for reference data. `words` say what it
    does, `reason` is its own text. `redacted`: its text was lawfully removed. `withheld`, only where it is so: it tells of a sensitive source.
    """

    position: int
    event_id: Uuid
    type: str
    development_id: Uuid | None
    said_at: Moment | None
    recorded_at: Moment
    recorded_by: str | None
    leaf_hash: Hash | None
    redacted: bool
    words: str
    reason: str
    evidence: tuple[EvidenceOut, ...]
    withheld: bool | msgspec.UnsetType = msgspec.UNSET


class ReviewedStatement(StatementOut, frozen=True, kw_only=True):
    """A report or denial, what it weighs and why, and the event that recorded it."""

    development_id: Uuid
    event_id: Uuid
    type: str
    language: str | None
    evidence: tuple[EvidenceOut, ...]
    recorded_at: Moment
    recorded_by: str | None
    leaf_hash: Hash | None
    redacted: bool


class ReviewedClaim(ConsideredClaim, frozen=True, kw_only=True):
    """One claim that was considered.

    `rule_words` name the rule that gave its standing, `part_words` the one that gave its part in the status. `decisions` are the
    assessments, retractions, amendments, mergers and voids known by then. Of each list the latest are told; `left_out`
    counts the rest, which `/v1/audit/developments/{id}` tells.
    """

    statements: tuple[ReviewedStatement, ...]
    rule_words: str
    part_words: str
    decisions: tuple[ReviewedEvent, ...]
    left_out: int


class ReviewedSource(msgspec.Struct, frozen=True, kw_only=True):
    """A source that is heard here, graded as known then, and the events that graded or aligned it."""

    source_id: str
    name: str
    kind: str
    reliability: str
    aligned_with: tuple[str, ...]
    events: tuple[ReviewedEvent, ...]


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered about a place as known at one moment."""

    known_at: Moment
    known_position: int
    sentence: str
    control: FacetStatus
    access: FacetStatus | None


class Turned(msgspec.Struct, frozen=True, kw_only=True):
    """A step by which the answer changed.

    `how`: `recorded` (it was recorded then), `published` (it was published then), or `arrived_late` (recorded later, though
    published by the moment of the first answer). `position` is that of the last event that caused it.
    """

    how: str
    facet: str
    known_at: Moment
    position: int | None
    differs: tuple[str, ...]
    old: BriefStatus
    new: BriefStatus
    causes: tuple[ReviewedEvent, ...]
    words: str


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered then, what would be answered today, and what changed it in between.

    `differs` names the parts by their paths, as `/v1/changes` does. `changed_by` holds the latest steps, in the order in which
    they happened; `left_out` counts those before them. What arrived late comes first: it changed what had been known then.
    """

    then: Answered
    today: Answered
    differs: tuple[str, ...]
    changed_by: tuple[Turned, ...]
    left_out: int


class LocationReview(msgspec.Struct, frozen=True, kw_only=True):
    """A status from the answer down to the leaves: the basis, every claim considered, and who is heard in them.

    `considered` counts all claims by their part in the status; `claims` are a page of them, the last in the order first. On
    the first page `compared` lays the answer beside that of today; on later ones it is null.
    """

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
    considered: dict[str, int]
    basis: tuple[ReviewedClaim, ...]
    claims: tuple[ReviewedClaim, ...]
    sources: tuple[ReviewedSource, ...]
    compared: Compared | None
    next: str | None


class ReviewedStep(ReviewedEvent, frozen=True, kw_only=True):
    """An event of a development's trail, and the standing after it with the rule in words.

    `known_at` is when it came to count. `heard` is false where the view's choice of sources leaves a statement out. `event`
    has the shape in which it was posted.
    """

    known_at: Moment
    heard: bool
    standing: str
    rule: str
    rule_words: str
    event: dict[str, Any]


class ClaimedOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a development claimed in one period of the known axis; `known_until` is null until further notice."""

    location_id: str
    facet: str
    mode: str
    holders: tuple[str, ...]
    challengers: tuple[str, ...]
    takes_effect: Moment
    standing: str
    bearing: str
    known_from: Moment
    known_until: Moment | None


class DevelopmentReview(msgspec.Struct, frozen=True, kw_only=True):
    """One development with all that it ever claimed, and a page of its trail in the order of the clock.

    `steps` counts the whole trail.
    """

    known_at: Moment
    known_position: int
    view: str
    policy: str
    clock: str
    development: DevelopmentOut
    claimed: tuple[ClaimedOut, ...]
    merged: tuple[MergedOut, ...]
    steps: int
    trail: tuple[ReviewedStep, ...]
    next: str | None

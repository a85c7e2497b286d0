"""One development with everything merged into it → what a list tells of it (pure).

The same hearing and the same rules as for claims, for developments of every kind: also those that bear on no status.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from events.developments import DevelopmentAmended, DevelopmentMerged, DevelopmentReported
from events.records import changed
from projections.claims import FOREVER, ClaimVersion
from projections.knowing import Cluster, Recorded
from projections.policies import Reading
from projections.sources import Sources
from projections.standing import Finding, Hearing, affirming, finding
from projections.versions import hearing_at, outcome


class Development(NamedTuple):
    """A development as known at one moment.

    Attributes:
        position: Of its DevelopmentReported: developments are listed in this order.
        published_at: Of its DevelopmentReported.
        sources: Everybody in the chains of the statements that are heard of it, sorted; also of those taken back.
        merged_into: The development that it was merged into; its statements count there.
        reports, denials: How many statements affirm and deny it, without those taken back.
    """

    development_id: UUID
    position: int
    kind: str
    location_id: str
    destination_id: str | None
    occurred_start: datetime
    occurred_end: datetime
    published_at: datetime
    standing: str
    rule: str
    sources: tuple[str, ...]
    merged_into: UUID | None
    reports: int
    denials: int


def development(
    development_id: UUID, recorded: Sequence[Recorded], sources: Sources, reading: Reading, known: int = FOREVER
) -> Development | None:
    """A development as known at a moment, by default with all that its events say; None where it was not known then.

    Args:
        recorded: Its events and those of all developments merged into it, directly or not, in the order of the log.
        sources: The gradings of sources up to the same position of the log.
    """
    heard = hearing_at(development_id, recorded, reading, known)
    if heard is None:
        return None
    own = [one for one in recorded if one.event.development_id == development_id]
    destination_id = content(development_id, recorded, reading, known)["destination_id"]
    return _listed(own, heard, finding(heard, sources.as_known(known)), destination_id)


class FoldedDevelopment(NamedTuple):
    """The first fold of a development with what a list tells of it."""

    versions: list[ClaimVersion]
    row: Development | None


def fold_development(
    development_id: UUID, recorded: Sequence[Recorded], sources: Sources, reading: Reading
) -> FoldedDevelopment:
    """`versions.claim_versions` and `development` in one go, heard once."""
    versions, told, found = outcome(development_id, recorded, sources, reading)
    if told is None or found is None:
        return FoldedDevelopment(versions, None)
    first = told.own[0].event
    destination_id = first.destination_id if isinstance(first, DevelopmentReported) else None
    if any(isinstance(one.event, DevelopmentAmended) for one in told.own[1:]):
        destination_id = content(development_id, recorded, reading)["destination_id"]
    return FoldedDevelopment(versions, _listed(told.own, told.heard, found, destination_id))


def _listed(own: Sequence[Recorded], heard: Hearing, found: Finding, destination_id: str | None) -> Development:
    first = own[0].event
    assert isinstance(first, DevelopmentReported)
    merged = (
        next((one.event for one in own if isinstance(one.event, DevelopmentMerged)), None) if heard.merged else None
    )
    remaining = heard.remaining()
    affirmations = affirming(remaining)
    occurred = heard.occurred
    return Development(
        first.development_id,
        own[0].position,
        heard.kind,
        heard.location_id,
        destination_id,
        occurred.start,
        occurred.end,
        first.report.published_at,
        found.standing,
        found.rule,
        _everybody(tuple([said.chain for said in heard.statements])),
        merged.into_id if merged is not None else None,
        affirmations,
        len(remaining) - affirmations,
    )


@lru_cache(maxsize=65536)
def _everybody(chains: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """Everybody in some chains, sorted; the same chain carries many a report that stays alone."""
    return tuple(sorted({source for chain in chains for source in chain}))


#: What a DevelopmentReported says of the development itself, and an amendment may replace.
CONTENT = ("kind", "location_id", "occurred", "participants", "figures", "destination_id", "summary", "tags")


def content(
    development_id: UUID, recorded: Sequence[Recorded], reading: Reading, known: int = FOREVER
) -> Mapping[str, Any]:
    """What a development says as amended by a moment: the fields of CONTENT; text only where the events carry it."""
    own = [one for one in recorded if one.event.development_id == development_id]
    said = {name: getattr(own[0].event, name) for name in CONTENT}
    if any(isinstance(one.event, DevelopmentAmended) for one in own):
        cluster = Cluster(recorded, reading)
        amended = [(cluster.known(one), one.position, one.event) for one in own
                   if isinstance(one.event, DevelopmentAmended)]  # fmt: skip
        for moment, _, event in sorted(amended, key=lambda each: each[:2]):
            if moment <= known:
                said |= changed(event.changes)
    return said

"""A status reviewed: from the answer down to the basis, every claim considered, its statements, and the leaves of each.

What the claims say and what became of them is told by `narration`, as `explain` tells it; here stands who recorded it, where
it is in the log, and by which rule. A place of twenty thousand claims is told a page at a time.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from events.recorded import reference_stream
from events.times import rfc3339
from projections.claims import Assertion, ClaimVersion, asserted, micros, resolved
from projections.knowing import STATEMENTS
from projections.replaying import Step
from projections.sources import GRADINGS
from services.timeline import cursors, wire
from services.timeline.access import Principal
from services.timeline.asked import Asked
from services.timeline.audit import pages
from services.timeline.audit.ledger import Ledger, Recorded, evidence_of, evidence_out
from services.timeline.audit.pages import Place
from services.timeline.audit.rule_words import PARTS, part_words, rule_words
from services.timeline.causes import cause
from services.timeline.composition import Timeline
from services.timeline.found import PlaceStatus
from services.timeline.narration import Names, basis_before, considered, facet_of, part_of, sentence
from services.timeline.reader import Told
from services.timeline.wire_review import (
    Compared,
    LocationReview,
    ReviewedClaim,
    ReviewedEvent,
    ReviewedSource,
    ReviewedStatement,
)

#: Of the statements, decisions and gradings of one claim or source the latest so many are told.
MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who reviews, and how: as a settled question holds it.

    Attributes:
        who: Recorders and leaves are told as far as this principal may know them.
    """

    timeline: Timeline
    asked: Asked
    who: Principal

    @property
    def names(self) -> Names:
        """What things are called at the moments asked about."""
        return Names(self.timeline.reader.catalogue(self.asked.known_position), self.asked)


class _Page(NamedTuple):
    """What of a place's claims is told."""

    basis: list[ClaimVersion]
    claims: list[ClaimVersion]
    next: str | None


def review(
    reviewer: Reviewer, location_id: str, *, place: Place | None, limit: int, compared: Compared | None
) -> LocationReview:
    """One page of the review of a place.

    Args:
        place: Where it goes on; None for the first page.
        compared: The answer beside that of today.

    Raises:
        NotRegistered: the location is not registered as known then.
    """
    asked, reader, names = reviewer.asked, reviewer.timeline.reader, reviewer.names
    status = reader.status(asked, location_id)
    versions = reader.considered(asked, location_id)
    before = basis_before(versions)
    parts = Counter(_part(one, before[one], status, asked.at) for one in versions)
    page = _page(reviewer, location_id, versions, status, place, limit)
    told = {one.claim: one for one in reader.accounts(asked, list(dict.fromkeys([*page.basis, *page.claims])))}
    gradings = _gradings(reviewer, told.values())
    ledger = Ledger(asked.connection, reviewer.who, _positions(told.values(), gradings))

    def reviewed(claims: Sequence[ClaimVersion]) -> tuple[ReviewedClaim, ...]:
        return tuple(_claim(told[one], before[one], status, reviewer, names, ledger) for one in claims)

    return LocationReview(
        location_id=location_id,
        name=names.location(location_id),
        at=rfc3339(asked.at),
        **wire.coordinates(asked),
        sentence=sentence(names.location(location_id), status.control, names),
        policy_words=asked.view.reading.policy.words,
        control=wire.facet_status(status.control),
        access=wire.facet_status(status.access) if status.access else None,
        considered={part: parts[part] for part in PARTS if parts[part]},
        basis=reviewed(page.basis),
        claims=reviewed(page.claims),
        sources=tuple(_sources(reviewer, gradings, names, ledger)),
        compared=compared,
        next=page.next,
    )


def question(location_id: str, view: str) -> str:
    """What tells the list of claims of a place from others."""
    return cursors.marked("claims", location_id, view)


def _page(
    reviewer: Reviewer,
    location_id: str,
    versions: Sequence[ClaimVersion],
    status: PlaceStatus,
    place: Place | None,
    limit: int,
) -> _Page:
    """The bases, and so many claims from the last in the order backwards."""
    asked = reviewer.asked
    held = [each.basis.development_id for each in (status.control, status.access) if each and each.basis]
    basis = [one for one in versions if one.development_id in held]
    rest = [one for one in reversed(versions) if place is None or _key(one) < place.last]
    chosen, following = rest[:limit], None
    if len(rest) > limit:
        following = pages.after(asked, question(location_id, asked.view_name), _key(chosen[-1]))
    return _Page(basis, chosen, following)


def _key(claim: ClaimVersion) -> tuple[int, int, int]:
    """The place of a claim in the order, as a cursor keeps it; one development claims one thing of one facet at a time."""
    return micros(claim.takes_effect), micros(claim.published_at), claim.position


def _part(claim: ClaimVersion, before: Assertion | None, status: PlaceStatus, at: datetime) -> str:
    return part_of(claim, asserted(resolved(claim.assertion, before)), facet_of(status, claim), at)


def _claim(
    one: Told, before: Assertion | None, status: PlaceStatus, reviewer: Reviewer, names: Names, ledger: Ledger
) -> ReviewedClaim:
    said = considered(one, before, facet_of(status, one.claim), reviewer.asked, names)
    recorded = {each.position: each for each in one.account.recorded}
    decided = [each for each in one.account.recorded if not isinstance(each.event, STATEMENTS)]
    statements, decisions = said.statements[-MOST:], decided[-MOST:]
    fields = {name: getattr(said, name) for name in said.__struct_fields__}
    return ReviewedClaim(
        **fields | {"statements": tuple(_statement(each, recorded[each.position], ledger) for each in statements)},
        rule_words=rule_words(said.rule, said.standing),
        part_words=part_words(said.part),
        decisions=tuple(_decision(each, one.claim, names, ledger) for each in decisions),
        left_out=len(said.statements) - len(statements) + len(decided) - len(decisions),
    )


def _statement(said: wire.StatementOut, one: Recorded, ledger: Ledger) -> ReviewedStatement:
    fields = {name: getattr(said, name) for name in said.__struct_fields__}
    return ReviewedStatement(
        **fields | ledger.place(one),
        development_id=str(one.event.development_id),
        language=one.event.report.language,
        evidence=evidence_out(evidence_of(one.event)),
    )


def _decision(one: Recorded, claim: ClaimVersion, names: Names, ledger: Ledger) -> ReviewedEvent:
    step = Step(claim.known_from, claim.location_id, claim.facet, (), (claim,))
    return ledger.event(one, cause(one, step, names).words)


def _gradings(reviewer: Reviewer, told: Iterable[Told]) -> dict[str, list[Recorded]]:
    """What was stated of each source that is heard in some claims, by then; of each the latest."""
    heard = {source for one in told for each in one.account.statements for source in each.said.chain}
    found: dict[str, list[Recorded]] = {one: [] for one in sorted(heard)}
    streams = [reference_stream("source", one) for one in found]
    for one in reviewer.timeline.log.streams(streams, reviewer.asked.known_position):
        if isinstance(one.event, GRADINGS):
            found[one.event.source_id].append(one)
    return {source: events[-MOST:] for source, events in found.items()}


def _positions(told: Iterable[Told], gradings: dict[str, list[Recorded]]) -> set[int]:
    of_claims = {each.position for one in told for each in one.account.recorded}
    return of_claims | {each.position for events in gradings.values() for each in events}


def _sources(
    reviewer: Reviewer, gradings: dict[str, list[Recorded]], names: Names, ledger: Ledger
) -> Iterable[ReviewedSource]:
    catalogue, position = (
        reviewer.timeline.reader.catalogue(reviewer.asked.known_position),
        reviewer.asked.known_position,
    )
    nothing = Step(0, "", "", (), ())
    for source_id, events in gradings.items():
        held: Any = catalogue.source(source_id, position)
        if held is not None:
            yield ReviewedSource(
                source_id=source_id,
                name=held.name,
                kind=held.kind,
                reliability=held.reliability,
                aligned_with=held.aligned_with,
                events=tuple(ledger.event(one, cause(one, nothing, names).words) for one in events),
            )

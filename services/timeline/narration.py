"""Answers in sentences that an analyst accepts: who holds a place, and why we say so."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import UNSET

from events import warnings
from events.developments import DevelopmentAmended, DevelopmentAssessed, DevelopmentDenied, DevelopmentReported
from events.records import changed
from events.times import rfc3339
from events.vocabulary import CREDIBILITY_WORDS
from events.warnings import Warned
from projections.catalogue import Catalogue
from projections.claims import Asserted, ClaimVersion, asserted, is_withdrawal, resolved
from projections.explain import Account, Weighed, statement_event
from projections.knowing import Recorded
from projections.policies import (
    ADMITTED,
    CORROBORATED,
    CREDIBLE,
    DISPUTED,
    MERGED,
    RETRACTED,
    UNCONFIRMED,
    VOID,
)
from projections.standing import AGAINST_INTEREST, SELF_SERVING
from projections.status import Answer, Status
from services.timeline import wire
from services.timeline.asked import Asked
from services.timeline.found import PlaceStatus
from services.timeline.reader import Reader, Told
from services.timeline.wire_warnings import warnings_out


class Names:
    """What things are called at one moment of both axes."""

    def __init__(self, catalogue: Catalogue, asked: Asked) -> None:
        self._catalogue, self._at, self._position = catalogue, asked.at, asked.known_position

    def actor(self, actor_id: str) -> str:
        return self._catalogue.actor_name(actor_id, self._at, self._position)

    def actors(self, ids: Iterable[str]) -> str:
        return listed([self.actor(one) for one in ids])

    def source(self, source_id: str) -> str:
        return self._catalogue.source_name(source_id, self._position)

    def grade(self, source_id: str) -> str:
        held = self._catalogue.source(source_id, self._position)
        return held.reliability if held else "F"

    def chain(self, chain: Sequence[str]) -> str:
        """Who carried it, outermost first."""
        return ", citing ".join(self.source(one) for one in chain)

    def location(self, location_id: str) -> str:
        held = self._catalogue.location(location_id, self._at, self._position)
        return held.name or location_id if held else location_id


def listed(words: Sequence[str]) -> str:
    """Words as a list in a sentence: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "nobody"


def assertion_words(said: Asserted, names: Names) -> str:
    """What an assertion says of a place, as the end of a sentence that begins with its name."""
    holders, challengers = names.actors(said.holders), names.actors(said.challengers)
    return {
        "held": f"held by {holders}",
        "vacated": "left, with no holder reported since",
        "contested": _contested(said, holders, challengers),
        "besieged": f"held by {holders} and besieged by {challengers}",
        "shared": f"held in parts by {holders}",
        "open": f"open, says {holders}",
        "closed": f"closed by {holders}",
    }[said.mode]


def _contested(said: Asserted, holders: str, challengers: str) -> str:
    if said.holders and said.challengers:
        return f"contested: {holders} against {challengers}"
    return f"contested by {holders if said.holders else challengers}"


def sentence(place: str, status: Status, names: Names) -> str:
    """The status of a place in one or two sentences."""
    if status.assertion is None:
        first = f"{place}: nobody knows who holds it; "
        first += "nothing that is claimed is accepted." if status.pending else "there is no claim yet."
    else:
        assert status.basis is not None
        first = f"{place} is {assertion_words(asserted(status.assertion), names)} ({status.basis.standing})."
    also = [f"{assertion_words(asserted(one.assertion), names)} ({one.last.standing})" for one in status.pending]
    return first + (f" Also claimed: {'; '.join(also)}." if also else "")


def answer_words(answer: Answer, names: Names) -> str:
    """An answer as the end of a sentence that begins with the place: what is accepted, and what is claimed beside it."""
    said = (
        f"{assertion_words(asserted(answer.assertion), names)} ({answer.standing})" if answer.assertion else "unknown"
    )
    also = [f"{assertion_words(asserted(one.assertion), names)} ({one.standing})" for one in answer.pending]
    return said + (f"; also claimed: {'; '.join(also)}" if also else "")


def explained(reader: Reader, asked: Asked, location_id: str) -> wire.Explanation:
    """Why the status of a place is what it is: all its claims in their order.

    Raises:
        NotRegistered: the location is not registered as known then.
    """
    status = reader.status(asked, location_id)
    names = Names(reader.catalogue(asked.known_position), asked)
    told = reader.tell(asked, location_id)
    before = basis_before([one.claim for one in told])
    said = [considered(one, before[one.claim], facet_of(status, one.claim), asked, names) for one in told]
    place = names.location(location_id)
    return wire.Explanation(
        location_id=location_id,
        name=place,
        at=rfc3339(asked.at),
        **wire.coordinates(asked),
        sentence=sentence(place, status.control, names),
        policy_words=asked.view.reading.policy.words,
        control=wire.facet_status(status.control),
        access=wire.facet_status(status.access) if status.access else None,
        claims=tuple(said),
    )


def facet_of(status: PlaceStatus, claim: ClaimVersion) -> Status | None:
    """The status on which a claim bears."""
    found: Status | None = getattr(status, claim.facet)
    return found


def basis_before(claims: Iterable[ClaimVersion]) -> dict[ClaimVersion, str | None]:
    """For each claim, in their order, what the last accepted one before it asserts: a withdrawal is resolved against it."""
    held: dict[str, str] = {}
    found: dict[ClaimVersion, str | None] = {}
    for one in claims:
        found[one] = held.get(one.facet)
        if one.bearing == "accepted":
            held[one.facet] = resolved(one.assertion, held.get(one.facet))
    return found


def considered(
    one: Told, before: str | None, status: Status | None, asked: Asked, names: Names
) -> wire.ConsideredClaim:
    """A claim with what it says, what it became and by which rule; `before` as `basis_before` finds it."""
    claim, account = one.claim, one.account
    says = asserted(resolved(claim.assertion, before))
    return wire.ConsideredClaim(
        development_id=str(claim.development_id),
        facet=claim.facet,
        kind=account.heard.kind,
        summary=_summary(one.account.recorded, claim.development_id),
        mode=says.mode,
        holders=says.holders,
        challengers=says.challengers,
        takes_effect=rfc3339(claim.takes_effect),
        published_at=rfc3339(claim.published_at),
        occurred_start=rfc3339(claim.occurred_start),
        occurred_end=rfc3339(claim.occurred_end),
        standing=claim.standing,
        bearing=claim.bearing,
        rule=account.found.rule,
        part=part_of(claim, says, status, asked.at),
        words=_words(claim, says, account, one.account.recorded, names),
        warnings=warnings_out(_odd(one)),
        statements=tuple(_statement(weighed, one.account.recorded, names) for weighed in account.statements),
    )


def _summary(recorded: Sequence[Recorded], development_id: UUID) -> str:
    summary = ""
    for one in recorded:
        if one.event.development_id != development_id:
            continue
        if isinstance(one.event, DevelopmentReported):
            summary = one.event.summary
        elif isinstance(one.event, DevelopmentAmended):
            summary = changed(one.event.changes).get("summary", summary)
    return summary


def part_of(claim: ClaimVersion, says: Asserted, status: Status | None, at: datetime) -> str:
    """The part that a claim plays in the status."""
    if claim.bearing == "ignored":
        return "ignored"
    if claim.takes_effect > at:
        return "not in effect yet"
    basis = status.basis if status else None
    if basis is not None and basis.development_id == claim.development_id:
        return "basis"
    if claim.bearing == "accepted":
        return "conflicting" if status and claim.development_id in status.conflicting else "superseded"
    if basis is not None and claim.order < basis.order:
        return "pending before the basis"
    agrees = status is not None and status.assertion is not None and asserted(status.assertion) == says
    return "pending, and says the same as the basis" if agrees else "pending"


def _odd(one: Told) -> Iterable[Warned]:
    heard = one.account.heard
    for recorded in one.account.recorded:
        yield from warnings.of_statement(recorded.event, heard.occurred)
    events = [each.event for each in one.account.recorded]
    moved = [at for at, event in enumerate(events) if isinstance(event, DevelopmentAmended) and _moved(event)]
    earlier = moved and any(isinstance(event, DevelopmentAssessed | DevelopmentDenied) for event in events[: moved[-1]])
    if earlier:
        said = (
            "an assessment or denial was made before the kind or place of the development was amended; it still counts"
        )
        yield Warned("judged_before_amended", "", said)


def _moved(event: DevelopmentAmended) -> bool:
    return not {"kind", "location_id"}.isdisjoint(changed(event.changes))


def _words(claim: ClaimVersion, says: Asserted, account: Account, recorded: Sequence[Recorded], names: Names) -> str:
    """What is claimed, what became of it, and by which rule."""
    claimed = f"Claims that the place is {assertion_words(says, names)}"
    if is_withdrawal(claim.assertion):
        claimed = (
            f"Claims a withdrawal by {names.actors(asserted(claim.assertion).holders)}: {assertion_words(says, names)}"
        )
    return f"{claimed}. {claim.standing.capitalize()}: {_why(account, recorded, names)}"


def _why(account: Account, recorded: Sequence[Recorded], names: Names) -> str:
    standing, rule = account.found
    if rule == "assessed":
        return _verdict(account, recorded)
    if standing == DISPUTED and rule == "denied":
        deniers = [names.chain(one.said.chain) for one in account.statements if one.effective and one.speaks]
        return f"denied by {listed(deniers)}, and not reported again well enough since."
    words = {
        VOID: "recorded by mistake.",
        MERGED: "another record of the same development; its reports count there.",
        RETRACTED: "no report that affirms it remains.",
        DISPUTED: "every origin that reported it denies it by now.",
    }
    return words.get(standing) or _by_reports(account, names)


def _verdict(account: Account, recorded: Sequence[Recorded]) -> str:
    verdicts = [
        one.event
        for one in recorded
        if isinstance(one.event, DevelopmentAssessed) and one.event.credibility == account.heard.verdict
    ]
    last = verdicts[-1]
    said = f"assessed by {last.analyst or 'an analyst'} on {rfc3339(last.assessed_at)} as {last.credibility}, "
    reasoning = f": {last.reasoning}" if last.reasoning else "."
    return said + CREDIBILITY_WORDS[last.credibility] + reasoning


def _by_reports(account: Account, names: Names) -> str:
    reports = [one for one in account.statements if one.said.affirms and one.speaks]
    counting = [one for one in reports if one.weight.counts]
    rescued = " since the denial" if account.found.rule == "reported again since the denial" else ""
    if account.found.standing == ADMITTED:
        who = [names.chain(one.said.chain) for one in counting if one.weight.interest == AGAINST_INTEREST]
        return f"told against its own interest by {listed(sorted(set(who)))}{rescued}."
    if account.found.standing == CORROBORATED:
        origins = sorted({one.said.origin for one in counting})
        told = listed([names.source(one) for one in origins])
        return f"{len(origins)} origins report it{rescued} ({told}), one of them usable and serving no interest."
    if account.found.standing == CREDIBLE:
        who = [f"{names.chain(one.said.chain)} ({_grades(one, names)})" for one in counting if one.weight.usable]
        return f"reported by a usable source without an interest: {listed(who)}."
    assert account.found.standing == UNCONFIRMED
    return f"no report carries it by itself: {'; '.join(_short(one, names) for one in reports)}."


def _grades(one: Weighed, names: Names) -> str:
    return f"{''.join(names.grade(source) for source in one.said.chain)}{one.said.credibility}"


def _short(one: Weighed, names: Names) -> str:
    return f"{names.chain(one.said.chain)} ({_grades(one, names)}) {_weakness(one, names)}"


def _weakness(one: Weighed, names: Names) -> str:
    """Why a report does not carry a claim by itself."""
    if one.said.credibility in (4, 5):
        return f"does not count, its information being graded {CREDIBILITY_WORDS[one.said.credibility]}"
    for source in one.said.chain:
        if names.grade(source) in "EF":
            return f"does not count: {names.source(source)} is {names.grade(source)}"
    if one.weight.interest == SELF_SERVING:
        return "serves its own interest"
    if not one.weight.usable:
        return "counts, but a source in its chain is D, not usually reliable"
    return "is usable, but its information cannot be judged and not every source in its chain is A or B"


def _statement(one: Weighed, recorded: Sequence[Recorded], names: Names) -> wire.StatementOut:
    report = statement_event(recorded, one.said.position).report
    withheld = any(each.withheld for each in recorded if each.position == one.said.position)
    return wire.StatementOut(
        affirms=one.said.affirms,
        chain=one.said.chain,
        unnamed_end=report.unnamed_end,
        published_at=rfc3339(one.said.published_at),
        credibility=one.said.credibility,
        url=report.url,
        position=one.said.position,
        counts=one.weight.counts,
        usable=one.weight.usable,
        interest=one.weight.interest,
        speaks=one.speaks,
        effective=one.effective,
        words=_statement_words(one, report.unnamed_end, names),
        withheld=withheld or UNSET,
    )


def _statement_words(one: Weighed, unnamed_end: str | None, names: Names) -> str:
    verb = "reported" if one.said.affirms else "denied"
    quoted = f", quoting {unnamed_end}" if unnamed_end else ""
    said = f"{names.chain(one.said.chain)} ({_grades(one, names)}){quoted} {verb} it"
    if one.retracted:
        return f"{said}, and took it back."
    if not one.speaks:
        return f"{said}, and says otherwise by now."
    if one.effective is not None:
        return f"{said}; {'an effective denial' if one.effective else 'not an effective denial: ' + _no_effect(one)}."
    if one.weight.interest == AGAINST_INTEREST and one.weight.counts:
        return f"{said}, against its own interest."
    if one.weight.usable and one.weight.interest != SELF_SERVING:
        return f"{said}; usable, and serving no interest."
    return f"{said}; {_weakness(one, names)}."


def _no_effect(one: Weighed) -> str:
    if not one.weight.counts:
        return "it does not count"
    return "it serves its own interest" if one.weight.interest == SELF_SERVING else "its chain is not usable"

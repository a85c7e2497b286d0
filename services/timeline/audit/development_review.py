"""One development reviewed: what it ever claimed, and its trail with recorders, leaves and rules, a page at a time."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from events.times import rfc3339
from projections import views
from projections.claims import FOREVER, ClaimVersion, asserted
from projections.replaying import Step
from projections.trail import Entry
from projections.versions import claim_versions
from services.timeline import cursors, development_trail, wire
from services.timeline.asked import Asked
from services.timeline.audit import pages
from services.timeline.audit.ledger import Ledger
from services.timeline.audit.pages import Place
from services.timeline.audit.reviewing import Reviewer
from services.timeline.audit.rule_words import rule_words
from services.timeline.causes import cause
from services.timeline.developments import out
from services.timeline.reader import until
from services.timeline.wire_log import as_posted
from services.timeline.wire_review import ClaimedOut, DevelopmentReview, ReviewedStep


def question(development_id: UUID, view: str) -> str:
    """What tells the trail of a development from other lists."""
    return cursors.marked("trail", development_id, view)


def review(reviewer: Reviewer, development_id: UUID, *, place: Place | None, limit: int) -> DevelopmentReview:
    """One page of the review of a development, as known at the moment asked about.

    Raises:
        NotRegistered: it was not known then, or the view leaves out all that affirms it.
    """
    asked = reviewer.asked
    row, said, recorded, steps = development_trail.found(reviewer.timeline.log, asked, development_id)
    after = max(int(place.last[0]), 0) if place is not None else 0
    folded = claim_versions(development_id, recorded, reviewer.timeline.reader.sources(asked), asked.view.reading)
    versions = [one for one in until(folded, asked.known) if one.known_from <= asked.known]
    page, end = steps[after : after + limit], after + limit
    return DevelopmentReview(
        **wire.coordinates(asked),
        development=out(row, said),
        claimed=tuple(_claimed(asked, versions)),
        merged=tuple(development_trail.merged(asked, development_id, recorded, steps)),
        steps=len(steps),
        trail=tuple(_steps(reviewer, page, versions)),
        next=pages.after(asked, question(development_id, asked.view_name), (end,)) if end < len(steps) else None,
    )


def _claimed(asked: Asked, known: Sequence[ClaimVersion]) -> Iterator[ClaimedOut]:
    """What it claimed from when until when, as far as was known by the moment asked about."""
    moments = {moment for one in known for moment in (one.known_from, one.known_until) if moment != FOREVER}
    by_position = asked.view.reading.clock == "recorded"
    times = views.recorded_times(asked.connection, moments) if by_position else {}
    for one in known:
        says = asserted(one.assertion)
        yield ClaimedOut(
            location_id=one.location_id,
            facet=one.facet,
            mode=says.mode,
            holders=says.holders,
            challengers=says.challengers,
            takes_effect=rfc3339(one.takes_effect),
            standing=one.standing,
            bearing=one.bearing,
            known_from=wire.moment(asked.known_time(one.known_from, times)) or "",
            known_until=wire.moment(asked.known_time(one.known_until, times)),
        )


def _steps(reviewer: Reviewer, page: Sequence[Entry], versions: Sequence[ClaimVersion]) -> Iterator[ReviewedStep]:
    asked, names = reviewer.asked, reviewer.names
    ledger = Ledger(asked.connection, reviewer.who, {one.recorded.position for one in page})
    times = development_trail.known_times(asked, page)
    for one in page:
        claimed = [each for each in versions if each.known_from <= one.known]
        step = Step(one.known, "", "", (), tuple(claimed[-1:]))
        yield ReviewedStep(
            **ledger.told(one.recorded, cause(one.recorded, step, names).words),
            known_at=wire.moment(asked.known_time(one.known, times)) or "",
            heard=one.heard,
            standing=one.found.standing,
            rule=one.found.rule,
            rule_words=rule_words(one.found.rule, one.found.standing),
            event=as_posted(one.recorded),
        )

"""Warnings as they are answered: what is odd about an event that was kept."""

from collections.abc import Iterable

import msgspec

from events.times import rfc3339
from events.warnings import Candidate, Warned
from services.timeline.wire import CandidateOut, WarningOut


def warnings_out(found: Iterable[Warned]) -> tuple[WarningOut, ...]:
    """Warnings as they are answered."""
    return tuple(
        WarningOut(one.code, one.field, one.message, tuple(map(_candidate, one.candidates)) or msgspec.UNSET)
        for one in found
    )


def _candidate(one: Candidate) -> CandidateOut:
    return CandidateOut(
        str(one.development_id), one.standing, rfc3339(one.occurred_start), rfc3339(one.occurred_end), one.sources
    )

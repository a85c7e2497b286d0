"""The events of an evidence bundle folded again to a status, with the folds of `projections` and nothing else (pure)."""

from collections.abc import Sequence
from datetime import datetime

from projections.bearing import AnyRecorded, bearing, folded_again, status_again
from projections.claims import micros
from services.timeline import wire
from services.timeline.audit.contents import Question, StatusProved
from services.timeline.audit.redacted_texts import is_redaction


def refolded(question: Question, recorded: Sequence[AnyRecorded]) -> StatusProved:
    """The status that follows from events, as a bundle has it.

    Args:
        recorded: In the order of the log; those after the position that the question names are passed over.

    Raises:
        ValueError: events that no log of ours has in this order, or a policy that is unknown here.
    """
    reading, at = question.reading(), _moment(question.at)
    known = question.known_position if reading.clock == "recorded" else micros(_moment(question.known_at))
    versions = folded_again((one for one in recorded if one.position <= question.known_position), reading)
    control, access = status_again(versions, question.location_id, at, known)
    return StatusProved(
        question.location_id,
        question.at,
        question.known_at,
        question.known_position,
        question.view,
        question.policy,
        question.clock,
        wire.facet_status(control),
        wire.facet_status(access) if access is not None else None,
    )


def not_bearing(question: Question, recorded: Sequence[AnyRecorded]) -> list[int]:
    """The positions of events that, by the others, do not bear on the place."""
    found = bearing(question.location_id, recorded, question.reading(), question.known_position)
    bears = {*found.positions, *(one.position for one in recorded if is_redaction(one.event))}
    return [one.position for one in recorded if one.position <= question.known_position and one.position not in bears]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)

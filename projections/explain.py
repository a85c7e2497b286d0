"""Why a claim has the standing that it has: the rule that decided, and what each statement weighed (pure).

The same functions that fold also explain; nothing is told here that was not decided there.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from events.developments import DevelopmentCorroborated, DevelopmentDenied, DevelopmentReported
from projections.knowing import Cluster, Recorded
from projections.policies import Reading
from projections.sources import Sources
from projections.standing import (
    Finding,
    Hearing,
    Statement,
    Weight,
    finding,
    is_effective,
    stances,
    weigh_denial,
    weigh_report,
)
from projections.versions import hearing_at


class Weighed(NamedTuple):
    """One statement and what became of it.

    Attributes:
        speaks: It was not taken back, and its origin still says the same.
        retracted: Its source took it back.
        effective: A denial that takes effect; None for a report.
    """

    said: Statement
    weight: Weight
    speaks: bool
    retracted: bool
    effective: bool | None


class Account(NamedTuple):
    """A development as known at one moment: what bears on it, its standing and the rule, and its statements weighed.

    Attributes:
        recorded: The events that are known of it then, those that mergers brought included.
    """

    heard: Hearing
    found: Finding
    statements: tuple[Weighed, ...]
    recorded: tuple[Recorded, ...]


def account(
    development_id: UUID, recorded: Sequence[Recorded], sources: Sources, reading: Reading, known: int
) -> Account | None:
    """The account of a development; None where it was not known then.

    Args:
        recorded: Its events and those of all developments merged into it, in the order of the log.
    """
    heard = hearing_at(development_id, recorded, reading, known)
    if heard is None:
        return None
    grades = sources.as_known(known)
    remaining = heard.remaining()
    stance = stances(remaining)
    weighed = []
    for said in sorted(heard.statements):
        weight = (weigh_report if said.affirms else weigh_denial)(said, heard, grades)
        retracted = said not in remaining
        speaks = not retracted and said.affirms == stance[said.origin].affirms
        weighed.append(Weighed(said, weight, speaks, retracted, None if said.affirms else is_effective(weight)))
    known_then = Cluster(recorded, reading).known_by(development_id, known)
    return Account(heard, finding(heard, grades), tuple(weighed), tuple(known_then))


def statement_event(
    recorded: Sequence[Recorded], position: int
) -> DevelopmentReported | DevelopmentCorroborated | DevelopmentDenied:
    """The event in which a statement was recorded."""
    found = next(one.event for one in recorded if one.position == position)
    assert isinstance(found, DevelopmentReported | DevelopmentCorroborated | DevelopmentDenied)
    return found

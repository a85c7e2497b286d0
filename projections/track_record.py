"""What became of what one source said: its track record, development by development (pure).

A development counts for a source where a statement with the source in its chain is heard of it, as origin or as a carrier. What
was merged counts once, for the development that its statements count for. Nothing is judged here: the numbers say what
became of the claims by the rules of a view, not how good the source is.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from projections.knowing import Recorded
from projections.policies import MERGED, REJECTED, RETRACTED, STANDINGS, Reading
from projections.sources import Sources
from projections.standing import Hearing, Statement, finding
from projections.versions import hearing_at

#: What is counted beside the standings of what a source affirmed: what it took back, denied in the end, or others deny; and
#: what it denied, with how often that was rejected or retracted since, and how often accepted.
COUNTED: Final = (
    "affirmed",
    "as_origin",
    "accepted",
    "denied",
    "took_back",
    "denies_now",
    "own_denials",
    "own_denials_borne_out",
    "own_denials_refuted",
)

#: What a number of a track record may be asked by.
NUMBERS: Final = (*COUNTED, *STANDINGS)


class Entry(NamedTuple):
    """What one source said of one development, and what became of it by a moment.

    Attributes:
        first_at: When the source first spoke of it.
        affirmed, denied_it: It affirmed it, or denied it, at some time.
        as_origin: It is the origin of what it affirmed, not only a carrier.
        denied: Somebody else denies it and has not taken that back.
        took_back: The source took back all that it affirmed of it.
        denies_now: It affirmed it, and its latest statement as an origin denies it.
    """

    development_id: UUID
    position: int
    first_at: datetime
    affirmed: bool
    denied_it: bool
    as_origin: bool
    denied: bool
    took_back: bool
    denies_now: bool
    standing: str
    rule: str
    bearing: str

    @property
    def month(self) -> str:
        """The month in which the source first spoke of it (UTC), as `2024-12`."""
        return f"{self.first_at:%Y-%m}"

    def numbers(self) -> Iterable[str]:
        """The numbers in which this development is counted."""
        if self.affirmed:
            yield "affirmed"
            yield self.standing
            said = {
                "as_origin": self.as_origin,
                "accepted": self.bearing == "accepted",
                "denied": self.denied,
                "took_back": self.took_back,
                "denies_now": self.denies_now,
            }
            yield from (name for name, holds in said.items() if holds)
        if self.denied_it:
            yield "own_denials"
            if self.bearing == "accepted":
                yield "own_denials_refuted"
            elif self.standing in (REJECTED, RETRACTED):
                yield "own_denials_borne_out"


def entry(
    source_id: str, development_id: UUID, recorded: Sequence[Recorded], sources: Sources, reading: Reading, known: int
) -> Entry | None:
    """What a source said of a development, as known at a moment.

    None where it said nothing that is heard, where the development was not known then, or counts for another by then.

    Args:
        recorded: Its events and those of all developments merged into it, in the order of the log.
    """
    heard = hearing_at(development_id, recorded, reading, known)
    if heard is None:
        return None
    own = [said for said in heard.statements if source_id in said.chain]
    found = finding(heard, sources.as_known(known))
    if not own or found.standing == MERGED:
        return None
    first = next(one for one in recorded if one.event.development_id == development_id)
    affirming = [said for said in own if said.affirms]
    remaining = heard.remaining()
    return Entry(
        development_id,
        first.position,
        min(said.published_at for said in own),
        bool(affirming),
        len(affirming) < len(own),
        any(said.origin == source_id for said in affirming),
        any(not said.affirms and source_id not in said.chain for said in remaining),
        bool(affirming) and all(_taken_back(source_id, said, heard) for said in affirming),
        bool(affirming) and _denies_now(source_id, remaining),
        found.standing,
        found.rule,
        reading.policy.bearing[found.standing],
    )


def _taken_back(source_id: str, said: Statement, heard: Hearing) -> bool:
    return any(one.source_id == source_id and one.removes(said) for one in heard.retractions)


def _denies_now(source_id: str, remaining: Iterable[Statement]) -> bool:
    latest = max((said for said in remaining if said.origin == source_id), key=lambda said: said[:2], default=None)
    return latest is not None and not latest.affirms


class Record(NamedTuple):
    """The numbers of a track record, in all and by month."""

    total: Counter[str]
    months: dict[str, Counter[str]]


def counted(entries: Iterable[Entry]) -> Record:
    """The numbers of some entries."""
    total: Counter[str] = Counter()
    months: dict[str, Counter[str]] = {}
    for one in entries:
        numbers = list(one.numbers())
        total.update(numbers)
        months.setdefault(one.month, Counter()).update(numbers)
    return Record(total, dict(sorted(months.items())))

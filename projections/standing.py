"""One development's statements → its standing (pure): DESIGN.md section 4, and API.md "standing, to the letter".

Every rule is a small function in the words of the field. What was said is weighed here and nowhere else; when it was
known, and what follows for a place, is the business of `versions.py` and `status.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from events.developments import Participant, Report
from events.times import Period
from events.vocabulary import KINDS
from projections.policies import (
    ADMITTED,
    BY_VERDICT,
    CORROBORATED,
    CREDIBLE,
    DISPUTED,
    MERGED,
    RETRACTED,
    UNCONFIRMED,
    VOID,
)
from projections.sources import ChainGrade, ChainGrades

SELF_SERVING: Final = "self_serving"
AGAINST_INTEREST: Final = "against_interest"
NEUTRAL: Final = "neutral"


class Statement(NamedTuple):
    """One source's affirmation or denial, as far as its weight depends on it."""

    published_at: datetime
    position: int
    affirms: bool
    chain: tuple[str, ...]
    credibility: int

    @property
    def publisher(self) -> str:
        return self.chain[0]

    @property
    def origin(self) -> str:
        return self.chain[-1]


def statement(report: Report, position: int, *, affirms: bool) -> Statement:
    """A report or denial as a statement; a missing credibility is 6, "cannot be judged"."""
    return Statement(report.published_at, position, affirms, report.chain, report.credibility or 6)


class Retraction(NamedTuple):
    """A source takes back what it published or originated up to a moment."""

    source_id: str
    retracted_at: datetime
    position: int

    def removes(self, said: Statement) -> bool:
        return self.source_id in (said.publisher, said.origin) and said.published_at <= self.retracted_at


class Sides(NamedTuple):
    """The actors who gain if a development is true, and those who lose, or lose face."""

    favoured: frozenset[str]
    disfavoured: frozenset[str]


@lru_cache(maxsize=65536)
def _sides(kind: str, participants: tuple[Participant, ...]) -> Sides:
    """The same few actors stand in the same few roles again and again, hence remembered."""
    favours, disfavours = KINDS[kind].favours, KINDS[kind].disfavours
    return Sides(
        frozenset(one.actor_id for one in participants if one.role == favours),
        frozenset(one.actor_id for one in participants if one.role == disfavours),
    )


@dataclass(slots=True)
class Hearing:
    """All that bears on a development's standing, as known at one moment: what was said, taken back and decided."""

    kind: str
    location_id: str
    occurred: Period
    participants: tuple[Participant, ...]
    statements: list[Statement] = field(default_factory=list)
    retractions: list[Retraction] = field(default_factory=list)
    verdict: int | None = None
    merged: bool = False
    void: bool = False

    def sides(self) -> "Sides":
        """Who gains if it is true, and who loses."""
        return _sides(self.kind, self.participants)

    def remaining(self) -> list[Statement]:
        """What was said and not taken back."""
        if not self.retractions:
            return self.statements
        return [said for said in self.statements if not any(one.removes(said) for one in self.retractions)]


class Weight(NamedTuple):
    """What a statement weighs: a statement is as good as its chain.

    Attributes:
        counts: No source in its chain is E or F, and its credibility is not 4 or 5.
        usable: It counts and every source in its chain is A, B or C.
        interest: Self-serving, against interest, or neutral.
        well_sourced: Every source in its chain is A or B.
    """

    counts: bool
    usable: bool
    interest: str
    well_sourced: bool


class Finding(NamedTuple):
    """A standing and the rule that gave it."""

    standing: str
    rule: str


def _weigh(said: Statement, sides: Sides, grades: ChainGrades) -> Weight:
    """What a statement weighs, where the sides are the actors served by it and those harmed."""
    grade = grades.chain(said.chain)
    counts = grade.counts and said.credibility not in (4, 5)
    return Weight(counts, counts and grade.usable, _interest(grade, sides), grade.well_sourced)


def _interest(grade: ChainGrade, sides: Sides) -> str:
    """Self-serving if anybody in the chain is served; against interest if its origin is harmed; else neutral."""
    if not sides.favoured.isdisjoint(grade.aligned):
        return SELF_SERVING
    return NEUTRAL if sides.disfavoured.isdisjoint(grade.origin_aligned) else AGAINST_INTEREST


def weigh_report(said: Statement, heard: Hearing, grades: ChainGrades) -> Weight:
    """What an affirmation weighs."""
    return _weigh(said, heard.sides(), grades)


def weigh_denial(said: Statement, heard: Hearing, grades: ChainGrades) -> Weight:
    """What a denial weighs: as a report, with favours and disfavours exchanged."""
    favoured, disfavoured = heard.sides()
    return _weigh(said, Sides(disfavoured, favoured), grades)


def is_effective(denial: Weight) -> bool:
    """A denial takes effect if it is usable and neutral, or counts and is against interest."""
    return (denial.usable and denial.interest == NEUTRAL) or (denial.counts and denial.interest == AGAINST_INTEREST)


def stances(remaining: Iterable[Statement]) -> dict[str, Statement]:
    """Each origin's latest statement, by (published at, position): whether it affirms or denies by now."""
    latest: dict[str, Statement] = {}
    for said in remaining:
        before = latest.get(said.origin)
        if before is None or said[:2] >= before[:2]:
            latest[said.origin] = said
    return latest


def by_reports(reports: Iterable[tuple[Statement, Weight]]) -> str:
    """Rule 3: what the reports that count amount to."""
    origins: set[str] = set()
    sound = credible = False
    for said, weight in reports:
        if not weight.counts:
            continue
        if weight.interest == AGAINST_INTEREST:
            return ADMITTED
        origins.add(said.origin)
        sound = sound or (weight.usable and weight.interest != SELF_SERVING)
        credible = credible or is_credible(said, weight)
    if len(origins) > 1 and sound:
        return CORROBORATED
    return CREDIBLE if credible else UNCONFIRMED


def is_credible(said: Statement, weight: Weight) -> bool:
    """One usable, neutral report of credibility 1, 2 or 3, or of 6 where every source in its chain is A or B."""
    good = said.credibility <= 3 or (said.credibility == 6 and weight.well_sourced)
    return weight.usable and weight.interest == NEUTRAL and good


def finding(heard: Hearing, grades: ChainGrades) -> Finding:
    """The standing of a development, by the first rule that applies, in the order of API.md."""
    if heard.void:
        return Finding(VOID, "void")
    if heard.merged:
        return Finding(MERGED, "merged")
    remaining = heard.remaining()
    if not affirming(remaining):
        return Finding(RETRACTED, "no affirming report remains")
    if heard.verdict is not None and heard.verdict in BY_VERDICT:
        return Finding(BY_VERDICT[heard.verdict], "assessed")
    return (
        by_one_report(heard, remaining[0], grades) if len(remaining) == 1 else _by_statements(heard, remaining, grades)
    )


def affirming(statements: Iterable[Statement]) -> int:
    """How many of some statements affirm."""
    return sum([said.affirms for said in statements])


_BY_REPORTS: Final = {
    standing: Finding(standing, "reports") for standing in (ADMITTED, CORROBORATED, CREDIBLE, UNCONFIRMED)
}


def by_one_report(heard: Hearing, said: Statement, grades: ChainGrades) -> Finding:
    """The standing where one report is all that was ever said, or all that remains."""
    return _BY_REPORTS[by_reports(((said, weigh_report(said, heard, grades)),))]


def _by_statements(heard: Hearing, remaining: list[Statement], grades: ChainGrades) -> Finding:
    """Rules 3 and 4: the reports of origins that still affirm, against the denials of origins that now deny."""
    stance = stances(remaining)
    if not affirming(stance.values()):
        return Finding(DISPUTED, "every origin denies by now")
    speaking = [said for said in remaining if said.affirms == stance[said.origin].affirms]
    reports = [(said, weigh_report(said, heard, grades)) for said in speaking if said.affirms]
    effective = [said for said in speaking if not said.affirms and is_effective(weigh_denial(said, heard, grades))]
    if not effective:
        return _BY_REPORTS[by_reports(reports)]
    last = max(denial.published_at for denial in effective)
    since = [(said, weight) for said, weight in reports if said.published_at > last]
    if by_reports(since) in (ADMITTED, CORROBORATED):
        return Finding(by_reports(reports), "reported again since the denial")
    return Finding(DISPUTED, "denied")

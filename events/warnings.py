"""What is odd about an event that is kept all the same, since real sources do it (pure): codes, fields, messages.

A warning refuses nothing. It tells whoever records what an analyst would want to know then, and by its code a program
can act on it. What other records it looks like is found by the service, which alone can look them up.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from events.developments import DevelopmentAmended, DevelopmentReported, Figure, Participant, Report
from events.records import Event, changed
from events.reference import SourceAlignmentStated, SourceRegistered, SourceReliabilityAssessed
from events.times import Period, rfc3339

#: Every code, with what it says.
CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "published_before_it_began": "a statement is dated before the development that it is about",
        "figures_out_of_order": "low <= best <= high does not hold",
        "no_former_holder": "a capture does not say from whom",
        "alignment_not_stated": "nobody stated with whom a source in the chain of a claim is aligned, or that it is with nobody",
        "reliability_unknown": "a source in the chain of a claim is graded F, cannot be judged",
        "id_tells_the_name": "the id of a sensitive source says who it is, and everybody reads the id",
        "looks_alike": "developments are held that look the same: place, kind and period",
        "judged_before_amended": "an assessment or denial was made before the kind or place was amended",
    }
)


class Candidate(NamedTuple):
    """A development that is held already and that another looks like.

    Attributes:
        standing: What became of it; None where it is not folded yet, or stands in the same batch.
        sources: Everybody in the chains of its statements.
    """

    development_id: UUID
    standing: str | None
    occurred_start: datetime
    occurred_end: datetime
    sources: tuple[str, ...]


class Warned(NamedTuple):
    """One thing odd: a code of CODES, the field by its path, and what about it."""

    code: str
    field: str
    message: str
    candidates: tuple[Candidate, ...] = ()

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class Graded(NamedTuple):
    """What was said of a source so far.

    Attributes:
        alignment_stated: It was registered with actors that it is aligned with, or an alignment was stated later, also an
            empty one ("with nobody"). An empty list at registration states nothing: there it is what is stored by default.
    """

    reliability: str = "F"
    alignment_stated: bool = False

    def after(self, event: Event) -> "Graded":
        """The same source, once an event about it is recorded."""
        if isinstance(event, SourceRegistered):
            return Graded(event.reliability, bool(event.aligned_with))
        if isinstance(event, SourceReliabilityAssessed):
            return self._replace(reliability=event.reliability)
        if isinstance(event, SourceAlignmentStated):
            return self._replace(alignment_stated=True)
        return self


def of_statement(event: Event, occurred: Period | None = None) -> Iterator[Warned]:
    """What is odd about a statement itself.

    Args:
        occurred: The period of the development that a later report is about, where it is known.
    """
    report = getattr(event, "report", None)
    said = event.occurred if isinstance(event, DevelopmentReported) else occurred
    if isinstance(report, Report) and said is not None and report.published_at < said.start:
        message = f"published {rfc3339(report.published_at)}, before the development began ({rfc3339(said.start)})"
        yield Warned("published_before_it_began", "report.published_at", message)
    if isinstance(event, DevelopmentReported):
        yield from _figures(event.figures, "")
    elif isinstance(event, DevelopmentAmended):
        yield from _figures(changed(event.changes).get("figures", ()), "changes.")


def _figures(figures: Iterable[Figure], inside: str) -> Iterator[Warned]:
    for index, figure in enumerate(figures):
        if figure.out_of_order:
            message = f"low, best and high of {figure.of!r} are out of order"
            yield Warned("figures_out_of_order", f"{inside}figures[{index}]", message)


def of_capture(kind: str, participants: Sequence[Participant], inside: str = "") -> Iterator[Warned]:
    """A capture that does not say from whom: whether its source tells of its own side's loss cannot be seen then."""
    if kind == "captured" and not any(one.role == "former_holder" for one in participants):
        message = "a capture without a former_holder: from whom was it taken? Nobody's loss can be admitted or denied"
        yield Warned("no_former_holder", f"{inside}participants", message)


def of_chain(chain: Sequence[str], graded: Callable[[str], Graded]) -> Iterator[Warned]:
    """Sources in the chain of a claim that cannot be weighed as they are held."""
    for index, source in enumerate(chain):
        held = graded(source)
        if held.reliability == "F":
            yield _reliability_unknown(index, source)
        if not held.alignment_stated:
            yield _alignment_not_stated(index, source)


# An archive gives the same warning thousands of times: it is put into words once.


@lru_cache(maxsize=2_000)
def _reliability_unknown(index: int, source: str) -> Warned:
    message = f"{source} cannot be judged (reliability F): no claim is accepted on its word; grade it with SourceReliabilityAssessed"
    return Warned("reliability_unknown", f"report.chain[{index}]", message)


@lru_cache(maxsize=2_000)
def _alignment_not_stated(index: int, source: str) -> Warned:
    message = (
        f"nobody stated with whom {source} is aligned, so it counts as neutral; "
        "say it with SourceAlignmentStated (an empty list: with nobody)"
    )
    return Warned("alignment_not_stated", f"report.chain[{index}]", message)

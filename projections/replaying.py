"""What changed on the valid axis at a step of the known axis, place by place (pure).

The rectangles of a belief map that end at a step and the stretches that begin there cover the same periods of the
valid axis; laid over each other they say which answer gave way to which, and from when until when. All the parts of all
steps, told in order over a map on which nobody knows anything, are the belief map again.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from projections.beliefs import Board, Rectangle
from projections.claims import Assertion, ClaimVersion
from projections.status import Answer, Stretch


class Part(NamedTuple):
    """A period of the valid axis in which one answer gave way to another."""

    valid_from: datetime | None
    valid_until: datetime | None
    old: Answer
    new: Answer


class Step(NamedTuple):
    """What changed at one place and facet at one moment of the known axis.

    Attributes:
        parts: In the order of the valid axis, none overlapping.
        claims: The claim versions that ended or began by it.
    """

    known: int
    location_id: str
    facet: str
    parts: tuple[Part, ...]
    claims: tuple[ClaimVersion, ...]


def stepped(
    board: Board, known: int, ending: Sequence[ClaimVersion], beginning: Sequence[ClaimVersion]
) -> tuple[Part, ...]:
    """Let claim versions end and begin on a board; the parts of the valid axis that changed by it."""
    ended = list(board.step(known, ending, beginning))
    return tuple(_overlaid(ended, board.begun))


def _overlaid(ended: Sequence[Rectangle], begun: Sequence[Stretch]) -> Iterator[Part]:
    """Where old answers and new ones meet; both cover the same periods, each in order."""
    olds, news = iter(ended), iter(begun)
    old, new = next(olds, None), next(news, None)
    while old is not None and new is not None:
        if old.answer != new.answer:
            valid_from = max(old.valid_from, new.valid_from, key=_begin)
            valid_until = min(old.valid_until, new.valid_until, key=_end)
            yield Part(valid_from, valid_until, old.answer, new.answer)
        ends = _end(old.valid_until), _end(new.valid_until)
        old = next(olds, None) if ends[0] <= ends[1] else old
        new = next(news, None) if ends[1] <= ends[0] else new


def seen(parts: Sequence[Part]) -> list[Part]:
    """The parts in which people see a change: not those in which only the claims changed that an answer rests on.

    Neighbours that show the same change are one.
    """
    found: list[Part] = []
    for part in parts:
        if shown(part.old) == shown(part.new):
            continue
        before = found[-1] if found else None
        if before and before.valid_until == part.valid_from and _same(before, part):
            found[-1] = part._replace(valid_from=before.valid_from)
        else:
            found.append(part)
    return found


def _same(one: Part, other: Part) -> bool:
    return shown(one.old) == shown(other.old) and shown(one.new) == shown(other.new)


def shown(answer: Answer) -> tuple[Assertion | None, str | None, tuple[tuple[Assertion, str], ...]]:
    """What people see of an answer: what is asserted and pending, and how well it stands; not by which claims."""
    return answer.assertion, answer.standing, tuple((one.assertion, one.standing) for one in answer.pending)


_EVER = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


def _begin(valid_from: datetime | None) -> datetime:
    return valid_from or _EVER


def _end(valid_until: datetime | None) -> datetime:
    return valid_until or _NEVER

"""How many claims stand behind what is pending, for stretches and rectangles told in bulk (pure).

An answer names the last claim of each pending assertion; how many there are is counted here, of the last assertion: that is
the one that a flat row has room for. Within a stretch the count does not change. Within a rectangle it may, where a
claim in the middle becomes known later: it is counted as known when the rectangle begins.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from projections.beliefs import Board, Rectangle, steps
from projections.claims import Assertion, ClaimVersion, resolved
from projections.status import Stretch, stretches


def counted_stretches(claims: Sequence[ClaimVersion]) -> Iterator[tuple[Stretch, int]]:
    """`status.stretches`, each with the number of claims of its last pending group."""
    counts = _counts(claims)
    for stretch in stretches(claims):
        yield stretch, _count(stretch, counts)


def counted_rectangles(versions: Iterable[ClaimVersion]) -> Iterator[tuple[Rectangle, int]]:
    """`beliefs.rectangles`, each with the number of claims of its last pending group as known when it begins."""
    board = Board()
    held: dict[Stretch, int] = {}
    for known, ending, beginning in steps(one for one in versions if one.bearing != "ignored"):
        for one in board.step(known, ending, beginning):
            yield one, held.pop(Stretch(one.valid_from, one.valid_until, one.answer), 0)
        fresh = [stretch for stretch in board.begun if stretch.answer.pending]
        counts = _counts(board.folded) if fresh else {}
        held.update((stretch, _count(stretch, counts)) for stretch in fresh)
    for one in board.rest():
        yield one, held.get(Stretch(one.valid_from, one.valid_until, one.answer), 0)


def _count(stretch: Stretch, counts: dict[datetime, int]) -> int:
    return counts[stretch.valid_from] if stretch.answer.pending and stretch.valid_from is not None else 0


def _counts(claims: Sequence[ClaimVersion]) -> dict[datetime, int]:
    """From each moment on at which claims take effect, how many assert the last of what is pending."""
    found: dict[datetime, int] = {}
    held: Assertion | None = None
    pending: dict[Assertion, int] = {}
    for claim in claims:
        says = resolved(claim.assertion, held)
        if claim.bearing == "accepted":
            held, pending = says, {}
        elif says != held:
            pending[says] = pending.get(says, 0) + 1
        found[claim.takes_effect] = pending[max(pending)] if pending else 0
    return found

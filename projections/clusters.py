"""Mergers → the clusters of developments that have to be folded together, and parts of about equal size (pure)."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID


def clusters(mergers: Iterable[tuple[UUID, UUID]]) -> list[list[UUID]]:
    """The developments that mergers join, directly or not: each cluster sorted, all in the order of their first."""
    leader: dict[UUID, UUID] = {}

    def led_by(one: UUID) -> UUID:
        while (above := leader.setdefault(one, one)) != one:
            leader[one] = leader[above]
            one = above
        return one

    for one, into in mergers:
        first, second = led_by(one), led_by(into)
        leader[max(first, second)] = min(first, second)
    found: dict[UUID, list[UUID]] = {}
    for one in sorted(leader):
        found.setdefault(led_by(one), []).append(one)
    return list(found.values())


def parts(mergers: Iterable[tuple[UUID, UUID]], size: int) -> Iterator[Sequence[UUID]]:
    """Whole clusters together, up to about so many developments; one that is larger stands alone."""
    part: list[UUID] = []
    for cluster in clusters(mergers):
        if part and len(part) + len(cluster) > size:
            yield part
            part = []
        part += cluster
    if part:
        yield part

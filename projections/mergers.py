"""Which developments were merged into which (pure)."""

from collections.abc import Collection, Iterator, Mapping
from uuid import UUID

#: From a development to the one that it was merged into; a development is merged once at most.
Into = Mapping[UUID, UUID]


def leads_to(development_id: UUID, into: Into) -> Iterator[UUID]:
    """The developments that one was merged into, directly or not, nearest first; a circle, in a damaged log, once."""
    seen = {development_id}
    while (found := into.get(development_id)) is not None and found not in seen:
        seen.add(found)
        development_id = found
        yield development_id


def with_merged(developments: Collection[UUID], into: Into) -> dict[UUID, set[UUID]]:
    """Each development with itself and everything merged into it, directly or not."""
    members = {one: {one} for one in developments}
    for start in into:
        for passed in leads_to(start, into):
            if passed in members:
                members[passed].add(start)
    return members

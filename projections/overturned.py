"""Claims that were accepted and later were not: found among a view's claim versions, the last overturned first.

A claim is overturned when it turns from accepted to something else: rejected, retracted, disputed or void, or by a verdict or a
grading that lets it count no more. A merger overturns nothing: the claim goes on under another id; nor does an amendment
by which it says something else and is accepted still.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple
from uuid import UUID

from projections.claims import FOREVER, ClaimVersion
from projections.policies import MERGED
from projections.views import CLAIM_COLUMNS, Database, View


class Overturned(NamedTuple):
    """A claim that was accepted in `[since, by.known_from)` and then was not.

    Attributes:
        since: From when on the known axis it was accepted without a break.
        accepted: Its last version that was accepted.
        by: Its first that was not.
        now: Its version known at the moment asked about; None where it makes no claim then.
    """

    since: int
    accepted: ClaimVersion
    by: ClaimVersion
    now: ClaimVersion | None


class Wanted(NamedTuple):
    """Which of them: None for any.

    Attributes:
        locations: Where the claim stood when it was last accepted.
        source: In a chain of its statements.
        after, until: Overturned after one moment of the known axis and up to another.
    """

    locations: Sequence[str] | None
    source: str | None
    after: int
    until: int


#: The place of an overturned claim in the list: when on the known axis, and which development.
Key = tuple[int, UUID]

_FOUND: Final = """
SELECT known_until, development_id FROM {claim_version} AS held
WHERE bearing = 'accepted' AND known_until < 9223372036854775807
  AND known_until > %(after)s::bigint AND known_until <= %(until)s::bigint
  AND (known_until, development_id) < (%(before)s::bigint, %(id)s::uuid)
  AND EXISTS (SELECT FROM {claim_version} AS next
              WHERE next.view_id = held.view_id AND next.development_id = held.development_id
              AND next.known_from = held.known_until AND next.bearing <> 'accepted' AND next.standing <> %(merged)s)
  here
ORDER BY known_until DESC, development_id DESC LIMIT %(limit)s::bigint"""

_HERE: Final = "AND location_id = ANY(%(locations)s::text[])"
_SPOKEN: Final = (
    "AND EXISTS (SELECT FROM {mention} AS said WHERE said.view_id = held.view_id AND said.source_id = %(source)s "
    "AND said.development_id = held.development_id)"
)


def ended(connection: Database, view: View, wanted: Wanted, before: Key | None, limit: int) -> list[Key]:
    """When claims were overturned, and which; the last first, at most so many, going on before a key."""
    filters = " ".join([_HERE if wanted.locations is not None else "", _SPOKEN if wanted.source is not None else ""])
    last, development_id = before or (FOREVER, UUID(int=2**128 - 1))
    rows = connection.execute(
        view.sql(_FOUND.replace("  here\n", f"  {filters}\n")),
        {
            **wanted._asdict(),
            "locations": None if wanted.locations is None else list(wanted.locations),
            "before": last,
            "id": development_id,
            "merged": MERGED,
            "limit": limit,
        },
        binary=True,
    )
    return [(row[0], row[1]) for row in rows]


def told(connection: Database, view: View, keys: Sequence[Key], known: int) -> list[Overturned]:
    """What was overturned, as known at a moment, in the order of the keys."""
    rows = connection.execute(
        view.sql(
            f"SELECT {CLAIM_COLUMNS} FROM {{claim_version}} "
            "WHERE view_id = %b::int AND development_id = ANY(%b) AND known_from <= %b"
        ),
        [view.tables, list({one for _, one in keys}), known],
        binary=True,
    )
    versions: dict[UUID, list[ClaimVersion]] = {}
    for row in rows:
        one = ClaimVersion(*row)
        versions.setdefault(one.development_id, []).append(one)
    found = {(one.by.known_from, development): one for development in versions
             for one in overturned(versions[development], known)}  # fmt: skip
    return [found[key] for key in keys]


def overturned(versions: Iterable[ClaimVersion], known: int) -> Iterator[Overturned]:
    """Each time that a claim was overturned by a moment, from all its versions known by then."""
    ordered = sorted(versions, key=lambda one: one.known_from)
    now = next((one for one in ordered if one.known(known)), None)
    since: int | None = None
    for one, other in pairwise(ordered):
        if one.bearing != "accepted":
            since = None
            continue
        since = one.known_from if since is None else since
        if one.known_until != other.known_from:  # amended to be no claim for a while
            since = None
        elif other.bearing != "accepted" and other.standing != MERGED:
            yield Overturned(since, one, other, now)

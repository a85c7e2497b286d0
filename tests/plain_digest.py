"""A view's digest once more, in Python, from the words of `projections/digests.py` alone."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from projections.claims import ClaimVersion


def text(said: str) -> bytes:
    encoded = said.encode()
    return len(encoded).to_bytes(4, "big") + encoded


def moment(when: datetime) -> bytes:
    return number((when - datetime(2000, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))


def number(value: int) -> bytes:
    return value.to_bytes(8, "big", signed=True)


def of_location(claims: Iterable[ClaimVersion]) -> bytes:
    """The digest of one location."""
    said = hashlib.sha256()
    for one in sorted(claims, key=lambda claim: (claim.development_id.bytes, claim.known_from)):
        said.update(one.development_id.bytes + text(one.facet) + moment(one.takes_effect) + moment(one.published_at))
        said.update(number(one.position) + text(one.assertion) + text(one.standing) + text(one.bearing))
        said.update(moment(one.occurred_start) + moment(one.occurred_end))
        said.update(number(one.known_from) + number(one.known_until))
    return said.digest()


def digest(claims: Iterable[ClaimVersion]) -> bytes:
    """The digest of a view."""
    held: dict[bytes, list[ClaimVersion]] = {}
    for one in claims:
        held.setdefault(one.location_id.encode(), []).append(one)
    said = hashlib.sha256()
    for location in sorted(held):
        said.update(text(location.decode()) + of_location(held[location]))
    return said.digest()

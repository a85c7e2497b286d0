"""A view's digest: what it says, as a number that anyone with the same log prefix comes to (DESIGN.md, section 6).

The digest of a location is the SHA-256 over its claim versions in the order of (development id, known_from), each as

    development id        16 bytes
    facet                 text
    takes effect          moment
    published at          moment
    position              8 bytes, signed, big-endian: the log position of the development's first report
    assertion, standing, bearing    three texts
    occurred start, occurred end    two moments
    known from, known until         8 bytes each, signed, big-endian; 2^63 - 1 stands for "until further notice"

where a text is its length in bytes (4 bytes, big-endian) and its UTF-8, and a moment is the microseconds since
2000-01-01T00:00:00Z (8 bytes, signed, big-endian; PostgreSQL's own form). The digest of the view is the SHA-256 over
its locations in the order of their ids' UTF-8 bytes: the id as a text, then the 32 bytes of its digest. A view without
claims has the SHA-256 of nothing.

Nothing in it depends on when an event was recorded, on the view's number, or on how its rows came about. The server
computes it, place by place; `tests/plain_digest.py` does it once more, in Python, from this text alone.
"""

from typing import Final

from projections.views import Database, View, in_tables


def _text(column: str) -> str:
    return f"int4send(octet_length(convert_to({column}, 'UTF8'))) || convert_to({column}, 'UTF8')"


_CLAIM: Final = " || ".join(
    (
        "uuid_send(development_id)",
        _text("facet"),
        "timestamptz_send(takes_effect)",
        "timestamptz_send(published_at)",
        "int8send(position)",
        *(_text(column) for column in ("assertion", "standing", "bearing")),
        "timestamptz_send(occurred_start)",
        "timestamptz_send(occurred_end)",
        "int8send(known_from)",
        "int8send(known_until)",
    )
)

#: The digest of each location that has claims.
BY_LOCATION: Final = (
    f"SELECT location_id, sha256(string_agg({_CLAIM}, ''::bytea ORDER BY development_id, known_from)) AS sha256 "
    "FROM {claim_version} GROUP BY location_id"
)


def of_locations(locations: str) -> str:
    """The statement that makes one digest of those of locations, given as rows of (location_id, sha256)."""
    one = f"{_text('location_id')} || sha256"
    return (
        f"SELECT sha256(coalesce(string_agg({one}, ''::bytea ORDER BY location_id COLLATE \"C\"), ''::bytea)) "
        f"FROM ({locations}) AS location"
    )


def by_location(connection: Database, view: View) -> dict[str, bytes]:
    """The digest of each location that has claims in a view."""
    return dict(connection.execute(in_tables(view.tables, BY_LOCATION), binary=True).fetchall())


def digest(connection: Database, view: View) -> bytes:
    """The digest of a view as it stands: ask in one snapshot with its position where both are to be told."""
    row = connection.execute(in_tables(view.tables, of_locations(BY_LOCATION)), binary=True).fetchone()
    assert row is not None
    found: bytes = row[0]
    return found

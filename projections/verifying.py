"""Verifies a view: folds the log once more up to where the view stands, and names what differs.

What the view holds is written down as digests in one snapshot: the claims and the developments of each location, who
speaks of what for each source, and the mergers. The log is then folded into tables that no view names; their digests
are compared, and they are dropped, also where the verification was interrupted (`abandoned`).
"""

from typing import Final, NamedTuple

from projections import builds, digests, fresh_tables, regrading, views
from projections.builds import Build
from projections.developments import Development
from projections.views import Database, View, in_tables


class CannotVerify(RuntimeError):
    """A view that cannot be verified now; one line says why."""


class Verified(NamedTuple):
    """What came of it.

    Attributes:
        position: Up to where the log was folded again: there the view stood.
        digest: Of the view as it stood.
        differing: What differs, each as `claims LOCATION`, `developments LOCATION`, `mentions SOURCE` or `mergers`.
    """

    position: int
    digest: bytes
    differing: list[str]


_ROW: Final = f"ROW({', '.join(Development._fields)})::text"

#: Parts of a view and their keys, each with a digest.
_DIGESTS: Final = f"""
SELECT 'claims', location_id, sha256 FROM ({digests.BY_LOCATION}) AS location
UNION ALL
SELECT 'developments', location_id, sha256(string_agg(convert_to({_ROW}, 'UTF8'), '\\x0a'::bytea ORDER BY development_id))
FROM {{development}} GROUP BY location_id
UNION ALL
SELECT 'mentions', source_id, sha256(string_agg(uuid_send(development_id), ''::bytea ORDER BY development_id))
FROM {{mention}} GROUP BY source_id
UNION ALL
SELECT 'mergers', '', sha256(string_agg(uuid_send(development_id) || uuid_send(into_id), ''::bytea ORDER BY development_id))
FROM {{merger}} HAVING count(*) > 0"""


def begin(connection: Database, view: View) -> Build:
    """Write down what a view holds, and that the log is to be folded up to there.

    Raises:
        CannotVerify: a source graded anew is being folded in parts, so the view rests on two positions.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        view = views.find(connection, str(view.view_id))
        if regrading.under_way(connection, view) is not None:
            raise CannotVerify(
                f"view {view.name!r} is folding again what a source speaks of; verify it when that is done"
            )
        build = builds.begin(connection, "verify", view.reading, view.position, of_view=view.view_id)
        statement = f"INSERT INTO build_digest (build_id, part, key, sha256) SELECT {build.build_id}, * FROM ({_DIGESTS}) AS held"
        connection.execute(in_tables(view.tables, statement))
    return build


def finish(connection: Database, build: Build) -> Verified:
    """Compare what the view held with what was folded, and drop that again."""
    compared = connection.execute(
        in_tables(
            build.build_id,
            "SELECT coalesce(held.part, told.part), coalesce(held.key, told.key) "
            "FROM (SELECT part, key, sha256 FROM build_digest WHERE build_id = %s::int) AS held "
            f"FULL JOIN ({_DIGESTS}) AS told (part, key, sha256) ON told.part = held.part AND told.key = held.key "
            "WHERE held.sha256 IS DISTINCT FROM told.sha256 ORDER BY 1, 2",
        ),
        [build.build_id],
    ).fetchall()
    row = connection.execute(
        digests.of_locations(
            "SELECT key AS location_id, sha256 FROM build_digest WHERE build_id = %s::int AND part = 'claims'"
        ),
        [build.build_id],
    ).fetchone()
    assert row is not None
    drop(connection, build)
    return Verified(build.until, row[0], [f"{part} {key}".rstrip() for part, key in compared])


def drop(connection: Database, build: Build) -> None:
    """Drop the tables that were folded to be compared; nobody else knows of them."""
    with connection.transaction():
        connection.execute("DELETE FROM build WHERE build_id = %s::int", [build.build_id])
        fresh_tables.drop(connection, build.build_id)


def abandoned(connection: Database) -> None:
    """Drop what interrupted verifications and catchings-up have left; only whoever alone builds may ask this."""
    for build in builds.every(connection):
        if build.purpose != "view":
            drop(connection, build)

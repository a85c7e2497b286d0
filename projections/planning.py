"""Cuts a build into parts of about equal size, and writes down what every part needs: the mergers, what cannot be read."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from events.developments import DevelopmentMerged
from events.recorded import RecordedEvent
from events.records import Event
from events.rows import SELECT_STRUCTURE, structure_only
from projections import clusters, fresh_tables, setting_aside
from projections.builds import Build
from projections.bulk_reading import OF_DEVELOPMENTS
from projections.setting_aside import storable
from projections.views import Database, in_tables

#: About so many events are folded in one transaction.
PART = 5_000


def plan(connection: Database, build: Build, part: int = PART) -> None:
    """Make a build's empty tables and cut its work into parts, in one transaction; once, whoever asks.

    Raises:
        Cancelled: the build is not there any more.
    """
    with connection.transaction():
        held = connection.execute(
            "SELECT planned FROM build WHERE build_id = %s::int FOR UPDATE", [build.build_id]
        ).fetchone()
        if held is None:
            raise Cancelled(build)
        if held[0]:
            return
        fresh_tables.make(connection, build.build_id)
        edges = _mergers(connection, build.until)
        _remember_mergers(connection, build, edges)
        _cut(connection, build, part)
        _cut_clusters(connection, build, clusters.parts(edges, part))
        _set_reference_aside(connection, build)
        connection.execute("UPDATE build SET planned = TRUE WHERE build_id = %s::int", [build.build_id])


class Cancelled(RuntimeError):
    """A build that somebody cancelled while it was under way."""

    def __init__(self, build: Build) -> None:
        super().__init__(f"{build.name or f'build {build.build_id}'} was cancelled")


def _mergers(connection: Database, until: int) -> list[tuple[UUID, UUID]]:
    """Every merger that can be read: what into what."""
    rows = connection.execute(
        f"{SELECT_STRUCTURE} WHERE split_part(type, '/', 1) = 'development-merged' AND position <= %s::bigint "
        "ORDER BY position",
        [until],
        binary=True,
    )
    found = [structure_only(row).event for row in rows]
    return [(one.development_id, one.into_id) for one in found if isinstance(one, DevelopmentMerged)]


def _remember_mergers(connection: Database, build: Build, edges: Sequence[tuple[UUID, UUID]]) -> None:
    first = dict(reversed(edges))  # a development is merged once; should a damaged log say it twice, the first counts
    statement = in_tables(
        build.build_id,
        "INSERT INTO {merger} (view_id, development_id, into_id) SELECT %b::int, * FROM unnest(%b::uuid[], %b::uuid[])",
    )
    connection.execute(statement, [build.build_id, list(first), list(first.values())])


def _cut(connection: Database, build: Build, part: int) -> None:
    """Ranges of ids with about equally many events each, whatever kind of UUID they are: cut where the events lie."""
    connection.execute(
        f"""
        INSERT INTO build_part (build_id, part, events, first, beyond)
        SELECT %(build)s::int, row_number() OVER (ORDER BY nth), least(%(part)s::bigint, total - nth + 1),
               nullif(first, '00000000-0000-0000-0000-000000000000'), lead(first) OVER (ORDER BY nth)
        FROM (SELECT DISTINCT ON (stream_id) nth, total,
                     CASE WHEN nth = 1 THEN '00000000-0000-0000-0000-000000000000'::uuid ELSE stream_id END AS first
              FROM (SELECT stream_id, row_number() OVER (ORDER BY stream_id) AS nth, count(*) OVER () AS total
                    FROM event WHERE position <= %(until)s::bigint AND {OF_DEVELOPMENTS}) AS every
              WHERE nth %% %(part)s::bigint = 1 OR %(part)s::bigint = 1 ORDER BY stream_id, nth) AS cut
        """,
        {"build": build.build_id, "part": part, "until": build.until},
    )


def _cut_clusters(connection: Database, build: Build, parts: Iterable[Sequence[UUID]]) -> None:
    for streams in parts:
        connection.execute(
            "INSERT INTO build_part (build_id, part, events, streams) "
            "SELECT %b::int, coalesce(max(part), 0) + 1, %b::bigint, %b::uuid[] FROM build_part WHERE build_id = %b::int",
            [build.build_id, len(streams), list(streams), build.build_id],
        )


def _set_reference_aside(connection: Database, build: Build) -> None:
    """What cannot be read about sources, actors and locations: no fold will meet it."""
    batch = reference(connection, build.until)
    for one in batch:
        for stream_id, error in setting_aside.of_reference([one]):
            set_aside(connection, build, one.position, stream_id, error)


def set_aside(connection: Database, build: Build, position: int, stream_id: UUID, error: str) -> None:
    connection.execute(
        "INSERT INTO build_set_aside (build_id, position, stream_id, error) VALUES (%s::int, %s::bigint, %s, %s) "
        "ON CONFLICT DO NOTHING",
        [build.build_id, position, stream_id, storable(error)],
    )


def reference(connection: Database, until: int, kind: str = "") -> Iterator[RecordedEvent[Event]]:
    """What was said of sources, actors and locations (or of one of these alone), without text."""
    rows = connection.execute(
        f"{SELECT_STRUCTURE} WHERE split_part(type, '-', 1) IN ('source', 'actor', 'location') AND type LIKE %s "
        "AND position <= %s::bigint ORDER BY position",
        [f"{kind}%", until],
        binary=True,
    )
    return map(structure_only, rows)

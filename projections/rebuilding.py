"""Folds a whole log into fresh tables, in parts: what the follower would have come to, at a fraction of its cost.

The log never changes below a position, so no snapshot is shared. Its developments are cut into parts by their ids; each
part is read in one stream of binary COPY, folded development by development, and written by binary COPY, in one
transaction that also marks it done. Whoever works takes the next part that is neither done nor locked: any number of
processes, killed and started again at will. Developments that were merged into each other are folded together, in
parts of their own. Indexes come after the rows; then one transaction makes a view of it all (`builds.py`).

Memory of a worker: the rows that come of one part (about `planning.PART` events), one development's or one cluster part's
events, the gradings of sources, and the ids of what takes part in mergers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from projections import builds, bulk_reading, clusters, fresh_tables, setting_aside
from projections.builds import Build
from projections.bulk_reading import OF_DEVELOPMENTS
from projections.bulk_writing import Rows
from projections.follower import mentions_in
from projections.knowing import Recorded
from projections.mergers import with_merged
from projections.planning import Cancelled, plan, reference, set_aside
from projections.sources import Sources
from projections.step_by_step import step_by_step
from projections.views import Database, in_tables

#: On the recorded clock it is noted after so many positions how far forward the claims known by then reach.
REACH_STEP = 2_000


class _Part(NamedTuple):
    """A range of streams, or some that take part in mergers."""

    part: int
    events: int
    first: UUID | None
    beyond: UUID | None
    streams: list[UUID] | None


class Worker:
    """Folds parts of one build, each in a transaction of its own, on one connection."""

    def __init__(self, connection: Database, build: Build) -> None:
        self._connection = connection
        self._build = build
        self._rows = Rows(build.build_id)
        self._gradings = list(reference(connection, build.until, "source-"))
        self._sources = Sources(build.reading.clock)
        for one in self._gradings:
            self._sources.learn(one.position, one.event)
        self._into: dict[UUID, UUID] = dict(
            connection.execute(
                in_tables(build.build_id, "SELECT development_id, into_id FROM {merger}"), binary=True
            ).fetchall()
        )
        self._merged = frozenset(one.bytes for edge in self._into.items() for one in edge)

    def work(self, on_progress: Callable[[int], None] | None = None) -> None:
        """Fold until no part is left to take up.

        Args:
            on_progress: Told the events of each part that was folded.
        """
        while (events := self._one_part()) is not None:
            if on_progress is not None:
                on_progress(events)

    def _one_part(self) -> int | None:
        with self._connection.transaction():
            part = self._take()
            if part is None:
                return None
            if part.streams is None:
                self._fold_range(part)
            else:
                self._fold_clusters(part.streams)
            self._rows.write(self._connection)
            self._connection.execute(
                "UPDATE build_part SET done = TRUE WHERE build_id = %s::int AND part = %s::int",
                [self._build.build_id, part.part],
            )
        return part.events

    def _take(self) -> _Part | None:
        row = self._connection.execute(
            "SELECT part, events, first, beyond, streams FROM build_part WHERE build_id = %s::int AND NOT done "
            "ORDER BY part LIMIT 1 FOR UPDATE SKIP LOCKED",
            [self._build.build_id],
        ).fetchone()
        return _Part(*row) if row else None

    def _fold_range(self, part: _Part) -> None:
        asked: dict[str, Any] = {"until": self._build.until, "first": part.first, "beyond": part.beyond}
        where = [f"position <= %(until)s::bigint AND {OF_DEVELOPMENTS}"]
        where += ["stream_id >= %(first)s::uuid"] if part.first else []
        where += ["stream_id < %(beyond)s::uuid"] if part.beyond else []
        rows = bulk_reading.rows(self._connection, " AND ".join(where), asked)
        troubled = []
        for development, recorded in bulk_reading.streams(rows, but=self._merged):
            try:
                self._fold(development, recorded)
            except MemoryError:  # says nothing of the development
                raise
            except Exception:  # noqa: BLE001  (whatever it is, the others are none the worse)
                troubled.append(recorded)
        for recorded in troubled:
            self._step_by_step(recorded)

    def _fold(self, development: UUID, recorded: Sequence[Recorded]) -> None:
        versions, row = setting_aside.fold_one(development, recorded, self._sources, self._build.reading)
        self._rows.add(versions, row, _speakers(recorded), development)

    def _fold_clusters(self, streams: Sequence[UUID]) -> None:
        where = f"stream_id = ANY(%(streams)s::uuid[]) AND position <= %(until)s::bigint AND {OF_DEVELOPMENTS}"
        rows = bulk_reading.rows(self._connection, where, {"streams": list(streams), "until": self._build.until})
        held = dict(bulk_reading.streams(rows))
        for cluster in clusters.clusters(
            (one, into) for one, into in self._into.items() if one in held or into in held
        ):
            own = {one: held[one] for one in cluster if one in held}
            try:
                self._fold_cluster(own, len(cluster))
            except MemoryError:
                raise
            except Exception:  # noqa: BLE001  (as above)
                self._step_by_step([one for events in own.values() for one in events])

    def _fold_cluster(self, own: Mapping[UUID, Sequence[Recorded]], size: int) -> None:
        """
        Raises:
            ValueError: something was merged with a development of which the log says nothing.
        """
        if len(own) < size:
            raise ValueError("merged with what the log does not have")
        into = {one: self._into[one] for one in own if one in self._into}
        folded = []
        for development, members in with_merged(own.keys(), into).items():
            recorded = sorted((one for each in members for one in own.get(each, ())), key=lambda one: one.position)
            folded.append(
                (development, *setting_aside.fold_one(development, recorded, self._sources, self._build.reading))
            )
        for development, versions, row in folded:  # all of them, or (told step by step) none
            self._rows.add(versions, row, _speakers(own[development]), development)

    def _step_by_step(self, recorded: Sequence[Recorded]) -> None:
        for source, development in mentions_in(recorded):
            self._rows.add((), None, (source,), development)
        for development, outcome in step_by_step(recorded, self._gradings, self._build.reading).items():
            self._rows.add(outcome.versions, outcome.row, (), development)
            if outcome.aside is not None:
                set_aside(self._connection, self._build, outcome.aside[0], development, outcome.aside[1])


def _speakers(recorded: Sequence[Recorded]) -> set[str]:
    """Everybody in a chain of what was said of a development, whether the reading hears it or not."""
    return {
        source
        for one in recorded
        if (report := getattr(one.event, "report", None)) is not None
        for source in report.chain
    }


def complete(connection: Database, build: Build) -> None:
    """What follows the last part: how far the claims reach, and the indexes; done again where it was interrupted.

    Raises:
        Cancelled: the build is not there any more.
        Unfinished: some part is not done.
    """
    now = builds.found(connection, build.build_id)
    if now is None:
        raise Cancelled(build)
    left = connection.execute(
        "SELECT count(*) FROM build_part WHERE build_id = %s::int AND NOT done", [build.build_id]
    ).fetchone()
    if not now.planned or left != (0,):
        raise Unfinished(f"{left[0] if left else 'all'} parts are not folded yet")
    if build.reading.clock == "recorded":
        with connection.transaction():
            connection.execute(in_tables(build.build_id, "DELETE FROM {reach}"))
            connection.execute(in_tables(build.build_id, _REACH), {"view": build.build_id, "until": build.until, "step": REACH_STEP})  # fmt: skip
    fresh_tables.index(connection, build.build_id)


class Unfinished(RuntimeError):
    """A build of which some parts are not folded."""


#: After every so many positions, the latest moment at which a claim takes effect that was known by then.
_REACH: Final = """
INSERT INTO {reach} (view_id, known, takes_effect)
SELECT %(view)s::int, least(step * %(step)s::bigint, %(until)s::bigint), max(latest) OVER (ORDER BY step)
FROM (SELECT (known_from + %(step)s::bigint - 1) / %(step)s::bigint AS step, max(takes_effect) AS latest
      FROM {claim_version} GROUP BY 1) AS known
"""


def rebuild(connection: Database, build: Build, on_progress: Callable[[int], None] | None = None) -> None:
    """All of a build but what makes it seen, by one worker, here."""
    plan(connection, build)
    Worker(connection, build).work(on_progress)
    complete(connection, build)

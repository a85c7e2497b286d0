"""Builds what was asked for, in any process: one at a time on a database, by several workers where there are cores.

Who builds holds an advisory lock on a connection of its own, so that a process that dies leaves the rest of its work to
the next: parts that were folded stay done (`projections.rebuilding`). What was left of verifications is dropped.
"""

import copy
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

import psycopg
import structlog

from events.log import Log, Pool
from projections import builds, fresh_tables, planning, progress, rebuilding, verifying
from projections.builds import Build
from projections.planning import Cancelled
from projections.rebuilding import Worker
from projections.verifying import CannotVerify
from projections.views import Database, View
from services.timeline import verifications
from services.timeline.build_workers import Workers, connected

logger = structlog.get_logger(__name__)

#: Any fixed number; whoever builds holds this lock.
LOCK: Final = 0x6275696C64657273  # "builders"

#: Tables that no view names any more are dropped after so many seconds.
GRACE: Final = 60.0

#: A view is far behind where it lacks so many events, and following them costs more than folding all: one event of
#: following takes so many times the time of one event of a rebuild (measured: 1.7 times with one worker, 2.1 with two).
FAR: Final = 20_000
FOLLOWING_COSTS: Final = 2

#: A build of fewer parts is not worth another process.
FEW_PARTS: Final = 4

#: Without another worker's help a part is tried so often.
ROUNDS: Final = 3

MOST_WORKERS: Final = 8

#: Told what is being built, and how much of it is done (0 to 1).
Tell = Callable[[Build, float], None]


class CannotBuild(RuntimeError):
    """A build that did not come to its end; one line says why."""


class Stopped(Exception):
    """We were told to stop; what was built so far stays, and is gone on with."""


def cores() -> int:
    """As many as this process may use, within reason."""
    return min(MOST_WORKERS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


class Builder:
    """Does what is waiting, on connections of its own."""

    def __init__(self, pool: Pool, workers: int | None = None, part: int = planning.PART) -> None:
        """
        Args:
            workers: So many processes fold; 0 folds in this one, None takes as many as there are cores.
            part: About so many events are folded in one transaction.
        """
        self._conninfo = pool.conninfo() if callable(pool.conninfo) else pool.conninfo
        self._workers = cores() if workers is None else workers
        self._part = part
        self.stopping = threading.Event()

    @contextmanager
    def alone(self) -> Iterator[Database | None]:
        """A connection on which we alone build; None where another process is building."""
        with connected(self._conninfo) as connection:
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
            yield connection if row is not None and row[0] else None

    def do_what_waits(self, connection: Database, tell: Tell | None = None) -> None:
        """Build and verify all that is waiting; what fails is noted, and does not stop the rest.

        Raises:
            Stopped: we were told to.
        """
        verifying.abandoned(connection)
        fresh_tables.sweep(connection, GRACE)
        for build in builds.every(connection):
            if build.error is None:
                with _noting(lambda error, build=build: builds.give_up(connection, build, error)):  # type: ignore[misc]
                    self.build(connection, build, tell)
        for view in verifications.waiting(connection):
            with _noting(lambda error, view=view: verifications.fail(connection, view, error)):  # type: ignore[misc]
                self._verify(connection, view, tell)

    def build(self, connection: Database, build: Build, tell: Tell | None = None) -> View | None:
        """Build a view, and show it; None where it was cancelled."""
        began = time.monotonic()
        try:
            self._fold(connection, build, tell)
        except Cancelled:
            return None
        view = builds.publish(connection, build)
        if view is not None:
            logger.debug("built", view=view.name, position=view.position, seconds=round(time.monotonic() - began, 1))
        return view

    def catch_up(self, connection: Database, view: View, tell: Tell | None = None) -> bool:
        """Fold the whole log anew for a view that is far behind it, and put that in its place."""
        head = connection.execute("SELECT position FROM log_head").fetchone()
        assert head is not None
        build = builds.begin(connection, "catch up", view.reading, head[0], of_view=view.view_id)
        try:
            self._fold(connection, build, tell)
            return builds.swap_in(connection, build)
        except BaseException:
            verifying.drop(connection, build)
            raise

    def catch_up_together(self, views: Sequence[View], tell: Callable[[float], None]) -> None:
        """The same for several views at the same time: while the server indexes one, the cores fold the others.

        Args:
            tell: Told how much is done of all (0 to 1).
        """
        shares = dict.fromkeys([view.view_id for view in views], 0.0)

        def told(build: Build, share: float) -> None:
            shares[build.of_view or 0] = share
            tell(sum(shares.values()) / len(views))

        def one(view: View) -> None:
            with connected(self._conninfo) as connection:
                own.catch_up(connection, view, told)

        at_once = max(1, min(len(views), self._workers))
        own = copy.copy(self)  # which stops when this one is told to
        own._workers = -(-self._workers // at_once)  # noqa: SLF001  (of ourselves)
        with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="catching up") as threads:
            try:
                list(threads.map(one, views))
            except BaseException:
                self.stopping.set()  # then the others end soon
                raise

    def _verify(self, connection: Database, view: View, tell: Tell | None) -> None:
        build = verifying.begin(connection, view)
        try:
            self._fold(connection, build, tell)
        except BaseException as error:
            verifying.drop(connection, build)
            if isinstance(error, Cancelled):
                return
            raise
        verifications.finish(connection, view, verifying.finish(connection, build))

    def _fold(self, connection: Database, build: Build, tell: Tell | None) -> None:
        """All of a build but what makes it seen."""
        planning.plan(connection, build, self._part)
        stuck = 0
        while left := _parts_left(connection, build):
            self._round(connection, build, left, tell)
            stuck = stuck + 1 if _parts_left(connection, build) == left else 0
            if stuck == ROUNDS:
                raise CannotBuild("its workers end before they have folded anything; see their errors in the log")
        rebuilding.complete(connection, build)

    def _round(self, connection: Database, build: Build, left: int, tell: Tell | None) -> None:
        """Let workers fold until none of them finds a part to take up."""
        if self._workers == 0 or left <= FEW_PARTS:
            Worker(connection, build).work(lambda _: self._watch(connection, build, tell))
            return
        with Workers(self._conninfo, build, self._workers) as workers:
            while workers.at_work():
                self._watch(connection, build, tell)
                time.sleep(0.1)

    def _watch(self, connection: Database, build: Build, tell: Tell | None) -> None:
        if self.stopping.is_set():
            raise Stopped
        if tell is not None and (now := builds.found(connection, build.build_id)) is not None:
            tell(now, now.share)


def _parts_left(connection: Database, build: Build) -> int:
    row = connection.execute(
        "SELECT count(*) FROM build_part WHERE build_id = %s::int AND NOT done", [build.build_id]
    ).fetchone()
    assert row is not None
    left: int = row[0]
    return left


@contextmanager
def _noting(note: Callable[[str], None]) -> Iterator[None]:
    """Note what went wrong with one thing, so that others get their turn; a lost connection is everybody's matter."""
    try:
        yield
    except (Stopped, psycopg.OperationalError):
        raise
    except Exception as error:
        logger.exception("could not build")
        note(f"{type(error).__name__}: {error}" if not isinstance(error, CannotBuild | CannotVerify) else str(error))


def far_behind(connection: Database) -> list[View]:
    """The views that the whole log is folded for sooner than they would have followed it."""
    found = progress.every(connection)
    return [one.view for one in found if one.lag >= FAR and one.lag * FOLLOWING_COSTS >= one.view.position + one.lag]


class Building:
    """The thread of a service that builds what is asked for, when no other process does, and goes on after a crash."""

    def __init__(self, log: Log, every: float = 1.0) -> None:
        self._pool = log.pool
        self._every = every
        self._builder = Builder(log.pool)
        self._thread = threading.Thread(target=self._run, name="builder", daemon=True)

    def __enter__(self) -> "Building":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._builder.stopping.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._builder.stopping.wait(self._every):
            try:
                self._look()
            except Stopped:
                return
            except Exception:
                logger.exception("building failed; trying again")
                self._builder.stopping.wait(5)

    def _look(self) -> None:
        with self._pool.connection() as connection:
            fresh_tables.sweep(connection, GRACE)
            waits = verifications.waiting(connection) or any(map(_is_due, builds.every(connection)))
        if waits:
            with self._builder.alone() as own:
                if own is not None:
                    self._builder.do_what_waits(own)


def _is_due(build: Build) -> bool:
    return build.purpose == "view" and build.error is None

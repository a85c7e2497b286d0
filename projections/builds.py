"""What is to be built, and how far it is: rows beside the views' own, so that no reader meets a view half built.

A build is a view to come, or tables to compare with a view's (`verifying.py`), or tables to take their place
(`rebuilding.catch_up`). How it is done is told in `rebuilding.py`; by whom, in the service.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from projections import fresh_tables, views
from projections.policies import Reading
from projections.views import Database, View

Purpose = Literal["view", "verify", "catch up"]


class Taken(ValueError):
    """A view of this name reads the log otherwise."""


@dataclass(frozen=True, slots=True)
class Build:
    """Something to be built.

    Attributes:
        build_id: The number of its tables, and the id of the view that comes of it.
        name: The name of the view that comes of it; None where none does.
        of_view: The view that it is to be compared with, or whose tables it is to replace.
        until: The position up to which it is folded.
        frozen: The view stays at that position for ever.
        error: Why it was given up.
        events, done: How many events are to be folded, and how many are; 0 while it is not planned.
    """

    build_id: int
    purpose: Purpose
    name: str | None
    of_view: int | None
    reading: Reading
    until: int
    frozen: bool
    planned: bool
    error: str | None
    events: int
    done: int

    @property
    def share(self) -> float:
        """How much of it is done; what comes after the parts, the indexes, counts for nothing."""
        return self.done / self.events if self.events else 0.0


_SELECT: Final = """
SELECT build_id, purpose, name, of_view, until, frozen, planned, error,
       coalesce(part.events, 0)::bigint, coalesce(part.done, 0)::bigint,
       policy, policy_version, clock, exclude_sources, only_sources
FROM build LEFT JOIN LATERAL (
    SELECT sum(events) AS events, sum(events) FILTER (WHERE done) AS done FROM build_part
    WHERE build_part.build_id = build.build_id
) AS part ON TRUE"""


def every(connection: Database) -> list[Build]:
    """Every build, in the order in which they were asked for."""
    return [_build(row) for row in connection.execute(f"{_SELECT} ORDER BY build_id")]


def found(connection: Database, build_id: int) -> Build | None:
    """A build by its number; None where it is finished or cancelled."""
    row = connection.execute(f"{_SELECT} WHERE build_id = %s::int", [build_id]).fetchone()
    return _build(row) if row else None


def named(connection: Database, name: str) -> Build | None:
    """The build of a view to come, by its name or id."""
    row = connection.execute(
        f"{_SELECT} WHERE name = %s OR (name IS NOT NULL AND build_id::text = %s)", [name, name]
    ).fetchone()
    return _build(row) if row else None


def ask(connection: Database, name: str, reading: Reading, until: int | None) -> Build | View:
    """Ask for a view; asked for again in the same words, it is the one that there is or is being built.

    Args:
        until: The position at which it stays for ever; None for one that follows the log.

    Raises:
        Taken: there is, or will be, a view of this name that reads the log otherwise.
    """
    with connection.transaction():
        views.alone_defining(connection)
        view = views.named(connection, name)
        if view is not None:
            _require_same(name, (view.reading, view.until), (reading, until))
            return view
        build = named(connection, name)
        if build is None:
            head = connection.execute("SELECT position FROM log_head").fetchone()
            assert head is not None
            return begin(connection, "view", reading, until or head[0], name=name, frozen=until is not None)
        _require_same(name, (build.reading, build.until if build.frozen else None), (reading, until))
        connection.execute("UPDATE build SET error = NULL WHERE build_id = %s::int", [build.build_id])
        return build


def _require_same(name: str, held: tuple[Reading, int | None], asked: tuple[Reading, int | None]) -> None:
    if held != asked:
        said = f"there is a view {name!r} already, which reads the log otherwise: {described(*held)}"
        raise Taken(f"{said}; choose another name, or drop it first")


def described(reading: Reading, until: int | None) -> str:
    """How a view reads the log, in words."""
    said = [reading.policy.label, f"{reading.clock} clock"]
    said += [f"without {', '.join(sorted(reading.exclude_sources))}"] if reading.exclude_sources else []
    said += [f"only {', '.join(sorted(reading.only_sources))}"] if reading.only_sources else []
    return ", ".join([*said, *([f"frozen at position {until}"] if until is not None else [])])


def begin(
    connection: Database,
    purpose: Purpose,
    reading: Reading,
    until: int,
    *,
    name: str | None = None,
    of_view: int | None = None,
    frozen: bool = False,
) -> Build:
    """Write down that something is to be built."""
    build_id = fresh_tables.number(connection)
    connection.execute(
        "INSERT INTO build (build_id, purpose, name, of_view, policy, policy_version, clock, exclude_sources, "
        "only_sources, until, frozen) VALUES (%s::int, %s, %s, %s::int, %s, %s::int, %s, %s, %s, %s, %s)",
        [build_id, purpose, name, of_view, *_as_stored(reading), until, frozen],
    )
    return Build(build_id, purpose, name, of_view, reading, until, frozen, planned=False, error=None, events=0, done=0)


def _as_stored(reading: Reading) -> list[Any]:
    choices = [sorted(reading.exclude_sources), sorted(reading.only_sources)]
    return [reading.policy.name, reading.policy.version, reading.clock, *choices]


def give_up(connection: Database, build: Build, error: str) -> None:
    """Note why a build cannot go on, until somebody asks for it again."""
    connection.execute("UPDATE build SET error = %s WHERE build_id = %s::int", [error, build.build_id])


def cancel(connection: Database, build: Build) -> None:
    """Forget a build, and drop its tables once nobody fills them; whoever does so finds no part left to do."""
    with connection.transaction():
        connection.execute("DELETE FROM build WHERE build_id = %s::int", [build.build_id])
        fresh_tables.discard(connection, build.build_id)


def publish(connection: Database, build: Build) -> View | None:
    """Make a view of what was built, in one transaction; None where it was cancelled meanwhile."""
    with connection.transaction():
        views.alone_defining(connection)
        if not _locked(connection, build):
            return None
        assert build.name is not None
        fresh_tables.attach(connection, build.build_id)
        connection.execute(
            "INSERT INTO view (view_id, name, policy, policy_version, clock, exclude_sources, only_sources, position, until) "
            "OVERRIDING SYSTEM VALUE VALUES (%s::int, %s, %s, %s::int, %s, %s, %s, %s, %s)",
            [
                build.build_id,
                build.name,
                *_as_stored(build.reading),
                build.until,
                build.until if build.frozen else None,
            ],
        )
        _take_over_set_aside(connection, build, build.build_id)
        connection.execute("DELETE FROM build WHERE build_id = %s::int", [build.build_id])
        return views.find(connection, build.name)


def swap_in(connection: Database, build: Build) -> bool:
    """Put what was built in place of a view's rows, in one transaction, where the view is not further on by itself.

    Readers who read the view's row before find the tables that it named then; they are dropped later.
    """
    with connection.transaction():
        views.alone_defining(connection)
        if not _locked(connection, build):
            return False
        view = views.locked(connection, str(build.of_view))
        if view.position >= build.until:
            cancel(connection, build)
            return False
        fresh_tables.attach(connection, build.build_id)
        connection.execute(
            "UPDATE view SET tables = %s::int, position = %s WHERE view_id = %s::int",
            [build.build_id, build.until, view.view_id],
        )
        connection.execute("DELETE FROM set_aside WHERE view_id = %s::int", [view.view_id])
        connection.execute("DELETE FROM regrading WHERE view_id = %s::int", [view.view_id])
        _take_over_set_aside(connection, build, view.view_id)
        fresh_tables.discard(connection, view.tables)
        connection.execute("DELETE FROM build WHERE build_id = %s::int", [build.build_id])
        return True


def _locked(connection: Database, build: Build) -> bool:
    """Whether the build is there still; it stays until the transaction ends."""
    row = connection.execute("SELECT FROM build WHERE build_id = %s::int FOR UPDATE", [build.build_id]).fetchone()
    return row is not None


def _take_over_set_aside(connection: Database, build: Build, view_id: int) -> None:
    connection.execute(
        "INSERT INTO set_aside (view_id, position, stream_id, error) "
        "SELECT %s::int, position, stream_id, error FROM build_set_aside WHERE build_id = %s::int",
        [view_id, build.build_id],
    )


def _build(row: Sequence[Any]) -> Build:
    build_id, purpose, name, of_view, until, frozen, planned, error, events, done, *said = row
    reading = views.reading_of(name or f"build {build_id}", *said)
    return Build(build_id, purpose, name, of_view, reading, until, frozen, planned, error, events, done)

"""Draws the atlas of a view into its file, in a process of its own, beside whoever serves: `python -m …atlas` (see keeper)."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from events.log import Log
from projections import setting_aside, touched_places, views
from projections.catalogue import Catalogue
from projections.every_place import versions_by_place
from projections.views import View
from services.timeline.atlas.base import Identity
from services.timeline.atlas.draft import Draft, upto

SUFFIX = ".atlas"


class CannotDraw(RuntimeError):
    """The view has no atlas as it stands; a later one may have."""


def folder_of(connection: Connection[TupleRow], home: Path) -> Path:
    """Where the atlases of a database are: another server, or another database of it, has another folder."""
    row = connection.execute(
        "SELECT system_identifier::text, oid::text FROM pg_control_system(), pg_database WHERE datname = current_database()"
    ).fetchone()
    assert row is not None
    return home / "atlas" / "-".join(row)


def reading_line(view: View) -> str:
    """How a view reads the log, in one line."""
    reading = view.reading
    without = "".join(f" -{one}" for one in sorted(reading.exclude_sources))
    only = "".join(f" +{one}" for one in sorted(reading.only_sources))
    return f"{reading.policy.label} {reading.clock}{without}{only}"


def event_at(connection: Connection[TupleRow], position: int) -> UUID | None:
    """The id of the event at a position."""
    row = connection.execute("SELECT event_id FROM event WHERE position = %s", [position]).fetchone()
    return row[0] if row else None


@contextmanager
def one_state(connection: Connection[TupleRow]) -> Iterator[None]:
    """All that is read within is of one moment."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def draw(log: Log, folder: Path, view_id: int) -> Path | None:
    """Draw a view as it stands, and take its older files away; None where another process is at it.

    Raises:
        CannotDraw: something is set aside in it, or a source graded anew is being folded in parts.
        TooMuch: it has too many rectangles.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(folder, view_id) as alone:
        if not alone:
            return None
        for left in folder.glob(f".{view_id}-*"):  # by one that was killed
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        with log.pool.connection() as connection, one_state(connection):
            path = _draw(connection, log, folder, view_id)
        for other in folder.glob(f"{view_id}-*{SUFFIX}"):
            if other != path:
                other.unlink(missing_ok=True)
        return path


@contextmanager
def _alone(folder: Path, view_id: int) -> Iterator[bool]:
    """Whether nobody else draws this view, and nobody will until we are done."""
    with (folder / f"{view_id}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def is_being_drawn(folder: Path, view_id: int) -> bool:
    """Whether a process of this machine draws a view just now."""
    if not folder.exists():
        return False
    with _alone(folder, view_id) as alone:
        return not alone


def _draw(connection: Connection[TupleRow], log: Log, folder: Path, view_id: int) -> Path:
    view = views.find(connection, str(view_id))
    span = touched_places.span(connection, view)
    if span.mixed or setting_aside.listed(connection, view, 1):
        raise CannotDraw(f"view {view.name!r}: something is set aside, or is being graded anew")
    catalogue = Catalogue()
    catalogue.learn(log.reference(until=view.position), view.position)
    event_id = event_at(connection, view.position)
    identity = Identity(view_id, reading_line(view), view.position, event_id, span.revision)
    path = folder / f"{view_id}-{view.position}-{os.getpid()}{SUFFIX}"
    scratch = tempfile.TemporaryDirectory(prefix=f".{view_id}-", dir=folder)
    with scratch, Draft(catalogue.location_ids(view.position), Path(scratch.name)) as draft:
        for location_id, versions in versions_by_place(connection, view):
            recorded = view.reading.clock == "recorded"
            draft.draw(location_id, upto(versions, view.position) if recorded else versions)
        draft.write(path, {"identity": msgspec.to_builtins(identity)})
    return path

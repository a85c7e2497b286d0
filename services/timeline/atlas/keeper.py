"""Keeps the atlases of a process: maps their files, has them drawn where there are none, and follows the views.

Positions decide whether an atlas may answer, not clocks: on the recorded clock it answers what was known by a position that it
has reached; on the reported clock, where a late arrival reaches back, only from the very position at which the question
stands. What it may not answer is answered from the tables.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, Self

import msgspec
import structlog
from psycopg import Connection
from psycopg.rows import TupleRow

from events.log import Pool
from projections import touched_places, views
from services.timeline.asked import Asked
from services.timeline.atlas.base import Base
from services.timeline.atlas.drawing import folder_of, is_being_drawn
from services.timeline.atlas.kept import Catalogues, Kept, found
from services.timeline.atlas.picture import Atlas

logger = structlog.get_logger(__name__)

#: It looks so often whether the views have moved, in seconds; a question that is ahead of it wakes it, and waits so long.
LOOK_EVERY: Final = 1.0
WAIT: Final = 0.1

#: A view is drawn again so many seconds after it was, or after so many times what that took; or so long after it failed.
REST: Final = 10.0
REST_BY: Final = 4.0
REST_AFTER_FAILURE: Final = 30.0

#: A view of fewer events is drawn only when somebody asks about the whole map.
SMALL: Final = 5_000


class Order(msgspec.Struct, frozen=True):
    """Which atlas a process is to draw, and where."""

    conninfo: str
    folder: str
    view: int


class Held(NamedTuple):
    """An atlas that a process has: of which view, as of which position, in a file of how many bytes."""

    view: int
    position: int
    size: int


class Keeper:
    """The atlases of one process. Without its thread it keeps none, and answers nothing."""

    def __init__(
        self,
        pool: Pool,
        home: Path,
        catalogues: Catalogues,
        forget: Callable[[], None],
        drawn_from: Pool | None = None,
    ) -> None:
        """
        Args:
            drawn_from: The database that they are drawn from, where it is another: a standby's atlases are the primary's.
            home: Where the files are kept.
            catalogues: The reference data, at least up to a position.
            forget: Takes out of it what was redacted since.
        """
        self._forget = forget
        self._pool = pool
        self._drawn_from = drawn_from or pool
        self._home = home
        self._catalogues = catalogues
        self._folder: Path | None = None
        self._kept: dict[int, Kept] = {}
        self._wanted: set[int] = set()
        self._drawing: dict[int, tuple[float, subprocess.Popen[bytes]]] = {}
        self._passed_over: set[tuple[str, int]] = set()
        self._not_before: dict[int, float] = {}
        self._moved = threading.Condition()
        self._woken = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._at_work = False

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="atlas", daemon=True)
        self._thread.start()
        self._at_work = True
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopping = True
        self._at_work = False
        self._woken.set()
        if self._thread is not None:
            self._thread.join(timeout=30)
        for _, drawing in self._drawing.values():
            with drawing:  # closes its pipes, and waits for it
                drawing.kill()

    def adopt(self, kept: Kept) -> None:
        """Answer from an atlas that somebody else keeps up with its view."""
        self._kept[kept.base.identity.view] = kept
        self._at_work = True

    def held(self) -> list[Held]:
        """The atlases that there are now."""
        kept = sorted(self._kept.copy().items())
        return [Held(view, one.atlas.position, len(one.base.file.view)) for view, one in kept]

    def base(self, view_id: int) -> Base | None:
        """The file of a view's atlas as it is mapped; whoever reads it looks up what changed since."""
        self._wanted.add(view_id)
        kept = self._kept.get(view_id)
        return kept.base if kept is not None else None

    def covering(self, asked: Asked, wait: float = WAIT) -> Atlas | None:
        """An atlas that may answer a question; None where the tables have to.

        Args:
            wait: For an atlas that is behind the question, at most so many seconds.
        """
        if not self._at_work or asked.as_of is not None or asked.set_aside:
            return None
        view_id, position = asked.view.view_id, asked.known_position
        self._wanted.add(view_id)
        kept = self._kept.get(view_id)
        if kept is None or kept.atlas.places.is_outdated:
            return None
        if kept.atlas.position < position:
            self._woken.set()
            with self._moved:
                self._moved.wait_for(lambda: kept.atlas.position >= position, wait)
        atlas = kept.atlas
        reported = asked.view.reading.clock == "reported"
        if atlas.position != position if reported else atlas.position < position:
            return None
        span = touched_places.span(asked.connection, asked.view)
        return atlas if span.revision == atlas.revision and not (reported and span.mixed) else None

    def _run(self) -> None:
        while not self._stopping:
            try:
                self.look()
            except Exception:  # an atlas outlives a lost connection; the tables answer meanwhile
                logger.exception("keeping the atlases failed; trying again")
            self._woken.wait(LOOK_EVERY)
            self._woken.clear()

    def look(self) -> None:
        """Bring every wanted atlas up with its view, or have it drawn."""
        self._forget()
        with self._pool.connection() as connection:
            if self._folder is None:
                self._folder = folder_of(connection, self._home)
            standing = {view.view_id: view for view in views.every(connection)}
            self._wanted |= {
                one.view_id for one in standing.values() if one.name in views.ALWAYS and one.position >= SMALL
            }
            self._wanted &= standing.keys()
            for gone in self._kept.keys() - self._wanted:
                del self._kept[gone]
            for view_id in list(self._drawing):
                self._reap(view_id)
            for view_id in sorted(self._wanted):
                self._look_at(connection, self._folder, view_id)

    def _look_at(self, connection: Connection[TupleRow], folder: Path, view_id: int) -> None:
        view = views.find(connection, str(view_id))
        kept = self._kept.get(view_id)
        if kept is None or kept.outdated:
            base = found(connection, folder, view, self._passed_over, kept.base if kept else None)
            kept = Kept(base, self._catalogues) if base is not None else kept
        if kept is not None:
            kept.follow(connection, view_id)
            self._kept[view_id] = kept
            with self._moved:
                self._moved.notify_all()
        if kept is None or kept.outdated:
            self._draw(folder, view_id)

    def _draw(self, folder: Path, view_id: int) -> None:
        """Have an atlas drawn by a process of its own, unless one is at it, or was a moment ago."""
        rests = time.monotonic() < self._not_before.get(view_id, 0.0)
        if view_id in self._drawing or rests or is_being_drawn(folder, view_id):
            return
        source = self._drawn_from.conninfo
        conninfo = source() if callable(source) else source
        process = subprocess.Popen(
            [sys.executable, "-m", "services.timeline.atlas"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(Order(conninfo, str(folder), view_id)))
        process.stdin.close()
        self._drawing[view_id] = time.monotonic(), process

    def _reap(self, view_id: int) -> None:
        """Look after a process that has drawn, also where its view is gone meanwhile."""
        began, process = self._drawing[view_id]
        if process.poll() is None:
            return
        del self._drawing[view_id]
        now = time.monotonic()
        assert process.stderr is not None
        said = process.stderr.read().decode(errors="replace").strip()
        process.stderr.close()
        if process.returncode != 0:
            self._not_before[view_id] = now + REST_AFTER_FAILURE
            logger.warning("no atlas could be drawn; the tables answer", view=view_id, error=said[-500:])
        else:
            self._not_before[view_id] = now + max(REST, REST_BY * (now - began))

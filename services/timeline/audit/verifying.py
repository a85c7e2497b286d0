"""The whole log verified: every leaf and tile made again, and compared with every checkpoint that anybody holds.

It works on one snapshot of the database, in several processes where the log is long, and answers with the first
position that disagrees. What no checkpoint covers yet is checked against itself alone, and counted.
"""

import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from psycopg import Connection

from events.merkle import Stack
from events.tiles import WIDTH, Tile
from services.timeline.audit import redactions, stored
from services.timeline.audit.bulk import recompute
from services.timeline.audit.checkpoints import Checkpoint
from services.timeline.audit.notes import Note, PublicKey, SignatureRefused, UnusableNote
from services.timeline.audit.recomputing import Job, Part, Problem, whole_tiles
from services.timeline.audit.signing import NAMED_BY_ID
from services.timeline.audit.stored import Reach

#: So many events are one job.
PART: Final = 128 * WIDTH


class Held(NamedTuple):
    """A checkpoint that somebody holds outside of the database: what to call it, and the note."""

    name: str
    note: str


class Verdict(NamedTuple):
    """What came of it.

    Attributes:
        events: How many the log has.
        covered: How many of them the largest checkpoint covers.
        checkpoints: How many agree, those held outside among them.
        signers: The known keys that signed one of them.
        problem: The first that disagrees; None: the record is as it was signed.
    """

    events: int
    covered: int
    checkpoints: int
    signers: tuple[PublicKey, ...]
    problem: Problem | None


#: Reads parts of the log again, in order; how is settled by who knows how many processors there are.
Recompute = Callable[[Sequence[Job]], Iterable[Part]]


class _Signed(NamedTuple):
    """A checkpoint to compare with: what to call it, and what it says."""

    name: str
    checkpoint: Checkpoint


class _Disagrees(Exception):
    """Carries the first problem to whoever asked."""

    def __init__(self, position: int | None, reason: str) -> None:
        super().__init__(reason)
        self.problem = Problem(position, reason)


def verify(
    connection: Connection[Any],
    known: Sequence[PublicKey] = (),
    outside: Sequence[Held] = (),
    *,
    run: Recompute | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Verdict:
    """Verify a log in the transaction that a connection is in.

    Args:
        known: Keys that are the log's, by whoever asks. Without any, signatures are not checked.
        outside: Checkpoints from elsewhere.
        run: Reads the parts; by default here, one after the other.
        on_progress: Told the position reached.
    """
    verifying = _Verifying(connection, known, on_progress or (lambda _: None))
    try:
        verifying.run(outside, run or (lambda jobs: (recompute(connection, job) for job in jobs)))
    except _Disagrees as found:
        return verifying.verdict(found.problem)
    return verifying.verdict(None)


class _Verifying:
    def __init__(
        self,
        connection: Connection[Any],
        known: Sequence[PublicKey],
        on_progress: Callable[[int], None],
    ) -> None:
        self._connection = connection
        self._known = known
        self._redactions = redactions.recorded(connection)
        self._on_progress = on_progress
        self._signers: dict[str, PublicKey] = {}
        self._events = self._covered = self._agreeing = 0
        self._at_the_end: _Disagrees | None = None
        self._versions: Problem | None = None

    def verdict(self, problem: Problem | None) -> Verdict:
        return Verdict(self._events, self._covered, self._agreeing, tuple(self._signers.values()), problem)

    def run(self, outside: Sequence[Held], recompute_all: Recompute) -> None:
        reach = self._reach()
        signed = [*self._stored(), *(self._outside(one) for one in outside)]
        self._one_origin(reach, signed)
        sizes = sorted({one.checkpoint.size for one in signed if one.checkpoint.size <= reach.size})
        jobs = list(self._jobs(reach, sizes))
        roots, pieces = self._recomputed(jobs, recompute_all)
        if self._versions is not None:
            raise _Disagrees(*self._versions)
        if (wrong := redactions.problem(self._connection, self._redactions)) is not None:
            raise _Disagrees(*wrong)
        self._tiles(reach, roots)
        self._checkpoints(reach, signed, roots, pieces)

    def _reach(self) -> Reach:
        try:
            reach = stored.reach(self._connection)
        except LookupError as error:
            raise _Disagrees(None, str(error)) from None
        row = self._connection.execute("SELECT min(position), max(position) FROM event").fetchone()
        assert row is not None
        first, last = row[0], row[1] or 0
        self._events = last  # where none is missing, as is yet to be seen
        if first is not None and first < 1:
            raise _Disagrees(first, "positions begin with 1")
        end = min(reach.head, last)
        if last != reach.head:
            self._at_the_end = _Disagrees(end + 1, f"the log's head is at {reach.head:,}, its last event at {last:,}")
        elif reach.size > end:
            self._at_the_end = _Disagrees(end + 1, f"it is missing: the tree has {reach.size:,} events")
        return reach._replace(head=end)

    def _stored(self) -> Iterator[_Signed]:
        for size, note in stored.every_checkpoint(self._connection):
            name = f"the checkpoint over {size:,} events"
            found = self._read(name, note)
            if found.checkpoint.size != size:
                raise _Disagrees(None, f"{name} says {found.checkpoint.size:,}")
            yield found

    def _outside(self, held: Held) -> _Signed:
        return self._read(held.name, held.note)

    def _read(self, name: str, text: str) -> _Signed:
        try:
            note = Note.read(text)
            signers = note.signers(self._known)
            found = Checkpoint.read(note.text)
        except (UnusableNote, SignatureRefused) as error:
            raise _Disagrees(None, f"{name}: {error}") from None
        if self._known and not signers:
            raise _Disagrees(None, f"{name} is signed by no key that is known here")
        self._signers |= {str(one): one for one in signers}
        return _Signed(name, found)

    def _one_origin(self, reach: Reach, signed: Sequence[_Signed]) -> None:
        origins = {key.name for key in self._known[:1]} | {one.checkpoint.origin for one in signed}
        if len(origins) > 1:
            raise _Disagrees(None, f"the checkpoints are of different logs: {', '.join(sorted(origins))}")
        if any(one.startswith(NAMED_BY_ID) and one != f"{NAMED_BY_ID}{reach.log_id}" for one in origins):
            raise _Disagrees(None, f"log_id is {reach.log_id}, but the checkpoints are of {', '.join(origins)}")

    def _jobs(self, reach: Reach, sizes: list[int]) -> Iterator[Job]:
        for start in range(0, reach.head, PART):
            until = min(start + PART, reach.head)
            within = sizes[bisect.bisect_right(sizes, start) : bisect.bisect_right(sizes, until)]
            lawful = (one.position for one in self._redactions if one.names_it)
            redacted = frozenset(one for one in lawful if start < one <= until)
            yield Job(start, until, reach.size, within, redacted)

    def _recomputed(self, jobs: Sequence[Job], recompute_all: Recompute) -> tuple[list[bytes], dict[int, list[bytes]]]:
        roots: list[bytes] = []
        pieces: dict[int, list[bytes]] = {}
        last_at: int | None = None
        parts = iter(recompute_all([Job(0, 0, 0, versions=True), *jobs]))
        self._versions = next(parts).problem  # asked for first, since it takes long, and told last
        for job, part in zip(jobs, parts, strict=True):
            if last_at is not None and part.first_at is not None and part.first_at <= last_at:
                raise _Disagrees(job.start + 1, "it was not recorded after the one before it")
            if part.problem is not None:
                raise _Disagrees(*part.problem)
            roots += part.roots
            pieces |= part.pieces
            last_at = part.last_at
            self._on_progress(job.until)
        if self._at_the_end is not None:  # what disagrees before it has been told by now
            raise self._at_the_end
        self._head_time(last_at)
        return roots, pieces

    def _head_time(self, last_at: int | None) -> None:
        row = self._connection.execute(
            "SELECT (extract(epoch FROM recorded_at - '2000-01-01Z') * 1000000)::bigint FROM log_head"
        ).fetchone()
        if last_at is not None and row is not None and row[0] != last_at:
            raise _Disagrees(None, "the head of the log does not bear the time of the last event")

    def _tiles(self, reach: Reach, roots: list[bytes]) -> None:
        """The tiles above the lowest level, and that there are no others than there should be."""
        made = whole_tiles(roots)
        rows = self._connection.execute("SELECT level, number, hashes FROM log_tile WHERE level > 0").fetchall()
        held = {Tile(level, number): bytes(hashes) for level, number, hashes in rows}
        for tile in sorted({*made, *held}):
            if made.get(tile) != held.get(tile):
                first = (tile.number << (8 * (tile.level + 1))) + 1
                raise _Disagrees(
                    first, f"tile {tile.number} of level {tile.level} is not that of the events from here on"
                )
        row = self._connection.execute("SELECT count(*) FROM log_tile WHERE level = 0").fetchone()
        if row is None or row[0] != -(-reach.size // WIDTH):
            raise _Disagrees(None, "the tree has tiles of events that it does not have")

    def _checkpoints(
        self, reach: Reach, signed: Iterable[_Signed], roots: Sequence[bytes], pieces: dict[int, list[bytes]]
    ) -> None:
        stack, agreed = Stack(), 0
        for name, checkpoint in sorted(signed, key=lambda one: one.checkpoint.size):
            size = checkpoint.size
            if size > reach.size:
                where = f"the log has {reach.head:,}, its tree {reach.size:,}"
                raise _Disagrees(reach.size + 1, f"{name} was signed over {size:,} events, but {where}")
            for root in roots[stack.size : size // WIDTH]:
                stack.append(root)
            if Stack(size, [*stack.roots, *pieces.get(size, ())]).root() != checkpoint.root:
                raise _Disagrees(agreed + 1, f"{name} was signed over other events, from here up to position {size:,}")
            agreed = self._covered = size
            self._agreeing += 1

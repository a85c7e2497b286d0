"""One part of the log read again, event by event: columns against structures, texts against hashes, leaves against tiles."""

import hashlib
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import Connection

from events import codec, merkle, tiles
from events.merkle import complete
from events.recorded import reference_stream
from events.tiles import WIDTH, Tile
from services.timeline.audit import stored
from services.timeline.audit.reading import Row, UnreadableRow, leaf_of, moment, rows

#: Stored types whose stream is a development.
_OF_DEVELOPMENTS: Final = ("development-", "report-")


class Problem(NamedTuple):
    """What disagrees, and from which position on, where that is known."""

    position: int | None
    reason: str

    def __str__(self) -> str:
        return self.reason if self.position is None else f"position {self.position:,}: {self.reason}"


class Job(NamedTuple):
    """A part to read again.

    Attributes:
        start: It begins after this position, a multiple of 256.
        until: The last position.
        tree: How many events the tree has.
        sizes: The sizes of checkpoints that lie in this part.
        redacted: Positions whose text was taken away lawfully.
        versions: In place of a part, the versions of all streams.
    """

    start: int
    until: int
    tree: int
    sizes: Sequence[int] = ()
    redacted: Collection[int] = frozenset()
    versions: bool = False


class Part(NamedTuple):
    """What came of it.

    Attributes:
        problem: The first that was found; all else is then of no use.
        roots: The hash over each full tile.
        pieces: For each size, the complete subtrees of its last, partial tile.
        first_at, last_at: When its first and last events were recorded, in microseconds.
    """

    problem: Problem | None
    roots: list[bytes]
    pieces: dict[int, list[bytes]]
    first_at: int | None
    last_at: int | None


def event_by_event(connection: Connection[Any], job: Job) -> Part:
    """Read a part of the log again and compare it with the tiles of the tree: what is wrong first, and where."""
    return _Recomputing(connection, job).run()


class _Recomputing:
    def __init__(self, connection: Connection[Any], job: Job) -> None:
        self._connection = connection
        self._job = job
        self._roots: list[bytes] = []
        self._pieces: dict[int, list[bytes]] = {}
        self._first: int | None = None
        self._last: int | None = None
        self._position = job.start
        self._held = stored.level_of_tiles(connection, 0, job.start // WIDTH, -(-job.until // WIDTH))

    def run(self) -> Part:
        problem = self._read()
        return Part(problem, self._roots, self._pieces, self._first, self._last)

    def _read(self) -> Problem | None:
        hashes: list[bytes] = []
        try:
            for row in rows(self._connection, self._job.start, self._job.until, whole=True):
                covered = row.position <= self._job.tree
                found = self._wrong(row, covered=covered)
                if found is not None:
                    return self._tile(hashes) or found
                if covered:
                    hashes.append(merkle.leaf_hash(leaf_of(row)))
                    if len(hashes) == WIDTH:
                        if (found := self._tile(hashes)) is not None:
                            return found
                        hashes = []
        except UnreadableRow as error:
            return self._tile(hashes) or Problem(self._position + 1, str(error))
        if (found := self._tile(hashes, at_end=True)) is not None:
            return found
        if self._position != self._job.until:
            return Problem(self._position + 1, "it is missing")
        return None

    def _wrong(self, row: Row, *, covered: bool) -> Problem | None:
        """What is wrong with a row by itself, or after the one before."""
        position, at = row.position, row.recorded_at
        if position != self._position + 1:
            gap = position > self._position
            return Problem(self._position + 1, "it is missing") if gap else Problem(position, "it stands twice")
        if self._last is not None and at <= self._last:
            return Problem(position, "it was not recorded after the one before it")
        reason = (
            _wrong_time(row)
            or _wrong_stream(row)
            or (None if covered else _wrong_shape(row))
            or _wrong_text(row, redacted=position in self._job.redacted)
        )
        if reason is not None:
            return Problem(position, reason)
        self._position, self._last = position, at
        if self._first is None:
            self._first = at
        return None

    def _tile(self, hashes: list[bytes], *, at_end: bool = False) -> Problem | None:
        """Compare the leaves of a tile with the one that is kept; remember what roots are made of."""
        first = self._job.start + len(self._roots) * WIDTH
        held = tiles.apart(self._held.get(first // WIDTH, b""))
        if held[: len(hashes)] != hashes:
            differs = next(place for place, one in enumerate(hashes) if held[place : place + 1] != [one])
            return Problem(first + differs + 1, "it is not the event that the tree has there")
        if at_end and len(held) > len(hashes):
            return Problem(first + len(hashes) + 1, "the tree has more events than it says, or than the log has")
        for size in self._job.sizes:
            if first < size < first + WIDTH and size - first <= len(hashes):
                self._pieces[size] = pieces(hashes, size - first)
        if len(hashes) == WIDTH:
            self._roots.append(merkle.complete_root(hashes))
        return None


def wrong_version(connection: Connection[Any]) -> Problem | None:
    """Where the versions of a stream do not count its events in the order of the log."""
    row = connection.execute(
        "SELECT position, version, counted FROM (SELECT position, version, "
        "row_number() OVER (PARTITION BY stream_id ORDER BY position) AS counted FROM event) AS one "
        "WHERE version <> counted ORDER BY position LIMIT 1"
    ).fetchone()
    return Problem(row[0], f"version is {row[1]}, but it is event {row[2]} of its stream") if row is not None else None


def stream_of(stored_type: str, structure: bytes, stream: str) -> bool:
    """Whether a stream is that of a structure. Of a development, its id in the structure is all that is asked.

    Raises:
        Exception: whatever is wrong with a structure that cannot be read.
    """
    if stored_type.startswith(_OF_DEVELOPMENTS) and b'"development_id":"%b"' % stream.encode() in structure:
        return True
    kind, key = codec.decode_for_folds(stored_type, structure).stream
    return str(key if isinstance(key, UUID) else _reference_stream(kind, key)) == stream


def _wrong_time(row: Row) -> str | None:
    try:
        moment(row.recorded_at)
    except UnreadableRow as error:
        return str(error)
    return None


def _wrong_stream(row: Row) -> str | None:
    try:
        right = stream_of(row.type.decode(), row.structure, row.stream_id.decode())
    except Exception as error:  # noqa: BLE001  (whatever is wrong with these bytes)
        return _not_of_type(row, error)
    return None if right else "stream_id is not that of its structure"


def _wrong_shape(row: Row) -> str | None:
    """Where the structure is not one of its type; what the tree has needs no such look."""
    try:
        codec.decode(row.type.decode(), row.structure)
    except Exception as error:  # noqa: BLE001  (as above)
        return _not_of_type(row, error)
    return None


def _not_of_type(row: Row, error: Exception) -> str:
    said = " ".join(str(error).split()) or type(error).__name__
    return f"its structure is not one of type {row.type.decode(errors='replace')}: {said}"


def _wrong_text(row: Row, *, redacted: bool) -> str | None:
    said = row.structure.rpartition(b'"text_sha256":')[2]
    if row.text is None and row.salt is None:
        return None if redacted or said == b"null}" else "its text is gone, and no redaction of it is recorded"
    if row.text is None or row.salt is None:
        return "of text and salt one is gone"
    if redacted:
        return "its text is there, though a redaction of it is recorded"
    if said != b'"%b"}' % hashlib.sha256(row.salt + row.text).hexdigest().encode():
        return "its text is not the one that its structure commits to"
    return None


@lru_cache(maxsize=10_000)
def _reference_stream(kind: str, key: str) -> UUID:
    return reference_stream(kind, key)


def pieces(hashes: Sequence[bytes], count: int) -> list[bytes]:
    """The complete subtrees that the first leaves of a tile consist of."""
    return [
        merkle.complete_root(hashes[node.number << node.level : (node.number + 1) << node.level])
        for node in complete(0, count)
    ]


def whole_tiles(roots: Sequence[bytes]) -> dict[Tile, bytes]:
    """The tiles above the lowest level, from the hashes over those of the lowest."""
    return {Tile(tile.level + 1, tile.number): hashes for tile, hashes in tiles.grown(0, {}, roots).items()}

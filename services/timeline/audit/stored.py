"""The tree in the database: its tiles, how far they reach, and the checkpoints that were signed over it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from events import tiles
from events.merkle import Node
from events.tiles import Tile

Database = Connection[Any]


class Overtaken(Exception):
    """Another process has moved the tree."""


class Kept(NamedTuple):
    """A checkpoint that was signed: over how many events, and the whole note."""

    size: int
    note: str


class Reach(NamedTuple):
    """Which log it is, how far its tree reaches, and how far the log does."""

    log_id: UUID
    size: int
    head: int


def reach(connection: Database) -> Reach:
    """How far the tree is."""
    row = connection.execute("SELECT log_id, size, position FROM log_tree, log_head").fetchone()
    if row is None:
        raise LookupError("log_tree and log_head have one row each; one is gone")
    return Reach(*row)


def read_tiles(connection: Database, wanted: Collection[Tile]) -> dict[Tile, bytes]:
    """Tiles by their places; those that there are not are left out."""
    if not wanted:
        return {}
    levels, numbers = zip(*wanted, strict=True)
    rows = connection.execute(
        "SELECT level, number, hashes FROM unnest(%b::int[], %b::bigint[]) AS wanted (l, n) "
        "JOIN log_tile ON level = l::smallint AND number = n",
        [list(levels), list(numbers)],
        binary=True,
    ).fetchall()
    return {Tile(level, number): hashes for level, number, hashes in rows}


def level_of_tiles(connection: Database, level: int, start: int, end: int) -> dict[int, bytes]:
    """The tiles of one level with numbers in `[start, end)`."""
    rows = connection.execute(
        "SELECT number, hashes FROM log_tile WHERE level = %b::smallint AND number >= %b::bigint AND number < %b::bigint",
        [level, start, end],
        binary=True,
    ).fetchall()
    return dict(rows)


def hashes_in(read: Callable[[Collection[Tile]], Mapping[Tile, bytes]]) -> Callable[[Sequence[Node]], list[bytes]]:
    """What the mathematics reads: the hashes of complete subtrees, from whoever reads tiles.

    What is returned raises LookupError where the tiles do not reach so far.
    """

    def hashes(nodes: Sequence[Node]) -> list[bytes]:
        held = read(tiles.needed(nodes))
        return [tiles.node_in(held, node) for node in nodes]

    return hashes


def grow(connection: Database, size: int, new: int, changed: Mapping[Tile, bytes]) -> None:
    """Save tiles and how far they reach.

    Raises:
        Overtaken: the tree is not where it was read.
    """
    moved = connection.execute("UPDATE log_tree SET size = %b::bigint WHERE size = %b::bigint", [new, size])
    if moved.rowcount != 1:
        raise Overtaken
    connection.execute(
        "INSERT INTO log_tile (level, number, hashes) "
        "SELECT level::smallint, number, hashes FROM unnest(%b::int[], %b::bigint[], %b::bytea[]) AS new (level, number, hashes) "
        "ON CONFLICT (level, number) DO UPDATE SET hashes = EXCLUDED.hashes",
        [[tile.level for tile in changed], [tile.number for tile in changed], list(changed.values())],
    )


def latest(connection: Database, at_least: int = 0) -> Kept | None:
    """The checkpoint over most events; None where none is over so many."""
    row = connection.execute(
        "SELECT size, note FROM log_checkpoint WHERE size >= %b::bigint ORDER BY size DESC LIMIT 1", [at_least]
    ).fetchone()
    return Kept(*row) if row else None


def checkpoint_over(connection: Database, size: int) -> Kept | None:
    """The checkpoint over exactly so many events."""
    row = connection.execute("SELECT size, note FROM log_checkpoint WHERE size = %b::bigint", [size]).fetchone()
    return Kept(*row) if row else None


def every_checkpoint(connection: Database) -> Iterator[Kept]:
    """All of them, the smallest first."""
    for row in connection.execute("SELECT size, note FROM log_checkpoint ORDER BY size"):
        yield Kept(*row)


def keep(connection: Database, kept: Kept) -> None:
    """Store a checkpoint."""
    connection.execute("INSERT INTO log_checkpoint (size, note) VALUES (%b::bigint, %b::text)", list(kept))

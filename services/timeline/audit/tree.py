"""What the tree answers: proofs, tiles, entries and checkpoints, read from the database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from events import merkle, tiles
from events.log import Pool
from events.merkle import Node
from events.tiles import WIDTH, Tile
from services.timeline.audit import reading, stored
from services.timeline.audit.checkpoints import Checkpoint, Receipt
from services.timeline.audit.notes import Note
from services.timeline.audit.stored import Database, Kept, Reach

#: Of subtrees from so many levels on the hashes are remembered, at most so many: about 15 MB.
LEVEL, REMEMBERED = 4, 100_000


class NotInTree(LookupError):
    """A position, size or tile that the log does not have."""


class NotYetInTree(RuntimeError):
    """What was asked for is in the log, and not in the tree or under a checkpoint yet."""


class Inclusion(NamedTuple):
    """That an event is in the log: the hash of its leaf, and the way from there up to the root."""

    leaf: bytes
    proof: list[bytes]


class Tree:
    """Reads the tree; whoever keeps it may be another process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._remembered: dict[Node, bytes] = {}

    def reach(self) -> Reach:
        """How far the tree is, and how far the log."""
        with self._connection() as connection:
            return stored.reach(connection)

    def latest(self) -> Kept:
        """The newest checkpoint.

        Raises:
            NotYetInTree: none is signed yet.
        """
        with self._connection() as connection:
            kept = stored.latest(connection)
        if kept is None:
            raise NotYetInTree(
                "no checkpoint is signed yet: `timeline serve` signs one within seconds of the first event"
            )
        return kept

    def covered(self) -> int:
        """How many events the newest checkpoint covers; 0 where none is signed."""
        with self._connection() as connection:
            kept = stored.latest(connection)
        return kept.size if kept else 0

    def checkpoint_over(self, size: int) -> Kept | None:
        """The checkpoint over exactly so many events, if one was signed."""
        with self._connection() as connection:
            return stored.checkpoint_over(connection, size)

    def root(self, size: int) -> bytes:
        """The root of the tree over the first events.

        Raises:
            NotInTree, NotYetInTree: the log, or the tree, does not have so many.
        """
        with self._connection() as connection, self._within(connection, size):
            return merkle.root(size, self._hashes(connection))

    def inclusion(self, position: int, size: int) -> Inclusion:
        """The proof that an event is among the first `size`.

        Raises:
            NotInTree: no such event is among so many.
            NotYetInTree: the tree does not have so many.
        """
        if not 1 <= position <= size:
            raise NotInTree(f"position {position:,} is not among the first {size:,} events")
        with self._connection() as connection, self._within(connection, size):
            hashes = self._hashes(connection)
            proof = merkle.inclusion_proof(position - 1, size, hashes)
            return Inclusion(hashes([Node(0, position - 1)])[0], proof)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the log of `new` events begins with the log of `old`.

        Raises:
            NotInTree: the old one is the larger, or the log does not have so many.
            NotYetInTree: the tree does not have so many.
        """
        if not 0 <= old <= new:
            raise NotInTree(f"a log of {new:,} events cannot begin with one of {old:,}")
        with self._connection() as connection, self._within(connection, new):
            if stored.reach(connection).size < new:
                raise LookupError
            return merkle.consistency_proof(old, new, self._hashes(connection))

    def tile(self, tile: Tile, width: int) -> bytes:
        """The first hashes of a tile.

        Raises:
            NotInTree: it has fewer.
        """
        with self._connection() as connection:
            hashes = stored.read_tiles(connection, {tile}).get(tile, b"")[: width * merkle.HASH_SIZE]
        if len(hashes) != width * merkle.HASH_SIZE:
            raise NotInTree("the tree has no tile of this width here (yet)")
        return hashes

    def entries(self, number: int, width: int) -> bytes:
        """The leaves below a tile of the lowest level, each with its length in two bytes before it (C2SP tlog-tiles).

        Raises:
            NotInTree: there are fewer.
        """
        after = number * WIDTH
        with self._connection() as connection:
            if stored.reach(connection).size < after + width:
                raise NotInTree("the tree has no entries of this width here (yet)")
            found = [leaf for _, leaf in reading.leaves(connection, after, after + width)]
        return b"".join(len(leaf).to_bytes(2) + leaf for leaf in found)

    def receipt(self, position: int) -> Receipt:
        """Everything that proves an event offline, under the newest checkpoint.

        Raises:
            NotInTree: the log has no such event.
            NotYetInTree: no checkpoint covers it.
        """
        with self._connection() as connection:
            kept, reach = stored.latest(connection), stored.reach(connection)
            if not 1 <= position <= reach.head:
                raise NotInTree(f"the log has no position {position:,}; it ends at {reach.head:,}")
            if kept is None or kept.size < position:
                raise NotYetInTree(f"no checkpoint covers position {position:,} yet; ask again in a few seconds")
            [(_, leaf)] = reading.leaves(connection, position - 1, position)
        return Receipt(position - 1, tuple(self.inclusion(position, kept.size).proof), kept.note, leaf)

    @contextmanager
    def _connection(self) -> Iterator[Database]:
        with self._pool.connection() as connection:
            yield connection

    @contextmanager
    def _within(self, connection: Database, size: int) -> Iterator[None]:
        """Turns a tile that is not there into the reason."""
        try:
            yield
        except LookupError:
            reach = stored.reach(connection)
            if size > reach.head:
                raise NotInTree(f"the log has no {size:,} events; it has {reach.head:,}") from None
            raise NotYetInTree(
                f"the tree has {reach.size:,} of {reach.head:,} events; ask again in a few seconds"
            ) from None

    def _hashes(self, connection: Database) -> merkle.ReadHashes:
        """Hashes for one answer, which reads no tile twice. Those of complete subtrees never change: many are remembered."""
        held: dict[Tile, bytes] = {}

        def hashes(nodes: Sequence[Node]) -> list[bytes]:
            remembered = self._remembered
            known = {node: remembered[node] for node in nodes if node in remembered}
            missing = [node for node in nodes if node not in known]
            held.update(stored.read_tiles(connection, tiles.needed(missing) - held.keys()))
            fresh = {node: tiles.node_in(held, node) for node in missing}
            if len(remembered) > REMEMBERED:
                remembered = self._remembered = {}
            remembered.update((node, hash_) for node, hash_ in fresh.items() if node.level >= LEVEL)
            known |= fresh
            return [known[node] for node in nodes]

        return hashes


def read_checkpoint(kept: Kept) -> Checkpoint:
    """A checkpoint as it was signed."""
    return Checkpoint.read(Note.read(kept.note).text)

"""Brings the tree up to the log: reads events in batches, saves the tiles that grow and how far they reach in one transaction.

It follows the log as the views do, so an append pays nothing for it. Wherever it is interrupted, it goes on from what it
saved; in batches of any size it makes the same tiles.
"""

from collections.abc import Callable
from typing import Final

from events import merkle, tiles
from events.leaves import joined
from services.timeline.audit import stored
from services.timeline.audit.reading import LEAF, UnreadableRow, moment, tile_by_tile
from services.timeline.audit.stored import Database

#: So many events are hashed for one transaction.
BATCH: Final = 8_192


class CannotIntegrate(RuntimeError):
    """The log is not one that a tree can be made of: a position is missing, or a row cannot be read."""


def integrate(connection: Database, batch: int = BATCH, on_progress: Callable[[int], None] | None = None) -> int:
    """Hash what the tree does not have yet; how many events it has then.

    Args:
        on_progress: Told the size of the tree after each batch; it may raise to stop.

    Raises:
        CannotIntegrate: the log has a gap.
        Overtaken: another process does the same.
    """
    while True:
        reach = stored.reach(connection)
        if reach.size >= reach.head:
            return reach.size
        try:
            size = _step(connection, reach.size, min(reach.head, reach.size + batch))
        except UnreadableRow as error:
            raise CannotIntegrate(f"of the events after position {reach.size} one cannot be read: {error}") from None
        if on_progress is not None:
            on_progress(size)


def _step(connection: Database, size: int, until: int) -> int:
    hashes: list[bytes] = []
    with connection.transaction():
        # What is lost in a crash is made again: nobody needs to wait for the disk.
        connection.execute("SET LOCAL synchronous_commit TO off")
        connection.execute("SET LOCAL max_parallel_workers_per_gather TO 0")
        for positions, *parts in tile_by_tile(connection, size, until, LEAF):
            begin = size + len(hashes) + 1
            if positions != list(range(begin, begin + len(positions))):
                raise CannotIntegrate(f"a position is missing or stands twice from {begin} on")
            hashes += [
                merkle.leaf_hash(
                    joined(position, event_id.encode(), moment(at), who.encode(), name.encode(), structure)
                )
                for position, at, event_id, who, name, structure in zip(positions, *parts, strict=True)
            ]
        if size + len(hashes) != until:
            raise CannotIntegrate(f"position {size + len(hashes) + 1} is missing in the log")
        held = stored.read_tiles(connection, tiles.edge(size))
        stored.grow(connection, size, until, tiles.grown(size, held, hashes))
    return until

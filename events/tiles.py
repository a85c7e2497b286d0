"""How the tree is kept and served: tiles of height 8, as C2SP's tlog-tiles has them (pure).

Tile n of level l holds, side by side, up to 256 hashes of the subtrees of 256**l leaves that begin at leaf
n * 256**(l + 1). What lies between the levels is hashed anew. A full tile never changes; a partial one only grows.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from events.merkle import HASH_SIZE, Node, complete_root

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
FULL: Final = WIDTH * HASH_SIZE

#: No log of ours has more leaves, and no route takes a larger number.
MOST_LEAVES: Final = 1 << 62


class Tile(NamedTuple):
    """A tile by its place."""

    level: int
    number: int


def width(tile: Tile, size: int) -> int:
    """How many hashes a tile holds in a tree of so many leaves."""
    return min(WIDTH, max(0, (size >> (HEIGHT * tile.level)) - tile.number * WIDTH))


def edge(size: int) -> list[Tile]:
    """The partial tiles of a tree: those that grow with it. Their widths are the digits of its size to the base 256."""
    found: list[Tile] = []
    level, hashes = 0, size
    while hashes:
        if hashes % WIDTH:
            found.append(Tile(level, hashes // WIDTH))
        level, hashes = level + 1, hashes // WIDTH
    return found


def grown(size: int, held: Mapping[Tile, bytes], leaves: Sequence[bytes]) -> dict[Tile, bytes]:
    """What the tiles hold that change when leaves, given by their hashes, follow a tree of `size`.

    Args:
        held: The tiles of `edge(size)`.
    """
    changed: dict[Tile, bytes] = {}
    level, begin, fresh = 0, size, leaves
    while fresh:
        number, offset = divmod(begin, WIDTH)
        row = held[Tile(level, number)][: offset * HASH_SIZE] if offset else b""
        row += b"".join(fresh)
        level, begin, fresh = level + 1, number, []
        for start in range(0, len(row), FULL):
            hashes = changed[Tile(level - 1, number)] = row[start : start + FULL]
            number += 1
            if len(hashes) == FULL:
                fresh.append(root(hashes))
    return changed


def root(hashes: bytes) -> bytes:
    """The root over the hashes of a full tile, or of the 1, 2, 4 ... first of one."""
    return complete_root(apart(hashes))


def apart(hashes: bytes) -> list[bytes]:
    """Hashes that stand side by side, each by itself."""
    return [hashes[start : start + HASH_SIZE] for start in range(0, len(hashes), HASH_SIZE)]


def tile_of(node: Node) -> Tile:
    """The tile that holds what a subtree's hash is made of."""
    level, above = divmod(node.level, HEIGHT)
    return Tile(level, (node.number << above) // WIDTH)


def needed(nodes: Iterable[Node]) -> set[Tile]:
    """The tiles that hold what the hashes of subtrees are made of."""
    return set(map(tile_of, nodes))


def node_in(tiles: Mapping[Tile, bytes], node: Node) -> bytes:
    """The hash of a complete subtree, from the tiles that it needs.

    Raises:
        LookupError: the tiles do not reach so far.
    """
    first = (node.number << (node.level % HEIGHT)) % WIDTH
    hashes = tiles[tile_of(node)][first * HASH_SIZE : (first + (1 << (node.level % HEIGHT))) * HASH_SIZE]
    if len(hashes) != HASH_SIZE << (node.level % HEIGHT):
        raise LookupError(f"the tree does not reach to {node}")
    return root(hashes)


def path(number: int, partial: int | None = None) -> str:
    """A tile's number as the end of its address: 1234067 is `x001/x234/067`; partial ones end in `.p/` and their width."""
    digits = f"{number:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    *above, last = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    return "".join(f"x{part}/" for part in above) + last + (f".p/{partial}" if partial is not None else "")


_PATH: Final = re.compile(r"((?:x\d{3}/){0,6}\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)


def read_path(text: str) -> tuple[int, int | None]:
    """A tile's number and, for a partial one, its width, from the end of its address.

    Raises:
        ValueError: no such address: there is one way alone to write each.
    """
    match = _PATH.fullmatch(text)
    number = int(re.sub(r"[x/]", "", match[1])) if match else 0
    partial = int(match[2]) if match and match[2] else None
    if match is None or path(number, partial) != text or (partial or 0) >= WIDTH or number >= MOST_LEAVES:
        raise ValueError("a tile is written as x001/x234/067, a partial one as x001/x234/067.p/8")
    return number, partial

"""The Merkle tree over the log: hashing, roots, proofs and their verification, after RFC 9162, section 2.1 (as RFC 6962).

Mathematics without I/O. Who makes a proof reads the hashes of complete subtrees from whoever keeps them (`tiles.py` says
how); who verifies one needs nothing but the proof. Leaf 0 is the event at position 1.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

HASH_SIZE: Final = 32

#: The root of the tree without leaves.
EMPTY: Final = hashlib.sha256(b"").digest()


class Node(NamedTuple):
    """A complete subtree: the one over the leaves `[number << level, (number + 1) << level)`."""

    level: int
    number: int


#: Answers the hashes of complete subtrees, in the order in which they are asked for.
ReadHashes = Callable[[Sequence[Node]], Sequence[bytes]]


class ProofRefused(ValueError):
    """A proof that does not prove what it should."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf's bytes."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def parents(hashes: Sequence[bytes]) -> list[bytes]:
    """The level above an even number of neighbouring hashes."""
    sha256 = hashlib.sha256
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(hashes[::2], hashes[1::2], strict=True)]


def complete_root(hashes: Sequence[bytes]) -> bytes:
    """The root over 1, 2, 4, 8 ... hashes of one level."""
    while len(hashes) > 1:
        hashes = parents(hashes)
    return hashes[0]


class Stack:
    """A tree that grows: the roots of its complete subtrees, the largest first, which is all that appending needs."""

    def __init__(self, size: int = 0, roots: Sequence[bytes] = ()) -> None:
        """
        Args:
            roots: The hashes of `complete(0, size)`.
        """
        if len(roots) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} complete subtrees, not {len(roots)}")
        self.size = size
        self.roots = list(roots)

    def append(self, hash_: bytes, level: int = 0) -> None:
        """Add a leaf by its hash, or a complete subtree that begins where the tree ends.

        Raises:
            ValueError: a subtree that would not stand at a multiple of its own size.
        """
        if self.size & ((1 << level) - 1):
            raise ValueError(f"a subtree of {1 << level} leaves cannot follow {self.size} leaves")
        carried = self.size >> level
        while carried & 1:
            hash_ = node_hash(self.roots.pop(), hash_)
            carried >>= 1
        self.roots.append(hash_)
        self.size += 1 << level

    def root(self) -> bytes:
        """The root of the whole tree."""
        return _joined(self.roots)


def complete(start: int, end: int) -> list[Node]:
    """The complete subtrees that a range of leaves consists of, the largest first.

    Args:
        start: A multiple of the largest of them, as it is of every range that a proof names.
    """
    found: list[Node] = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append(Node(level, start >> level))
        start += 1 << level
    return found


def root(size: int, read: ReadHashes) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return _joined(read(complete(0, size)))


def inclusion_proof(index: int, size: int, read: ReadHashes) -> list[bytes]:
    """What proves that a leaf stands at `index` in the tree of `size` leaves (RFC 9162, section 2.1.3.1).

    Raises:
        ValueError: there is no such leaf in such a tree.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    return _hashes(_beside(index, size), read)


def consistency_proof(old: int, new: int, read: ReadHashes) -> list[bytes]:
    """What proves that the tree of `new` leaves begins with the tree of `old` (RFC 9162, section 2.1.4.1).

    Raises:
        ValueError: the old tree is larger than the new one.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves cannot begin with one of {old}")
    return _hashes(_between(old, new), read) if old else []


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], expected: bytes) -> None:
    """Verify that a leaf, given by its hash, stands at `index` in the tree with a root (RFC 9162, section 2.1.3.2).

    Raises:
        ProofRefused: it does not, as far as this proof goes.
    """
    if not 0 <= index < size:
        raise ProofRefused(f"there is no leaf {index} in a tree of {size}")
    _check_hashes(leaf, expected, *proof)
    found = leaf
    for beside, left in _up(index, size - 1, proof):
        found = node_hash(beside, found) if left else node_hash(found, beside)
    if found != expected:
        raise ProofRefused("the proof leads to another root")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Verify that the tree with a new root begins with the tree with an old one (RFC 9162, section 2.1.4.2).

    Raises:
        ProofRefused: it does not, as far as this proof goes.
    """
    if not 0 <= old <= new:
        raise ProofRefused(f"a tree of {new} leaves cannot begin with one of {old}")
    _check_hashes(old_root, new_root, *proof)
    if old in (0, new):
        if proof:
            raise ProofRefused("the proof is too long")
        if old_root != (EMPTY if old == 0 else new_root):
            raise ProofRefused("two trees of one size with two roots")
        return
    if not proof:
        raise ProofRefused("the proof is too short")
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    number, last = old - 1, new - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    before = after = path[0]
    for beside, left in _up(number, last, path[1:]):
        before = node_hash(beside, before) if left else before
        after = node_hash(beside, after) if left else node_hash(after, beside)
    if before != old_root:
        raise ProofRefused("the proof leads to another old root")
    if after != new_root:
        raise ProofRefused("the proof leads to another new root")


def _up(number: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The way from a node up to the root: each hash of a proof, and whether it stands to the left.

    Args:
        number: Which node of its level it is.
        last: Which one the last of that level is.
    """
    for beside in proof:
        if last == 0:
            raise ProofRefused("the proof is too long")
        left = bool(number & 1) or number == last
        yield beside, left
        while left and number and not number & 1:
            number, last = number >> 1, last >> 1
        number, last = number >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the proof is too short")


def _check_hashes(*hashes: bytes) -> None:
    if any(len(one) != HASH_SIZE for one in hashes):
        raise ProofRefused("a hash of SHA-256 has 32 bytes")


def _split(start: int, end: int) -> int:
    """Where the RFC parts a range: after the largest power of two that is smaller than its length."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


def _beside(index: int, size: int) -> list[tuple[int, int]]:
    """The ranges beside the way from a leaf up to the root: PATH of the RFC, as ranges."""
    start, end, found = 0, size, []
    while end - start > 1:
        split = _split(start, end)
        if index < split:
            found.append((split, end))
            end = split
        else:
            found.append((start, split))
            start = split
    return found[::-1]


def _between(old: int, new: int) -> list[tuple[int, int]]:
    """SUBPROOF of the RFC, as ranges. The old tree itself, which the verifier has, is left out."""
    start, end, found = 0, new, []
    while old != end:
        split = _split(start, end)
        if old <= split:
            found.append((split, end))
            end = split
        else:
            found.append((start, split))
            start = split
    return [(start, end), *found[::-1]] if start else found[::-1]


def _hashes(ranges: Sequence[tuple[int, int]], read: ReadHashes) -> list[bytes]:
    """The hash of each range, all read at once."""
    needed = [complete(start, end) for start, end in ranges]
    found = list(read([node for nodes in needed for node in nodes]))
    hashes: list[bytes] = []
    for nodes in needed:
        hashes.append(_joined(found[: len(nodes)]))
        del found[: len(nodes)]
    return hashes


def _joined(roots: Sequence[bytes]) -> bytes:
    """The root over complete subtrees that stand side by side, the largest first."""
    if not roots:
        return EMPTY
    found = roots[-1]
    for left in roots[-2::-1]:
        found = node_hash(left, found)
    return found

"""The laws of the tree: against the RFC's own recursive definitions, and with every hash of every proof corrupted."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import merkle, tiles
from events.merkle import Node, ProofRefused, Stack, verify_consistency, verify_inclusion
from events.tiles import Tile

SIZES = st.integers(0, 700)


def mth(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162, section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def split(n: int) -> int:
    """The largest power of two that is smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF of section 2.1.4.1."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


LEAVES = [f"leaf {number}".encode() for number in range(700)]
HASHES = [merkle.leaf_hash(one) for one in LEAVES]


def read(nodes: Sequence[Node]) -> list[bytes]:
    """The hashes of complete subtrees, the slow way."""
    return [mth(LEAVES[node.number << node.level : (node.number + 1) << node.level]) for node in nodes]


@given(SIZES)
def test_a_root_is_the_one_of_the_definition(size: int) -> None:
    """Grown leaf by leaf, or from complete subtrees."""
    stack = Stack()
    for one in HASHES[:size]:
        stack.append(one)

    assert stack.root() == merkle.root(size, read) == mth(LEAVES[:size])
    assert stack.roots == read(merkle.complete(0, size))
    assert Stack(size, stack.roots).root() == stack.root()


@given(st.data())
def test_subtrees_may_be_grown_apart_and_put_together(data: st.DataObject) -> None:
    """So that a log is hashed in parallel; out of place a subtree is refused."""
    level = data.draw(st.integers(0, 6))
    count = data.draw(st.integers(0, 700 >> level))
    size = data.draw(st.integers(count << level, 700))
    stack = Stack()
    for number in range(count):
        stack.append(mth(LEAVES[number << level : (number + 1) << level]), level)
    for one in HASHES[count << level : size]:
        stack.append(one)

    assert stack.root() == mth(LEAVES[:size])
    if size % 2:
        with pytest.raises(ValueError, match="cannot follow"):
            stack.append(HASHES[0], 1)


@given(st.data())
def test_an_inclusion_proof_is_the_one_of_the_definition_and_verifies(data: st.DataObject) -> None:
    """For every leaf of every tree."""
    size = data.draw(st.integers(1, 700))
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, read)

    assert proof == path(index, LEAVES[:size])
    verify_inclusion(index, size, HASHES[index], proof, mth(LEAVES[:size]))


@given(st.data())
def test_a_consistency_proof_is_the_one_of_the_definition_and_verifies(data: st.DataObject) -> None:
    """For every two sizes."""
    new = data.draw(st.integers(1, 700))
    old = data.draw(st.integers(1, new))
    proof = merkle.consistency_proof(old, new, read)

    assert proof == subproof(old, LEAVES[:new], True)
    verify_consistency(old, new, mth(LEAVES[:old]), mth(LEAVES[:new]), proof)


def spoilt(one: bytes, bit: int) -> bytes:
    """One bit flipped."""
    return (int.from_bytes(one) ^ (1 << bit)).to_bytes(len(one))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 13, 31, 32, 33])
def test_every_corrupted_inclusion_proof_is_refused(size: int) -> None:
    """Each hash spoilt, each left out, one too many; another leaf, root, index or size."""
    expected = mth(LEAVES[:size])
    for index in range(size):
        proof = merkle.inclusion_proof(index, size, read)
        leaf = HASHES[index]
        wrong = [(index, size, spoilt(leaf, 9), proof, expected), (index, size, leaf, proof, spoilt(expected, 200))]
        wrong += [(index, size, leaf, [*proof, leaf], expected), (index, size, leaf[:31], proof, expected)]
        wrong += [(-1, size, leaf, proof, expected), (size, size, leaf, proof, expected), (index, 0, leaf, [], leaf)]
        for place, one in enumerate(proof):
            rest = proof[place + 1 :]
            wrong += [(index, size, leaf, [*proof[:place], bad, *rest], expected) for bad in (spoilt(one, 3), one[1:])]
            wrong += [(index, size, leaf, [*proof[:place], *rest], expected)]
        wrong += [(other, size, leaf, proof, expected) for other in range(size) if other != index]
        for said in wrong:
            with pytest.raises(ProofRefused):
                verify_inclusion(*said)


@pytest.mark.parametrize("new", [1, 2, 3, 4, 5, 7, 8, 9, 13, 31, 32, 33])
def test_every_corrupted_consistency_proof_is_refused(new: int) -> None:
    """Each hash spoilt, each left out, one too many; another root on either side."""
    after = mth(LEAVES[:new])
    for old in range(new + 1):
        proof = merkle.consistency_proof(old, new, read)
        before = mth(LEAVES[:old])
        wrong = [(old, new, spoilt(before, 0), after, proof), (old, new, before, after, [*proof, after])]
        wrong += [(new + 1, new, before, after, proof), (-1, new, before, after, proof)]
        if old:
            wrong.append((old, new, before, spoilt(after, 255), proof))
        for place, one in enumerate(proof):
            rest = proof[place + 1 :]
            wrong += [(old, new, before, after, [*proof[:place], bad, *rest]) for bad in (spoilt(one, 3), one + b"x")]
            wrong += [(old, new, before, after, [*proof[:place], *rest])]
        for said in wrong:
            with pytest.raises(ProofRefused):
                verify_consistency(*said)


def test_proofs_about_what_is_not_there_are_not_made() -> None:
    """A clear error instead of some hashes."""
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ValueError, match="no leaf"):
            merkle.inclusion_proof(index, size, read)
    with pytest.raises(ValueError, match="cannot begin"):
        merkle.consistency_proof(6, 5, read)
    with pytest.raises(ValueError, match="complete subtrees"):
        Stack(3, [HASHES[0]])


def tiled(sizes: Sequence[int], total: int) -> dict[Tile, bytes]:
    """The tiles of a tree that grew in batches."""
    held: dict[Tile, bytes] = {}
    size = 0
    for batch in sizes:
        end = min(total, size + batch)
        held |= tiles.grown(size, held, LONG[size:end])
        size = end
    return held | tiles.grown(size, held, LONG[size:total])


LONG = [hashlib.sha256(str(number).encode()).digest() for number in range(70_000)]


@given(st.lists(st.integers(0, 40_000), max_size=6), st.integers(0, 70_000))
def test_tiles_come_out_the_same_in_any_batches(sizes: list[int], total: int) -> None:
    """As wide as the size says, and no more of them than it says."""
    found = tiled(sizes, total)

    assert found == tiles.grown(0, {}, LONG[:total])
    assert {tile: len(hashes) // 32 for tile, hashes in found.items()} == {
        tile: tiles.width(tile, total) for tile in found
    }
    assert len(found) == sum(-(-(total >> (8 * level)) // 256) for level in range(8))
    assert set(tiles.edge(total)) == {tile for tile, hashes in found.items() if len(hashes) < tiles.FULL}


ALL = tiles.grown(0, {}, LONG)


@given(st.data())
def test_proofs_come_out_of_tiles(data: st.DataObject) -> None:
    """Of tiles that have grown on meanwhile, too."""
    size = data.draw(st.integers(1, len(LONG)))
    index = data.draw(st.integers(0, size - 1))

    def from_tiles(nodes: Sequence[Node]) -> list[bytes]:
        held = {tile: ALL[tile] for tile in tiles.needed(nodes)}
        return [tiles.node_in(held, node) for node in nodes]

    whole = merkle.root(size, from_tiles)
    verify_inclusion(index, size, LONG[index], merkle.inclusion_proof(index, size, from_tiles), whole)
    before = merkle.root(index, from_tiles)
    verify_consistency(index, size, before, whole, merkle.consistency_proof(index, size, from_tiles))
    with pytest.raises(LookupError):
        merkle.root(len(LONG) + 1, from_tiles)


@pytest.mark.parametrize(
    ("index", "partial", "said"),
    [(0, None, "000"), (67, 8, "067.p/8"), (999, None, "999"), (1000, 255, "x001/000.p/255"), (1234067, None, "x001/x234/067")],
)  # fmt: skip
def test_addresses_of_tiles_are_those_of_the_specification(index: int, partial: int | None, said: str) -> None:
    """There and back."""
    assert tiles.path(index, partial) == said
    assert tiles.read_path(said) == (index, partial)


@pytest.mark.parametrize(
    "said",
    ["", "67", "0067", "x000/067", "067.p/0", "067.p/256", "067.p/08", "x067", "001/067", "067/", "-01", "०६७", "067.p/",
     "x999/x999/x999/x999/x999/x999/999", "067\n"],
)  # fmt: skip
def test_other_addresses_are_none(said: str) -> None:
    """Each tile has one address alone."""
    with pytest.raises(ValueError, match="a tile is written"):
        tiles.read_path(said)

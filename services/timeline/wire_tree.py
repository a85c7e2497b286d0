"""The JSON shapes of proofs; hashes are in base64, as in C2SP's formats."""

from typing import Annotated

import msgspec

Hash = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9+/]{43}=$")]


class InclusionProof(msgspec.Struct, frozen=True):
    """That the event at `position` is leaf `leaf_index` of the tree of `size` leaves (RFC 9162, section 2.1.3).

    `checkpoint` is the signed one over exactly so many events, null where none was signed.
    """

    position: int
    leaf_index: int
    size: int
    leaf_hash: Hash
    root_hash: Hash
    hashes: tuple[Hash, ...]
    checkpoint: str | None


class ConsistencyProof(msgspec.Struct, frozen=True):
    """That the tree of `to_size` leaves begins with the tree of `from_size` (RFC 9162, section 2.1.4)."""

    from_size: int
    to_size: int
    from_root: Hash
    to_root: Hash
    hashes: tuple[Hash, ...]

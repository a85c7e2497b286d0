"""Many pieces of memory joined into one, at the speed of the memory (Arrow's; nothing here knows what they say).

A list of views says where each piece is; Arrow copies them one behind another. That is quicker than to have Arrow take them
out of an array of binaries: how long a piece is stands in the list, side by side, so while one piece is waited for the next
are asked for. Measured on 33,000 pieces anywhere in 500 MiB: 2.5 ms against 3.4, and 12 by slices joined in Python.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from services.timeline.atlas.columns import Longs

#: Views of pieces, a row of two words each, as Arrow has them (on machines with the small end first): the length, and in its
#: upper half the first four bytes, by which Arrow compares, and nothing is compared here; then the number of the buffer, and
#: in the upper half the offset in it. A piece of at most `SHORT` bytes stands in its row itself, behind the length.
Views = Longs
SHORT: Final = 12

#: An offset has 31 bits, so memory is seen as overlapping buffers of 2^30 bytes and as much again.
_BITS: Final = 30
_EACH: Final = 2**_BITS


class Pieces:
    """Memory that pieces are taken from."""

    def __init__(self, *memory: NDArray[np.uint8]) -> None:
        self._memory = memory
        self._buffers = [
            pa.py_buffer(data[begin : begin + 2 * _EACH - 1]) for data in memory for begin in range(0, len(data), _EACH)
        ]

    @staticmethod
    def at(begins: Longs, ends: Longs) -> Views:
        """Views of pieces, none of which is short."""
        found = np.empty((len(begins), 2), np.int64)
        found[:, 0] = ends - begins
        found[:, 1] = (begins >> _BITS) | ((begins & (_EACH - 1)) << 32)
        return found

    def beside(self, pieces: Sequence[bytes | memoryview]) -> tuple[Views, "Pieces"]:
        """Views of some pieces that are not in this memory, and the memory with them."""
        data = b"".join(pieces)
        lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
        begins = np.cumsum(lengths) - lengths
        found = self.at(begins, begins + lengths)
        found[:, 1] += len(self._buffers)
        for number in np.flatnonzero(lengths <= SHORT).tolist():
            found[number] = short(bytes(pieces[number]))
        return found, Pieces(*self._memory, np.frombuffer(data, np.uint8))

    def joined(self, views: Views) -> tuple[memoryview, Longs]:
        """What is seen, in one piece; and where each begins in it, and the last ends."""
        seen = pa.Array.from_buffers(pa.binary_view(), len(views), [None, pa.py_buffer(views), *self._buffers])
        _, begins, data = seen.cast(pa.large_binary()).buffers()
        where = np.frombuffer(begins, np.int64, len(views) + 1)
        return memoryview(data)[: int(where[-1])], where


def short(piece: bytes) -> Views:
    """The view of a piece of at most `SHORT` bytes."""
    return np.frombuffer(len(piece).to_bytes(4, "little") + piece.ljust(SHORT, b"\0"), np.int64)

"""Packed input, unpacked as it is read, and no further than any honest file goes: ten kilobytes may hold ten megabytes of blanks."""

import gzip
import io
from typing import IO, Any, Final

#: What deflate makes of tables and of our NDJSON is a tenth to a fortieth; of nothing but blanks a thousandth.
RATIO: Final = 200

#: So much may come out of any file: of a short one the ratio says nothing.
FREE: Final = 64 << 20


class Bomb(gzip.BadGzipFile):
    """A packed file that unpacks to far more than it has."""


def unpacked(raw: IO[bytes]) -> IO[bytes]:
    """What a gzipped file holds; closing it closes the file.

    Raises, while it is read:
        Bomb: more came out than RATIO times what was read, beyond FREE.
    """
    return io.BufferedReader(_Unpacked(raw), 1 << 16)


class _Unpacked(io.RawIOBase):
    def __init__(self, raw: IO[bytes]) -> None:
        self._raw, self._unzipped = raw, gzip.GzipFile(fileobj=raw)
        self._out = 0

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            self._unzipped.close()
            self._raw.close()
        super().close()

    def readinto(self, into: Any) -> int:
        size = self._unzipped.readinto(into)
        self._out += size
        if self._out > FREE and self._out > RATIO * self._raw.tell():
            said = f"{self._raw.tell():,} bytes unpacked to more than {self._out:,}: unpack it by hand if it is meant"
            raise Bomb(said)
        return size

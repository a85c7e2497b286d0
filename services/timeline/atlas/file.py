"""One file with named sections, written once, checked when it is opened, then mapped and shared by all who serve.

    MAGIC, sections (each at a multiple of 64 bytes), footer (JSON: what the file says of itself, and where its sections are),
    length of the footer (8 bytes), CRC-32 of all before (4 bytes)

It is written beside its name, synced and renamed, so whoever finds it finds all of it; the sum is for what happens later.
"""

import mmap
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

MAGIC: Final = b"TLATLAS1"
_ALIGNED: Final = 64
_CHUNK: Final = 2**24


class Damaged(ValueError):
    """A file that is not what was written, or was not written by us."""


class _Section(msgspec.Struct, frozen=True, array_like=True):
    begin: int
    length: int
    dtype: str
    shape: tuple[int, ...]


class _Footer(msgspec.Struct, frozen=True):
    says: dict[str, Any]
    sections: dict[str, _Section]


class Writing:
    """Writes a file; it appears under its name when everything went well."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = path.with_name(f".{path.name}.{os.getpid()}")
        self._file = self._beside.open("xb", buffering=2**20)
        self._sum = 0
        self._sections: dict[str, _Section] = {}
        self._write(MAGIC)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        self._file.close()
        if failed is not None:
            self._beside.unlink(missing_ok=True)
        else:
            self._beside.rename(self._path)

    def _write(self, data: bytes | memoryview) -> None:
        self._file.write(data)
        self._sum = zlib.crc32(data, self._sum)

    def _begin(self) -> int:
        self._write(b"\0" * (-self._file.tell() % _ALIGNED))
        return self._file.tell()

    def array(self, name: str, values: NDArray[Any]) -> None:
        """An array as a section."""
        begin = self._begin()
        self._write(np.ascontiguousarray(values).data.cast("B") if values.size else b"")
        self._sections[name] = _Section(begin, values.nbytes, values.dtype.str, values.shape)

    def blob(self, name: str, source: Path) -> None:
        """The bytes of another file as a section."""
        begin, length = self._begin(), source.stat().st_size
        with source.open("rb") as bytes_of:
            while chunk := bytes_of.read(_CHUNK):
                self._write(chunk)
        self._sections[name] = _Section(begin, length, "|u1", (length,))

    def finish(self, says: Mapping[str, Any]) -> None:
        """The footer, with what the file says of itself."""
        footer = msgspec.json.encode(_Footer(dict(says), self._sections))
        self._write(footer)
        self._write(len(footer).to_bytes(8, "little"))
        self._file.write(self._sum.to_bytes(4, "little"))
        self._file.flush()
        os.fsync(self._file.fileno())


class Mapped:
    """A file opened for reading: what it says of itself, and its sections without a copy.

    Attributes:
        path: Where it was when it was opened; it may have been taken away since.
        view: The whole file, as mapped memory.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises:
            Damaged: it is not a whole file of this kind.
        """
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < len(MAGIC) + 12:
                raise Damaged(f"{path}: too short")
            self.view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        if not self._is_whole():
            raise Damaged(f"{path}: its sum is wrong")
        end = len(self.view) - 12
        length = int.from_bytes(self.view[end : end + 8], "little")
        footer = msgspec.json.decode(self.view[end - length : end], type=_Footer)
        self.path = path
        self.says, self._sections = footer.says, footer.sections

    def _is_whole(self) -> bool:
        found, end = 0, len(self.view) - 4
        for begin in range(0, end, _CHUNK):
            found = zlib.crc32(self.view[begin : min(begin + _CHUNK, end)], found)
        return bytes(self.view[: len(MAGIC)]) == MAGIC and found == int.from_bytes(self.view[end:], "little")

    def array(self, name: str) -> NDArray[Any]:
        """A section as an array that nobody can write to."""
        one = self._sections[name]
        found = np.frombuffer(self.view, np.dtype(one.dtype), one.length // np.dtype(one.dtype).itemsize, one.begin)
        return found.reshape(one.shape)

    def begin(self, name: str) -> int:
        """Where a section begins in `view`."""
        return self._sections[name].begin

    def size(self, *names: str) -> int:
        """How many bytes some sections take."""
        return sum(self._sections[name].length for name in names)

    @property
    def names(self) -> list[str]:
        """The names of all sections."""
        return list(self._sections)

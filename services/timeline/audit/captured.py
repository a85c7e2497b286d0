"""Captured files in a folder, by their SHA-256: what a bundle may carry as evidence."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

_CHUNK: Final = 1 << 20


class CannotRead(OSError):
    """A folder of captured files, or a file in it, that cannot be read; one line for people."""


class OnDisk(NamedTuple):
    """A file that is read piece by piece."""

    path: Path

    def chunks(self) -> Iterator[bytes]:
        with self.path.open("rb") as stream:
            while piece := stream.read(_CHUNK):
                yield piece


@dataclass(frozen=True, slots=True)
class Captured:
    """Files by their SHA-256, in hexadecimal; of equal files the first by its path."""

    files: Mapping[str, OnDisk] = field(default_factory=dict)


def captured_in(folder: Path, on_progress: Callable[[int], None] | None = None) -> Captured:
    """Every file below a folder, summed up. What is no file (a link, a device) is passed over.

    Args:
        on_progress: Told how many files were read.

    Raises:
        CannotRead: the folder is none, or something in it cannot be read.
    """
    found: dict[str, OnDisk] = {}
    try:
        if not folder.is_dir():
            raise CannotRead(f"{folder} is no folder")
        for number, path in enumerate(sorted(folder.rglob("*")), start=1):
            if path.is_file() and not path.is_symlink():
                found.setdefault(_sha256(path), OnDisk(path))
            if on_progress is not None:
                on_progress(number)
    except OSError as error:
        if isinstance(error, CannotRead):
            raise
        raise CannotRead(f"{error.filename or folder}: {error.strerror or error}") from None
    return Captured(found)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

"""The file: a ZIP archive of `database.sql`, as pg_dump writes it, and `manifest.json`.

The script can be had out with any unzip, and given to `psql` without us; the manifest tells what it must then agree with.
The manifest is written last: an archive without one is half a backup.
"""

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Protocol
from uuid import UUID

import msgspec

DUMP: Final = "database.sql"
MANIFEST: Final = "manifest.json"
FORMAT: Final = "timeline-backup/1"

_CHUNK: Final = 1 << 20
_MOST: Final = 1 << 20


class Into(Protocol):
    """What a dump is handed to; the first piece is its first mebibyte."""

    def write(self, part: bytes, /) -> object: ...


class NoBackup(ValueError):
    """A file that is no whole backup; one line for people."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a backup says of itself.

    Attributes:
        log_id: Which log it is.
        position: Of its last event.
        checkpoint: The newest one that was signed by then, whole; None of an empty log.
        taken_at: By the database's clock, in UTC.
        server: The major version of PostgreSQL that it was dumped from.
        migration: The number of the last migration.
        bytes: The length of the dump.
        sha256: Of the dump, in hexadecimal digits.
    """

    format: str
    log_id: str
    position: int
    checkpoint: str | None
    taken_at: str
    server: int
    migration: int
    bytes: int
    sha256: str

    @property
    def id(self) -> UUID:
        """Which log it is."""
        return UUID(self.log_id)


def pack(
    file: IO[bytes], dump: IO[bytes], manifest: Callable[[int, str], Manifest], tell: Callable[[int], None]
) -> Manifest:
    """Write an archive.

    Args:
        dump: What pg_dump writes.
        manifest: Told the length and the hash of the dump, once it is through.
        tell: Told how many bytes have come.
    """
    size, digest = 0, hashlib.sha256()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        with archive.open(DUMP, "w", force_zip64=True) as into:
            while part := dump.read(_CHUNK):
                into.write(part)
                digest.update(part)
                size += len(part)
                tell(size)
        found = manifest(size, digest.hexdigest())
        archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(found)))
    return found


@contextmanager
def opened(path: Path) -> Iterator[tuple[Manifest, zipfile.ZipFile]]:
    """A backup to be read.

    Raises:
        NoBackup: it is none, or half of one.
    """
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise NoBackup(f"{path}: {error.strerror or error}") from None
    except zipfile.BadZipFile:
        raise NoBackup(f"{path}: no whole backup of this program (`timeline db backup` makes one)") from None
    with archive:
        yield _manifest(path, archive), archive


def _manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    try:
        if archive.getinfo(MANIFEST).file_size > _MOST:
            raise NoBackup(f"{path}: no backup of this program")
        found = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    except (KeyError, zipfile.BadZipFile, msgspec.DecodeError) as error:
        raise NoBackup(f"{path}: no whole backup of this program: {error}") from None
    if found.format != FORMAT:
        raise NoBackup(f"{path}: its format is {found.format}, and this program reads {FORMAT}")
    if archive.getinfo(DUMP).file_size != found.bytes:
        raise NoBackup(f"{path}: its dump has another length than its manifest says")
    return found


def unpack(archive: zipfile.ZipFile, manifest: Manifest, into: Into, tell: Callable[[int], None]) -> None:
    """Hand the dump on.

    Raises:
        NoBackup: its bytes are not those that were written. What was handed on by then must not be used.
    """
    size, digest = 0, hashlib.sha256()
    try:
        with archive.open(DUMP) as dump:
            while part := dump.read(_CHUNK):
                digest.update(part)
                size += len(part)
                into.write(part)
                tell(size)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise NoBackup(f"the dump is damaged: {error}") from None
    if digest.hexdigest() != manifest.sha256:
        raise NoBackup("the dump is damaged: its SHA-256 is not that of the manifest")

"""The one shape of zip archive that an evidence bundle has (pure): files stored as they are, sorted, and nothing else.

A zip archive tells each file twice, may hide bytes between files, may unpack to more than it has, and may name places
outside of the folder that it is unpacked in. So we write one shape alone: local headers and files side by side from the
first byte on, then the directory, then its end; no compression, no extra fields, no comments, one fixed time. What is
read is held against that shape byte by byte: whatever deviates is refused, and with it every trick.
"""

import itertools
import os
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import IO, Final, NamedTuple, Protocol

_LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END: Final = struct.Struct("<4sHHHHIIH")

#: Version 2.0 of the format; the second half of "made by" says Unix, whose mode stands in the attributes.
_VERSION: Final = 20
_MADE_BY: Final = 3 << 8 | _VERSION
_MODE: Final = 0o100644 << 16

#: 1 January 1980, midnight: the first moment that the format knows.
_TIME, _DATE = 0, 1 << 5 | 1

#: Without the extensions of "zip64" there are fewer files than this, and fewer bytes.
MOST_FILES, MOST_BYTES = 65_000, 4_000_000_000

_CHUNK: Final = 1 << 20
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,79}){0,3}")


class NotOurs(ValueError):
    """An archive that is not of the one shape; the message names what deviates, and where."""


class TooLarge(ValueError):
    """More files or bytes than an archive of this shape can have."""


class Content(Protocol):
    """What a file of an archive holds; read once to sum it up, and once more to copy it."""

    def chunks(self) -> Iterator[bytes]:
        """All bytes, in pieces."""


class Bytes(NamedTuple):
    """What is in memory."""

    data: bytes

    def chunks(self) -> Iterator[bytes]:
        yield self.data


class Member(NamedTuple):
    """A file of an archive: its name, where its bytes begin, how many they are, and their CRC-32."""

    name: str
    start: int
    size: int
    crc: int


def write(stream: IO[bytes], files: Iterable[tuple[str, Content]]) -> None:
    """Write an archive: the same files give the same bytes.

    Args:
        files: In any order; they are stored by name.

    Raises:
        TooLarge: there are too many of them.
        ValueError: a name that is not of the shape, or stands twice; a file that changes while it is read.
    """
    members: list[Member] = []
    place = 0
    for name, content in sorted(files, key=lambda one: one[0]):
        if not _NAME.fullmatch(name) or (members and members[-1].name == name):
            raise ValueError(f"{name!r} is no name for a file of a bundle, or stands twice")
        size, crc = _sum(content.chunks())
        header = _local(name, size, crc)
        place += len(header)
        member = Member(name, place, size, crc)
        place += size
        if place > MOST_BYTES or len(members) >= MOST_FILES:
            raise TooLarge(f"a bundle has at most {MOST_FILES:,} files and {MOST_BYTES:,} bytes")
        stream.write(header)
        if _copy(content.chunks(), stream) != (size, crc):
            raise ValueError(f"{name} changed while it was read")
        members.append(member)
    directory = b"".join(map(_central, members))
    stream.write(directory + _end(len(members), len(directory), place))


def read(stream: IO[bytes]) -> list[Member]:
    """The files of an archive, once every byte beside theirs was found to be as `write` makes it.

    Whether the files are those of their sums is found out by whoever reads them (`chunks`).

    Raises:
        NotOurs: it is not of the one shape.
    """
    length = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    members: list[Member] = []
    place = 0
    while (head := stream.read(_LOCAL.size))[:4] == b"PK\x03\x04":
        member = _member(head, stream, place)
        members.append(member)
        place = member.start + member.size
        if place > length:
            raise NotOurs(f"{member.name} is longer than the archive")
        if len(members) > MOST_FILES:
            raise NotOurs(f"more than {MOST_FILES:,} files")
        stream.seek(place)
    if not members:
        raise NotOurs("it does not begin with a file of an archive")
    stream.seek(place)
    _check_names(members)
    directory = b"".join(map(_central, members))
    if stream.read(len(directory)) != directory:
        raise NotOurs(f"from byte {place:,} on there is not the directory of the files before it")
    end = _end(len(members), len(directory), place)
    if stream.read(len(end) + 1) != end:
        raise NotOurs("the directory does not end the archive as it should, or something follows")
    return members


def chunks(stream: IO[bytes], member: Member) -> Iterator[bytes]:
    """The bytes of a file.

    Raises:
        NotOurs: they are not those that its sum was made of.
    """
    stream.seek(member.start)
    left, crc = member.size, 0
    while left:
        piece = stream.read(min(left, _CHUNK))
        if not piece:
            raise NotOurs(f"{member.name} breaks off")
        left, crc = left - len(piece), zlib.crc32(piece, crc)
        yield piece
    if crc != member.crc:
        raise NotOurs(f"{member.name} is damaged: its CRC-32 is {crc:08x}, not {member.crc:08x}")


def _member(head: bytes, stream: IO[bytes], place: int) -> Member:
    """The file whose header begins at a place.

    Raises:
        NotOurs: the header is not as we write it. What is known as a trick is called by its name.
    """
    if len(head) != _LOCAL.size:
        raise NotOurs("it breaks off in the header of a file")
    _, _, flags, method, _, _, crc, size, unpacked, name_length, extra = _LOCAL.unpack(head)
    raw = stream.read(name_length)
    name = raw.decode("utf-8", "backslashreplace")
    said = f"the file {name[:100]!r}"
    if flags & 1:
        raise NotOurs(f"{said} is encrypted")
    if method != 0 or size != unpacked:
        raise NotOurs(f"{said} is compressed; files of a bundle are stored as they are")
    if not _NAME.fullmatch(name):
        raise NotOurs(f"{said} has a name that no file of a bundle has (absolute, upwards, or of other letters)")
    if extra or head + raw != _local(name, size, crc):
        raise NotOurs(f"the header of {said} is not as a bundle has it")
    return Member(name, place + len(head) + len(raw), size, crc)


def _check_names(members: list[Member]) -> None:
    names = [one.name for one in members]
    for before, name in itertools.pairwise(names):
        if name == before:
            raise NotOurs(f"the file {name!r} stands twice")
        if name < before:
            raise NotOurs(f"the file {name!r} stands after {before!r}; the files of a bundle are sorted")


def _sum(pieces: Iterator[bytes]) -> tuple[int, int]:
    size = crc = 0
    for piece in pieces:
        size, crc = size + len(piece), zlib.crc32(piece, crc)
        if size > MOST_BYTES:
            raise TooLarge(f"a bundle has at most {MOST_BYTES:,} bytes")
    return size, crc


def _copy(pieces: Iterator[bytes], stream: IO[bytes]) -> tuple[int, int]:
    size = crc = 0
    for piece in pieces:
        stream.write(piece)
        size, crc = size + len(piece), zlib.crc32(piece, crc)
    return size, crc


def _local(name: str, size: int, crc: int) -> bytes:
    raw = name.encode()
    return _LOCAL.pack(b"PK\x03\x04", _VERSION, 0, 0, _TIME, _DATE, crc, size, size, len(raw), 0) + raw


def _central(member: Member) -> bytes:
    raw = member.name.encode()
    start = member.start - _LOCAL.size - len(raw)
    fixed = (b"PK\x01\x02", _MADE_BY, _VERSION, 0, 0, _TIME, _DATE)
    return _CENTRAL.pack(*fixed, member.crc, member.size, member.size, len(raw), 0, 0, 0, 0, _MODE, start) + raw


def _end(files: int, size: int, start: int) -> bytes:
    return _END.pack(b"PK\x05\x06", 0, 0, files, files, size, start, 0)

"""The one shape of archive: there and back, readable by others, and every trick of zip archives refused by its name."""

import io
import stat
import struct
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.timeline.audit import container
from services.timeline.audit.container import Bytes, NotOurs

NAMES = st.from_regex(r"\A[A-Za-z0-9][a-z0-9._-]{0,8}(/[a-z0-9][a-z0-9.-]{0,8}){0,2}\Z")
FILES = {"MANIFEST": b"listed\n", "events/1/leaf.json": b"{}", "events/1/text.json": b""}


def packed(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    container.write(stream, [(name, Bytes(data)) for name, data in files.items()])
    return stream.getvalue()


def unpacked(raw: bytes) -> dict[str, bytes]:
    stream = io.BytesIO(raw)
    return {one.name: b"".join(container.chunks(stream, one)) for one in container.read(stream)}


@given(st.dictionaries(NAMES, st.binary(max_size=300), min_size=1, max_size=8))
def test_what_was_written_is_read_and_by_others_too(files: dict[str, bytes]) -> None:
    """Any names in any order: sorted, with the bytes of each; Python's own reader finds no fault either."""
    raw = packed(files)
    assert unpacked(raw) == files
    assert list(unpacked(raw)) == sorted(files)
    assert packed(dict(reversed(files.items()))) == raw
    with zipfile.ZipFile(io.BytesIO(raw)) as other:
        assert other.testzip() is None
        assert {name: other.read(name) for name in other.namelist()} == files


def test_unzip_finds_no_fault(tmp_path: Path) -> None:
    """Python's command, which tests every file."""
    (tmp_path / "a.zip").write_bytes(packed(FILES))
    ran = subprocess.run(
        [sys.executable, "-m", "zipfile", "-t", str(tmp_path / "a.zip")], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "Done testing\n"


def test_every_bit_matters() -> None:
    """Each one of a small archive flipped: refused, or its file is not as it was summed up."""
    raw = packed(FILES)
    for bit in range(len(raw) * 8):
        spoilt = bytearray(raw)
        spoilt[bit // 8] ^= 1 << bit % 8
        with pytest.raises(NotOurs):
            unpacked(bytes(spoilt))


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../up", "a/../../b", "a//b", "a/", ".hidden", "a\\b", "é", "a b", "", "C:x"]
)
def test_names_that_lead_elsewhere_are_neither_written_nor_read(name: str) -> None:
    """Absolute, upwards, of other systems, of other letters."""
    with pytest.raises(ValueError, match="is no name for a file of a bundle"):
        packed({name: b""})
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), b"x")
    with pytest.raises(NotOurs):
        unpacked(other.getvalue())


def by_others(write: Callable[[zipfile.ZipFile], None], compression: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", compression) as archive:
        warnings.simplefilter("ignore")
        write(archive)
    return stream.getvalue()


def bomb(archive: zipfile.ZipFile) -> None:
    archive.writestr("a", bytes(10_000_000))


def linked(archive: zipfile.ZipFile) -> None:
    link = zipfile.ZipInfo("a", (1980, 1, 1, 0, 0, 0))
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    archive.writestr(link, b"/etc/passwd")


def twice(archive: zipfile.ZipFile) -> None:
    for data in (b"one", b"two"):
        archive.writestr(zipfile.ZipInfo("a", (1980, 1, 1, 0, 0, 0)), data)


def unsorted(archive: zipfile.ZipFile) -> None:
    for name in ("b", "a"):
        archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), b"x")


def commented(archive: zipfile.ZipFile) -> None:
    archive.writestr(zipfile.ZipInfo("a", (1980, 1, 1, 0, 0, 0)), b"x")
    archive.comment = b"hello"


def extra(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("a", (1980, 1, 1, 0, 0, 0))
    info.extra = struct.pack("<HH4s", 0xCAFE, 4, b"more")
    archive.writestr(info, b"x")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (by_others(bomb, zipfile.ZIP_DEFLATED), "is compressed"),
        (by_others(linked), "there is not the directory of the files before it"),
        (by_others(twice), "stands twice"),
        (by_others(unsorted), "are sorted"),
        (by_others(commented), "there is not the directory|does not end the archive as it should"),
        (by_others(extra), "is not as a bundle has it"),
        (b"MZ" + packed(FILES), "does not begin with a file"),
        (packed(FILES) + b"more", "or something follows"),
        (b"", "does not begin with a file"),
        (b"PK\x03\x04", "breaks off in the header"),
        (b"no archive at all", "does not begin with a file"),
    ],
)
def test_tricks_are_refused_with_their_reason(raw: bytes, reason: str) -> None:
    """Bombs, links, doubles, comments, extra fields, something before or after."""
    with pytest.raises(NotOurs, match=reason):
        unpacked(raw)


def test_encrypted_overlapping_and_hidden_bytes_are_refused() -> None:
    """A flag, a directory that points twice at one file, and bytes between two files."""
    raw = packed({"a": b"first", "b": b"second"})
    encrypted = bytearray(raw)
    encrypted[6] |= 1
    with pytest.raises(NotOurs, match="is encrypted"):
        unpacked(bytes(encrypted))
    begin = raw.index(b"PK\x01\x02")
    one = raw[begin : raw.index(b"PK\x01\x02", begin + 1)]
    overlapping = raw[:begin] + one + one + raw[begin + 2 * len(one) :]
    with pytest.raises(NotOurs, match="not the directory"):
        unpacked(overlapping)
    second = raw.index(b"PK\x03\x04", 1)
    with pytest.raises(NotOurs, match="not the directory"):
        unpacked(raw[:second] + b"hidden" + raw[second:])


def test_a_file_that_says_it_is_longer_than_the_archive_is_refused() -> None:
    """Whatever its size says, nothing is read that is not there."""
    raw = bytearray(packed({"a": b"x"}))
    raw[18:26] = struct.pack("<II", 2**32 - 1, 2**32 - 1)
    with pytest.raises(NotOurs, match="longer than the archive"):
        unpacked(bytes(raw))


def test_a_file_that_changes_while_it_is_packed_is_noticed() -> None:
    """It is read twice, and must be the same both times."""

    class Changing:
        times = 0

        def chunks(self) -> list[bytes]:
            self.times += 1
            return [b"x" * self.times]

    with pytest.raises(ValueError, match="changed while it was read"):
        container.write(io.BytesIO(), [("a", Changing())])  # type: ignore[list-item]

"""Files → rows with their line numbers: encodings, byte order marks, separators, ragged rows. Reads; knows no format."""

import codecs
import csv
import io
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal

from services.timeline.importers.flags import Flag
from services.timeline.importers.made import WrongFormat
from services.timeline.unpacking import unpacked

_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

#: A cell of more characters than this is a quote that was never closed.
csv.field_size_limit(1_000_000)

#: UTF-8 that was read as Windows-1252 and written as UTF-8 again: Ã© for é, Ø§ for ا.
_TWICE: Final = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u0192\u02c6-\u02dc\u2013-\u203a\u20ac\u2122]")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table.

    Attributes:
        line: Its first line in the file, from 1.
        cells: By column, stripped of spaces around them; empty where the row is ragged.
        ragged: What is wrong with the number of its cells.
    """

    file: str
    line: int
    cells: Mapping[str, str]
    ragged: str | None = None

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def flags(self) -> tuple[Flag, ...]:
        """Of a row as such: text that went through a wrong encoding."""
        for column, cell in self.cells.items():
            if not cell.isascii() and _TWICE.search(cell) and _undone(cell):
                return (Flag("doubly-encoded", f"{column}: {cell[:60]!r}"),)
        return ()


def _undone(cell: str) -> bool:
    try:
        return cell.encode("cp1252").decode("utf-8") != cell
    except UnicodeError:
        return False


class File:
    """A file that was read through once: its text can be decoded, and its lines are counted."""

    def __init__(self, path: str, encoding: str | None = None) -> None:
        self.path = path
        self._held = sys.stdin.buffer.read() if path == "-" else None
        self.encoding = encoding or self._mark() or "utf-8"
        self.lines = self._looked_through()

    @property
    def flags(self) -> tuple[Flag, ...]:
        """Of the file as a whole."""
        plain = self.encoding.lower().replace("_", "-") in {"utf-8", "utf8", "utf-8-sig", "ascii"}
        return () if plain else (Flag("other-encoding", f"{self.path} is read as {self.encoding}"),)

    def text(self) -> IO[str]:
        """The file's text, from its begin; line ends as they are."""
        return io.TextIOWrapper(self._bytes(), encoding=self.encoding, newline="")

    def _bytes(self) -> IO[bytes]:
        if self._held is not None:
            held = io.BytesIO(self._held)
            return unpacked(held) if self._held.startswith(b"\x1f\x8b") else held
        try:
            raw = Path(self.path).open("rb")  # noqa: SIM115  (closed by whoever reads it)
        except OSError as error:
            raise WrongFormat(f"{self.path}: {error.strerror}") from None
        if raw.peek(2)[:2] == b"\x1f\x8b":
            return unpacked(raw)
        return raw

    def _mark(self) -> str | None:
        with self._bytes() as raw:
            first = self._read(raw, 4)
        return next((encoding for mark, encoding in _MARKS if first.startswith(mark)), None)

    def _looked_through(self) -> int:
        """How many lines there are; refuses what cannot be decoded, and what has nothing in it."""
        try:
            decoder = codecs.getincrementaldecoder(self.encoding)()
        except LookupError:
            raise WrongFormat(f"--encoding {self.encoding!r}: unknown; write one like utf-8, cp1252, cp1256") from None
        lines, anything, read, chunk = 0, False, 0, b"-"
        with self._bytes() as raw:
            while chunk:
                chunk = self._read(raw, 1 << 20)
                try:
                    text = decoder.decode(chunk, final=not chunk)
                except UnicodeError as error:
                    where = read + getattr(error, "start", 0)
                    said = f"not {self.encoding}: {error.reason if isinstance(error, UnicodeDecodeError) else error}"
                    raise WrongFormat(f"{self.path}: {said} near byte {where:,}; name its --encoding") from None
                if "\0" in text:
                    raise WrongFormat(f"{self.path}: expected a text file, found zero bytes")
                lines, anything, read = lines + text.count("\n"), anything or bool(text.strip()), read + len(chunk)
        if not anything:
            raise WrongFormat(f"{self.path}: the file is empty")
        return lines + 1

    def _read(self, raw: IO[bytes], size: int) -> bytes:
        try:
            return raw.read(size)
        except (OSError, EOFError) as error:
            raise WrongFormat(f"{self.path}: cannot be read: {error}") from None


class Table:
    """A file of rows under a header (or under names given, where it has none)."""

    def __init__(self, file: File, *, delimiter: str | None = None, header: Sequence[str] | None = None) -> None:
        self.file = file
        self._delimiter = delimiter or _delimiter(file)
        self._given = header
        self.header = tuple(header) if header else self._header()

    def require(self, columns: Sequence[str], what: str) -> None:
        """Refuse a table without these columns, naming all that are missing.

        Raises:
            WrongFormat: with the columns found.
        """
        missing = [column for column in columns if column not in self.header]
        if missing:
            found = ", ".join(self.header[:12]) + (", …" if len(self.header) > 12 else "")
            raise WrongFormat(f"{self.file.path}: expected {what}; missing {', '.join(missing)}; found {found}")

    def rows(self) -> Iterator[Row]:
        """The rows that are not blank; the last one is ragged where the file cannot be read on."""
        width, path = len(self.header), self.file.path
        for line, cells in self._read():
            if isinstance(cells, csv.Error):
                yield Row(path, line, {}, f"the file cannot be read on: {cells}")
                return
            if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
                cells = cells[:width]  # noqa: PLW2901
            if len(cells) != width:
                yield Row(path, line, {}, f"{len(cells)} cells under a header of {width}")
            elif any(cells):
                yield Row(path, line, {name: cell.strip() for name, cell in zip(self.header, cells, strict=True)})

    def _header(self) -> tuple[str, ...]:
        with self.file.text() as stream:
            try:
                first = next(csv.reader(stream, delimiter=self._delimiter), [])
            except csv.Error as error:
                raise WrongFormat(
                    f"{self.file.path}: expected a header, found what is no line of a table: {error}"
                ) from None
        names = tuple(name.strip() for name in first)
        twice = next((name for name in names if name and names.count(name) > 1), None)
        if twice is not None:
            raise WrongFormat(f"{self.file.path}: the column {twice!r} stands twice in the header")
        return names

    def _read(self) -> Iterator[tuple[int, list[str] | csv.Error]]:
        quoting: Literal[0, 3] = (
            csv.QUOTE_NONE if self._given else csv.QUOTE_MINIMAL
        )  # a dump without header quotes nothing
        with self.file.text() as stream:
            reader = csv.reader(stream, delimiter=self._delimiter, quoting=quoting)
            before, skip = 0, self._given is None
            try:
                for cells in reader:
                    line, before = before + 1, reader.line_num
                    if skip:
                        skip = False
                    elif cells:
                        yield line, cells
            except csv.Error as error:  # a quote that was never closed, for one
                yield before + 1, error


def _delimiter(file: File) -> str:
    with file.text() as stream:
        first = stream.readline()
    return max(",\t;|", key=first.count) if any(one in first for one in ",\t;|") else ","

"""NDJSON files in and out: plain or gzipped, from and to files or pipes."""

import contextlib
import gzip
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

from events.recorded import RecordedEvent
from events.records import MAX_EVENT_BYTES, Event
from events.shape import write_event
from events.undecodable import Undecodable
from services.timeline import console
from services.timeline.audit import custody
from services.timeline.composition import Timeline
from services.timeline.unpacking import unpacked

LINES = 1_000
LOCAL = "local"


class Unreadable(Exception):
    """A file that cannot be read or written; one line for people."""


class Line(NamedTuple):
    """A line of a file: its number, its bytes without the line's end, and how many bytes of the file were read by then."""

    number: int
    raw: bytes
    read: int


def size(path: str) -> int | None:
    """How many bytes a file has; None for standard input.

    Raises:
        Unreadable: it is missing.
    """
    if path == "-":
        return None
    try:
        return Path(path).stat().st_size
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None


def lines(path: str) -> Iterator[Line]:
    """The lines that are not blank; a line is read no further than a little over an event's bound.

    Raises:
        Unreadable: the file cannot be opened, or its gzip data is broken.
    """
    with _opened(path) as (raw, stream):
        number = 0
        try:
            while line := stream.readline(MAX_EVENT_BYTES + 2):
                number += 1
                if not line.endswith(b"\n"):
                    _skip_rest_of_line(stream)
                if line.strip():
                    yield Line(number, line.rstrip(b"\r\n"), raw.tell() if raw is not None else 0)
        except (EOFError, gzip.BadGzipFile, OSError) as error:
            raise Unreadable(f"{path}: broken after line {number:,}: {error}") from None


def _skip_rest_of_line(stream: IO[bytes]) -> None:
    while rest := stream.readline(1 << 16):
        if rest.endswith(b"\n"):
            return


@contextlib.contextmanager
def _opened(path: str) -> Iterator[tuple[IO[bytes] | None, IO[bytes]]]:
    """A file as (what tells how far it was read, what the lines come from)."""
    if path == "-":
        # Not sys.stdin: whoever still waits for it in another thread would keep the process from ending.
        with os.fdopen(sys.stdin.fileno(), "rb", closefd=False) as piped:
            yield None, piped
        return
    try:
        raw = Path(path).open("rb")  # noqa: SIM115  (closed below; an error in opening is told differently)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    with raw:
        zipped = raw.peek(2)[:2] == b"\x1f\x8b"
        yield raw, unpacked(raw) if zipped else raw


def export(timeline: Timeline, output: Path | None, after: int) -> None:
    """Write the log as NDJSON; a file appears under its name only when it is complete.

    It is entered into the record of custody before the first line: what is read from a pipe cannot be called back.

    Raises:
        Unreadable: the file cannot be written.
    """
    until = timeline.log.head().position
    if until > after:
        with timeline.log.pool.connection() as connection:
            custody.add(connection, LOCAL, "export", first_position=after + 1, last_position=until)
    if output is None:
        _write(timeline, sys.stdout.buffer, after, until)
        sys.stdout.buffer.flush()
        return
    part = output.with_name(f".{output.name}.part")
    try:
        with part.open("wb") as raw:
            if output.suffix == ".gz":
                with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as stream:
                    _write(timeline, stream, after, until)
            else:
                _write(timeline, raw, after, until)
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(output)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Unreadable(f"{output}: {error.strerror}") from None


def _write(timeline: Timeline, stream: IO[bytes] | gzip.GzipFile, after: int, until: int) -> None:
    with console.progress("exporting", until - after) as advance:
        position = after
        while found := timeline.log.read(position, limit=LINES, until=until):
            stream.writelines(exported(one) for one in found)
            position = found[-1].position
            advance(position - after)


def exported(one: RecordedEvent[Event]) -> bytes:
    """A recorded event as the line that records it again elsewhere.

    Raises:
        Unreadable: its bytes cannot be decoded by this program, or its text is gone and no redaction of it is recorded.
    """
    if one.text_sha256 is not None and not one.redacted:  # to pass the rest on as whole would be to take part in it
        raise Unreadable(
            f"the text of the event at position {one.position} is gone, and no redaction of it is recorded; "
            "see `timeline audit verify`"
        )
    if isinstance(one.event, Undecodable):  # leaving it out would make another log
        raise Unreadable(f"the event at position {one.position} cannot be read here: {one.event.error}")
    event = write_event(one.event)
    gone: dict[str, Any] = {"withheld": True} if one.withheld else {}
    gone |= {"redacted": {"text_sha256": one.text_sha256}} if one.text_sha256 is not None else {}
    return msgspec.json.encode({"type": event.pop("type"), "event_id": str(one.event_id), **event, **gone}) + b"\n"

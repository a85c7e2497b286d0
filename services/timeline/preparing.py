"""Lines of a file → prepared events in a process of its own, so that reading and appending each have a core.

A thread would not do: it would hold the interpreter's lock whenever the appending one comes back from the database.
Both sides speak in frames, a length and MessagePack. Lines that are not plainly right cross as they are and are
prepared again on the other side, so every refusal is made, and worded, in one place.
"""

import gc
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import IO, Final, NamedTuple

import msgspec

from events.problems import UnusableEvent
from services.timeline.files import Unreadable, lines, size
from services.timeline.prepared import Naming, Prepared, prepare, prepare_line

#: So many lines are committed together: enough that a commit costs little, not so many that others wait long for the lock.
AT_A_TIME: Final = 2_000

#: A smaller file is read before another process would have started.
WORTH_IT: Final = 2_000_000

_LENGTH: Final = 8


class Chunk(NamedTuple):
    """Lines on their way in: their numbers in the file, what they say, and how many bytes were read by their end."""

    numbers: list[int]
    prepared: list[Prepared | UnusableEvent]
    read: int


class _Frame(msgspec.Struct, array_like=True):
    """A chunk, or why there is no further one, as it crosses; bytes are lines as they were."""

    numbers: list[int] = []
    prepared: list[Prepared | bytes] = []
    read: int = 0
    error: str | None = None


_decoder = msgspec.msgpack.Decoder(_Frame)


def chunks(path: str) -> Iterator[Chunk]:
    """The lines of a file, prepared; each event with an id, its own or one made from what it says.

    Raises:
        Unreadable: the file is missing, or its gzip data is broken.
    """
    many = size(path)
    return _elsewhere(path) if many is None or many > WORTH_IT else _here(path)


def _here(path: str) -> Iterator[Chunk]:
    naming = Naming()
    found = lines(path)
    while some := list(islice(found, AT_A_TIME)):
        made = [prepare_line(line.raw) for line in some]
        named = [naming.named(one) if isinstance(one, Prepared) else one for one in made]
        yield Chunk([line.number for line in some], named, some[-1].read)


def _elsewhere(path: str) -> Iterator[Chunk]:
    command = [sys.executable, "-m", "services.timeline.preparing", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603  (ourselves, and a path as it is)
        for frame in _frames(process):
            if frame.error is not None:
                raise Unreadable(frame.error)
            made = [prepare_line(one) if isinstance(one, bytes) else one for one in frame.prepared]
            yield Chunk(frame.numbers, made, frame.read)


def _frames(process: subprocess.Popen[bytes]) -> Iterator[_Frame]:
    """The frames up to the last, an empty one; each is taken apart while the database works on the one before it."""
    assert process.stdout is not None
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="frames") as thread:
        try:
            coming = thread.submit(_read, process.stdout)
            while (frame := coming.result()).numbers or frame.error:
                coming = thread.submit(_read, process.stdout)
                yield frame
        finally:
            process.kill()  # it may wait for its standard input, and the thread for it


def _read(stream: IO[bytes]) -> _Frame:
    """The next frame; one that says so where the other process has ended without a word."""
    length = int.from_bytes(stream.read(_LENGTH))
    raw = stream.read(length)
    if not raw or len(raw) < length:
        return _Frame(error="the process that reads the file has ended")
    return _decoder.decode(raw)


def _write(stream: IO[bytes], frame: _Frame) -> None:
    raw = packed(frame)
    stream.write(len(raw).to_bytes(_LENGTH) + raw)
    stream.flush()


def packed(frame: _Frame) -> bytes:
    """A frame as it crosses."""
    return msgspec.msgpack.encode(frame)


def main(path: str) -> None:
    """The other process: writes a frame for each chunk, then an empty one."""
    gc.disable()  # nothing here goes round in circles, and looking for them takes a quarter of the time
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever reads us is told too, and ends us
    try:
        for chunk in crossing(path):
            _write(sys.stdout.buffer, chunk)
        _write(sys.stdout.buffer, _Frame())
    except Unreadable as error:
        _write(sys.stdout.buffer, _Frame(error=str(error)))


def crossing(path: str) -> Iterator[_Frame]:
    """The frames of a file but for the last."""
    naming = Naming()
    found = lines(path)
    while some := list(islice(found, AT_A_TIME)):
        crossing = [_across(line.raw, naming) for line in some]
        yield _Frame([line.number for line in some], crossing, some[-1].read)


def _across(raw: bytes, naming: Naming) -> Prepared | bytes:
    one = prepare(raw)
    if not isinstance(one, Prepared) or one.form is None:
        return raw
    one.said = None
    return naming.named(one)


if __name__ == "__main__":
    main(sys.argv[1])

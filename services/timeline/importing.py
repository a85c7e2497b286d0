"""NDJSON files into the log: the next lines are read and prepared while those before them are being committed.

Good lines stand, refused ones are told by number, and a file can be read again: what is there already is recognised by
its event id, which a line without one is given by what it says (`prepared.Naming`).
"""

from collections import Counter
from typing import Final

from events.warnings import CODES, Warned
from services.timeline import console
from services.timeline.composition import Timeline
from services.timeline.files import LOCAL, Unreadable, size
from services.timeline.preparing import Chunk, chunks
from services.timeline.writer import Result

#: So many lines with a warning of one kind are shown.
SHOWN: Final = 3


def import_file(timeline: Timeline, path: str, *, look_alikes: bool = False) -> int:
    """Record the events of a file; the number of lines refused, each told on standard error with its reasons.

    Args:
        look_alikes: Warn of developments that look like others held, too. Each part is folded before the next then.

    Raises:
        Unreadable: the file is missing, its gzip data is broken, or somebody stopped us (lines before that stand).
    """
    compare = timeline.writer.look_alikes() if look_alikes else None
    told = _Told(path)
    with console.reading(path, size(path)) as advance:
        try:
            for chunk in chunks(path):
                told.take(chunk, timeline.writer.append(chunk.prepared, LOCAL, compare=compare))
                if compare is not None:
                    timeline.follower.follow()
                    compare.forget()
                advance(chunk.read)
        except KeyboardInterrupt:
            raise Unreadable(f"{path}: stopped after line {told.last:,}; the same command goes on from there") from None
    told.end()
    return told.counts["refused"]


class _Told:
    """What became of the lines of a file: refused ones are told at once, warnings by their kind at the end."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.counts = {"appended": 0, "already there": 0, "refused": 0}
        self.last = 0
        self._warned: Counter[str] = Counter()
        self._first: dict[str, list[tuple[int, Warned]]] = {}

    def take(self, chunk: Chunk, results: list[Result]) -> None:
        """Count the results of some lines."""
        for number, result in zip(chunk.numbers, results, strict=True):
            self.counts[_outcome(result)] += 1
            if result.refusal is not None:
                console.refused(self.path, number, result.refusal)
            for warned in result.warnings:
                self._warned[warned.code] += 1
                if len(first := self._first.setdefault(warned.code, [])) < SHOWN:
                    first.append((number, warned))
        self.last = chunk.numbers[-1]

    def end(self) -> None:
        """Say the counts, and for each kind of warning how often it was given, with the first lines."""
        for code, times in self._warned.most_common():
            console.warned(self.path, code, CODES[code], times, self._first[code])
        console.say(f"{self.path}: " + ", ".join(f"{count:,} {outcome}" for outcome, count in self.counts.items()))


def _outcome(result: Result) -> str:
    if result.refusal is not None:
        return "refused"
    return "appended" if result.appended else "already there"

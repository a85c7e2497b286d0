"""The signed list of all positions that were considered: what the service's key attests about an evidence bundle (pure).

That an event is in the log is proved by the tree. That no other event bears on an answer is not: somebody must say so,
and signs it. The list is a signed note of its own. Its first line has spaces, which no log's name has, and its second is
no number, so it can never be taken for a checkpoint. It also names the manifest by its hash, and thereby all other files.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from services.timeline.audit.checkpoints import Checkpoint
from services.timeline.audit.notes import UnusableNote

#: The first line: what is signed. Nothing else that is signed begins so.
CONTEXT: Final = "Timeline evidence bundle, version 1: every position that was considered"

_LINE: Final = re.compile(r"([a-z-]+) (\S(?:.*\S)?)")
_RANGE: Final = re.compile(r"([1-9]\d{0,18})(?:-([1-9]\d{0,18}))?", re.ASCII)

#: The most positions that one list may have: a place that much more bears on is asked about in another way.
MOST: Final = 15_000


@dataclass(frozen=True, slots=True)
class Considered:
    """Of which log, under which checkpoint, for which answer, and which positions.

    Attributes:
        view: The view's id.
        reading: Policy and clock, as `assessed/1 recorded`.
        known_position: The answer rests on the log up to here.
        manifest: The SHA-256 of the manifest, in hexadecimal.
        positions: Ascending. Those after `known_position` are redactions: they bear on no status.
    """

    checkpoint: Checkpoint
    location_id: str
    at: str
    known_at: str
    known_position: int
    view: str
    reading: str
    made_at: str
    manifest: str
    positions: tuple[int, ...]

    def text(self) -> str:
        """The text that is signed."""
        origin, size, root, _ = self.checkpoint.text().split("\n")
        lines = [
            CONTEXT,
            f"log {origin}",
            f"checkpoint {size} {root}",
            f"location {self.location_id}",
            f"at {self.at}",
            f"known-at {self.known_at}",
            f"known-position {self.known_position}",
            f"view {self.view}",
            f"reading {self.reading}",
            f"made-at {self.made_at}",
            f"manifest {self.manifest}",
            f"positions {len(self.positions)}",
            *_ranges(self.positions),
        ]
        return "\n".join(lines) + "\n"

    @classmethod
    def read(cls, text: str) -> Self:
        """A list as it is signed; there is one way alone to write it.

        Raises:
            UnusableNote: it is none.
        """
        first, *lines = text.split("\n")[:-1]
        if first != CONTEXT:
            raise UnusableNote(f"the list of positions does not begin with {CONTEXT!r}")
        try:
            said = dict(_apart(lines[:11]))
            size, root = said["checkpoint"].split(" ")
            found = cls(
                Checkpoint.read(f"{said['log']}\n{size}\n{root}\n"),
                said["location"],
                said["at"],
                said["known-at"],
                int(said["known-position"]),
                said["view"],
                said["reading"],
                said["made-at"],
                said["manifest"],
                tuple(_positions(lines[11:])),
            )
        except (KeyError, ValueError):
            raise UnusableNote("the list of positions is not as a bundle has it") from None
        if found.text() != text:
            raise UnusableNote("the list of positions is not as a bundle has it")
        return found


def _apart(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(line)
        yield match[1], match[2]


def _ranges(positions: Sequence[int]) -> list[str]:
    """Ascending positions, each run of neighbours as `first-last`."""
    runs: list[list[int]] = []
    for position in positions:
        if runs and runs[-1][1] == position - 1:
            runs[-1][1] = position
        else:
            runs.append([position, position])
    return [str(first) if first == last else f"{first}-{last}" for first, last in runs]


def _positions(lines: Iterable[str]) -> Iterable[int]:
    before = count = 0
    for line in lines:
        match = _RANGE.fullmatch(line)
        if match is None:
            raise ValueError(line)
        first, last = int(match[1]), int(match[2] or match[1])
        count += last - first + 1
        if not before < first <= last or count > MOST:
            raise ValueError(line)
        before = last
        yield from range(first, last + 1)

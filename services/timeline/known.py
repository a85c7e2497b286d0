"""What a writer remembers of the log between appends: what exists, and how sources are graded.

What is in an append-only log once stays there, so "does it exist?" is asked of the database once for each thing. How a
source is graded is remembered with the version of its stream: whoever graded it anew, in whatever process, raised that
version, and the next append sees it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from events.appends import Held
from events.recorded import RecordedEvent, named_stream
from events.records import Event
from events.warnings import Graded

#: So many things are remembered; then remembering begins anew.
MOST = 500_000


class _Source(NamedTuple):
    version: int
    graded: Graded


class Known:
    """Used by one commit after another, and by nothing else."""

    def __init__(self) -> None:
        self._position = 0
        self._things: set[str] = set()
        self._sources: dict[str, _Source] = {}

    def begin(self, position: int) -> None:
        """A commit begins at a position of the log; one before those seen is another log, restored under our hands."""
        if position < self._position or len(self._things) > MOST or len(self._sources) > MOST:
            self._things.clear()
            self._sources.clear()
        self._position = position

    def has(self, name: str) -> bool:
        """Whether a source, actor or location (`source:sana`) is known to be in the log."""
        return name in self._things

    def has_all(self, names: Collection[str]) -> bool:
        """Whether all of them are."""
        return self._things.issuperset(names)

    def learn(self, names: Collection[str], versions: Mapping[UUID, int], held: Held) -> None:
        """Remember those things named that the log holds, and grade anew the sources whose streams have grown."""
        grown: dict[UUID, str] = {}
        for name in names:
            stream = named_stream(name)
            version = versions.get(stream, 0)
            if not version:
                continue
            self._things.add(name)
            kind, _, key = name.partition(":")
            if kind == "source" and ((known := self._sources.get(key)) is None or known.version != version):
                grown[stream] = key
        for stream, recorded in (held.streams(grown) if grown else {}).items():
            self._sources[grown[stream]] = _Source(recorded[-1].version, _graded(recorded))

    def grading(self, source_id: str) -> Graded:
        """How a source stands in the log; of one that is not there, that nothing was said."""
        known = self._sources.get(source_id)
        return known.graded if known is not None else Graded()


def _graded(recorded: Sequence[RecordedEvent[Event]]) -> Graded:
    found = Graded()
    for one in recorded:
        found = found.after(one.event)
    return found

"""A timeline as those see it who may not know who the sensitive sources are: the same log and views, without what tells it.

Whoever answers is handed a timeline and asks it; which one it is is settled in one place (`api.asking.timeline`), by who asks.
So no route has to think of it, and one that is added cannot forget it.
"""

import json
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from uuid import UUID

from events import withholding
from events.log import Log
from events.recorded import RecordedEvent
from events.records import Event
from events.undecodable import Undecodable
from projections.catalogue import Catalogue
from services.timeline.access import Principal
from services.timeline.asked import Asked
from services.timeline.composition import Timeline
from services.timeline.look_alikes import LookAlikes
from services.timeline.reader import Reader
from services.timeline.writer import Result, Writer

#: Which sources are sensitive is asked again after so many seconds.
FRESH = 1.0


class Protected:
    """The sensitive sources of a log as one process knows them; it looks for new ones each time that somebody asks."""

    def __init__(self, log: Log, beside: Callable[[], frozenset[str]] = frozenset) -> None:
        """
        Args:
            beside: More of them: of a standby's log, those that the primary knows already.
        """
        self._log, self._beside = log, beside
        self._learning = threading.Lock()
        self._position = 0
        self._sources: frozenset[str] = frozenset()

    def sources(self) -> tuple[int, frozenset[str]]:
        """The head of the log, and the sensitive sources by it. Blocks."""
        with self._learning:
            self._position, found = self._log.protecting(self._position)
            for one in found:
                if isinstance(one.event, Undecodable):
                    self._sources |= self._unreadable(one.position)
                self._sources = withholding.after(self._sources, one.event)
            return self._position, self._sources | self._beside()

    @property
    def known(self) -> frozenset[str]:
        """Those that were found so far, without looking for new ones."""
        return self._sources

    def _unreadable(self, position: int) -> set[str]:
        """Of what a newer program wrote: whom it is about, and to be safe they are taken for sensitive."""
        with self._log.pool.connection() as connection:
            row = connection.execute("SELECT structure FROM event WHERE position = %s", [position]).fetchone()
        try:
            return {str(json.loads(bytes(row[0]))["event"]["source_id"])} if row is not None else set()
        except (ValueError, KeyError, TypeError):
            return set()


class DiscreetLog(Log):
    """The log without what tells who the sensitive sources are.

    Which they are is asked of the head by what first needs it, and again for what was recorded since; who stays longer than
    an answer takes learns of it within a second.
    """

    def __init__(self, whole: Log, protected: Protected) -> None:
        self.pool, self.application, self._recorder = whole.pool, whole.application, whole._recorder  # noqa: SLF001
        self._protected = protected
        self._sensitive: frozenset[str] = frozenset()
        self._by, self._asked_at = -1, float("-inf")

    def sensitive(self, position: int) -> frozenset[str]:
        """The sources whose names are not told in anything recorded up to a position. Blocks now and then."""
        now = time.monotonic()
        if position > self._by or now - self._asked_at > FRESH:
            self._by, self._sensitive = self._protected.sources()
            self._asked_at = now
        return self._sensitive

    def nameless(self) -> Collection[str]:
        return self.sensitive(self.head().position)

    def told(self, recorded: Iterable[RecordedEvent[Any]]) -> list[RecordedEvent[Any]]:
        """Events as this log tells them."""
        held = list(recorded)  # first: what is protected by the time that it was read is withheld
        sensitive = self.sensitive(max((one.position for one in held), default=0))
        return [withholding.told(one, sensitive) for one in held]

    def read(self, after: int = 0, *, limit: int, until: int | None = None) -> list[RecordedEvent[Event]]:
        return self.told(super().read(after, limit=limit, until=until))

    def reference(self, after: int = 0, *, until: int) -> Iterator[RecordedEvent[Event]]:
        return iter(self.told(super().reference(after, until=until)))

    def gradings(self, *, until: int) -> Iterator[RecordedEvent[Event]]:
        return iter(self.told(super().gradings(until=until)))

    def at(self, positions: Collection[int]) -> list[RecordedEvent[Any]]:
        return self.told(super().at(positions))

    def by_id(self, event_id: UUID) -> list[RecordedEvent[Any]]:
        return self.told(super().by_id(event_id))


class DiscreetReader(Reader):
    """The reader over such a log: it has the memory of the whole one, and no memory of names of its own."""

    def __init__(self, whole: Reader, log: DiscreetLog) -> None:
        self._whole, self._log = whole, log
        self._held, self._crowded, self.atlases = whole._held, whole._crowded, whole.atlases  # noqa: SLF001

    def asking(self, view: str, **named: Any) -> AbstractContextManager[Asked]:  # type: ignore[override]
        """As the whole reader settles it, which may be that of a standby."""
        return self._whole.asking(view, **named)

    def catalogue(self, position: int) -> Catalogue:
        """The reference data, at least up to a position; sensitive sources go by their ids."""
        log: Any = self._log
        found = self._whole.catalogue(position)
        return found.without_names(lambda: log.sensitive(found.position))

    def forget(self, redacted: int | None = None) -> None:
        self._whole.forget(redacted)


class DiscreetWriter(Writer):
    """The writer of those who may not know the names: it is the same, and tells them nothing of a text that stands already."""

    def __init__(self, whole: Writer, log: DiscreetLog) -> None:
        self._log, self._known, self._together = log, whole._known, whole._together  # noqa: SLF001
        self._whole = whole
        self._discreet = log

    def append(self, *arguments: Any, **named: Any) -> list[Result]:
        """As the whole writer, which does it."""
        return self._whole.append(*arguments, nameless=self._discreet.nameless(), **named)

    def look_alikes(self) -> LookAlikes:
        return self._whole.look_alikes()


def as_seen_by(who: Principal | None, timeline: Timeline, protected: Protected) -> Timeline:
    """A timeline for one request; without a word on who asks, for those who may know least."""
    return timeline if who is not None and who.has("names") else discreet(timeline, protected)


def discreet(timeline: Timeline, protected: Protected | None = None) -> Timeline:
    """A timeline as it is seen by those who may not know who the sensitive sources are."""
    log = DiscreetLog(timeline.log, protected or Protected(timeline.log))
    return replace(
        timeline, log=log, reader=DiscreetReader(timeline.reader, log), writer=DiscreetWriter(timeline.writer, log)
    )

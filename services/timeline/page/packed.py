"""The last few answers of the page's data, packed: drawn once for all who look at the same state of a view."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from projections.touched_places import Span
from services.timeline.asked import Asked
from services.timeline.page.held import State, tells
from services.timeline.page.packing import packed

#: The last and the best level of gzip take ten times as long as this one, for a tenth less.
LEVEL: Final = 5


class Ready(NamedTuple):
    """A whole map that lies packed, and its tag."""

    state: State
    tag: str
    data: bytes


class Packed:
    """Answers by their tags, and the newest whole map of each view among them."""

    def __init__(self, room: int = 8) -> None:
        self._room = room
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._newest: dict[int, Ready] = {}
        self._redacted = 0
        self._drawing = threading.Lock()

    def of(self, tag: str, redacted: int, draw: Callable[[], bytes], state: State | None = None) -> bytes:
        """What is held under a tag, drawn where it is not; one at a time. After a redaction nothing from before is held.

        Args:
            state: It is the whole map of a view in this state.
        """
        with self._drawing:
            if redacted > self._redacted:
                self._redacted = redacted
                self._held.clear()
            if tag not in self._held:
                self._held[tag] = packed(draw(), LEVEL)
                while len(self._held) > self._room:
                    self._held.popitem(last=False)
            self._held.move_to_end(tag)
            if state is not None:
                before = self._newest.get(state.view)
                if before is None or before.state.revision != state.revision or before.state.position <= state.position:
                    self._newest.pop(state.view, None)
                    while len(self._newest) >= self._room:
                        del self._newest[next(iter(self._newest))]
                    self._newest[state.view] = Ready(state, tag, self._held[tag])
            return self._held[tag]

    def ready(self, asked: Asked, span: Span, behind: int) -> Ready | None:
        """A map of the same view that lies packed and is behind a question by no more events than so many."""
        newest = self._newest.get(asked.view.view_id)
        if newest is None:
            return None
        near = newest.state.position >= asked.known_position - behind
        return newest if near and tells(span, newest.state, asked) else None

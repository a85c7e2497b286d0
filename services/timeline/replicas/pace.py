"""How far a standby is behind, in seconds (pure): when the primary had written what the standby has replayed last.

Positions are those of the write-ahead log, which carries everything: events, views, keys of access, the tree.
"""

from collections import deque


class Pace:
    """Where the primary stood, look by look."""

    def __init__(self, remembered: float) -> None:
        """
        Args:
            remembered: Whoever is behind by more seconds than this is told so many.
        """
        self._remembered = remembered
        self._seen: deque[tuple[float, int]] = deque()

    def saw(self, now: float, written: int) -> None:
        """The primary had written so far, at a moment of a clock that never goes back."""
        if not self._seen or written > self._seen[-1][1]:
            self._seen.append((now, written))
        while len(self._seen) > 1 and self._seen[1][0] < now - self._remembered:
            self._seen.popleft()

    def behind(self, now: float, replayed: int) -> float:
        """For how many seconds at least something has been written that was not replayed; 0 where nothing is missing."""
        return next((now - when for when, written in self._seen if written > replayed), 0.0)

    def ahead(self, replayed: int, slack: int) -> bool:
        """Whether somebody replayed what the primary, as it was last seen, had not written by far: another history."""
        return bool(self._seen) and replayed > self._seen[-1][1] + slack

"""Group commit: whatever waits while one commit is under way is the next batch. No timer, no thread of its own.

Whoever comes first commits for all who wait by then; when that is done, the first of those who came meanwhile commits
the next batch. A lone caller waits for nobody, and with many callers one synced commit serves them all.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar


class Weighed(Protocol):
    """Something to be committed that has a weight (the number of its events)."""

    @property
    def weight(self) -> int: ...


R = TypeVar("R", bound=Weighed)


class _Turn(Generic[R]):
    """A caller's place in the queue: woken when its request is committed, or when it is to commit for the others."""

    def __init__(self, request: R) -> None:
        self.request = request
        self.done = False
        self._woken = threading.Event()

    def wait(self) -> None:
        self._woken.wait()
        self._woken.clear()

    def wake(self) -> None:
        self._woken.set()


class Together(Generic[R]):
    """Brings callers from many threads together into batches.

    Args:
        commit: Commits a batch, whole, and leaves each request's outcome in the request; it must not raise.
        most: A batch weighs no more than this, unless a single request does.
    """

    def __init__(self, commit: Callable[[Sequence[R]], None], most: int) -> None:
        self._commit = commit
        self._most = most
        self._guard = threading.Lock()
        self._waiting: deque[_Turn[R]] = deque()
        self._busy = False

    def hand_in(self, request: R) -> None:
        """Commit a request, alone or with others; returns when that is done."""
        turn = _Turn(request)
        with self._guard:
            self._waiting.append(turn)
            leads, self._busy = not self._busy, True
        while not turn.done:
            if not leads:
                turn.wait()
            if not turn.done:  # then it was woken to commit for those who wait
                self._lead()
                leads = False

    def _lead(self) -> None:
        with self._guard:
            batch = self._take()
        try:
            self._commit([turn.request for turn in batch])
        finally:
            with self._guard:
                for turn in batch:
                    turn.done = True
                    turn.wake()
                if self._waiting:
                    self._waiting[0].wake()
                else:
                    self._busy = False

    def _take(self) -> list[_Turn[R]]:
        batch = [self._waiting.popleft()]
        weight = batch[0].request.weight
        while self._waiting and weight + self._waiting[0].request.weight <= self._most:
            batch.append(self._waiting.popleft())
            weight += batch[-1].request.weight
        return batch

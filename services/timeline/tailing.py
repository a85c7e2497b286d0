"""Events as they are recorded, for readers who stay: woken by NOTIFY, but looking by themselves too."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import psycopg
import structlog
from anyio import to_thread
from psycopg_pool import PoolTimeout

from events.log import CHANNEL, Log
from events.recorded import RecordedEvent

T = TypeVar("T")

logger = structlog.get_logger(__name__)

#: So many readers at most; the next one is asked to come again.
MOST = 64

#: A reader who was not woken looks after so many seconds; one who has nothing to tell says that it lives.
LOOK, KEEP_ALIVE = 2.0, 15.0

#: Events read at once, and how many readers may read at once: they leave connections to others.
_BATCH, _AT_ONCE = 200, 4


class Streams:
    """The readers who stay, in one process and one event loop; one connection listens for all of them."""

    def __init__(self, log: Log, most: int = MOST, most_each: int = MOST) -> None:
        self._log = log
        self._most, self._most_each = most, most_each
        self._open = 0
        self._of: Counter[str] = Counter()
        self._closing = False
        self._news = asyncio.Event()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._listener: asyncio.Task[None] | None = None

    @property
    def open(self) -> int:
        """How many readers stay now."""
        return self._open

    @contextlib.contextmanager
    def admitted(self, who: str | None = None) -> Iterator[bool]:
        """A reader's stay; False where there is no room (for one more of `who`), or the service is about to stop."""
        each = who or ""
        if self._closing or self._open >= self._most or (who is not None and self._of[each] >= self._most_each):
            yield False
            return
        self._open += 1
        self._of[each] += 1
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen())
        try:
            yield True
        finally:
            self._open -= 1
            self._of[each] -= 1
            self._of += Counter()  # whoever has none is let go of
            if self._open == 0:
                self._listener.cancel()
                self._listener = None

    @property
    def closing(self) -> bool:
        """Whether the service is about to stop: every stream ends after what it is sending."""
        return self._closing

    async def in_turn(self, work: Callable[[], T]) -> T:
        """Work in a thread for a reader who stays; a few of them at once."""
        async with self._turns:
            return await to_thread.run_sync(work)

    async def pause(self, seconds: float) -> None:
        """Wait, but no longer than the service runs."""
        give_up = time.monotonic() + seconds
        while not self._closing and (left := give_up - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), left)

    def close(self) -> None:
        """End every stream after what it is sending; to be called in the event loop."""
        self._closing = True
        self._wake()

    async def after(self, position: int, log: Log | None = None) -> AsyncIterator[list[RecordedEvent[Any]]]:
        """Events after a position in order, as they are recorded; an empty list now and then where there are none.

        Args:
            log: The log as the reader may see it; by default the whole.

        Ends when the streams are closed, and when the database does not answer: who comes back goes on where it was.
        """
        told = time.monotonic()
        while not self._closing:
            news = self._news  # before the look: what is recorded after it wakes this one
            try:
                found = await self.in_turn(partial((log or self._log).read, position, limit=_BATCH))
            except (psycopg.OperationalError, PoolTimeout) as error:
                logger.warning("a stream ends: the database did not answer", error=str(error))
                return
            if found or time.monotonic() - told >= KEEP_ALIVE:
                told = time.monotonic()
                yield found
            if found:
                position = found[-1].position
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), min(LOOK, KEEP_ALIVE))

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _listen(self) -> None:
        """Wake the readers for each append; without a connection they look by themselves."""
        pool = self._log.pool
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                async with await psycopg.AsyncConnection.connect(str(pool.conninfo), autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    async for _ in connection.notifies():
                        self._wake()
            await asyncio.sleep(LOOK)

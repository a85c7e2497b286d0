"""A log with its tree and checkpoints, for tests that look at them or spoil them."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from psycopg import Connection

from services.timeline import story
from services.timeline.audit import integrator, signing, stored
from services.timeline.audit.notes import PublicKey
from services.timeline.audit.signing import LogKeys
from services.timeline.audit.verifying import Held, Verdict, verify
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings
from tests.conftest import fresh_database


@dataclass(frozen=True)
class Kept:
    """An opened timeline whose tree is kept by the test itself."""

    timeline: Timeline
    settings: Settings

    def grow(self, lines: Sequence[bytes], batch: int = 100) -> None:
        """Record events, bring the tree up to them and sign."""
        if lines:
            self.timeline.writer.append(list(lines), "key:desk")
        with self.connection() as connection:
            integrator.integrate(connection, batch)
            signing.sign(connection, self.settings, 1_733_130_000)

    @contextmanager
    def connection(self) -> Iterator[Connection[Any]]:
        with self.timeline.log.pool.connection() as connection:
            yield connection

    @cached_property
    def keys(self) -> LogKeys:
        with self.connection() as connection:
            keys = signing.keys_of(self.settings, stored.reach(connection).log_id, make=False)
        assert keys is not None
        return keys

    def known(self) -> list[PublicKey]:
        return self.keys.public

    def book(self) -> Held:
        """What the key signed last, by the book beside it."""
        return Held("the book", self.keys.state.read_text())

    def verified(self, *outside: Held) -> Verdict:
        """The log as it is now, verified as the command does."""
        with self.connection() as connection, connection.transaction():
            return verify(connection, self.known(), [self.book(), *outside])


@contextmanager
def kept_tree(server: str) -> Iterator[Kept]:
    """The demo's story in a log whose tree is empty, with a home for its key."""
    with tempfile.TemporaryDirectory() as home, fresh_database(server) as database:
        settings = Settings(database_url=database, home=Path(home))
        with opened(settings) as timeline:
            yield Kept(timeline, settings)


def told(kept: Kept, parts: int = 8) -> None:
    """The demo's 297 events, a checkpoint after each part."""
    lines = list(story.lines())
    size = -(-len(lines) // parts)
    for start in range(0, len(lines), size):
        kept.grow(lines[start : start + size])

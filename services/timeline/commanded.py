"""What every command begins with: the settings, the log of the process, and the timeline, or its database alone, opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection

from services.timeline import console, logs
from services.timeline.composition import Timeline, connect, database, opened
from services.timeline.migrate import migrate
from services.timeline.settings import Settings, settings


@contextmanager
def opened_timeline(chosen: Settings | None = None) -> Iterator[Timeline]:
    """The timeline of the settings, open while a command runs; errors as `opened` and `settings` raise them."""
    chosen = chosen or settings()
    logs.configure(chosen.log_level)
    with console.working("opening the timeline") as tell, opened(chosen, tell) as timeline:
        tell(None)
        yield timeline


@contextmanager
def opened_database(chosen: Settings) -> Iterator[tuple[str, Connection[Any]]]:
    """How to connect to the database of the settings, and a connection to it, migrated, while a command runs."""
    logs.configure(chosen.log_level)
    with database(chosen) as conninfo, connect(conninfo) as connection:
        migrate(connection)
        yield conninfo, connection

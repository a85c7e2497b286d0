"""What every command begins with: the settings, the log of the process, the timeline or its database opened, a question."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from psycopg import Connection

from services.timeline import console, logs, typed
from services.timeline.asked import Asked
from services.timeline.composition import Timeline, connect, database, opened
from services.timeline.migrate import migrate
from services.timeline.settings import Settings, settings


@contextmanager
def opened_timeline(chosen: Settings | None = None, *, bounded: bool = False) -> Iterator[Timeline]:
    """The timeline of the settings, open while a command runs; arguments and errors as `opened` and `settings` have them."""
    chosen = chosen or settings()
    logs.configure(chosen.log_level, chosen.log_format)
    with console.working("opening the timeline") as tell, opened(chosen, tell, bounded=bounded) as timeline:
        tell(None)
        yield timeline


@contextmanager
def opened_database(chosen: Settings) -> Iterator[tuple[str, Connection[Any]]]:
    """How to connect to the database of the settings, and a connection to it, migrated, while a command runs."""
    logs.configure(chosen.log_level, chosen.log_format)
    with database(chosen) as conninfo, connect(conninfo) as connection:
        migrate(connection)
        yield conninfo, connection


@contextmanager
def asking(
    view: str,
    at: str | None,
    known_at: str | None,
    known_position: int | None,
    zone: str,
    moments: Mapping[str, Any] | None = None,
) -> Iterator[tuple[Timeline, Asked]]:
    """An opened timeline, caught up with its log, and the question settled; instants made from dates are told.

    Args:
        moments: Of the page that a cursor goes on from, instead of those that were typed.
    """
    if moments is None:
        times = (("at", at), ("known_at", known_at))
        typed_ones = {name: typed.moment(f"--{name.replace('_', '-')}", text, zone) for name, text in times}
        moments = {**typed_ones, "known_position": known_position}
    with opened_timeline() as timeline:
        console.follow(timeline)
        with timeline.reader.asking(view, **moments) as asked:
            yield timeline, asked

"""What every command begins with: the settings, the log of the process, the timeline opened with a word of progress, a question."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from services.timeline import console, logs, typed
from services.timeline.asked import Asked
from services.timeline.composition import Timeline, opened
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
def asking(
    view: str, at: str | None, known_at: str | None, known_position: int | None, zone: str
) -> Iterator[tuple[Timeline, Asked]]:
    """An opened timeline, caught up with its log, and the question settled; instants made from dates are told."""
    moments: dict[str, datetime | None] = {
        name: typed.moment(f"--{name.replace('_', '-')}", text, zone)
        for name, text in (("at", at), ("known_at", known_at))
    }
    with opened_timeline() as timeline:
        console.follow(timeline)
        settled = timeline.reader.asking
        with settled(view, at=moments["at"], known_at=moments["known_at"], known_position=known_position) as asked:
            yield timeline, asked

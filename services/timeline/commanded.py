"""What every command begins with: the settings, the log of the process, and the timeline opened with a word of progress."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.timeline import console, logs
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

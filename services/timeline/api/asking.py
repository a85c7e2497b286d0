"""What every read takes: a view, and a moment on both axes. Times need an offset; a `+` that arrived as a space is mended."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Query, Request
from pydantic import BeforeValidator

from events.times import Instant, utc
from services.timeline.composition import Timeline
from services.timeline.reader import Asked

_EATEN_PLUS = re.compile(r" (\d{2}:\d{2})\Z")


def read_moment(text: object) -> object:
    """A moment as somebody wrote it in an address.

    Raises:
        ValueError: no RFC 3339 time with an offset; the message shows one.
    """
    if not isinstance(text, str):
        return text
    try:
        return utc(msgspec.convert(_EATEN_PLUS.sub(r"+\1", text), Instant))
    except (msgspec.ValidationError, ValueError):
        raise ValueError("a moment is written with its offset: 2024-12-02T09:00:00Z, or +03:00 instead of Z") from None


Moment = Annotated[datetime, BeforeValidator(read_moment)]
At = Annotated[
    Moment | None,
    Query(description="The moment in the world (valid time); default now.", examples=["2024-12-02T12:00:00Z"]),
]
KnownAt = Annotated[
    Moment | None,
    Query(description="As known at this moment; default now.", examples=["2024-12-02T18:00:00Z"]),
]
KnownPosition = Annotated[
    int | None, Query(ge=0, le=2**62, description="As known at this log position, instead of `known_at`.")
]
ViewName = Annotated[
    str, Query(max_length=100, description="A view's name or id: `current` (recorded clock) or `published` (reported).")
]
MinPosition = Annotated[
    int | None, Query(ge=0, le=2**62, description="Wait until this position is folded; 503 where it is not in time.")
]


def timeline(request: Request) -> Timeline:
    """The opened timeline that the application was made with."""
    opened: Timeline = request.app.state.timeline
    return opened


Opened = Annotated[Timeline, Depends(timeline)]


def _asked(
    opened: Opened,
    at: At = None,
    known_at: KnownAt = None,
    known_position: KnownPosition = None,
    view: ViewName = "current",
    min_position: MinPosition = None,
) -> Asked:
    return opened.reader.ask(view, at=at, known_at=known_at, known_position=known_position, min_position=min_position)


#: A settled question, for routes that read.
Question = Annotated[Asked, Depends(_asked)]

Dependency = Callable[..., Any]

"""What every read takes: a view, and a moment on both axes. Times need an offset; a `+` that arrived as a space is mended."""

import difflib
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import Depends, Query, Request
from fastapi.routing import APIRoute
from pydantic import BeforeValidator

from events.times import Instant, utc
from services.timeline.access import Principal
from services.timeline.asked import Asked, CannotAsk
from services.timeline.composition import Timeline
from services.timeline.discreet import as_seen_by
from services.timeline.replicas.standby import Standby

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
    str,
    Query(
        max_length=100,
        pattern=r"^[^\x00]*$",  # PostgreSQL knows no NUL
        description="A view's name or id: `current` (recorded clock) or `published` (reported).",
    ),
]
MinPosition = Annotated[
    int | None, Query(ge=0, le=2**62, description="Wait until this position is folded; 503 where it is not in time.")
]
Within = Annotated[str | None, Query(max_length=100, description="Only this location and those below it.")]
Box = Annotated[
    str | None,
    Query(max_length=200, description="Only places in west,south,east,north (degrees).", examples=["35,34,38,37"]),
]


#: Server-sent events, by their media type.
SSE = "text/event-stream"


def wants_stream(request: Request, f: str | None) -> bool:
    """Whether server-sent events are what is asked for first."""
    first = request.headers.get("accept", "").split(",")[0].split(";")[0].strip().lower()
    return f is None and first == SSE


async def known_parameters_only(request: Request) -> None:
    """Refuse a parameter that the route does not take: `known-at` would else be answered as if nothing had been said.

    Raises:
        CannotAsk: the first unknown parameter, with the nearest known one.
    """
    route: APIRoute = request.scope["route"]
    known = _PARAMETERS.get((route.path, route.name)) or _parameters(route)
    for name, value in request.query_params.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            guess = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known)) or 'none'}"
            raise CannotAsk(name, value, f"there is no such parameter; {guess}")


#: The parameters of each route, by its path and name, once somebody asked.
_PARAMETERS: dict[tuple[str, str], frozenset[str]] = {}


def _parameters(route: APIRoute) -> frozenset[str]:
    found: set[str] = set()
    waiting = [route.dependant]
    while waiting:
        one = waiting.pop()
        found |= {parameter.alias for parameter in one.query_params}
        waiting += one.dependencies
    _PARAMETERS[route.path, route.name] = frozenset(found)
    return frozenset(found)


async def primary(request: Request) -> Timeline:
    """The opened timeline, as whoever asks may see it: the one place where that is settled."""
    if not hasattr(request.state, "seen"):
        who: Principal | None = getattr(request.state, "who", None)
        request.state.seen = as_seen_by(who, request.app.state.timeline, request.app.state.protected)
    seen: Timeline = request.state.seen
    return seen


async def timeline(request: Request) -> Timeline:
    """The same, read from a standby where one may answer; whatever is not GET is for the primary."""
    standby = _standby(request)
    if standby is None:
        return await primary(request)
    if not hasattr(request.state, "read"):
        whole: Timeline = request.app.state.timeline
        there = replace(whole, log=standby.log, reader=standby.reader)
        protected = request.app.state.protected_there[standby.name]
        request.state.read = as_seen_by(getattr(request.state, "who", None), there, protected)
    read: Timeline = request.state.read
    return read


def _standby(request: Request) -> Standby | None:
    """The standby that answers a request, chosen once; None where the primary does, or has to after all."""
    if request.method not in ("GET", "HEAD"):
        return None
    if not hasattr(request.state, "standby"):
        whole: Timeline = request.app.state.timeline
        request.state.standby = whole.replicas.choose() if whole.replicas is not None else None
    standby: Standby | None = request.state.standby
    return standby


#: For routes that read what the views tell.
Opened = Annotated[Timeline, Depends(timeline)]

#: For routes that rest on the newest state, on what this process remembers, or on the tree: never a standby's.
Primary = Annotated[Timeline, Depends(primary)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a read asks for, not settled yet: that asks the database, and belongs into the route's own thread.

    A dependency that settled it would be one more change of threads for each request (0.1 ms of about 1.5).
    """

    opened: Timeline
    view: str
    at: datetime | None
    known_at: datetime | None
    known_position: int | None
    min_position: int | None

    def settled(self) -> AbstractContextManager[Asked]:
        """The question, settled on both axes and held while it is answered; errors as `Reader.asking` raises them."""
        return self.opened.reader.asking(
            self.view,
            at=self.at,
            known_at=self.known_at,
            known_position=self.known_position,
            min_position=self.min_position,
        )


async def _wanted(
    request: Request,
    at: At = None,
    known_at: KnownAt = None,
    known_position: KnownPosition = None,
    view: ViewName = "current",
    min_position: MinPosition = None,
) -> Wanted:
    return Wanted(await timeline(request), view, at, known_at, known_position, min_position)


#: A question, for routes that read.
Question = Annotated[Wanted, Depends(_wanted)]

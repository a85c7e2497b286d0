"""Stepping through the log: each change of status with the event that caused it, as a stream that ends."""

import time
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

import psycopg
import structlog
from fastapi import APIRouter, Header, Query, Request, Response
from psycopg_pool import PoolTimeout
from starlette.responses import StreamingResponse

from services.timeline import wire
from services.timeline.api import rendering
from services.timeline.api.asking import Opened, ViewName
from services.timeline.api.authority import Asker, address
from services.timeline.api.documents import document
from services.timeline.api.streams import HEADERS, RETRY, SSE, Admitted, last_event, wants_stream
from services.timeline.budgets import spender
from services.timeline.replay import Replay, Replayed, Told, bound
from services.timeline.replay import speed as read_speed
from services.timeline.tailing import KEEP_ALIVE, Streams
from services.timeline.wire_replay import Ended, StatusChange

logger = structlog.get_logger(__name__)

router = APIRouter(tags=["Status"])

_Bound = Annotated[str | None, Query(max_length=40, pattern=r"^[^\x00]*$")]


_DOCUMENT = document(StatusChange, 404, formats=(rendering.NDJSON, SSE), streamed=True)
_DOCUMENT["responses"][204] = {"description": "Nothing is left to tell after `Last-Event-ID`"}


@router.get("/v1/replay", **_DOCUMENT)
def replay(
    request: Request,
    opened: Opened,
    who: Asker,
    from_: Annotated[
        _Bound, Query(alias="from", description="The position to begin with, or a moment. Default: the beginning.")
    ] = None,
    to: Annotated[
        _Bound, Query(description="The last position, or the moment before which to end. Default: what is folded now.")
    ] = None,
    speed: Annotated[
        str, Query(max_length=20, description="`3600x`: an hour of the known clock a second; `max`: without waiting.")
    ] = "max",
    place: Annotated[
        str | None, Query(max_length=100, pattern=r"^[^\x00]*$", description="Only this location.")
    ] = None,
    view: ViewName = "current",
    f: Annotated[str | None, Query(max_length=10, description="ndjson, instead of Accept.")] = None,
    last_event_id: Annotated[str | None, Header(description="Streams: go on after this id.")] = None,
) -> Response:
    """Each change of status in the order in which it became known, with what caused it.

    NDJSON, or server-sent events where `Accept` asks for them first: there the `id` is the position (on the reported clock
    the microsecond of publication), and an event `end` comes last. Who comes back after it is answered with 204.
    """
    streamed = wants_stream(request, f)
    if not streamed:
        rendering.wanted_format(request, f, ("ndjson",))
    pace = read_speed("speed", speed)
    asking = Replayed(
        view=view,
        start=bound("from", from_),
        end=bound("to", to),
        after=last_event(last_event_id) if streamed else None,
        location_id=place,
    )
    found = Replay(opened.log, opened.reader, asking)
    if asking.after is not None and found.over:
        return Response(status_code=204, headers=HEADERS)
    media_type = SSE if streamed else rendering.NDJSON
    if request.scope.get("head"):
        return StreamingResponse(iter(()), media_type=media_type, headers=HEADERS)  # without a length, as GET is
    streams: Streams = request.app.state.streams
    written = _events(streams, found, pace) if streamed else _lines(streams, found, pace)
    return Admitted(streams, written, media_type, spender(who, address(request)))


async def _lines(streams: Streams, found: Replay, pace: float | None) -> AsyncIterator[bytes]:
    async for told in _paced(streams, found, pace):
        if told:
            yield b"".join(wire.encode(one.change) + b"\n" for one in told)
    if streams.closing:
        raise ConnectionAbortedError("the service stops: lines that end here must not look complete")


async def _events(streams: Streams, found: Replay, pace: float | None) -> AsyncIterator[bytes]:
    changes = 0
    yield f"retry: {RETRY}\n\n".encode()
    async for told in _paced(streams, found, pace):
        changes += len(told)
        yield b"".join(map(_event, told)) or b": still here\n\n"
    if not streams.closing:
        ended = wire.encode(Ended(found.view_name, found.known_position, changes))
        yield b"id: %d\nevent: end\ndata: %s\n\n" % (found.until, ended)


def _event(told: Told) -> bytes:
    """The id comes with the last change of a moment: who was cut off before it hears that moment again."""
    identity = b"id: %d\n" % told.known if told.last else b""
    return b"%sdata: %s\n\n" % (identity, wire.encode(told.change))


async def _paced(streams: Streams, found: Replay, pace: float | None) -> AsyncIterator[list[Told]]:
    """What is told, each at its time; an empty list now and then in a long pause."""
    before: Told | None = None
    parts = found.parts()
    while (part := await _next(streams, parts)) is not None:
        if pace is None:
            yield part
            continue
        for told in part:
            wait = 0.0 if before is None else (told.known_at - before.known_at).total_seconds() / pace
            give_up = time.monotonic() + wait
            while (left := give_up - time.monotonic()) > 0 and not streams.closing:
                await streams.pause(min(left, KEEP_ALIVE))
                if left > KEEP_ALIVE:
                    yield []
            if streams.closing:
                return
            before = told
            yield [told]


async def _next(streams: Streams, parts: Iterator[list[Told]]) -> list[Told] | None:
    """The next part; None at the end, when the service stops, and when the database does not answer."""
    if streams.closing:
        return None
    try:
        return await streams.in_turn(lambda: next(parts, None))
    except (psycopg.OperationalError, PoolTimeout) as error:
        logger.warning("a replay breaks off: the database did not answer", error=str(error))
        raise

"""The log as server-sent events (WHATWG HTML, section 9.2): `id` is the position, so `Last-Event-ID` tells where to go on."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import Request, Response
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from events.log import Log
from events.recorded import RecordedEvent
from services.timeline import wire
from services.timeline.access import Principal, recorder_shown
from services.timeline.api.asking import SSE, wants_stream
from services.timeline.api.authority import address
from services.timeline.api.problems import problem
from services.timeline.asked import CannotAsk
from services.timeline.budgets import spender
from services.timeline.tailing import Streams
from services.timeline.wire_log import recorded_out

__all__ = ("HEADERS", "RETRY", "SSE", "Admitted", "last_event", "stream", "wants_stream")

#: How a stream tells an event.
Write = Callable[[RecordedEvent[Any]], bytes]

#: Where a client goes on by itself after a stream has ended, it waits so many milliseconds.
RETRY = 2_000

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Accept"}


def stream(
    request: Request, log: Log, after: int, last_event_id: str | None, who: Principal, write: Write | None = None
) -> Response:
    """The events after a position, or after `Last-Event-ID` where a client comes back; and those to come.

    Args:
        write: An event as JSON on one line; by default as `/v1/events` has it.

    Raises:
        CannotAsk: a `Last-Event-ID` that is no position.
    """
    came = last_event(last_event_id)
    if came is not None:
        after = came
    if request.scope.get("head"):
        return Response(media_type=SSE, headers=HEADERS)
    streams = request.app.state.streams
    return Admitted(
        streams, _written(streams, log, after, write or _as_recorded(who)), of=spender(who, address(request))
    )


def last_event(last_event_id: str | None) -> int | None:
    """The id of the last event that came to a client who comes back; None for one who begins.

    Raises:
        CannotAsk: it is no number.
    """
    if not last_event_id:
        return None
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 20):
        raise CannotAsk("Last-Event-ID", last_event_id, "the position of the last event that came")
    return min(int(last_event_id), 2**63 - 1)


class Admitted(StreamingResponse):
    """A stream that holds its place among the others while it lasts, whoever ends it."""

    def __init__(
        self, streams: Streams, content: AsyncIterator[bytes], media_type: str = SSE, of: str | None = None
    ) -> None:
        """
        Args:
            of: Whose stream it is, as budgets name them; None: nobody counts.
        """
        self._streams, self._of = streams, of
        super().__init__(content, media_type=media_type, headers=HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._streams.admitted(self._of) as admitted:
            if admitted:
                await super().__call__(scope, receive, send)
                return
        said = "as many clients follow the log as may; come back later, or read GET /v1/events?after= in pages"
        await problem(503, "Too many streams", said, headers={"Retry-After": "10"})(scope, receive, send)


def _as_recorded(who: Principal) -> Write:
    def write(one: RecordedEvent[Any]) -> bytes:
        return wire.encode(recorded_out(one, recorder_shown(who, one.recorded_by)))

    return write


async def _written(streams: Streams, log: Log, after: int, write: Write) -> AsyncIterator[bytes]:
    """The events as lines of the stream; a comment where there is nothing to tell."""
    yield f"retry: {RETRY}\n: after {after}\n\n".encode()
    async for found in streams.after(after, log):
        lines = (b"id: %d\ndata: %s\n\n" % (one.position, write(one)) for one in found)
        yield b"".join(lines) or b": still here\n\n"

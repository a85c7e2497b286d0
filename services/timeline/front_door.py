"""How a connection is read before there is a request: a request begins within some seconds, and its head ends within some bytes.

Of what is read after that, the guard of the application sees to the bounds. A head that has come whole and is too large is
refused there, as a problem; this one sees to those that never end.
"""

from asyncio import TimerHandle
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: A head (or the end of a body in chunks) that has not ended after so many bytes is read no further.
MOST: Final = 64 * 1024

#: It is waited for so many seconds, from the connection's begin or the request's.
PATIENCE: Final = 20.0


class FrontDoor(HttpToolsProtocol):
    """uvicorn's protocol, that does not wait for ever."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._in_head = True
        self._unfinished = 0
        self._late: TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_longer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._in_head, self._unfinished = True, 0
        self._wait()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head, self._unfinished = False, 0
        self._wait_no_longer()
        super().on_headers_complete()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # else it stands at the end of a body in chunks, where nobody looks
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        self._unfinished = 0
        super().on_body(body)

    def data_received(self, data: bytes) -> None:
        self._unfinished += len(data)
        super().data_received(data)
        if self._unfinished > MOST and not self.transport.is_closing():
            self.transport.close()

    def _wait(self) -> None:
        self._wait_no_longer()
        self._late = self.loop.call_later(PATIENCE, self.transport.close)

    def _wait_no_longer(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

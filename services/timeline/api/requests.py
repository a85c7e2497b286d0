"""What stands around every request: its id, the line in the log that tells of it, and its counts.

The id is the client's own `X-Request-Id` where that is one, else a new one; it is in the answer, and in every line that is
logged on behalf of the request, whichever thread writes it. A line tells the path and no parameters: what people search
for is theirs.
"""

import re
import time
from typing import Any, Final
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.timeline import tracing
from services.timeline.metrics import Metrics

logger = structlog.get_logger("services.timeline.requests")

HEADER: Final = "X-Request-Id"

#: An id from outside; anything else is not repeated into our log.
_USABLE: Final = re.compile(r"[A-Za-z0-9._~+/=:-]{1,128}")

#: The route of what no route takes: addresses that nobody declared are not made into labels.
NO_ROUTE: Final = "(none)"

#: nginx's word for a client that left before it was answered.
LEFT: Final = 499


class Requests:
    """Gives each request an id, tells of it and counts it."""

    def __init__(self, app: ASGIApp, metrics: Metrics, log_all: bool) -> None:
        """
        Args:
            log_all: Tell of every request; else of those alone in which the service failed (5xx).
        """
        self._app = app
        self._metrics = metrics
        self._log_all = log_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        one = _Request(scope, send)
        self._metrics.began()
        with (
            tracing.request(scope) as span,
            structlog.contextvars.bound_contextvars(request_id=one.id, **tracing.trace_id(span)),
        ):
            try:
                await self._app(scope, receive, one.send)
            except Exception:
                if not one.answered:  # else it is logged, and told to whoever asked; the server would log it once more
                    raise
            finally:
                tracing.answered(span, one.method, one.route, one.status)
                self._tell(one)

    def _tell(self, one: "_Request") -> None:
        seconds = time.perf_counter() - one.began
        self._metrics.answered(one.method, one.route, one.status, seconds)
        if one.status >= 500 or self._log_all:
            logger.info("request", **one.told(), ms=round(seconds * 1000, 1))


class _Request:
    """One request under way."""

    def __init__(self, scope: Scope, send: Send) -> None:
        given = Headers(scope=scope).get(HEADER, "")
        self.id = given if _USABLE.fullmatch(given) else uuid4().hex
        self.began = time.perf_counter()
        self.method: str = "HEAD" if scope.get("head") else scope["method"]
        self.status = LEFT
        self.answered = False
        self._scope = scope
        self._send = send
        self._sent = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)[HEADER] = self.id
        else:
            self._sent += len(message.get("body", b""))
            self.answered = not message.get("more_body", False)
        await self._send(message)

    @property
    def route(self) -> str:
        """The route as it is declared."""
        return getattr(self._scope.get("route"), "path_format", None) or NO_ROUTE

    def told(self) -> dict[str, Any]:
        """What its line in the log tells."""
        client = self._scope.get("client")
        return {
            "method": self.method,
            "path": self._scope["path"],
            "route": self.route,
            "status": self.status,
            "bytes": self._sent,
            "client": client[0] if client else None,
            "principal": self._scope.get("state", {}).get("principal"),
        }

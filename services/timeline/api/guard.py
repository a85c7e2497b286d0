"""What stands before every route and around every answer: bounds of what comes in, a quick refusal under overload, headers.

Only what can be told without knowing who asks; budgets are spent where that is known (`authority`). Outermost of all, so
errors of the service itself pass through it too.
"""

import asyncio
from collections.abc import Iterator
from typing import Final

import structlog
from fastapi import Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.timeline.api import security
from services.timeline.api.problems import problem
from services.timeline.budgets import Spent
from services.timeline.proxies import asker_behind, is_trusted, networks
from services.timeline.settings import Settings, listed

logger = structlog.get_logger(__name__)

#: All that stands before the body, in bytes.
MOST_HEADERS = 32 * 1024

#: The body of a request, in bytes; routes that take more, or less, say so themselves.
MOST_BODY = 1024 * 1024
MOST_BODY_OF: Final = {"/v1/events": 64 * 1024 * 1024}

#: A client that takes nothing of its answer is waited for so many seconds.
DEAF = 120.0

#: Answered under any load: whoever restarts a service that is merely busy makes it worse.
ALWAYS: Final = ("/healthz",)

HSTS: Final = "max-age=31536000"


#: Addresses of data: what is answered there may depend on who asks.
DATA: Final = ("/v1/", "/ogc/")


class Guard:
    """The guard of one application."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._trusted = networks(listed(settings.trusted_proxies))
        self._at_once = settings.at_once
        self._hsts = settings.hsts
        self.working = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        self._believe_proxies(scope)
        turn = _Turn(self)
        answered = _Answered(scope, send, turn, hsts=self._hsts or scope["scheme"] == "https")
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, answered)
            return
        turn.begin()
        try:
            await self._app(scope, _Bounded(scope, receive, turn), answered)
        except DeafClient:
            logger.info("a client took nothing of its answer, and was cut off", path=scope["path"])
        finally:
            turn.end()

    def _believe_proxies(self, scope: Scope) -> None:
        """Put the address and scheme that trusted proxies tell in the place of their own."""
        peer = (scope.get("client") or ("", 0))[0]
        if not is_trusted(peer, self._trusted):
            return
        headers = Headers(scope=scope)
        scope["client"] = (asker_behind(peer, headers.getlist("x-forwarded-for"), self._trusted), 0)
        said = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
        if said in ("http", "https"):
            scope["scheme"] = said

    def _refusal(self, scope: Scope) -> Response | None:
        """Why a request goes no further."""
        headers = Headers(scope=scope)
        if sum(len(name) + len(value) for name, value in scope["headers"]) + len(scope["query_string"]) > MOST_HEADERS:
            said = f"address and headers have more than {MOST_HEADERS:,} bytes"
            return problem(431, "Headers too large", said, headers={"Connection": "close"})
        if self.working >= self._at_once and scope["path"] not in ALWAYS:
            said = "the service has as much to do as it can do at once; ask again in a moment"
            return problem(503, "Overloaded", said, headers={"Retry-After": "1"})
        coding = headers.get("content-encoding", "").strip().lower()
        if coding not in ("", "identity"):
            said = f"send the body as it is, not as {coding[:40]!r}"
            return problem(415, "Unsupported media type", said, headers={"Accept-Encoding": "identity"})
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length[:19]) > _most(scope):
            return problem(413, "Too large", _too_large(scope), headers={"Connection": "close"})
        return None


class DeafClient(ConnectionError):
    """Somebody asked, and took nothing of the answer for too long."""


class _Turn:
    """One request among those that are worked at: from its arrival until its answer begins, but not while its body is waited
    for. What is sent after that is bounded elsewhere, stream by stream.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._counted = self._ended = False

    def begin(self) -> None:
        if not self._counted and not self._ended:
            self._counted = True
            self._guard.working += 1

    def pause(self) -> None:
        if self._counted:
            self._counted = False
            self._guard.working -= 1

    def end(self) -> None:
        self.pause()
        self._ended = True


class _Bounded:
    """The request's body as it comes, refused as soon as it is longer than it may be."""

    def __init__(self, scope: Scope, receive: Receive, turn: _Turn) -> None:
        self._scope, self._receive, self._turn = scope, receive, turn
        self._size = 0

    async def __call__(self) -> Message:
        self._turn.pause()
        try:
            message = await self._receive()
        finally:
            self._turn.begin()
        self._size += len(message.get("body", b""))
        if self._size > _most(self._scope):
            raise HTTPException(413, _too_large(self._scope), {"Connection": "close"})
        return message


class _Answered:
    """The answer as it goes out: with the headers that every answer has, to somebody who takes it."""

    def __init__(self, scope: Scope, send: Send, turn: _Turn, *, hsts: bool) -> None:
        self._scope, self._send, self._turn, self._hsts = scope, send, turn, hsts

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._turn.end()
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            for name, value in self._said(headers):
                headers[name] = value
        try:
            async with asyncio.timeout(DEAF):
                await self._send(message)
        except TimeoutError:
            raise DeafClient from None

    def _said(self, headers: MutableHeaders) -> Iterator[tuple[str, str]]:
        yield from security.missing(headers).items()
        if self._hsts:
            yield "Strict-Transport-Security", HSTS
        spent: Spent | None = self._scope["state"].get("spent")
        if spent is not None:
            yield from spent.headers.items()
        yield from _caching(self._scope, headers)


def _caching(scope: Scope, headers: MutableHeaders) -> Iterator[tuple[str, str]]:
    """What depends on who asks is kept by nobody between us and them; what says nothing of being kept is not kept at all."""
    said = headers.get("cache-control")
    if scope["path"].startswith(DATA) or scope["path"] == "/ogc":
        vary = [one.strip() for one in headers.get("vary", "").split(",") if one.strip()]
        if "authorization" not in map(str.lower, vary):
            yield "Vary", ", ".join([*vary, "Authorization"])
        if said is not None and scope["state"].get("personal") and "no-store" not in said and "private" not in said:
            yield "Cache-Control", f"private, {said}"
    if said is None:
        yield "Cache-Control", "no-store"


def _most(scope: Scope) -> int:
    return MOST_BODY_OF.get(scope["path"], MOST_BODY)


def _too_large(scope: Scope) -> str:
    return f"more than {_most(scope):,} bytes; send many events as NDJSON to /v1/events, and a long file in parts"

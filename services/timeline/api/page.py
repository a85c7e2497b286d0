"""The page itself and its files. Open to everybody; what it says of the log only to those who may read."""

from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Route

from services.timeline.api import asking, rendering, security
from services.timeline.api.authority import principal, spend
from services.timeline.composition import Timeline
from services.timeline.page import assets, shell
from services.timeline.page.packing import takes_gzip
from services.timeline.page.state import started, state
from services.timeline.page.telling import Said, told
from services.timeline.page.texts import Clock
from services.timeline.settings import listed

HTML: Final = "text/html; charset=utf-8"
NOT_KEPT: Final = {"Cache-Control": "no-store"}


def install(app: FastAPI) -> None:
    """Add the page's routes: plain ones, since they take any address and check for themselves who asks."""
    for path, answer, name in (
        ("/", page, "page"),
        ("/embed", embed, "embed"),
        ("/page/{release}/{path:path}", file, "page_file"),
    ):
        app.router.routes.append(Route(path, answer, methods=["GET"], name=name, include_in_schema=False))


async def page(request: Request) -> Response:
    """The page for the state in the address, with its sentence and its reasons in it."""
    said = await _said(request, "GET /")
    return _answer(request, shell.page(said, _told(request)), HTML, dict(security.PAGE) | NOT_KEPT)


async def embed(request: Request) -> Response:
    """The same state for a frame on somebody's page: who may frame it, the operator says. No key is asked for in there."""
    timeline: Timeline = request.app.state.timeline
    said = await _said(request, "GET /embed")
    query = request.url.query
    body = shell.embedded(said, _told(request), f"/?{query}" if query else "/")
    headers = security.framed(listed(timeline.settings.embed_origins))
    return _answer(request, body, HTML, headers | NOT_KEPT)


async def _said(request: Request, route: str) -> Said | None:
    """The state in words; None where the asker may not know, and the page says so."""
    timeline: Timeline = request.app.state.timeline
    wanted = state(started(timeline.settings.start, request.query_params))
    try:
        who = await principal(request)
        spend(request, who, route)
        if not who.has("read"):
            return None
        seen = await asking.primary(request)
        return await run_in_threadpool(told, seen.reader, wanted, Clock(timeline.settings.zone))
    except HTTPException as error:  # without credentials
        if error.status_code not in (401, 403):
            raise
        return None


def _told(request: Request) -> dict[str, str]:
    """What the scripts begin with."""
    settings = request.app.state.timeline.settings
    return {"start": settings.start or "", "zone": settings.zone or ""}


async def file(request: Request) -> Response:
    """A file of the page; kept for ever under its release, and not at all under another."""
    found = assets.asset(request.path_params["path"])
    if found is None:
        raise HTTPException(404)
    ours = request.path_params["release"] == assets.release()
    headers = {
        "Cache-Control": rendering.FOR_EVER if ours else "no-cache",
        "ETag": found.tag,
        **security.PAGE,
    }
    if rendering.has_already(request, found.tag):
        return Response(status_code=304, headers=headers)
    return _answer(request, found.data, found.media_type, headers, found.gzipped)


def _answer(
    request: Request, body: bytes, media_type: str, headers: dict[str, str], gzipped: bytes | None = None
) -> Response:
    headers = headers | {"Vary": "Accept-Encoding"}
    if gzipped is not None and takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(gzipped, media_type=media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(body, media_type=media_type, headers=headers)

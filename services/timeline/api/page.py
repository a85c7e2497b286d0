"""The page itself and its files. Open to everybody; what it says of the log only to those who may read."""

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Route

from services.timeline.api import asking, rendering
from services.timeline.api.authority import principal, spend
from services.timeline.composition import Timeline
from services.timeline.page import assets, shell
from services.timeline.page.packing import takes_gzip
from services.timeline.page.state import started, state
from services.timeline.page.telling import Said, told
from services.timeline.page.texts import Clock


def install(app: FastAPI) -> None:
    """Add the page's routes: plain ones, since they take any address and check for themselves who asks."""
    app.router.routes.append(Route("/", page, methods=["GET"], name="page", include_in_schema=False))
    app.router.routes.append(
        Route("/page/{release}/{path:path}", file, methods=["GET"], name="page_file", include_in_schema=False)
    )


async def page(request: Request) -> Response:
    """The page for the state in the address, with its sentence and its reasons in it."""
    timeline: Timeline = request.app.state.timeline
    asked = started(timeline.settings.start, request.query_params)
    wanted, clock = state(asked), Clock(timeline.settings.zone)
    said: Said | None = None
    try:
        who = await principal(request)
        spend(request, who, "GET /")
        if who.has("read"):
            seen = await asking.primary(request)
            said = await run_in_threadpool(told, seen.reader, wanted, clock)
    except HTTPException as error:  # without credentials: the page asks for them
        if error.status_code not in (401, 403):
            raise
    body = shell.page(said, {"start": timeline.settings.start or "", "zone": timeline.settings.zone or ""})
    return _answer(request, body, "text/html; charset=utf-8", shell.HEADERS | {"Cache-Control": "no-store"})


async def file(request: Request) -> Response:
    """A file of the page; kept for ever under its release, and not at all under another."""
    found = assets.asset(request.path_params["path"])
    if found is None:
        raise HTTPException(404)
    ours = request.path_params["release"] == assets.release()
    headers = {
        "Cache-Control": rendering.FOR_EVER if ours else "no-cache",
        "ETag": found.tag,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Security-Policy": shell.POLICY,
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

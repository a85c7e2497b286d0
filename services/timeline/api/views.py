"""Routes about views: what there is, building, comparing, verifying, promoting and dropping."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from projections.views import View as Ready
from services.timeline import comparing, viewing, wire, wire_views
from services.timeline.api import rendering
from services.timeline.api.asking import At, KnownAt, Primary
from services.timeline.api.documents import document
from services.timeline.api.posting import read_as
from services.timeline.composition import Timeline

router = APIRouter(tags=["Views"])

#: A body that asks for a view is small.
MOST = 64 * 1024

View = Annotated[str, Path(max_length=100, pattern=r"^[^\x00]*$", description="A view's name or id.")]
OneOfTwo = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$", description="A view's name or id.")]


def _taking(answer: type[msgspec.Struct], *problems: int, accepted: bool = False, body: type[msgspec.Struct] | None = None) -> dict[str, Any]:  # fmt: skip
    """What a route says of itself that takes a body, or answers before its work is done."""
    said = document(answer, *problems)
    if accepted:
        said["responses"][202] = said["responses"][200] | {"description": "It will be done; see Location"}
    if body is not None:
        schema = {"$ref": f"#/components/schemas/{body.__name__}"}
        said["openapi_extra"] = {"requestBody": {"required": True, "content": {rendering.JSON: {"schema": schema}}}}
    return said


@router.get("/v1/views", **document(wire_views.ViewPage))
def views(request: Request, opened: Primary) -> Response:
    """The views: how each reads the log, and the last position folded into it; those being built too."""
    found = tuple(wire_views.view_out(one) for one in viewing.every(opened.log))
    return rendering.answer(request, None, wire.encode(wire_views.ViewPage(opened.log.head().position, found)))


@router.post("/v1/views", **_taking(wire_views.ViewOut, 408, 409, 413, 415, accepted=True, body=wire_views.NewView))
async def build_view(request: Request, opened: Primary) -> Response:
    """Ask for a view: 202 while it is being built, 200 where it is there already; 409 where its name means another."""
    wanted = (await read_as(request, wire_views.NewView, MOST)).wanted()
    return await run_in_threadpool(_build, opened, wanted)


def _build(opened: Timeline, wanted: viewing.Wanted) -> Response:
    there = isinstance(viewing.ask(opened.log, opened.reader, wanted), Ready)
    said = wire.encode(wire_views.view_out(viewing.one(opened.log, wanted.name)))
    headers = {"Location": f"/v1/views/{wanted.name}"}
    return Response(said, status_code=200 if there else 202, media_type=rendering.JSON, headers=headers)


@router.get("/v1/views/diff", **document(wire_views.DifferenceOut, 404))
def diff(
    request: Request, opened: Primary, a: OneOfTwo, b: OneOfTwo, at: At = None, known_at: KnownAt = None
) -> Response:
    """The places whose answers differ between two views at one moment, and why."""
    found = comparing.difference(opened.reader, a, b, at, known_at)
    return rendering.answer(request, None, wire.encode(wire_views.difference_out(found)))


@router.get("/v1/views/{view}", **document(wire_views.ViewOut, 404))
def view(request: Request, view: View, opened: Primary) -> Response:
    """One view, also while it is being built."""
    return rendering.answer(request, None, wire.encode(wire_views.view_out(viewing.one(opened.log, view))))


@router.delete("/v1/views/{view}", **document(wire_views.ViewOut, 404, 409))
def drop_view(view: View, opened: Primary) -> Response:
    """Drop a view, or cancel its building; 409 where it is in use. What it was is answered."""
    dropped = viewing.drop(opened.log, view)
    return Response(wire.encode(wire_views.view_out(dropped)), media_type=rendering.JSON)


@router.post(
    "/v1/views/{view}/promote", **_taking(wire_views.ViewOut, 404, 408, 409, 413, 415, body=wire_views.NewName)
)
async def promote_view(request: Request, view: View, opened: Primary) -> Response:
    """Give a view another's name, in one transaction; the other one is called `NAME.before` and can be promoted back."""
    new = (await read_as(request, wire_views.NewName, MOST)).as_
    return await run_in_threadpool(_promote, opened, view, new)


def _promote(opened: Timeline, name: str, new: str) -> Response:
    viewing.promote(opened.log, name, new)
    return Response(wire.encode(wire_views.view_out(viewing.one(opened.log, new))), media_type=rendering.JSON)


@router.post("/v1/views/{view}/verify", **_taking(wire_views.VerificationOut, 404, accepted=True))
def verify_view(view: View, opened: Primary) -> Response:
    """Have the log folded once more and compared with the view, in the background; ask with GET what came of it."""
    viewing.verify(opened.log, view)
    headers = {"Location": f"/v1/views/{view}/verify"}
    return Response(_verification(opened, view), status_code=202, media_type=rendering.JSON, headers=headers)


@router.get("/v1/views/{view}/verify", **document(wire_views.VerificationOut, 404))
def view_verification(request: Request, view: View, opened: Primary) -> Response:
    """The last verification of a view, and what it found."""
    return rendering.answer(request, None, _verification(opened, view))


def _verification(opened: Timeline, name: str) -> bytes:
    found, last = viewing.verification(opened.log, name)
    return wire.encode(wire_views.verification_out(found.name, last))

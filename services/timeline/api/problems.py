"""Errors as RFC 9457 problems: one place that knows which exception is which answer."""

from collections.abc import Sequence
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import compile_path

from events.problems import Problem, UnusableEvent, shown
from projections.builds import Taken
from projections.looking_ahead import TooMuch
from projections.promoting import Refused
from projections.views import BeingBuilt, UnknownView
from services.timeline.access import NotAllowed
from services.timeline.api.again import or_again
from services.timeline.asked import CannotAsk, NotYet
from services.timeline.audit.bundling import CannotBundle
from services.timeline.audit.notes import UnusableKey as UnusableLogKey
from services.timeline.audit.signing import CannotSign
from services.timeline.audit.tree import NotInTree, NotYetInTree
from services.timeline.reader import NotRegistered
from services.timeline.sheets import ExtraMissing
from services.timeline.standards.webhooks import NoWebhook, TooMany
from services.timeline.wire import encode
from services.timeline.wire_log import FieldError, ProblemOut
from services.timeline.writer import Result

logger = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"


def problem(
    status: int, title: str, detail: str, errors: Sequence[FieldError] = (), headers: dict[str, str] | None = None
) -> Response:
    """A problem as a response. `type` is about:blank: the title and the errors say it all (RFC 9457, section 4.2.1)."""
    body = problem_out(status, title, detail, errors)
    return Response(encode(body), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def problem_out(status: int, title: str, detail: str, errors: Sequence[FieldError] = ()) -> ProblemOut:
    """A problem as JSON; `errors` only where there are any."""
    if errors:
        return ProblemOut("about:blank", title, status, detail, tuple(errors))
    return ProblemOut("about:blank", title, status, detail)


def field_errors(problems: Sequence[Problem], line: int | None = None) -> list[FieldError]:
    """Problems of an event as the entries of `errors`."""
    said = [FieldError(one.field, one.value, one.message) for one in problems]
    return said if line is None else [FieldError(one.field, one.value, one.message, line) for one in said]


def refusal(error: UnusableEvent) -> ProblemOut:
    """The problem of one refused event: 403 where it is not its principal's, 409 where it contradicts what is recorded."""
    status, title = (409, "Conflicts with what is recorded") if error.conflict else (422, "The event is refused")
    if isinstance(error, NotAllowed):
        status, title = 403, "Not allowed"
    return problem_out(status, title, str(error), field_errors(error.problems))


def batch_refused(lines: Sequence[int], results: Sequence[Result]) -> Response:
    """The problem of a batch that had to be appended whole: every error with the number of its line."""
    refusals = [(line, one.refusal) for line, one in zip(lines, results, strict=True) if one.refusal is not None]
    found = [error for line, refused in refusals for error in field_errors(refused.problems, line)]
    status = 409 if all(refused.conflict for _, refused in refusals) else 422
    if any(isinstance(refused, NotAllowed) for _, refused in refusals):
        status = 403
    return problem(status, "The batch is refused", "nothing was appended: see the lines in errors", found)


def install(app: FastAPI) -> None:
    """Teach an application to answer every error as a problem."""
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, or_again(handler))


def _unusable(_: Request, error: Any) -> Response:
    body = refusal(error)
    return Response(encode(body), status_code=body.status, media_type=MEDIA_TYPE)


def _senseless(request: Request) -> int:
    """The status of a question that makes no sense: OGC API - Features wants 400 (OGC 17-069r4, section 7.5)."""
    return 400 if request.url.path.startswith("/ogc/") or request.url.path == "/ogc" else 422


def _invalid(request: Request, error: Any) -> Response:
    found = []
    for one in error.errors():
        where = ".".join(str(part) for part in one["loc"][1:]) or str(one["loc"][0])
        message = one["msg"].removeprefix("Value error, ")
        found.append(FieldError(where, shown(one.get("input")), message))
    detail = "; ".join(f"{one.field}: {one.message}" for one in found)
    return problem(_senseless(request), "The request cannot be understood", detail, found)


def _cannot_ask(request: Request, error: Any) -> Response:
    found = [FieldError(error.field, shown(error.value), error.message)]
    return problem(_senseless(request), "The request cannot be understood", str(error), found)


def _not_found(_: Request, error: Any) -> Response:
    return problem(404, "Not found", str(error))


def _in_the_way(_: Request, error: Any) -> Response:
    return problem(409, "Conflicts with a view", str(error))


def _too_many(_: Request, error: Any) -> Response:
    return problem(409, "Too many", str(error))


def _not_yet(_: Request, error: Any) -> Response:
    return problem(503, "Not folded yet", str(error), headers={"Retry-After": "1"})


def _not_yet_in_tree(_: Request, error: Any) -> Response:
    return problem(503, "Not in the tree yet", str(error), headers={"Retry-After": "2"})


def _too_much(_: Request, error: Any) -> Response:
    detail = f"{error}: too much to look ahead; post it, and read what came of it"
    return problem(422, "Too much to preview", detail)


def _extra(_: Request, error: Any) -> Response:
    found = [FieldError("f", "geoparquet", str(error))]
    return problem(422, "The request cannot be understood", str(error), found)


def _no_bundle(_: Request, error: Any) -> Response:
    return problem(409, "No bundle of this", str(error))


def _not_signed(_: Request, error: Any) -> Response:
    logger.error("nothing is signed", reason=str(error))
    return problem(503, "Not signed here", str(error), headers={"Retry-After": "60"})


def _http(request: Request, error: Any) -> Response:
    titles = {
        401: "Credentials are needed", 403: "Not allowed", 404: "Not found", 405: "Method not allowed",
        408: "The body broke off", 412: "Overtaken by another", 413: "Too large",
        415: "Unsupported media type", 429: "Too many requests", 503: "Not available",
    }  # fmt: skip
    title = titles.get(error.status_code, str(error.detail))
    detail, headers = str(error.detail), dict(error.headers or {})
    if error.status_code == 404:
        detail = "there is nothing at this address; see /openapi.json"
    elif error.status_code == 405:
        allowed = headers["Allow"] = ", ".join(_methods(request))
        detail = f"{request.method} is not for this address; it takes {allowed or 'other methods: see /openapi.json'}"
    return problem(error.status_code, title, detail, headers=headers)


def _methods(request: Request) -> list[str]:
    """Every method that this address takes: the router tells those of its first route there alone.

    Of the routes there those count that were written in the same way: `/v1/views/diff` is no view to be deleted.
    """
    here = [one for one in iter_route_contexts(request.app.routes) if _matches(one.path, request.url.path)]
    methods = (getattr(one.original_route, "methods", None) or () for one in here if one.path == here[0].path)
    found = {method for each in methods for method in each}
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


def _matches(template: str | None, path: str) -> bool:
    return template is not None and compile_path(template)[0].match(path) is not None


def _gone(_: Request, error: Any) -> Response:
    """Nobody is there to read it: the client left in mid-body, and nothing was recorded."""
    logger.info("a client left in mid-request", error=str(error))
    return problem(400, "The request broke off", "its body did not come to its end; nothing was recorded")


def _full(_: Request, error: Any) -> Response:
    logger.error("the database has no room left", error=str(error).splitlines()[0])
    detail = (
        "the database's disk is full: nothing of this was recorded; reading goes on, writing does once there is room"
    )
    return problem(507, "No room left", detail, headers={"Retry-After": "60"})


def _database(_: Request, error: Any) -> Response:
    logger.warning("the database did not answer", error=str(error))
    detail = "the database cannot be reached; an event posted with an event_id can safely be posted again"
    return problem(503, "Database unreachable", detail, headers={"Retry-After": "1"})


def _too_long(_: Request, error: Any) -> Response:
    logger.warning("a statement was broken off", error=str(error).splitlines()[0])
    detail = "the database took too long for this, and was stopped; ask for less at once, or ask again"
    return problem(503, "Took too long", detail, headers={"Retry-After": "10"})


def _unexpected(_: Request, error: Any) -> Response:
    logger.error("unexpected error", exc_info=error)
    under = structlog.contextvars.get_contextvars().get("request_id")
    return problem(500, "Unexpected error", f"an error of this service; it has been logged with request id {under}")


_HANDLERS: dict[type[Exception], Any] = {
    UnusableEvent: _unusable,
    RequestValidationError: _invalid,
    CannotAsk: _cannot_ask,
    BeingBuilt: _not_yet,
    UnknownView: _not_found,
    Taken: _in_the_way,
    Refused: _in_the_way,
    NotRegistered: _not_found,
    NoWebhook: _not_found,
    TooMany: _too_many,
    NotYet: _not_yet,
    NotInTree: _not_found,
    NotYetInTree: _not_yet_in_tree,
    CannotBundle: _no_bundle,
    ExtraMissing: _extra,
    TooMuch: _too_much,
    CannotSign: _not_signed,
    UnusableLogKey: _not_signed,
    HTTPException: _http,
    ClientDisconnect: _gone,
    psycopg.errors.DiskFull: _full,
    psycopg.errors.QueryCanceled: _too_long,
    psycopg.OperationalError: _database,
    PoolTimeout: _database,
    Exception: _unexpected,
}

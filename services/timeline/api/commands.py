"""Friendlier routes to record what `POST /v1/events` records: the type and the development stand in the address."""

from typing import Any, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from services.timeline import wire_log
from services.timeline.api import rendering
from services.timeline.api.asking import timeline
from services.timeline.api.authority import Asker
from services.timeline.api.documents import EXAMPLE_EVENT, document, problem_answers
from services.timeline.api.posting import MAX_ONE, ExpectedVersion, IfMatch, append_one, body

router = APIRouter(tags=["Developments"])


class Command(NamedTuple):
    """One route: what stands after the development's address, the event that it records, and what it says."""

    path: str
    type: str
    says: str
    example: dict[str, Any]


_REPORT = {"chain": ["sana"], "published_at": "2024-12-02T12:00:00Z", "credibility": 3}

COMMANDS = (
    Command("corroborations", "DevelopmentCorroborated", "Another report of a development.", {"report": _REPORT}),
    Command("denials", "DevelopmentDenied", "A source denies a development.", {"report": _REPORT, "reason": "Said so."}),
    Command(
        "assessments",
        "DevelopmentAssessed",
        "An analyst's verdict on a development.",
        {"credibility": 2, "analyst": "desk", "assessed_at": "2024-12-03T09:00:00Z", "method": "geolocation",
         "reasoning": "The footage shows the square."},
    ),
    Command(
        "retractions",
        "ReportRetracted",
        "A source takes back what it reported.",
        {"source_id": "sana", "retracted_at": "2024-12-03T09:00:00Z", "reason": "An error, it says."},
    ),
    Command(
        "amendments",
        "DevelopmentAmended",
        "A correction of what was recorded.",
        {"changes": {"location_id": "sy-hama"}, "amended_at": "2024-12-03T09:00:00Z", "reason": "The wrong town."},
    ),
    Command(
        "merge",
        "DevelopmentMerged",
        "Two records of one development: its statements count for the other from then on.",
        {"into_id": EXAMPLE_EVENT["development_id"], "merged_at": "2024-12-03T09:00:00Z", "reason": "The same attack."},
    ),
    Command(
        "void",
        "DevelopmentVoided",
        "Our own clerical error.",
        {"voided_at": "2024-12-03T09:00:00Z", "reason": "Typed twice."},
    ),
)  # fmt: skip


def _said(example: dict[str, Any]) -> dict[str, Any]:
    """What the document tells of a body: an event's fields without those that stand in the address."""
    content = {"schema": {"type": "object"}, "examples": {"said": {"value": example}}}
    return {"requestBody": {"required": True, "content": {rendering.JSON: content}}}


_ANSWERS = {
    200: document(wire_log.Recorded)["responses"][200],
    201: document(wire_log.Recorded)["responses"][200] | {"description": "Recorded"},
} | problem_answers(408, 409, 412, 413, 415, 507)

_REPORTED = {key: value for key, value in EXAMPLE_EVENT.items() if key != "type"}


@router.post("/v1/developments", response_class=Response, openapi_extra=_said(_REPORTED), responses=_ANSWERS)
async def report_development(
    request: Request, who: Asker, expected_version: ExpectedVersion = None, if_match: IfMatch = None
) -> Response:
    """A development and the first report of it: a `DevelopmentReported` without its type."""
    return await _record(request, who, b'"type":"DevelopmentReported"', expected_version, if_match)


def _add(command: Command) -> None:
    async def record(
        request: Request,
        development_id: UUID,
        who: Asker,
        expected_version: ExpectedVersion = None,
        if_match: IfMatch = None,
    ) -> Response:
        address = f'"type":"{command.type}","development_id":"{development_id}"'.encode()
        return await _record(request, who, address, expected_version, if_match)

    record.__doc__ = f"{command.says} The body is a `{command.type}` without its type and development."
    router.add_api_route(
        f"/v1/developments/{{development_id}}/{command.path}",
        record,
        methods=["POST"],
        name=f"record_{command.path}",
        response_class=Response,
        openapi_extra=_said(command.example),
        responses=_ANSWERS,
    )


for _command in COMMANDS:
    _add(_command)


async def _record(
    request: Request, who: Asker, address: bytes, expected_version: int | None, if_match: str | None
) -> Response:
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != rendering.JSON:
        raise HTTPException(415, f"send application/json, not {media_type[:100]!r}")
    event = with_address(await body(request, MAX_ONE), address)
    writer = (await timeline(request)).writer
    return await run_in_threadpool(append_one, writer, event, who, expected_version, if_match)


def with_address(said: bytes, address: bytes) -> bytes:
    """An object's bytes with the fields of the address put first; one that names them too is refused, as any name twice.

    What is no object is left as it is, and refused as such.
    """
    inside = said.strip()
    if not inside.startswith(b"{"):
        return said
    rest = inside[1:].lstrip()
    return b"{" + address + (b"" if rest.startswith(b"}") else b",") + rest

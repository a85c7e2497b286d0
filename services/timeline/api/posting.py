"""What posting an event takes, whatever the route: the body within its bounds, who may, the version, the answer."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated, TypeVar

import msgspec
from fastapi import Header, Query, Request, Response
from msgspec import UNSET
from starlette.exceptions import HTTPException

from events.times import rfc3339
from services.timeline import wire, wire_log
from services.timeline.access import Principal, recording
from services.timeline.api import rendering
from services.timeline.asked import CannotAsk
from services.timeline.intake import Outdated
from services.timeline.wire_warnings import warnings_out
from services.timeline.writer import Result, Writer

Said = TypeVar("Said", bound=msgspec.Struct)

#: A client that stops in mid-body is waited for so many seconds.
SILENCE = 30.0

#: One event is read a good way beyond its bound, so that one too large is refused as every other event is.
MAX_ONE = 1024 * 1024

#: A version of a stream as an entity tag.
_TAG = re.compile(r'"(\d{1,9})"')

ExpectedVersion = Annotated[
    int | None, Query(ge=0, le=2**31 - 1, description="One event only: 409 unless its stream is at this version.")
]
IfMatch = Annotated[
    str | None, Header(max_length=100, description="The same as an entity tag, answered with 412.", examples=['"3"'])
]


async def body(request: Request, most: int) -> bytes:
    """The body, read no further than its bound, and no longer than somebody sends."""
    parts: list[bytes] = []
    size = 0
    stream: AsyncIterator[bytes] = request.stream()
    while (part := await _next(stream)) is not None:
        size += len(part)
        if size > most:
            raise HTTPException(413, f"more than {most:,} bytes; send many events as NDJSON, and a long file in parts")
        parts.append(part)
    return b"".join(parts)


async def read_as(request: Request, shape: type[Said], most: int) -> Said:
    """The body as what it should be.

    Raises:
        CannotAsk: it is not.
        HTTPException: it is no JSON by its media type, too large, or broke off.
    """
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != rendering.JSON:
        raise HTTPException(415, f"send application/json, not {media_type[:100]!r}")
    said = await body(request, most)
    try:
        return msgspec.json.decode(said, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message, _, where = str(error).partition(" - at ")
        raise CannotAsk(
            where.strip("`").removeprefix("$.") or "body", said[:200].decode(errors="replace"), message
        ) from None


async def _next(stream: AsyncIterator[bytes]) -> bytes | None:
    try:
        async with asyncio.timeout(SILENCE):
            return await anext(stream, None)
    except TimeoutError:
        said = f"the body broke off: nothing came for {SILENCE:g} s, and nothing was recorded"
        raise HTTPException(408, said, {"Connection": "close"}) from None


def _version(if_match: str | None) -> int | None:
    """The version that an entity tag names.

    Raises:
        CannotAsk: it is not one that we gave out.
    """
    if if_match is None:
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise CannotAsk("If-Match", if_match, 'the version of the stream as an entity tag: "3"')
    return int(found[1])


def append_one(
    writer: Writer, event: bytes, who: Principal, expected_version: int | None, if_match: str | None
) -> Response:
    """Append one event, and answer as API.md has it; `ETag` is the version of its stream.

    Raises:
        UnusableEvent: it is refused.
        HTTPException: 412, its stream is not at the version that `if_match` names.
    """
    matching = _version(if_match)
    expected = expected_version if matching is None else matching
    [result] = writer.append(
        [event], who.name, allowed=recording(who), expected_version=expected, compare=writer.look_alikes()
    )
    if matching is not None and isinstance(result.refusal, Outdated):
        raise HTTPException(412, str(result.refusal.problems[0].message))
    if result.refusal is not None:
        raise result.refusal
    headers = {} if result.version is None else {"ETag": f'"{result.version}"'}
    status = 201 if result.appended else 200
    return Response(wire.encode(_recorded(result)), status_code=status, media_type=rendering.JSON, headers=headers)


def _recorded(result: Result) -> wire_log.Recorded:
    assert result.place is not None
    warnings = warnings_out(result.warnings) or UNSET
    return wire_log.Recorded(str(result.event_id), result.place.position, rfc3339(result.place.recorded_at), warnings)

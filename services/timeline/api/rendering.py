"""Answers as bytes: JSON, and for the whole map GeoJSON, CSV and NDJSON; entity tags and caching."""

import hashlib
from collections.abc import Mapping, Sequence

from fastapi import Request, Response

from services.timeline import wire
from services.timeline.asked import Asked, CannotAsk
from services.timeline.atlas.fragments import SHAPE
from services.timeline.sheets import GEOPARQUET, XLSX

JSON = "application/json"
NDJSON = "application/x-ndjson"

#: What `f=` calls each format, with its media type; the first is the default.
FORMATS = {
    "json": JSON,
    "geojson": "application/geo+json",
    "csv": "text/csv; charset=utf-8",
    "ndjson": NDJSON,
    "xlsx": XLSX,
    "geoparquet": GEOPARQUET,
}

FOR_EVER = "max-age=31536000, immutable"


def coordinates_tag(asked: Asked, *what: object) -> str:
    """A tag of a pinned answer out of what pins it: to sum up megabytes would take longer than to make them.

    The time at which the position was recorded tells one log from another, the shape one program from another; the last
    redaction, that a name may be told no more.

    Args:
        what: All that is asked for beside what is known: the moment in the world, filters, the format.
    """
    return tag_of(wire.coordinates(asked), asked.redacted, *what)


def tag_of(*what: object) -> str:
    """A tag out of all that an answer of this program depends on."""
    return f'"{hashlib.sha256(repr((SHAPE, *what)).encode()).hexdigest()[:32]}"'


def answer(
    request: Request,
    asked: Asked | None,
    body: bytes | memoryview,
    media_type: str = JSON,
    tag: str | None = None,
    *,
    text: bool = False,
) -> Response:
    """Bytes with a strong entity tag; kept for ever where the answer is pinned, 304 where the asker has it already.

    Args:
        tag: Where it is known without a look at the bytes.
        text: It tells texts, such as names, which may be redacted: whoever keeps it asks each time whether it still stands.
    """
    tag = tag or f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Vary": "Accept"}
    headers["Cache-Control"] = FOR_EVER if asked is not None and asked.pinned and not text else "no-cache"
    if asked is not None:
        headers["Timeline-Position"] = str(asked.known_position)
        if asked.set_aside:
            headers["Timeline-Set-Aside"] = str(asked.set_aside)
    if has_already(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def kept(request: Request, body: bytes, media_type: str) -> Response:
    """Bytes that never change at their address."""
    response = answer(request, None, body, media_type)
    response.headers["Cache-Control"] = FOR_EVER
    return response


def has_already(request: Request, tag: str) -> bool:
    """Whether the asker holds the answer of a tag."""
    held = request.headers.get("if-none-match", "")
    return tag in held or held.strip() == "*"


def wanted_format(request: Request, f: str | None, known: Sequence[str] | Mapping[str, str] = FORMATS) -> str:
    """The format by `f=`, else by the first media type of `Accept` that we have, else the first one.

    Raises:
        CannotAsk: an unknown format.
    """
    if f is not None:
        if f not in known:
            raise CannotAsk("f", f, f"one of {', '.join(known)}")
        return f
    media_types = known if isinstance(known, Mapping) else FORMATS
    for accepted in request.headers.get("accept", "").split(","):
        media_type = accepted.split(";")[0].strip()
        for name in known:
            if media_type == media_types[name].split(";")[0]:
                return name
    return next(iter(known))

"""Answers as bytes: JSON, and for the whole map GeoJSON, CSV and NDJSON; entity tags and caching."""

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import Request, Response

from events.times import rfc3339
from projections.catalogue import Catalogue, Location
from services.timeline import wire
from services.timeline.asked import Asked, CannotAsk
from services.timeline.geometry import representative_point
from services.timeline.reader import Everywhere

JSON = "application/json"
NDJSON = "application/x-ndjson"

#: What `f=` calls each format, with its media type; the first is the default.
FORMATS = {"json": JSON, "geojson": "application/geo+json", "csv": "text/csv; charset=utf-8", "ndjson": NDJSON}

FOR_EVER = "max-age=31536000, immutable"

#: Flat names of CSV and GeoJSON, one row a location.
COLUMNS = (
    "location_id", "name", "lon", "lat", "pcode", "mode", "holders", "challengers", "standing", "basis",
    "pending_mode", "pending_holders", "pending_standing", "access",
)  # fmt: skip


def answer(request: Request, asked: Asked | None, body: bytes, media_type: str = JSON) -> Response:
    """Bytes with a strong entity tag; kept for ever where the answer is pinned, 304 where the asker has it already."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Vary": "Accept"}
    headers["Cache-Control"] = FOR_EVER if asked is not None and asked.pinned else "no-cache"
    if asked is not None:
        headers["Timeline-Position"] = str(asked.known_position)
        if asked.set_aside:
            headers["Timeline-Set-Aside"] = str(asked.set_aside)
    known = request.headers.get("if-none-match", "")
    if tag in known or known.strip() == "*":
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def kept(request: Request, body: bytes, media_type: str) -> Response:
    """Bytes that never change at their address."""
    response = answer(request, None, body, media_type)
    response.headers["Cache-Control"] = FOR_EVER
    return response


def wanted_format(request: Request, f: str | None, known: Sequence[str] = tuple(FORMATS)) -> str:
    """The format by `f=`, else by the first media type of `Accept` that we have, else JSON.

    Raises:
        CannotAsk: an unknown format.
    """
    if f is not None:
        if f not in known:
            raise CannotAsk("f", f, f"one of {', '.join(known)}")
        return f
    for accepted in request.headers.get("accept", "").split(","):
        media_type = accepted.split(";")[0].strip()
        for name in known:
            if media_type == FORMATS[name].split(";")[0]:
                return name
    return known[0]


def everywhere(asked: Asked, found: Sequence[Everywhere], catalogue: Catalogue, form: str) -> bytes:
    """The answers of many locations in one of the formats."""
    if form == "json":
        return wire.encode(
            wire.AllStatus(
                at=rfc3339(asked.at),
                **wire.coordinates(asked),
                locations=tuple(_brief(one) for one in found),
            )
        )
    if form == "ndjson":
        return b"".join(wire.encode(_brief(one)) + b"\n" for one in found)
    rows = (_flat(asked, one, catalogue) for one in found)
    return _csv(row for row, _ in rows) if form == "csv" else _geojson(asked, rows)


def _brief(one: Everywhere) -> wire.LocationBrief:
    return wire.LocationBrief(one.location_id, wire.brief(one.control), wire.brief(one.access) if one.access else None)


def _flat(asked: Asked, one: Everywhere, catalogue: Catalogue) -> tuple[dict[str, Any], Location]:
    location = catalogue.location(one.location_id, asked.at, asked.known_position)
    assert location is not None
    said = wire.brief(one.control)
    last = said.pending[-1] if said.pending else None
    point = representative_point(location.geometry)
    row = {
        "location_id": one.location_id,
        "name": location.name,
        "lon": point[0] if point else None,
        "lat": point[1] if point else None,
        "pcode": location.codes.get("pcode"),
        "mode": said.mode,
        "holders": ";".join(said.holders),
        "challengers": ";".join(said.challengers),
        "standing": said.standing,
        "basis": said.basis,
        "pending_mode": last.mode if last else None,
        "pending_holders": ";".join(last.holders) if last else None,
        "pending_standing": last.standing if last else None,
        "access": wire.brief(one.access).mode if one.access else None,
    }
    return row, location


def _csv(rows: Iterable[dict[str, Any]]) -> bytes:
    """CSV after RFC 4180; a cell that a spreadsheet would run as a formula is led by an apostrophe."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in COLUMNS])
    return out.getvalue().encode()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _geojson(asked: Asked, rows: Iterable[tuple[dict[str, Any], Location]]) -> bytes:
    features = [
        {"type": "Feature", "id": row["location_id"], "geometry": location.geometry, "properties": row}
        for row, location in rows
    ]
    collection = {"type": "FeatureCollection", "at": rfc3339(asked.at), **wire.coordinates(asked)}
    return wire.encode(collection | {"features": features})

"""The answers of many locations as bytes: JSON, NDJSON, CSV, GeoJSON, XLSX and GeoParquet, made row by row (the atlas joins ready ones)."""

from collections.abc import Sequence
from typing import Any

from events.times import rfc3339
from projections.catalogue import Catalogue
from projections.known_things import Location
from services.timeline import flat, sheets, wire
from services.timeline.asked import Asked
from services.timeline.found import Everywhere


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
    if form == "csv":
        return _csv(asked, found, catalogue)
    if form in ("xlsx", "geoparquet"):
        return _file(asked, found, catalogue, form)
    return _geojson(asked, found, catalogue)


def _brief(one: Everywhere) -> wire.LocationBrief:
    return wire.LocationBrief(one.location_id, wire.brief(one.control), wire.brief(one.access) if one.access else None)


def _row(asked: Asked, one: Everywhere, catalogue: Catalogue) -> tuple[dict[str, Any], Location]:
    location = catalogue.location(one.location_id, asked.at, asked.known_position)
    assert location is not None
    access = wire.brief(one.access).mode if one.access else None
    return flat.of_place(location) | flat.of_answer(one.control) | {"access": access}, location


def _csv(asked: Asked, found: Sequence[Everywhere], catalogue: Catalogue) -> bytes:
    lines = [flat.csv_line(flat.COLUMNS)]
    lines += [flat.csv_line(_row(asked, one, catalogue)[0].values()) for one in found]
    return "".join(lines).encode()


def _file(asked: Asked, found: Sequence[Everywhere], catalogue: Catalogue, form: str) -> bytes:
    rows = [_row(asked, one, catalogue) for one in found]
    about = {"at": rfc3339(asked.at), **wire.coordinates(asked)}
    if form == "geoparquet":
        return sheets.geoparquet([row for row, _ in rows], [place.geometry for _, place in rows], about)
    return b"".join(sheets.workbook("status", flat.COLUMNS, (list(row.values()) for row, _ in rows), about))


def _geojson(asked: Asked, found: Sequence[Everywhere], catalogue: Catalogue) -> bytes:
    collection = {"type": "FeatureCollection", "at": rfc3339(asked.at), **wire.coordinates(asked)}
    return wire.encode(collection | {"features": features(asked, found, catalogue)})


def features(asked: Asked, found: Sequence[Everywhere], catalogue: Catalogue) -> list[dict[str, Any]]:
    """The answers of some locations as features of GeoJSON."""
    return [
        {"type": "Feature", "id": row["location_id"], "geometry": location.geometry, "properties": row}
        for row, location in (_row(asked, one, catalogue) for one in found)
    ]

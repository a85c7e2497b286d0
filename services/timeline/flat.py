"""Flat rows of the whole map, one a location: what CSV and GeoJSON tell of a place, of an answer, and in which bytes."""

import csv
import io
from collections.abc import Iterable
from typing import Any, Final

from projections.known_things import Location
from projections.status import Answer
from services.timeline import wire
from services.timeline.geometry import representative_point

OF_PLACE: Final = ("location_id", "name", "lon", "lat", "pcode")
OF_ANSWER: Final = (
    "mode", "holders", "challengers", "standing", "basis", "pending_mode", "pending_holders", "pending_standing",
)  # fmt: skip

#: Flat names of CSV and GeoJSON.
COLUMNS: Final = (*OF_PLACE, *OF_ANSWER, "access")


def of_place(location: Location) -> dict[str, Any]:
    """The columns that tell of a place."""
    point = representative_point(location.geometry)
    return {
        "location_id": location.location_id,
        "name": location.name,
        "lon": point[0] if point else None,
        "lat": point[1] if point else None,
        "pcode": location.codes.get("pcode"),
    }


def of_answer(answer: Answer) -> dict[str, Any]:
    """The columns that tell of an answer; of what is pending the last group."""
    said = wire.brief(answer)
    last = said.pending[-1] if said.pending else None
    return {
        "mode": said.mode,
        "holders": ";".join(said.holders),
        "challengers": ";".join(said.challengers),
        "standing": said.standing,
        "basis": said.basis,
        "pending_mode": last.mode if last else None,
        "pending_holders": ";".join(last.holders) if last else None,
        "pending_standing": last.standing if last else None,
    }


def csv_line(values: Iterable[object]) -> str:
    """A line after RFC 4180; a cell that a spreadsheet would run as a formula is led by an apostrophe."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow([_cell(value) for value in values])
    return out.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value

"""XLSX and GeoParquet, read with other people's programs: what they hold is what JSON tells, and nothing in them is run."""

import csv
import io
import json
import sys
from typing import Any

import geopandas
import httpx2
import openpyxl
import pyarrow.parquet
import pytest

from services.timeline import sheets
from tests.acceptance.test_rest import Desk, desk, place, reported, told  # noqa: F401  (fixtures)

ASKED = "at=2024-12-02T12:00:00Z&known_at=2024-12-02T18:00:00Z&view=published"


def sheet(answer: httpx2.Response, name: str) -> list[list[Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == sheets.XLSX
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    return [[cell.value for cell in row] for row in book[name].iter_rows()]


def test_a_workbook_of_the_map_is_its_csv(told: Desk) -> None:  # noqa: F811
    """Row by row; what it rests on stands in a sheet of its own; the same question has the same bytes."""
    found = told.get(f"/v1/status?{ASKED}&f=xlsx")
    rows = sheet(found, "status")
    plain = list(csv.reader(io.StringIO(told.get(f"/v1/status?{ASKED}&f=csv").text)))
    assert [["" if one is None else str(one) for one in row] for row in rows] == plain
    about = dict(sheet(found, "about"))
    whole = told.get(f"/v1/status?{ASKED}").json()
    assert {name: str(whole[name]) for name in ("at", "known_at", "known_position", "view", "policy", "clock")} == {
        name: str(value) for name, value in about.items()
    }


@pytest.mark.parametrize("what", ["stretches", "beliefs"])
def test_a_workbook_of_rows_in_bulk_is_their_csv(told: Desk, what: str) -> None:  # noqa: F811
    """Stretches and belief maps, with moments as text in RFC 3339."""
    rows = sheet(told.get(f"/v1/{what}?{ASKED}&f=xlsx"), what)
    plain = list(csv.reader(io.StringIO(told.get(f"/v1/{what}?{ASKED}&f=csv").text)))
    assert [["" if one is None else str(one) for one in row] for row in rows] == plain


def test_nothing_in_a_workbook_is_run(desk: Desk) -> None:  # noqa: F811
    """A place with a name like a formula, or an address, is a cell of text with that name."""
    names = ['=HYPERLINK("http://evil.example","open")', "+1+cmd|' /C calc'!A0", "https://evil.example", "@SUM(A1)"]
    for number, name in enumerate(names):
        assert desk.post(place(f"p{number}", name=name)).status_code == 201
    found = desk.get(f"/v1/status?min_position={desk.head()}&f=xlsx")
    book = openpyxl.load_workbook(io.BytesIO(found.content))
    cells = [cell for row in book["status"].iter_rows() for cell in row if cell.value in names]
    assert sorted(cell.value for cell in cells) == sorted(names)
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.hyperlink is None for cell in cells)


def test_more_rows_than_a_sheet_has_room_for_go_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is lost, none stands twice, and each sheet begins with the names."""
    monkeypatch.setattr(sheets, "MOST_ROWS", 11)
    for count, wanted in ((0, [0]), (10, [10]), (11, [10, 1]), (25, [10, 10, 5])):
        made = b"".join(sheets.workbook("rows", ["n"], ([n] for n in range(count)), {}))
        book = openpyxl.load_workbook(io.BytesIO(made))
        told_rows = [[row[0].value for row in one.iter_rows()] for one in book.worksheets[:-1]]
        assert [len(one) - 1 for one in told_rows] == wanted
        assert [one[0] for one in told_rows] == ["n"] * len(wanted)
        assert [n for one in told_rows for n in one[1:]] == list(range(count))


def test_geoparquet_is_read_by_geopandas(told: Desk) -> None:  # noqa: F811
    """With the geometry of GeoJSON, in longitude and latitude, and what it rests on in its metadata."""
    found = told.get(f"/v1/status?{ASKED}&f=geoparquet")
    assert (found.status_code, found.headers["content-type"]) == (200, sheets.GEOPARQUET)
    frame = geopandas.read_parquet(io.BytesIO(found.content))
    features = told.get(f"/v1/status?{ASKED}&f=geojson").json()["features"]
    assert frame.crs.to_string() == "OGC:CRS84"
    assert list(frame["location_id"]) == [one["id"] for one in features]
    for row, one in zip(frame.itertuples(), features, strict=True):
        assert (None if row.geometry is None else row.geometry.__geo_interface__["type"]) == (
            one["geometry"]["type"] if one["geometry"] else None
        )
        assert row.mode == one["properties"]["mode"]
    metadata = pyarrow.parquet.read_schema(io.BytesIO(found.content)).metadata
    assert json.loads(metadata[b"timeline"])["known_at"] == "2024-12-02T18:00:00Z"


def test_without_the_extra_geoparquet_says_what_is_missing(
    told: Desk,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a refused question."""
    for name in [one for one in sys.modules if one.startswith("shapely")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "shapely", None)
    found = told.get(f"/v1/status?{ASKED}&f=geoparquet")
    assert found.status_code == 422
    assert "timeline-service[geo]" in found.json()["detail"]

"""Gazetteers: places with their codes, parents first, registered once and revised where an edition says otherwise."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from events.marks import REDACTED
from events.records import changed
from events.reference import LocationRegistered, LocationRevised
from services.timeline.importers import geonames
from services.timeline.importers.made import WrongFormat
from tests.foreign import made, table

PCODE = {"Location": "TST", "Admin Level": "1", "P-Code": "TS01", "Name": "East", "Parent P-Code": "TST",
         "Valid from date": "2020-12-17"}  # fmt: skip


def dump(*rows: dict[str, str]) -> str:
    """Lines of a GeoNames dump."""
    return "".join("\t".join(row.get(name, "") for name in geonames.DUMP) + "\n" for row in rows)


TOWN = {"geonameid": "7", "name": "Müllstadt", "asciiname": "Muellstadt", "latitude": "35.0", "longitude": "36.0",
        "feature_class": "P", "feature_code": "PPL", "country": "TS", "admin1": "01", "population": "6000"}  # fmt: skip
EAST = TOWN | {"geonameid": "5", "name": "East", "asciiname": "East", "feature_class": "A", "feature_code": "ADM1"}
LAND = EAST | {"geonameid": "3", "name": "Testland", "feature_code": "PCLI", "admin1": "00"}


def feature(name: str, **more: Any) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [36.0, 35.0]}
    properties = {"name": name, "id": name} | more
    return {"type": "Feature", "geometry": properties.pop("geometry", point), "properties": properties}


def collection(*features: dict[str, Any]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features})


def test_a_dump_is_registered_parents_first(tmp_path: Path) -> None:
    """Whatever the order of its lines; units of the administration by their path of codes."""
    found = made(tmp_path, "geonames", dump(TOWN, EAST, LAND))
    places = [(one.location_id, one.kind, one.parent_id, dict(one.codes)) for one in found.of(LocationRegistered)]
    assert places == [
        ("gn-3", "country", None, {"geonames": "3", "geonames-unit": "TS"}),
        ("gn-5", "governorate", "gn-3", {"geonames": "5", "geonames-unit": "TS.01"}),
        ("gn-7", "town", "gn-5", {"geonames": "7"}),
    ]
    assert found.of(LocationRegistered)[2].names == {"en": "Muellstadt"}
    assert [one.line for one in found.made] == [3, 2, 1]


def test_a_quote_in_a_dump_is_a_letter(tmp_path: Path) -> None:
    """Dumps quote nothing, and names begin with anything."""
    found = made(tmp_path, "geonames", dump(LAND | {"name": '"Ayn'}, EAST))
    assert [one.name for one in found.of(LocationRegistered)] == ['"Ayn', "East"]


@pytest.mark.parametrize(
    ("code", "population", "kind"),
    [("PPLC", "0", "city"), ("PPL", "50000", "city"), ("PPL", "4999", "village"), ("AIRB", "", "base"), ("AIRP", "", "airport"),
     ("PPLX", "", "neighbourhood")],
)  # fmt: skip
def test_what_kind_of_place_a_feature_is(tmp_path: Path, code: str, population: str, kind: str) -> None:
    """By its code, and populated places by their size."""
    found = made(tmp_path, "geonames", dump(TOWN | {"feature_code": code, "population": population}), within="ts")
    assert [one.kind for one in found.of(LocationRegistered)] == [kind]


def test_rivers_and_ruins_are_left_out(tmp_path: Path) -> None:
    """With a flag that says what they are."""
    found = made(tmp_path, "geonames", dump(TOWN | {"feature_code": "STM"}, TOWN | {"feature_code": "PPLQ"}))
    assert (found.events, found.flags) == ([], {"not-a-place": 2})


def test_a_table_made_from_a_dump_has_a_header(tmp_path: Path) -> None:
    """Its places are put under the location that is named, or under none."""
    columns = ("geonameid", "name", "latitude", "longitude", "feature_code")
    content = table([{name: TOWN[name] for name in columns}])
    assert [one.parent_id for one in made(tmp_path, "geonames", content, within="ts").of(LocationRegistered)] == ["ts"]
    assert [one.parent_id for one in made(tmp_path, "geonames", content).of(LocationRegistered)] == [None]


def test_pcodes_are_registered_below_their_country(tmp_path: Path) -> None:
    """Which often stands in the table by its code alone."""
    found = made(
        tmp_path,
        "ocha-pcodes",
        table([PCODE | {"P-Code": "TS0101", "Admin Level": "2", "Name": "Mill", "Parent P-Code": "TS01"}, PCODE]),
    )
    places = [(one.location_id, one.name, one.kind, one.parent_id) for one in found.of(LocationRegistered)]
    assert places == [
        ("pcode-tst", "TST", "country", None),
        ("pcode-ts01", "East", "governorate", "pcode-tst"),
        ("pcode-ts0101", "Mill", "district", "pcode-ts01"),
    ]
    assert found.flags == {"parent-by-code": 1}


def test_a_later_edition_revises_from_its_date(tmp_path: Path) -> None:
    """Only what it tells otherwise; importing it again changes nothing."""
    places = made(tmp_path, "ocha-pcodes", table([PCODE])).of(LocationRegistered)
    later = table([PCODE | {"Name": "Far East", "Valid from date": "2023-01-01"}])
    found = made(tmp_path, "ocha-pcodes", later, held=places)
    [revised] = found.of(LocationRevised)
    assert (revised.from_, changed(revised.changes)) == (datetime(2023, 1, 1, tzinfo=UTC), {"name": "Far East"})
    assert found.flags == {"revised": 1}
    assert made(tmp_path, "ocha-pcodes", later, held=[*places, revised]).events == []


def test_a_name_that_was_redacted_is_not_brought_back(tmp_path: Path) -> None:
    """Neither by the same edition nor by a later one; what else it tells is taken in."""
    [place] = made(tmp_path, "geonames", dump(TOWN)).of(LocationRegistered)
    held = [msgspec.structs.replace(place, name=REDACTED, names={"und": REDACTED})]
    assert made(tmp_path, "geonames", dump(TOWN), held=held).events == []
    later = dump(TOWN | {"name": "Otherstadt", "latitude": "35.1"})
    [revised] = made(tmp_path, "geonames", later, held=held).of(LocationRevised)
    assert set(changed(revised.changes)) == {"geometry"}


def test_coordinates_that_moved_are_told(tmp_path: Path) -> None:
    """Beside the revision."""
    places = made(tmp_path, "geonames", dump(LAND, EAST, TOWN)).of(LocationRegistered)
    found = made(tmp_path, "geonames", dump(LAND, EAST, TOWN | {"latitude": "35.1"}), held=places)
    assert found.flags == {"moved-coordinates": 1, "revised": 1}


def test_a_place_that_somebody_registered_under_the_code_stands(tmp_path: Path) -> None:
    """It is not registered twice, nor renamed; what lies below it goes below it."""
    ours = LocationRegistered(location_id="our-east", name="The East", kind="governorate", codes={"pcode": "TS01"})
    rows = [PCODE, PCODE | {"P-Code": "TS0101", "Admin Level": "2", "Name": "Mill", "Parent P-Code": "TS01"}]
    found = made(tmp_path, "ocha-pcodes", table(rows), held=[ours])
    assert [(one.location_id, one.parent_id) for one in found.of(LocationRegistered)][1:] == [
        ("pcode-ts0101", "our-east")
    ]
    assert found.flags["held-under-another-id"] == 1


def test_geojson_features_are_places(tmp_path: Path) -> None:
    """By the properties that the mapping names, parents first."""
    mapping = '[properties]\nid = "PCODE"\nparent = "UP"\nsystem = "pcode"\notherwise = "district"\n'
    content = collection(feature("Mill", PCODE="TS0101", UP="TS01"), feature("East", PCODE="TS01", kind="governorate"))
    places = made(tmp_path, "geojson", content, mapping=mapping).of(LocationRegistered)
    assert [(one.location_id, one.kind, one.parent_id) for one in places] == [
        ("pcode-ts01", "governorate", None), ("pcode-ts0101", "district", "pcode-ts01"),
    ]  # fmt: skip


def test_geometries_that_cannot_be_held_are_told(tmp_path: Path) -> None:
    """Too large: the middle of its bounds stands; of another type, or none: the place stands without."""
    ring = [[36 + n / 10_000, 35.0] for n in range(4_000)]
    large = {"type": "Polygon", "coordinates": [[*ring, [36.4, 36.0], ring[0]]]}
    found = made(tmp_path, "geojson", collection(
        feature("A", geometry=large), feature("B", geometry={"type": "GeometryCollection", "geometries": []}),
        feature("C", geometry=None), feature("D", geometry={"type": "Point", "coordinates": [36, 350]}),
    ))  # fmt: skip
    places = found.of(LocationRegistered)
    assert places[0].geometry is not None
    assert places[0].geometry.coordinates == [pytest.approx(36.2), 35.5]
    assert [one.geometry for one in places[1:]] == [None] * 3
    assert found.flags == {"geometry-simplified": 1, "geometry-unusable": 2, "no-coordinates": 1}


def test_rows_that_name_no_place_or_one_twice_are_refused(tmp_path: Path) -> None:
    """By line; features by their number."""
    twice = made(tmp_path, "ocha-pcodes", table([PCODE, PCODE | {"Name": "West"}, PCODE | {"P-Code": ""}]))
    assert sorted(twice.refused) == [(3, "identity-twice"), (4, "incomplete-row")]
    assert made(tmp_path, "geojson", collection(feature("A"), feature(""))).refused == [(2, "incomplete-row")]


def test_a_parent_that_nobody_knows_is_told(tmp_path: Path) -> None:
    """The place is registered without."""
    found = made(tmp_path, "ocha-pcodes", table([PCODE | {"Admin Level": "2"}]))
    assert (found.of(LocationRegistered)[0].parent_id, found.flags) == (None, {"parent-unknown": 1})


def test_parents_that_go_in_a_circle_end_where_it_closes(tmp_path: Path) -> None:
    """Each is registered once; the log refuses no event of it."""
    rows = [PCODE | {"P-Code": one, "Parent P-Code": other} for one, other in (("A", "B"), ("B", "A"))]
    places = made(tmp_path, "ocha-pcodes", table(rows)).of(LocationRegistered)
    assert [(one.location_id, one.parent_id) for one in places] == [("pcode-b", None), ("pcode-a", "pcode-b")]


@pytest.mark.parametrize(
    ("format_", "content", "words"),
    [
        ("geonames", "name,population\nA,1\n", ["missing geonameid, latitude, longitude, feature_code"]),
        ("geonames", "7\tA\t35\t36\n", ["19 tab-separated columns, found 4"]),
        ("ocha-pcodes", "P-Code,Name\nA,B\n", ["OCHA", "missing Location, Admin Level"]),
        ("geojson", "{", ["not readable as JSON"]),
        ("geojson", '{"type": "Feature"}', ["expected a FeatureCollection, found 'Feature'"]),
        ("geojson", '{"type": "FeatureCollection", "features": []}', ["empty"]),
        (
            "geojson",
            '{"type": "FeatureCollection", "features": [1, {"properties": {"NAME": "x"}}]}',
            ["'name'", "--mapping"],
        ),
    ],
)
def test_a_wrong_file_is_refused_as_a_whole(tmp_path: Path, format_: str, content: str, words: list[str]) -> None:
    """In one line that says what was expected and what was found."""
    with pytest.raises(WrongFormat) as refused:
        made(tmp_path, format_, content)
    assert all(word in str(refused.value) for word in words), refused.value
    assert "\n" not in str(refused.value)

"""Whatever a file holds, it is refused in one line or its rows are made or refused; nothing else happens."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.timeline.importers.formats import FORMATS
from services.timeline.importers.made import WrongFormat
from tests.foreign import TABLE_TOML, Import, ged, listing, made
from tests.foreign import table as as_table
from tests.unit.test_import_csv import PLAIN, ROW
from tests.unit.test_import_gazetteers import EAST, LAND, PCODE, TOWN, collection, dump, feature

SAMPLES = {
    "ucdp-ged": (ged({}, {"source_office": "Paper;Radio One"}), ""),
    "control-table": (
        listing("1 June 2022 12h00 UTC", ("A", "North", "2 May 2014", "Hill", "48.0", "35.0"), ("B", "South")),
        TABLE_TOML,
    ),
    "csv": (as_table([ROW, ROW | {"id": "2"}]), PLAIN),
    "geonames": (dump(LAND, EAST, TOWN), ""),
    "ocha-pcodes": (as_table([PCODE, PCODE | {"P-Code": "TS02"}]), ""),
    "geojson": (collection(feature("A", parent="B"), feature("B")), ""),
}
STRANGE = st.sampled_from(
    [
        "",
        '"',
        "\n",
        "\r",
        "\t",
        ",",
        "nan",
        "-1",
        "1e999",
        "9" * 400,
        "\x07",
        "\u202e",
        "٣",
        "{",
        "]",
        "é",
        "0001-01-01",
    ]
)


def imported(folder: Path, format_: str, content: str | bytes) -> Import | None:
    try:
        return made(folder, format_, content, mapping=SAMPLES[format_][1])
    except WrongFormat as refused:
        said = str(refused)
    assert "\n" not in said
    return None


def test_there_is_a_sample_of_every_format(tmp_path: Path) -> None:
    """And it is a good one."""
    assert SAMPLES.keys() == FORMATS.keys()
    for format_, (content, _) in SAMPLES.items():
        found = imported(tmp_path, format_, content)
        assert found is not None
        assert found.events
        assert found.refused == []


@pytest.mark.parametrize("format_", FORMATS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_that_was_meddled_with_is_refused_or_read(tmp_path: Path, format_: str, data: st.DataObject) -> None:
    """Any part of it replaced by something strange."""
    content = SAMPLES[format_][0]
    begin = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(begin, min(len(content), begin + 30)))
    imported(tmp_path, format_, content[:begin] + data.draw(STRANGE | st.text(max_size=9)) + content[end:])


@pytest.mark.parametrize("format_", FORMATS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_refused(tmp_path: Path, format_: str, content: bytes) -> None:
    """No format takes them for its own."""
    found = imported(tmp_path, format_, content)
    assert found is None or found.events == []


def test_values_of_the_wrong_type_in_geojson_are_refused_or_left_out(tmp_path: Path) -> None:
    """Properties and geometries may be anything in JSON."""
    oddities: tuple[Any, ...] = (None, 1, [], {}, "x", [[]], {"type": 1}, {"type": "Point", "coordinates": None})
    for strange in oddities:
        for spoiled in (
            feature("A", geometry=strange),
            feature("A", kind=strange, parent=strange),
            {"properties": strange},
        ):
            imported(
                tmp_path,
                "geojson",
                json.dumps({"type": "FeatureCollection", "features": [feature("B"), spoiled, strange]}),
            )

"""What the operator puts into the page, and what of it is refused at the start, in one line."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from services.timeline.page.assets import ROOT
from services.timeline.page.furnishing import contrast, furnished
from services.timeline.settings import Settings, UnusableSettings

SQUARE: dict[str, Any] = {
    "type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [[[30, 30], [42, 30], [42, 38], [30, 30]]]},
}  # fmt: skip
MAP: dict[str, Any] = {"type": "FeatureCollection", "credit": "Survey of Nowhere", "features": [SQUARE]}


def written(folder: Path, said: object) -> Path:
    path = folder / "file.json"
    path.write_text(said if isinstance(said, str) else json.dumps(said), "utf-8")
    return path


def with_geometry(kind: str, coordinates: object) -> dict[str, Any]:
    return MAP | {"features": [SQUARE, {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}}]}


def test_colours_and_initials_are_told_as_they_are_written(tmp_path: Path) -> None:
    """Either may be left to the page."""
    path = written(tmp_path, {"hts": {"colour": "#3D5A80", "initials": "H"}, "saa": {"initials": "SA"}})
    found = furnished(Settings(colours=path)).look

    assert [(one.actor_id, one.colour, one.initials) for one in found.actors] == [
        ("hts", "#3D5A80", "H"), ("saa", None, "SA"),
    ]  # fmt: skip
    assert found.basemap_credit is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"hts": {"colour": "blue"}}, "hts: a colour is written as #ac801e, not 'blue'"),
        ({"hts": {"colour": "#fffefa"}}, "#fffefa would read as an empty circle in the light theme"),
        ({"hts": {"colour": "#101418"}}, "#101418 would read as an empty circle in the dark theme"),
        ({"hts": {"initials": "HAYAT"}}, "one to four letters, not 'HAYAT'"),
        ({"hts": {}}, "says neither a colour nor initials"),
        ({"hts": {"color": "#6bd9e4"}}, "unknown field `color`"),
        ({str(one): {"colour": f"#AA{one:02}55"} for one in range(9)}, "9 different colours; more than 8"),
        ("{", "Input data was truncated"),
    ],
)
def test_colours_that_will_not_do_are_refused(tmp_path: Path, said: object, words: str) -> None:
    """In one line that names the setting, the file and the actor."""
    with pytest.raises(UnusableSettings) as refused:
        furnished(Settings(colours=written(tmp_path, said)))
    assert str(refused.value).startswith(f"TIMELINE_COLOURS: {tmp_path}")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_basemap_is_geojson_or_has_the_form_of_our_own(tmp_path: Path) -> None:
    """With a credit, told as it stands in its file."""
    found = furnished(Settings(basemap=written(tmp_path, MAP)))
    assert found.look.basemap_credit == "Survey of Nowhere"
    assert json.loads(gzip.decompress(found.basemap)) == MAP
    ours = json.loads(ROOT.joinpath("vendor", "basemap.json").read_bytes()) | {"credit": "ours"}
    assert furnished(Settings(basemap=written(tmp_path, ours))).look.basemap_credit == "ours"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({**MAP, "credit": " "}, "`credit` names whose map it is"),
        ({**MAP, "features": []}, "GeoJSON is a FeatureCollection here"),
        (with_geometry("Point", [30, 30]), "features[1]: an area or a line is wanted"),
        (with_geometry("LineString", [[30, 30], [200, 30]]), "features[1]: coordinates are pairs of longitude"),
        (with_geometry("LineString", [[30, 30], ["31", "30"]]), "features[1]: coordinates are pairs of longitude"),
        ({"type": "Topology", "arcs": [], "credit": "x"}, "TopoJSON is taken as arcs"),
        (
            {"credit": "x", "transform": {"scale": [1, 1], "translate": [0, 0]}, "arcs": [[0, 0, 1, 1]], "land": [[[1]]], "borders": []},
            "name an arc that is none of the 1",
        ),
        ("[]", "Expected `object`, got `array`"),
    ],
)  # fmt: skip
def test_a_basemap_that_cannot_be_drawn_is_refused(tmp_path: Path, said: object, words: str) -> None:
    """Before anybody sees an empty sea."""
    with pytest.raises(UnusableSettings, match=r"^TIMELINE_BASEMAP: ") as refused:
        furnished(Settings(basemap=written(tmp_path, said)))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["colours", "basemap", "moments"])
def test_a_file_that_is_not_there_is_told_at_the_start(tmp_path: Path, name: str) -> None:
    """And not to readers later."""
    with pytest.raises(UnusableSettings, match=f"^TIMELINE_{name.upper()}: .*No such file"):
        furnished(Settings(**{name: tmp_path / "nowhere.json"}))  # type: ignore[arg-type]


def test_contrast_is_that_of_wcag() -> None:
    """21 for black on white, 1 for the same."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#6bd9e4", "#6bd9e4") == 1
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)

"""OGC API - Features: other people's clients read the demo's map, and what they read is what `/v1` says."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator
from owslib.ogcapi.features import Features

from services.timeline import story
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings
from services.timeline.standards import ogc
from tests.acceptance.test_rest import assert_problem, served
from tests.conftest import fresh_database

NOON = "2024-12-02T12:00:00Z"
STATUS = "/ogc/collections/status/items"
DEVELOPMENTS = "/ogc/collections/developments/items"

#: GDAL has a process of its own: what it loads must not meet what other libraries here have loaded.
GDAL = """
import json, sys, warnings
import pyogrio
warnings.simplefilter("ignore")
url, layer, options = sys.argv[1], sys.argv[2], {k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(sys.argv[3]).items()}
found = {"layers": [str(name) for name in pyogrio.list_layers(url, **options)[:, 0]] if layer == "" else None}
if layer:
    meta, fids, geometry, columns = pyogrio.raw.read(url, layer=layer, **options)
    found |= {"crs": meta["crs"], "fields": list(meta["fields"]), "points": sum(one is not None for one in geometry)}
    found["rows"] = [[None if v is None else str(v) for v in row] for row in zip(*columns)]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def told(postgres_18: str) -> Iterator[tuple[httpx2.Client, Timeline]]:
    """The demo's story, served."""
    with fresh_database(postgres_18) as database, opened(Settings(database_url=database)) as timeline:
        story.load(timeline)
        with served(timeline) as client:
            yield client, timeline


def gdal(client: httpx2.Client, layer: str = "", **options: Any) -> dict[str, Any]:
    command = [sys.executable, "-c", GDAL, f"OAPIF:{client.base_url}/ogc".replace("//ogc", "/ogc"), layer]
    done = subprocess.run([*command, json.dumps(options)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_gdal_finds_both_collections_and_reads_every_feature_over_all_pages(
    told: tuple[httpx2.Client, Timeline],
) -> None:
    """By the links alone, a few features a page; what it reads of a place is what `/v1/status` says."""
    client, _ = told
    assert gdal(client)["layers"] == ["status", "developments"]
    read = gdal(client, "status", PAGE_SIZE=7)
    expected = {one["location_id"]: one for one in client.get("/v1/status").json()["locations"]}
    at = read["fields"].index
    assert len(read["rows"]) == len(expected) == read["points"]
    assert "CRS84" in read["crs"] or "4326" in read["crs"]
    for row in read["rows"]:
        control = expected[row[at("location_id")]]["control"]
        assert row[at("mode")] == control["mode"]
        assert (row[at("holders")] or "") == ";".join(control["holders"])
    developments = gdal(client, "developments", PAGE_SIZE=50)
    assert len(developments["rows"]) == client.get(DEVELOPMENTS).json()["numberMatched"] > 50


def test_gdal_asks_for_a_box_and_for_a_place(told: tuple[httpx2.Client, Timeline]) -> None:
    """The filters that a map program sends."""
    client, _ = told
    boxed = gdal(client, "status", bbox=[36.7, 35.1, 36.8, 35.2])
    names = [row[boxed["fields"].index("location_id")] for row in boxed["rows"]]
    assert "sy-hama" in names
    assert len(names) < client.get(STATUS).json()["numberMatched"]


def test_owslib_reads_what_the_service_is_and_what_was_known_then(told: tuple[httpx2.Client, Timeline]) -> None:
    """At noon on 2 December, as known that evening, the false report stands beside; by the next noon it does not."""
    client, _ = told
    service = Features(f"{client.base_url}".rstrip("/") + "/ogc")
    assert service.feature_collections() == ["status", "developments"]
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson" in service.conformance()["conformsTo"]
    assert service.collection("status")["crs"] == ["http://www.opengis.net/def/crs/OGC/1.3/CRS84"]
    west, south, east, north = service.collection("status")["extent"]["spatial"]["bbox"][0]
    assert 30 < west < 37 < east < 50
    assert 30 < south < 35 < north < 40
    pending = []
    for evening in ("2024-12-02T18:00:00Z", "2024-12-03T12:00:00Z"):
        found = service.collection_items("status", datetime=NOON, known_at=evening, view="published", limit=1000)
        [hama] = [one for one in found["features"] if one["id"] == "sy-hama"]
        assert hama["geometry"]["type"] == "Point"
        pending.append((hama["properties"]["holders"], hama["properties"]["pending_holders"]))
    assert pending == [("saa", "hts"), ("saa", None)]
    one = service.collection_item("status", "sy-hama")
    assert (one["type"], one["id"]) == ("Feature", "sy-hama")


def pages(client: httpx2.Client, address: str) -> Iterator[dict[str, Any]]:
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/geo+json"
        page = answer.json()
        assert page["numberReturned"] == len(page["features"])
        yield page
        address = next((one["href"] for one in page["links"] if one["rel"] == "next"), "")


@pytest.mark.parametrize("address", [f"{STATUS}?datetime={NOON}&", f"{STATUS}?view=published&", f"{DEVELOPMENTS}?"])
def test_pages_together_are_the_whole_list_once(told: tuple[httpx2.Client, Timeline], address: str) -> None:
    """By `next`, whatever the size of a page; every page tells the same moments."""
    client, _ = told
    whole = client.get(f"{address}limit=9999").json()
    found = list(pages(client, f"{address}limit=10"))
    ids = [one["id"] for page in found for one in page["features"]]
    assert ids == [one["id"] for one in whole["features"]]
    assert len(set(ids)) == len(ids) == whole["numberMatched"] == found[0]["numberMatched"]
    assert len({page.get("at") for page in found}) == 1


def test_a_filter_by_mode_counts_what_it_leaves(told: tuple[httpx2.Client, Timeline]) -> None:
    """Also across pages."""
    client, _ = told
    contested = client.get(f"{STATUS}?datetime={NOON}&mode=held&holder=hts&limit=2").json()
    everything = client.get(f"/v1/status?at={NOON}&mode=held&holder=hts").json()["locations"]
    assert contested["numberMatched"] == len(everything) > 2 == contested["numberReturned"]


def test_memory_and_tables_tell_the_same_features(told: tuple[httpx2.Client, Timeline]) -> None:
    """Byte for byte, but for the time at which they were made."""
    client, timeline = told
    address = f"{STATUS}?datetime={NOON}&known_at=2024-12-02T18:00:00Z&limit=20&offset=5"
    before = client.get(address).json()
    with timeline.reader.atlases:
        give_up = time.monotonic() + 120
        while not _is_drawn(timeline):
            assert time.monotonic() < give_up
            time.sleep(0.2)
        drawn = client.get(address).json()
    assert before.pop("timeStamp") <= drawn.pop("timeStamp")
    assert before == drawn


def _is_drawn(timeline: Timeline) -> bool:
    with timeline.reader.asking("current") as asked:
        return timeline.reader.atlases.covering(asked) is not None


@pytest.mark.parametrize(
    ("datetime", "found"),
    [
        ("2024-12-02T12:00:00Z", True),
        ("2024-12-02T12:00:00Z/2024-12-02T13:00:00Z", True),
        ("../2024-12-01T00:00:00Z", False),
        ("2024-12-01T21:00:00Z/..", True),
        ("2024-12-01T00:00:00Z/2024-12-01T21:00:00Z", True),
        ("2024-12-01T00:00:00Z/2024-12-01T20:59:59Z", False),
    ],
)
def test_datetime_of_developments_is_when_they_occurred_both_ends_of_it_included(
    told: tuple[httpx2.Client, Timeline], datetime: str, found: bool
) -> None:
    """Hama's reported fall occurred on 2 December, local time: from 21:00 UTC on the evening before."""
    client, _ = told
    fall = client.get(
        "/v1/developments?location=sy-hama&kind=captured&from=2024-12-02T00:00:00Z&to=2024-12-03T00:00:00Z"
    )
    [said] = fall.json()["developments"]
    assert said["occurred"]["start"] == "2024-12-01T21:00:00Z"
    ids = [one["id"] for one in client.get(DEVELOPMENTS, params={"datetime": datetime}).json()["features"]]
    assert (said["development_id"] in ids) is found
    one = client.get(f"{DEVELOPMENTS}/{said['development_id']}").json()
    assert one["properties"]["kind"] == "captured"
    assert one["geometry"]["type"] == "Point"


def test_a_status_of_an_interval_is_told_at_its_end(told: tuple[httpx2.Client, Timeline]) -> None:
    """A state has one moment; the answer says which."""
    client, _ = told
    found = client.get(f"{STATUS}?datetime=2024-12-01T00:00:00Z/{NOON}").json()
    assert found["at"] == NOON
    assert found["features"] == client.get(f"{STATUS}?datetime={NOON}").json()["features"]


@pytest.mark.parametrize(
    "query",
    [
        "datetime=yesterday", "datetime=2024-12-02", "datetime=../..", "datetime=a/b/c", f"datetime={NOON}/2020-01-01T00:00:00Z",
        "bbox=1,2,3", "bbox=100,100,100,100", "limit=0", "limit=x", "nonsense=1", "f=html", "offset=-1",
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_400(told: tuple[httpx2.Client, Timeline], query: str) -> None:
    """As a problem that names the parameter, as the standard wants it."""
    body = assert_problem(told[0].get(f"{STATUS}?{query}"), 400)
    assert query.partition("=")[0] in body["detail"]


def test_what_is_not_there_is_404_and_a_limit_beyond_the_largest_is_the_largest(
    told: tuple[httpx2.Client, Timeline], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not an error: OGC 17-069r4, requirement 22."""
    client, _ = told
    for address in (
        "/ogc/collections/nothing",
        f"{STATUS}/nowhere",
        f"{DEVELOPMENTS}/{'0' * 8}-0000-4000-8000-{'0' * 12}",
    ):
        assert_problem(client.get(address), 404)
    monkeypatch.setattr(ogc, "MOST", 3)
    assert client.get(f"{STATUS}?limit=1000000").json()["numberReturned"] == 3
    with_height = client.get(f"{STATUS}?bbox=36.7,35.1,0,36.8,35.2,9000").json()
    assert with_height["features"] == client.get(f"{STATUS}?bbox=36.7,35.1,36.8,35.2").json()["features"]


def test_an_answer_held_already_is_not_sent_again(told: tuple[httpx2.Client, Timeline]) -> None:
    """Although a new one would tell another time at which it was made."""
    client, _ = told
    address = f"{STATUS}?datetime={NOON}&known_position=100"
    answer = client.get(address)
    assert client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_the_definition_is_valid_openapi_3_0_and_names_the_same_routes(told: tuple[httpx2.Client, Timeline]) -> None:
    """What is linked as `service-desc`; the rest of our routes needs 3.1."""
    client, _ = told
    links = {one["rel"]: one for one in client.get("/ogc").json()["links"]}
    answer = client.get(links["service-desc"]["href"])
    assert answer.headers["Content-Type"] == links["service-desc"]["type"]
    document = answer.json()
    assert [str(one.message) for one in OpenAPIV30SpecValidator(document).iter_errors()] == []
    ours = client.get("/openapi.json").json()["paths"]
    assert set(document["paths"]) == {path for path in ours if path.startswith("/ogc")}
    limit = [one for one in document["paths"][STATUS]["get"]["parameters"] if one["name"] == "limit"]
    assert limit[0]["schema"]["maximum"] == ogc.MOST

"""Stretches and belief maps in bulk: the rows are those of the places one by one, in every format, and end what they hold."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from events.times import rfc3339
from projections.claim_list import ClaimList
from projections.claims import known_claims
from projections.status import status_at
from services.timeline import bulk
from services.timeline.composition import Timeline
from services.timeline.reader import until
from tests.acceptance.test_rest import served
from tests.integration.test_atlas import a_timeline, append, as_told

Tree = dict[str, Any]


@pytest.fixture(scope="module")
def desk(postgres_18: str) -> Iterator[tuple[Timeline, Any]]:
    with a_timeline(postgres_18) as timeline:
        append(timeline, as_told(11, 40))
        with served(timeline) as client:
            yield timeline, client


def of_places(client: Any, what: str, query: str, facet: str) -> list[Tree]:
    """The same rows, asked place by place."""
    rows = []
    for place in client.get(f"/v1/status?{query}").json()["locations"]:
        asked = f"{query}&facet={facet}" if what == "beliefs" else query
        found = client.get(f"/v1/locations/{place['location_id']}/{what}?{asked}").json()
        listed = found["rectangles"] if what == "beliefs" else found[facet]
        for one in listed or [NOTHING]:
            last = one["pending"][-1] if one["pending"] else None
            row = {"location_id": place["location_id"]}
            row |= {
                name: one[name] for name in ("valid_from", "valid_until", "known_from", "known_until") if name in one
            }
            row |= {
                "mode": one["mode"],
                "holders": ";".join(one["holders"]),
                "challengers": ";".join(one["challengers"]),
            }
            row |= {"standing": one["standing"], "basis": one["basis"]}
            row |= {"pending_mode": last and last["mode"], "pending_holders": last and ";".join(last["holders"])}
            rows.append(row | {"pending_standing": last and last["standing"]})
    return rows


NOTHING: Tree = {"valid_from": None, "valid_until": None, "mode": "unknown", "holders": [], "challengers": [], "standing": None,
           "basis": None, "pending": []}  # fmt: skip


@pytest.mark.parametrize("facet", ["control", "access"])
@pytest.mark.parametrize("what", ["stretches", "beliefs"])
@pytest.mark.parametrize(
    "query", ["known_position=70", "known_position=45", "view=published&known_at=2024-12-03T06:00:00Z",
              "view=published&known_at=2024-12-03T06:00:00Z&known_position=60"]
)  # fmt: skip
def test_the_rows_are_those_of_each_place(desk: tuple[Timeline, Any], what: str, query: str, facet: str) -> None:
    """On both clocks, now and as it was known earlier; a place without claims has one row."""
    _, client = desk
    found = [json.loads(line) for line in client.get(f"/v1/{what}?f=ndjson&facet={facet}&{query}").iter_lines()]
    each = of_places(client, "history" if what == "stretches" else "beliefs", query, facet)

    assert all(list(row) == list(bulk.COLUMNS[what]) for row in found)  # type: ignore[index]
    assert [{name: value for name, value in row.items() if name != "pending_count"} for row in found] == each
    assert len(found) > 4


def test_each_format_says_the_same(desk: tuple[Timeline, Any]) -> None:
    """Arrow with times as times, CSV with empty cells for what there is not."""
    _, client = desk
    for what in ("stretches", "beliefs"):
        said = [json.loads(line) for line in client.get(f"/v1/{what}").iter_lines()]
        table = client.get(f"/v1/{what}?f=csv")
        stream = client.get(f"/v1/{what}", headers={"Accept": "application/vnd.apache.arrow.stream"})
        assert table.headers["content-type"] == "text/csv; charset=utf-8"
        assert stream.headers["content-type"] == "application/vnd.apache.arrow.stream"

        cells = [{name: "" if value is None else str(value) for name, value in row.items()} for row in said]
        assert list(csv.DictReader(io.StringIO(table.text))) == cells
        arrow = pa.ipc.open_stream(stream.content).read_all()
        assert arrow.schema.field("valid_from").type == pa.timestamp("us", tz="UTC")
        assert [{name: _written(value) for name, value in row.items()} for row in arrow.to_pylist()] == said


def _written(value: Any) -> Any:
    return rfc3339(value) if isinstance(value, datetime) else value


@pytest.mark.parametrize("seed", range(3))
def test_what_is_pending_is_counted_as_a_status_counts_it(postgres_18: str, seed: int) -> None:
    """At the moment at which a stretch, or a rectangle, begins: the number of claims of the last group."""
    counted = 0
    with a_timeline(postgres_18) as timeline:
        append(timeline, as_told(seed + 20, 40))
        with timeline.reader.asking("current") as asked:
            places = timeline.reader.catalogue(asked.known).location_ids(asked.known)
            versions = timeline.reader.versions(asked, places)
            found = [row for some in bulk.rows(timeline.reader, asked, "stretches", "control", places) for row in some]
            rectangles = [
                row
                for place in places
                for row in bulk._rectangles(
                    asked, place, [one for one in versions if (one.location_id, one.facet) == (place, "control")]
                )
            ]
            for row in [*((*row[:3], asked.known, None, *row[3:]) for row in found), *rectangles]:
                place, valid_from, _, known_from, *_, count = row
                if valid_from is None or known_from is None:
                    assert count == 0
                    continue
                here = [one for one in until(versions, asked.known) if one.location_id == place]
                status = status_at(ClaimList(known_claims(here, "control", known_from)), valid_from)
                groups = sorted(status.pending, key=lambda one: one.assertion)
                assert count == (groups[-1].claims if groups else 0)
                counted += count > 1
    assert counted


def test_pinned_rows_are_kept_for_ever_and_others_are_not(desk: tuple[Timeline, Any]) -> None:
    """A view's id and a position pin them; with a place to look in, the moment in the world belongs to it."""
    _, client = desk
    pinned = client.get("/v1/stretches?view=1&known_position=60")
    assert "immutable" in pinned.headers["cache-control"]
    again = client.get("/v1/stretches?view=1&known_position=60", headers={"If-None-Match": pinned.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert pinned.headers["etag"] != client.get("/v1/stretches?view=1&known_position=61").headers["etag"]
    assert pinned.headers["etag"] != client.get("/v1/beliefs?view=1&known_position=60").headers["etag"]
    for query in ("known_position=60", "view=1", "view=1&known_position=60&within=sy"):
        assert client.get(f"/v1/stretches?{query}").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(("f", "lines"), [("ndjson", 0), ("csv", 1)])
@pytest.mark.parametrize("told", ["stretches", "beliefs"])
def test_where_no_place_is_there_is_no_row(desk: tuple[Timeline, Any], told: str, f: str, lines: int) -> None:
    """An empty box is an empty table, with its head where the format has one."""
    _, client = desk
    answer = client.get(f"/v1/{told}?bbox=-1,-1,0,0&f={f}")
    assert answer.status_code == 200
    assert len(answer.text.splitlines()) == lines


def test_a_box_and_a_place_choose_the_rows(desk: tuple[Timeline, Any]) -> None:
    """As they do on the map."""
    _, client = desk
    for query in ("within=sy", "bbox=36,34,37,36", "within=sy&bbox=36,34,37,36"):
        asked = f"{query}&at=2024-12-05T00:00:00Z"
        chosen = [one["location_id"] for one in client.get(f"/v1/status?{asked}").json()["locations"]]
        rows = [json.loads(line)["location_id"] for line in client.get(f"/v1/stretches?{asked}").iter_lines()]
        assert list(dict.fromkeys(rows)) == chosen
    assert client.get("/v1/beliefs?within=nowhere").status_code == 404
    assert client.get("/v1/beliefs?bbox=1,2,3").status_code == 422
    assert client.get("/v1/beliefs?f=parquet").status_code == 422


def test_whoever_goes_away_in_the_middle_holds_nothing_any_more(
    desk: tuple[Timeline, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times as many as may ask at once leave after the first bytes; the next one is answered."""
    _, client = desk
    monkeypatch.setattr(bulk, "ROWS", 1)
    for _ in range(30):
        with client.stream("GET", "/v1/beliefs?f=csv") as answer:
            if answer.status_code == 200:
                next(answer.iter_raw())
    seen = {client.get("/v1/beliefs?f=csv").status_code for _ in range(20)}
    assert seen <= {200, 503}
    for _ in range(100):
        if client.get("/v1/beliefs?f=csv").status_code == 200:
            return
    raise AssertionError("the places are held for ever")

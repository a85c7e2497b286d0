"""What is odd is recorded all the same, and answered with a code, a field and words; look-alikes with their candidates."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from services.timeline import story
from services.timeline.api.documents import EXAMPLE_EVENT
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings
from tests.acceptance.test_openapi import conforms
from tests.acceptance.test_rest import NDJSON, served
from tests.conftest import fresh_database

Tree = dict[str, Any]


@pytest.fixture(scope="module")
def desk(postgres_18: str) -> Iterator[tuple[Timeline, httpx2.Client]]:
    """The demo, served, and folded."""
    with fresh_database(postgres_18) as database, opened(Settings(database_url=database)) as timeline:
        timeline.writer.append(story.lines(), "demo", atomic=True)
        timeline.follower.follow()
        with served(timeline) as client:
            yield timeline, client


def capture(number: int, **said: Any) -> Tree:
    """A capture of Hama that the demo tells of already, without saying from whom."""
    occurred = {"start": "2024-12-05T06:00:00Z", "end": "2024-12-05T12:00:00Z"}
    return EXAMPLE_EVENT | {
        "development_id": f"00000000-0000-4000-8000-{number:012}", "kind": "captured", "location_id": "sy-hama",
        "occurred": occurred, "participants": [{"actor_id": "hts", "role": "holder"}], "figures": [],
        "report": {"chain": ["regional-media"], "published_at": "2024-12-05T13:00:00Z"},
    } | said  # fmt: skip


def test_each_warning_can_be_acted_on(desk: tuple[Timeline, httpx2.Client]) -> None:
    """Alone and as a line of many the same, as the document has it; what stood in the same request is a candidate too."""
    _, client = desk
    document = client.get("/openapi.json").json()
    one = client.post("/v1/events", json=capture(1))
    body = b"\n".join(json.dumps(capture(number)).encode() for number in (2, 3))
    many = [json.loads(line) for line in client.post("/v1/events", content=body, headers=NDJSON).text.splitlines()]
    route = client.post("/v1/developments", json={key: value for key, value in capture(4).items() if key != "type"})

    assert [one.status_code, route.status_code] == [201, 201]
    conforms(document, {"$ref": "#/components/schemas/Recorded"}, one.json())
    for answer in (one.json(), *many, route.json()):
        assert [(each["code"], each["field"]) for each in answer["warnings"]] == [
            ("no_former_holder", "participants"),
            ("reliability_unknown", "report.chain[0]"),
            ("alignment_not_stated", "report.chain[0]"),
            ("looks_alike", "development_id"),
        ]
        candidates = answer["warnings"][-1]["candidates"]
        assert {"development_id", "standing", "occurred_start", "occurred_end", "sources"} == candidates[0].keys()
    for line in many:
        conforms(document, {"$ref": "#/components/schemas/LineResult"}, line)
    held = {each["development_id"] for each in one.json()["warnings"][-1]["candidates"]}
    seconds = [each for each in many[1]["warnings"][-1]["candidates"] if each["standing"] is None]
    assert held
    assert len(held) <= 5
    assert [each["development_id"] for each in seconds] == [capture(2)["development_id"]] or len(held) == 5
    assert "candidates" not in one.json()["warnings"][0]


def test_what_is_right_has_no_warnings(desk: tuple[Timeline, httpx2.Client]) -> None:
    """The field is not there then."""
    _, client = desk
    place = {"type": "LocationRegistered", "location_id": "nowhere-yet", "name": "Nowhere", "kind": "town"}
    assert "warnings" not in client.post("/v1/events", json=place).json()


def test_what_was_odd_is_explained_with_the_same_codes(desk: tuple[Timeline, httpx2.Client]) -> None:
    """In the explanation of the place, with the claim."""
    timeline, client = desk
    early = capture(9, occurred={"start": "2024-12-06T00:00:00Z", "end": "2024-12-07T00:00:00Z"})
    assert client.post("/v1/events", json=early).status_code == 201
    timeline.follower.follow()
    told = client.get("/v1/locations/sy-hama/explain?at=2024-12-07T00:00:00Z").json()

    [claim] = [one for one in told["claims"] if one["development_id"] == early["development_id"]]
    assert [(one["code"], one["field"]) for one in claim["warnings"]] == [
        ("published_before_it_began", "report.published_at")
    ]

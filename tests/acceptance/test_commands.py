"""The friendlier routes record what `POST /v1/events` records, with the same checks."""

from collections.abc import Iterator
from uuid import uuid4

import httpx2
import pytest

from services.timeline import story
from services.timeline.api.commands import COMMANDS, Command, with_address
from services.timeline.api.documents import EXAMPLE_EVENT
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings
from tests.acceptance.test_rest import served
from tests.conftest import fresh_database

REPORT = {"chain": ["sohr"], "published_at": "2024-12-02T09:00:00Z", "credibility": 3}
REPORTED = {key: value for key, value in EXAMPLE_EVENT.items() if key not in ("type", "development_id")} | {
    "report": REPORT
}


@pytest.fixture(scope="module")
def desk(postgres_18: str) -> Iterator[tuple[Timeline, httpx2.Client]]:
    """The demo, served."""
    with fresh_database(postgres_18) as database, opened(Settings(database_url=database)) as timeline:
        story.load(timeline)
        with served(timeline) as client:
            yield timeline, client


def report(client: httpx2.Client) -> str:
    """A development of its own."""
    development = str(uuid4())
    answer = client.post("/v1/developments", json=REPORTED | {"development_id": development})
    assert answer.status_code == 201, answer.text
    return development


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.path)
def test_each_route_records_its_event_about_the_development_of_its_address(
    desk: tuple[Timeline, httpx2.Client], command: Command
) -> None:
    """As the document's example has it."""
    timeline, client = desk
    development, other = report(client), report(client)
    said = command.example | ({"into_id": other} if command.type == "DevelopmentMerged" else {})
    answer = client.post(f"/v1/developments/{development}/{command.path}", json=said)

    assert answer.status_code == 201, answer.text
    assert answer.headers["ETag"] == '"2"'
    [recorded] = timeline.log.read(answer.json()["position"] - 1, limit=1)
    assert type(recorded.event).__name__ == command.type
    assert str(recorded.event.development_id) == development  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "said", "status", "field"),
    [
        ("", {"type": "DevelopmentVoided"}, 422, "type"),
        ("", {}, 422, "kind"),
        ("/{development}/denials", {"report": REPORT, "development_id": str(uuid4())}, 422, "development_id"),
        ("/{development}/void", {}, 422, "voided_at"),
        ("/{development}/assessments", {"credibility": 9}, 422, "credibility"),
        (
            "/00000000-0000-4000-8000-0000000000aa/void",
            {"voided_at": "2024-12-03T09:00:00Z", "reason": "x"},
            422,
            "development_id",
        ),
        ("/nonsense/void", {}, 422, "development_id"),
    ],
)
def test_what_is_wrong_is_refused_as_everywhere(
    desk: tuple[Timeline, httpx2.Client], path: str, said: dict[str, object], status: int, field: str
) -> None:
    """With the field named, and nothing written."""
    timeline, client = desk
    address = path.format(development=report(client))
    before = timeline.log.head()
    answer = client.post(f"/v1/developments{address}", json=said)

    assert answer.status_code == status, answer.text
    assert any(field in one["field"] or field in one["message"] for one in answer.json()["errors"]), answer.text
    assert timeline.log.head() == before


def test_the_version_is_checked_here_too(desk: tuple[Timeline, httpx2.Client]) -> None:
    """412 by entity tag."""
    _, client = desk
    address = f"/v1/developments/{report(client)}/void"
    said = {"voided_at": "2024-12-03T09:00:00Z", "reason": "x"}

    assert client.post(address, json=said, headers={"If-Match": '"7"'}).status_code == 412
    assert client.post(address, json=said, headers={"If-Match": '"1"'}).status_code == 201


def test_the_address_is_put_first() -> None:
    """Into any object, however it is written; what is no object stays what it is."""
    assert with_address(b' { "a": 1 } ', b'"t":1') == b'{"t":1,"a": 1 }'
    assert with_address(b"{ }", b'"t":1') == b'{"t":1}'
    assert with_address(b"[1]", b'"t":1') == b"[1]"
    assert with_address(b"", b'"t":1') == b""

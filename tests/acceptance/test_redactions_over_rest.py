"""Redactions over REST: what is answered, what is refused, and what else is told of texts that are gone."""

from typing import Any

import httpx2
import pytest

from events.rows import SELECT_WHOLE, as_recorded
from services.timeline.files import exported
from tests.acceptance.redacted_world import SECRET, secret_world
from tests.acceptance.test_redacted_everywhere import World, world
from tests.acceptance.test_rest import assert_problem

__all__ = ("world",)


def ask(world: World, **said: Any) -> httpx2.Response:
    return world.client.post("/v1/audit/redactions", json=said)


def test_a_redaction_over_rest(world: World) -> None:
    """201 with where it stands and what it does not reach, 200 for the same once more, 409 for the same otherwise."""
    held = world.timeline.log.at([3])[0]
    said = {
        "redacted_id": str(held.event_id), "legal_basis": "GDPR, Article 17(1)(d)", "reason": "A person at risk asked for it.",
        "event_id": "00000000-0000-0000-0000-00000000abcd",
    }  # fmt: skip
    answer = ask(world, **said)
    body = answer.json()

    assert answer.status_code == 201
    assert body["redacted_position"] == 3
    assert body["removed"] == ["name", "url"]
    assert body["position"] == len(secret_world()) + 1
    assert any("backups" in one for one in body["not_purged"])
    assert any("WAL" in one and "standbys" in one for one in body["not_purged"])
    assert any("exports" in one for one in body["not_purged"])
    again = ask(world, **said)
    assert (again.status_code, again.json()) == (200, body)
    assert_problem(ask(world, **(said | {"reason": "Otherwise."})), 409)
    del said["event_id"]
    assert "redacted already" in assert_problem(ask(world, **said), 409)["detail"]


@pytest.mark.parametrize(
    ("said", "status", "field"),
    [
        ({"redacted_id": "00000000-0000-0000-0000-000000000001"}, 422, "redacted_id"),
        ({"redacted_id": "three"}, 422, "redacted_id"),
        ({"reason": " "}, 422, "reason"),
        ({"legal_basis": " "}, 422, "legal_basis"),
        ({"legal_basis": "x" * 201}, 422, "legal_basis"),
        ({"reason": f"Because of {SECRET}"}, 422, "reason"),
        ({"removed": ["name"]}, 422, "removed"),
        ({"redacted_position": 3}, 422, "redacted_position"),
        ({"redacted_by": "key:somebody"}, 422, "redacted_by"),
        ({"type": "SourceRegistered"}, 422, "type"),
        ({"why": "x"}, 422, "why"),
    ],
)
def test_a_redaction_that_will_not_do_is_told_by_its_fields(
    world: World, said: dict[str, Any], status: int, field: str
) -> None:
    """And nothing is recorded, nor taken away."""
    held = world.timeline.log.at([3])[0]
    good = {"redacted_id": str(held.event_id), "legal_basis": "GDPR", "reason": "A person at risk asked for it."}
    body = assert_problem(ask(world, **(good | said)), status)

    assert field in [one["field"] for one in body["errors"]]
    assert field == "type" or len(body["errors"]) == 1
    assert world.timeline.log.at([3]) == [held]
    assert world.timeline.log.head().position == len(secret_world())


def test_a_mark_cannot_be_posted(world: World) -> None:
    """So wherever it stands, it stands for a text that is gone."""
    for text in ("[redacted]", "[missing]"):
        said = {"type": "SourceRegistered", "source_id": "x", "name": text, "kind": "other"}
        body = assert_problem(world.client.post("/v1/events", json=said), 422)
        assert "stands for a text that is gone" in body["detail"]


def test_text_that_is_gone_without_a_redaction_is_not_told_as_redacted(world: World) -> None:
    """Somebody took it away behind the log's back: it is missing, and an export says so rather than pass it on."""
    with world.timeline.log.pool.connection() as connection, connection.transaction(force_rollback=True):
        connection.execute("ALTER TABLE event DISABLE TRIGGER event_only_redact")
        connection.execute("UPDATE event SET text = NULL, salt = NULL WHERE position = 3")
        [row] = connection.execute(f"{SELECT_WHOLE} WHERE position = 3", binary=True).fetchall()
        told = as_recorded(row)
    assert (told.redacted, told.event.name) == (False, "[missing]")  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="no redaction of it is recorded"):
        exported(told)

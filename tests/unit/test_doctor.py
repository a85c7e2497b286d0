"""The doctor's checks: what it calls wrong, and what it says to do."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from projections.policies import Reading
from projections.progress import Progress
from projections.views import View
from services.timeline.doctor import Facts, TreeFacts, examine, hidden
from services.timeline.following import Leader
from services.timeline.standards.webhooks import Webhook

GIB = 1 << 30
LEADER = Leader("timeline follower desk:42", "10.0.0.7", datetime(2026, 1, 1, tzinfo=UTC))


def view(lag: int = 0, seconds: float = 0.0, aside: int = 0, regrading: int | None = None) -> Progress:
    return Progress(View(1, "current", Reading(), 7), lag, seconds, aside, regrading)


WELL: dict[str, Any] = {
    "settings": {"TIMELINE_HOME": "/data"},
    "server": 18,
    "missing": (),
    "behind": timedelta(seconds=-5),
    "disk": (Path("/data"), 50 * GIB, 100 * GIB),
    "views": (view(),),
    "leader": LEADER,
}


def wrong(**facts: Any) -> list[tuple[str, str, str]]:
    """What is found wrong, as (check, found, advice), where all else is well."""
    report = examine(Facts(**(WELL | facts)))
    found = [(one.check, one.found, one.advice or "") for one in report.checks if one.verdict == "wrong"]
    assert report.healthy == (not found)
    return found


def test_where_all_is_well_nothing_is_wrong() -> None:
    """And every check is told all the same."""
    assert wrong() == []
    told = {one.check for one in examine(Facts(**WELL)).checks}
    assert told == {"setting", "database", "migrations", "clock", "disk", "lag", "set aside", "follower"}


@pytest.mark.parametrize(
    ("facts", "check", "words"),
    [
        ({"unknown": ("TIMELINE_HOEM",)}, "setting", ["TIMELINE_HOEM", "TIMELINE_HOME"]),
        ({"unusable": "log_level: loud"}, "setting", ["loud", "correct"]),
        ({"unreachable": "no server there"}, "database", ["no server there", "TIMELINE_DATABASE_URL"]),
        ({"server": 14}, "database", ["PostgreSQL 14", "15 to 18"]),
        ({"missing": ("0002 views",)}, "migrations", ["0002 views", "timeline db migrate"]),
        ({"newer": "the database has 0999"}, "migrations", ["0999", "newer"]),
        ({"behind": timedelta(hours=2)}, "clock", ["7,200 seconds behind", "set the clock"]),
        ({"disk": (Path("/data"), GIB // 2, 4 * GIB)}, "disk", ["0.5 of 4.0 GiB", "make room"]),
        ({"disk": (Path("/data"), 9 * GIB, 1000 * GIB)}, "disk", ["9.0 of 1,000.0 GiB"]),
        ({"views": (view(40, 90.0),)}, "lag", ["40 events", "90.0 seconds", "desk:42"]),
        ({"views": (view(40, 90.0),), "leader": None}, "lag", ["timeline serve"]),
        ({"views": (view(40, 90.0, 0, 8),)}, "lag", ["graded anew at position 8"]),
        ({"views": (view(aside=3),)}, "set aside", ["3 set aside in view current", "timeline doctor --retry"]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_wrong_is_told_with_what_to_do(facts: dict[str, Any], check: str, words: list[str]) -> None:
    """One line each."""
    found = wrong(**facts)
    assert len(found) == 1
    assert found[0][0] == check
    for word in words:
        assert word in " ".join(found[0])
    assert "\n" not in "".join(found[0])


@pytest.mark.parametrize(
    "facts",
    [
        {"disk": (Path("/data"), 40 * GIB, 2000 * GIB)},
        {"disk": (Path("/data"), 2 * GIB, 20 * GIB)},
        {"disk": None},
        {"views": (view(5, 0.2),)},
        {"leader": None},
        {"behind": timedelta(seconds=0.5)},
    ],
    ids=str,
)
def test_what_is_only_unusual_is_not_wrong(facts: dict[str, Any]) -> None:
    """A large disk with little left of it, a lag of a moment, a log that nobody follows and that is folded."""
    assert wrong(**facts) == []


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        (
            "database_url",
            "postgresql://me:hush@db:5433/timeline",
            "dbname=timeline host=db password=*** port=5433 user=me",
        ),
        ("TIMELINE_DATABASE_URL", "host=db password='hu sh'", "host=db password=***"),
        ("database_url", "postgresql://me:hush@[", "(cannot be read)"),
        ("signing_key", "hush", "***"),
        ("oidc_client_secret", "hush", "***"),
        ("log_level", "info", "info"),
        ("database_url", None, "(not set)"),
    ],
)
def test_secrets_are_not_shown(name: str, value: str | None, shown: str) -> None:
    """Nor are passwords within addresses."""
    assert hidden(name, value) == shown
    assert "hu" not in shown


def test_a_log_that_may_not_be_signed_is_wrong() -> None:
    """What is not signed yet is told, and nothing is wrong with it."""
    assert wrong(tree=TreeFacts(head=10, size=7, covered=5)) == []
    [(check, found, advice)] = wrong(tree=TreeFacts(head=10, size=10, covered=5, refusal="it was restored"))
    assert (check, found) == ("tree", "no checkpoint is signed: it was restored")
    assert "docs/audit.md" in advice


def test_what_came_to_nothing_and_a_webhook_that_is_sent_nothing_are_wrong() -> None:
    """By its host, not by the whole address: there may be a word in that which opens something."""
    made = Webhook(
        UUID(int=7), "https://desk.example.org/hook?word=hush", "", None, 9, datetime.now(UTC), "key:me", None, 3, 0
    )
    assert wrong(webhooks=(made,)) == []
    dead, stopped = made._replace(dead=2), made._replace(stopped="it answered 410: gone")
    found = wrong(webhooks=(dead, stopped))
    assert [check for check, _, _ in found] == ["webhooks", "webhooks"]
    assert "2 events came to nothing" in found[0][1]
    assert "410" in found[1][1]
    assert "resume" in found[1][2]
    assert "hush" not in str(found)
    assert hidden("webhook_private", True) == "True"

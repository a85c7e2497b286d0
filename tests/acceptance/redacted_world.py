"""A small world in which every text that an event may have holds a word of its own, and where to look for that word."""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from psycopg import Connection

from events.appends import Place
from events.redaction import EventRedacted
from services.timeline.composition import Timeline
from tests.acceptance.test_rest import about, place, reported, source

#: Stands in every text, and in nothing else.
SECRET = "Qwyxzimt"

LOST, FOUND, TWICE, VOID = (UUID(int=number) for number in (31, 32, 33, 34))

_URL = f"https://example.org/{SECRET}"
_FOOTAGE = [{"kind": "footage", "url": _URL, "sha256": "0" * 64}]
_REPORT = {
    "chain": ["monitor"],
    "published_at": "2024-12-05T12:00:00Z",
    "credibility": 2,
    "unnamed_end": f"{SECRET}, a cook",
    "url": _URL,
    "evidence": _FOOTAGE,
}
_FROM = {"from": "2024-01-01T00:00:00Z"}
_SAID = f"Said by {SECRET}."


def secret_world() -> list[dict[str, Any]]:
    """At least one event of each type, with all the text that it may have."""
    return [
        {"type": "ActorRegistered", "actor_id": "hts", "name": SECRET, "kind": "other", "aliases": [{"name": f"The {SECRET}"}]},
        {"type": "ActorRenamed", "actor_id": "hts", "name": f"New {SECRET}"} | _FROM,
        source("monitor", reliability="B", name=SECRET, url=_URL),
        {"type": "SourceReliabilityAssessed", "source_id": "monitor", "reliability": "A", "reason": _SAID},
        {"type": "SourceAlignmentStated", "source_id": "monitor", "aligned_with": [], "reason": _SAID},
        place("sy", kind="country", name=f"Land of {SECRET}"),
        place("hama", parent_id="sy", name=SECRET, names={"ar": f"ال {SECRET}"},
              geometry={"type": "Point", "coordinates": [36.7578, 35.1318]}),
        place("homs", parent_id="sy", name=f"Homs of {SECRET}"),
        {"type": "LocationRevised", "location_id": "homs", "reason": _SAID,
         "changes": {"name": f"New {SECRET}", "names": {"en": SECRET}}} | _FROM,
        *(reported(_REPORT, development_id=str(one), summary=_SAID, tags=[SECRET]) for one in (LOST, FOUND, TWICE, VOID)),
        about("DevelopmentCorroborated", LOST, report=_REPORT),
        about("DevelopmentDenied", FOUND, report=_REPORT, reason=_SAID),
        about("DevelopmentAssessed", LOST, analyst=SECRET, method=SECRET, reasoning=_SAID, evidence=_FOOTAGE),
        about("ReportRetracted", FOUND, reason=_SAID, retracted_at="2024-12-05T11:00:00Z"),
        about("DevelopmentAmended", LOST, changes={"summary": _SAID, "tags": [SECRET]}, reason=_SAID),
        about("DevelopmentMerged", TWICE, into_id=str(LOST), reason=_SAID),
        about("DevelopmentVoided", VOID, reason=_SAID),
        {"type": "SourceProtected", "source_id": "monitor", "sensitive": False, "reason": _SAID},
    ]  # fmt: skip


def record(timeline: Timeline, events: Sequence[dict[str, Any]]) -> None:
    """Record events and fold them."""
    timeline.writer.append([json.dumps(one).encode() for one in events], "key:desk", atomic=True)
    timeline.follower.follow()


def redact_all(timeline: Timeline) -> list[Place]:
    """Redact every event that has text; where each redaction stands."""
    events = timeline.log.read(0, limit=1000)
    done = [
        timeline.writer.redact(
            EventRedacted(redacted_id=one.event_id, legal_basis="An order.", reason="A person at risk asked for it."),
            "key:admin",
        )
        for one in events
    ]
    return [one.result.place for one in done if one.result.place is not None]


def where_found(connection: Connection[Any], words: Sequence[bytes]) -> Iterator[str]:
    """Every table of the database, PostgreSQL's own included, that holds one of some words in any column, as text or bytes.

    What a table keeps apart because it is long is told with the table.
    """
    tables = connection.execute(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'm') AND NOT pg_is_other_temp_schema(n.oid) ORDER BY 1"
    ).fetchall()
    looked_for = [form for word in words for form in (word.hex(), *([word.decode()] if word.isascii() else []))]
    for (table,) in tables:
        row = connection.execute(
            f"SELECT EXISTS (SELECT FROM {table} AS one WHERE "
            "EXISTS (SELECT FROM unnest(%s::text[]) AS word WHERE strpos(one::text, word) > 0))",
            [looked_for],
        ).fetchone()
        if row is not None and row[0]:
            yield table

"""An export of a log with redactions, taken in by an empty log: the same structure, the same digests, the same marks."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from events.marks import REDACTED
from events.redaction import EventRedacted
from projections import digests, views
from services.timeline import importing, preparing, story
from services.timeline.audit import integrator
from services.timeline.audit.verifying import verify
from services.timeline.composition import Timeline, opened
from services.timeline.files import export
from services.timeline.settings import Settings
from tests.acceptance.redacted_world import SECRET, record, redact_all, secret_world, where_found
from tests.conftest import fresh_database
from tests.integration.test_log import source
from tests.integration.test_redaction import asked, redact
from tests.integration.test_redaction_verified import SOME


@contextmanager
def a_log(server: str) -> Iterator[Timeline]:
    with fresh_database(server) as database, opened(Settings(database_url=database)) as timeline:
        yield timeline


@pytest.fixture
def empty(postgres_18: str) -> Iterator[Timeline]:
    """The log that takes it in."""
    with a_log(postgres_18) as timeline:
        yield timeline


def stored(timeline: Timeline) -> list[tuple[Any, ...]]:
    """What is stored of each event, but for when and by whom it was recorded, and for salts."""
    with timeline.log.pool.connection() as connection:
        return connection.execute(
            "SELECT position, event_id, stream_id, version, type, text, salt IS NULL, "
            "CASE WHEN text IS NULL THEN structure ELSE substr(structure, 1, length(structure) - 67) END "
            "FROM event ORDER BY position"
        ).fetchall()


def told(timeline: Timeline) -> list[Any]:
    """The digests of the views that are always kept."""
    timeline.follower.follow()
    with timeline.log.pool.connection() as connection:
        return [digests.digest(connection, views.find(connection, name)) for name in views.ALWAYS]


def problem(timeline: Timeline) -> Any:
    with timeline.log.pool.connection() as connection:
        integrator.integrate(connection)
        return verify(connection).problem


@pytest.mark.parametrize("elsewhere", [False, True])
def test_an_export_with_redactions_makes_the_same_log(
    timeline: Timeline, empty: Timeline, tmp_path: Path, elsewhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Structure byte by byte; what was redacted comes without text, and with the event that says why. Twice is once."""
    if elsewhere:  # a long file is read in another process
        monkeypatch.setattr(preparing, "WORTH_IT", 0)
    timeline.writer.append(story.lines(), "test")
    for position in SOME:
        redact(timeline, position)
    redact(timeline, 300, reason="It told too much.")
    file = tmp_path / "log.ndjson"
    export(timeline, file, 0)

    assert importing.import_file(empty, str(file)) == 0
    assert stored(empty) == stored(timeline)
    assert told(empty) == told(timeline)
    assert empty.log.redactions() == timeline.log.redactions()
    shown = [(one.redaction, one.text_sha256, one.event) for one in timeline.log.read(0, limit=1000)]
    assert [(one.redaction, one.text_sha256, one.event) for one in empty.log.read(0, limit=1000)] == shown
    assert problem(empty) is None
    again = tmp_path / "again.ndjson"
    export(empty, again, 0)
    assert again.read_bytes() == file.read_bytes()
    assert importing.import_file(empty, str(file)) == 0
    assert empty.log.head().position == timeline.log.head().position


def test_every_type_of_event_comes_through_redacted(timeline: Timeline, empty: Timeline, tmp_path: Path) -> None:
    """With each text that it may have."""
    record(timeline, secret_world())
    redact_all(timeline)
    file = tmp_path / "log.ndjson.gz"
    export(timeline, file, 0)

    assert importing.import_file(empty, str(file)) == 0
    assert stored(empty) == stored(timeline)
    assert told(empty) == told(timeline)
    assert problem(empty) is None
    with empty.log.pool.connection() as connection:
        assert list(where_found(connection, [SECRET.encode()])) == []


def test_behind_other_events_a_redaction_names_where_its_event_stands_here(
    timeline: Timeline, empty: Timeline, tmp_path: Path
) -> None:
    """Positions are those of the log that took it in."""
    timeline.writer.append([source(1), source(2), source(3)], "test")
    redact(timeline, 2)
    file = tmp_path / "log.ndjson"
    export(timeline, file, 0)
    empty.writer.append([source(number) for number in range(10, 20)], "test")

    assert importing.import_file(empty, str(file)) == 0
    assert empty.log.redactions() == [(12, 14)]
    found = empty.log.read(13, limit=1)[0].event
    assert isinstance(found, EventRedacted)
    assert (found.redacted_position, found.redacted_by) == (12, "key:admin")
    assert problem(empty) is None
    assert importing.import_file(empty, str(file)) == 0


def test_until_the_redaction_has_come_too_the_text_counts_as_gone(
    timeline: Timeline, empty: Timeline, tmp_path: Path
) -> None:
    """A file that is cut off before it is no whole log; with the rest of the file it is."""
    timeline.writer.append([source(1), source(2), source(3)], "test")
    redact(timeline, 2)
    lines = list(exported_lines(timeline, tmp_path))
    part = tmp_path / "part.ndjson"
    part.write_bytes(b"".join(lines[:3]))

    assert importing.import_file(empty, str(part)) == 0
    assert problem(empty) == (2, "its text is gone, and no redaction of it is recorded")
    assert empty.log.at([2])[0].event.name == "[missing]"
    part.write_bytes(b"".join(lines))
    assert importing.import_file(empty, str(part)) == 0
    assert problem(empty) is None
    assert empty.log.at([2])[0].event.name == REDACTED


def exported_lines(timeline: Timeline, folder: Path) -> Sequence[bytes]:
    file = folder / "exported.ndjson"
    export(timeline, file, 0)
    return file.read_bytes().splitlines(keepends=True)


def test_an_import_takes_no_text_away(timeline: Timeline, empty: Timeline, tmp_path: Path) -> None:
    """Where the text is held, the lines are refused that say it was redacted elsewhere; a person decides on that here."""
    timeline.writer.append([source(1), source(2, name=SECRET), source(3)], "test")
    file = tmp_path / "before.ndjson"
    export(timeline, file, 0)
    assert importing.import_file(empty, str(file)) == 0
    done = redact(timeline, 2)
    after = tmp_path / "after.ndjson"
    export(timeline, after, 0)

    assert importing.import_file(empty, str(after)) == 2
    assert empty.log.at([2])[0].event.name == SECRET
    assert empty.log.head().position == 3
    assert importing.import_file(timeline, str(file)) == 1  # nor is it brought back
    empty.writer.redact(asked(done.event.redacted_id), "local")
    assert problem(empty) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "Somebody"}, "every text has to be [redacted]"),
        ({"redacted": {"text_sha256": "abc"}}, "text_sha256"),
        ({"redacted": {}}, "is required"),
        ({"redacted": True}, "redacted: expected object"),
        ({"redacted": {"text_sha256": "0" * 64, "why": "x"}}, "unknown field"),
        ({"event_id": None}, "event_id"),
        ({"kind": "nonsense"}, "kind"),
        ({"type": "EventRedacted", "name": None}, "redacted_id: is required"),
    ],
)
def test_a_line_that_says_it_was_redacted_and_will_not_do_is_refused(
    empty: Timeline, tmp_path: Path, capfd: pytest.CaptureFixture[str], change: dict[str, Any], said: str
) -> None:
    """With the reason; and whether it is posted instead of imported, it is refused anyhow."""
    line = {
        "type": "SourceRegistered", "event_id": "00000000-0000-0000-0000-000000000001", "source_id": "x", "name": REDACTED,
        "kind": "ngo", "redacted": {"text_sha256": "0" * 64},
    }  # fmt: skip
    file = tmp_path / "log.ndjson"
    file.write_text(json.dumps({name: value for name, value in (line | change).items() if value is not None}))

    assert importing.import_file(empty, str(file)) == 1
    assert said in capfd.readouterr().err
    [result] = empty.writer.append([json.dumps(line).encode()], "test")
    assert result.refusal is not None
    assert empty.log.head().position == 0


def test_a_redaction_in_a_file_of_ones_own_is_refused(
    timeline: Timeline, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Only an export has them, complete; a file that somebody hands out takes nothing away."""
    timeline.writer.append([source(1)], "test")
    [held] = timeline.log.at([1])
    said = {"type": "EventRedacted", "redacted_id": str(held.event_id), "legal_basis": "x", "reason": "x"}
    complete = said | {"redacted_position": 1, "redacted_by": "x", "removed": ["name"]}
    wordless = said | {"event_id": str(UUID(int=7)), "reason": REDACTED, "redacted": {"text_sha256": "0" * 64}}
    file = tmp_path / "log.ndjson"
    file.write_text("\n".join(map(json.dumps, (said, complete, wordless, said | {"redacted_position": 1}))))

    assert importing.import_file(timeline, str(file)) == 4
    told = capfd.readouterr().err
    assert "`timeline audit redact` alone" in told
    assert "an import takes nothing away" in told
    assert timeline.log.at([1]) == [held]

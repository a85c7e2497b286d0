"""Files into the log: read again without recording twice, whoever prepares the lines, wherever it was stopped."""

import contextlib
import gzip
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from bench import histories
from events.problems import UnusableEvent
from events.shape import write_event
from services.timeline import files, importing, preparing, story
from services.timeline.composition import Timeline, opened
from services.timeline.prepared import Naming, Prepared, prepare
from services.timeline.settings import Settings
from tests.conftest import fresh_database
from tests.told_histories import as_posted, told

SOURCE = b'{"type": "SourceRegistered", "source_id": "s", "name": "S", "kind": "other"}'
GRADED = '{"type": "SourceReliabilityAssessed", "source_id": "s", "reliability": "%s", "reason": "A review."}'


def written(path: Path, lines: list[bytes]) -> str:
    path.write_bytes(b"\n".join(lines) + b"\n")
    return str(path)


def events(timeline: Timeline) -> list[tuple[int, Any, Any]]:
    return [(one.position, one.event_id, one.event) for one in timeline.log.read(0, limit=1_000_000)]


def test_lines_without_an_id_are_recorded_once_however_often_the_file_is_imported(
    timeline: Timeline, tmp_path: Path
) -> None:
    """Also with other spacing and another order of names; what the file says three times is three events."""
    grades = [GRADED.replace("%s", grade).encode() for grade in "CDCC"]
    first = written(tmp_path / "first.ndjson", [SOURCE, *grades])
    spaced = [
        json.dumps(dict(reversed(json.loads(line).items())), indent=None, separators=(" ,", " : "))
        for line in [SOURCE, *grades]
    ]
    again = written(tmp_path / "again.ndjson", [line.encode() for line in spaced])
    longer = written(tmp_path / "longer.ndjson", [SOURCE, *grades, grades[0]])

    assert importing.import_file(timeline, first) == 0
    before = events(timeline)
    assert len(before) == 5
    for path in (first, again):
        assert importing.import_file(timeline, path) == 0
        assert events(timeline) == before
    assert importing.import_file(timeline, longer) == 0
    assert len(events(timeline)) == 6


def test_an_id_of_its_own_is_kept_and_counts_for_nothing_else() -> None:
    """Naming looks at what has no id alone."""
    own = prepare(SOURCE[:-1] + b', "event_id": "00000000-0000-4000-8000-000000000001"}')
    without = prepare(SOURCE)
    assert isinstance(own, Prepared)
    assert isinstance(without, Prepared)
    naming = Naming()

    assert naming.named(own) is own
    first, second = naming.named(without), naming.named(without)
    assert first.event_id == Naming().named(without).event_id
    assert first.event_id != second.event_id
    assert str(first.event_id) == "f0d6a14e-1faa-5d0d-964a-15569aa31204"  # files imported before must be recognised


AWKWARD = [
    b"{", b"", b"   ", b"[]", b'{"type": "Nothing"}', b"\xff\xfe", b"x" * 70_000, SOURCE + b"\r", b'{"type": "SourceRegistered"}',
    b'{"type": "LocationRegistered", "location_id": "x", "name": "X", "kind": "town", "geometry": {"type": "Point", "coordinates": [1%s, 2]}}' % (b"0" * 60),
    b'{"type": "LocationRegistered", "location_id": "y", "name": "\\ud83d\\ude00", "kind": "town", "names": {"ar": "\xd8\xad"}, "geometry": {"type": "Point", "coordinates": [36.0, -0.5]}}',
    b'{"type": "SourceRegistered", "source_id": "t", "source_id": "t", "name": "T", "kind": "other"}',
    b'{"type": "ActorRegistered", "actor_id": "a", "name": "", "kind": "other"}',
]  # fmt: skip


@pytest.mark.parametrize("zipped", [False, True])
def test_another_process_prepares_lines_as_this_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zipped: bool
) -> None:
    """The same numbers, events, ids and refusals; some lines that are right, and some that are wrong in each way."""
    lines = as_posted(told(random.Random("crossing"), "shuffled", developments=40))
    lines = [line for some in zip(lines, AWKWARD * 40, strict=False) for line in some]
    path = written(tmp_path / "some.ndjson", lines)
    if zipped:
        (tmp_path / "some.ndjson.gz").write_bytes(gzip.compress(Path(path).read_bytes()))
        path += ".gz"
    monkeypatch.setattr(preparing, "AT_A_TIME", 50)
    here = list(flat(preparing.chunks(path)))
    monkeypatch.setattr(preparing, "WORTH_IT", 0)
    elsewhere = list(flat(preparing.chunks(path)))

    assert len(here) > len(lines) // 2
    assert here == elsewhere


def flat(chunks: Iterator[preparing.Chunk]) -> Iterator[tuple[int, Any]]:
    """Each line's number and what was made of it, but for the salt."""
    for chunk in chunks:
        for number, one in zip(chunk.numbers, chunk.prepared, strict=True):
            if isinstance(one, UnusableEvent):
                yield number, (one.problems, one.conflict)
            else:
                form = one.form and (one.form.name, one.form.text, len(one.form.structure))
                yield number, (one.event, one.event_id, one.stream, one.problems, form, one.named)


def test_a_broken_file_is_told_as_broken_by_either_process(
    timeline: Timeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines before that stand."""
    path = tmp_path / "broken.ndjson.gz"
    many = [SOURCE.replace(b'"s"', b'"s%d"' % number) for number in range(5_000)]
    path.write_bytes(gzip.compress(b"\n".join(many))[:-2_000])
    for worth_it in (2_000_000, 0):
        monkeypatch.setattr(preparing, "WORTH_IT", worth_it)
        with pytest.raises(files.Unreadable, match="broken after line"):
            importing.import_file(timeline, str(path))
    assert timeline.log.head().position >= 2_000
    with pytest.raises(files.Unreadable, match="No such file"):
        importing.import_file(timeline, str(tmp_path / "none"))


def test_an_import_that_was_killed_goes_on_where_it_was(postgres_18: str, tmp_path: Path) -> None:
    """SIGKILL in the middle, then the same command: the log is that of an import that nobody disturbed."""
    told_events = [*histories.reference(50), *(one for some in histories.developments(9_000, 50, 0) for one in some)]
    lines = [msgspec.json.encode(write_event(one)) for one in told_events]
    path = written(tmp_path / "many.ndjson", lines)
    assert Path(path).stat().st_size > preparing.WORTH_IT
    with fresh_database(postgres_18) as whole, fresh_database(postgres_18) as killed:
        with opened(Settings(database_url=whole)) as timeline, opened(Settings(database_url=killed)):
            importing.import_file(timeline, path)
            expected = events(timeline)
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / "timeline"), "import", path], env=environment(killed)
        )
        position = until_position(killed, 2_000)
        process.kill()
        process.wait()
        with opened(Settings(database_url=killed)) as timeline:
            assert position <= timeline.log.head().position < len(lines)
            assert importing.import_file(timeline, path) == 0
            assert events(timeline) == expected


def until_position(database: str, position: int) -> int:
    """Wait until the log has got so far; how far it is then."""
    deadline = time.monotonic() + 60
    with psycopg.connect(database, autocommit=True) as connection:
        while time.monotonic() < deadline:
            with contextlib.suppress(psycopg.errors.UndefinedTable):
                row = connection.execute("SELECT position FROM log_head").fetchone()
                if row is not None and row[0] >= position:
                    return int(row[0])
            time.sleep(0.005)
    raise AssertionError("nothing is recorded")


def test_who_stops_an_import_is_told_how_to_go_on(postgres_18: str) -> None:
    """SIGINT while more may still come through the pipe: one line, exit 2, no process left that waits for it."""
    with fresh_database(postgres_18) as database:
        command = [str(Path(sys.executable).parent / "timeline"), "import", "-"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stderr=pipe, env=environment(database)) as process:
            assert process.stdin is not None
            many = (SOURCE.replace(b'"s"', b'"s%d"' % number) for number in range(2_500))
            process.stdin.write(b"\n".join(many) + b"\n")
            process.stdin.flush()
            until_position(database, 2_000)
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 2
            assert process.stderr is not None
            said = process.stderr.read().decode()  # the signal may come before the commit was told
            assert re.fullmatch(
                "timeline: -: stopped after line (0|2,000); the same command goes on from there\n", said
            )


def environment(database: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIMELINE_")}
    return kept | {"TIMELINE_DATABASE_URL": database}


def test_what_is_exported_and_imported_into_an_empty_log_has_the_same_claim_versions(
    timeline: Timeline, postgres_18: str, tmp_path: Path
) -> None:
    """All rows of both views, of the demo and of a random war."""
    timeline.writer.append(story.lines(), "test")
    for start in range(0, len(posted := as_posted(told(random.Random("export"), "shuffled", developments=60))), 40):
        timeline.writer.append(posted[start : start + 40], "test")
        timeline.follower.follow()
    files.export(timeline, tmp_path / "log.ndjson.gz", 0)
    with fresh_database(postgres_18) as database, opened(Settings(database_url=database)) as other:
        assert importing.import_file(other, str(tmp_path / "log.ndjson.gz")) == 0
        other.follower.follow()
        rows = claim_versions(timeline)
        assert len(rows) > 300
        assert claim_versions(other) == rows


def claim_versions(timeline: Timeline) -> list[Any]:
    """Every row of every view, by the view's name."""
    with timeline.log.pool.connection() as connection:
        return connection.execute(
            "SELECT view.name, to_jsonb(held) - 'view_id' AS said FROM claim_version AS held JOIN view USING (view_id) "
            "ORDER BY view.name, held.development_id, held.known_from"
        ).fetchall()


def test_what_exists_and_how_it_is_graded_is_seen_whoever_recorded_it(timeline: Timeline, database: str) -> None:
    """A writer remembers; what another process records is seen by the next append, what was refused by none."""
    place = b'{"type": "LocationRegistered", "location_id": "x", "name": "X", "kind": "town"}'
    stated = b'{"type": "SourceAlignmentStated", "source_id": "s", "aligned_with": [], "reason": "Asked."}'
    actor = b'{"type": "ActorRegistered", "actor_id": "a", "name": "A", "kind": "other"}'

    def warned(number: int) -> list[str]:
        development = {
            "type": "DevelopmentReported", "development_id": f"00000000-0000-4000-8000-{number:012}", "kind": "held",
            "location_id": "x", "occurred": {"start": "2024-12-02T00:00:00Z", "end": "2024-12-02T00:00:00Z"},
            "participants": [{"actor_id": "a", "role": "holder"}], "summary": "Held.",
            "report": {"chain": ["s"], "published_at": "2024-12-02T00:00:00Z"},
        }  # fmt: skip
        [result] = timeline.writer.append([json.dumps(development).encode()], "here")
        return [one.code for one in result.warnings] if result.refusal is None else [str(result.refusal)]

    with pytest.raises(Exception, match="nothing was appended"):
        timeline.writer.append([SOURCE, place, actor, b"{"], "here", atomic=True)
    assert "no source is registered" in warned(1)[0]
    with opened(Settings(database_url=database)) as elsewhere:
        elsewhere.writer.append([SOURCE, place, actor], "there")
        assert warned(1) == ["reliability_unknown", "alignment_not_stated"]
        elsewhere.writer.append([stated], "there")
        assert warned(2) == ["reliability_unknown"]
        elsewhere.writer.append([GRADED.replace("%s", "B").encode()], "there")
        assert warned(3) == []
        timeline.writer.append([GRADED.replace("%s", "F").encode()], "here")
        assert warned(4) == ["reliability_unknown"]

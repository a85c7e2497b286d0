"""The fast way into a log gives what the slow way gives."""

from itertools import islice
from typing import Any
from uuid import UUID

import msgspec
import pytest

from bench import news
from events.recorder import LogRecorder, StoredRow
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings

EVENTS, PLACES = 1_500, 60


def stored(timeline: Timeline) -> list[Any]:
    """The table of events, but for the time of recording."""
    with timeline.log.pool.connection() as connection:
        return connection.execute(
            "SELECT position, recorded_by, event_id, stream_id, version, type, structure, text, salt FROM event "
            "ORDER BY position"
        ).fetchall()


@pytest.mark.parametrize("batch", [1, 100, 10_000])
def test_copy_writes_the_rows_that_the_log_writes(each_database: str, database: str, batch: int) -> None:
    """The same rows in any batch size; the head stands at the last, and its time is the last one recorded."""
    count = 40 if batch == 1 else EVENTS
    rows = [
        StoredRow(UUID(bytes=one.stream_id), one.version, one.type, one.structure, UUID(bytes=one.event_id), news.DESK,
                  one.text, one.salt)
        for one in news.rows(count, places=PLACES)
    ]  # fmt: skip
    with opened(Settings(database_url=each_database)) as copied, opened(Settings(database_url=database)) as inserted:
        recorder = inserted.log.application.recorder
        assert isinstance(recorder, LogRecorder)
        recorder.insert_events(rows)

        last = news.load(copied.log, count, places=PLACES, batch=batch)

        assert stored(copied) == stored(inserted)
        assert copied.log.head().position == inserted.log.head().position == last
        assert copied.log.read(last - 1, limit=1)[0].recorded_at == copied.log.head().recorded_at


def test_the_log_goes_on_after_it(timeline: Timeline) -> None:
    """What is appended next stands behind it, recorded later."""
    last = news.load(timeline.log, 200, places=PLACES)

    source = b'{"type": "SourceRegistered", "source_id": "late", "name": "Late", "kind": "ngo"}'
    timeline.writer.append([source], "test")

    before, after = timeline.log.read(last - 1, limit=2)
    assert after.position == last + 1
    assert after.recorded_at > before.recorded_at


def test_the_service_takes_all_of_it(timeline: Timeline) -> None:
    """The intake, which asks whether everything named exists and is in order, refuses none of it."""
    coming = (msgspec.json.encode(event) for _, event in news.events(EVENTS, "shuffled", places=PLACES))
    while lines := list(islice(coming, 500)):
        for result in timeline.writer.append(lines, "test"):
            assert result.appended, result.refusal

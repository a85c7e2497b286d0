"""Callers that are committed together, each with an answer of its own."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from events.appends import Held
from services.timeline.composition import Timeline
from services.timeline.intake import Intake
from services.timeline.writer import Refused


def source(number: int, **more: Any) -> bytes:
    """An event that needs nothing before it."""
    said = {"type": "SourceRegistered", "source_id": f"s{number}", "name": "S", "kind": "other", "reliability": "B"}
    return json.dumps(said | more).encode()


def assessed_source(number: int, **more: Any) -> bytes:
    said = {"type": "SourceReliabilityAssessed", "source_id": f"s{number}", "reliability": "C", "reason": "so"}
    return json.dumps(said | more).encode()


class AtOnce:
    """Callers whose requests wait while a first commit is held up, so that they make one batch."""

    def __init__(self, timeline: Timeline, monkeypatch: pytest.MonkeyPatch) -> None:
        self._timeline = timeline
        self._gate = threading.Event()
        self._held_up = threading.Event()
        self._monkeypatch = monkeypatch
        self.outcomes: dict[int, Any] = {}

    def run(self, *calls: Callable[[], Any]) -> list[Any]:
        """The outcome of each call: what it answered, or the exception that it raised."""
        log = self._timeline.log
        append = log.append

        def held_up(decide: Callable[[Held], Any]) -> Any:
            if not self._held_up.is_set():
                self._held_up.set()
                self._gate.wait(10)
            return append(decide)

        self._monkeypatch.setattr(log, "append", held_up)
        first = threading.Thread(target=self._timeline.writer.append, args=([source(999_999)], "first"))
        first.start()
        self._held_up.wait(10)
        threads = [threading.Thread(target=self._call, args=(number, call)) for number, call in enumerate(calls)]
        for thread in threads:
            thread.start()
            time.sleep(0.02)
        self._gate.set()
        for thread in (first, *threads):
            thread.join(20)
        return [self.outcomes[number] for number in range(len(calls))]

    def _call(self, number: int, call: Callable[[], Any]) -> None:
        try:
            self.outcomes[number] = call()
        except Exception as failure:  # noqa: BLE001  (what the call raised is what is looked at)
            self.outcomes[number] = failure


@pytest.fixture
def at_once(timeline: Timeline, monkeypatch: pytest.MonkeyPatch) -> AtOnce:
    return AtOnce(timeline, monkeypatch)


def test_what_waited_together_is_committed_together(timeline: Timeline, at_once: AtOnce) -> None:
    """Ten callers, one transaction: their events share its identity in PostgreSQL."""
    outcomes = at_once.run(*(lambda n=n: timeline.writer.append([source(n)], f"caller-{n}") for n in range(10)))

    assert all(result[0].appended for result in outcomes)
    with timeline.log.pool.connection() as connection:
        rows = connection.execute("SELECT xmin::text, recorded_by FROM event WHERE position > 1 ORDER BY position")
        found = rows.fetchall()
    assert len({transaction for transaction, _ in found}) == 1
    assert {who for _, who in found} == {f"caller-{n}" for n in range(10)}


def test_a_conflict_of_one_caller_fails_no_other(timeline: Timeline, at_once: AtOnce) -> None:
    """Two register one source; a third is about something else."""
    one, two, three = at_once.run(
        lambda: timeline.writer.append([source(1)], "a"),
        lambda: timeline.writer.append([source(1, name="Other")], "b"),
        lambda: timeline.writer.append([source(2)], "c"),
    )

    assert one[0].appended
    assert two[0].refusal is not None
    assert two[0].refusal.conflict
    assert three[0].appended


def test_an_atomic_group_that_is_refused_leaves_no_trace_for_those_after_it(
    timeline: Timeline, at_once: AtOnce
) -> None:
    """What it had registered before its bad line is not there for the next caller, who registers it himself."""
    refused, after, leaning = at_once.run(
        lambda: timeline.writer.append([source(1), assessed_source(1), assessed_source(7)], "a", atomic=True),
        lambda: timeline.writer.append([source(1), assessed_source(1)], "b", atomic=True),
        lambda: timeline.writer.append([assessed_source(1)], "c"),
    )

    assert isinstance(refused, Refused)
    assert [one.refusal is not None for one in refused.results] == [False, False, True]
    assert [one.version for one in after] == [1, 2]
    assert leaning[0].version == 3
    assert {one.recorded_by for one in timeline.log.read(1, limit=10)} == {"b", "c"}


def test_the_same_event_id_from_several_callers_is_recorded_once(timeline: Timeline, at_once: AtOnce) -> None:
    """Each is told the same place; one of them that it was appended."""
    event = source(1, event_id=str(uuid4()))
    outcomes = at_once.run(*(lambda: timeline.writer.append([event], "x") for _ in range(5)))

    assert len({one[0].place.position for one in outcomes}) == 1
    assert sorted(one[0].appended for one in outcomes) == [False] * 4 + [True]


def test_an_event_that_breaks_the_append_breaks_it_for_its_caller_alone(
    timeline: Timeline, at_once: AtOnce, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are committed one by one."""
    decide = Intake.decide

    def broken(self: Intake, event: Any, *more: Any) -> Any:
        if getattr(event.event, "source_id", "") == "s2":
            raise ZeroDivisionError
        return decide(self, event, *more)

    monkeypatch.setattr(Intake, "decide", broken)
    outcomes = at_once.run(*(lambda n=n: timeline.writer.append([source(n)], "x") for n in range(4)))

    assert isinstance(outcomes[2], ZeroDivisionError)
    assert all(outcomes[n][0].appended for n in (0, 1, 3))


def test_a_lost_database_is_told_to_everybody_and_handing_in_again_tells_what_was_recorded(timeline: Timeline) -> None:
    """Connections are cut while five callers wait for the log's lock; afterwards each event is there once."""
    events = [source(n, event_id=str(UUID(int=n + 1))) for n in range(5)]
    failures: list[Exception] = []

    def call(event: bytes) -> None:
        try:
            timeline.writer.append([event], "x")
        except psycopg.OperationalError as lost:
            failures.append(lost)

    threads = [threading.Thread(target=call, args=(event,)) for event in events]
    with timeline.log.pool.connection() as holding, timeline.log.pool.connection() as other, holding.transaction():
        holding.execute("SELECT FROM log_head FOR UPDATE")
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            time.sleep(0.05)
    assert len(failures) == 5

    again = [timeline.writer.append([event], "x")[0] for event in events]
    assert [one.refusal for one in again] == [None] * 5
    assert len({one.place.position for one in again if one.place}) == 5


def test_an_expected_version_is_checked_under_the_lock(timeline: Timeline) -> None:
    """Two desks decide on the same state; the second one is told that it is outdated. A repeated event is not."""
    timeline.writer.append([source(1)], "x")
    mine = assessed_source(1, event_id=str(uuid4()))
    first = timeline.writer.append([mine], "a", expected_version=1)[0]
    second = timeline.writer.append([assessed_source(1)], "b", expected_version=1)[0]
    repeated = timeline.writer.append([mine], "a", expected_version=1)[0]

    assert first.version == 2
    assert second.refusal is not None
    assert "version 2, not 1" in str(second.refusal)
    assert repeated.place == first.place
    assert not repeated.appended

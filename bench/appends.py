"""Durable appends: ours against the library's own, and raw PostgreSQL beside them.

Concurrent: 1, 16 and 32 callers in one process, each handing in one event after another and waiting until it is durable;
ours from posted bytes with every check, under group commit; the library's `save` of an aggregate with one event of the
same content. Bulk: 1,000 events at a time, ours with all columns, indexes, hashes and triggers. The rounds alternate.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import httpx2
import msgspec
import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from psycopg.conninfo import conninfo_to_dict

from bench import histories
from bench.ground import fresh_timeline, median, say, working
from bench.point_status import served
from events import codec
from events.appends import Held, NewEvent
from events.shape import read_event, write_event
from services.timeline.composition import Timeline

CALLERS = (1, 16, 32)
ROUNDS, SECONDS, BULK, AT_A_TIME = 5, 2.0, 1_000, 250


class Said(Aggregate):
    """An aggregate that says in its one event what a posted development says."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said


def run() -> None:
    """Print events a second and ratios for each number of callers, then for bulk appends."""
    with fresh_timeline() as timeline, _library(timeline) as library:
        list(histories.append(timeline.log, histories.reference(50)))
        told = [events[0] for events in histories.developments(400, 50, 0)]
        said = [{key: value for key, value in write_event(one).items() if key != "event_id"} for one in told]
        say(f"durable appends of one event, events a second: medians of {ROUNDS} rounds of {SECONDS:.0f} s")
        with served(timeline) as url:
            for callers in CALLERS:
                _concurrent(timeline, library, url, said, callers)
        _bulk(timeline, library, said)


def _concurrent(
    timeline: Timeline, library: Application[Any], url: str, said: list[dict[str, Any]], callers: int
) -> None:
    def ours(number: int) -> None:
        [result] = timeline.writer.append([fresh_copy(said[number % len(said)])], "bench")
        assert result.appended, result.refusal

    def theirs(number: int) -> None:
        library.save(Said(said[number % len(said)]))

    clients = [httpx2.Client(base_url=url, timeout=30) for _ in range(callers)]

    def rest(number: int) -> None:
        client = clients[int(threading.current_thread().name)]
        body = fresh_copy(said[number % len(said)])
        answer = client.post("/v1/events", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 201, answer.text

    rates: dict[str, list[float]] = {"ours": [], "library": [], "REST": []}
    for _ in range(ROUNDS):
        for name, call in (("ours", ours), ("library", theirs), ("REST", rest)):
            rates[name].append(rate(call, callers))
            working(f"{callers} callers: {name} {rates[name][-1]:,.0f}/s")
    for client in clients:
        client.close()
    found = {name: median(each) for name, each in rates.items()}
    say(
        f"{callers:3} callers   ours {found['ours']:7,.0f}/s   the library's save {found['library']:7,.0f}/s   "
        f"{found['ours'] / found['library']:5.2f}x   (ours over REST {found['REST']:,.0f}/s)"
    )


def fresh_copy(said: dict[str, Any]) -> bytes:
    """What was said, as another development."""
    return msgspec.json.encode(said | {"development_id": str(uuid4()), "event_id": str(uuid4())})


def rate(call: Callable[[int], None], callers: int) -> float:
    counts = [0] * callers
    stop = time.perf_counter() + SECONDS
    failures: list[BaseException] = []

    def caller(me: int) -> None:
        try:
            while time.perf_counter() < stop:
                call(me * 1_000 + counts[me])
                counts[me] += 1
        except BaseException as failure:  # noqa: BLE001  (told by the thread that waits)
            failures.append(failure)

    threads = [threading.Thread(target=caller, args=(me,), name=str(me)) for me in range(callers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sum(counts) / (time.perf_counter() - began)


def _bulk(timeline: Timeline, library: Application[Any], said: list[dict[str, Any]]) -> None:
    events = [_event(said[number % len(said)]) for number in range(BULK)]
    rates: dict[str, list[float]] = {"the log": [], "library": [], "INSERT": [], "COPY": [], "writer": []}
    with timeline.log.pool.connection() as connection:
        connection.execute("CREATE TABLE bench_raw (LIKE event INCLUDING INDEXES)")
        for _ in range(ROUNDS):
            new = [_renewed(event) for event in events]
            aggregates = [Said(said[number % len(said)]) for number in range(BULK)]
            raws = [fresh_copy(said[number % len(said)]) for number in range(BULK)]
            rates["the log"].append(_per_second(partial(timeline.log.append, _decided(new))))
            rates["library"].append(_per_second(partial(_save, library, aggregates)))
            rates["writer"].append(_per_second(partial(timeline.writer.append, raws, "bench")))
            rows = [_row(one, number) for number, one in enumerate(new, start=1)]
            for name, write in (("INSERT", _insert), ("COPY", _copy)):
                connection.execute("TRUNCATE bench_raw")
                rates[name].append(_per_second(partial(write, connection, rows)))
    found = {name: median(each) for name, each in rates.items()}
    say(f"bulk appends, {BULK:,} events at a time, events a second")
    say(
        f"the log (encoding, hashes, triggers) {found['the log']:8,.0f}/s   the library's save {found['library']:8,.0f}/s"
        f"   {found['the log'] / found['library']:5.2f}x"
    )
    say(f"from posted bytes, every check       {found['writer']:8,.0f}/s   {found['writer'] / found['library']:35.2f}x")
    say(f"raw psycopg of the same rows         INSERT {found['INSERT']:,.0f}/s   COPY {found['COPY']:,.0f}/s")


def _save(library: Application[Any], aggregates: list[Said]) -> None:
    """As many at a time as the library can: on 1,000 of these its pipeline mode hangs for ever (9.5.6, psycopg 3.3.9)."""
    for start in range(0, len(aggregates), AT_A_TIME):
        library.save(*aggregates[start : start + AT_A_TIME])


def _event(said: dict[str, Any]) -> Any:
    return read_event(fresh_copy(said))


def _renewed(event: Any) -> NewEvent:
    fresh = msgspec.structs.replace(event, development_id=uuid4(), event_id=uuid4())
    return NewEvent(event=fresh, event_id=fresh.event_id, version=1, recorded_by="bench")


def _decided(new: list[NewEvent]) -> Callable[[Held], list[NewEvent]]:
    return lambda _: new


def _per_second(write: Callable[[], object]) -> float:
    before = time.perf_counter()
    write()
    return BULK / (time.perf_counter() - before)


def _row(new: NewEvent, position: int) -> tuple[Any, ...]:
    form = codec.encode(new.event)
    return (position, new.event_id, new.originator_id, 1, histories.BEGIN + timedelta(seconds=position), "bench", form.name, form.structure,
            form.text, form.salt)  # fmt: skip


_COLUMNS = "position, event_id, stream_id, version, recorded_at, recorded_by, type, structure, text, salt"


def _insert(connection: psycopg.Connection[Any], rows: list[tuple[Any, ...]]) -> None:
    statement = f"INSERT INTO bench_raw ({_COLUMNS}) VALUES ({', '.join(['%s'] * 10)})"
    with connection.transaction(), connection.cursor() as cursor:
        for row in rows:  # not executemany: that is pipeline mode, which hangs on much data
            cursor.execute(statement, row)


def _copy(connection: psycopg.Connection[Any], rows: list[tuple[Any, ...]]) -> None:
    statement = f"COPY bench_raw ({_COLUMNS}) FROM STDIN"
    with connection.transaction(), connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


@contextmanager
def _library(timeline: Timeline) -> Iterator[Application[Any]]:
    """The library's own application, as its documentation has it, on tables of its own in the same database."""
    with timeline.log.pool.connection() as connection:
        info = conninfo_to_dict(connection.info.dsn) | {"password": connection.info.password}
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(info["dbname"]),
        "POSTGRES_HOST": str(info.get("host", "")),
        "POSTGRES_PORT": str(info.get("port", "5432")),
        "POSTGRES_USER": str(info["user"]),
        "POSTGRES_PASSWORD": str(info["password"]),
        "POSTGRES_POOL_SIZE": "10",
        "POSTGRES_MAX_OVERFLOW": "30",
    }
    application: Application[Any] = Application(env=environment | {"PATH": os.environ.get("PATH", "")})
    try:
        yield application
    finally:
        application.close()

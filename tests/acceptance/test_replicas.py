"""Reads on a hot standby, over real HTTP and real replication: it lags, is cut off, killed, promoted; nobody is told wrong."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from services.timeline import keys, viewing
from services.timeline.api.asking import SSE
from services.timeline.building import Building
from services.timeline.composition import Following, Timeline, opened
from services.timeline.pools import Unreachable
from services.timeline.settings import Settings, UnusableSettings, settings
from tests.acceptance.test_rest import KNOWN, served, small_world
from tests.conftest import fresh_database
from tests.integration.embedded_programs_for_tests import until
from tests.standbys import Pair, pair, pooler

STATUS = "/v1/locations/hama/status?at=2024-12-09T12:00:00Z"


@pytest.fixture(scope="module")
def both() -> Iterator[Pair]:
    """A primary and a standby of it; what a test does to the standby it undoes."""
    with pair() as made:
        yield made


@contextmanager
def service(both: Pair, **settings: Any) -> Iterator[tuple[httpx2.Client, Timeline]]:
    """The service on the primary, reading from the standby; a small world is told, and has arrived there."""
    with fresh_database(both.primary.conninfo("postgres")) as database:
        name = str(conninfo_to_dict(database)["dbname"])
        both.caught_up()
        chosen = {"database_url": database, "replica_urls": both.standby.conninfo(name)} | settings
        with served_on(both, Settings(**chosen)) as made:
            yield made


@contextmanager
def served_on(both: Pair, settings: Settings) -> Iterator[tuple[httpx2.Client, Timeline]]:
    with opened(settings, bounded=True) as timeline, Following(timeline) as following:
        timeline.writer.append([json.dumps(one).encode() for one in small_world()], "test", atomic=True)
        with served(timeline, following) as client:
            until(lambda: folded(timeline))
            both.caught_up()
            until(lambda: reads_from(timeline) is not None)
            yield client, timeline


def folded(timeline: Timeline) -> bool:
    """Whether every view has come to the head of the log."""
    return all(one.lag == 0 for one in timeline.reader.progress())


def reads_from(timeline: Timeline) -> Any:
    """The standby, where it may answer."""
    assert timeline.replicas is not None
    return next(iter(timeline.replicas.usable()), None)


def answered(timeline: Timeline) -> int:
    assert timeline.replicas is not None
    return timeline.replicas.standbys[0].answered


def deny(client: httpx2.Client, by: str = "saa-media") -> int:
    """Record a denial of what is told of Hama; its position."""
    report = {"chain": [by], "published_at": "2024-12-03T10:00:00Z", "credibility": 2}
    said = client.post(f"/v1/developments/{KNOWN}/denials", json={"report": report, "reason": f"no {uuid4()}"})
    assert said.status_code == 201, said.text
    position: int = said.json()["position"]
    return position


def test_reads_go_to_the_standby_and_say_the_same(both: Pair) -> None:
    """Byte for byte; what records goes to the primary; the standby's atlas and lists answer too."""
    with service(both) as (client, timeline):
        before = answered(timeline)
        there = client.get(STATUS + "&known_position=10").content
        assert answered(timeline) == before + 1
        assert primary_only(timeline, client, STATUS + "&known_position=10").content == there
        deny(client)


def test_what_was_just_recorded_is_read_however_far_the_standby_is(both: Pair) -> None:
    """With `min_position` (or a known position) it is the primary that answers until the standby has it; pages go on there."""
    with service(both, replica_lag_seconds=600) as (client, timeline):
        both.standby.ask("SELECT pg_wal_replay_pause()")
        try:
            position = deny(client)
            asked = answered(timeline)
            found = client.get(STATUS + f"&min_position={position}")
            assert (found.status_code, found.json()["known_position"]) == (200, position)
            assert client.get(STATUS + f"&known_position={position}").json()["known_position"] == position
            whole = client.get(f"/v1/developments/{KNOWN}?known_position={position}").json()
            assert whole["trail"][-1]["event"]["type"] == "DevelopmentDenied"
            assert answered(timeline) == asked + 3  # it was asked first, each time
            assert client.get(STATUS).json()["known_position"] < position  # who names nothing may be a moment behind
            new = str(uuid4())
            place = {"type": "LocationRegistered", "location_id": f"p-{new}", "name": "New", "kind": "city"}
            assert client.post("/v1/events", json=place).status_code == 201
            until(lambda: folded(timeline))
            assert client.get(f"/v1/locations/p-{new}").status_code == 200
        finally:
            both.standby.ask("SELECT pg_wal_replay_resume()")
        until(lambda: client.get(STATUS).json()["known_position"] >= position)


@pytest.mark.parametrize("how", ["lags", "is cut off"])
def test_a_standby_that_falls_behind_is_left_alone_until_it_is_back(both: Pair, how: str) -> None:
    """Then everything is asked of the primary, and the metrics say so."""
    with service(both, replica_lag_seconds=0.6) as (client, timeline):
        source = both.standby.ask("SELECT current_setting('primary_conninfo')").replace("'", "''")
        if how == "lags":
            both.standby.ask("SELECT pg_wal_replay_pause()")
        else:
            both.standby.set(primary_conninfo="")
            until(lambda: both.standby.ask("SELECT count(*) FROM pg_stat_wal_receiver") == 0)
        try:
            position = deny(client)
            until(lambda: reads_from(timeline) is None)
            assert client.get(STATUS).json()["known_position"] >= position
            said = client.get("/metrics").text
            assert 'timeline_replica_usable{replica="' in said
            assert said.split("timeline_replica_usable{")[1].split("\n")[0].endswith(" 0.0")
        finally:
            if how == "lags":
                both.standby.ask("SELECT pg_wal_replay_resume()")
            else:
                both.standby.set(primary_conninfo=source)
        until(lambda: reads_from(timeline) is not None)
        until(lambda: client.get(STATUS).json()["known_position"] >= position)


def test_a_standby_that_dies_while_it_is_read_costs_nobody_an_answer(both: Pair) -> None:
    """Four readers ask without pause; it is killed and started again, three times."""
    with service(both) as (client, timeline):
        deny(client)
        known = client.get(STATUS).json()["known_position"]
        until(lambda: client.get(STATUS).json()["known_position"] >= known)
        right = client.get(STATUS + f"&known_position={known}").content
        stopping, wrong, done = threading.Event(), list[str](), list[int]()

        def read() -> None:
            with httpx2.Client(base_url=client.base_url, timeout=30) as own:
                while not stopping.is_set():
                    found = own.get(STATUS + f"&known_position={known}")
                    done.append(found.status_code)
                    if found.status_code != 200 or found.content != right:
                        wrong.append(f"{found.status_code} {found.text[:200]}")

        with ThreadPoolExecutor(4) as pool:
            readers = [pool.submit(read) for _ in range(4)]
            try:
                for _ in range(3):
                    until(lambda: reads_from(timeline) is not None)
                    both.standby.stop()
                    until(lambda: reads_from(timeline) is None)
                    both.standby.start()
            finally:
                stopping.set()
            for one in readers:
                one.result()
        assert wrong == []
        assert len(done) > 100


def test_while_the_primary_is_away_the_standby_tells_what_it_has(both: Pair) -> None:
    """To those who have a key, too; recording is refused; readiness says `reading`."""
    with service(both, replica_lag_seconds=600) as (client, timeline):
        with timeline.log.pool.connection() as connection:
            secret, _ = keys.add(connection, "reader", ["reader"], None)
        client.headers["Authorization"] = f"Bearer {secret}"
        right = client.get(STATUS + "&known_position=10").content
        both.caught_up()
        both.primary.stop()
        try:
            until(lambda: timeline.replicas is not None and not timeline.replicas.primary_up)
            for _ in range(3):
                found = client.get(STATUS + "&known_position=10")
                assert (found.status_code, found.content) == (200, right)
                time.sleep(keys.FRESH / 2)
            assert client.get("/readyz").json()["status"] == "reading"
        finally:
            both.primary.start()
        until(lambda: timeline.replicas is not None and timeline.replicas.primary_up)


def test_a_name_that_is_protected_is_not_told_by_a_standby_that_has_not_heard(both: Pair) -> None:
    """What the primary knows counts on the standby within a second."""
    with service(both, replica_lag_seconds=600) as (client, timeline):
        with timeline.log.pool.connection() as connection:
            secret, _ = keys.add(connection, "someone", ["reader"], None)
        reader = {"Authorization": f"Bearer {secret}"}
        source = f"witness-{uuid4()}"
        said = {
            "type": "SourceRegistered",
            "source_id": source,
            "name": "Mariam H.",
            "kind": "other",
            "reliability": "B",
        }
        timeline.writer.append([json.dumps(said).encode()], "test", atomic=True)
        until(lambda: folded(timeline))
        both.caught_up()
        until(lambda: "Mariam" in client.get(f"/v1/sources/{source}", headers=reader).text)
        both.standby.ask("SELECT pg_wal_replay_pause()")
        try:
            hidden = {"type": "SourceProtected", "source_id": source, "sensitive": True, "reason": "a threat"}
            found = timeline.writer.append([json.dumps(hidden).encode()], "test", atomic=True)
            assert found[0].refusal is None, found
            asked = answered(timeline)
            until(lambda: "Mariam" not in client.get(f"/v1/sources/{source}", headers=reader).text, seconds=5)
            assert answered(timeline) > asked
        finally:
            both.standby.ask("SELECT pg_wal_replay_resume()")


def test_a_standby_that_becomes_the_primary_loses_nothing_that_was_acknowledged() -> None:
    """With synchronous replication: the primary dies in the middle of writing, the standby is promoted, the service goes on."""
    with pair() as both:
        both.primary.set(synchronous_standby_names="*")
        chosen = Settings(database_url=both.either, replica_urls=both.standby.conninfo())
        with served_on(both, chosen) as (client, timeline):
            acknowledged, unsure = dict[UUID, int](), set[UUID]()
            stopping = threading.Event()

            def write() -> None:
                with httpx2.Client(base_url=client.base_url, timeout=30) as own:
                    while not stopping.is_set():
                        event_id = uuid4()
                        said = denial(event_id)
                        try:
                            found = own.post("/v1/events", json=said)
                        except httpx2.TransportError:
                            unsure.add(event_id)
                            continue
                        if found.status_code in (200, 201):
                            acknowledged[event_id] = found.json()["position"]
                        else:
                            assert found.status_code in (500, 503), found.text
                            unsure.add(event_id)
                            time.sleep(0.05)

            with ThreadPoolExecutor(4) as pool:
                writers = [pool.submit(write) for _ in range(4)]
                until(lambda: len(acknowledged) > 100)
                both.primary.stop()
                until(lambda: bool(unsure))
                before = len(acknowledged)
                both.standby.run("pg_ctl", "-D", str(both.standby.data), "promote", "-w")
                until(lambda: len(acknowledged) > before + 100, seconds=60)
                stopping.set()
                for one in writers:
                    one.result()
            with psycopg.connect(both.standby.conninfo()) as connection:
                held: dict[UUID, int] = dict(connection.execute("SELECT event_id, position FROM event").fetchall())
                [count, last] = connection.execute("SELECT count(*), max(position) FROM event").fetchone() or (0, 0)
            assert {one: held.get(one) for one in acknowledged} == acknowledged
            assert count == last
            assert reads_from(timeline) is None  # it was promoted: nothing is read from it as from a standby
            until(lambda: folded(timeline), seconds=60)
            assert [folded_anew(timeline, name) for name in ("current", "published")] == [[], []]
            print(f"{len(acknowledged):,} acknowledged, {len(unsure)} unsure, none lost")


def folded_anew(timeline: Timeline, name: str) -> list[str]:
    """What differs in a view from the log folded once more."""
    with Building(timeline.log, every=0.05):
        viewing.verify(timeline.log, name)
        until(lambda: (found := viewing.verification(timeline.log, name)[1]) and found.finished_at, seconds=60)
    found = viewing.verification(timeline.log, name)[1]
    assert found is not None
    assert found.error is None
    return list(found.differing or ())


def denial(event_id: UUID) -> dict[str, Any]:
    report = {"chain": ["saa-media"], "published_at": "2024-12-03T10:00:00Z", "credibility": 2}
    return {
        "type": "DevelopmentDenied",
        "event_id": str(event_id),
        "development_id": str(KNOWN),
        "report": report,
        "reason": f"no {event_id}",
    }


def test_behind_a_pooler_of_transactions_many_read_over_two_servers(both: Pair) -> None:
    """pgbouncer lends a server for one transaction: no named statement, no setting that stays, nobody waits for ever."""
    with fresh_database(both.primary.conninfo("postgres")) as database, pooler(both.standby, servers=2) as before:
        name = str(conninfo_to_dict(database)["dbname"])
        both.caught_up()
        chosen = Settings(database_url=database, replica_urls=make_conninfo(before, dbname=name), replica_pooled=True)
        with served_on(both, chosen) as (client, timeline):
            deny(client)
            until(lambda: folded(timeline))
            both.caught_up()
            head = timeline.log.head().position
            paths = [
                f"{path}{'&' if '?' in path else '?'}view={view}&known_position={head}&known_at=2024-12-20T00:00:00Z"
                for view in ("published",)
                for path in (STATUS, "/v1/status?at=2024-12-02T12:00:00Z", f"/v1/developments/{KNOWN}")
            ] + [STATUS.replace("status", "explain") + f"&known_position={head}"]
            right = {path: primary_only(timeline, client, path) for path in paths}
            assert [found.status_code for found in right.values()] == [200] * len(paths), right

            def read(number: int) -> list[str]:
                with httpx2.Client(base_url=client.base_url, timeout=60) as own:
                    found = [(path, own.get(path)) for path in paths * 5]
                return [
                    f"{one.status_code} {one.text} instead of {right[path].text}"
                    for path, one in found
                    if one.content != right[path].content
                ]

            asked = answered(timeline)
            with ThreadPoolExecutor(16) as pool:
                assert [wrong for each in pool.map(read, range(16)) for wrong in each] == []
            assert answered(timeline) == asked + 16 * 5 * len(paths)
            servers = both.standby.ask(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'")
            assert servers <= 2
            with psycopg.connect(make_conninfo(before, dbname=name), prepare_threshold=None) as other:
                left = other.execute("SELECT current_setting('statement_timeout'), current_setting('jit')").fetchone()
            assert left == ("0", "on")  # whoever else uses the pooler finds what the server began with


def primary_only(timeline: Timeline, client: httpx2.Client, path: str) -> httpx2.Response:
    """What the primary answers."""
    assert timeline.replicas is not None
    standby = timeline.replicas.standbys[0]
    for _ in range(20):
        before, standby.refusal = standby.answered, "a test asks the primary"
        found = client.get(path)
        standby.refusal = None
        if standby.answered == before:  # else it was looked at in between, and found well
            return found
    raise AssertionError("the standby answers always")


def test_a_stream_of_events_is_the_primarys(both: Pair) -> None:
    """A standby cannot LISTEN: whoever follows the log hears of an event at once, also while the standby lags."""
    with service(both, replica_lag_seconds=600) as (client, timeline):
        head = timeline.log.head().position
        both.standby.ask("SELECT pg_wal_replay_pause()")
        try:
            with client.stream("GET", f"/v1/events?after={head}", headers={"Accept": SSE}) as stream:
                position = deny(client)
                for line in stream.iter_lines():
                    if line.startswith("id:"):
                        assert int(line[3:]) == position
                        break
        finally:
            both.standby.ask("SELECT pg_wal_replay_resume()")


def test_settings_that_name_no_standby_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line that quotes no password."""
    monkeypatch.setenv("TIMELINE_REPLICA_URLS", "postgresql://me:hush@one,postgresql://me:hush@[two")
    with pytest.raises(UnusableSettings, match=r"TIMELINE_REPLICA_URLS: .*with commas between") as refused:
        settings()
    assert "hush" not in str(refused.value)


def test_a_standby_in_the_place_of_the_primary_is_refused(both: Pair) -> None:
    """In one line, with what to do."""
    with (
        pytest.raises(Unreachable, match=r"hot standby.*TIMELINE_REPLICA_URLS"),
        opened(Settings(database_url=both.standby.conninfo("postgres"))),
    ):
        pass

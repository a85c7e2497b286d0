"""What breaks under the service: connections cut in mid-request, backends ended, a database that is away, a full disk.

Each is told in a clear problem, nothing is half-written, and it goes on by itself when the cause is gone.
"""

import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from services.timeline import keeping
from services.timeline.composition import Following, opened
from services.timeline.composition import database as database_of
from services.timeline.embedded import embedded
from services.timeline.settings import Settings
from tests.acceptance.test_rest import Desk, served, small_world
from tests.conftest import fresh_database
from tests.integration.cutting import Proxy, proxy

Tree = dict[str, Any]


@contextmanager
def _desk_at(database: str) -> Iterator[Desk]:
    with opened(Settings(database_url=database)) as timeline, Following(timeline) as following:
        timeline.writer.append([json.dumps(one).encode() for one in small_world()], "test", atomic=True)
        with served(timeline, following) as client:
            before_long(lambda: bool(client.get("/readyz").json().get("lag") == 0))
            yield Desk(client, timeline)


@pytest.fixture
def cuttable(postgres_18: str) -> Iterator[tuple[Desk, Proxy, str]]:
    """A served small world whose every connection goes through a proxy; and a way past it."""
    with fresh_database(postgres_18) as direct:
        named = conninfo_to_dict(direct)
        with proxy(Path(str(named["host"])) / f".s.PGSQL.{named['port']}") as between:
            through = make_conninfo(direct, host="127.0.0.1", port=str(between.port))
            with _desk_at(through) as desk:
                yield desk, between, direct


def reports(count: int) -> list[Tree]:
    """Reports about a development of the small world, each under an id of its own."""
    report = {"chain": ["monitor"], "published_at": "2024-12-05T12:00:00Z", "credibility": 2}
    about = {"type": "DevelopmentCorroborated", "development_id": "00000000-0000-4000-8000-000000000001"}
    return [
        about | {"event_id": str(uuid4()), "report": report | {"url": f"https://example.org/{n}"}} for n in range(count)
    ]


def positions(direct: str) -> list[int]:
    """What the log holds, asked past the service."""
    with psycopg.connect(direct) as connection:
        return [row[0] for row in connection.execute("SELECT position FROM event ORDER BY position")]


def results(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line)["result"] for line in answer.text.splitlines()]


def problem(answer: httpx2.Response, status: int) -> Tree:
    """The problem that an answer is, told in one line."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"]
    said: Tree = answer.json()
    assert "\n" not in said["detail"]
    return said


def before_long(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up, "not before long"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("word", "answered", "recorded"),
    [(b"FROM log_head FOR UPDATE", False, False), (b"INSERT INTO event", False, False), (b"INSERT INTO event", True, False), (b"COMMIT", False, False), (b"COMMIT", True, True)],
    ids=["before the lock", "before the rows", "after the rows", "before the commit", "after the commit"],
)  # fmt: skip
def test_a_connection_cut_in_an_append_leaves_all_of_it_or_nothing(
    cuttable: tuple[Desk, Proxy, str], word: bytes, answered: bool, recorded: bool
) -> None:
    """503; posted again under the same ids, each event stands in the log once, also where only the answer was lost."""
    desk, _, direct = cuttable
    with opened(Settings(database_url=direct)) as other:
        other.writer.append([json.dumps(one).encode() for one in reports(1)], "other")
    results(desk.post_many(reports(1)))  # it finds that another appends too, and locks first from now on
    assert desk.get(f"/v1/status?min_position={desk.head()}").status_code == 200  # the follower has committed, too
    cut_and_posted_again(cuttable, word, answered=answered, recorded=recorded)


@pytest.mark.parametrize(
    ("word", "answered", "recorded"),
    [(b"AS wanted (id)", False, False), (b"INSERT INTO event", False, False), (b"INSERT INTO event", True, True)],
    ids=["before it looks", "before the rows", "after the rows"],
)
def test_a_connection_cut_where_nobody_else_appends_leaves_all_or_nothing(
    cuttable: tuple[Desk, Proxy, str], word: bytes, answered: bool, recorded: bool
) -> None:
    """The same where an append goes by the head that the last one left, and is one statement."""
    cut_and_posted_again(cuttable, word, answered=answered, recorded=recorded)


def cut_and_posted_again(cuttable: tuple[Desk, Proxy, str], word: bytes, *, answered: bool, recorded: bool) -> None:
    desk, between, direct = cuttable
    before, told = len(positions(direct)), reports(50)
    between.cut_at(word, answered=answered)
    said = problem(desk.post_many(told, "?atomic=true"), 503)

    assert between.cuts == 1
    assert "posted again" in said["detail"]
    assert len(positions(direct)) == before + (50 if recorded else 0)
    assert results(desk.post_many(told, "?atomic=true")) == (["already_there"] if recorded else ["appended"]) * 50
    assert positions(direct) == list(range(1, before + 51))
    assert desk.get(f"/v1/status?min_position={before + 50}").status_code == 200


def test_a_reading_that_is_cut_is_told_and_the_next_one_answered(cuttable: tuple[Desk, Proxy, str]) -> None:
    """And the follower goes on folding on a connection of its own."""
    desk, between, _ = cuttable
    for _ in range(3):
        between.cut()
        before_long(lambda: desk.get("/v1/locations/hama/status").status_code == 200)
    results(desk.post_many(reports(3)))
    before_long(lambda: desk.get(f"/v1/status?min_position={desk.head()}").status_code == 200)


def test_a_database_that_is_away_is_told_and_comes_back_by_itself(cuttable: tuple[Desk, Proxy, str]) -> None:
    """Questions and reports get a 503 in bounded time, the process says that it lives and is not ready; then all goes on."""
    desk, between, direct = cuttable
    before, told = len(positions(direct)), reports(5)
    between.refusing = True
    between.cut()
    began = time.monotonic()
    asked: list[httpx2.Response] = []
    asking = [
        threading.Thread(target=lambda: asked.append(desk.get("/v1/locations/hama/status"))),
        threading.Thread(target=lambda: asked.append(desk.post_many(told))),
        threading.Thread(target=lambda: asked.append(desk.get("/readyz"))),
    ]
    for one in asking:
        one.start()
    assert desk.get("/healthz").status_code == 200
    for one in asking:
        one.join()
    for answer in asked:
        problem(answer, 503)
    assert time.monotonic() - began < 20
    assert len(positions(direct)) == before

    between.refusing = False
    before_long(lambda: desk.get("/readyz").status_code == 200)
    assert results(desk.post_many(told)) == ["appended"] * 5
    before_long(lambda: desk.get(f"/v1/status?min_position={before + 5}").status_code == 200)


def test_backends_ended_under_many_writers_lose_nothing(postgres_18: str) -> None:
    """An administrator ends every connection, ten times or more; each report that was acknowledged stands once, in order."""
    with fresh_database(postgres_18) as direct, _desk_at(direct) as desk:
        acknowledged: list[str] = []
        stop, statuses = threading.Event(), set()

        def write() -> None:
            while not stop.is_set():
                [event] = reports(1)
                while True:
                    answer = desk.post(event)
                    statuses.add(answer.status_code)
                    if answer.status_code in (200, 201):
                        acknowledged.append(event["event_id"])
                        break

        writers = [threading.Thread(target=write) for _ in range(6)]
        for one in writers:
            one.start()
        with psycopg.connect(direct, autocommit=True) as administrator:
            for times in range(300):  # ten times, and on until one of them met an append under way
                if times >= 10 and 503 in statuses:
                    break
                time.sleep(0.15 if times < 10 else 0.02)
                administrator.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        stop.set()
        for one in writers:
            one.join()
        recorded = desk.timeline.log.read(0, limit=100_000)
        assert statuses <= {200, 201, 503}
        assert 503 in statuses
        assert [one.position for one in recorded] == list(range(1, len(recorded) + 1))
        ids = [str(one.event_id) for one in recorded]
        assert sorted(acknowledged) == sorted(ids[len(small_world()) :])
        before_long(lambda: desk.get(f"/v1/status?min_position={len(ids)}").status_code == 200)


# A full disk.


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A folder on a file system of its own, of 200 MB."""
    folder = Path(tempfile.mkdtemp(prefix="timeline-small-disk-"))
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200m,mode=0711", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode != 0:
        folder.rmdir()
        pytest.skip(f"may not mount a file system here: {made.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        shutil.rmtree(folder, ignore_errors=True)


def _fill(disk: Path, leave: int) -> Path:
    """A file that takes what room there is, but for so many bytes."""
    filler = disk / "filler"
    free = shutil.disk_usage(disk).free
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free - leave))
    return filler


def _write_much(database: str) -> None:
    """Two hundred megabytes into the log of changes alone."""
    with psycopg.connect(database, autocommit=True) as connection:
        for _ in range(200):
            connection.execute("SELECT pg_logical_emit_message(false, 'much', repeat('x', 1000000))")


def test_a_disk_without_room_for_the_log_of_changes_ends_postgresql_and_it_comes_back(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot even recover while the disk is full. With room again the service starts it by itself; nothing is lost."""
    monkeypatch.setattr(keeping, "LONGEST", 2.0)
    home = small_disk / "home"
    home.mkdir(mode=0o711)
    with database_of(Settings(home=home)) as database, _desk_at(database) as desk:
        told = reports(20)
        assert results(desk.post_many(told[:10], "?atomic=true")) == ["appended"] * 10
        filler = _fill(small_disk, leave=0)
        with pytest.raises(psycopg.OperationalError):
            _write_much(database)
        problem(desk.post_many(told, "?atomic=true"), 503)

        filler.unlink()
        before_long(lambda: desk.get("/readyz").status_code == 200, seconds=40)
        assert results(desk.post_many(told, "?atomic=true")) == ["already_there"] * 10 + ["appended"] * 10
        assert positions(database) == list(range(1, len(small_world()) + 21))


def test_a_full_disk_is_told_and_nothing_is_half_written(small_disk: Path) -> None:
    """507 for what would be written, answers for what is asked; with room again, the same reports are taken."""
    home = small_disk / "home"
    home.mkdir(mode=0o711)
    with embedded(home) as database, _desk_at(database) as desk:
        told = reports(200)
        for number, one in enumerate(told):
            one["report"]["url"] = f"https://example.org/{number}/{os.urandom(900).hex()}"
        filler = _fill(small_disk, leave=200_000)
        full: httpx2.Response | None = None
        taken = 0
        for begin in range(0, len(told), 20):
            answer = desk.post_many(told[begin : begin + 20], "?atomic=true")
            if answer.status_code != 200:
                full = answer
                break
            taken += 20
        assert full is not None, "the disk did not fill"
        said = problem(full, 507)
        assert "disk is full" in said["detail"]
        before = len(small_world()) + taken
        assert positions(database) == list(range(1, before + 1))
        assert desk.get("/v1/locations/hama/status").status_code == 200
        assert desk.get("/readyz").status_code == 200

        filler.unlink()
        again = desk.post_many(told, "?atomic=true")
        assert results(again) == ["already_there"] * taken + ["appended"] * (len(told) - taken)
        assert positions(database) == list(range(1, len(small_world()) + len(told) + 1))
        before_long(lambda: desk.get(f"/v1/status?min_position={len(small_world()) + len(told)}").status_code == 200)

"""`timeline keys` as an operator runs it, the service that is opened by what it makes, and the table that keeps it."""

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import psycopg
import pytest

from services.timeline import keys
from services.timeline.composition import opened
from services.timeline.settings import Settings
from tests.acceptance.test_cli import COMMAND, NOWHERE, assert_one_line, environment, run

ROLES = Path(__file__).parents[2] / "docker" / "roles.sql"
SOURCE = {"type": "SourceRegistered", "source_id": "x", "name": "X", "kind": "ngo"}


@contextmanager
def serving(database: str, *arguments: str) -> Iterator[str]:
    """The command `timeline serve`, and the port that it says."""
    with subprocess.Popen(
        [COMMAND, "serve", "--port", "0", *arguments],
        env=environment(database, {"TIMELINE_LOG_LEVEL": "error"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        found = re.search(r"http://[^ ]+:(\d+)", said)
        assert found, said
        try:
            yield found[1]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)


def bearing(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def migrated(each_database: str) -> str:
    with opened(Settings(database_url=each_database)):
        return each_database


def test_the_key_stands_alone_on_standard_output(database: str) -> None:
    """So that `KEY=$(timeline keys add …)` has it; all else is said beside it. It is not shown again."""
    made = run(database, "keys", "add", "desk", "--role", "reporter", "--role", "auditor", "--expires", "90d")
    listed = run(database, "keys", "list")

    assert made.returncode == 0
    assert re.fullmatch(r"tlk_[A-Za-z0-9_-]{43}\n", made.stdout)
    assert "desk" in made.stderr
    assert "reporter, auditor" in made.stderr
    assert made.stdout.strip() not in made.stderr + listed.stdout
    header, row = listed.stdout.splitlines()
    assert header.split() == ["id", "name", "roles", "made", "expires", "last", "used", "state"]
    ends = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
    assert re.fullmatch(rf" *[0-9a-f]{{12}} +desk +reporter, auditor +\S+ +{ends}T\S+Z +never +live *", row)


def test_a_key_is_made_used_and_revoked_while_the_service_runs(database: str) -> None:
    """On any address once there is one; the log says whose it was, the list on which day it was used."""
    key = run(database, "keys", "add", "desk", "--role", "reporter").stdout.strip()
    with (
        serving(database, "--host", "0.0.0.0") as port,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        assert client.post("/v1/events", json=SOURCE).status_code == 401
        assert client.post("/v1/events", json=SOURCE, headers=bearing(key)).status_code == 201
        read = client.get("/v1/events", headers=bearing(key)).json()
        assert read["events"][0]["recorded_by"] == "key:desk"
        late = run(database, "keys", "add", "late", "--role", "reader").stdout.strip()
        assert client.get("/v1/sources", headers=bearing(late)).status_code == 200

        row = run(database, "keys", "list").stdout.splitlines()[1].split()
        assert datetime.now(UTC).date().isoformat() in row
        revoked = run(database, "keys", "revoke", row[0])
        assert revoked.stdout.startswith(f"key {row[0]} of desk is revoked")
        ends = datetime.now(UTC) + timedelta(seconds=keys.FRESH + 1)
        while client.get("/v1/events", headers=bearing(key)).status_code != 401:
            assert datetime.now(UTC) < ends
    assert run(database, "keys", "revoke", row[0]).stdout.startswith(f"key {row[0]} of desk was revoked")
    assert "revoked" in run(database, "keys", "list").stdout


def test_without_a_live_key_no_address_but_loopback_is_served(database: str) -> None:
    """One line that says how to go on, exit 2; an issuer of tokens would do as well."""
    words = ("0.0.0.0", "loopback", "timeline keys add", "TIMELINE_OIDC_ISSUER")
    assert_one_line(run(database, "serve", "--host", "0.0.0.0"), 2, *words)
    run(database, "keys", "add", "desk", "--role", "admin")
    key_id = run(database, "keys", "list").stdout.splitlines()[1].split()[0]
    run(database, "keys", "revoke", key_id)
    assert_one_line(run(database, "serve", "--host", "0.0.0.0"), 2, *words)
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = str(taken.getsockname()[1])
        issuer = {"TIMELINE_OIDC_ISSUER": "https://issuer.invalid", "TIMELINE_OIDC_AUDIENCE": "timeline"}
        served = run(database, "serve", "--host", "0.0.0.0", "--port", port, **issuer)
        assert_one_line(served, 2, port, "--port")  # so far it came


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "desk"), ["--role"]),
        (("add", "desk", "--role", "king"), ["king", "reader, reporter, analyst, auditor, admin"]),
        (("add", "", "--role", "reader"), ["name"]),
        (("add", "a b", "--role", "reader"), ["a b"]),
        (("add", "x" * 65, "--role", "reader"), ["64"]),
        (("add", "desk", "--role", "reader", "--expires", "soon"), ["--expires", "soon"]),
        (("add", "desk", "--role", "reader", "--expires", "2024-01-01T00:00:00Z"), ["--expires", "passed"]),
        (("add", "desk", "--role", "reader", "--expires", "0d"), ["--expires", "passed"]),
        (("add", "desk", "--role", "reader", "--expires", "99999w"), []),
        (("revoke", "000000000000"), ["000000000000", "timeline keys list"]),
        (("revoke", "desk"), ["desk", "timeline keys list"]),
    ],
)
def test_bad_input_is_one_line_and_exit_2(database: str, arguments: tuple[str, ...], words: list[str]) -> None:
    """It names what was typed, and says what would do."""
    if "99999w" in arguments:  # two thousand years are no error
        assert run(database, "keys", *arguments).returncode == 0
        assert run(database, "keys", "list").returncode == 0
    else:
        assert_one_line(run(database, "keys", *arguments), 2, *words)


def test_a_name_means_one_key_at_a_time(database: str) -> None:
    """It can be given again once its key is revoked; the list keeps both."""
    assert run(database, "keys", "add", "desk", "--role", "reader").returncode == 0
    assert_one_line(run(database, "keys", "add", "desk", "--role", "admin"), 2, "desk", "revoke")
    key_id = run(database, "keys", "list").stdout.splitlines()[1].split()[0]
    run(database, "keys", "revoke", key_id)
    assert run(database, "keys", "add", "desk", "--role", "admin").returncode == 0
    assert len(run(database, "keys", "list").stdout.splitlines()) == 3


def test_without_a_database_keys_end_with_exit_3(database: str) -> None:
    """And without keys the list says so, beside an empty output."""
    assert_one_line(run(NOWHERE, "keys", "list"), 3, "127.0.0.1")
    empty = run(database, "keys", "list")
    assert (empty.returncode, empty.stdout) == (0, "")
    assert "timeline keys add" in empty.stderr


ATTACKS = (
    "UPDATE access_key SET roles = '{admin}'",
    "UPDATE access_key SET name = 'somebody-else'",
    "UPDATE access_key SET sha256 = sha256('x'), key_id = '000000000000'",
    "UPDATE access_key SET expires_at = NULL",
    "UPDATE access_key SET revoked_at = NULL",
    "UPDATE access_key SET revoked_at = now()",
    "UPDATE access_key SET created_at = now()",
    "DELETE FROM access_key",
    "TRUNCATE access_key",
    "INSERT INTO access_key (key_id, name, sha256, roles) VALUES ('000000000000', 'x', sha256('x'), '{}')",
    "INSERT INTO access_key (key_id, name, sha256, roles) VALUES ('000000000000', 'A:B', sha256('x'), '{admin}')",
)


def test_the_database_itself_keeps_keys_as_they_were_made(migrated: str) -> None:
    """They are revoked, for good, and nothing else."""
    with psycopg.connect(migrated, autocommit=True) as connection:
        _, key = keys.add(connection, "desk", ["reader"], datetime.now(UTC) + timedelta(days=1))
        keys.revoke(connection, key.key_id)
        before = keys.every(connection)
        for attack in ATTACKS:
            with pytest.raises(psycopg.Error):
                connection.execute(attack)
            assert keys.every(connection) == before, attack


def test_a_role_of_the_database_that_checks_keys_can_neither_make_nor_change_them(migrated: str) -> None:
    """And those who read the log see no hashes."""
    with psycopg.connect(migrated, autocommit=True) as connection:
        connection.execute(ROLES.read_bytes())
        keys.add(connection, "desk", ["reader"], None)
        connection.execute("SET ROLE timeline_access")
        assert [key.name for key in keys.every(connection)] == ["desk"]
        connection.execute("UPDATE access_key SET last_used = current_date")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE access_key SET revoked_at = now()")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            keys.add(connection, "mine", ["admin"], None)
        for role in ("timeline_read", "timeline_append", "timeline_follow"):
            connection.execute("RESET ROLE")
            connection.execute(f"SET ROLE {role}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                keys.every(connection)


def test_a_key_is_found_by_its_hash_and_compared_in_constant_time(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that is compared tells anything about a key by the time that it takes."""
    compared: list[tuple[bytes, bytes]] = []

    def compare_digest(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    with opened(Settings(database_url=database)) as timeline:
        with timeline.log.pool.connection() as connection:
            secret, key = keys.add(connection, "desk", ["reader"], None)
        timeline.keys.refresh(within=0)
        monkeypatch.setattr("services.timeline.keys.hmac.compare_digest", compare_digest)
        assert timeline.keys.find(secret) == key
        assert compared == [(key.sha256, keys.digest(secret))]
        assert timeline.keys.find(secret[:-1]) is None
        assert secret not in repr(vars(timeline.keys))

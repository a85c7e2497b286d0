"""A primary and its hot standby, from the embedded PostgreSQL's own programs: to be lagged, cut off, killed and promoted."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from services.timeline.embedded_place import Embedded, place_for
from tests.integration.embedded_programs_for_tests import until

NAME = "timeline"
USER = "owner"

#: Small and quick: nothing here outlives a test, so nothing is synced to disk.
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "shared_buffers": "32MB",
    "max_connections": "80",
    "max_wal_senders": "4",
    "timezone": "UTC",
    "hot_standby": "on",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "200ms",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """One server: its data, and the port that its socket is named after."""

    place: Embedded
    programs: Path
    folder: Path
    port: int

    @property
    def data(self) -> Path:
        return self.folder / f"data-{self.port}"

    def conninfo(self, dbname: str = NAME, **more: Any) -> str:
        return make_conninfo(host=str(self.folder), port=self.port, user=USER, dbname=dbname, **more)

    def run(self, program: str, *arguments: str) -> None:
        """One of PostgreSQL's programs, as the account that may."""
        made = self.place.account.run([str(self.programs / program), *arguments], new_session=True)
        assert made.returncode == 0, (program, made.stderr.decode(), made.stdout.decode())

    def start(self) -> None:
        log = str(self.folder / f"log-{self.port}")
        self.run("pg_ctl", "-D", str(self.data), "-l", log, "-w", "-t", "60", "start")

    def stop(self, how: str = "immediate") -> None:
        """By default as a crash: no process of it says goodbye."""
        self.run("pg_ctl", "-D", str(self.data), "-m", how, "-w", "stop")

    def ask(self, *statements: str) -> Any:
        """What the last statement answers, its first column."""
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            for one in statements:
                cursor = connection.execute(one.encode())
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    def set(self, **settings: str) -> None:
        """Change settings, at once."""
        self.ask(
            *(f"ALTER SYSTEM SET {name} = '{value}'" for name, value in settings.items()), "SELECT pg_reload_conf()"
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """A primary and the standby that follows it."""

    primary: Cluster
    standby: Cluster

    def caught_up(self) -> None:
        """Wait until the standby has replayed all that the primary wrote."""
        written = self.primary.ask("SELECT pg_current_wal_flush_lsn()::text")
        until(lambda: self.standby.ask(f"SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn"))

    @property
    def either(self) -> str:
        """How to connect to whichever of the two takes writes."""
        first, other = self.primary, self.standby
        return make_conninfo(
            host=f"{first.folder},{other.folder}", port=f"{first.port},{other.port}", user=USER, dbname=NAME,
            target_session_attrs="read-write", connect_timeout=3,
        )  # fmt: skip


@contextmanager
def pair() -> Iterator[Pair]:
    """Two servers, the second replicating the first; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tlr-", dir="/tmp"))  # a short path: a socket's has at most 107 bytes
    folder.chmod(0o711)
    home = folder / "home"
    home.mkdir(mode=0o711)
    place = place_for(home)
    there = folder / "servers"
    there.mkdir(mode=0o700)
    place.account.own(there)
    programs = place.programs()
    both = Pair(Cluster(place, programs, there, 5501), Cluster(place, programs, there, 5502))
    try:
        _create(both.primary)
        both.primary.start()
        both.primary.run("createdb", "-h", str(there), "-p", "5501", "-U", USER, NAME)
        _copy(both)
        both.standby.start()
        both.caught_up()
        yield both
    finally:
        for one in (both.standby, both.primary):
            if (one.data / "postmaster.pid").exists():
                one.place.account.run([str(programs / "pg_ctl"), "-D", str(one.data), "-m", "immediate", "-w", "stop"])
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(place.base, ignore_errors=True)


def _create(primary: Cluster) -> None:
    primary.run("initdb", "-D", str(primary.data), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync")
    _settings(primary)


def _settings(cluster: Cluster) -> None:
    said = "".join(f"{name} = '{value}'\n" for name, value in _SETTINGS.items())
    said += f"port = {cluster.port}\nunix_socket_directories = '{cluster.folder}'\n"
    path = cluster.data / "postgresql.conf"
    path.write_text(path.read_text() + said)
    if os.geteuid() == 0:
        cluster.place.account.own(path)


def _copy(both: Pair) -> None:
    """The standby as a base backup, with its own port, that streams from the primary."""
    first, other = both.primary, both.standby
    first.run(
        "pg_basebackup", "-D", str(other.data), "-h", str(first.folder), "-p", str(first.port), "-U", USER,
        "-c", "fast", "-X", "stream", "-R", "--no-sync",
    )  # fmt: skip
    _settings(other)


@contextmanager
def pooler(server: Cluster, servers: int) -> Iterator[str]:
    """Debian's pgbouncer before a server, lending each of so many connections for one transaction; how to connect to it."""
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    if not Path(program).exists():
        pytest.skip("Debian's pgbouncer is not installed")
    folder, port = server.folder, 6501
    users, written = folder / "users.txt", folder / "pgbouncer.ini"
    users.write_text(f'"{USER}" ""\n')
    written.write_text(
        f"[databases]\n* = host={folder} port={server.port} user={USER}\n[pgbouncer]\n"
        f"unix_socket_dir = {folder}\nlisten_addr =\nlisten_port = {port}\nauth_type = trust\nauth_file = {users}\n"
        f"pool_mode = transaction\ndefault_pool_size = {servers}\nmax_client_conn = 200\n"
        f"pidfile = {folder}/pgbouncer.pid\nlogfile = {folder}/pgbouncer.log\nserver_lifetime = 0\n"
    )
    for path in (users, written):
        server.place.account.own(path)
    made = server.place.account.run([program, "-q", "-d", str(written)], new_session=True)
    assert made.returncode == 0, made.stderr.decode()
    until((folder / f".s.PGSQL.{port}").exists)
    try:
        yield make_conninfo(host=str(folder), port=port, user=USER)
    finally:
        os.kill(int((folder / "pgbouncer.pid").read_text()), signal.SIGINT)
        until(lambda: not (folder / "pgbouncer.pid").exists())

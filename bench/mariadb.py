"""The whole map out of MariaDB's bitemporal tables: application time beside system versioning, as fast as it can be made.

The entries of the map stand in the rows as ready fragments, indexes cover the search, and joining is done in SQL. Several
statements are tried on the loaded table and the fastest is kept. The server is Debian's `mariadb-server`, on a socket in
a folder of its own, as the user `mysql` where root runs it.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pymysql

from bench.whole_map_rows import TAIL, AnswerRow, Head, fastest, no_head

_SERVER, _INSTALL = "mariadbd", "mariadb-install-db"

#: The system time of position 0; MariaDB's TIMESTAMP holds microseconds, so a position is one of them.
_POSITION_0 = datetime(2000, 1, 1)  # noqa: DTZ001  (the server's zone is UTC, and its literals have no offset)
_OPEN = "2038-01-19 03:14:07.999999"  # what MariaDB writes as the end of the system time of a current row
_EVER, _NEVER = "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"

_TABLE = """
CREATE TABLE answer (
    location INT UNSIGNED NOT NULL,
    valid_from DATETIME(6) NOT NULL,
    valid_until DATETIME(6) NOT NULL,
    known_from TIMESTAMP(6) GENERATED ALWAYS AS ROW START,
    known_until TIMESTAMP(6) GENERATED ALWAYS AS ROW END,
    fragment VARBINARY(60000) NOT NULL,
    PERIOD FOR valid (valid_from, valid_until),
    PERIOD FOR SYSTEM_TIME (known_from, known_until),
    PRIMARY KEY (location, valid_from, known_until)
) ENGINE=InnoDB WITH SYSTEM VERSIONING"""

_SEARCH = "CREATE INDEX search ON answer (location, valid_from, valid_until, known_from, known_until)"
_PLACES = (
    "CREATE TABLE place (location INT UNSIGNED PRIMARY KEY) SELECT DISTINCT location FROM answer FOR SYSTEM_TIME ALL"
)

_THEN = "answer FOR SYSTEM_TIME AS OF TIMESTAMP'{known}'"
_HOLDS = "valid_from <= '{at}' AND valid_until > '{at}'"
_JOINED = "GROUP_CONCAT({what} ORDER BY {by} SEPARATOR ',')"
_BY_PLACE = (
    f"(SELECT fragment FROM {_THEN} AS a USE INDEX ({{index}}) WHERE a.location = place.location AND a.{_HOLDS} "
    "ORDER BY a.valid_from DESC LIMIT 1)"
)


def _by_place(index: str) -> str:
    what = _BY_PLACE.replace("{index}", index)
    return f"SELECT {_JOINED.format(what=what, by='place.location')} FROM place"


#: Ways to ask: all rows once, or each place by itself; along the table, or along the index that has all but the fragments.
_STATEMENTS = {
    "one scan of the table": (
        f"SELECT {_JOINED.format(what='fragment', by='location')} FROM {_THEN} USE INDEX (PRIMARY) WHERE {_HOLDS}"
    ),
    "one scan of the index": (
        f"SELECT {_JOINED.format(what='fragment', by='location')} FROM {_THEN} FORCE INDEX (search) WHERE {_HOLDS}"
    ),
    "a look a place along the table": _by_place("PRIMARY"),
    "a look a place along the index": _by_place("search"),
}


def installed() -> bool:
    """Whether Debian's server is here; the measurement is skipped, with a line, where it is not."""
    return shutil.which(_SERVER) is not None and shutil.which(_INSTALL) is not None


if TYPE_CHECKING:
    Connection = pymysql.Connection[pymysql.cursors.Cursor]


class MariaDb:
    """Answers as bitemporal rows, and the whole map made of them.

    Attributes:
        chosen: The name of the statement that was the fastest.
    """

    def __init__(self, connection: "Connection", folder: Path, head: Head) -> None:
        self._connection, self._folder, self._head = connection, folder, head
        self.chosen = next(iter(_STATEMENTS))

    def load(self, rows: Iterable[AnswerRow], moments: Sequence[tuple[datetime, int]] = ()) -> None:
        """Bring the rows in by LOAD DATA, with their history, and find the fastest statement on some moments."""
        path = self._folder / "rows.tsv"
        with path.open("wb") as file:
            file.writelines(map(_line, rows))
        path.chmod(0o644)
        self._run(_TABLE)
        self._run("SET @@system_versioning_insert_history = 1")
        self._run(
            f"LOAD DATA INFILE '{path}' INTO TABLE answer CHARACTER SET binary "
            "(location, valid_from, valid_until, known_from, known_until, fragment)"
        )
        path.unlink()
        for statement in (_SEARCH, _PLACES, "ANALYZE TABLE answer", "ANALYZE TABLE place"):
            self._run(statement)
        if moments:
            self.chosen = fastest(_STATEMENTS, self._ask, moments)

    def whole_map(self, at: datetime, known: int) -> bytes:
        return self._ask(_STATEMENTS[self.chosen], at, known)

    def by_each_statement(self, at: datetime, known: int) -> dict[str, bytes]:
        """The same map in every way that is tried."""
        return {name: self._ask(statement, at, known) for name, statement in _STATEMENTS.items()}

    def _ask(self, statement: str, at: datetime, known: int) -> bytes:
        with self._connection.cursor() as cursor:
            cursor.execute(statement.format(at=_moment(at, ""), known=_position(known)))
            row = cursor.fetchone()
        found: bytes | None = row[0] if row else None
        return self._head(at, known) + (found or b"") + TAIL

    def _run(self, statement: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            cursor.fetchall()


@contextmanager
def mariadb(head: Head = no_head, memory: str = "2G") -> Iterator[MariaDb]:
    """A server of its own, which ends with the block, and an empty database on it.

    Args:
        memory: For its pages; enough to hold all that is measured.
    """
    folder = Path(tempfile.mkdtemp(prefix="tl-maria-", dir="/tmp"))  # a socket's path has at most 107 bytes
    try:
        with _server(folder, memory) as connection:
            yield MariaDb(connection, folder, head)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(folder: Path, memory: str) -> Iterator["Connection"]:
    as_user: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "mysql", "mysql")
        as_user = ["setpriv", "--reuid=mysql", "--regid=mysql", "--clear-groups"]
    data = f"--datadir={folder}/data"
    subprocess.run(
        [*as_user, _INSTALL, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    options = [
        f"--socket={folder}/socket", f"--pid-file={folder}/pid", "--skip-networking", f"--innodb-buffer-pool-size={memory}",
        "--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite", "--group-concat-max-len=1073741824",
        "--max-allowed-packet=1G", "--default-time-zone=+00:00", "--character-set-server=binary", "--secure-file-priv=",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*as_user, _SERVER, "--no-defaults", data, *options], stdout=log, stderr=log, cwd=folder
        )
    try:
        with _connected(process, folder) as connection:
            yield connection
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _connected(process: "subprocess.Popen[bytes]", folder: Path) -> "Connection":
    give_up = time.monotonic() + 60
    while not _listens(folder / "socket"):
        if process.poll() is not None or time.monotonic() > give_up:
            said = (folder / "log").read_text(errors="replace")[-500:]
            raise RuntimeError(f"MariaDB did not start: {said}")
        time.sleep(0.1)
    connection = pymysql.connect(unix_socket=f"{folder}/socket", user="root", charset="utf8mb4", autocommit=True)
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE bench")
        cursor.execute("USE bench")
    return connection


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as trying:
        return trying.connect_ex(str(path)) == 0


def _line(row: AnswerRow) -> bytes:
    fragment = row.fragment.replace(b"\\", b"\\\\").replace(b"\t", b"\\t").replace(b"\n", b"\\n").replace(b"\0", b"\\0")
    known_until = _OPEN if row.known_until is None else _position(row.known_until)
    values = str(row.location), _moment(row.valid_from, _EVER), _moment(row.valid_until, _NEVER)
    return "\t".join((*values, _position(row.known_from or 0), known_until, "")).encode() + fragment + b"\n"


def _moment(moment: datetime | None, otherwise: str) -> str:
    return otherwise if moment is None else moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def _position(position: int) -> str:
    return (_POSITION_0 + timedelta(microseconds=position)).isoformat(" ", "microseconds")

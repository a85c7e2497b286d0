"""Checkpoints brought to a time-stamping authority (RFC 3161), and the thread that does so now and then."""

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Self

import psycopg
import structlog
from psycopg import Connection

from events.log import Pool
from services.timeline.audit import stamps, stored
from services.timeline.audit.signing import CannotSign
from services.timeline.audit.stamps import StampRefused
from services.timeline.audit.stored import Kept
from services.timeline.settings import Settings

logger = structlog.get_logger(__name__)

#: An authority may take so many seconds; its answer has no more bytes than this.
PATIENCE: Final = 20.0
MOST_BYTES: Final = 1 << 20

#: Seconds from one look at whether a stamp is due to the next.
LOOK: Final = 5.0


class Stamped(NamedTuple):
    """A checkpoint and the stamp that it has, if any."""

    kept: Kept
    stamp: bytes | None


def stamp(connection: Connection[Any], kept: Kept, authority: str) -> bytes:
    """Have a checkpoint stamped, and keep the stamp; the one that there is where it was stamped before.

    Raises:
        CannotSign: the authority refuses, does not answer, or answers with what is no stamp of this checkpoint.
    """
    found = connection.execute("SELECT stamp FROM log_stamp WHERE size = %b::bigint", [kept.size]).fetchone()
    if found is not None:
        return bytes(found[0])
    note = kept.note.encode()
    made = _ask(authority, stamps.request(note))
    try:
        stamps.stamped_at(made, note)
    except StampRefused as error:
        raise CannotSign(f"the time-stamping authority at {authority}: {error}") from None
    connection.execute(
        "INSERT INTO log_stamp (size, authority, stamp) VALUES (%b::bigint, %b::text, %b::bytea) ON CONFLICT DO NOTHING",
        [kept.size, authority, made],
    )
    return made


def stamped(connection: Connection[Any], at_least: int) -> Iterator[Stamped]:
    """The stamped checkpoints over at least so many events, those over fewest first: the oldest time that can be shown."""
    rows = connection.execute(
        "SELECT size, note, stamp FROM log_stamp JOIN log_checkpoint USING (size) WHERE size >= %b::bigint ORDER BY size",
        [at_least],
    )
    for size, note, made in rows:
        yield Stamped(Kept(size, note), bytes(made))


class Stamping:
    """Has the newest checkpoint stamped now and then, where an authority is set; a stamp that fails is tried again."""

    def __init__(self, pool: Pool, chosen: Settings) -> None:
        self._pool = pool
        self._authority = chosen.tsa_url
        self._seconds = chosen.tsa_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stamping", daemon=True)

    def __enter__(self) -> Self:
        if self._authority is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=PATIENCE)

    def _run(self) -> None:
        due, size = 0.0, 0
        while not self._stopping.wait(min(LOOK, self._seconds)):
            if time.monotonic() < due:
                continue
            try:
                size = self._stamp_newer(size)
            except (CannotSign, psycopg.Error) as error:
                logger.warning("no time stamp", reason=str(error), again_in_seconds=self._seconds)
            due = time.monotonic() + self._seconds

    def _stamp_newer(self, size: int) -> int:
        assert self._authority is not None
        with self._pool.connection() as connection:
            kept = stored.latest(connection, size + 1)
            if kept is not None:
                stamp(connection, kept, self._authority)
        return kept.size if kept is not None else size


def _ask(authority: str, request: bytes) -> bytes:
    if not authority.startswith(("http://", "https://")):
        raise CannotSign(f"{authority}: a time-stamping authority is asked over http or https")
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    asked = urllib.request.Request(authority, request, headers, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:  # noqa: S310  (checked above)
            made: bytes = answer.read(MOST_BYTES)
    except urllib.error.HTTPError as error:
        raise CannotSign(f"the time-stamping authority at {authority} answers {error.code}") from None
    except OSError as error:
        raise CannotSign(f"the time-stamping authority at {authority} does not answer: {error}") from None
    return made

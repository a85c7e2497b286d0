"""Keys of access: 256 random bits, shown once; the table that keeps their hashes; a memory that asks it now and then.

A key is sent as `Authorization: Bearer tlk_…`. It is looked up by its SHA-256, so that nothing that is compared tells
anything about a key by the time that it takes.
"""

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import psycopg
import structlog
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import PoolTimeout

from events.log import Pool
from services.timeline.access import ROLES, Principal, Role, known_roles

logger = structlog.get_logger(__name__)

PREFIX = "tlk_"

#: A revoked key is refused, and a new one known, after at most so many seconds.
FRESH = 2.0

#: Where a key is unknown the table is read at once, since it may be new; but no more often than this, for guesses.
BETWEEN_UNKNOWN = 0.2

#: The table is waited for so many seconds where the database is away.
PATIENCE = 3.0

#: While one request reads the table again, others go on with what was read, if it is no older than this.
STALE = 5.0

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}\Z")

_COLUMNS = "key_id, name, sha256, roles, created_at, expires_at, revoked_at, last_used"


class UnusableKey(ValueError):
    """A key that cannot be made or is not there; one line for people."""


@dataclass(frozen=True, slots=True)
class Key:
    """A row of the table: what is known of a key, without the key."""

    key_id: str
    name: str
    sha256: bytes
    roles: frozenset[Role]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used: date | None

    @property
    def principal(self) -> Principal:
        return Principal(f"key:{self.name}", self.roles)

    def live(self, now: datetime) -> bool:
        """Whether it opens anything at a moment."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def digest(secret: str) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(secret.encode()).digest()


def add(
    connection: Connection[TupleRow], name: str, roles: Collection[Role], expires_at: datetime | None
) -> tuple[str, Key]:
    """Make a key: the key itself, which is kept nowhere, and its row.

    Raises:
        UnusableKey: a name that will not do or that an unrevoked key has, no role, or an expiry that has passed.
    """
    if not _NAME.match(name):
        said = "a name has at most 64 lower-case letters, digits, '.', '_', '-' and '@', and begins with one of the first two"
        raise UnusableKey(f"{name!r}: {said}")
    if not roles:
        raise UnusableKey(f"a key without a role opens nothing: give --role, one of {', '.join(ROLES)}")
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise UnusableKey(f"--expires {expires_at:%Y-%m-%dT%H:%M:%SZ} has passed already")
    secret = PREFIX + secrets.token_urlsafe(32)
    sha256 = digest(secret)
    said = f"INSERT INTO access_key (key_id, name, sha256, roles, expires_at) VALUES (%s, %s, %b, %s, %s) RETURNING {_COLUMNS}"
    ordered = [role for role in ROLES if role in roles]
    try:
        row = connection.execute(said, [sha256.hex()[:12], name, sha256, ordered, expires_at]).fetchone()
    except psycopg.errors.UniqueViolation:
        raise UnusableKey(f"{name}: there is a key of this name; revoke it first, or take another name") from None
    assert row is not None
    return secret, _key(row)


def every(connection: Connection[TupleRow]) -> list[Key]:
    """Every key that was ever made, in the order of their making."""
    return [_key(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM access_key ORDER BY created_at, key_id")]


def revoke(connection: Connection[TupleRow], key_id: str) -> tuple[Key, bool]:
    """Revoke a key for good; its row, and whether that was done now rather than before.

    Raises:
        UnusableKey: no key has this id.
    """
    said = f"UPDATE access_key SET revoked_at = clock_timestamp() WHERE key_id = %s AND revoked_at IS NULL RETURNING {_COLUMNS}"
    row = connection.execute(said, [key_id]).fetchone()
    if row is not None:
        return _key(row), True
    row = connection.execute(f"SELECT {_COLUMNS} FROM access_key WHERE key_id = %s", [key_id]).fetchone()
    if row is None:
        raise UnusableKey(f"{key_id!r}: no key has this id; `timeline keys list` shows them")
    return _key(row), False


def _key(row: TupleRow) -> Key:
    key_id, name, sha256, roles, created_at, expires_at, revoked_at, last_used = row
    return Key(key_id, name, bytes(sha256), known_roles(roles), created_at, expires_at, revoked_at, last_used)


class Keys:
    """The keys as a process remembers them: all at once, read again when what was read is no longer fresh.

    There are few keys and many requests, so requests ask the memory, and a guess never reaches the database.
    """

    def __init__(self, pool: Pool, *others: Pool, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            others: Standbys, which are asked where the primary is away: what is revoked is known there a little later.
        """
        self._pool, self._others = pool, others
        self._clock = clock
        self._reading = threading.Lock()
        self._held: Mapping[bytes, Key] = {}
        self._read_at = float("-inf")
        self._looked_again_at = float("-inf")
        self._noted: dict[bytes, date] = {}

    def fresh(self, within: float = FRESH) -> bool:
        """Whether what is remembered was read in the last so many seconds."""
        return self._clock() - self._read_at <= within

    def refresh(self, within: float = FRESH) -> None:
        """Read the table again unless what is remembered is fresh. Blocks.

        Raises:
            psycopg.OperationalError: the database does not answer; what is remembered is not used any longer.
        """
        if self.fresh(within) or not self._reading.acquire(blocking=not self.fresh(STALE)):
            return
        try:
            if self.fresh(within):
                return
            began = self._clock()
            self._held = {key.sha256: key for key in self._every()}
            self._read_at = began
        finally:
            self._reading.release()

    def _every(self) -> list[Key]:
        """The table, from the first database that answers."""
        failure: Exception | None = None
        for pool in (self._pool, *self._others):
            try:
                # What is asked for waits for the database too, by itself: the check takes a part of its patience only.
                with pool.connection(timeout=PATIENCE / (1 + len(self._others))) as connection:
                    return every(connection)
            except (psycopg.OperationalError, PoolTimeout) as error:
                failure = failure or error
        assert failure is not None
        raise failure

    def may_look_again(self) -> bool:
        """Whether the table may be read for an unknown key; yes is said to one, and then to nobody for a while."""
        now = self._clock()
        if now - self._looked_again_at < BETWEEN_UNKNOWN:
            return False
        self._looked_again_at = now
        return True

    def any_made(self) -> bool:
        """Whether a key was ever made: from then on credentials are needed, also when the last one is gone."""
        return bool(self._held)

    def any_live(self) -> bool:
        """Whether there is a key that opens anything now."""
        now = datetime.now(UTC)
        return any(key.live(now) for key in self._held.values())

    def find(self, secret: str) -> Key | None:
        """The live key that somebody presents, from what is remembered."""
        sha256 = digest(secret)
        key = self._held.get(sha256)
        if key is None or not hmac.compare_digest(key.sha256, sha256) or not key.live(datetime.now(UTC)):
            return None
        return key

    def used_today(self, key: Key) -> bool:
        """Whether it stands in the table already that a key is used today."""
        today = datetime.now(UTC).date()
        return key.last_used == today or self._noted.get(key.sha256) == today

    def note_use(self, key: Key) -> None:
        """Let the table say that a key is used today: once a day and process. Blocks; a failure stops no request."""
        today = datetime.now(UTC).date()
        self._noted[key.sha256] = today
        said = "UPDATE access_key SET last_used = %s WHERE key_id = %s AND (last_used IS NULL OR last_used < %s)"
        try:
            with self._pool.connection() as connection:
                connection.execute(said, [today, key.key_id, today])
        except psycopg.Error as error:
            logger.warning("the day of a key's last use was not noted", key=key.key_id, error=str(error))

"""Webhooks and their outbox in the database: who is sent what, what is due, and what became of it.

The log is contiguous, so an outbox of positions is enough: an entry is put in for each event that a webhook wants, in the order of the
log, before anything is sent, and marked after. Of each webhook only the first waiting entry is due, so what comes, comes in order;
one that was tried too often is `dead`, stays to be seen, and lets the next one by.
"""

import base64
import random
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, get_args
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from events.codec import STORED_NAMES
from events.shape import EVENT_TYPES

State = Literal["waiting", "delivered", "dead"]
STATES: Final[tuple[State, ...]] = get_args(State)

#: So many webhooks a log may have, and so many entries may wait for one: the log itself keeps the rest.
MOST: Final = 100
MOST_WAITING: Final = 500

#: After a failure it is tried again in so many seconds, twice as many after each further one, but no more than these; then it is dead.
FIRST_WAIT, LONGEST_WAIT, ATTEMPTS = 5.0, 3600.0, 15

#: What was delivered is kept to be seen for so many days.
KEEP_DAYS: Final = 7

Database = Connection[TupleRow]


class TooMany(ValueError):
    """As many webhooks as may be."""


class NoWebhook(LookupError):
    """A webhook, or an entry of its outbox, that is not there."""


class Webhook(NamedTuple):
    """Whom events are sent to.

    Attributes:
        types: The types of event that are wanted; None for all.
        queued: Events up to this position are in the outbox, or not wanted.
        stopped: Why nothing is sent any more; None while it is.
        waiting, dead: So many entries of the outbox.
    """

    webhook_id: UUID
    url: str
    description: str
    types: list[str] | None
    queued: int
    created_at: datetime
    created_by: str
    stopped: str | None
    waiting: int
    dead: int


class Delivery(NamedTuple):
    """An entry of the outbox: an event for a webhook, how often it was tried, and what came of the last time."""

    position: int
    event_id: UUID
    state: State
    attempts: int
    due: datetime
    status: int | None
    error: str | None
    tried_at: datetime | None


class Due(NamedTuple):
    """What is to be sent now, and how to sign it."""

    webhook_id: UUID
    url: str
    secret: str
    position: int
    attempts: int


_SELECT = (
    "SELECT webhook_id, url, description, types, queued, created_at, created_by, stopped, "
    "(SELECT count(*) FROM webhook_delivery d WHERE d.webhook_id = w.webhook_id AND state = 'waiting'), "
    "(SELECT count(*) FROM webhook_delivery d WHERE d.webhook_id = w.webhook_id AND state = 'dead') FROM webhook w"
)


def add(
    connection: Database, url: str, description: str, types: Collection[str] | None, after: int | None, created_by: str
) -> tuple[Webhook, str]:
    """Make a webhook; it, and the secret that signs what is sent to it, which is told at no other time.

    Args:
        after: Events after this position are sent; None: those recorded from now on.

    Raises:
        TooMany: there are as many as may be.
    """
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    row = connection.execute(
        "INSERT INTO webhook (url, description, types, secret, queued, created_by) "
        "SELECT %s, %s, %s, %s, coalesce(%s::bigint, position), %s FROM log_head "
        "WHERE (SELECT count(*) FROM webhook) < %s RETURNING webhook_id",
        [url, description, sorted(types) if types else None, secret, after, created_by, MOST],
    ).fetchone()
    if row is None:
        raise TooMany(f"there are {MOST} webhooks already; remove one first")
    return find(connection, row[0]), secret


def every(connection: Database) -> list[Webhook]:
    """Every webhook, in the order of their making."""
    return [Webhook(*row) for row in connection.execute(f"{_SELECT} ORDER BY created_at, webhook_id")]


def find(connection: Database, webhook_id: UUID) -> Webhook:
    """One webhook.

    Raises:
        NoWebhook: there is none with this id.
    """
    row = connection.execute(f"{_SELECT} WHERE webhook_id = %s", [webhook_id]).fetchone()
    if row is None:
        raise NoWebhook(f"there is no webhook {webhook_id}")
    return Webhook(*row)


def remove(connection: Database, webhook_id: UUID) -> Webhook:
    """Remove a webhook with its outbox; what it was.

    Raises:
        NoWebhook: there is none with this id.
    """
    found = find(connection, webhook_id)
    connection.execute("DELETE FROM webhook WHERE webhook_id = %s", [webhook_id])
    return found


def resume(connection: Database, webhook_id: UUID) -> Webhook:
    """Send to a webhook again, at once.

    Raises:
        NoWebhook: there is none with this id.
    """
    find(connection, webhook_id)
    with connection.transaction():
        connection.execute("UPDATE webhook SET stopped = NULL WHERE webhook_id = %s", [webhook_id])
        said = "UPDATE webhook_delivery SET due = clock_timestamp() WHERE webhook_id = %s AND state = 'waiting'"
        connection.execute(said, [webhook_id])
    return find(connection, webhook_id)


_DELIVERY = "position, event_id, state, attempts, due, status, error, tried_at FROM webhook_delivery JOIN event USING (position)"


def deliveries(
    connection: Database, webhook_id: UUID, state: State | None, after: int, limit: int
) -> Sequence[Delivery]:
    """Entries of a webhook's outbox after a position, in the order of the log.

    Raises:
        NoWebhook: there is none with this id.
    """
    find(connection, webhook_id)
    rows = connection.execute(
        f"SELECT {_DELIVERY} WHERE webhook_id = %s AND position > %s AND (%s::text IS NULL OR state = %s) "
        "ORDER BY position LIMIT %s",
        [webhook_id, after, state, state, limit],
    )
    return [Delivery(*row) for row in rows]


def retry(connection: Database, webhook_id: UUID, position: int) -> Delivery:
    """Let an entry that is dead, or waits, be tried at once, with as many attempts as a new one.

    Raises:
        NoWebhook: there is no such entry.
    """
    connection.execute(
        "UPDATE webhook_delivery SET state = 'waiting', attempts = 0, due = clock_timestamp() "
        "WHERE webhook_id = %s AND position = %s AND state <> 'delivered'",
        [webhook_id, position],
    )
    said = f"SELECT {_DELIVERY} WHERE webhook_id = %s AND position = %s"
    row = connection.execute(said, [webhook_id, position]).fetchone()
    if row is None:
        raise NoWebhook(f"webhook {webhook_id} was sent no event at position {position}")
    return Delivery(*row)


def queue(connection: Database) -> int:
    """Put into the outbox what was recorded since, a bounded part for each webhook; so many entries were put in."""
    found = connection.execute(
        "SELECT webhook_id, types, queued, least(position, queued + %s) FROM webhook w, log_head "
        "WHERE stopped IS NULL AND queued < position AND %s > "
        "(SELECT count(*) FROM webhook_delivery d WHERE d.webhook_id = w.webhook_id AND state = 'waiting')",
        [MOST_WAITING, MOST_WAITING],
    ).fetchall()
    return sum(_queue(connection, *one) for one in found)


def _queue(connection: Database, webhook_id: UUID, types: list[str] | None, after: int, until: int) -> int:
    stems = None if types is None else [STORED_NAMES[EVENT_TYPES[one]].partition("/")[0] for one in types]
    with connection.transaction():
        done = connection.execute(
            "INSERT INTO webhook_delivery (webhook_id, position) SELECT %s, position FROM event "
            "WHERE position > %s AND position <= %s AND (%s::text[] IS NULL OR split_part(type, '/', 1) = ANY(%s)) "
            "ON CONFLICT DO NOTHING",
            [webhook_id, after, until, stems, stems],
        )
        connection.execute("UPDATE webhook SET queued = %s WHERE webhook_id = %s", [until, webhook_id])
    return done.rowcount


def due(connection: Database, but: Collection[UUID]) -> list[Due]:
    """The first waiting entry of each webhook, where it is due; but for those that are being sent to."""
    rows = connection.execute(
        "SELECT webhook_id, url, secret, first.position, first.attempts FROM webhook w, LATERAL "
        "(SELECT position, attempts, due FROM webhook_delivery d WHERE d.webhook_id = w.webhook_id AND state = 'waiting' "
        "ORDER BY position LIMIT 1) first WHERE stopped IS NULL AND first.due <= clock_timestamp() AND webhook_id <> ALL(%s)",
        [list(but)],
    )
    return [Due(*row) for row in rows]


def delivered(connection: Database, one: Due, status: int) -> None:
    """Mark an entry as delivered."""
    _settle(connection, one, "delivered", 0.0, status, None)


def failed(connection: Database, one: Due, status: int | None, error: str) -> State:
    """Mark an entry as tried in vain: it waits, longer each time, or is dead; what it is now.

    410 says that nothing is wanted there any more (Standard Webhooks): nothing is sent until somebody resumes it.
    """
    state: State = "dead" if one.attempts + 1 >= ATTEMPTS and status != 410 else "waiting"
    _settle(connection, one, state, wait(one.attempts), status, error)
    if status == 410:
        said = "it answered 410: gone"
        connection.execute("UPDATE webhook SET stopped = %s WHERE webhook_id = %s", [said, one.webhook_id])
    return state


def wait(attempts: int) -> float:
    """Seconds until the next try after so many and one more; by chance up to a half less, so that not all come at once."""
    longest = min(FIRST_WAIT * 2.0 ** min(attempts, 20), LONGEST_WAIT)
    return longest * (1 - random.random() / 2)  # noqa: S311  (nobody is to be kept from guessing it)


def _settle(
    connection: Database, one: Due, state: State, seconds: float, status: int | None, error: str | None
) -> None:
    values: list[Any] = [state, seconds, status, error and error[:500], one.webhook_id, one.position]
    connection.execute(
        "UPDATE webhook_delivery SET state = %s, attempts = attempts + 1, tried_at = clock_timestamp(), "
        "due = clock_timestamp() + make_interval(secs => %s), status = %s, error = %s "
        "WHERE webhook_id = %s AND position = %s AND state = 'waiting'",
        values,
    )


def tidy(connection: Database) -> int:
    """Let go of what was delivered long ago; so many entries."""
    return connection.execute(
        "DELETE FROM webhook_delivery WHERE state = 'delivered' AND tried_at < clock_timestamp() - make_interval(days => %s)",
        [KEEP_DAYS],
    ).rowcount

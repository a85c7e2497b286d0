"""Connections to a database, as everything here wants them: to the primary, to a hot standby, to a pooler before one."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolTimeout

from events.log import Pool


class Unreachable(RuntimeError):
    """The database cannot be reached, or is not one that this program can use; one line for people."""


#: Whoever holds a transaction open and does nothing with it loses it after so many times the patience with a statement.
IDLE = 4


def milliseconds(patience: float) -> int:
    """Seconds of patience as PostgreSQL's settings take them, where 0 would mean for ever."""
    return max(1, round(patience * 1000))


def _configure(connection: Connection[TupleRow], patience: float | None) -> None:
    """Plans made once, that use indexes alone: what we ask is a few steps down an index, whatever the moment.

    Planning such a statement anew takes longer than running it: measured, 2.3 to 1.0 ms for a status at a crowded place,
    0.4 to 0.3 ms at an ordinary one, 2.2 to 1.2 ms for a durable append. A plan made once must not rest on tables that
    were still small, hence no sequential scans. Questions about all places plan for their moment (`reader.py`).

    Before PostgreSQL 18 a scan that is off and yet needed (the one row of log_head) makes a plan look so dear that it is
    compiled: measured on 15, 55 ms for each append. Nothing that we ask runs long enough for that to pay.
    """
    connection.autocommit = True
    connection.execute("SET timezone TO 'UTC'")
    connection.execute("SET plan_cache_mode TO force_generic_plan")
    connection.execute("SET enable_seqscan TO off")
    connection.execute("SET jit TO off")
    if patience is not None:
        connection.execute(f"SET statement_timeout TO {milliseconds(patience)}")
        connection.execute(f"SET idle_in_transaction_session_timeout TO {milliseconds(patience * IDLE)}")


def _configure_pooled(connection: Connection[TupleRow]) -> None:
    """Behind a pooler that lends a server for one transaction: nothing that outlasts it but what poolers carry along.

    pgbouncer follows `timezone` from client to server; any other SET would stay with a server that others are lent.
    """
    connection.autocommit = True
    connection.prepare_threshold = None
    connection.execute("SET timezone TO 'UTC'")


def _check(connection: Connection[TupleRow]) -> None:
    """Notice a connection that the server has closed meanwhile, without asking the server each time.

    An idle connection has nothing to read; if there is something, it may be the server's farewell, and is worth a look.
    """
    waiting = select.poll()  # not select(): it knows no descriptor beyond 1024
    waiting.register(connection.fileno(), select.POLLIN)
    if waiting.poll(0):
        ConnectionPool.check_connection(connection)


def closed_pool(conninfo: str, patience: float | None = None, *, pooled: bool = False, **more: Any) -> Pool:
    """Connections to a database, not opened yet.

    Args:
        patience: A statement is broken off after so many seconds; None, or behind a pooler: never.
        pooled: A pooler stands between, which lends a server for one transaction at a time.
    """
    # While the database is away, a request is told so after 10 s. Attempts to reconnect are spaced out further and further,
    # and given up after 5 s (the next request makes new ones): else the service would stay away long after it is back.
    configure = _configure_pooled if pooled else partial(_configure, patience=patience)
    chosen: dict[str, Any] = {"min_size": 1, "max_size": 12, "timeout": 10, "reconnect_timeout": 5} | more
    return ConnectionPool(conninfo, configure=configure, check=_check, open=False, **chosen)


@contextmanager
def pool_on(conninfo: str, patience: float | None = None) -> Iterator[Pool]:
    """Connections to a database that is there.

    Raises:
        Unreachable: it accepts no more of them.
    """
    pool = closed_pool(conninfo, patience)
    try:
        pool.open(wait=True, timeout=30)
    except PoolTimeout:
        raise Unreachable("the database accepts no more connections") from None
    try:
        yield pool
    finally:
        pool.close()

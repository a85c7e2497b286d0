"""One connection for one answer: what the log is asked in the middle of a question is asked on the question's own connection.

So texts come from the snapshot that the rows came from. And a pooler with few servers is no trap: were each answer to hold
one server and wait for a second, enough of them would wait for each other for ever.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow

from events.log import Pool


class _Loan:
    """The connection of a question, until it is answered."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self.connection: Connection[TupleRow] | None = connection


_loan: ContextVar[_Loan | None] = ContextVar("loan", default=None)


@contextmanager
def lending(connection: Connection[TupleRow]) -> Iterator[None]:
    """Let what is asked meanwhile, in this thread and for this request, be asked on a connection."""
    loan = _Loan(connection)
    token = _loan.set(loan)
    try:
        yield
    finally:
        loan.connection = None
        with suppress(ValueError):  # an answer in bulk is sent, and let go of, in another context
            _loan.reset(token)


class Lent:
    """A pool that lends the connection of the question under way, and its own where there is none."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @contextmanager
    def connection(self, timeout: float | None = None) -> Iterator[Connection[TupleRow]]:
        """A connection, as `psycopg_pool` hands it out."""
        loan = _loan.get()
        if loan is not None and loan.connection is not None:
            yield loan.connection
        else:
            with self._pool.connection(timeout=timeout) as connection:
                yield connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

"""A question settled on both axes: which view, at what moment, as known when, and whether the answer is the same for ever.

DESIGN.md, section 5: on the recorded clock the known axis is the log position; an answer is pinned where it names a view's
id and a position, or a time not later than the newest folded event; on the reported clock only together with a position,
for an archive may arrive late.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg import Connection
from psycopg.rows import TupleRow

from events.log import Pool
from projections import views, where_it_stands
from projections.claims import FOREVER, from_micros, micros
from projections.views import View
from projections.where_it_stands import Standing

#: A read that waits for a position gives up after so many seconds.
PATIENCE = 5.0

_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


class NotYet(RuntimeError):
    """A position that was waited for is not folded yet."""

    def __init__(self, wanted: int, position: int) -> None:
        super().__init__(f"position {wanted} is not folded yet; the view stands at {position}")


class CannotAsk(ValueError):
    """A question that makes no sense, with the parameter that is wrong."""

    def __init__(self, field: str, value: object, message: str) -> None:
        self.field, self.value, self.message = field, value, message
        super().__init__(f"{field}: {message}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A settled question: a view and a moment on both axes.

    Attributes:
        connection: On which it is to be answered, while the question is held.
        at: The moment of the valid axis.
        known: The moment of the known axis, as the view's clock counts.
        known_at: The same as a time.
        known_position: The log position up to which the answer rests on the log.
        known_pinned: View and known axis are named so that what is known by them is the same for ever.
        pinned: The valid axis is named too: the answer is the same for ever.
        as_of: On the reported clock, an earlier log position that was asked for; None for what is folded.
        set_aside: How much is set aside in the view; what rests on it is not pinned, since a retry may change it.
        redacted: The position of the log's last redaction: what was read of texts before it may not be told any more.
    """

    connection: Connection[TupleRow]
    view: View
    view_name: str
    at: datetime
    known: int
    known_at: datetime
    known_position: int
    known_pinned: bool
    pinned: bool
    as_of: int | None = None
    set_aside: int = 0
    redacted: int = 0

    def known_time(self, known: int | None, positions: dict[int, datetime]) -> datetime | None:
        """A moment of the known axis as a time; None for an open end."""
        if known is None or known == FOREVER:
            return None
        return from_micros(known) if self.view.reading.clock == "reported" else positions[known]


@contextmanager
def settled(
    pool: Pool,
    view: str,
    *,
    at: datetime | None = None,
    known_at: datetime | None = None,
    known_position: int | None = None,
    min_position: int | None = None,
    patience: float | None = None,
    snapshot: str | None = None,
) -> Iterator[Asked]:
    """Settle a question on both axes, and hold one state of the view's tables until it is answered.

    On the recorded clock nothing has to be held: what is known at a folded position never changes. On the reported clock
    a late arrival rewrites the past, so the question and its answer share a snapshot: else an answer could tell one
    position and rest on another.

    Args:
        at, known_at: Moments; both default to now.
        patience: `min_position` is waited for so many seconds; by default PATIENCE.
        snapshot: Begins a transaction that sees one state alone, in which all is asked; as a standby wants it.

    Raises:
        UnknownView: no such view.
        NotYet: `min_position` was not folded in time.
        CannotAsk: both a time and a position to know by, on the recorded clock.
    """
    if min_position is not None:
        _wait_for(pool, view, min_position, PATIENCE if patience is None else patience)
    asked = {"known_at": known_at, "known_position": known_position}
    with pool.connection() as connection:
        if snapshot is None:
            standing = where_it_stands.standing(connection, view, **asked)  # type: ignore[arg-type]
            if standing.view.reading.clock == "recorded":
                yield _on_the_recorded_clock(connection, standing, view, at, known_at, known_position)
                return
        with connection.transaction():
            connection.execute(snapshot or "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            standing = where_it_stands.standing(connection, view)
            if standing.view.reading.clock == "recorded":
                standing = where_it_stands.standing(connection, view, **asked)  # type: ignore[arg-type]
                yield _on_the_recorded_clock(connection, standing, view, at, known_at, known_position)
            else:
                yield _on_the_reported_clock(connection, standing, view, at, known_at, known_position)


def also(asked: Asked, *, known_at: datetime | None = None, known_position: int | None = None) -> Asked:
    """The same question as known at another moment, answered on the same connection in the same state of the tables.

    Raises:
        CannotAsk: both a time and a position to know by, on the recorded clock.
    """
    recorded = asked.view.reading.clock == "recorded"
    known = {"known_at": known_at, "known_position": known_position} if recorded else {}
    standing = where_it_stands.standing(asked.connection, str(asked.view.view_id), **known)  # type: ignore[arg-type]
    settle = _on_the_recorded_clock if recorded else _on_the_reported_clock
    return settle(asked.connection, standing, asked.view_name, asked.at, known_at, known_position)


def _on_the_recorded_clock(
    connection: Connection[TupleRow],
    standing: Standing,
    name: str,
    at: datetime | None,
    known_at: datetime | None,
    known_position: int | None,
) -> Asked:
    if known_at is not None and known_position is not None:
        raise CannotAsk("known_position", known_position, "on the recorded clock give this or known_at, not both")
    found, newest = standing.view, standing.newest or _BEFORE_ALL
    known, known_then = found.position, newest
    if known_position is not None:
        known, known_then = min(known_position, found.position), standing.recorded_at or _BEFORE_ALL
    elif known_at is not None and known_at <= newest:
        known, known_then = standing.position or 0, known_at
    named = known_position is not None or known_at is not None
    within = known_position == known or (known_at is not None and known_then == known_at)
    pinned = name == str(found.view_id) and named and within and _is_whole(standing, known)
    when = at or datetime.now(UTC)
    for_ever = pinned and at is not None
    return Asked(
        connection, found, name, when, known, known_then, known, pinned, for_ever,
        set_aside=standing.set_aside, redacted=standing.redacted,
    )  # fmt: skip


def _on_the_reported_clock(
    connection: Connection[TupleRow],
    standing: Standing,
    name: str,
    at: datetime | None,
    known_at: datetime | None,
    as_of: int | None,
) -> Asked:
    """What was known is asked by time; a log position beside it pins what had arrived by then.

    While a source graded anew is folded in parts, the tables rest on both gradings: who names a position is answered
    from the log.
    """
    found = standing.view
    known_then = known_at or datetime.now(UTC)
    position = found.position if as_of is None else min(as_of, found.position)
    named = name == str(found.view_id) and known_at is not None and position == as_of
    pinned = named and _is_whole(standing, position)
    when = at or datetime.now(UTC)
    from_log = position < found.position or (as_of is not None and standing.regrading)
    earlier = position if from_log else None
    known = micros(known_then)
    for_ever = pinned and at is not None
    return Asked(
        connection, found, name, when, known, known_then, position, pinned, for_ever, earlier,
        set_aside=standing.set_aside, redacted=standing.redacted,
    )  # fmt: skip


def _is_whole(standing: Standing, position: int) -> bool:
    """Whether nothing is set aside by a position: a retry may change what rests on it."""
    return standing.set_aside_from is None or position < standing.set_aside_from


def _wait_for(pool: Pool, name: str, min_position: int, patience: float) -> None:
    """Wait until a view has folded a position.

    Raises:
        NotYet: it has not in time.
        CannotAsk: it never will.
    """
    give_up = time.monotonic() + patience
    while True:
        with pool.connection() as connection:
            view = views.find(connection, name)
        position = view.position
        if position >= min_position:
            return
        if view.until is not None:
            said = f"view {view.name!r} is frozen at position {view.until} and will not come to this one"
            raise CannotAsk("min_position", min_position, said)
        if time.monotonic() > give_up:
            raise NotYet(min_position, position)
        time.sleep(0.01)

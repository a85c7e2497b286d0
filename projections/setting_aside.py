"""What cannot be folded is set aside and stops nothing else: which, since where, and why.

Two kinds: an event whose bytes are not understood here (of a newer program, or damaged), and a development whose fold
raises. Its row is written in the transaction that folds the rest; the development keeps the claim versions that it had,
and is not folded again until it is retried. So that the outcome does not depend on the batches, what is set aside is
always met in a batch of one event.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog

from events.recorded import RecordedEvent
from events.records import Event
from events.undecodable import Undecodable
from projections.claims import ClaimVersion
from projections.developments import Development, FoldedDevelopment, fold_development
from projections.knowing import Recorded
from projections.policies import Reading
from projections.sources import Sources
from projections.views import Database, View

logger = structlog.get_logger(__name__)

Batch = Sequence[RecordedEvent[Event]]

#: Errors are kept up to this length.
_LONGEST = 1_000


class CannotFold(RuntimeError):
    """Something in a batch of several events cannot be folded; in smaller ones it will turn out which."""


class SetAside(NamedTuple):
    """One thing set aside in a view: the event at which it happened, the development (or other stream), and why."""

    position: int
    stream_id: UUID
    error: str
    first_seen: datetime


def apart(batch: Batch) -> Batch:
    """A batch up to before its first event that cannot be decoded; if that is the first of all, it alone."""
    for index, one in enumerate(batch):
        if isinstance(one.event, Undecodable):
            return batch[:index] or batch[:1]
    return batch


class Folded(NamedTuple):
    """The claim versions of what could be folded, what a list tells of it, and why the rest could not."""

    developments: set[UUID]
    fresh: set[ClaimVersion]
    rows: list[Development]
    failed: dict[UUID, str]


def fold(developments: Mapping[UUID, Sequence[Recorded]], sources: Sources, reading: Reading) -> Folded:
    """The first fold of each development by itself: one that raises hides no other."""
    folded = Folded(set(), set(), [], {})
    for development_id, recorded in developments.items():
        try:
            versions, row = fold_one(development_id, recorded, sources, reading)
            folded.fresh.update(versions)
            folded.rows.extend([row] if row else [])
            folded.developments.add(development_id)
        except MemoryError:  # says nothing of the development
            raise
        except Exception as error:  # noqa: BLE001  (whatever it is, the others are none the worse)
            folded.failed[development_id] = f"{type(error).__name__}: {error}"
    return folded


def fold_one(
    development_id: UUID, recorded: Sequence[Recorded], sources: Sources, reading: Reading
) -> FoldedDevelopment:
    """The first fold of one development: its claim versions, and what a list tells of it. It may raise anything."""
    _require_decoded(recorded)
    return fold_development(development_id, recorded, sources, reading)


def _require_decoded(recorded: Sequence[RecordedEvent[Event]]) -> None:
    """
    Raises:
        ValueError: an event is not understood here.
    """
    for one in recorded:
        if isinstance(one.event, Undecodable):
            raise ValueError(f"event {one.position} ({one.event.stored_name}): {one.event.error}")  # noqa: TRY004


def of_reference(batch: Batch) -> Iterator[tuple[UUID, str]]:
    """What cannot be decoded about sources, actors and locations, as (stream, error): no fold will meet it."""
    for one in batch:
        if isinstance(one.event, Undecodable) and one.event.of_reference:
            yield one.event.stream_id, f"{one.event.stored_name}: {one.event.error}"


def among(connection: Database, view: View, streams: Collection[UUID]) -> set[UUID]:
    """Those of some developments that are set aside in a view."""
    rows = connection.execute(
        "SELECT stream_id FROM set_aside WHERE view_id = %b::int AND stream_id = ANY(%b)",
        [view.view_id, list(streams)],
        binary=True,
    )
    return {row[0] for row in rows}


def put(connection: Database, view: View, position: int, failed: Mapping[UUID, str]) -> None:
    """Set developments (or other streams) aside, at the event with which they could not be folded."""
    for stream_id, error in failed.items():
        logger.error("set aside", view=view.name, stream=str(stream_id), position=position, error=error)
        connection.execute(
            "INSERT INTO set_aside (view_id, position, stream_id, error) VALUES (%s::int, %s, %s, %s) "
            "ON CONFLICT (view_id, position, stream_id) DO UPDATE SET error = excluded.error",
            [view.view_id, position, stream_id, storable(error)],
        )


def fails_still(connection: Database, view: View, failed: Mapping[UUID, str]) -> None:
    """Note why developments cannot be folded now; since when stays."""
    for stream_id, error in failed.items():
        connection.execute(
            "UPDATE set_aside SET error = %s WHERE view_id = %s::int AND stream_id = %s",
            [storable(error), view.view_id, stream_id],
        )


def take_back(connection: Database, view: View, streams: Collection[UUID]) -> None:
    """What was set aside and is folded now is set aside no more."""
    connection.execute(
        "DELETE FROM set_aside WHERE view_id = %s::int AND stream_id = ANY(%b)", [view.view_id, list(streams)]
    )


def listed(connection: Database, view: View, limit: int | None = None) -> list[SetAside]:
    """What is set aside in a view, in the order of the log."""
    rows = connection.execute(
        "SELECT position, stream_id, error, first_seen FROM set_aside WHERE view_id = %s::int "
        "ORDER BY position, stream_id LIMIT %s::bigint",
        [view.view_id, limit],
    )
    return [SetAside(*row) for row in rows]


def since(connection: Database, view: View, streams: Collection[UUID]) -> dict[UUID, int]:
    """The first position from which each of some developments is set aside: what it had rests on the events before."""
    rows = connection.execute(
        "SELECT stream_id, min(position) FROM set_aside WHERE view_id = %s::int AND stream_id = ANY(%b) GROUP BY 1",
        [view.view_id, list(streams)],
    ).fetchall()
    return dict(rows)


def storable(error: str) -> str:
    """An error as PostgreSQL takes it, and not too long."""
    return error.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")[:_LONGEST]

"""A source graded anew of whom very many developments speak: they are folded again in parts, each in its own transaction.

While not all parts are done, the view's position stays before the event, and the progress is kept beside it; so a kill
costs one part, memory is bounded by a part, and the other views get their turn in between. On the recorded clock nobody
sees the parts: the new versions begin at the event's position, which no answer reaches yet. On the reported clock a
grading holds throughout, so answers in between rest on both gradings, development by development: they are not pinned,
and `GET /v1/views` tells that a regrading is under way.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from events.recorded import RecordedEvent
from events.records import Event
from projections import views
from projections.sources import GRADINGS
from projections.views import Database, View

Batch = Sequence[RecordedEvent[Event]]

#: So many developments are folded again in one transaction.
PART = 2_000


class Part(NamedTuple):
    """Developments to fold again, and the last of them where more are left."""

    developments: set[UUID]
    after: UUID | None


def graded(batch: Batch) -> set[str]:
    """The sources that a batch grades."""
    return {one.event.source_id for one in batch if isinstance(one.event, GRADINGS)}


def apart(connection: Database, view: View, batch: Batch, limit: int) -> Batch:
    """A batch up to before the event with which more than `limit` developments were to be folded again; or it alone."""
    left, counted = limit, set()
    for index, one in enumerate(batch):
        if isinstance(one.event, GRADINGS) and one.event.source_id not in counted:
            counted.add(one.event.source_id)
            left -= _speak_of(connection, view, one.event.source_id, left + 1)
            if left < 0:
                return batch[:index] or batch[:1]
    return batch


def _speak_of(connection: Database, view: View, source_id: str, limit: int) -> int:
    """How many developments a source speaks of, counted no further than a limit."""
    row = connection.execute(
        view.sql("SELECT count(*) FROM (SELECT FROM {mention} WHERE source_id = %s LIMIT %s::bigint) AS found"),
        [source_id, limit],
    ).fetchone()
    assert row is not None
    found: int = row[0]
    return found


def next_part(connection: Database, view: View, batch: Batch, limit: int) -> Part:
    """The developments to fold again with a batch: all of them, or with a batch of one event at most `limit`."""
    sources = graded(batch)
    if len(batch) > 1 or not sources:
        return Part(views.mentioned_by(connection, view, sources), None)
    progress = connection.execute(
        "SELECT after FROM regrading WHERE view_id = %s::int AND position = %s", [view.view_id, batch[0].position]
    ).fetchone()
    found = page(connection, view, sources.pop(), progress[0] if progress else None, limit)
    return Part(set(found), found[-1] if len(found) == limit else None)


def page(connection: Database, view: View, source_id: str, after: UUID | None, limit: int) -> list[UUID]:
    """The developments that a source speaks of, in the order of their ids, after one of them."""
    beyond, parameters = ("AND development_id > %s ", [after]) if after is not None else ("", [])
    rows = connection.execute(
        view.sql(
            f"SELECT development_id FROM {{mention}} WHERE source_id = %s {beyond}ORDER BY development_id LIMIT %s::bigint"
        ),
        [source_id, *parameters, limit],
    )
    return [row[0] for row in rows]


def pause(connection: Database, view: View, position: int, after: UUID) -> None:
    """Save how far the parts have come; the view goes on standing where it stood before the event."""
    connection.execute(
        "INSERT INTO regrading (view_id, position, after) VALUES (%s::int, %s, %s) "
        "ON CONFLICT (view_id) DO UPDATE SET position = excluded.position, after = excluded.after",
        [view.view_id, position, after],
    )
    connection.execute("UPDATE view SET position = %s WHERE view_id = %s::int", [view.position, view.view_id])


def finish(connection: Database, view: View) -> None:
    """The last part is done."""
    connection.execute("DELETE FROM regrading WHERE view_id = %s::int", [view.view_id])


def under_way(connection: Database, view: View) -> int | None:
    """The position of the event whose parts are being folded."""
    row = connection.execute("SELECT position FROM regrading WHERE view_id = %s::int", [view.view_id]).fetchone()
    return row[0] if row else None

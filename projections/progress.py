"""How far each view has come: its lag in events and in seconds, what is set aside in it, and what is folded in parts."""

from datetime import timedelta
from typing import NamedTuple

from projections import views
from projections.views import Database, View


class Progress(NamedTuple):
    """How far a view has come.

    Attributes:
        lag: So many events are not folded yet; none of a view that stands at a position for ever.
        lag_seconds: So long ago the oldest event that is not folded yet was recorded; 0 where none is.
        set_aside: So much could not be folded.
        regrading: The position of a source graded anew that is being folded in parts; None where none is.
    """

    view: View
    lag: int
    lag_seconds: float
    set_aside: int
    regrading: int | None


def every(connection: Database) -> list[Progress]:
    """How far each view has come, in the order in which they were made."""
    rows = connection.execute(
        "SELECT view.view_id, CASE WHEN until IS NULL THEN log_head.position - view.position ELSE 0 END, "
        "clock_timestamp() - oldest.recorded_at, "
        "(SELECT count(*) FROM set_aside WHERE set_aside.view_id = view.view_id), regrading.position "
        "FROM view CROSS JOIN log_head LEFT JOIN event AS oldest ON until IS NULL AND oldest.position = view.position + 1 "
        "LEFT JOIN regrading ON regrading.view_id = view.view_id",
        binary=True,
    ).fetchall()
    found = {row[0]: row[1:] for row in rows}
    return [Progress(view, lag, _seconds(oldest), aside, regrading)
            for view in views.every(connection) if view.view_id in found
            for lag, oldest, aside, regrading in [found[view.view_id]]]  # fmt: skip


def _seconds(waited: timedelta | None) -> float:
    """Never negative: a clock may run behind the log."""
    return max(0.0, round(waited.total_seconds(), 3)) if waited is not None else 0.0

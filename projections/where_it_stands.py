"""Where a view stands, with what a question about it needs of the log, in one query: each read begins with it."""

from datetime import datetime
from typing import Final, NamedTuple

from projections import views
from projections.views import VIEW_COLUMNS, Database, View

_OF_VIEW: Final = VIEW_COLUMNS.replace("view_id", "view.view_id").replace(" position", " view.position")


class Standing(NamedTuple):
    """Where a view stands, and a place in the log that was asked for beside it.

    Attributes:
        newest: When its last folded event was recorded; None while nothing is folded.
        position, recorded_at: The last event by the time, or at the position, that was asked for; None where none is.
        set_aside, set_aside_from: How much is set aside, and the first position at which; None where nothing is.
        redacted: The position of the log's last redaction, folded or not; 0 while there is none.
        regrading: A source graded anew is being folded in parts, and not all of them are done.
    """

    view: View
    newest: datetime | None
    position: int | None
    recorded_at: datetime | None
    set_aside: int
    set_aside_from: int | None
    regrading: bool
    redacted: int


_BY_TIME = "SELECT position, recorded_at FROM event WHERE recorded_at <= %s ORDER BY recorded_at DESC LIMIT 1"
_BY_POSITION = "SELECT position, recorded_at FROM event WHERE position = least(%s::bigint, view.position)"


def standing(
    connection: Database, name: str, *, known_at: datetime | None = None, known_position: int | None = None
) -> Standing:
    """A view by its name or id with what a question needs of the log, in one query: each read begins with it.

    Raises:
        UnknownView: there is none.
    """
    asked = "SELECT NULL::bigint, NULL::timestamptz"
    parameters: list[int | datetime] = []
    if known_position is not None:
        asked, parameters = _BY_POSITION, [known_position]
    elif known_at is not None:
        asked, parameters = _BY_TIME, [known_at]
    row = connection.execute(
        f"SELECT {_OF_VIEW}, "
        "newest.recorded_at, asked.position, asked.recorded_at, aside.count, aside.first, "
        "EXISTS (SELECT FROM regrading WHERE regrading.view_id = view.view_id), "
        "coalesce((SELECT by_position FROM redaction ORDER BY by_position DESC LIMIT 1), 0) "
        "FROM view LEFT JOIN event AS newest ON newest.position = view.position "
        f"LEFT JOIN LATERAL ({asked}) AS asked (position, recorded_at) ON TRUE "
        "CROSS JOIN LATERAL (SELECT count(*), min(position) FROM set_aside WHERE set_aside.view_id = view.view_id"
        ") AS aside (count, first) "
        "WHERE name = %s OR view_id::text = %s ORDER BY name = %s DESC LIMIT 1",
        [*parameters, name, name, name],
        binary=True,
    ).fetchone()
    if row is None:
        raise views.missing(connection, name)
    return Standing(views.view_of(row[:-7]), *row[-7:])

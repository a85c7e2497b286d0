"""Gives views other names, and drops them. A view's id and its rows stay what they are: whoever names the id notices nothing."""

from typing import Final

from projections import fresh_tables, views
from projections.views import ALWAYS, Database, View


class Refused(ValueError):
    """What may not be done with this view; one line says why and what would do."""


def promote(connection: Database, name: str, new: str) -> View:
    """Give a view the name of another, in one transaction. The one replaced is `NEW.before`, and can be promoted back.

    Raises:
        UnknownView: there is no such view.
        Refused: a view that does not follow the log, or is on the other clock, as `current` or `published`.
    """
    with connection.transaction():
        views.alone_defining(connection)
        view = views.find(connection, name)
        old = views.named(connection, new)
        if old is not None and old.view_id == view.view_id:
            return view
        _require_fit(view, new)
        before = f"{new}.before"
        _rename(connection, view, f" {view.view_id}")  # a name that nobody can give: both may be swapped
        if old is not None:
            earlier = views.named(connection, before)
            if earlier is not None:
                _rename(connection, earlier, _free(connection, before))
            _rename(connection, old, before)
        _rename(connection, view, new)
        return views.find(connection, new)


def _require_fit(view: View, new: str) -> None:
    """
    Raises:
        Refused: the view would not keep what its new name promises.
    """
    always = ALWAYS.get(new)
    if always is None:
        return
    if view.until is not None:
        raise Refused(f"view {view.name!r} is frozen at position {view.until}, and {new!r} follows the log")
    if view.reading.clock != always.clock:
        said = f"view {view.name!r} is on the {view.reading.clock} clock, and {new!r} on the {always.clock} clock"
        raise Refused(f"{said}; build one with --clock {always.clock}")


def _rename(connection: Database, view: View, name: str) -> None:
    connection.execute("UPDATE view SET name = %s WHERE view_id = %s::int", [name, view.view_id])


def _free(connection: Database, name: str) -> str:
    """The name with the first number that no view and no build bears."""
    number = 2
    while connection.execute(
        "SELECT FROM view WHERE name = %(name)s UNION ALL SELECT FROM build WHERE name = %(name)s",
        {"name": f"{name}.{number}"},
    ).fetchone():
        number += 1
    return f"{name}.{number}"


#: Views of these names are always kept.
KEPT: Final = frozenset(ALWAYS)


def drop(connection: Database, name: str) -> View:
    """Drop a view; its tables go once nobody can be reading them.

    Raises:
        UnknownView: there is no such view.
        Refused: it is in use: as `current` or `published`, or as the last one that knows every claim.
    """
    with connection.transaction():
        views.alone_defining(connection)
        view = views.find(connection, name)
        if view.name in KEPT:
            raise Refused(f"view {view.name!r} is always kept; promote another to its name first")
        whole = connection.execute(f"SELECT view_id FROM view WHERE {views.COMPLETE}").fetchall()
        if whole == [(view.view_id,)]:
            said = "is the last one on the recorded clock that leaves nobody out; answers as of earlier positions rest on it"
            raise Refused(f"view {view.name!r} {said}")
        connection.execute(
            "INSERT INTO discarded (tables) SELECT build_id FROM build WHERE of_view = %s::int ON CONFLICT DO NOTHING",
            [view.view_id],
        )
        connection.execute("DELETE FROM view WHERE view_id = %s::int", [view.view_id])
        fresh_tables.discard(connection, view.tables)
    return view

"""The place of a row by the columns that a mapping names (pure)."""

from services.timeline.importers.flags import Flag
from services.timeline.importers.made import RefusedRow
from services.timeline.importers.mapping import Place
from services.timeline.importers.places import Found, Places, read_point
from services.timeline.importers.register import Register
from services.timeline.importers.tables import Row


def columns(place: Place) -> list[str]:
    """The columns that are read."""
    named = (place.name, *place.qualifier, place.latitude, place.longitude, place.id)
    return [column for column in named if column]


def placed(row: Row, place: Place, places: Places, register: Register, within: str | None) -> Found:
    """The registered location that the row's id or code names, else the data set's place of this name.

    Raises:
        RefusedRow: neither an id or code that is registered, nor a name.
    """
    said = row[place.id] if place.id else ""
    if (held := register.by_id_or_code(said)) is not None:
        return Found(held)
    name = row[place.name] if place.name else ""
    if not name:
        raise RefusedRow(
            "incomplete-row", f"no place is registered under {said!r}" if said else f"{place.name} is empty"
        )
    flags: tuple[Flag, ...] = ()
    where = None
    try:
        where = read_point(row[place.longitude or ""], row[place.latitude or ""])
    except ValueError as error:
        flags = (Flag("coordinates-unusable", f"{name}: {error}"),)
    qualifiers = tuple(row[column] for column in place.qualifier if row[column])
    found = places.find(name, qualifiers, place.kind, where, parent=within)
    return Found(found.location_id, found.events, (*flags, *found.flags))

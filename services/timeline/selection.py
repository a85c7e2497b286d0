"""Which places a question about the whole map is about: below a location, in a box, in a mode, held by somebody."""

from dataclasses import dataclass

from projections.catalogue import Catalogue
from projections.claims import asserted
from services.timeline.asked import Asked
from services.timeline.geometry import representative_point
from services.timeline.reader import Everywhere, NotRegistered, Reader

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Filters, each optional. `bbox` is west, south, east, north in degrees; west > east crosses the antimeridian."""

    within: str | None = None
    bbox: Box | None = None
    mode: str | None = None
    holder: str | None = None


def selected(reader: Reader, asked: Asked, choice: Selection) -> list[Everywhere]:
    """The answers of the chosen places, ordered by id.

    Raises:
        NotRegistered: `within` is not registered as known then.
    """
    catalogue = reader.catalogue(asked.known_position)
    locations = _locations(catalogue, asked, choice)
    return [one for one in reader.everywhere(asked, locations) if _matches(one, choice)]


def _locations(catalogue: Catalogue, asked: Asked, choice: Selection) -> list[str]:
    position = asked.known_position
    if choice.within is None:
        found = catalogue.location_ids(position)
    elif catalogue.has_location(choice.within, position):
        found = sorted([choice.within, *catalogue.descendants(choice.within, asked.at, position)])
    else:
        raise NotRegistered("location", choice.within, position)
    if choice.bbox is None:
        return found
    return [one for one in found if _inside(catalogue, asked, one, choice.bbox)]


def _inside(catalogue: Catalogue, asked: Asked, location_id: str, box: Box) -> bool:
    location = catalogue.location(location_id, asked.at, asked.known_position)
    point = representative_point(location.geometry) if location else None
    if point is None:
        return False
    west, south, east, north = box
    across = west <= point[0] <= east if west <= east else point[0] >= west or point[0] <= east
    return across and south <= point[1] <= north


def _matches(one: Everywhere, choice: Selection) -> bool:
    mode, holders, _ = asserted(one.control.assertion) if one.control.assertion else ("unknown", (), ())
    return (choice.mode is None or mode == choice.mode) and (choice.holder is None or choice.holder in holders)

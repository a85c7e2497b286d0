"""Which places a question about the whole map is about: below a location, in a box, in a mode, held by somebody."""

from dataclasses import dataclass

from projections.catalogue import Catalogue
from services.timeline.asked import Asked, CannotAsk
from services.timeline.atlas.fragments import Holding, holding
from services.timeline.found import Everywhere
from services.timeline.geometry import representative_point
from services.timeline.reader import NotRegistered, Reader

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Filters, each optional. `bbox` is west, south, east, north in degrees; west > east crosses the antimeridian."""

    within: str | None = None
    bbox: Box | None = None
    mode: str | None = None
    holder: str | None = None


def box(text: str | None) -> Box | None:
    """A box as somebody wrote it: four numbers.

    Raises:
        CannotAsk: it is none.
    """
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise CannotAsk("bbox", text, "four numbers: west,south,east,north, in degrees") from None
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise CannotAsk(
            "bbox", text, "west,south,east,north in degrees, south not above north; was the order mixed up?"
        )
    return west, south, east, north


def selected(reader: Reader, asked: Asked, choice: Selection) -> list[Everywhere]:
    """The answers of the chosen places, ordered by id.

    Raises:
        NotRegistered: `within` is not registered as known then.
    """
    catalogue = reader.catalogue(asked.known_position)
    locations = located(catalogue, asked, choice)
    return [one for one in reader.everywhere(asked, locations) if matches(choice, holding(one.control))]


def located(catalogue: Catalogue, asked: Asked, choice: Selection) -> list[str]:
    """The registered places that lie where they are looked for, ordered by id, whatever their answers.

    Raises:
        NotRegistered: `within` is not registered as known then.
    """
    position = asked.known_position
    found = catalogue.location_ids(position) if choice.within is None else below(catalogue, asked, choice.within)
    if choice.bbox is None:
        return found
    return [one for one in found if _inside(catalogue, asked, one, choice.bbox)]


def below(catalogue: Catalogue, asked: Asked, root: str) -> list[str]:
    """A location and all below it, ordered by id.

    Raises:
        NotRegistered: it is not registered as known then.
    """
    if not catalogue.has_location(root, asked.known_position):
        raise NotRegistered("location", root, asked.known_position)
    return sorted([root, *catalogue.descendants(root, asked.at, asked.known_position)])


def _inside(catalogue: Catalogue, asked: Asked, location_id: str, box: Box) -> bool:
    location = catalogue.location(location_id, asked.at, asked.known_position)
    point = representative_point(location.geometry) if location else None
    if point is None:
        return False
    west, south, east, north = box
    across = west <= point[0] <= east if west <= east else point[0] >= west or point[0] <= east
    return across and south <= point[1] <= north


def matches(choice: Selection, held: Holding) -> bool:
    """Whether a mode and its holders are what is asked for."""
    mode, holders = held
    return (choice.mode is None or mode == choice.mode) and (choice.holder is None or choice.holder in holders)

"""The features of each collection: the status of places at one moment, and developments with the place that they happened at.

What the parameters of OGC API - Features mean here: `datetime` is the moment in the world. A status is a state, so of an
interval it is told as at the interval's end; a development has a period, and any moment that it shares with an interval will do.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from events.times import rfc3339
from projections.catalogue import Catalogue
from services.timeline import whole_map, wire
from services.timeline.api.asking import read_moment
from services.timeline.asked import Asked, CannotAsk
from services.timeline.atlas.answers import chosen
from services.timeline.atlas.answers import features as drawn_features
from services.timeline.atlas.fragments import holding
from services.timeline.reader import Reader
from services.timeline.selection import Selection, box, located, matches
from services.timeline.standards.ogc_shapes import Feature
from services.timeline.wire_developments import DevelopmentOut

#: The least step of our times.
_TICK: Final = timedelta(microseconds=1)


class Interval(NamedTuple):
    """What `datetime` names: both ends belong to it, None is an open end; an instant has equal ends."""

    start: datetime | None
    end: datetime | None

    @property
    def half_open(self) -> tuple[datetime | None, datetime | None]:
        """The same as `[start, end)`; an instant stays one."""
        if self.end is None or self.start == self.end:
            return self
        return self.start, self.end + _TICK


def interval(text: str | None) -> Interval:
    """`datetime` as OGC API - Features has it: an instant, or `start/end` where either may be `..` or empty.

    Raises:
        CannotAsk: it is neither, or ends before it begins.
    """
    if text is None:
        return Interval(None, None)
    parts = text.split("/")
    if len(parts) > 2 or all(part in ("", "..") for part in parts):
        raise CannotAsk("datetime", text, "an instant, or two with a slash between of which one may be `..`")
    try:
        ends = [None if part in ("", "..") else _moment(part) for part in parts]
    except ValueError as error:
        raise CannotAsk("datetime", text, str(error)) from None
    start, end = ends[0], ends[-1]
    if start is not None and end is not None and end < start:
        raise CannotAsk("datetime", text, "ends before it begins; were the two swapped?")
    return Interval(start, end)


def _moment(text: str) -> datetime:
    found = read_moment(text)
    assert isinstance(found, datetime)
    return found


def instant(text: str | None) -> datetime | None:
    """The moment at which a status is told: an instant itself, of an interval its end; None for now.

    Raises:
        CannotAsk: as `interval` raises it.
    """
    return interval(text).end


def flat_box(text: str | None) -> tuple[float, float, float, float] | None:
    """A box of four numbers, or of six of which heights say nothing here.

    Raises:
        CannotAsk: it is none.
    """
    if text is not None and text.count(",") == 5:
        west, south, _, east, north, _ = text.split(",")
        text = f"{west},{south},{east},{north}"
    return box(text)


class StatusPage(NamedTuple):
    """Places on a page as bytes, and how many there are on all pages."""

    features: bytes
    returned: int
    matched: int


def status_page(reader: Reader, asked: Asked, choice: Selection, offset: int, limit: int) -> StatusPage:
    """The status of the chosen places from the `offset`th on, ordered by id: from memory where an atlas covers the question.

    Raises:
        NotRegistered: `within` is not registered as known then.
    """
    drawn = chosen(reader, asked, choice)
    if drawn is not None:
        picture, numbers = drawn
        some = numbers[offset : offset + limit]
        return StatusPage(bytes(drawn_features(picture, asked, some)), len(some), len(numbers))
    catalogue = reader.catalogue(asked.known_position)
    locations = located(catalogue, asked, choice)
    if choice.mode is None and choice.holder is None:
        found = reader.everywhere(asked, locations[offset : offset + limit])
        return _told(asked, found, catalogue, len(locations))
    matching = [one for one in reader.everywhere(asked, locations) if matches(choice, holding(one.control))]
    return _told(asked, matching[offset : offset + limit], catalogue, len(matching))


def _told(asked: Asked, found: Sequence[Any], catalogue: Catalogue, matched: int) -> StatusPage:
    rows = whole_map.features(asked, found, catalogue)
    return StatusPage(wire.encode(rows)[1:-1], len(rows), matched)


def status_feature(reader: Reader, asked: Asked, location_id: str) -> dict[str, Any]:
    """The status of one place.

    Raises:
        NotRegistered: it is not registered as known then.
    """
    reader.require_location(asked, location_id)
    found = reader.everywhere(asked, [location_id])
    [feature] = whole_map.features(asked, found, reader.catalogue(asked.known_position))
    return feature


def development_feature(one: DevelopmentOut, catalogue: Catalogue, position: int) -> Feature:
    """A development where it happened, as flat as map programs want it: several values stand in one with `;` between."""
    at = read_moment(one.occurred.start)
    assert isinstance(at, datetime)
    place = catalogue.location(one.location_id, at, position)
    properties = {
        "development_id": one.development_id,
        "kind": one.kind,
        "location_id": one.location_id,
        "name": place.name if place is not None else None,
        "occurred_start": one.occurred.start,
        "occurred_end": one.occurred.end,
        "precision": one.occurred.precision,
        "published_at": one.published_at,
        "standing": one.standing,
        "sources": ";".join(one.sources),
        "reports": one.reports,
        "denials": one.denials,
        "summary": one.summary,
        "tags": ";".join(one.tags),
        "destination_id": one.destination_id,
        "merged_into": one.merged_into,
        "position": one.position,
    }
    geometry = dict(place.geometry) if place is not None and place.geometry is not None else None
    return Feature("Feature", one.development_id, geometry, properties)


def now() -> str:
    """When an answer was made."""
    return rfc3339(datetime.now(UTC))

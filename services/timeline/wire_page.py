"""The JSON shapes of what the page draws from, column by column: `names[i]` is the name of the place `ids[i]`."""

from typing import Any

import msgspec

from services.timeline.wire import Moment


class MapActor(msgspec.Struct, frozen=True):
    """An actor; `renamed` are the names that it took later, each with the date from which it bears it."""

    id: str
    name: str
    kind: str
    renamed: tuple[tuple[str, Moment | None], ...]


class MapPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Every place, ordered by id, as it is today, and every actor in the order of registration.

    `other_names`, `codes` and `shapes` (geometries that are more than a point) are told by the number of the place, where
    there are any; a place without a geometry has null for `lon` and `lat`.

    Attributes:
        position: Of the last event about a place or an actor that it rests on.
        redacted: Of the log's last redaction; where it has grown, names may be gone, and all are to be asked for again.
        since: Only the places that were told of after this position; the actors are all of them, or none where of none was.
    """

    position: int
    redacted: int
    since: int | None = None
    ids: tuple[str, ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    parents: tuple[str | None, ...]
    lon: tuple[float | None, ...]
    lat: tuple[float | None, ...]
    other_names: dict[str, tuple[str, ...]]
    codes: dict[str, tuple[str, ...]]
    shapes: dict[str, dict[str, Any]]
    actors: tuple[MapActor, ...]


class Counts(msgspec.Struct, frozen=True):
    """How many there are in each unit of time, told by the unit's number since 1970; units without any are left out."""

    numbers: tuple[int, ...]
    counts: tuple[int, ...]


class MapHistograms(msgspec.Struct, frozen=True, kw_only=True):
    """Developments by when they began to occur, and events about them by when they were known on the view's clock.

    Attributes:
        unit_seconds: How long a unit is: an hour, or more where there are very many of them.
    """

    known_position: int
    unit_seconds: int
    occurred: Counts
    known: Counts


class KindOut(msgspec.Struct, frozen=True):
    """A kind of development: the facet that it bears on, the roles that it takes, and how many of each it must have.

    `any_of`: at least one participant has one of these roles.
    """

    kind: str
    facet: str | None
    roles: tuple[str, ...]
    required: dict[str, int]
    any_of: tuple[str, ...]


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """What a desk chooses from: kinds, the words of both scales, and the closed lists of sources, evidence and figures."""

    kinds: tuple[KindOut, ...]
    credibility: dict[str, str]
    reliability: dict[str, str]
    source_kinds: tuple[str, ...]
    evidence_kinds: tuple[str, ...]
    verified: tuple[str, ...]
    precisions: tuple[str, ...]
    relations: tuple[str, ...]


class WhoAmI(msgspec.Struct, frozen=True):
    """Whoever asks: as what they are recorded, their roles, and the rights that those give."""

    name: str
    roles: tuple[str, ...]
    rights: tuple[str, ...]


class CaptionedMoment(msgspec.Struct, frozen=True):
    """A moment that the operator links to, with its caption."""

    caption: str
    place: str
    at: Moment
    known_at: Moment
    view: str


class CaptionedMoments(msgspec.Struct, frozen=True):
    """All of them, in their order."""

    moments: tuple[CaptionedMoment, ...]


class ActorLook(msgspec.Struct, frozen=True):
    """How the operator wants an actor drawn; null is as the page does it by itself."""

    actor_id: str
    colour: str | None
    initials: str | None


class MapLook(msgspec.Struct, frozen=True):
    """What the operator chose for the map; `basemap_credit` is null where the page's own basemap is drawn."""

    actors: tuple[ActorLook, ...]
    basemap_credit: str | None

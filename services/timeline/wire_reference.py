"""The JSON shapes of reference data, of views and of health (API.md)."""

from typing import Any

import msgspec

from services.timeline.wire import Moment


class SourceOut(msgspec.Struct, frozen=True):
    """A source as graded at one position."""

    source_id: str
    name: str
    kind: str
    reliability: str
    aligned_with: tuple[str, ...]
    url: str | None


class SourcePage(msgspec.Struct, frozen=True):
    """Sources ordered by id; `next` is the id to go on after, null at the end."""

    known_position: int
    sources: tuple[SourceOut, ...]
    next: str | None


class AliasOut(msgspec.Struct, frozen=True):
    """A name that an actor bore in `[from, until)`."""

    name: str
    from_: Moment | None = msgspec.field(name="from", default=None)
    until: Moment | None = None


class ActorOut(msgspec.Struct, frozen=True):
    """An actor with its dated names; `name` is the one that it has now."""

    actor_id: str
    name: str
    kind: str
    aliases: tuple[AliasOut, ...]


class ActorPage(msgspec.Struct, frozen=True):
    """Actors ordered by id; `next` is the id to go on after, null at the end."""

    known_position: int
    actors: tuple[ActorOut, ...]
    next: str | None


class LocationOut(msgspec.Struct, frozen=True):
    """A location as it is at `at`, as known at a position; `path` leads from the outermost place down to its parent."""

    location_id: str
    name: str
    kind: str
    parent_id: str | None
    geometry: dict[str, Any] | None
    names: dict[str, str]
    codes: dict[str, str]
    path: tuple[str, ...]


class LocationPage(msgspec.Struct, frozen=True):
    """Locations ordered by id; `next` is the id to go on after, null at the end."""

    known_position: int
    locations: tuple[LocationOut, ...]
    next: str | None


class ViewOut(msgspec.Struct, frozen=True):
    """A view and where it stands."""

    id: str
    name: str
    policy: str
    clock: str
    exclude_sources: tuple[str, ...]
    only_sources: tuple[str, ...]
    position: int


class ViewPage(msgspec.Struct, frozen=True):
    """The views, and the last position of the log."""

    log_position: int
    views: tuple[ViewOut, ...]


class Health(msgspec.Struct, frozen=True):
    """Whether the service answers, and how far its views are behind the log."""

    status: str
    log_position: int | None = None
    lag: int | None = None

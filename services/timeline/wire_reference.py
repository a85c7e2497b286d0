"""The JSON shapes of reference data, of what is set aside and of health (API.md)."""

from typing import Any

import msgspec

from services.timeline.wire import Moment, Uuid


class SourceOut(msgspec.Struct, frozen=True):
    """A source as graded at one position.

    `sensitive` stands only where it is so: who it is is told to analysts alone, and others read its id in place of its name.
    """

    source_id: str
    name: str
    kind: str
    reliability: str
    aligned_with: tuple[str, ...]
    url: str | None
    sensitive: bool | msgspec.UnsetType = msgspec.UNSET


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


class Health(msgspec.Struct, frozen=True):
    """Whether the service answers, how far its views are behind the log, and what could not be folded.

    `follower` is `here` where this process keeps the views, `elsewhere` where it stands by. `tree_lag` is how many events
    the tree over the log does not have yet, `unsigned` how many no checkpoint covers yet.
    """

    status: str
    log_position: int | None = None
    lag: int | None = None
    lag_seconds: float | None = None
    set_aside: int | None = None
    follower: str | None = None
    tree_lag: int | None = None
    unsigned: int | None = None


class SetAsideOut(msgspec.Struct, frozen=True):
    """What could not be folded: at which event, which development (or stream of a source, actor or location), and why."""

    position: int
    stream_id: Uuid
    error: str
    first_seen: Moment


class SetAsidePage(msgspec.Struct, frozen=True):
    """What is set aside in a view, in the order of the log, at most 1,000 of `count`."""

    view: str
    count: int
    set_aside: tuple[SetAsideOut, ...]


class Retry(msgspec.Struct, frozen=True):
    """What came of a retry: how many are folded now, and what is set aside still."""

    folded: int
    still: SetAsidePage

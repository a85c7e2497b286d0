"""Sources, actors and locations as known at a position: their dated names, kinds, parents, gradings (pure).

A catalogue is a fold of the log's reference events, kept in memory by each process and brought up to a position on
demand: some kilobytes a location. Everything in it is asked "as known at a position", so one catalogue that is ahead
answers for every moment behind it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from events import withholding
from events.marks import MARKS
from events.recorded import RecordedEvent
from events.records import Event, changed
from events.reference import (
    ActorRegistered,
    ActorRenamed,
    LocationRegistered,
    LocationRevised,
    SourceAlignmentStated,
    SourceRegistered,
    SourceReliabilityAssessed,
)
from events.undecodable import Undecodable
from projections.folding import fold


@dataclass(frozen=True, slots=True)
class Location:
    """A location as it is at one valid time, as known at one position."""

    location_id: str
    name: str
    kind: str
    parent_id: str | None
    geometry: Mapping[str, Any] | None
    names: Mapping[str, str]
    codes: Mapping[str, str]

    @property
    def is_redacted(self) -> bool:
        """A name of it was taken away."""
        return self.name.endswith(tuple(f" {mark}" for mark in MARKS)) or any(
            one in MARKS for one in self.names.values()
        )


@dataclass(frozen=True, slots=True)
class Actor:
    """An actor as known at one position; its names as (name, from, until), open ends None, the registered one last said."""

    actor_id: str
    name: str
    kind: str
    names: tuple[tuple[str, datetime | None, datetime | None], ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A source, graded as known at one position."""

    source_id: str
    name: str
    kind: str
    reliability: str
    aligned_with: tuple[str, ...]
    url: str | None
    sensitive: bool = False


class Told(NamedTuple):
    """What the reference data rests on at a moment, as known at a position: as long as it is the same, so are all names.

    Attributes:
        places, actors: The position of the last event about a place, and about an actor.
        in_effect: How many revisions of places hold by then.
    """

    places: int
    actors: int
    in_effect: int

    @property
    def position(self) -> int:
        """Of the last event about either."""
        return max(self.places, self.actors)


@dataclass(slots=True)
class _History:
    """What is known of one thing: its registration, and what was stated later, each with its position."""

    position: int
    registered: Event
    later: list[tuple[int, Event]] = field(default_factory=list)

    def known(self, position: int) -> Iterator[Event]:
        return (event for at, event in self.later if at <= position)

    def last(self, position: int) -> int:
        """The position of the last event about it by a position; 0 where there is none."""
        if not self.later:
            return self.position if self.position <= position else 0
        return max((at for at in (self.position, *(at for at, _ in self.later)) if at <= position), default=0)


class Catalogue:
    """The reference data of the log up to `position`.

    Attributes:
        locations_told: How many events about locations it rests on.
        redacted: How often texts were taken out of it; what was made of names before is to be made anew.
    """

    def __init__(self) -> None:
        self.position = 0
        self.locations_told = 0
        self.redacted = 0
        self._locations: dict[str, _History] = {}
        self._actors: dict[str, _History] = {}
        self._sources: dict[str, _History] = {}
        self._held = {"location": self._locations, "actor": self._actors, "source": self._sources}
        self._ids: list[str] = []
        self._children: dict[str, set[str]] = {}
        self._nameless: Callable[[], Collection[str]] = tuple

    def without_names(self, sensitive: Callable[[], Collection[str]]) -> "Catalogue":
        """The same catalogue as it is now, for whoever may not know who the sensitive sources are: they go by their ids."""
        found = copy(self)
        found._nameless = sensitive  # noqa: SLF001  (ours)
        return found

    def learn(self, recorded: Iterable[RecordedEvent[Event]], position: int) -> None:
        """Take in the reference events that follow, up to a position."""
        for one in recorded:
            if one.position > self.position and not isinstance(one.event, Undecodable):
                self._take_in(one)
        self.position = max(self.position, position)
        self._ids = sorted(self._locations)

    def _take_in(self, one: RecordedEvent[Event]) -> None:
        kind, key = one.event.stream
        self.locations_told += kind == "location"
        histories = self._held[kind]
        if isinstance(one.event, LocationRegistered | ActorRegistered | SourceRegistered):
            histories[str(key)] = _History(one.position, one.event)
        elif str(key) not in histories:  # what registered it cannot be decoded here
            return
        else:
            histories[str(key)].later.append((one.position, one.event))
        if isinstance(one.event, LocationRegistered):
            parent = one.event.parent_id
        elif isinstance(one.event, LocationRevised):
            parent = changed(one.event.changes).get("parent_id")
        else:
            return
        if parent is not None:
            self._children.setdefault(parent, set()).add(one.event.location_id)

    def put_again(self, recorded: Iterable[RecordedEvent[Event]]) -> None:
        """Put events in the place of the same ones from before their text was redacted; others are passed by."""
        for one in recorded:
            kind, key = one.event.stream
            held = self._held.get(kind, {}).get(str(key))
            if held is None or isinstance(one.event, Undecodable):
                continue
            if held.position == one.position:
                held.registered = one.event
            held.later = [(at, one.event if at == one.position else event) for at, event in held.later]
        self.redacted += 1

    def has_location(self, location_id: str, position: int) -> bool:
        """Whether a location is registered by a position."""
        held = self._locations.get(location_id)
        return held is not None and held.position <= position

    def registered(self, location_id: str) -> int | None:
        """The position at which a location was registered; None where it is not."""
        held = self._locations.get(location_id)
        return held.position if held is not None else None

    def is_revised(self, location_id: str) -> bool:
        """Whether anything was stated of a location since it was registered, however it is asked about."""
        held = self._locations.get(location_id)
        return held is not None and bool(held.later)

    def location_ids(self, position: int) -> list[str]:
        """Every location registered by a position, ordered by id."""
        return [one for one in self._ids if self._locations[one].position <= position]

    def told(self, at: datetime, position: int) -> Told:
        """What the reference data about places and actors rests on."""
        places = max((one.last(position) for one in self._locations.values()), default=0)
        actors = max((one.last(position) for one in self._actors.values()), default=0)
        revised = (one for one in self._locations.values() if one.later)
        known = (event for one in revised for event in one.known(position) if isinstance(event, LocationRevised))
        return Told(places, actors, sum(event.from_ <= at for event in known))

    def locations_told_since(self, since: int, position: int) -> list[str]:
        """The locations about which anything was told after a position and by another, ordered by id."""
        return [one for one in self._ids if since < self._locations[one].last(position)]

    def location(self, location_id: str, at: datetime, position: int) -> Location | None:
        """A location at a valid time, as known at a position; None where it was not registered by then.

        Revisions hold from their date; before the first one it is as it was registered.
        """
        held = self._locations.get(location_id)
        if held is None or held.position > position:
            return None
        first = held.registered
        assert isinstance(first, LocationRegistered)
        content = {name: getattr(first, name) for name in ("name", "kind", "parent_id", "geometry", "names", "codes")}
        revisions = [
            event for event in held.known(position) if isinstance(event, LocationRevised) and event.from_ <= at
        ]
        for revision in sorted(revisions, key=lambda event: event.from_):
            content |= changed(revision.changes)
        content["name"] = _told_name(content["name"], location_id)
        geometry = content.pop("geometry")
        drawn = {"type": geometry.type, "coordinates": geometry.coordinates} if geometry is not None else None
        return Location(location_id, geometry=drawn, **content)

    def revisions(self, location_id: str, position: int) -> list[LocationRevised]:
        """The revisions of a location known at a position, in the order of the log."""
        known = self._locations[location_id].known(position)
        return [event for event in known if isinstance(event, LocationRevised)]

    def parent(self, location_id: str, at: datetime, position: int) -> str | None:
        """A location's parent at a valid time, as known at a position."""
        held = self._locations.get(location_id)
        if held is None or held.position > position:
            return None
        if not held.later:
            assert isinstance(held.registered, LocationRegistered)
            return held.registered.parent_id
        location = self.location(location_id, at, position)
        return location.parent_id if location else None

    def descendants(self, location_id: str, at: datetime, position: int) -> list[str]:
        """Every location below this one at a valid time, as known at a position; ordered by id."""
        found: set[str] = set()
        waiting = [location_id]
        while waiting:
            above = waiting.pop()
            for below in self._children.get(above, ()):
                if below not in found and below != location_id and self.parent(below, at, position) == above:
                    found.add(below)
                    waiting.append(below)
        return sorted(found)

    def search(self, text: str, at: datetime, position: int) -> list[Location]:
        """The locations whose id, or any of whose names or codes, is this text when both are folded."""
        wanted = fold(text)
        found = (self.location(one, at, position) for one in self.location_ids(position))
        return [one for one in found if one is not None and wanted in map(fold, _words_for(one))]

    def search_part(self, text: str, at: datetime, position: int) -> list[Location]:
        """The locations whose id, or any of whose names or codes, contains this text when both are folded."""
        wanted = fold(text)
        found = (self.location(one, at, position) for one in self.location_ids(position))
        return [one for one in found if one is not None and any(wanted in fold(word) for word in _words_for(one))]

    def path(self, location_id: str, at: datetime, position: int) -> list[str]:
        """The locations that contain this one, outermost first."""
        above: list[str] = []
        parent = self.parent(location_id, at, position)
        while parent is not None and parent not in above:
            above.append(parent)
            parent = self.parent(parent, at, position)
        return above[::-1]

    def actors(self, position: int) -> list[Actor]:
        """Every actor registered by a position, ordered by id."""
        held = (self._actor(held, position) for _, held in sorted(self._actors.items()))
        return [one for one in held if one is not None]

    def actors_as_registered(self, position: int) -> list[Actor]:
        """The same in the order of their registration."""
        held = sorted(self._actors.values(), key=lambda one: one.position)
        return [found for one in held if (found := self._actor(one, position)) is not None]

    def actor(self, actor_id: str, position: int) -> Actor | None:
        """One actor as known at a position; None where it was not registered by then."""
        held = self._actors.get(actor_id)
        return self._actor(held, position) if held is not None else None

    def _actor(self, held: _History, position: int) -> Actor | None:
        if held.position > position:
            return None
        first = held.registered
        assert isinstance(first, ActorRegistered)
        name = _told_name(first.name, first.actor_id)
        names = [(_told_name(one.name, first.actor_id), one.from_, one.until) for one in first.aliases]
        renamed = sorted(_renamings(held, position), key=lambda event: event.from_)
        until = [*(event.from_ for event in renamed), None]
        names += [
            (_told_name(event.name, first.actor_id), event.from_, until[number])
            for number, event in enumerate(renamed, start=1)
        ]
        return Actor(first.actor_id, name, first.kind, tuple(names))

    def actor_name(self, actor_id: str, at: datetime, position: int) -> str:
        """What an actor is called at a valid time, as known at a position; its id where nothing is known."""
        held = self._actors.get(actor_id)
        if held is None or held.position > position:
            return actor_id
        first = held.registered
        assert isinstance(first, ActorRegistered)
        renamed = [event for event in _renamings(held, position) if event.from_ <= at]
        last = max(renamed, key=lambda event: event.from_, default=None)
        return _told_name(last.name if last else first.name, actor_id) or actor_id

    def renamings(self, actor_id: str, position: int) -> list[tuple[str, datetime]]:
        """The names that an actor took after it was registered, each with the date from which it bears it, in that order."""
        held = self._actors[actor_id]
        return [(one.name, one.from_) for one in sorted(_renamings(held, position), key=lambda event: event.from_)]

    def sources(self, position: int) -> list[Source]:
        """Every source registered by a position, ordered by id, graded as known then."""
        found = (self._source(held, position) for _, held in sorted(self._sources.items()))
        return [one for one in found if one is not None]

    def source(self, source_id: str, position: int) -> Source | None:
        """One source as known at a position; None where it was not registered by then."""
        held = self._sources.get(source_id)
        return self._source(held, position) if held is not None else None

    def source_name(self, source_id: str, position: int) -> str:
        """A source's name; its id where nothing is known."""
        held = self.source(source_id, position)
        return (held.name if held else "") or source_id

    def _source(self, held: _History, position: int) -> Source | None:
        if held.position > position:
            return None
        first = held.registered
        assert isinstance(first, SourceRegistered)
        reliability: str = first.reliability
        aligned_with = first.aligned_with
        for event in held.known(position):
            if isinstance(event, SourceReliabilityAssessed):
                reliability = event.reliability
            elif isinstance(event, SourceAlignmentStated):
                aligned_with = event.aligned_with
        sensitive = _is_sensitive(held)
        if first.source_id in self._nameless():
            return Source(first.source_id, first.source_id, first.kind, reliability, aligned_with, None, sensitive=True)
        name = _told_name(first.name, first.source_id)
        return Source(first.source_id, name, first.kind, reliability, aligned_with, first.url, sensitive)


def _is_sensitive(held: _History) -> bool:
    """By the last word on it, whatever moment is asked about."""
    said: frozenset[str] = frozenset()
    for event in (held.registered, *(event for _, event in held.later)):
        said = withholding.after(said, event)
    return bool(said)


def _told_name(name: str, key: str) -> str:
    """A name as it is told; of one that was redacted the mark, beside the id that tells whose it was."""
    return f"{key} {name}" if name in MARKS else name


def _renamings(held: _History, position: int) -> list[ActorRenamed]:
    return [event for event in held.known(position) if isinstance(event, ActorRenamed)]


def _words_for(location: Location) -> set[str]:
    return {location.location_id, location.name, *location.names.values(), *location.codes.values()}

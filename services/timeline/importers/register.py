"""What is registered as rows are read: what the log holds, and what this import adds to it (pure but for its memory)."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from events.developments import DevelopmentReported
from events.records import Event
from events.reference import ActorRegistered, LocationRegistered, SourceRegistered
from events.vocabulary import ActorKind, Reliability
from projections.catalogue import Catalogue
from projections.folding import fold
from projections.known_things import Location, Source
from services.timeline.importers.identity import named, slug


class Register:
    """Sources, actors and locations by id, name and code.

    Args:
        catalogue: What the log holds, as known at `position`; `at` is the valid time at which places are compared.
        claims: What the source of this import said before, where its format goes on from that.
    """

    def __init__(
        self, catalogue: Catalogue, position: int, at: datetime, claims: Sequence[DevelopmentReported] = ()
    ) -> None:
        self._catalogue = catalogue
        self._position = position
        self._at = at
        self._added: dict[tuple[str, str], Event] = {}
        self._codes: dict[tuple[str, str], str] = {}
        self._any_code: dict[str, str] = {}
        self.claims = claims
        self._origins = {fold(one.name): one.source_id for one in catalogue.sources(position)}
        for location in self.locations():
            self._learn(location)

    def locations(self) -> Iterator[Location]:
        """The locations that the log holds."""
        for location_id in self._catalogue.location_ids(self._position):
            held = self._catalogue.location(location_id, self._at, self._position)
            if held is not None:
                yield held

    def location(self, location_id: str) -> Location | None:
        """A location that the log holds."""
        return self._catalogue.location(location_id, self._at, self._position)

    def source(self, source_id: str) -> Source | None:
        """A source that the log holds."""
        return self._catalogue.source(source_id, self._position)

    def has(self, kind: str, key: str) -> bool:
        """Whether a source, actor or location is registered, or added by this import."""
        if (kind, key) in self._added:
            return True
        if kind == "location":
            return self._catalogue.has_location(key, self._position)
        found = self._catalogue.actor if kind == "actor" else self._catalogue.source
        return found(key, self._position) is not None

    def by_code(self, system: str, value: str) -> str | None:
        """The location that bears a code."""
        return self._codes.get((system, value))

    def by_id_or_code(self, value: str) -> str | None:
        """The location of this id, or that bears this code in any system."""
        return value if value and self.has("location", value) else self._any_code.get(value)

    def _learn(self, location: Location | LocationRegistered) -> None:
        for system, value in location.codes.items():
            self._codes.setdefault((system, value), location.location_id)
            self._any_code.setdefault(value, location.location_id)

    def actor_name(self, actor_id: str) -> str | None:
        """The name under which an actor was registered first."""
        added = self._added.get(("actor", actor_id))
        if isinstance(added, ActorRegistered):
            return added.name
        held = self._catalogue.actor(actor_id, self._position)
        return self._catalogue.actor_name(actor_id, self._at, self._position) if held else None

    def add(self, event: Event) -> tuple[Event, ...]:
        """The registration, unless it is registered already."""
        kind, key = event.stream
        if self.has(kind, str(key)):
            return ()
        self._added[kind, str(key)] = event
        if isinstance(event, LocationRegistered):
            self._learn(event)
        if isinstance(event, SourceRegistered):
            self._origins.setdefault(fold(event.name), event.source_id)
        return (event,)

    def actor(self, actor_id: str, name: str, kind: ActorKind) -> tuple[Event, ...]:
        """An actor's registration, unless it is registered already."""
        return self.add(named(ActorRegistered(actor_id=actor_id, name=name, kind=kind)))

    def origin(self, name: str, reliability: Reliability) -> tuple[str, tuple[Event, ...]]:
        """The source of this name, whoever registered it: two data sets that quote one agency quote one origin."""
        held = self._origins.get(fold(name))
        if held is not None:
            return held, ()
        source_id = slug(name)
        registered = SourceRegistered(source_id=source_id, name=name[:300], kind="other", reliability=reliability)
        return source_id, self.add(named(registered))

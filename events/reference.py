"""Reference data: who speaks (sources), who fights or governs (actors), and where (locations)."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, UnsetType, field

from events.records import Dated, Event, Id, Language, Line, Name, Prose, Record, Url
from events.times import Instant
from events.vocabulary import ActorKind, LocationKind, Reliability, SourceKind

Codes = Mapping[
    Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}\Z")], Annotated[str, msgspec.Meta(max_length=100)]
]
Names = Mapping[Language, Name]


class Geometry(Record, frozen=True, kw_only=True):
    """A GeoJSON geometry (RFC 7946, section 3.1): longitude first, WGS 84, degrees. Checked by `checks.geometry`."""

    type: Literal["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]
    coordinates: list[Any]


class SourceRegistered(Event, frozen=True, kw_only=True, tag="SourceRegistered"):
    """A source, with its Admiralty reliability and the actors it is aligned with (stated, never inferred).

    Attributes:
        sensitive: A person at risk: only analysts are told the name, everybody else the id. Left out where it is not so, of
            what is stored too, so that what was registered before there was this field is stored as it was.
    """

    required_text: ClassVar = ("name",)

    source_id: Id
    name: Name = ""
    kind: SourceKind
    reliability: Reliability = "F"
    aligned_with: tuple[Id, ...] = ()
    url: Url | None = None
    sensitive: bool | UnsetType = UNSET

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sensitive is False:
            msgspec.structs.force_setattr(self, "sensitive", UNSET)

    @property
    def stream(self) -> tuple[str, str]:
        return "source", self.source_id


class SourceReliabilityAssessed(Event, frozen=True, kw_only=True, tag="SourceReliabilityAssessed"):
    """The desk grades a source anew, with the reason."""

    required_text: ClassVar = ("reason",)

    source_id: Id
    reliability: Reliability
    reason: Prose = ""

    @property
    def stream(self) -> tuple[str, str]:
        return "source", self.source_id


class SourceAlignmentStated(Event, frozen=True, kw_only=True, tag="SourceAlignmentStated"):
    """The actors that a source is aligned with from now on, instead of those stated before."""

    required_text: ClassVar = ("reason",)

    source_id: Id
    aligned_with: tuple[Id, ...]
    reason: Prose = ""

    @property
    def stream(self) -> tuple[str, str]:
        return "source", self.source_id


class SourceProtected(Event, frozen=True, kw_only=True, tag="SourceProtected"):
    """From now on a source is sensitive, whatever was told of it before; or no longer. Both hold for what was recorded already."""

    required_text: ClassVar = ("reason",)

    source_id: Id
    sensitive: bool = True
    reason: Prose = ""

    @property
    def stream(self) -> tuple[str, str]:
        return "source", self.source_id


class Alias(Dated, frozen=True, kw_only=True):
    """A name that an actor bore in `[from, until)`; open ends are null."""

    instants: ClassVar = ("from_", "until")

    name: Name = ""
    from_: Instant | None = field(name="from", default=None)
    until: Instant | None = None


class ActorRegistered(Event, frozen=True, kw_only=True, tag="ActorRegistered"):
    """A party, by the name that it gives itself, with its dated other names."""

    required_text: ClassVar = ("name",)

    actor_id: Id
    name: Name = ""
    kind: ActorKind
    aliases: tuple[Alias, ...] = ()

    @property
    def stream(self) -> tuple[str, str]:
        return "actor", self.actor_id


class ActorRenamed(Event, frozen=True, kw_only=True, tag="ActorRenamed"):
    """An actor's name from a date on. A renaming changes no status."""

    required_text: ClassVar = ("name",)
    instants: ClassVar = ("from_",)

    actor_id: Id
    name: Name = ""
    from_: Instant = field(name="from")

    @property
    def stream(self) -> tuple[str, str]:
        return "actor", self.actor_id


class LocationRegistered(Event, frozen=True, kw_only=True, tag="LocationRegistered"):
    """A place: a town, an air base, a border, or a fuzzy area; names by language, codes by code system."""

    required_text: ClassVar = ("name",)

    location_id: Id
    name: Name = ""
    kind: LocationKind
    parent_id: Id | None = None
    geometry: Geometry | None = None
    names: Names = field(default_factory=dict)
    codes: Codes = field(default_factory=dict)

    @property
    def stream(self) -> tuple[str, str]:
        return "location", self.location_id


class LocationChanges(Record, frozen=True, kw_only=True, omit_defaults=True):
    """What a revision changes; each field named replaces that whole field."""

    name: Name | UnsetType = UNSET
    kind: LocationKind | UnsetType = UNSET
    parent_id: Id | UnsetType | None = UNSET
    geometry: Geometry | UnsetType | None = UNSET
    names: Names | UnsetType = UNSET
    codes: Codes | UnsetType = UNSET


class LocationRevised(Event, frozen=True, kw_only=True, tag="LocationRevised"):
    """A place's name, geometry, parent, kind or codes from a date on, with the reason."""

    required_text: ClassVar = ("reason",)
    instants: ClassVar = ("from_",)

    location_id: Id
    from_: Instant = field(name="from")
    changes: LocationChanges
    reason: Line = ""

    @property
    def stream(self) -> tuple[str, str]:
        return "location", self.location_id


ReferenceEvent = (
    SourceRegistered
    | SourceReliabilityAssessed
    | SourceAlignmentStated
    | SourceProtected
    | ActorRegistered
    | ActorRenamed
    | LocationRegistered
    | LocationRevised
)

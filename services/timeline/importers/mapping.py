"""A mapping: the TOML file that says what a foreign file's columns and words mean. Unknown keys are refused by name."""

import tomllib
from importlib import resources
from pathlib import Path

import msgspec
from msgspec import field

from events.vocabulary import KINDS, ActorKind, LocationKind, Relation, Role, SourceKind
from services.timeline.importers.made import WrongFormat


class _Closed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a mapping."""


class SourceSaid(_Closed, frozen=True, kw_only=True):
    """Whose data set it is, unless the command line says otherwise."""

    id: str
    name: str = ""
    kind: SourceKind = "other"


class ActorSaid(_Closed, frozen=True, kw_only=True):
    """An actor by the id that the mapping uses; registered where it is not yet."""

    name: str
    kind: ActorKind = "other"


class Dates(_Closed, frozen=True, kw_only=True):
    """How dates are written: `iso`, or as `strptime` takes them; which years can be."""

    formats: tuple[str, ...] = ("iso",)
    first: int = 1900
    last: int = 2100


class Place(_Closed, frozen=True, kw_only=True):
    """The columns that tell a place: its name, what tells homonyms apart (district, province), its coordinates."""

    name: str
    qualifier: tuple[str, ...] = ()
    latitude: str | None = None
    longitude: str | None = None
    kind: LocationKind = "town"
    id: str | None = None


class Status(_Closed, frozen=True, kw_only=True):
    """What a status word asserts: a kind and who stands in which role; without a kind, nothing."""

    kind: str | None = None
    holder: tuple[str, ...] = ()
    former_holder: tuple[str, ...] = ()
    challenger: tuple[str, ...] = ()
    authority: tuple[str, ...] = ()

    def participants(self) -> tuple[tuple[str, Role], ...]:
        """Its actors with their roles."""
        roles: tuple[Role, ...] = ("holder", "former_holder", "challenger", "authority")
        return tuple((actor, role) for role in roles for actor in getattr(self, role))


class Table(_Closed, frozen=True, kw_only=True):
    """A control table's columns. Long: `status` and `snapshot`; wide: one column a snapshot, named by its date.

    Attributes:
        as_of: The date that the list itself gives for the status.
        wide: The form of the dates that head the columns of a wide table.
    """

    status: str | None = None
    snapshot: str | None = None
    as_of: str | None = None
    url: str | None = None
    wide: str | None = None


class Relabelled(_Closed, frozen=True, kw_only=True):
    """Two labels of one holder: a change from the one to the other is no capture."""

    from_: str = field(name="from")
    to: str


class Occurred(_Closed, frozen=True, kw_only=True):
    """When it happened: columns, whether an end date belongs to the period, and how precise they are."""

    start: str
    end: str | None = None
    end_is: str | None = None
    precision: str | None = None
    precisions: dict[str, str] = field(default_factory=dict)


class Kinds(_Closed, frozen=True, kw_only=True):
    """What kind of development a row is: a column and its words, or one kind for all."""

    column: str | None = None
    values: dict[str, str] = field(default_factory=dict)
    otherwise: str = "other"


class ParticipantSaid(_Closed, frozen=True, kw_only=True):
    """A column of actors: their role, by kind where it differs; several in one cell are split."""

    column: str
    role: Role = "party"
    roles: dict[str, Role] = field(default_factory=dict)
    kind: ActorKind = "other"
    split: str | None = None


class FigureSaid(_Closed, frozen=True, kw_only=True):
    """Columns of one figure."""

    of: str
    low: str | None = None
    best: str | None = None
    high: str | None = None
    relation: Relation | None = None
    group: str | None = None


class ReportSaid(_Closed, frozen=True, kw_only=True):
    """The report: when it was published, whom it names as its sources, where it stands."""

    published: str | None = None
    origins: str | None = None
    split: str = ";"
    url: str | None = None
    language: str | None = None
    credibility: int | None = None


class Mapping(_Closed, frozen=True, kw_only=True):
    """A whole mapping; each format says which parts it needs."""

    source: SourceSaid | None = None
    dates: Dates = Dates()
    place: Place | None = None
    table: Table | None = None
    status: dict[str, Status] = field(default_factory=dict)
    relabelled: tuple[Relabelled, ...] = ()
    actors: dict[str, ActorSaid] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    same_actors: dict[str, str] = field(default_factory=dict)
    rows: tuple[str, ...] = ()
    kind: Kinds | None = None
    occurred: Occurred | None = None
    participants: tuple[ParticipantSaid, ...] = ()
    figures: tuple[FigureSaid, ...] = ()
    report: ReportSaid = ReportSaid()
    summary: str = ""
    tags: tuple[str, ...] = ()
    properties: dict[str, str] = field(default_factory=dict)


def shipped() -> list[str]:
    """The names of the mappings that come with the program."""
    found = resources.files("services.timeline.importers").joinpath("mappings").iterdir()
    return sorted(one.name.removesuffix(".toml") for one in found if one.name.endswith(".toml"))


def read(said: str) -> Mapping:
    """The mapping in a file, or the one that comes with the program under this name.

    Raises:
        WrongFormat: no such file, or not a mapping; with the key that is wrong.
    """
    try:
        if said in shipped() and not Path(said).exists():
            raw = resources.files("services.timeline.importers").joinpath("mappings", f"{said}.toml").read_bytes()
        else:
            raw = Path(said).read_bytes()
        found = msgspec.convert(tomllib.loads(raw.decode()), Mapping)
    except OSError as error:
        come = ", ".join(shipped())
        raise WrongFormat(f"--mapping {said}: {error.strerror}; these come with the program: {come}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongFormat(f"--mapping {said}: not readable as TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise WrongFormat(f"--mapping {said}: {str(error).replace('`', '')}") from None
    _require_sense(said, found)
    return found


def _require_sense(said: str, found: Mapping) -> None:
    """Kinds are kinds of developments, and whoever a status names is among the actors."""
    kinds = {f"status.{word!r}": one.kind for word, one in found.status.items() if one.kind is not None}
    if found.kind is not None:
        kinds |= {f"kind.values.{word!r}": kind for word, kind in found.kind.values.items()}
        kinds["kind.otherwise"] = found.kind.otherwise
    for where, kind in kinds.items():
        if kind not in KINDS:
            raise WrongFormat(f"--mapping {said}: {where}: {kind!r} is no kind: one of {', '.join(KINDS)}")
    named = {actor for one in found.status.values() for actor, _ in one.participants()}
    if strange := sorted(named - found.actors.keys()):
        raise WrongFormat(f"--mapping {said}: status names {', '.join(strange)}; tell them under [actors]")

"""What is said to have happened: a development, its reports and denials, the desk's verdicts and corrections."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from events.records import Count, Credibility, Dated, Event, Id, Language, Line, Name, Prose, Record, Sha256, Tag, Url
from events.times import Instant, Period
from events.vocabulary import KINDS, ROLES, EvidenceKind, Relation, Verified

KindName = Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(KINDS)})]
RoleName = Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(ROLES)})]
Chain = Annotated[tuple[Id, ...], msgspec.Meta(max_length=20)]
Tags = Annotated[tuple[Tag, ...], msgspec.Meta(max_length=50)]


class Participant(Record, frozen=True, kw_only=True):
    """An actor and the role that it has in this kind of development (see `vocabulary.KINDS`)."""

    actor_id: Id
    role: RoleName


class Figure(Dated, frozen=True, kw_only=True):
    """A number as it was said: "at least 300" is `low=300, relation="at_least"`, never `best=300`.

    Attributes:
        of: What is counted: killed, injured, displaced, detained ...
        low, best, high: Bounds as said, each optional. Out of order they are kept and flagged: real sources do it.
        group: The actor or group counted, if said.
        cumulative_since: The figure is a running total since then; None where it is not cumulative.
        derived: Computed by somebody from other figures, not said as such.
    """

    instants: ClassVar = ("cumulative_since",)

    of: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    low: Count | None = None
    best: Count | None = None
    high: Count | None = None
    relation: Relation = "exact"
    group: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    cumulative_since: Instant | None = None
    derived: bool = False

    @property
    def out_of_order(self) -> bool:
        """Whether low <= best <= high is violated."""
        said = [bound for bound in (self.low, self.best, self.high) if bound is not None]
        return said != sorted(said)


Figures = Annotated[tuple[Figure, ...], msgspec.Meta(max_length=100)]
Participants = Annotated[tuple[Participant, ...], msgspec.Meta(max_length=200)]


class Evidence(Dated, frozen=True, kw_only=True):
    """A captured file that somebody points at. The service keeps the hash and the reference, not the file."""

    instants: ClassVar = ("captured_at",)

    kind: EvidenceKind
    url: Url | None = None
    sha256: Sha256 | None = None
    captured_at: Instant | None = None
    verified: Verified = "not_tried"


Evidences = Annotated[tuple[Evidence, ...], msgspec.Meta(max_length=100)]


class Report(Dated, frozen=True, kw_only=True):
    """One source's statement, affirming or denying.

    Attributes:
        chain: Who carried it, outermost first: the publisher is the first entry, the origin the last named one.
        unnamed_end: Whom the origin quotes without a name ("a military source").
        credibility: Admiralty 1 to 6; None counts as 6, "cannot be judged".
    """

    instants: ClassVar = ("published_at",)

    chain: Chain
    unnamed_end: Name | None = None
    published_at: Instant
    credibility: Credibility | None = None
    url: Url | None = None
    language: Language | None = None
    evidence: Evidences = ()

    @property
    def publisher(self) -> str:
        return self.chain[0]

    @property
    def origin(self) -> str:
        return self.chain[-1]


class DevelopmentEvent(Event, frozen=True, kw_only=True):
    """An event about one development; its stream is the development."""

    development_id: UUID

    @property
    def stream(self) -> tuple[str, UUID]:
        return "development", self.development_id

    @property
    def own_time(self) -> datetime:
        """When it was published, decided or taken back by its own account: on the reported clock it is known from then."""
        report: Report | None = getattr(self, "report", None)
        moment: datetime = report.published_at if report is not None else getattr(self, self.instants[0])
        return moment


class DevelopmentReported(DevelopmentEvent, frozen=True, kw_only=True, tag="DevelopmentReported"):
    """One source's first statement that something happened at a place.

    Attributes:
        development_id: What is talked about; later reports, denials and assessments share it.
        occurred: When it happened in the world, as a half-open UTC period with its precision.
        participants: Actors with the role each has in this kind (see `vocabulary.KINDS`).
        destination_id: Where a movement or displacement leads.
        summary: One neutral sentence.
    """

    required_text: ClassVar = ("summary",)

    kind: KindName
    location_id: Id
    occurred: Period
    participants: Participants = ()
    figures: Figures = ()
    destination_id: Id | None = None
    summary: Line = ""
    tags: Tags = ()
    report: Report


class DevelopmentCorroborated(DevelopmentEvent, frozen=True, kw_only=True, tag="DevelopmentCorroborated"):
    """Another report of the same development."""

    report: Report


class DevelopmentDenied(DevelopmentEvent, frozen=True, kw_only=True, tag="DevelopmentDenied"):
    """A source denies the development."""

    report: Report
    reason: Prose = ""


class DevelopmentAssessed(DevelopmentEvent, frozen=True, kw_only=True, tag="DevelopmentAssessed"):
    """An analyst's verdict: Admiralty credibility 1 to 6, the method, the reasoning, evidence."""

    required_text: ClassVar = ("analyst", "reasoning")
    instants: ClassVar = ("assessed_at",)

    credibility: Credibility
    analyst: Name = ""
    assessed_at: Instant
    method: Name = ""
    reasoning: Prose = ""
    evidence: Evidences = ()


class ReportRetracted(DevelopmentEvent, frozen=True, kw_only=True, tag="ReportRetracted"):
    """A source takes back what it published or originated about the development up to `retracted_at`."""

    required_text: ClassVar = ("reason",)
    instants: ClassVar = ("retracted_at",)

    source_id: Id
    retracted_at: Instant
    reason: Prose = ""


class DevelopmentChanges(Record, frozen=True, kw_only=True, omit_defaults=True):
    """What an amendment corrects; each field named replaces that whole field."""

    kind: KindName | UnsetType = UNSET
    location_id: Id | UnsetType = UNSET
    occurred: Period | UnsetType = UNSET
    participants: Participants | UnsetType = UNSET
    figures: Figures | UnsetType = UNSET
    destination_id: Id | UnsetType | None = UNSET
    summary: Line | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET


class DevelopmentAmended(DevelopmentEvent, frozen=True, kw_only=True, tag="DevelopmentAmended"):
    """A correction of what was recorded, with the reason; the old content stays in the log."""

    required_text: ClassVar = ("reason",)
    instants: ClassVar = ("amended_at",)

    changes: DevelopmentChanges
    amended_at: Instant
    reason: Prose = ""


class DevelopmentMerged(DevelopmentEvent, frozen=True, kw_only=True, tag="DevelopmentMerged"):
    """Two records of one development: this one's statements count for `into_id` from then on."""

    required_text: ClassVar = ("reason",)
    instants: ClassVar = ("merged_at",)

    into_id: UUID
    merged_at: Instant
    reason: Prose = ""


class DevelopmentVoided(DevelopmentEvent, frozen=True, kw_only=True, tag="DevelopmentVoided"):
    """Our own clerical error: recorded by mistake, with the reason."""

    required_text: ClassVar = ("reason",)
    instants: ClassVar = ("voided_at",)

    voided_at: Instant
    reason: Prose = ""


Statement = DevelopmentReported | DevelopmentCorroborated | DevelopmentDenied
AnyDevelopmentEvent = (
    Statement | DevelopmentAssessed | ReportRetracted | DevelopmentAmended | DevelopmentMerged | DevelopmentVoided
)

"""What whoever imports says beside the files: the source and its grade, the zone of bare dates, the mapping."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from events.reference import SourceRegistered
from events.vocabulary import Reliability, SourceKind
from services.timeline.importers.identity import named
from services.timeline.importers.mapping import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is said of an import, settled.

    Attributes:
        source: The id of the source whose data set it is; its rows are identified under it.
        reliability: Its grade; None where nobody said: then F, unless it is registered already.
        aligned_with: The actors it is aligned with; None where nobody said.
        origin_reliability: The grade of original sources that its rows name and that are not registered yet.
        credibility: Of its reports, 1 to 6; None where nobody judged them.
        zone: Of dates without an offset.
        published: When this edition was published: from when its corrections are known.
        within: The location under which places without a parent of their own are put.
        now: The moment of the import.
    """

    source: str = ""
    source_name: str = ""
    source_kind: SourceKind = "other"
    reliability: Reliability | None = None
    aligned_with: tuple[str, ...] | None = None
    origin_reliability: Reliability = "F"
    credibility: int | None = None
    zone: ZoneInfo
    published: datetime | None = None
    within: str | None = None
    mapping: Mapping
    now: datetime

    @property
    def edition(self) -> datetime:
        """From when what is corrected in this edition is known."""
        return self.published or self.now

    def registration(self) -> SourceRegistered:
        """The source of the data set, as it is registered where it is not yet."""
        event = SourceRegistered(
            source_id=self.source,
            name=self.source_name or self.source,
            kind=self.source_kind,
            reliability=self.reliability or "F",
            aligned_with=self.aligned_with or (),
        )
        return named(event)

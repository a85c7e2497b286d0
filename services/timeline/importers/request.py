"""What stands on the command line → an import whose files and mapping were looked at, before a database is opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from events.vocabulary import Reliability, SourceKind
from services.timeline.importers import mapping
from services.timeline.importers.formats import FORMATS, SOURCES
from services.timeline.importers.made import Format, Prepared, WrongFormat
from services.timeline.importers.options import Options
from services.timeline.importers.tables import File


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What stands on the command line."""

    format: str
    paths: Sequence[str]
    mapping: str | None = None
    source: str | None = None
    source_name: str | None = None
    source_kind: SourceKind | None = None
    reliability: Reliability | None = None
    aligned_with: Sequence[str] | None = None
    origin_reliability: Reliability = "F"
    credibility: int | None = None
    zone: str = "UTC"
    published: datetime | None = None
    within: str | None = None
    encoding: str | None = None
    report: Path | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """An import whose files and mapping are right."""

    format: Format
    files: list[File]
    prepared: Prepared
    options: Options
    report: Path | None


def look_at(said: Said) -> Ready:
    """Look at everything that needs no database.

    Raises:
        WrongFormat: an unknown format, a missing mapping or source, a file that is not of the format.
    """
    if said.format not in FORMATS:
        raise WrongFormat(f"--format {said.format!r}: one of {', '.join(FORMATS)}, or none for NDJSON")
    form = FORMATS[said.format]
    if form.mapping and said.mapping is None:
        come = ", ".join(mapping.shipped())
        raise WrongFormat(f"--format {form.name} needs a --mapping: a TOML file, or one that comes along: {come}")
    options = _options(said, form)
    files = [File(path, said.encoding) for path in said.paths]
    return Ready(form, files, form.prepare(files, options), options, said.report)


def _options(said: Said, form: Format) -> Options:
    try:
        zone = ZoneInfo(said.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise WrongFormat(f"--zone {said.zone!r}: unknown time zone; write one like Asia/Damascus or UTC") from None
    found = mapping.read(said.mapping) if said.mapping is not None else mapping.Mapping()
    own_id, own_name = SOURCES.get(form.name, ("", ""))
    told = found.source
    source = said.source or (told.id if told else own_id)
    if form.speaks and not source:
        raise WrongFormat(f"--format {form.name}: whose data set is it? name its --source, or [source] in the mapping")
    return Options(
        source=source,
        source_name=said.source_name
        or (told.name if told and told.id == source else own_name if source == own_id else ""),
        source_kind=said.source_kind or (told.kind if told and told.id == source else "other"),
        reliability=said.reliability,
        aligned_with=tuple(said.aligned_with) if said.aligned_with is not None else None,
        origin_reliability=said.origin_reliability,
        credibility=said.credibility,
        zone=zone,
        published=said.published,
        within=said.within,
        mapping=found,
        now=datetime.now(UTC),
    )

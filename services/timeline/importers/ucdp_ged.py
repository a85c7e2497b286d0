"""UCDP GED, the Georeferenced Event Dataset: fatal events, no claims of control.

Each row is an event with a lower, a best and an upper figure of deaths, by side, and the articles that told of it: one
article is one report, carried by the data set, its outlet, and the original source where one is named.

Source: UCDP GED Codebook, versions 17.1 to 24.1 (Sundberg & Melander 2013; UCDP, Uppsala University; CC BY 4.0).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from events.developments import DevelopmentCorroborated, DevelopmentReported, Participant, Report
from events.records import Event
from events.times import Period
from events.vocabulary import ActorKind, LocationKind, Precision
from services.timeline.importers import dates, ged_content
from services.timeline.importers.cells import whole_number
from services.timeline.importers.flags import Flag
from services.timeline.importers.identity import development_id, named
from services.timeline.importers.made import Format, Made, Prepared, RefusedRow
from services.timeline.importers.options import Options
from services.timeline.importers.places import Found, Places, Point, read_point
from services.timeline.importers.register import Register
from services.timeline.importers.tables import File, Row, Table

COLUMNS: Final = (
    "id", "type_of_violence", "side_a_new_id", "side_a", "side_b_new_id", "side_b", "source_article", "source_office",
    "source_date", "source_headline", "source_original", "where_prec", "where_coordinates", "adm_1", "adm_2", "latitude",
    "longitude", "country", "event_clarity", "date_prec", "date_start", "date_end", "deaths_a", "deaths_b",
    "deaths_civilians", "deaths_unknown", "low", "best", "high",
)  # fmt: skip

#: The codebook's date_prec: 1 the day, 2 a span of 2 to 6 days, 3 a week, 4 up to a month, 5 more than that.
PRECISIONS: Final[Mapping[int, Precision]] = MappingProxyType({1: "day", 2: "week", 3: "week", 4: "month", 5: "year"})

_VIOLENCE: Final = MappingProxyType({1: "clash", 2: "clash", 3: "attack_on_civilians"})
_LIKELY_KINDS: Final[tuple[tuple[str, LocationKind], ...]] = (
    ("governorate", "governorate"), ("province", "governorate"), ("district", "district"), ("city", "city"),
    ("town", "town"), ("village", "village"), ("checkpoint", "facility"), ("airport", "airport"), ("base", "base"),
    ("road", "road"), ("bridge", "bridge"), ("border crossing", "border_crossing"), ("neighborhood", "neighbourhood"),
)  # fmt: skip
_ABOVE: Final[tuple[tuple[str, LocationKind], ...]] = (
    ("country", "country"), ("adm_1", "governorate"), ("adm_2", "district"),
)  # fmt: skip

#: GED begins with 1989; a source can be no older.
_FIRST = 1989


def prepare(files: Sequence[File], _options: Options) -> Prepared:
    """Look at event files."""
    tables = [Table(file) for file in files]
    for table in tables:
        table.require(COLUMNS, "the columns of a UCDP GED event file (17.1 or later)")

    def made(register: Register, settled: Options) -> Iterator[Made]:
        reading = _Reading(register, settled)
        for table in tables:
            for row in table.rows():
                yield reading.made(row)

    return Prepared(rows=sum(file.lines for file in files), made=made)


FORMAT: Final = Format(name="ucdp-ged", version=1, speaks=True, mapping=False, prepare=prepare)


class _Reading:
    """Rows in their order, each seeing what the ones before it registered."""

    def __init__(self, register: Register, options: Options) -> None:
        self._register = register
        self._options = options
        self._places = Places(register, options.source, options.mapping.places)

    def made(self, row: Row) -> Made:
        """What becomes of a row."""
        flags: list[Flag] = list(row.flags())
        events: list[Event] = []
        if row.ragged:
            return Made(file=row.file, line=row.line, refusal=Flag("ragged-row", row.ragged))
        try:
            occurred = self._occurred(row)
            kind = _VIOLENCE[_code(row, "type_of_violence", _VIOLENCE)]
            location_id = self._location(row, events, flags)
            participants = self._participants(row, kind, events, flags)
            first, *others = self._reports(row, occurred, events, flags)
            development = development_id(self._options.source, "ucdp-ged", str(_identity(row)))
            reported = DevelopmentReported(
                development_id=development,
                kind=kind,
                location_id=location_id,
                occurred=occurred,
                participants=participants,
                figures=ged_content.figures(row, participants, flags),
                summary=ged_content.summary(row, kind),
                tags=ged_content.tags(row),
                report=first,
            )
            events.append(named(reported))
            events += [self._corroborated(development, report) for report in others]
        except RefusedRow as refusal:
            return Made(file=row.file, line=row.line, flags=tuple(flags), refusal=refusal.flag)
        return Made(file=row.file, line=row.line, events=tuple(events), flags=tuple(flags))

    def _corroborated(self, development: UUID, report: Report) -> DevelopmentCorroborated:
        said = DevelopmentCorroborated(development_id=development, report=report)
        return named(said, report.published_at.isoformat(), *report.chain)

    def _occurred(self, row: Row) -> Period:
        zone = self._options.zone
        try:
            start, end = (
                dates.period(
                    row[name].partition(" ")[0], (dates.ISO,), zone, first=_FIRST, last=self._options.now.year + 1
                )
                for name in ("date_start", "date_end")
            )
            return dates.days(start, end, PRECISIONS[_code(row, "date_prec", PRECISIONS)])
        except dates.NoDate as error:
            raise RefusedRow(
                "date-out-of-range" if error.impossible else "date-unreadable", f"event: {error}"
            ) from None
        except ValueError as error:
            raise RefusedRow("incomplete-row", str(error)) from None

    def _location(self, row: Row, events: list[Event], flags: list[Flag]) -> str:
        """The place below its country, governorate and district; around it where GED says "within 25 km" (where_prec 2)."""
        above: tuple[str, ...] = ()
        parent = self._options.within
        ids: dict[str, str] = {}
        for column, kind in _ABOVE:
            if name := row[column]:
                found = self._places.find(name, above, kind, None, parent=parent, anywhere=True)
                ids[name] = parent = self._take(found, events, flags)
                above = (name, *above)
        name = row["where_coordinates"] or (above[0] if above else "")
        if not name:
            raise RefusedRow("incomplete-row", "where_coordinates, adm_1 and country are empty")
        if name in ids:
            return ids[name]
        around = row["where_prec"].startswith("2")
        kind = "area" if around else _place_kind(name, row["where_prec"])
        called = f"Around {name}" if around else name
        found = self._places.find(called, above, kind, _point(row, flags), parent=parent, anywhere=True)
        return self._take(found, events, flags)

    def _take(self, found: Found, events: list[Event], flags: list[Flag]) -> str:
        events += found.events
        flags += found.flags
        return found.location_id

    def _participants(self, row: Row, kind: str, events: list[Event], flags: list[Flag]) -> tuple[Participant, ...]:
        found = []
        for side in ("a", "b"):
            number, name = row[f"side_{side}_new_id"].partition(".")[0], row[f"side_{side}"]
            if not number or not name:
                continue
            actor_id = self._options.mapping.same_actors.get(number, f"ucdp-{number}")
            events += self._register.actor(actor_id, name, _actor_kind(name))
            if number not in self._options.mapping.same_actors and self._register.actor_name(actor_id) != name:
                flags.append(
                    Flag("actor-relabelled", f"{actor_id}: {name!r}, first {self._register.actor_name(actor_id)!r}")
                )
            if kind == "attack_on_civilians":
                found.append(Participant(actor_id=actor_id, role="initiator" if side == "a" else "target"))
            else:
                found.append(Participant(actor_id=actor_id, role="party"))
        return tuple(found)

    def _reports(self, row: Row, occurred: Period, events: list[Event], flags: list[Flag]) -> list[Report]:
        """One report an article, the earliest first; without any, one of the data set itself."""
        offices, said = _split(row["source_office"], ";"), _split(row["source_date"], ";")
        originals = _split(row["source_original"], ",;")
        for column, parts in (("source_office", offices), ("source_date", said), ("source_original", originals)):
            if len(parts) > 1:
                flags.append(Flag("several-values", f"{column}: {len(parts)} values"))
        found = {}
        for index, office in enumerate(offices or [""]):
            published = self._published(said[index] if index < len(said) else "", occurred, flags)
            chain, unnamed = self._chain(office, originals, events)
            report = Report(
                chain=chain, unnamed_end=unnamed, published_at=published, credibility=self._options.credibility
            )
            found[published, chain] = report
        if any(report.published_at < occurred.start for report in found.values()):
            flags.append(
                Flag("published-before-event", f"source dated {row['source_date']}, event {row['date_start']}")
            )
        return [found[key] for key in sorted(found)]

    def _published(self, text: str, occurred: Period, flags: list[Flag]) -> datetime:
        last = dates.published(occurred)
        if not text:
            flags.append(Flag("published-unknown", "source_date is empty"))
            return last
        try:
            said = dates.period(text.partition(" ")[0], (dates.ISO,), self._options.zone,
                                first=_FIRST, last=self._options.now.year + 1)  # fmt: skip
        except dates.NoDate as error:
            flags.append(Flag("date-out-of-range" if error.impossible else "date-unreadable", f"source: {error}"))
            return last
        return dates.published(said)

    def _chain(self, office: str, originals: list[str], events: list[Event]) -> tuple[tuple[str, ...], str | None]:
        """Data set, outlet, original source. Of several originals it is not said which one an article quotes."""
        chain = [self._options.source]
        names = [office] if office else []
        if len(originals) == 1:
            names.append(originals[0])
        for name in names:
            origin, registered = self._register.origin(name, self._options.origin_reliability)
            events += registered
            if origin not in chain:
                chain.append(origin)
        unnamed = ", ".join(originals)[:300] if len(originals) > 1 else None
        return tuple(chain), unnamed


def _identity(row: Row) -> int:
    found = whole_number(row["id"])
    if found is None:
        raise RefusedRow("incomplete-row", f"id: {row['id']!r} is no number")
    return found


def _code(row: Row, column: str, known: Mapping[int, object]) -> int:
    found = whole_number(row[column])
    if found is None or found not in known:
        raise RefusedRow("incomplete-row", f"{column}: {row[column]!r}, expected {', '.join(map(str, known))}")
    return found


def _point(row: Row, flags: list[Flag]) -> Point | None:
    try:
        return read_point(row["longitude"], row["latitude"])
    except ValueError as error:
        flags.append(Flag("coordinates-unusable", str(error)))
        return None


def _place_kind(name: str, precision: str) -> LocationKind:
    """The kind that a place's own name ends with; an area where the event is not tied to a point."""
    if precision.startswith("1"):
        words = name.casefold()
        return next((kind for ending, kind in _LIKELY_KINDS if words.endswith(ending)), "other")
    return "area"


def _actor_kind(name: str) -> ActorKind:
    if name.startswith("Government of"):
        return "government"
    return "civilian_group" if name == "Civilians" else "non_state_armed_group"


def _split(cell: str, by: str) -> list[str]:
    """The values of a cell, each once unless they are parallel to others (dates, offices keep their places)."""
    return [part.strip() for part in re.split(f"[{by}]", cell) if part.strip()]

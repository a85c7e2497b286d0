"""Any CSV by a mapping: a row is a development and its report. What the columns mean, the mapping says."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, get_args

from events.developments import DevelopmentReported, Figure, Participant, Report
from events.records import Event
from events.times import Period
from events.vocabulary import KINDS, Precision
from services.timeline.importers import cells, dates, placing
from services.timeline.importers.flags import Flag
from services.timeline.importers.identity import development_id, named, slug
from services.timeline.importers.made import Format, Made, Prepared, RefusedRow, WrongFormat
from services.timeline.importers.mapping import Mapping
from services.timeline.importers.options import Options
from services.timeline.importers.places import Places
from services.timeline.importers.register import Register
from services.timeline.importers.tables import File, Row, Table

_PRECISIONS: Final = get_args(Precision)


def prepare(files: Sequence[File], options: Options) -> Prepared:
    """Look at the files: the mapping tells what is needed, and every column that it names is there."""
    mapping = options.mapping
    needed = {"rows": mapping.rows, "kind": mapping.kind, "occurred": mapping.occurred, "place": mapping.place}
    if missing := [name for name, said in needed.items() if not said]:
        raise WrongFormat(f"a mapping of developments needs {', '.join(missing)}; docs/formats.md shows one")
    assert mapping.occurred is not None
    if mapping.occurred.end_is not in (None, "inclusive", "exclusive"):
        raise WrongFormat(f"occurred.end_is: {mapping.occurred.end_is!r}, expected inclusive or exclusive")
    tables = [Table(file) for file in files]
    for table in tables:
        table.require(_columns(mapping), "the columns that the mapping names")

    def made(register: Register, settled: Options) -> Iterator[Made]:
        reading = _Reading(register, settled)
        for table in tables:
            yield from map(reading.made, table.rows())

    return Prepared(rows=sum(file.lines for file in files), made=made)


FORMAT: Final = Format(name="csv", version=1, speaks=True, mapping=True, prepare=prepare)


def _columns(mapping: Mapping) -> list[str]:
    assert mapping.place is not None
    assert mapping.occurred is not None
    assert mapping.kind is not None
    figures = [column for one in mapping.figures for column in (one.low, one.best, one.high)]
    said = [
        *mapping.rows, *placing.columns(mapping.place), mapping.occurred.start, mapping.occurred.end,
        mapping.occurred.precision, mapping.kind.column, *(one.column for one in mapping.participants), *figures,
        mapping.report.published, mapping.report.origins, mapping.report.url, *cells.fields(mapping.summary),
        *(column for tag in mapping.tags for column in cells.fields(tag)),
    ]  # fmt: skip
    return list(dict.fromkeys(column for column in said if column))


class _Reading:
    """Rows in their order, each seeing what the ones before it registered."""

    def __init__(self, register: Register, options: Options) -> None:
        self._register = register
        self._options = options
        self._mapping = options.mapping
        self._places = Places(register, options.source, options.mapping.places)

    def made(self, row: Row) -> Made:
        """What becomes of a row."""
        flags: list[Flag] = list(row.flags())
        events: list[Event] = []
        if row.ragged:
            return Made(file=row.file, line=row.line, refusal=Flag("ragged-row", row.ragged))
        try:
            events.append(self._reported(row, events, flags))
        except RefusedRow as refusal:
            return Made(file=row.file, line=row.line, flags=tuple(flags), refusal=refusal.flag)
        return Made(file=row.file, line=row.line, events=tuple(events), flags=tuple(flags))

    def _reported(self, row: Row, events: list[Event], flags: list[Flag]) -> DevelopmentReported:
        identity = [row[column] for column in self._mapping.rows]
        if not all(identity):
            raise RefusedRow("incomplete-row", f"{', '.join(self._mapping.rows)}: what identifies the row is empty")
        occurred = self._occurred(row, flags)
        kind = self._kind(row, flags)
        assert self._mapping.place is not None
        place = placing.placed(row, self._mapping.place, self._places, self._register, self._options.within)
        events += place.events
        flags += place.flags
        participants = self._participants(row, kind, events, flags)
        report = self._report(row, occurred, events, flags)
        if report.published_at < occurred.start:
            flags.append(Flag("published-before-event", f"published {report.published_at:%Y-%m-%d}"))
        summary = (
            cells.filled(self._mapping.summary, row) or f"{kind.replace('_', ' ').capitalize()}, told without words."
        )
        said = DevelopmentReported(
            development_id=development_id(self._options.source, "csv", *identity),
            kind=kind,
            location_id=place.location_id,
            occurred=occurred,
            participants=participants,
            figures=self._figures(row, flags),
            summary=summary[:2_000],
            tags=tuple(dict.fromkeys(tag[:64] for one in self._mapping.tags if (tag := cells.filled(one, row)))),
            report=report,
        )
        return named(said)

    def _date(self, row: Row, column: str) -> Period:
        said = self._mapping.dates
        return dates.period(row[column], said.formats, self._options.zone, first=said.first, last=said.last)

    def _occurred(self, row: Row, flags: list[Flag]) -> Period:
        said = self._mapping.occurred
        assert said is not None
        try:
            start = self._date(row, said.start)
            end = self._date(row, said.end) if said.end and row[said.end] else None
            found = start
            if end is not None and said.end is not None:
                dated = end.start != end.end
                if said.end_is is None and dated:
                    flags.append(Flag("ends-assumed-inclusive", f"{said.end}: {row[said.end]}"))
                found = dates.days(start, end, start.precision, inclusive=said.end_is != "exclusive")
        except dates.NoDate as error:
            raise RefusedRow("date-out-of-range" if error.impossible else "date-unreadable", str(error)) from None
        except ValueError as error:
            raise RefusedRow("incomplete-row", str(error)) from None
        return Period(start=found.start, end=found.end, precision=self._precision(row, found))

    def _precision(self, row: Row, found: Period) -> Precision:
        said = self._mapping.occurred
        word = said.precisions.get(row[said.precision]) if said and said.precision else None
        return word if word in _PRECISIONS else found.precision  # type: ignore[return-value]

    def _kind(self, row: Row, flags: list[Flag]) -> str:
        said = self._mapping.kind
        assert said is not None
        if said.column is None:
            return said.otherwise
        word = row[said.column]
        if word not in said.values:
            flags.append(Flag("kind-unmapped", f"{said.column}: {word!r}"))
        return said.values.get(word, said.otherwise)

    def _participants(self, row: Row, kind: str, events: list[Event], flags: list[Flag]) -> tuple[Participant, ...]:
        found: dict[Participant, None] = {}
        for said in self._mapping.participants:
            names = [one.strip() for one in row[said.column].split(said.split)] if said.split else [row[said.column]]
            names = [one for one in names if one]
            if len(names) > 1:
                flags.append(Flag("several-values", f"{said.column}: {len(names)} values"))
            role = said.roles.get(kind, said.role)
            if role not in KINDS[kind].roles:
                continue
            for name in names:
                found[Participant(actor_id=self._actor(name, said.kind, events), role=role)] = None
        return tuple(found)

    def _actor(self, name: str, kind: str, events: list[Event]) -> str:
        told = self._mapping.same_actors.get(name)
        if told is not None:
            if (known := self._mapping.actors.get(told)) is not None:
                events += self._register.actor(told, known.name, known.kind)
            return told
        actor_id = f"{self._options.source[:30]}.{slug(name)}"
        events += self._register.actor(actor_id, name[:300], kind)  # type: ignore[arg-type]
        return actor_id

    def _figures(self, row: Row, flags: list[Flag]) -> tuple[Figure, ...]:
        found = []
        for said in self._mapping.figures:
            bounds = {name: self._number(row, getattr(said, name), flags) for name in ("low", "best", "high")}
            if all(bound is None for bound in bounds.values()):
                continue
            several = len({bound for bound in bounds.values() if bound is not None}) > 1
            relation = said.relation or ("range" if several else "exact")
            figure = Figure(of=said.of, relation=relation, group=said.group, **bounds)  # type: ignore[arg-type]
            if figure.out_of_order:
                flags.append(Flag("figures-out-of-order", "low {low}, best {best}, high {high}".format(**bounds)))
            found.append(figure)
        return tuple(found)

    def _number(self, row: Row, column: str | None, flags: list[Flag]) -> int | None:
        if column is None or not row[column]:
            return None
        found = cells.whole_number(row[column])
        if found is None:
            flags.append(Flag("figure-unreadable", f"{column}: {row[column]!r}"))
        return found

    def _report(self, row: Row, occurred: Period, events: list[Event], flags: list[Flag]) -> Report:
        said = self._mapping.report
        names = [one.strip() for one in row[said.origins].split(said.split) if one.strip()] if said.origins else []
        chain, unnamed = [self._options.source], None
        if len(names) > 1:
            flags.append(Flag("several-values", f"{said.origins}: {len(names)} values"))
            unnamed = ", ".join(names)[:300]
        elif names:
            origin, registered = self._register.origin(names[0], self._options.origin_reliability)
            events += registered
            chain += [origin] if origin not in chain else []
        url = row[said.url][:2_000] if said.url else None
        return Report(chain=tuple(chain), unnamed_end=unnamed, published_at=self._published(row, occurred, flags),
                      credibility=said.credibility or self._options.credibility, url=url or None, language=said.language)  # fmt: skip

    def _published(self, row: Row, occurred: Period, flags: list[Flag]) -> datetime:
        column = self._mapping.report.published
        if column is None or not row[column]:
            flags.append(Flag("published-unknown", f"{column or 'no column'} tells when"))
            return dates.published(occurred)
        try:
            return dates.published(self._date(row, column))
        except dates.NoDate as error:
            flags.append(Flag("date-out-of-range" if error.impossible else "date-unreadable", f"{column}: {error}"))
            return dates.published(occurred)

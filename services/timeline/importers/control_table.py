"""Control tables: place, date, status, source; long or wide, as snapshots of a list that somebody keeps.

A row says how things stand, so each is a claim of a state, never of a capture: a list cannot tell a capture from a
correction of the list. A status that stays the same from snapshot to snapshot is one claim.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from events.times import Period
from services.timeline.importers import dates, placing
from services.timeline.importers.made import Format, Made, Prepared, WrongFormat
from services.timeline.importers.mapping import Mapping
from services.timeline.importers.options import Options
from services.timeline.importers.register import Register
from services.timeline.importers.snapshots import Entry, Snapshot, Snapshots
from services.timeline.importers.tables import File, Row, Table


def prepare(files: Sequence[File], options: Options) -> Prepared:
    """Look at the files: every column is there, every date of a snapshot is readable, every status word is mapped."""
    mapping = options.mapping
    if mapping.table is None or mapping.place is None or not mapping.status:
        raise WrongFormat("a control table needs [table], [place] and [status] in its mapping")
    ragged: list[Row] = []
    snapshots: dict[Period, list[Entry]] = {}
    for file in files:
        for period, entry in _entries(Table(file), options, ragged):
            snapshots.setdefault(period, []).append(entry)
    _require_words(mapping, [entry for entries in snapshots.values() for entry in entries])
    in_order = [
        Snapshot(period, snapshots[period]) for period in sorted(snapshots, key=lambda one: (one.start, one.end))
    ]

    def made(register: Register, settled: Options) -> Iterator[Made]:
        return Snapshots(register, settled).made(in_order, ragged)

    return Prepared(rows=sum(len(one.entries) for one in in_order), made=made)


FORMAT: Final = Format(name="control-table", version=1, speaks=True, mapping=True, continues=True, prepare=prepare)


def _entries(table: Table, options: Options, ragged: list[Row]) -> Iterator[tuple[Period, Entry]]:
    said, place = options.mapping.table, options.mapping.place
    assert said is not None
    assert place is not None
    needed = [*placing.columns(place), *(one for one in (said.status, said.snapshot, said.as_of, said.url) if one)]
    optional = {said.as_of, said.url}  # lists grow columns: a snapshot from before is none the worse
    table.require([one for one in needed if one not in optional], "the columns that the mapping names")
    heads = _wide(table, options) if said.wide else {}
    for row in table.rows():
        if row.ragged:
            ragged.append(row)
        elif heads:
            yield from ((period, Entry(row, row[column])) for column, period in heads.items() if row[column])
        elif said.status and row[said.status]:
            yield _taken_at(row, said.snapshot, options), Entry(row, row[said.status])


def _wide(table: Table, options: Options) -> dict[str, Period]:
    """The columns that are snapshots, by the date at their head."""
    said = options.mapping.table
    assert said is not None
    assert said.wide is not None
    found = {}
    for column in table.header:
        try:
            found[column] = dates.period(column, (said.wide,), options.zone)
        except dates.NoDate:
            continue
    if not found:
        raise WrongFormat(f"{table.file.path}: no column is headed by a date of the form {said.wide}")
    return found


def _taken_at(row: Row, column: str | None, options: Options) -> Period:
    if column is None:
        if options.published is None:
            raise WrongFormat(f"{row.file}: the mapping names no [table] snapshot; say when it was taken: --published")
        return Period(start=options.published, end=options.published)
    said = options.mapping.dates
    try:
        return dates.period(row[column], said.formats, options.zone, first=said.first, last=said.last)
    except dates.NoDate as error:
        raise WrongFormat(f"{row.file}:{row.line}: {column}: {error}") from None


def _require_words(mapping: Mapping, entries: Sequence[Entry]) -> None:
    """Status words drift: what is not mapped is told at once, with how often and where it stands."""
    strange: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.word not in mapping.status:
            strange.setdefault(entry.word, []).append(entry)
    if strange:
        told = ", ".join(
            f"{word!r} ({len(where)}, first {where[0].row.file}:{where[0].row.line})" for word, where in strange.items()
        )
        raise WrongFormat(f"status words that the mapping does not name: {told}; add them under [status]")

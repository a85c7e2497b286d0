"""OCHA's tables of place codes (P-codes): administrative units with their parents and the date from which they hold."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from events.vocabulary import LocationKind
from services.timeline.importers import dates, gazetteer
from services.timeline.importers.flags import Flag
from services.timeline.importers.gazetteer import Draft
from services.timeline.importers.identity import slug
from services.timeline.importers.made import Format, Made, Prepared
from services.timeline.importers.options import Options
from services.timeline.importers.register import Register
from services.timeline.importers.tables import File, Row, Table

COLUMNS: Final = ("Location", "Admin Level", "P-Code", "Name", "Parent P-Code", "Valid from date")

_LEVELS: Final[MappingProxyType[str, LocationKind]] = MappingProxyType(
    {"0": "country", "1": "governorate", "2": "district", "3": "subdistrict", "4": "town"}
)


def prepare(files: Sequence[File], _options: Options) -> Prepared:
    """Look at the files."""
    tables = [Table(file) for file in files]
    for table in tables:
        table.require(COLUMNS, "an OCHA table of P-codes")

    def made(register: Register, settled: Options) -> Iterator[Made]:
        drafts: list[Draft] = []
        for table in tables:
            for row in table.rows():
                found = _draft(row, settled)
                if isinstance(found, Draft):
                    drafts.append(found)
                else:
                    yield found
        yield from gazetteer.registered([*_countries(drafts, register, settled), *drafts], register, settled)

    return Prepared(rows=sum(file.lines for file in files), made=made)


FORMAT: Final = Format(name="ocha-pcodes", version=1, speaks=False, prepare=prepare)


def _draft(row: Row, options: Options) -> Draft | Made:
    refused = Flag("ragged-row", row.ragged) if row.ragged else None
    if refused is None and (not row["P-Code"] or not row["Name"] or row["Admin Level"] not in _LEVELS):
        said = f"P-Code {row['P-Code']!r}, Name {row['Name']!r}, Admin Level {row['Admin Level']!r}"
        refused = Flag("incomplete-row", said)
    if refused is not None:
        return Made(file=row.file, line=row.line, refusal=refused)
    flags = list(row.flags())
    parent = row["Parent P-Code"]
    return Draft(
        file=row.file, line=row.line, system="pcode", value=row["P-Code"], location_id=f"pcode-{slug(row['P-Code'])}",
        name=row["Name"][:300], kind=_LEVELS[row["Admin Level"]], parents=(("pcode", parent),) if parent else (),
        valid_from=_from(row, options, flags), flags=flags,
    )  # fmt: skip


def _from(row: Row, options: Options, flags: list[Flag]) -> datetime | None:
    if not row["Valid from date"]:
        return None
    try:
        return dates.period(row["Valid from date"], (dates.ISO, "%d/%m/%Y"), options.zone).start
    except dates.NoDate as error:
        flags.append(Flag("date-out-of-range" if error.impossible else "date-unreadable", str(error)))
        return None


def _countries(drafts: list[Draft], register: Register, options: Options) -> list[Draft]:
    """Countries that stand in the file as a parent's code alone: such a table often begins with level 1."""
    held = {draft.value for draft in drafts}
    missing: dict[str, Draft] = {}
    for draft in drafts:
        for system, value in draft.parents:
            absent = value not in held and register.by_code(system, value) is None
            if absent and draft.kind == "governorate" and options.within is None and value not in missing:
                missing[value] = Draft(
                    file=draft.file, line=draft.line, system=system, value=value, location_id=f"pcode-{slug(value)}",
                    name=value, kind="country", flags=[Flag("parent-by-code", value)],
                )  # fmt: skip
    return list(missing.values())

"""GeoNames: the dumps (19 columns without a header, tab-separated) and tables with a header made from them.

Source: the readme of the GeoNames export (geonames.org; CC BY 4.0).
"""

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Final

from events.reference import Geometry
from events.vocabulary import LocationKind
from services.timeline.importers import cells, gazetteer
from services.timeline.importers.flags import Flag
from services.timeline.importers.gazetteer import Draft
from services.timeline.importers.made import Format, Made, Prepared, WrongFormat
from services.timeline.importers.options import Options
from services.timeline.importers.places import read_point
from services.timeline.importers.register import Register
from services.timeline.importers.tables import File, Row, Table

DUMP: Final = (
    "geonameid", "name", "asciiname", "alternatenames", "latitude", "longitude", "feature_class", "feature_code",
    "country", "cc2", "admin1", "admin2", "admin3", "admin4", "population", "elevation", "dem", "timezone", "modified",
)  # fmt: skip
_NEEDED: Final = ("geonameid", "name", "latitude", "longitude", "feature_code")

#: Feature codes as kinds; populated places are told by their size.
_KINDS: Final[MappingProxyType[str, LocationKind]] = MappingProxyType(
    {
        "PCLI": "country", "PCL": "country", "PCLD": "country", "ADM1": "governorate", "ADM2": "district",
        "ADM3": "subdistrict", "PPLX": "neighbourhood", "AIRP": "airport", "AIRF": "airport", "AIRB": "base",
        "MILB": "base", "INSM": "base", "BDG": "bridge", "CSTM": "border_crossing", "RD": "road", "RDJCT": "road",
        "DAM": "facility", "PS": "facility", "HSP": "facility", "PRT": "facility", "CMP": "facility", "AREA": "area",
        "RGN": "area",
    }
)  # fmt: skip
_CITY, _TOWN = 50_000, 5_000
_ADMIN: Final = ("admin1", "admin2", "admin3")


def prepare(files: Sequence[File], _options: Options) -> Prepared:
    """Look at the files: a header that names what is needed, or 19 columns that begin with a number."""
    tables = [_table(file) for file in files]

    def made(register: Register, settled: Options) -> Iterator[Made]:
        drafts: list[Draft] = []
        for table in tables:
            for row in table.rows():
                found = _draft(row)
                if isinstance(found, Draft):
                    drafts.append(found)
                else:
                    yield found
        yield from gazetteer.registered(drafts, register, settled)

    return Prepared(rows=sum(file.lines for file in files), made=made)


FORMAT: Final = Format(name="geonames", version=1, speaks=False, prepare=prepare)


def _table(file: File) -> Table:
    with file.text() as stream:
        first = stream.readline().rstrip("\r\n").split("\t")
    if len(first) == len(DUMP) and first[0].isdigit():
        return Table(file, delimiter="\t", header=DUMP)
    if first[0].isdigit():
        said = f"expected a GeoNames dump of {len(DUMP)} tab-separated columns, found {len(first)}"
        raise WrongFormat(f"{file.path}: {said}")
    table = Table(file)
    table.require(_NEEDED, "a GeoNames dump, or a header")
    return table


def _draft(row: Row) -> Draft | Made:
    refused = Flag("ragged-row", row.ragged) if row.ragged else None
    if refused is None and (not row["geonameid"].isdigit() or not row["name"]):
        refused = Flag("incomplete-row", f"geonameid {row['geonameid']!r}, name {row['name']!r}")
    if refused is not None:
        return Made(file=row.file, line=row.line, refusal=refused)
    kind = _kind(row)
    if kind is None:
        said = f"{row['name']}: {row['feature_code']}"
        return Made(file=row.file, line=row.line, flags=(Flag("not-a-place", said),))
    flags = list(row.flags())
    codes, parents = _admin(row, kind)
    return Draft(
        file=row.file, line=row.line, system="geonames", value=row["geonameid"], location_id=f"gn-{row['geonameid']}",
        name=row["name"][:300], kind=kind, parents=parents, geometry=_geometry(row, flags), names=_names(row), codes=codes,
        flags=flags,
    )  # fmt: skip


def _kind(row: Row) -> LocationKind | None:
    code = row["feature_code"]
    if code in _KINDS:
        return _KINDS[code]
    if not code.startswith("PPL") or code in ("PPLH", "PPLQ", "PPLW", "PPLCH"):  # historical, abandoned, destroyed
        return None
    population = cells.whole_number(row["population"]) or 0
    if code in ("PPLC", "PPLA") or population >= _CITY:
        return "city"
    return "town" if population >= _TOWN or code == "PPLA2" else "village"


def _admin(row: Row, kind: LocationKind) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """The code of an administrative unit, and those of the units above a place, the nearest first: SY, SY.10, SY.10.172."""
    country = row["country"]
    if not country:
        return {}, ()
    path = [country]
    for column in _ADMIN:
        if not row[column] or row[column] == "00":
            break
        path.append(row[column])
    units = [".".join(path[: depth + 1]) for depth in range(len(path))]
    if kind in ("country", "governorate", "district", "subdistrict"):
        own = units[-1]
        return {"geonames-unit": own}, tuple(("geonames-unit", one) for one in reversed(units[:-1]))
    return {}, tuple(("geonames-unit", one) for one in reversed(units))


def _names(row: Row) -> dict[str, str]:
    plain = row["asciiname"]
    return {"en": plain[:300]} if plain and plain != row["name"] else {}


def _geometry(row: Row, flags: list[Flag]) -> Geometry | None:
    try:
        found = read_point(row["longitude"], row["latitude"])
    except ValueError as error:
        flags.append(Flag("coordinates-unusable", f"{row['name']}: {error}"))
        return None
    if found is None:
        flags.append(Flag("no-coordinates", row["name"]))
        return None
    return Geometry(type="Point", coordinates=list(found))

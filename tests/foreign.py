"""Small foreign files for tests, and what an importer makes of them without a database. All rows are made up."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from events.developments import DevelopmentReported
from events.recorded import RecordedEvent
from events.records import Event
from projections.catalogue import Catalogue
from services.timeline.importers import mapping as mappings
from services.timeline.importers import ucdp_ged
from services.timeline.importers.formats import FORMATS
from services.timeline.importers.made import Made
from services.timeline.importers.options import Options
from services.timeline.importers.register import Register
from services.timeline.importers.tables import File

E = TypeVar("E", bound=Event)

NO_ID = UUID(int=1)
NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)

GED_ROW = {
    "id": "101.0", "type_of_violence": "1.0", "side_a_new_id": "118.0", "side_a": "Government of Testland",
    "side_b_new_id": "234.0", "side_b": "Northern Front", "source_article": "", "source_office": "Radio One",
    "source_date": "2016-05-03", "source_headline": "Clashes near the mill", "source_original": "Radio One",
    "where_prec": "1.0", "where_coordinates": "Milltown village", "adm_1": "East Governorate", "adm_2": "Mill district",
    "latitude": "35.0", "longitude": "36.0", "country": "Testland", "event_clarity": "1.0", "date_prec": "1.0",
    "date_start": "2016-05-02", "date_end": "2016-05-02", "deaths_a": "1.0", "deaths_b": "2.0",
    "deaths_civilians": "0.0", "deaths_unknown": "0.0", "low": "3.0", "best": "3.0", "high": "4.0",
}  # fmt: skip

TABLE_TOML = """
[source]
id = "the-list"
name = "A list"
[dates]
formats = ["%d %B %Y %Hh%M UTC", "%d %B %Y"]
[place]
name = "Name"
qualifier = ["District"]
latitude = "Lat"
longitude = "Lon"
[table]
status = "Held by"
snapshot = "Taken"
as_of = "As of"
[status]
"North" = { kind = "held", holder = ["north"] }
"South" = { kind = "held", holder = ["south"] }
"East" = { kind = "held", holder = ["east"] }
"Contested" = { kind = "contested", holder = ["north", "south"] }
"Unknown" = {}
[actors]
north = { name = "North" }
south = { name = "South" }
east = { name = "East" }
"""


def table(rows: Iterable[dict[str, str]], delimiter: str = ",") -> str:
    """Rows as CSV under the columns of the first."""
    out = io.StringIO()
    listed = list(rows)
    writer = csv.DictWriter(out, list(listed[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(listed)
    return out.getvalue()


def ged(*changes: dict[str, str]) -> str:
    """A GED file: a row a change, with ids of their own unless they name one."""
    assert set(GED_ROW) == set(ucdp_ged.COLUMNS)
    return table(GED_ROW | {"id": f"{100 + n}.0"} | change for n, change in enumerate(changes, start=1))


def listing(taken: str, *rows: tuple[str, ...]) -> str:
    """A snapshot: (name, status, as of, district, latitude, longitude), the latter ones optional."""
    columns = ("Name", "Held by", "As of", "District", "Lat", "Lon")
    return table(dict(zip(columns, (*row, *("",) * 6), strict=False)) | {"Taken": taken} for row in rows)


def mapped(text: str) -> mappings.Mapping:
    """A mapping as its file reads."""
    return msgspec.toml.decode(text.encode(), type=mappings.Mapping)


class Import:
    """What an importer made of files."""

    def __init__(self, made: Sequence[Made]) -> None:
        self.made = list(made)

    @property
    def events(self) -> list[Event]:
        return [event for one in self.made for event in one.events]

    def of(self, kind: type[E]) -> list[E]:
        """Its events of one type."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def reported(self) -> list[DevelopmentReported]:
        return self.of(DevelopmentReported)

    @property
    def flags(self) -> Counter[str]:
        """How often each flag was given; refusals are flags too."""
        given = [flag.name for one in self.made for flag in one.flags]
        return Counter([*given, *(one.refusal.name for one in self.made if one.refusal is not None)])

    @property
    def refused(self) -> list[tuple[int, str]]:
        return [(one.line, one.refusal.name) for one in self.made if one.refusal is not None]


def made(
    folder: Path,
    format_: str,
    *files: str | bytes,
    mapping: str = "",
    held: Sequence[Event] = (),
    claims: Sequence[DevelopmentReported] = (),
    encoding: str | None = None,
    **options: Any,
) -> Import:
    """Import files given as their content, beside what is `held` already."""
    opened = []
    for number, content in enumerate(files):
        path = folder / f"file-{number}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        opened.append(File(str(path), encoding))
    said = mapped(mapping)
    chosen = {"source": said.source.id if said.source else "the-source", "zone": ZoneInfo("UTC"), **options}
    settled = Options(mapping=said, now=NOW, **chosen)
    prepared = FORMATS[format_].prepare(opened, settled)
    catalogue = Catalogue()
    catalogue.learn(recorded(*held), len(held))
    return Import(list(prepared.made(Register(catalogue, len(held), NOW, claims), settled)))


def recorded(*events: Event, by: str = "local via ucdp-ged/1") -> list[RecordedEvent[Event]]:
    """Events as the log would hold them."""
    return [
        RecordedEvent(
            position=number, recorded_at=NOW, recorded_by=by, event_id=event.event_id or NO_ID, version=1, event=event
        )
        for number, event in enumerate(events, start=1)
    ]

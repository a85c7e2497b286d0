"""Flat rows as a workbook of Excel (XLSX), and the whole map as GeoParquet: files to be taken along.

A cell of a workbook says that it is text, so nothing in it is run as a formula or opened as an address, whatever somebody called
a place. Moments are text too, in RFC 3339: Excel's own have no time zone, no year before 1900 and no microseconds.
"""

import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet
import xlsxwriter

from events.times import rfc3339

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
GEOPARQUET: Final = "application/vnd.apache.parquet"

#: Excel's own bound, the line of names included.
MOST_ROWS: Final = 1_048_576

#: A file of so many bytes is handed on at a time.
CHUNK: Final = 256 * 1024

#: The same bytes for the same answer: a workbook has to say when it was made.
_MADE: Final = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)


class ExtraMissing(RuntimeError):
    """A format that takes a library which is not installed; one line for people."""


def workbook(
    title: str, names: Sequence[str], rows: Iterable[Sequence[Any]], about: Mapping[str, Any]
) -> Iterator[bytes]:
    """Rows as a workbook, in memory that does not grow with them; a sheet more for each million of rows.

    Args:
        about: What the answer rests on; a sheet of its own, the last.
    """
    with tempfile.TemporaryFile() as file:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(file, options) as book:
            book.set_properties({"created": _MADE})
            for number, some in enumerate(_sheets(rows)):
                sheet = book.add_worksheet(f"{title} {number + 1}" if number else title)
                sheet.freeze_panes(1, 0)
                for at, row in enumerate(chain([names], some)):
                    _write(sheet, at, row)
            sheet = book.add_worksheet("about")
            for at, pair in enumerate(about.items()):
                _write(sheet, at, pair)
        file.seek(0)
        while chunk := file.read(CHUNK):
            yield chunk


def _sheets(rows: Iterable[Sequence[Any]]) -> Iterator[Iterator[Sequence[Any]]]:
    """Rows as many at a time as a sheet has room for; where there are none, one sheet without."""
    every: Iterator[Sequence[Any]] = iter(rows)
    yield islice(every, MOST_ROWS - 1)
    for first in every:
        yield chain([first], islice(every, MOST_ROWS - 2))


def _write(sheet: Any, at: int, row: Sequence[Any]) -> None:
    for column, value in enumerate(row):
        if isinstance(value, int | float):
            sheet.write_number(at, column, value)
        elif value is not None:
            sheet.write_string(at, column, rfc3339(value) if isinstance(value, datetime) else str(value))


def geoparquet(rows: Sequence[Mapping[str, Any]], geometries: Sequence[Any], about: Mapping[str, Any]) -> bytes:
    """Rows with a geometry each, as GeoParquet 1.1 (WKB, OGC:CRS84); `about` stands in the file's metadata.

    Raises:
        ExtraMissing: shapely is not installed.
    """
    try:
        from shapely.geometry import shape  # noqa: PLC0415  (an extra)
    except ImportError:
        raise ExtraMissing("GeoParquet takes an extra: pip install 'timeline-service[geo]'") from None
    columns = {name: pa.array([row[name] for row in rows], _type_of(name)) for name in (rows[0] if rows else ())}
    columns["geometry"] = pa.array([shape(one).wkb if one else None for one in geometries], pa.binary())
    told = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {"geometry": {"encoding": "WKB", "geometry_types": []}},
    }
    table = pa.table(columns).replace_schema_metadata({"geo": json.dumps(told), "timeline": json.dumps(about)})
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out, compression="zstd")
    return out.getvalue()


def _type_of(name: str) -> pa.DataType:
    return pa.float64() if name in ("lon", "lat") else pa.string()

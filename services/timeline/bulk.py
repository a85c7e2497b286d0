"""The stretches, or the belief maps, of all places as flat rows: streamed place by place, so memory is bounded by one of them.

Rows are those of API.md; open ends are empty. On the recorded clock a position is told as the time at which it was recorded.
"""

import io
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final, Literal

import pyarrow as pa

from events.times import rfc3339
from events.vocabulary import Facet
from projections import views
from projections.claims import ClaimVersion, known_claims
from projections.counting import counted_rectangles, counted_stretches
from projections.every_place import versions_by_place
from services.timeline import flat, sheets, wire
from services.timeline.asked import Asked
from services.timeline.reader import NARROW, Reader, until

Told = Literal["stretches", "beliefs"]

OF_ANSWER: Final = (*flat.OF_ANSWER, "pending_count")
COLUMNS: Final[dict[Told, tuple[str, ...]]] = {
    "stretches": ("location_id", "valid_from", "valid_until", *OF_ANSWER),
    "beliefs": ("location_id", "valid_from", "valid_until", "known_from", "known_until", *OF_ANSWER),
}

#: So many rows are told at once.
ROWS: Final = 10_000

#: Of places folded anew from the log (reported clock, an earlier position), so many at a time.
AS_OF: Final = 500

Row = tuple[Any, ...]


def rows(
    reader: Reader, asked: Asked, told: Told, facet: Facet, locations: Sequence[str]
) -> Generator[list[Row], None, None]:
    """The rows of some places in their order, with times as such; a place without claims has one.

    Args:
        locations: Registered as known then, ordered by id.
    """
    tell = _stretches if told == "stretches" else _rectangles
    with asked.connection.transaction():
        every = (
            row
            for location_id, held in versions(reader, asked, locations)
            for row in tell(asked, location_id, [one for one in held if one.facet == facet])
        )
        while some := list(islice(every, ROWS)):
            yield _with_times(asked, some) if told == "beliefs" else some


def versions(reader: Reader, asked: Asked, locations: Sequence[str]) -> Iterator[tuple[str, list[ClaimVersion]]]:
    """The claim versions of some places in their order, place by place; each of them once, also without any."""
    if asked.as_of is not None:
        for begin in range(0, len(locations), AS_OF):
            some = locations[begin : begin + AS_OF]
            found: dict[str, list[ClaimVersion]] = {one: [] for one in some}
            for version in reader.versions(asked, some):
                found[version.location_id].append(version)
            yield from found.items()
        return
    stored = versions_by_place(asked.connection, asked.view, locations if len(locations) < NARROW else None)
    place, held = next(stored, ("", []))
    for location_id in locations:
        while place and place < location_id:
            place, held = next(stored, ("", []))
        yield location_id, held if place == location_id else []


def _stretches(asked: Asked, location_id: str, versions: Sequence[ClaimVersion]) -> Iterator[Row]:
    for one, count in counted_stretches(
        known_claims(versions, versions[0].facet if versions else "control", asked.known)
    ):
        yield (location_id, one.valid_from, one.valid_until, *flat.of_answer(one.answer).values(), count)


def _rectangles(asked: Asked, location_id: str, versions: Sequence[ClaimVersion]) -> Iterator[Row]:
    for one, count in counted_rectangles(
        until([one for one in versions if one.known_from <= asked.known], asked.known)
    ):
        said = flat.of_answer(one.answer).values()
        yield (location_id, one.valid_from, one.valid_until, one.known_from, one.known_until, *said, count)


def _with_times(asked: Asked, some: list[Row]) -> list[Row]:
    """The same with times on the known axis."""
    recorded = asked.view.reading.clock == "recorded"
    positions = {known for row in some for known in row[3:5] if known is not None} if recorded else set()
    times = views.recorded_times(asked.connection, positions)
    return [(*row[:3], asked.known_time(row[3], times), asked.known_time(row[4], times), *row[5:]) for row in some]


def csv(told: Told, found: Iterator[list[Row]]) -> Iterator[bytes]:
    """Rows as CSV, with their names."""
    yield flat.csv_line(COLUMNS[told]).encode()
    for some in found:
        yield "".join(flat.csv_line(map(_written, row)) for row in some).encode()


def ndjson(told: Told, found: Iterator[list[Row]]) -> Iterator[bytes]:
    """Rows as an object a line."""
    names = COLUMNS[told]
    for some in found:
        yield b"".join(wire.encode(dict(zip(names, map(_written, row), strict=True))) + b"\n" for row in some)


def xlsx(asked: Asked, told: Told, found: Iterator[list[Row]]) -> Iterator[bytes]:
    """Rows as a workbook."""
    return sheets.workbook(told, COLUMNS[told], (row for some in found for row in some), wire.coordinates(asked))


def _written(value: Any) -> Any:
    return rfc3339(value) if isinstance(value, datetime) else value


def arrow(told: Told, found: Iterator[list[Row]]) -> Iterator[bytes]:
    """Rows as a stream of Apache Arrow record batches."""
    schema = pa.schema([(name, _arrow_type(name)) for name in COLUMNS[told]])
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema) as stream:
        for some in found:
            columns = [
                pa.array(values, field.type) for field, values in zip(schema, zip(*some, strict=True), strict=True)
            ]
            stream.write_batch(pa.record_batch(columns, schema=schema))
            yield _taken(sink)
    yield _taken(sink)


def _taken(sink: io.BytesIO) -> bytes:
    data = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return data


def _arrow_type(name: str) -> Any:
    if name.endswith(("_from", "_until")):
        return pa.timestamp("us", tz="UTC")
    return pa.int64() if name == "pending_count" else pa.string()


WRITERS: Final[dict[str, Callable[[Told, Iterator[list[Row]]], Iterator[bytes]]]] = {
    "arrow": arrow,
    "csv": csv,
    "ndjson": ndjson,
}

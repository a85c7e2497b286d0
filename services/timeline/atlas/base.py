"""The file of an atlas as it is read: which view at which position, its columns, and its fragments in mapped memory."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import numpy as np

from services.timeline.atlas.columns import Columns, Ints, Longs, Rows
from services.timeline.atlas.draft import FORMS
from services.timeline.atlas.file import Damaged, Mapped
from services.timeline.atlas.fragments import SHAPE, Holding
from services.timeline.atlas.joining import Pieces, Views


class Identity(msgspec.Struct, frozen=True):
    """What an atlas was drawn of. It is used where all of it is found again; the position may be an earlier one.

    Attributes:
        view: The view's id.
        reading: Policy with its version, clock and choice of sources, in one line.
        event_id: Of the event at the position: another log has another one there.
        revision: How often the view's past had been changed by then.
        shape: Of the bytes that fragments are.
    """

    view: int
    reading: str
    position: int
    event_id: UUID | None
    revision: int
    shape: str = SHAPE


class _Says(msgspec.Struct, frozen=True):
    identity: Identity
    places: list[str]
    holdings: list[Holding]
    left_out: list[int]


@dataclass(frozen=True, slots=True)
class Base:
    """An atlas as of one position, mapped.

    Attributes:
        places: Every place that was registered then, or that a claim is about, ordered by id.
        unknown: The fragment of each place where nothing is known.
        holding: The number of each fragment's mode and holders among `holdings`.
        access_places: The places on whose access claims bear; the columns of access count among these.
        last_step: When what is known of each place changed last, by facet.
        left_out: Places that are too crowded to be drawn.
        json: The memory of the fragments of JSON.
    """

    identity: Identity
    places: list[str]
    unknown: Ints
    holdings: list[Holding]
    holding: Ints
    control: Columns
    access: Columns
    access_places: Ints
    last_step: dict[str, Longs]
    left_out: frozenset[int]
    offsets: dict[str, Longs]
    json: Pieces
    file: Mapped

    def picked(self, at: int, known: int) -> tuple[Ints, Ints]:
        """The fragment of control and that of access (or none) of each place at a moment of both axes."""
        access = np.full(len(self.places), -1, np.int32)
        access[self.access_places] = self.access.picked(at, known)
        return self.control.picked(at, known), access

    def bytes_of(self, form: str, fragments: Ints) -> list[bytes | memoryview]:
        """Fragments in one of the formats, not copied: slices of mapped memory (two thirds of the time of joining copies)."""
        offsets, begin = self.offsets[form], self.file.begin(form)
        starts = (offsets[fragments] + begin).tolist()
        ends = (offsets[fragments + 1] + begin).tolist()
        view = self.file.view
        return [view[start:end] for start, end in zip(starts, ends, strict=True)]

    def json_of(self, fragments: Ints) -> Views:
        """Where the JSON of fragments is; not that of no access, which is short."""
        offsets = self.offsets["json"]
        return Pieces.at(offsets[fragments], offsets[fragments + 1])

    @property
    def rectangles(self) -> int:
        """How many rectangles are drawn."""
        return self.control.by_valid.many + self.access.by_valid.many


def opened(path: Path) -> Base:
    """The base in a file.

    Raises:
        Damaged: the file is not whole, or was written by another program.
    """
    file = Mapped(path)
    try:
        says = msgspec.convert(file.says, _Says)
        return Base(
            identity=says.identity,
            places=says.places,
            unknown=file.array("unknown"),
            holdings=says.holdings,
            holding=file.array("holding"),
            control=_columns(file, "control"),
            access=_columns(file, "access"),
            access_places=file.array("access places"),
            last_step={facet: file.array(f"{facet} last step") for facet in ("control", "access")},
            left_out=frozenset(says.left_out),
            offsets={form: file.array(f"{form} offsets") for form in FORMS},
            json=Pieces(file.array("json")),
            file=file,
        )
    except (msgspec.ValidationError, KeyError) as error:
        raise Damaged(f"{path}: {error}") from None


def _columns(file: Mapped, name: str) -> Columns:
    def rows(order: str) -> Rows:
        return Rows(*(file.array(f"{name} {order} {column}") for column in Rows._fields))

    grids: list[Any] = [file.array(f"{name} {grid}") for grid in ("valid_grid", "known_grid", "keyframes")]
    return Columns(rows("by_valid"), rows("by_known"), *grids)

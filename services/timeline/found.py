"""What is found when places are asked about: the status of one, the answers of many."""

from dataclasses import dataclass

from projections.status import Answer, Status


@dataclass(frozen=True, slots=True)
class PlaceStatus:
    """The status of one location: a status for each facet (access is None where no claim bears on it), and the roll-up."""

    control: Status
    access: Status | None
    places: int
    rollup: list[tuple[str, tuple[str, ...], int]]


@dataclass(frozen=True, slots=True)
class Everywhere:
    """The answers of many locations; `access` is None where no claim bears on it."""

    location_id: str
    control: Answer
    access: Answer | None

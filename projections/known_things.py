"""Locations, actors and sources as they are told: at one valid time, as known at one position (plain values)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from events.marks import MARKS


@dataclass(frozen=True, slots=True)
class Location:
    """A location as it is at one valid time, as known at one position."""

    location_id: str
    name: str
    kind: str
    parent_id: str | None
    geometry: Mapping[str, Any] | None
    names: Mapping[str, str]
    codes: Mapping[str, str]

    @property
    def is_redacted(self) -> bool:
        """A name of it was taken away."""
        return self.name.endswith(tuple(f" {mark}" for mark in MARKS)) or any(
            one in MARKS for one in self.names.values()
        )


@dataclass(frozen=True, slots=True)
class Actor:
    """An actor as known at one position; its names as (name, from, until), open ends None, the registered one last said."""

    actor_id: str
    name: str
    kind: str
    names: tuple[tuple[str, datetime | None, datetime | None], ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A source, graded as known at one position."""

    source_id: str
    name: str
    kind: str
    reliability: str
    aligned_with: tuple[str, ...]
    url: str | None
    sensitive: bool = False

"""The texts of the page, from the one file that the browser reads too, and what a sentence is made of (pure).

`static/app/words.js` says the same in the browser; a test compares the two.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from services.timeline.page.assets import ROOT
from services.timeline.wire import FacetStatus, PendingGroup

Texts = Mapping[str, Any]
Names = Callable[[str], str]

_FACETLESS: Final = "unknown"


@cache
def texts() -> Texts:
    """All texts, by room and name."""
    found: Texts = msgspec.json.decode(ROOT.joinpath("app", "texts.en.json").read_bytes())
    return found


def filled(template: str, **values: object) -> str:
    """A text with its blanks filled."""
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", str(value))
    return template


def listed(words: Sequence[str]) -> str:
    """Words as a list in a sentence."""
    if not words:
        return str(texts()["nobody"])
    *most, last = words
    return f"{', '.join(most)} {texts()['and']} {last}" if most else last


def says(one: FacetStatus | PendingGroup, names: Names) -> str:
    """What an assertion says of a place, as the end of a sentence."""
    said = texts()["says"]
    holders, challengers = (listed([names(actor) for actor in some]) for some in (one.holders, one.challengers))
    if one.mode == "contested" and not (one.holders and one.challengers):
        return filled(said["contested_by"], holders=holders if one.holders else challengers)
    return filled(said[one.mode], holders=holders, challengers=challengers)


def sentences(place: str, status: FacetStatus, names: Names) -> tuple[str, str]:
    """What is accepted of a place, and what is claimed beside it (empty where nothing is)."""
    said, standing = texts()["sentence"], texts()["standing"]
    if status.mode == _FACETLESS:
        first = filled(said["all_pending" if status.pending else "no_claim"], place=place)
    else:
        first = filled(said["is"], place=place, says=says(status, names))
    also = [f"{says(one, names)} ({standing[one.standing]})" for one in status.pending]
    return first, filled(said["also"], claims="; ".join(also)) if also else ""


class Clock:
    """How times are told: those of a zone first, UTC beside."""

    def __init__(self, zone: str | None) -> None:
        try:
            self._zone = ZoneInfo(zone) if zone and zone != "UTC" else None
        except ZoneInfoNotFoundError:  # the demo's, on a machine without a table of zones
            self._zone = None
        self.name = zone.rpartition("/")[2].replace("_", " ") if zone else "UTC"

    def tell(self, when: datetime) -> str:
        """A moment, as `2 Dec 2024, 18:00 Damascus (15:00 UTC)`."""
        if self._zone is None:
            return filled(texts()["when"]["utc"], utc=f"{day(when)}, {when:%H:%M}")
        local = when.astimezone(self._zone)
        beside = f"{when:%H:%M}" if local.date() == when.date() else f"{day(when)}, {when:%H:%M}"
        return filled(texts()["when"]["local"], local=f"{day(local)}, {local:%H:%M}", zone=self.name, utc=beside)


def day(when: datetime) -> str:
    """A date, as `2 Dec 2024`."""
    return f"{when.day} {texts()['months'][when.month - 1]} {when.year}"


def age(between: timedelta) -> str:
    """How long a time is, roughly."""
    said, minutes = texts()["age"], round(between.total_seconds() / 60)
    if minutes < 1:
        return str(said["same"])
    if minutes < 120:
        return filled(said["minutes"], n=minutes)
    if minutes < 2 * 24 * 60:
        return filled(said["hours"], n=minutes // 60)
    return filled(said["days"], n=minutes // (24 * 60))

"""The state of the page and the address that keeps it (pure): what `static/app/address.js` says in the browser.

Whatever is wrong in an address is left out and told, since a reader who followed a mangled link still wants the page.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, get_args
from urllib.parse import parse_qsl

import msgspec

from events.times import Instant, utc

#: How the known time moves when the other does.
Follow = Literal["then", "today", "free"]

_TEXT: Final = 100
_EATEN_PLUS: Final = re.compile(r" (\d{2}:\d{2})\Z")


@dataclass(frozen=True, slots=True)
class State:
    """What the page shows.

    Attributes:
        at: The moment in the world; None for now.
        known: As known by then, where `follow` is `free`; None for now.
        position: The log position that pins it, where the link was shared.
        wrong: What of the address could not be understood, a line each.
    """

    place: str | None = None
    at: datetime | None = None
    known: datetime | None = None
    follow: Follow = "then"
    view: str = "current"
    position: int | None = None
    wrong: tuple[str, ...] = field(default=(), compare=False)

    @property
    def known_at(self) -> datetime | None:
        """The known time that the switch makes of both: None for all that is known today."""
        return {"then": self.at, "today": None, "free": self.known}[self.follow]


def state(query: Mapping[str, str]) -> State:
    """The state that an address asks for."""
    wrong: list[str] = []
    follow = query.get("follow", "then")
    if follow not in get_args(Follow):
        wrong.append(f"follow: one of {', '.join(get_args(Follow))}, not {follow[:_TEXT]!r}")
        follow = "then"
    return State(
        place=_text(query.get("place")),
        at=_moment("at", query.get("at"), wrong),
        known=_moment("known", query.get("known"), wrong),
        follow=follow,  # type: ignore[arg-type]
        view=_text(query.get("view")) or "current",
        position=_position(query.get("position"), wrong),
        wrong=tuple(wrong),
    )


def started(start: str | None, query: Mapping[str, str]) -> Mapping[str, str]:
    """What is asked for: the address, or the start link where it names nothing."""
    if query or not start:
        return query
    return dict(parse_qsl(start.rpartition("?")[2]))


def _text(said: str | None) -> str | None:
    return said[:_TEXT].replace("\x00", "") or None if said else None


def _moment(name: str, said: str | None, wrong: list[str]) -> datetime | None:
    if not said:
        return None
    try:
        return utc(msgspec.convert(_EATEN_PLUS.sub(r"+\1", said), Instant))
    except (msgspec.ValidationError, ValueError):
        wrong.append(f"{name}: a moment is written with its offset, as 2024-12-02T15:00:00Z, not {said[:_TEXT]!r}")
        return None


def _position(said: str | None, wrong: list[str]) -> int | None:
    if not said:
        return None
    if not re.fullmatch(r"[0-9]{1,15}", said):
        wrong.append(f"position: a number of the log, not {said[:_TEXT]!r}")
        return None
    return int(said)

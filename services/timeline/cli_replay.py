"""`timeline replay`: steps through the log on a terminal, or as NDJSON into a pipe."""

import contextlib
import sys
import time
from collections.abc import Callable
from datetime import datetime

from rich.markup import escape

from events.times import rfc3339
from services.timeline import console, typed, wire
from services.timeline.asked import CannotAsk
from services.timeline.composition import Timeline
from services.timeline.replay import Bound, Replay, Replayed, Told, bound, speed

#: On a terminal a day passes in a second, and no pause is longer than a second, unless `--speed` says otherwise.
_PLEASANT, _PATIENCE = 86_400.0, 1.0

_Typed = Callable[[str, str | None, str], datetime | None]


def replay(
    timeline: Timeline, from_: str | None, to: str | None, pace: str | None, place: str | None, view: str, zone: str,
    *, as_json: bool,
) -> None:  # fmt: skip
    """Tell each change of status, each at its time; Ctrl-C ends it quietly.

    Raises:
        Unusable, CannotAsk, UnknownView, NotRegistered: as other questions raise them.
    """
    as_lines = as_json or not sys.stdout.isatty()
    seconds, most = _waiting(pace, as_lines)
    asking = Replayed(
        view=view,
        start=_bound("--from", from_, zone, typed.begin),
        end=_bound("--to", to, zone, typed.end),
        location_id=_location(timeline, place, view),
    )
    with contextlib.suppress(KeyboardInterrupt):
        found = Replay(timeline.log, timeline.reader, asking)
        told = _tell(found, seconds, most, as_lines=as_lines)
        if not as_lines:
            console.note(f"{told:,} changes of status; the view stands at position {found.known_position:,}")


def _waiting(pace: str | None, as_lines: bool) -> tuple[float | None, float | None]:
    """How many seconds of the log pass in one, and the longest pause."""
    if pace is not None:
        try:
            return speed("--speed", pace), None
        except CannotAsk as error:
            raise typed.Unusable(f"--speed {pace!r}: {error.message}") from None
    return (None, None) if as_lines else (_PLEASANT, _PATIENCE)


def _bound(option: str, text: str | None, zone: str, read: _Typed) -> Bound | None:
    if text is not None and text.isascii() and text.isdigit():
        return bound(option, text)
    return read(option, text, zone)


def _location(timeline: Timeline, place: str | None, view: str) -> str | None:
    if place is None:
        return None
    with timeline.reader.asking(view) as asked:
        return typed.location(timeline.reader.catalogue(asked.known_position), place, asked)


def _tell(found: Replay, pace: float | None, most: float | None, *, as_lines: bool) -> int:
    count, before = 0, None
    for part in found.parts():
        for told in part:
            if pace is not None and before is not None:
                wait = (told.known_at - before).total_seconds() / pace
                time.sleep(min(wait, most) if most is not None else wait)
            before = told.known_at
            count += 1
            if as_lines:
                sys.stdout.buffer.write(wire.encode(told.change) + b"\n")
                if pace is not None:
                    sys.stdout.buffer.flush()
            else:
                _show(told)
    return count


def _show(told: Told) -> None:
    """A change for people: when it became known, what changed, for which time, and because of what."""
    change = told.change
    where = f"position {change.position:,}" if change.position is not None else ""
    console.out.print(f"[dim]{rfc3339(told.known_at)}  {where}[/dim]")
    console.out.print(f"[bold]{escape(change.words)}[/bold]")
    period = f"from {change.valid_from or 'ever'} until {change.valid_until}" if change.past else (
        f"since {change.valid_from or 'ever'}")  # fmt: skip
    if change.past:
        console.out.print(f"[yellow]only the past is corrected: {period}[/yellow]")
    else:
        console.out.print(f"[dim]{period}, until further notice[/dim]")
    for cause in change.causes:
        console.out.print(f"because {escape(cause.words)}")
    console.out.print()

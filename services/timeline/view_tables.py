"""What people see of views: tables and sentences."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from events.times import rfc3339
from services.timeline.comparing import Difference
from services.timeline.console import out, say
from services.timeline.narration import listed
from services.timeline.wire import BriefStatus
from services.timeline.wire_views import VerificationOut, ViewOut


def show_views(found: Sequence[ViewOut]) -> None:
    """Every view in a line."""
    names = ("id", "view", "policy", "clock", "choices", "position", "state", "rows", "size", "digest")
    table = Table(*names, box=None, header_style="dim")
    for one in found:
        cells = (
            one.id, one.name, one.policy, one.clock, _choices(one), f"{one.position:,}", _state(one),
            "" if one.rows is None else f"{one.rows:,}", _size(one.bytes), (one.digest or "")[:16],
        )  # fmt: skip
        table.add_row(*map(escape, cells))
    out.print(table)


def _choices(one: ViewOut) -> str:
    said = [f"without {source}" for source in one.exclude_sources] + [f"only {source}" for source in one.only_sources]
    return ", ".join(said)


def _state(one: ViewOut) -> str:
    if one.state == "building":
        return f"being built: {one.progress:.0%}"
    if one.state == "stopped":
        return f"stopped at {one.progress:.0%}: {one.error}"
    if one.until is not None:
        return "frozen"
    behind = f"{one.lag:,} events behind" if one.lag else "up to date"
    return f"{behind}, {one.set_aside:,} set aside" if one.set_aside else behind


def _size(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MiB"


def show_difference(found: Difference) -> None:
    """The places that differ, each with both answers and why."""
    a, b = found.a.view.name, found.b.view.name
    out.print(
        f"[dim]{rfc3339(found.at)}: {escape(a)} as known at {rfc3339(found.a.known_at)} (position "
        f"{found.a.known_position:,}), {escape(b)} at {rfc3339(found.b.known_at)} (position {found.b.known_position:,})[/dim]"
    )
    for one in found.differing:
        out.print(f"[bold]{escape(one.location_id)}[/bold]  [dim]{escape(', '.join(one.differs))}[/dim]")
        for name, side in ((a, one.a), (b, one.b)):
            if side is not None:
                out.print(f"   {escape(name)}: {escape(_words(side.control))}"
                          f"{escape('; ' + _words(side.access)) if side.access else ''}")  # fmt: skip
        out.print(f"   {escape(one.because)}")
    say(f"{len(found.differing):,} of {found.compared:,} places differ")


def _words(one: BriefStatus) -> str:
    said = f"{one.mode} by {listed(one.holders)}" if one.holders else one.mode
    said += f" against {listed(one.challengers)}" if one.challengers else ""
    said += f" ({one.standing})" if one.standing else ""
    pending = [f"{each.mode} by {listed(each.holders)} ({each.standing})" for each in one.pending]
    return f"{said}, also claimed: {', '.join(pending)}" if pending else said


def show_verification(found: VerificationOut) -> None:
    """Whether the view is what the log says, and where it is not."""
    if found.same:
        say(f"view {found.view} is what the log says up to position {found.position:,}; its digest is {found.digest}")
        return
    say(
        f"view {found.view} is not what the log says up to position {found.position:,}: {len(found.differing):,} differ"
    )
    for one in found.differing:
        say(f"   {one}")

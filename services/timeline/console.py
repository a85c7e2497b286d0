"""What people see: tables, progress, one-line errors. Progress only on a terminal; results on standard output."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from events.problems import UnusableEvent
from events.times import rfc3339
from events.warnings import Warned
from projections.claims import asserted
from services.timeline import narration, whole_map, wire
from services.timeline.asked import Asked
from services.timeline.building import Builder, far_behind
from services.timeline.composition import Timeline
from services.timeline.doctor import Report
from services.timeline.found import PlaceStatus
from services.timeline.reader import Reader
from services.timeline.selection import Selection, selected


class _Console(Console):
    """Shows data as it is: a line number `:100:` is no emoji, and into a pipe nothing is folded or cut."""

    def __init__(self, *, stderr: bool) -> None:
        terminal = (sys.stderr if stderr else sys.stdout).isatty()
        width = None if terminal else 2_000
        super().__init__(stderr=stderr, width=width, highlight=False, emoji=False, soft_wrap=True)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


out = _Console(stderr=False)
err = _Console(stderr=True)

#: Told how far a long work has come, from its beginning.
Advance = Callable[[int], None]


def say(text: str) -> None:
    """A line of result."""
    out.print(escape(text))


def note(text: str) -> None:
    """A line beside the result, on standard error."""
    err.print(f"[dim]{escape(text)}[/dim]")


def complain(error: BaseException | str) -> None:
    """An error as one line."""
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    err.print(f"[bold red]timeline:[/bold red] {escape(first)}")


def refused(path: str, number: int, refusal: UnusableEvent) -> None:
    """A line of a file that was refused, with every reason."""
    err.print(f"{escape(path)}:{number}: [red]refused[/red]: {escape(str(refusal))}")


def warned(path: str, code: str, says: str, times: int, first: Sequence[tuple[int, Warned]]) -> None:
    """How many lines of a file were kept with one kind of warning, and the first of them."""
    lines = "1 line" if times == 1 else f"{times:,} lines"
    err.print(f"{escape(path)}: {lines} kept with a [yellow]warning[/yellow], {escape(code)}: {escape(says)}")
    for number, one in first:
        err.print(f"{escape(path)}:{number}: {escape(str(one))}")
        for candidate in one.candidates:
            when = f"{rfc3339(candidate.occurred_start)} to {rfc3339(candidate.occurred_end)}"
            said = f"{candidate.development_id}  {candidate.standing or 'recorded just now'}, {when}, {', '.join(candidate.sources)}"
            err.print(f"    {escape(said)}")


def serving(url: str) -> None:
    """Where the service answers."""
    err.print(f"serving on {escape(url)} (OpenAPI document at {escape(url)}/openapi.json); stop with Ctrl-C")


def swallow_broken_pipe() -> None:
    """Whoever read us went away (`| head`): end quietly."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def working(title: str) -> Iterator[Callable[[str | None], None]]:
    """A spinner that tells what is being done; it stops at None, or at the end. Nothing where there is no terminal."""
    if not err.is_terminal:
        yield lambda _: None
        return
    with err.status(title) as spinner:
        yield lambda text: spinner.stop() if text is None else spinner.update(escape(text))


@contextlib.contextmanager
def progress(title: str, total: int | None) -> Iterator[Advance]:
    """A bar for a work of a known length; nothing where there is no terminal."""
    if not err.is_terminal:
        yield lambda _: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(escape(title), total=total)
        yield lambda done: bar.update(task, completed=done)


def reading(path: str, size: int | None) -> contextlib.AbstractContextManager[Advance]:
    """A bar for reading a file of so many bytes."""
    return progress(f"importing {path}", size)


def catch_up(timeline: Timeline) -> None:
    """Fold anew the views that are far behind the log, which is quicker than following it; unless somebody is building."""
    builder = Builder(timeline.log.pool)
    with builder.alone() as connection:
        behind = far_behind(connection) if connection is not None else []
        if behind:
            with progress("rebuilding " + " and ".join(view.name for view in behind), 100) as advance:
                builder.catch_up_together(behind, lambda share: advance(int(share * 100)))


def follow(timeline: Timeline) -> None:
    """Bring the views up to the log, with a bar where that takes long."""
    behind = min(view.position for view in timeline.reader.views() if view.until is None)
    head = timeline.log.head().position
    if behind < head:
        with progress("folding", head - behind) as advance:
            timeline.follower.follow(lambda position: advance(position - behind))


def when(asked: Asked) -> str:
    """Both times, the view and the position of an answer, for people."""
    clock = "published" if asked.view.reading.clock == "reported" else "recorded"
    return (
        f"{rfc3339(asked.at)}, as {clock} by {rfc3339(asked.known_at)} "
        f"(view {asked.view_name}, position {asked.known_position:,})"
    )


def age(since: datetime, at: datetime) -> str:
    """How old something is at a moment, in words."""
    hours = int((at - since).total_seconds() // 3600)
    if hours < 48:
        return f"{hours} h" if hours else "under an hour"
    return f"{hours // 24} days"


def show_status(reader: Reader, asked: Asked, location_id: str, found: PlaceStatus, *, as_json: bool) -> None:
    """One place: a sentence, and a table of what is beside it."""
    if as_json:
        sys.stdout.write(wire.encode(wire.location_status(asked, location_id, found)).decode() + "\n")
        return
    names = narration.Names(reader.catalogue(asked.known_position), asked)
    out.print(f"[dim]{escape(when(asked))}[/dim]")
    out.print(f"[bold]{escape(narration.sentence(names.location(location_id), found.control, names))}[/bold]")
    basis = found.control.basis
    if basis is not None and found.control.since is not None:
        out.print(
            f"Asserted since {rfc3339(found.control.since)}; the latest claim took effect "
            f"{rfc3339(basis.takes_effect)} ({age(basis.takes_effect, asked.at)} before)."
        )
    if found.control.conflicting:
        out.print(f"{len(found.control.conflicting)} earlier accepted claim(s) say otherwise of the same time.")
    if found.access is not None:
        said = asserted(found.access.assertion) if found.access.assertion else None
        out.print(f"Access: {escape(narration.assertion_words(said, names)) if said else 'unknown'}.")
    if found.places:
        table = Table("places below", "mode", "holders", box=None, header_style="dim")
        for mode, holders, count in found.rollup:
            table.add_row(str(count), mode, escape(names.actors(holders)) if holders else "")
        out.print(table)


def show_map(reader: Reader, asked: Asked, within: str | None, *, as_json: bool) -> None:
    """Every place in a table."""
    found = selected(reader, asked, Selection(within=within))
    catalogue = reader.catalogue(asked.known_position)
    if as_json:
        sys.stdout.write(whole_map.everywhere(asked, found, catalogue, "json").decode() + "\n")
        return
    names = narration.Names(catalogue, asked)
    out.print(f"[dim]{escape(when(asked))}[/dim]")
    table = Table("place", "id", "status", "standing", "also claimed", box=None, header_style="dim")
    for one in found:
        row = wire.brief(one.control)
        said = [
            narration.assertion_words(asserted(answer.assertion), names) if answer.assertion else "unknown"
            for answer in (one.control, one.access)
            if answer is not None
        ]
        also = "; ".join(
            f"{narration.assertion_words(asserted(p.assertion), names)} ({p.standing})" for p in one.control.pending
        )
        cells = (names.location(one.location_id), one.location_id, "; ".join(said))
        table.add_row(*(escape(cell) for cell in (*cells, row.standing or "", also)))
    out.print(table)


_COLOURS = {"basis": "green", "pending": "yellow", "ignored": "dim", "conflicting": "magenta"}


def show_explanation(told: wire.Explanation, *, as_json: bool) -> None:
    """Why: each claim in order, what it became, by which rule, and what each report weighed."""
    if as_json:
        sys.stdout.write(wire.encode(told).decode() + "\n")
        return
    out.print(f"[bold]{escape(told.sentence)}[/bold]")
    out.print(
        f"[dim]{told.at}, known at {told.known_at}, view {told.view} ({told.policy}), position {told.known_position:,}[/dim]"
    )
    if not told.claims:
        out.print("No claim about this place is known.")
    for number, claim in enumerate(told.claims, start=1):
        colour = _COLOURS.get(claim.part, "default")
        out.print(
            f"\n{number}. [{colour}]{claim.part}[/{colour}]  {claim.takes_effect}  {escape(claim.summary or claim.kind)}"
        )
        out.print(f"   {escape(claim.words)}")
        for statement in claim.statements:
            out.print(f"   - {statement.published_at}  {escape(statement.words)}")
        for odd in claim.warnings:
            said = f"{odd.field}: {odd.message}" if odd.field else odd.message
            out.print(f"   [yellow]! {escape(said)}[/yellow]")


def show_report(report: Report, *, as_json: bool) -> None:
    """What the doctor found: a line each, with what to do below what is wrong."""
    if as_json:
        out.print(escape(wire.encode(report).decode()))
        return
    for one in report.checks:
        colour = "green" if one.verdict == "ok" else "bold red"
        out.print(f"[{colour}]{one.verdict:5}[/{colour}]  {one.check:10}  {escape(one.found)}"
                  f"{escape(f' -> {one.advice}') if one.advice else ''}")  # fmt: skip
    out.print("all is well" if report.healthy else "something is wrong")

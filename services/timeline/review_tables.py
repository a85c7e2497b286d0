"""What people see of reviews: the answer first, then each claim with who said it, who recorded it, and the leaf of each."""

import sys
from collections.abc import Iterable, Sequence

import msgspec
from rich.markup import escape
from rich.table import Table

from projections.track_record import NUMBERS
from services.timeline import wire
from services.timeline.console import out, say
from services.timeline.wire_corrections import CorrectionPage
from services.timeline.wire_review import (
    Compared,
    DevelopmentReview,
    LocationReview,
    ReviewedClaim,
    ReviewedEvent,
    ReviewedStatement,
)
from services.timeline.wire_track import RecordedPage, RecorderReview, SourceReview, SpokenOfPage

_COLOURS = {"basis": "green", "pending": "yellow", "ignored": "dim", "conflicting": "magenta"}


def _as_json(found: msgspec.Struct) -> None:
    sys.stdout.write(wire.encode(found).decode() + "\n")


def show_review(found: LocationReview, *, as_json: bool) -> None:
    """A status down to the leaves, and the answer of then beside that of today."""
    if as_json:
        _as_json(found)
        return
    out.print(f"[bold]{escape(found.sentence)}[/bold]")
    out.print(f"[dim]{found.at}, known at {found.known_at}, view {escape(found.view)} ({found.policy}), "
              f"position {found.known_position:,}[/dim]")  # fmt: skip
    considered = ", ".join(f"{count:,} {part}" for part, count in found.considered.items())
    say(f"Claims considered: {considered or 'none'}.")
    for number, claim in enumerate(found.claims, start=1):
        _show_claim(number, claim)
    if found.compared is not None:
        _show_compared(found.compared)
    _more(found.next)


def _show_claim(number: int, claim: ReviewedClaim) -> None:
    colour = _COLOURS.get(claim.part, "default")
    out.print(f"\n{number}. [{colour}]{claim.part}[/{colour}]  {claim.takes_effect}  "
              f"{escape(claim.summary or claim.kind)}  [dim]{claim.development_id}[/dim]")  # fmt: skip
    out.print(f"   {escape(claim.words)}")
    out.print(f"   [dim]{escape(claim.rule_words)}; {escape(claim.part_words)}[/dim]")
    for statement in claim.statements:
        out.print(f"   - {statement.published_at}  {escape(statement.words)}")
        _show_place(statement)
    for decision in claim.decisions:
        out.print(f"   * {decision.said_at}  {escape(decision.words)}")
        if decision.reason:
            out.print(f"     {escape(decision.reason)}")
        _show_place(decision)
    if claim.left_out:
        out.print(f"   [dim]{claim.left_out:,} earlier ones: timeline audit development {claim.development_id}[/dim]")


def _show_place(one: ReviewedEvent | ReviewedStatement) -> None:
    """Where an event stands in the log, who recorded it and when, and the files that it points at."""
    redacted = "; its text was redacted" if one.redacted else ""
    out.print(f"     [dim]position {one.position}, recorded {one.recorded_at} by {escape(one.recorded_by or '?')}, "
              f"leaf {one.leaf_hash}{redacted}[/dim]")  # fmt: skip
    for each in one.evidence:
        said = f"{each.kind} (verified: {each.verified.replace('_', ' ')}) sha256 {each.sha256 or 'not given'}"
        out.print(f"     [dim]{escape(said)} {escape(each.url or '')}[/dim]")


def _show_compared(found: Compared) -> None:
    then, today = found.then, found.today
    out.print(
        f"\n[bold]Then[/bold]   known at {then.known_at}, position {then.known_position:,}: {escape(then.sentence)}"
    )
    out.print(
        f"[bold]Today[/bold]  known at {today.known_at}, position {today.known_position:,}: {escape(today.sentence)}"
    )
    if not found.differs:
        out.print("Nothing in the answer differs.")
    if found.left_out:
        out.print(f"[dim]{found.left_out:,} earlier changes left out[/dim]")
    for one in found.changed_by:
        out.print(f"  {one.known_at}  {one.how.replace('_', ' ')}: {escape(one.words)}")
        for each in one.causes:
            out.print(f"     {escape(each.words)}")
            _show_place(each)


def show_development(found: DevelopmentReview, *, as_json: bool) -> None:
    """What a development ever claimed, and its trail."""
    if as_json:
        _as_json(found)
        return
    one = found.development
    out.print(f"[bold]{escape(one.summary or one.kind)}[/bold]  {escape(one.kind)} at {escape(one.location_id)}: "
              f"{one.standing}")  # fmt: skip
    for each in found.claimed:
        until = each.known_until or "now"
        said = f"{each.mode} {', '.join((*each.holders, *each.challengers))}"
        out.print(f"  known {each.known_from} to {until}: {escape(each.location_id)} {escape(said)} "
                  f"({each.standing}, {each.bearing})")  # fmt: skip
    for number, step in enumerate(found.trail, start=1):
        heard = "" if step.heard else "  [yellow](left out by the view)[/yellow]"
        out.print(f"\n{number}. {step.known_at}  {escape(step.words)}{heard}")
        if step.reason:
            out.print(f"   {escape(step.reason)}")
        out.print(f"   [bold]{step.standing}[/bold]: {escape(step.rule_words)}")
        _show_place(step)
    _more(found.next)


def show_corrections(found: CorrectionPage, *, as_json: bool) -> None:
    """What was overturned, a line each, with who did it."""
    if as_json:
        _as_json(found)
        return
    if not found.corrections:
        say("Nothing that was accepted for an hour or more was overturned.")
    for one in found.corrections:
        out.print(f"{one.overturned_at}  {escape(one.words)}")
        out.print(f"   [dim]accepted from {one.accepted_from}; development {one.development_id}; "
                  f"stands now as {one.standing or 'no claim'}[/dim]")  # fmt: skip
        for each in one.causes:
            _show_place(each)
    _more(found.next)


def show_source(found: SourceReview, *, as_json: bool) -> None:
    """A track record: a column a month."""
    if as_json:
        _as_json(found)
        return
    one = found.source
    aligned = f", aligned with {', '.join(one.aligned_with)}" if one.aligned_with else ""
    out.print(
        f"[bold]{escape(one.name)}[/bold]  {escape(one.source_id)}, {one.kind}, {one.reliability}{escape(aligned)}"
    )
    for each in one.events:
        out.print(f"  [dim]{each.recorded_at}  {escape(each.words)} (position {each.position})[/dim]")
    say(f"{found.developments:,} developments it spoke of, by the month in which it first did:")
    table = Table("", "in all", *(month.month for month in found.months), box=None, header_style="dim")
    for number in NUMBERS:
        if found.total.get(number):
            by_month = [month.numbers.get(number, 0) for month in found.months]
            table.add_row(number.replace("_", " "), *_counts([found.total[number], *by_month]))
    out.print(table)


def _counts(numbers: Iterable[int]) -> Sequence[str]:
    return [f"{number:,}" if number else "" for number in numbers]


def show_spoken_of(found: SpokenOfPage, *, as_json: bool) -> None:
    """The developments behind a number."""
    if as_json:
        _as_json(found)
        return
    table = Table("first spoken of", "standing", "counted as", "summary", "development", box=None, header_style="dim")
    for one in found.developments:
        cells = (one.first_at, one.standing, ", ".join(one.numbers), one.summary, one.development_id)
        table.add_row(*map(escape, cells))
    out.print(table)
    _more(found.next)


def show_recorder(found: RecorderReview, *, as_json: bool) -> None:
    """How much somebody recorded: a column a month."""
    if as_json:
        _as_json(found)
        return
    say(f"{found.recorded_by} recorded {found.events:,} of the first {found.known_position:,} events")
    if not found.events:
        return
    say(f"from position {found.first_position:,} to {found.last_position:,}")
    table = Table("", "in all", *(month.month for month in found.months), box=None, header_style="dim")
    for one in found.types:
        by_month = [next((each.events for each in month.types if each.type == one.type), 0) for month in found.months]
        table.add_row(one.type, *_counts([one.events, *by_month]))
    out.print(table)


def show_recorded(found: RecordedPage, *, as_json: bool) -> None:
    """What somebody recorded, a line an event."""
    if as_json:
        _as_json(found)
        return
    table = Table("position", "recorded", "type", "about", "leaf", box=None, header_style="dim")
    for one in found.events:
        about = next((str(one.event[name]) for name in _ABOUT if one.event.get(name)), "")
        table.add_row(str(one.position), one.recorded_at, str(one.event["type"]), escape(about), one.leaf_hash or "")
    out.print(table)
    _more(found.next)


_ABOUT = ("development_id", "source_id", "actor_id", "location_id")


def _more(cursor: str | None) -> None:
    if cursor is not None:
        say(f"more: --cursor {cursor}")

"""`timeline view`: builds views beside the live ones, compares, verifies and promotes them; see `viewing.py`."""

import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import typer

from projections import builds, fresh_tables
from projections.builds import Build
from projections.views import View
from services.timeline import comparing, console, following, typed, view_tables, viewing, wire, wire_views
from services.timeline.building import Builder, CannotBuild
from services.timeline.commanded import opened_timeline
from services.timeline.composition import Timeline
from services.timeline.viewing import Wanted

NO, INTERRUPTED = 1, 130

app = typer.Typer(no_args_is_help=True, help="Views: build, compare, verify, promote and drop them.")

Name = Annotated[str, typer.Argument(help="A view's name or id.")]
Json = Annotated[bool, typer.Option("--json", help="The JSON of the API instead of a table.")]
Zone = Annotated[str, typer.Option(help="Time zone of bare dates, such as Asia/Damascus.")]


@app.command()
def build(
    name: Annotated[str, typer.Argument(help="What the new view is to be called.")],
    policy: Annotated[str, typer.Option(help="assessed, ticker or strict.")] = "assessed",
    clock: Annotated[
        str, typer.Option(help="recorded (when we had it) or reported (when it was published).")
    ] = "recorded",
    exclude_source: Annotated[
        list[str] | None, typer.Option(help="Leave out what this source had a part in; may be repeated.")
    ] = None,
    only_source: Annotated[
        list[str] | None, typer.Option(help="Keep only what this source had a part in; may be repeated.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Stay for ever at a log position, or where the log was at a moment.")
    ] = None,
    zone: Zone = "UTC",
) -> None:
    """Build a view beside the live ones. Interrupted, it goes on when it is asked for again in the same words."""
    wanted = Wanted(
        name=name, policy=policy, clock=clock, exclude_sources=tuple(exclude_source or ()),
        only_sources=tuple(only_source or ()), until=_until(until, zone),
    )  # fmt: skip
    with opened_timeline() as timeline:
        found = viewing.ask(timeline.log, timeline.reader, wanted)
        if isinstance(found, View):
            console.say(f"view {name} is there already: {builds.described(found.reading, found.until)}")
            return
        _see_through(timeline, f"building {name}", lambda: _built(timeline, found), found)
        view = viewing.one(timeline.log, name).view
        assert view is not None
        console.say(f"view {name} (id {view.view_id}) stands at position {view.position:,}: "
                    f"{builds.described(view.reading, view.until)}")  # fmt: skip


def _until(text: str | None, zone: str) -> int | datetime | None:
    if text is not None and text.isascii() and text.isdigit():
        return int(text[:20])
    return typed.moment("--until", text, zone)


def _built(timeline: Timeline, build: Build) -> bool:
    """
    Raises:
        CannotBuild: it was given up, or cancelled.
    """
    with timeline.log.pool.connection() as connection:
        now = builds.found(connection, build.build_id)
    if now is None:
        if any(one.view and one.view.view_id == build.build_id for one in viewing.every(timeline.log)):
            return True
        raise CannotBuild(f"the building of view {build.name!r} was cancelled")
    if now.error:
        raise CannotBuild(f"view {build.name!r} could not be built: {now.error}")
    return False


def _see_through(timeline: Timeline, title: str, done: Callable[[], bool], ours: Build | None = None) -> None:
    """Do what waits, or wait for whoever is doing it, until something is done; with a bar of how far it is."""
    builder = Builder(timeline.log.pool)
    try:
        with console.progress(title, 100) as advance:
            while not done():
                with builder.alone() as connection:
                    if connection is not None:
                        builder.do_what_waits(connection, lambda _, share: advance(int(share * 100)))
                        continue
                if ours is not None:
                    with timeline.log.pool.connection() as other:
                        now = builds.found(other, ours.build_id)
                    advance(int(now.share * 100) if now else 100)
                time.sleep(0.2)
    except KeyboardInterrupt:
        console.note("interrupted; what was folded stays, and asking again goes on with it")
        raise typer.Exit(INTERRUPTED) from None


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Every view: how it reads the log, how far it is, how large, and its digest where it was verified as it stands."""
    with opened_timeline() as timeline:
        found = [wire_views.view_out(one) for one in viewing.every(timeline.log)]
        if as_json:
            _write(wire_views.ViewPage(timeline.log.head().position, tuple(found)))
        else:
            view_tables.show_views(found)


@app.command()
def diff(
    a: Name,
    b: Name,
    at: Annotated[
        str | None, typer.Option(help="Moment in the world: RFC 3339, or a date (its end). Default now.")
    ] = None,
    known_at: Annotated[str | None, typer.Option(help="As known at this moment; written as --at. Default now.")] = None,
    zone: Zone = "UTC",
    as_json: Json = False,
) -> None:
    """The places whose answers differ between two views, and why; exit 1 where any does."""
    moments = typed.moment("--at", at, zone), typed.moment("--known-at", known_at, zone)
    with opened_timeline() as timeline:
        console.follow(timeline)
        found = comparing.difference(timeline.reader, a, b, *moments)
        if as_json:
            _write(wire_views.difference_out(found))
        else:
            view_tables.show_difference(found)
    if found.differing:
        raise typer.Exit(NO)


@app.command()
def verify(name: Name, as_json: Json = False) -> None:
    """Fold the log once more and compare: exit 1, with their names, where a view is not what the log says."""
    with opened_timeline() as timeline:
        viewing.verify(timeline.log, name)
        _see_through(timeline, f"verifying {name}", lambda: _verified(timeline, name))
        view, last = viewing.verification(timeline.log, name)
        said = wire_views.verification_out(view.name, last)
        if as_json:
            _write(said)
        else:
            view_tables.show_verification(said)
    if not said.same:
        raise typer.Exit(NO)


def _verified(timeline: Timeline, name: str) -> bool:
    """
    Raises:
        CannotBuild: it could not be done.
    """
    _, last = viewing.verification(timeline.log, name)
    if last is not None and last.error:
        raise CannotBuild(f"view {name!r} could not be verified: {last.error}")
    return last is not None and last.finished_at is not None


@app.command()
def promote(
    name: Name, new: Annotated[str, typer.Argument(metavar="AS", help="The name that it takes over, such as current.")]
) -> None:
    """Give a view another's name, at once for everybody; the one replaced is AS.before, and can be promoted back."""
    with opened_timeline() as timeline:
        view = viewing.promote(timeline.log, name, new)
        console.say(f"view {new} is now the one with id {view.view_id}: {builds.described(view.reading, view.until)}")


@app.command()
def drop(name: Name, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Drop a view, or cancel its building. It can be built again: the log has it all."""
    with opened_timeline() as timeline:
        viewing.one(timeline.log, name)
        if not yes and not (sys.stdin.isatty() and typer.confirm(f"Drop view {name}?", err=True)):
            raise typed.Unusable(f"view {name!r} was not dropped; say --yes")
        dropped = viewing.drop(timeline.log, name)
        with timeline.log.pool.connection() as connection:
            if following.leader(connection) is None:  # else whoever serves drops the tables once nobody reads them
                fresh_tables.sweep(connection, 0)
        console.say(f"view {name} was {'dropped' if dropped.view else 'no further built, and dropped'}")


def _write(said: object) -> None:
    sys.stdout.write(wire.encode(said).decode() + "\n")

"""The command `timeline`: parses what a person typed, asks, and prints tables for people or JSON for programs.

Exit codes: 0 done, 1 an answer of "no", 2 bad input or usage, 3 not reachable.
"""

import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from typer.core import TyperGroup

from projections import retrying
from projections.builds import Taken
from projections.promoting import Refused
from projections.views import BeingBuilt, UnknownView
from services.timeline import (
    cli_audit,
    cli_db,
    cli_import,
    cli_keys,
    cli_replay,
    cli_review,
    cli_views,
    console,
    development_table,
    doctor,
    files,
    keys,
    story,
    typed,
)
from services.timeline.asked import CannotAsk, NotYet
from services.timeline.audit.bundling import CannotBundle
from services.timeline.audit.integrator import CannotIntegrate
from services.timeline.audit.notes import UnusableKey as UnusableLogKey
from services.timeline.audit.signing import CannotSign
from services.timeline.audit.tree import NotInTree, NotYetInTree
from services.timeline.backups.archive import NoBackup
from services.timeline.backups.programs import Failed
from services.timeline.backups.restoring import NotRestored
from services.timeline.building import CannotBuild
from services.timeline.commanded import asking, opened_timeline
from services.timeline.composition import CannotServe
from services.timeline.developments import Choice, found_developments
from services.timeline.discreet import Protected, discreet
from services.timeline.embedded import EmbeddedUnavailable
from services.timeline.importers.made import WrongFormat
from services.timeline.migrate import MigrationError
from services.timeline.narration import explained
from services.timeline.page.furnishing import furnished
from services.timeline.pools import Unreachable
from services.timeline.reader import NotRegistered
from services.timeline.settings import UnusableSettings, settings
from services.timeline.typed import Unusable

NO, BAD, UNREACHABLE = 1, 2, 3


class _Group(TyperGroup):
    """Ends quietly where whoever read us went away (`| head`)."""

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            console.swallow_broken_pipe()
            raise typer.Exit from None
        return result


app = typer.Typer(cls=_Group, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(cli_db.app, name="db")
app.add_typer(cli_keys.app, name="keys")
cli_review.add_to(cli_audit.app)
app.add_typer(cli_audit.app, name="audit")
app.add_typer(cli_views.app, name="view")
app.command("import")(cli_import.import_)

Place = Annotated[str, typer.Argument(help="A location's id, or a name or code that only one location bears.")]
At = Annotated[
    str | None, typer.Option(help="Moment in the world: RFC 3339, or a date (its end in --zone). Default now.")
]
KnownAt = Annotated[str | None, typer.Option(help="As known at this moment; written as --at. Default now.")]
KnownPosition = Annotated[int | None, typer.Option(min=0, help="As known at this log position.")]
Zone = Annotated[str, typer.Option(help="Time zone of bare dates, such as Asia/Damascus.")]
View = Annotated[str, typer.Option(help="A view's name or id.")]
Json = Annotated[bool, typer.Option("--json", help="The JSON of the API instead of a table.")]


def _ended(number: int, _: object) -> None:
    """Ended by a signal, we leave by the door: what is open is closed, the embedded PostgreSQL above all."""
    raise SystemExit(128 + number)


def main() -> None:
    """Run the command; every error that people can mend is one line on standard error."""
    signal.signal(signal.SIGTERM, _ended)
    try:
        sys.exit(app(standalone_mode=False))
    except _FOR_PEOPLE as error:
        console.complain(error)
        sys.exit(UNREACHABLE if isinstance(error, _NOT_REACHED) else BAD)
    except (CannotSign, NotRestored) as error:
        console.complain(error)
        sys.exit(NO)
    except typer.TyperException as error:  # how the command was written; empty where the help was shown instead
        if error.format_message().strip():
            console.complain(error.format_message())
        sys.exit(error.exit_code)


_NOT_REACHED = (
    Unreachable,
    EmbeddedUnavailable,
    NotYet,
    NotYetInTree,
    BeingBuilt,
    CannotBuild,
    psycopg.OperationalError,
)
_FOR_PEOPLE = (
    *_NOT_REACHED, UnusableSettings, Unusable, UnknownView, NotRegistered, CannotAsk, MigrationError,
    files.Unreadable, WrongFormat, CannotServe, keys.UnusableKey, Taken, Refused, UnusableLogKey, CannotIntegrate,
    CannotBundle, NotInTree, NoBackup, Failed,
)  # fmt: skip


@app.callback(invoke_without_command=True)
def _start(
    show_version: Annotated[bool, typer.Option("--version", help="Say the version and exit.")] = False,
) -> None:
    """Who held a place on that day, what was known about it then, and why."""
    if show_version:
        typer.echo(f"timeline {version('timeline-service')}")
        raise typer.Exit


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Tell the story and exit instead of serving.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to serve on; the next free one if taken.")] = 8000,
) -> None:
    """Tell the story of Hama in six moments, from a database of its own, and serve it on loopback."""
    chosen = settings()
    if chosen.database_url:
        console.note("the demo keeps to a database of its own; TIMELINE_DATABASE_URL is not used")
    own = {
        "home": chosen.home / "demo", "database_url": None, "oidc_issuer": None, "oidc_audience": None,
        "start": chosen.start or story.START, "zone": chosen.zone or story.ZONE,
        "moments": chosen.moments or story.MOMENTS,
    }  # fmt: skip
    chosen = chosen.model_copy(update=own)
    furnished(chosen)
    with opened_timeline(chosen) as timeline:
        story.load(timeline)
        story.tell(timeline)
        if not once:
            from services.timeline import serving  # noqa: PLC0415  (as in `serve`)

            serving.serve(timeline, "127.0.0.1", port, find_free=True, announce=story.urls)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    follow: Annotated[
        bool, typer.Option(help="Keep views, tree and checkpoints up with the log; else some other process has to.")
    ] = True,
) -> None:
    """Serve the REST API, and keep the views up with the log."""
    from services.timeline import serving  # noqa: PLC0415  (half a second of imports that no other command needs)

    furnished(settings())  # what will not do is told before a database is started
    with opened_timeline(bounded=True) as timeline:
        serving.require_credentials(timeline, host)
        serving.serve(timeline, host, port, follow=follow)


@app.command()
def export(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file, gzipped where it ends in .gz.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Only events after this position.")] = 0,
    for_others: Annotated[
        bool,
        typer.Option(
            "--for-others", help="Without what tells who sensitive sources are: to be read, not to be imported."
        ),
    ] = False,
) -> None:
    """Write the log as NDJSON, in order, in the shape in which events are imported."""
    with opened_timeline() as whole:
        timeline = discreet(whole) if for_others else whole
        if for_others:
            console.note("what tells who sensitive sources are is left out: this is to be read, not to be imported")
        elif sensitive := Protected(timeline.log).sources()[1]:
            console.note(f"this tells who {len(sensitive):,} sensitive sources are; --for-others leaves that out")
        files.export(timeline, output, after)


@app.command()
def status(
    place: Place,
    at: At = None,
    known_at: KnownAt = None,
    known_position: KnownPosition = None,
    zone: Zone = "UTC",
    view: View = "current",
    as_json: Json = False,
) -> None:
    """Who holds a place at a moment, as known at a moment, and what else is claimed."""
    with asking(view, at, known_at, known_position, zone) as (timeline, asked):
        location_id = typed.location(timeline.reader.catalogue(asked.known_position), place, asked)
        found = timeline.reader.status(asked, location_id)
        console.show_status(timeline.reader, asked, location_id, found, as_json=as_json)


@app.command("map")
def map_(
    at: At = None,
    known_at: KnownAt = None,
    known_position: KnownPosition = None,
    zone: Zone = "UTC",
    view: View = "current",
    within: Annotated[str | None, typer.Option(help="Only this location and those below it.")] = None,
    as_json: Json = False,
) -> None:
    """The status of every place at a moment, as known at a moment."""
    with asking(view, at, known_at, known_position, zone) as (timeline, asked):
        catalogue = timeline.reader.catalogue(asked.known_position)
        root = typed.location(catalogue, within, asked) if within else None
        console.show_map(timeline.reader, asked, root, as_json=as_json)


@app.command()
def explain(
    place: Place,
    at: At = None,
    known_at: KnownAt = None,
    known_position: KnownPosition = None,
    zone: Zone = "UTC",
    view: View = "current",
    as_json: Json = False,
) -> None:
    """Why a place has the status it has: every claim in order, what it became, and by which rule."""
    with asking(view, at, known_at, known_position, zone) as (timeline, asked):
        location_id = typed.location(timeline.reader.catalogue(asked.known_position), place, asked)
        console.show_explanation(explained(timeline.reader, asked, location_id), as_json=as_json)


@app.command()
def developments(
    location: Annotated[str | None, typer.Option(help="Only at this location itself: an id, name or code.")] = None,
    within: Annotated[str | None, typer.Option(help="Only at this location or below it.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only of this kind; may be repeated.")] = None,
    standing: Annotated[list[str] | None, typer.Option(help="Only of this standing; may be repeated.")] = None,
    source: Annotated[str | None, typer.Option(help="Only with this source in a chain of its statements.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="Only what went on then or later; a date: its begin.")
    ] = None,
    to: Annotated[str | None, typer.Option(help="Only what began before; a date: its end.")] = None,
    text: Annotated[str | None, typer.Option(help="Only with these words in a summary, reason or reasoning.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only with this tag.")] = None,
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="First recorded first.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Go on where a list ended.")] = None,
    zone: Zone = "UTC",
    view: View = "current",
    as_json: Json = False,
) -> None:
    """What is said to have happened, of every kind, with its newest standing; last recorded first."""
    period = typed.begin("--from", from_, zone), typed.end("--to", to, zone)
    with asking(view, None, None, None, zone) as (timeline, asked):
        catalogue = timeline.reader.catalogue(asked.known_position)
        here = [typed.location(catalogue, place, asked) if place else None for place in (location, within)]
        choice = Choice(
            location=here[0], within=here[1], kinds=tuple(kind or ()), standings=tuple(standing or ()), source=source,
            start=period[0], end=period[1], text=text, tag=tag, oldest_first=oldest_first,
        )  # fmt: skip
        page = found_developments(timeline.reader, choice, view=view, cursor=cursor, limit=limit)
        development_table.show(timeline.reader, asked, page, as_json=as_json)


@app.command()
def replay(
    from_: Annotated[
        str | None, typer.Option("--from", help="The position to begin with, or a moment; a date: its begin.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="The last position, or the moment to end before; a date: its end.")
    ] = None,
    speed: Annotated[
        str | None, typer.Option(help="3600x: an hour of the log a second; max: no waiting (default in pipes).")
    ] = None,
    place: Annotated[str | None, typer.Option(help="Only this location: an id, name or code.")] = None,
    zone: Zone = "UTC",
    view: View = "current",
    as_json: Json = False,
) -> None:
    """Step through the log: each change of status in the order in which it became known, and what caused it."""
    with opened_timeline() as timeline:
        console.follow(timeline)
        cli_replay.replay(timeline, from_, to, speed, place, view, zone, as_json=as_json)


@app.command("doctor")
def doctor_(
    retry: Annotated[bool, typer.Option("--retry", help="Fold again what was set aside, before looking.")] = False,
    as_json: Json = False,
) -> None:
    """Say what is wrong and what to do, a line each; exit 1 where anything is wrong."""
    if retry:
        with opened_timeline() as timeline:
            console.follow(timeline)
            for view in timeline.reader.views():
                folded, still = retrying.retry(timeline.log, view.name)
                console.note(f"view {view.name}: {folded:,} folded again, {len(still):,} set aside still")
    report = doctor.examine(doctor.gather())
    console.show_report(report, as_json=as_json)
    if not report.healthy:
        raise typer.Exit(NO)

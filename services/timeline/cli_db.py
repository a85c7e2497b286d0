"""`timeline db`: the schema, a backup of the whole database, and a backup brought back."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from services.timeline import cli_given, console, logs
from services.timeline.audit import signing
from services.timeline.audit.notes import PublicKey
from services.timeline.backups import archive, backing_up, restoring
from services.timeline.backups.archive import Manifest
from services.timeline.commanded import opened_database
from services.timeline.composition import connect, database
from services.timeline.migrate import migrate as apply_migrations
from services.timeline.migrate import pending as pending_migrations
from services.timeline.newest_checkpoint import newest_checkpoint
from services.timeline.settings import Settings, settings
from services.timeline.typed import Unusable

NO = 1

app = typer.Typer(no_args_is_help=True, help="The database: its schema, and backups of it.")


@app.command()
def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only say what is missing; exit 1 if anything is.")] = False,
) -> None:
    """Bring the database's schema up to this program. Other commands do it too when they start."""
    chosen = settings()
    with database(chosen) as conninfo, connect(conninfo) as connection:
        if check:
            missing = pending_migrations(connection)
            typer.echo("\n".join(missing) or "nothing is missing")
            raise typer.Exit(NO if missing else 0)
        done = apply_migrations(connection)
        typer.echo("\n".join(f"applied {name}" for name in done) or "nothing to do")


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="Where to write it; nothing may be there yet.")]) -> None:
    """Write the whole database into one file, with a signed checkpoint; services go on meanwhile."""
    chosen = settings()
    with opened_database(chosen) as (conninfo, connection):
        with contextlib.suppress(Unusable):  # of an empty log there is none
            newest_checkpoint(connection, chosen)
        with console.working("dumping") as tell:
            made = backing_up.back_up(conninfo, file, lambda size: tell(f"dumping: {size / 1e6:,.0f} MB"))
    console.say(f"{file}: {made.position:,} events, {made.bytes / 1e6:,.1f} MB, taken {made.taken_at}")
    console.note("the key that signs the log is not in it: keep that elsewhere (see docs/operations.md)")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `timeline db backup` wrote.")],
    give_up: Annotated[
        int, typer.Option(min=0, help="So many events that are here and not in the backup may be lost.")
    ] = 0,
    key: Annotated[list[str] | None, typer.Option("--key", help="A public key of the log, or a file with it.")] = None,
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="A checkpoint from elsewhere that the log has to agree with."),
    ] = None,
) -> None:
    """Bring a backup back: verified beside the database that is here, then in its place; that one is kept by another name."""
    chosen = settings()
    logs.configure(chosen.log_level, chosen.log_format)
    known, outside = (
        [cli_given.public_key(one) for one in key or ()],
        [cli_given.checkpoint(path) for path in checkpoints or ()],
    )
    with archive.opened(file) as (manifest, _):
        known = [*known, *_own_keys(chosen, manifest)]
    with database(chosen) as conninfo, _bar() as tell:
        done = restoring.restore(conninfo, file, known, outside, give_up=give_up, tell=tell)
    signed = "its checkpoints agree" if done.verdict.checkpoints else "no checkpoint was signed"
    whose = ", ".join(f"{one.name} ({one.key_id.hex()})" for one in done.verdict.signers)
    by = f", signed by {whose}" if whose else "; signatures were not checked, for want of a --key"
    console.say(
        f"restored: {done.verdict.events:,} events, read whole; {signed}{by if done.verdict.checkpoints else ''}"
    )
    if done.given_up:
        console.say(f"given up: {done.given_up:,} event(s) after position {done.manifest.position:,}")
    if done.revoked:
        console.say(f"{done.revoked} key(s) that had been revoked since are revoked again")
    if done.kept:
        console.say(f"the database that was here is now {done.kept}: drop it once nothing in it is wanted")
    if chosen.database_url:
        console.note("rights are not in a backup: run docker/roles.sql again where you use it")


def _own_keys(chosen: Settings, manifest: Manifest) -> list[PublicKey]:
    """The keys of the log that are here."""
    keys = signing.keys_of(chosen, manifest.id, make=False)
    return keys.public if keys is not None else []


@contextlib.contextmanager
def _bar() -> Iterator[restoring.Tell]:
    """One bar after the other, for each thing that takes long."""
    with contextlib.ExitStack() as shown:
        title = ""
        advance: console.Advance = lambda _: None  # noqa: E731

        def tell(what: str, done: int, total: int) -> None:
            nonlocal title, advance
            if what != title:
                shown.close()
                title, advance = what, shown.enter_context(console.progress(what, total))
            advance(done)

        yield tell

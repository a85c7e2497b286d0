"""`timeline audit`: the log's checkpoints and keys, and the whole record verified."""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg import Connection

from services.timeline import cli_redact, console, logs, typed
from services.timeline.audit import cosigning, integrator, parallel, signing, stored
from services.timeline.audit import witness as witnesses
from services.timeline.audit.integrating import took_lock
from services.timeline.audit.notes import PublicKey, UnusableKey
from services.timeline.audit.signing import CannotSign
from services.timeline.audit.stored import Kept
from services.timeline.audit.verifying import Held, Verdict, verify
from services.timeline.audit.witness import Witness
from services.timeline.composition import connect, database
from services.timeline.migrate import migrate
from services.timeline.settings import Settings, settings

app = typer.Typer(no_args_is_help=True, help="The record that a stranger can check.")
app.command("redact")(cli_redact.redact)

NO = 1

#: Where a service keeps the tree, its checkpoint over what is in the log now is waited for so many seconds.
PATIENCE = 15.0

Keys = Annotated[
    list[str] | None, typer.Option("--key", help="A public key of the log, or a file with one; several may be given.")
]


@app.command()
def checkpoint() -> None:
    """Print the newest checkpoint, over everything that is in the log; it is signed first where no service does that."""
    chosen = settings()
    with _database(chosen) as (_, connection):
        sys.stdout.write(_newest(connection, chosen).note)


@app.command()
def key() -> None:
    """Print the log's public keys, for whoever is to verify what they sign."""
    chosen = settings()
    with _database(chosen) as (_, connection):
        keys = signing.keys_of(chosen, stored.reach(connection).log_id, make=stored.latest(connection) is None)
    if keys is None:
        raise typed.Unusable("the key that signs this log is not here: set TIMELINE_LOG_KEY_FILE")
    for one in keys.public:
        console.say(str(one))


@app.command("verify")
def verify_(
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="A checkpoint that was kept elsewhere; several may be given."),
    ] = None,
    key: Keys = None,
) -> None:
    """Make every leaf and tile of the log again and compare them with every checkpoint; exit 1 where anything disagrees."""
    chosen = settings()
    outside = [Held(str(path), _text(path)) for path in checkpoints or ()]
    known = [_public(one) for one in key or ()]
    with _database(chosen) as (conninfo, connection):
        head = stored.reach(connection).head
        # Before the snapshot: what is signed afterwards may go further than it.
        known, outside = _of_here(connection, chosen, known, outside)
        with parallel.snapshot(conninfo) as seen, console.progress("verifying", head) as advance:
            run = parallel.in_processes(conninfo, seen)
            verdict = verify(seen, known, outside, run=run, on_progress=advance)
    _tell(verdict, known)
    if verdict.problem is not None:
        raise typer.Exit(NO)


@app.command()
def witness(
    logs: Annotated[
        list[str], typer.Argument(metavar="KEY...", help="The public key of a log to cosign for, or a file with it.")
    ],
    home: Annotated[
        Path, typer.Option("--home", help="Folder of the witness's own key and memory; made where missing.")
    ],
    name: Annotated[
        str, typer.Option(help="Who the witness is, when its key is made: an address without scheme.")
    ] = "",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8400,
) -> None:
    """Cosign checkpoints that continue the last (C2SP tlog-witness): a small service for other people on other machines."""
    known = [_public(one) for one in logs]
    key = witnesses.own_key(home / "witness.key", name)
    console.note(f"the witness's public key: {key.public}")
    with witnesses.serve(Witness(key, known, home), host, port) as server:
        console.note(f"witnessing at http://{host}:{server.server_port}/add-checkpoint; stop with Ctrl-C")
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


@app.command()
def cosign(
    url: Annotated[str, typer.Argument(help="A witness, by the address before /add-checkpoint.")],
    key: Annotated[str, typer.Option("--key", help="The witness's public key, or a file with it.")],
) -> None:
    """Print the newest checkpoint with a witness's cosignature; exit 1 where the witness refuses it."""
    chosen = settings()
    public = _public(key)
    with _database(chosen) as (_, connection):
        kept = _newest(connection, chosen)
        note = cosigning.cosigned(connection, kept, url, public)
    sys.stdout.write(note)


def _tell(verdict: Verdict, known: list[PublicKey]) -> None:
    if verdict.problem is not None:
        console.say(f"NOT as it was signed: {verdict.problem}")
        return
    signers = ", ".join(f"{one.name} ({one.key_id.hex()})" for one in verdict.signers)
    if not verdict.checkpoints:
        signed = "no checkpoint is signed yet, so nothing proves that they are what was recorded"
    elif known:
        signed = f"{verdict.checkpoints:,} checkpoint(s) agree, signed by {signers}"
    else:
        signed = f"{verdict.checkpoints:,} checkpoint(s) agree; their signatures were not checked, for want of a --key"
    console.say(f"intact: {verdict.events:,} events; {signed}")
    if verdict.checkpoints and verdict.covered < verdict.events:
        console.say(f"the last {verdict.events - verdict.covered:,} are covered by no checkpoint yet")


def _of_here(
    connection: Connection[Any], chosen: Settings, known: list[PublicKey], outside: list[Held]
) -> tuple[list[PublicKey], list[Held]]:
    """The keys of this place, where none are given, and what they signed last by their own book."""
    keys = signing.keys_of(chosen, stored.reach(connection).log_id, make=False)
    if keys is None:
        return known, outside
    with contextlib.suppress(FileNotFoundError):
        book = keys.state.read_text("utf-8", errors="replace")
        outside = [*outside, Held(f"the last checkpoint signed here ({keys.state})", book)]
    return [*known, *keys.public], outside


def _newest(connection: Connection[Any], chosen: Settings) -> Kept:
    head = stored.reach(connection).head
    until = time.monotonic() + PATIENCE
    while True:
        if took_lock(connection):
            with console.progress("hashing", head) as advance:
                integrator.integrate(connection, on_progress=advance)
            signing.sign(connection, chosen, int(time.time()))
        kept = stored.latest(connection)
        if kept is not None and kept.size >= head:
            return kept
        if head == 0:
            raise typed.Unusable("the log is empty: there is nothing to sign yet")
        if time.monotonic() > until:
            raise CannotSign("the service that keeps the tree has signed nothing new; see `timeline doctor`")
        time.sleep(0.2)


@contextlib.contextmanager
def _database(chosen: Settings) -> Iterator[tuple[str, Connection[Any]]]:
    logs.configure(chosen.log_level)
    with database(chosen) as conninfo, connect(conninfo) as connection:
        migrate(connection)
        yield conninfo, connection


def _public(said: str) -> PublicKey:
    """A key as it is written, or from a file that holds it."""
    with contextlib.suppress(OSError, ValueError):
        if Path(said).is_file():
            said = Path(said).read_text("utf-8")
    try:
        return PublicKey.read(said)
    except UnusableKey as error:
        raise UnusableKey(f"--key: {error}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typed.Unusable(
            f"--checkpoint {path}: cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from None

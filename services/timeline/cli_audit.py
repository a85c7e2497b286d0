"""`timeline audit`: the log's checkpoints and keys, and the whole record verified."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg import Connection

from services.timeline import cli_bundle, cli_given, cli_redact, console, typed
from services.timeline.audit import cosigning, parallel, signing, stored
from services.timeline.audit import witness as witnesses
from services.timeline.audit.notes import ML_DSA_44, PublicKey
from services.timeline.audit.verifying import Held, Verdict, verify
from services.timeline.audit.witness import Witness
from services.timeline.commanded import opened_database
from services.timeline.newest_checkpoint import newest_checkpoint
from services.timeline.settings import Settings, settings

app = typer.Typer(no_args_is_help=True, help="The record that a stranger can check.")
app.command("redact")(cli_redact.redact)

app.command("bundle")(cli_bundle.bundle)
app.command("custody")(cli_bundle.show_custody)
app.command("stamp")(cli_bundle.stamp)

NO = 1

Keys = Annotated[
    list[str] | None, typer.Option("--key", help="A public key of the log, or a file with one; several may be given.")
]


@app.command()
def checkpoint() -> None:
    """Print the newest checkpoint, over everything that is in the log; it is signed first where no service does that."""
    chosen = settings()
    with opened_database(chosen) as (_, connection):
        sys.stdout.write(newest_checkpoint(connection, chosen).note)


@app.command()
def key(
    add_ml_dsa: Annotated[
        bool,
        typer.Option(
            "--add-ml-dsa", help="First add a key of ML-DSA-44, which quantum computers do not break; both sign."
        ),
    ] = False,
) -> None:
    """Print the log's public keys, for whoever is to verify what they sign."""
    chosen = settings()
    with opened_database(chosen) as (_, connection):
        if add_ml_dsa:
            signing.add_key(chosen, stored.reach(connection).log_id, ML_DSA_44)
        keys = signing.keys_of(chosen, stored.reach(connection).log_id, make=stored.latest(connection) is None)
    if keys is None:
        raise typed.Unusable("the key that signs this log is not here: set TIMELINE_LOG_KEY_FILE")
    for one in keys.public:
        console.say(str(one))


@app.command("verify")
def verify_(
    bundle: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE.zip]", help="An evidence bundle, instead of the log: needs no database."),
    ] = None,
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="A checkpoint that was kept elsewhere; several may be given."),
    ] = None,
    key: Keys = None,
    tsa_ca: Annotated[
        Path | None, typer.Option("--tsa-ca", help="Certificates (PEM) of whose time stamp a bundle should have.")
    ] = None,
) -> None:
    """Make every leaf and tile of the log again and compare them with every checkpoint; exit 1 where anything disagrees.

    Of a bundle: check every proof, signature and file in it, and fold its events again to its status.
    """
    known = [cli_given.public_key(one) for one in key or ()]
    if bundle is not None:
        cli_bundle.verify(bundle, known, checkpoints or [], tsa_ca)
        return
    if tsa_ca is not None:
        raise typed.Unusable("--tsa-ca goes with a bundle: verify FILE.zip --tsa-ca CA.pem")
    chosen = settings()
    outside = [cli_given.checkpoint(path) for path in checkpoints or ()]
    with opened_database(chosen) as (conninfo, connection):
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
    known = [cli_given.public_key(one) for one in logs]
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
    public = cli_given.public_key(key)
    with opened_database(chosen) as (_, connection):
        kept = newest_checkpoint(connection, chosen)
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

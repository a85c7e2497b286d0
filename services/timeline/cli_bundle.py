"""`timeline audit bundle`, `custody` and `stamp`: what is handed out as evidence, and the record of it; bundles verified."""

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg import Connection

from services.timeline import console, typed, wire
from services.timeline.access import LOCAL
from services.timeline.asked import Asked
from services.timeline.audit import bundling, captured, custody, offline, stamping, stamps
from services.timeline.audit.bundling import Wanted
from services.timeline.audit.checkpoints import Checkpoint
from services.timeline.audit.integrating import own_connection
from services.timeline.audit.notes import Note, PublicKey, UnusableNote
from services.timeline.audit.opened import Refused
from services.timeline.commanded import opened_database, opened_timeline
from services.timeline.composition import Timeline
from services.timeline.newest_checkpoint import newest_checkpoint
from services.timeline.settings import settings
from services.timeline.wire_custody import CustodyEntry, CustodyPage

NO = 1


def verify(path: Path, known: list[PublicKey], checkpoints: list[Path], authorities: Path | None) -> None:
    """A bundle verified from its file alone: nothing is opened, and no key of this place is taken for the log's."""
    try:
        verdict = offline.verify(path, known, checkpoints, authorities)
    except offline.CannotRead as error:
        raise typed.Unusable(str(error)) from None
    except Refused as error:
        console.say(offline.refusal(error))
        raise typer.Exit(NO) from None
    for line in offline.lines(verdict):
        console.say(line)


def bundle(
    place: Annotated[str, typer.Argument(help="A location's id, or a name or code that only one location bears.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write, FILE.zip.")],
    at: Annotated[
        str | None, typer.Option(help="Moment in the world: RFC 3339, or a date (its end in --zone).")
    ] = None,
    known_at: Annotated[str | None, typer.Option(help="As known at this moment; written as --at.")] = None,
    known_position: Annotated[int | None, typer.Option(min=0, help="As known at this log position.")] = None,
    zone: Annotated[str, typer.Option(help="Time zone of bare dates, such as Asia/Damascus.")] = "UTC",
    view: Annotated[str, typer.Option(help="A view's name or id.")] = "current",
    evidence: Annotated[
        Path | None, typer.Option(help="A folder of captured files; those that events name by SHA-256 are put in.")
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="A checkpoint that the reader holds: the proof that the log continues it is put in."),
    ] = None,
    with_sensitive: Annotated[
        bool, typer.Option("--with-sensitive", help="Tell who sensitive sources are; else their texts are left out.")
    ] = False,
) -> None:
    """Write an evidence bundle of a status: all that bears on it, proved and signed, to be checked without us."""
    at_, known = typed.moment("--at", at, zone), typed.moment("--known-at", known_at, zone)
    held = _size(checkpoint) if checkpoint is not None else None
    files = _captured(evidence) if evidence is not None else captured.Captured()
    with opened_timeline() as timeline:
        console.follow(timeline)
        with own_connection(timeline.log.pool) as connection:  # the lock of whoever keeps the tree goes with it
            newest_checkpoint(connection, timeline.settings)
        with timeline.reader.asking(view, at=at_, known_at=known, known_position=known_position) as asked:
            location_id = typed.location(timeline.reader.catalogue(asked.known_position), place, asked)
            _write(timeline, asked, location_id, Wanted(LOCAL, files, held, names=with_sensitive), output)


def _write(timeline: Timeline, asked: Asked, location_id: str, wanted: Wanted, output: Path) -> None:
    """A file appears under its name only when it is whole, and was checked."""
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with part.open("w+b") as stream:
            verdict = bundling.bundle(timeline, asked, location_id, wanted, stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(output)
    except OSError as error:
        raise typed.Unusable(f"{error.filename or output}: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)
    fingerprints = ", ".join(one.fingerprint for one in verdict.signers)
    console.say(
        f"{output}: {verdict.events:,} events, {verdict.attached:,} captured files ({verdict.missing:,} missing)"
    )
    console.say(f"signed by {verdict.checkpoint.origin}, key {fingerprints}")


def show_custody(
    location: Annotated[str | None, typer.Option(help="Only bundles of this location, by its id.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The JSON of the API instead of lines.")] = False,
) -> None:
    """List what was handed out or redacted, by whom and when; exit 1 where the record was changed since."""
    with opened_timeline() as timeline, timeline.log.pool.connection() as connection:
        broken = custody.broken(custody.every(connection))
        found = _all(connection, location)
    if as_json:
        sys.stdout.buffer.write(wire.encode(CustodyPage(tuple(found), None)) + b"\n")
    else:
        for one in found:
            console.say(_line(one))
    if broken is not None:
        console.complain(f"entry {broken} of the record of custody is not as it was entered, or is missing")
        raise typer.Exit(NO)


def stamp() -> None:
    """Have the newest checkpoint stamped by the time-stamping authority of TIMELINE_TSA_URL (RFC 3161)."""
    chosen = settings()
    if chosen.tsa_url is None:
        raise typed.Unusable("TIMELINE_TSA_URL names no time-stamping authority")
    with opened_database(chosen) as (_, connection):
        kept = newest_checkpoint(connection, chosen)
        made = stamping.stamp(connection, kept, chosen.tsa_url)
    moment = stamps.stamped_at(made, kept.note.encode())
    console.say(f"the checkpoint over {kept.size:,} events was stamped at {wire.moment(moment)} by {chosen.tsa_url}")


def _all(connection: Connection[Any], location: str | None) -> list[CustodyEntry]:
    found: list[CustodyEntry] = []
    after = custody.BEFORE_ALL
    while page := custody.listed(connection, after, 1_000, location):
        found += page
        after = datetime.fromisoformat(page[-1].at)
    return found


def _line(one: CustodyEntry) -> str:
    what = f"{one.what} of {one.location_id}" if one.location_id else one.what
    rests = f"positions {one.first_position} to {one.last_position}"
    if one.what == "redaction":
        rests = f"position {one.first_position}"
    return f"{one.at}  {what}, {rests}, by {one.by}" + (f", SHA-256 {one.sha256}" if one.sha256 else "")


def _size(path: Path) -> int:
    try:
        return Checkpoint.read(Note.read(path.read_text("utf-8")).text).size
    except (OSError, UnicodeDecodeError) as error:
        raise typed.Unusable(
            f"--checkpoint {path}: cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from None
    except UnusableNote as error:
        raise typed.Unusable(f"--checkpoint {path}: {error}") from None


def _captured(folder: Path) -> captured.Captured:
    try:
        with console.progress(f"reading {folder}", None) as advance:
            return captured.captured_in(folder, advance)
    except captured.CannotRead as error:
        raise typed.Unusable(f"--evidence {error}") from None

"""Evidence bundles for tests: made, taken apart, and put together again by whoever has which key."""

import hashlib
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.timeline.access import LOCAL
from services.timeline.audit import bundling, checking, container, contents
from services.timeline.audit.agreeing import Held
from services.timeline.audit.bundling import Wanted
from services.timeline.audit.captured import captured_in
from services.timeline.audit.checking import Verdict
from services.timeline.audit.container import Bytes
from services.timeline.audit.notes import Note, PrivateKey, PublicKey, signed
from services.timeline.audit.positions import Considered
from services.timeline.composition import Timeline

Files = dict[str, bytes]

MADE_AT = datetime(2026, 11, 25, tzinfo=UTC)


def made(
    timeline: Timeline,
    place: str,
    view: str = "current",
    *,
    captured: Path | None = None,
    held: int | None = None,
    **asked: Any,
) -> bytes:
    """A bundle as bytes; the question as `Reader.asking` takes it."""
    wanted = Wanted(LOCAL, held=held, made_at=MADE_AT)
    if captured is not None:
        wanted = Wanted(LOCAL, captured_in(captured), held, MADE_AT)
    with timeline.reader.asking(view, **asked) as question:
        return bundling.in_memory(timeline, question, place, wanted)


def verdict(
    raw: bytes, known: Iterable[PublicKey] = (), held: Iterable[str] = (), authorities: bytes | None = None
) -> Verdict:
    """What the verifier says; held checkpoints as notes."""
    notes = [Held(f"checkpoint {number}", note) for number, note in enumerate(held, start=1)]
    return checking.check(io.BytesIO(raw), list(known), notes, authorities)


def unpacked(raw: bytes) -> Files:
    """The files of a bundle."""
    stream = io.BytesIO(raw)
    return {one.name: b"".join(container.chunks(stream, one)) for one in container.read(stream)}


def packed(files: Mapping[str, bytes]) -> bytes:
    """An archive of the one shape."""
    stream = io.BytesIO()
    container.write(stream, [(name, Bytes(data)) for name, data in files.items()])
    return stream.getvalue()


def listed(files: Files) -> Files:
    """The files with a manifest that lists them."""
    sums = {
        name: hashlib.sha256(data).hexdigest()
        for name, data in files.items()
        if name not in (contents.MANIFEST, contents.POSITIONS)
    }
    return files | {contents.MANIFEST: contents.manifest(sums)}


def signed_by(files: Files, *keys: PrivateKey, positions: Iterable[int] | None = None) -> Files:
    """The files listed anew, and the list of positions signed anew by some keys.

    Args:
        positions: Other ones than those of the list.
    """
    files = listed(files)
    before = Considered.read(Note.read(files[contents.POSITIONS].decode()).text)
    said = Considered(
        **{name: getattr(before, name) for name in Considered.__slots__ if name not in ("manifest", "positions")},
        manifest=hashlib.sha256(files[contents.MANIFEST]).hexdigest(),
        positions=tuple(positions) if positions is not None else before.positions,
    )
    return files | {contents.POSITIONS: signed(said.text(), keys, 0).encode()}


def taken_over(files: Files, key: PrivateKey, positions: Iterable[int] | None = None) -> Files:
    """A bundle signed throughout by somebody else: their key in it, their line below its checkpoint, and in each receipt."""
    note = Note.read(files[contents.CHECKPOINT].decode())
    theirs = signed(note.text, [key], 0)
    changed = {contents.KEYS: f"{key.public}\n".encode(), contents.CHECKPOINT: theirs.encode()}
    for name, data in files.items():
        if name.endswith(contents.RECEIPT):
            changed[name] = data.decode().partition("\n\n")[0].encode() + b"\n\n" + theirs.encode()
    return signed_by(files | changed, key, positions=positions)


def without(files: Files, position: int) -> Files:
    """The files but for those of one event."""
    return {name: data for name, data in files.items() if not name.startswith(f"events/{position:012}/")}

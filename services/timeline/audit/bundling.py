"""Makes an evidence bundle: what bears on a status, proved and signed, and checked as its reader will before anybody has it."""

import base64
import hashlib
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import IO, Final

import msgspec

from events.codec import UnknownStoredType
from events.times import rfc3339
from projections.stored_bearing import stored_bearing
from services.timeline.access import Principal
from services.timeline.asked import Asked
from services.timeline.audit import checking, contents, custody, evidence, glossary, signing, stamping, stored
from services.timeline.audit.captured import Captured
from services.timeline.audit.checking import Verdict
from services.timeline.audit.checkpoints import Checkpoint
from services.timeline.audit.container import Bytes, Content, TooLarge, write
from services.timeline.audit.contents import ConsistencyTold, Question
from services.timeline.audit.exhibit import Told, exhibit, readme
from services.timeline.audit.gathering import Proofs, Whole, redacting, whole_events
from services.timeline.audit.notes import LOG, Note, signed
from services.timeline.audit.opened import Refused
from services.timeline.audit.positions import MOST, Considered
from services.timeline.audit.refolding import refolded
from services.timeline.audit.signing import CannotSign, LogKeys
from services.timeline.audit.stamping import Stamped
from services.timeline.audit.stored import Kept
from services.timeline.audit.tree import NotInTree, NotYetInTree
from services.timeline.composition import Timeline
from services.timeline.narration import explained

PROGRAM: Final = f"timeline {version('timeline-service')}"


class CannotBundle(RuntimeError):
    """A status of which no bundle can be made; one line for people."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for beside the question.

    Attributes:
        captured: Files that may be evidence.
        held: The asker holds a checkpoint over so many events: the bundle gets the proof between it and its own.
        made_at: Now, unless two bundles are to be the same.
    """

    by: Principal
    captured: Captured = field(default_factory=Captured)
    held: int | None = None
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Under:
    """The checkpoint that a bundle is under, the stamp that it has, and the keys that sign."""

    kept: Kept
    checkpoint: Checkpoint
    stamp: bytes | None
    keys: LogKeys


def bundle(opened: Timeline, asked: Asked, location_id: str, wanted: Wanted, stream: IO[bytes]) -> Verdict:
    """Write a bundle, check it, and enter it into the record of custody: then it may be handed out.

    Args:
        stream: Empty, to be written and read.

    Raises:
        NotRegistered: the location is not registered as known then.
        CannotBundle: too much bears on the place, some of it cannot be folded, or our own check refuses the bundle.
        CannotSign: the log's key is not here.
        NotYetInTree: no checkpoint covers what the answer rests on yet.
        NotInTree: the log never had as many events as the checkpoint that the asker holds.
    """
    opened.reader.require_location(asked, location_id)
    events = _events(asked, location_id)
    under = _under(opened, asked, events)
    try:
        write(stream, _files(opened, asked, location_id, wanted, events, under).items())
        verdict = checking.check(stream, under.keys.public)
    except Refused as error:
        raise CannotBundle(f"the bundle does not pass its own check, so it is not handed out: {error}") from None
    except TooLarge as error:
        raise CannotBundle(str(error)) from None
    stream.seek(0)
    sum_ = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
    first = events[0].recorded.position
    with opened.log.pool.connection() as connection:
        custody.add(
            connection, wanted.by.name, "bundle", location_id=location_id, first_position=first,
            last_position=asked.known_position, sha256=sum_,
        )  # fmt: skip
    return verdict


def in_memory(opened: Timeline, asked: Asked, location_id: str, wanted: Wanted) -> bytes:
    """A bundle as bytes; errors as `bundle` raises them."""
    stream = io.BytesIO()
    bundle(opened, asked, location_id, wanted, stream)
    return stream.getvalue()


def _events(asked: Asked, location_id: str) -> list[Whole]:
    """What bears on the status, and the redactions of it, in the order of the log."""
    found = stored_bearing(asked.connection, asked.view, location_id, asked.known_position)
    if found.set_aside:
        position = min(found.set_aside.values())
        said = f"what was recorded at position {position:,} could not be folded into view {asked.view.name}"
        raise CannotBundle(f"{said}, so its status is no fold of the log: `timeline doctor --retry`")
    if len(found.positions) > MOST:
        raise CannotBundle(f"{len(found.positions):,} events bear on {location_id}; a bundle holds {MOST:,}")
    try:
        events = list(whole_events(asked.connection, found.positions))
        fresh = events
        while fresh:  # the reason of a redaction is text too, and may be redacted in turn
            gone = [one.recorded.position for one in fresh if one.without_text]
            fresh = list(whole_events(asked.connection, redacting(asked.connection, gone)))
            events += fresh
        return sorted(events, key=lambda one: one.recorded.position)
    except (UnknownStoredType, msgspec.MsgspecError) as error:
        raise CannotBundle(f"an event that bears on {location_id} cannot be read: {error}") from None


def _under(opened: Timeline, asked: Asked, events: list[Whole]) -> _Under:
    """The oldest stamped checkpoint that covers everything; else the newest of all. It is of a key that signs the list too."""
    connection = asked.connection
    keys = signing.keys_of(opened.settings, stored.reach(connection).log_id, make=False)
    if keys is None:
        raise CannotSign("the key that signs this log is not here: set TIMELINE_LOG_KEY_FILE")
    signing_now = [one.public for one in keys.keys if one.algorithm == LOG]
    if not signing_now:
        raise CannotSign("no Ed25519 key of the log is here, and a key of ML-DSA-44 signs checkpoints alone")
    needed = max(asked.known_position, events[-1].recorded.position)
    newest = stored.latest(connection, needed)
    if newest is None:
        raise NotYetInTree(f"no checkpoint covers position {needed:,} yet; ask again in a few seconds")
    for one in (*stamping.stamped(connection, needed), Stamped(newest, None)):
        note = Note.read(one.kept.note)
        if note.signers(signing_now):
            return _Under(one.kept, Checkpoint.read(note.text), one.stamp, keys)
    raise CannotSign(
        "the newest checkpoint is of a key that signs no more; the next one, after the next event, will do"
    )


def _files(
    opened: Timeline, asked: Asked, location_id: str, wanted: Wanted, events: list[Whole], under: _Under
) -> dict[str, Content]:
    """Every file by its name."""
    question = _question(asked, location_id, wanted)
    recorded = [one.recorded for one in events]
    told = evidence.told(recorded, wanted.captured.files.keys())
    found: dict[str, Content] = {
        f"evidence/{one.sha256}": wanted.captured.files[one.sha256] for one in told if one.attached
    }
    first, last = recorded[0].position, asked.known_position
    with opened.log.pool.connection() as connection:
        kept = custody.concerning(connection, location_id, first, last)
    explanation = explained(opened.reader, asked, location_id)
    whole = Told(
        question,
        explanation,
        tuple(events),
        under.kept.note,
        under.checkpoint,
        tuple(under.keys.public),
        told,
        kept,
        under.stamp,
    )
    small = {
        contents.README: readme(whole),
        contents.QUESTION: contents.written(question),
        contents.STATUS: contents.written(refolded(question, recorded)),
        contents.POLICY: contents.written(contents.policy_told(asked.view.reading.policy)),
        contents.GLOSSARY: glossary.as_text().encode(),
        contents.CHECKPOINT: under.kept.note.encode(),
        contents.KEYS: "".join(f"{one}\n" for one in under.keys.public).encode(),
        contents.EVIDENCE: contents.written(told),
        contents.CUSTODY: contents.written(kept),
        contents.EXHIBIT: exhibit(whole).encode(),
    }
    if under.stamp is not None:
        small[contents.STAMP] = under.stamp
    small |= dict(_proved(asked, events, under, wanted.held))
    found |= {name: Bytes(raw) for name, raw in small.items()}
    return found | _signed(found, question, under, [one.position for one in recorded])


def _question(asked: Asked, location_id: str, wanted: Wanted) -> Question:
    reading = asked.view.reading
    return Question(
        format=contents.FORMAT,
        location_id=location_id,
        at=rfc3339(asked.at),
        known_at=rfc3339(asked.known_at),
        known_position=asked.known_position,
        view=asked.view_name,
        view_id=str(asked.view.view_id),
        policy=reading.policy.label,
        clock=reading.clock,
        exclude_sources=tuple(sorted(reading.exclude_sources)),
        only_sources=tuple(sorted(reading.only_sources)),
        made_at=rfc3339(wanted.made_at or datetime.now(UTC)),
        made_by=wanted.by.name,
        program=PROGRAM,
    )


def _proved(asked: Asked, events: list[Whole], under: _Under, held: int | None) -> Iterator[tuple[str, bytes]]:
    """The files of the events, and the proof between two checkpoints where one is asked for."""
    proofs = Proofs(asked.connection)
    for one in events:
        position = one.recorded.position
        yield contents.of_event(position, contents.LEAF), one.leaf
        receipt = proofs.receipt(position, under.checkpoint, under.kept.note)
        yield contents.of_event(position, contents.RECEIPT), receipt.text().encode()
        if one.form.text is not None and one.form.salt is not None:
            yield contents.of_event(position, contents.TEXT), one.form.text
            yield contents.of_event(position, contents.SALT), one.form.salt
    if held is not None and held != under.kept.size:
        try:
            old, new, hashes = proofs.consistency([held, under.kept.size])
        except LookupError:
            raise NotInTree(f"the tree has no {held:,} events") from None
        told = ConsistencyTold(old, new, tuple(base64.b64encode(one).decode() for one in hashes))
        yield contents.CONSISTENCY, contents.written(told)


def _signed(
    found: dict[str, Content], question: Question, under: _Under, positions: Collection[int]
) -> dict[str, Content]:
    """The manifest, and the list of positions, which names it, signed by the keys that may sign a text."""
    manifest = contents.manifest({name: _sha256(content) for name, content in found.items()})
    considered = Considered(
        checkpoint=under.checkpoint,
        location_id=question.location_id,
        at=question.at,
        known_at=question.known_at,
        known_position=question.known_position,
        view=question.view_id,
        reading=f"{question.policy} {question.clock}",
        made_at=question.made_at,
        manifest=hashlib.sha256(manifest).hexdigest(),
        positions=tuple(positions),
    )
    note = signed(considered.text(), [one for one in under.keys.keys if one.algorithm == LOG], 0)
    return {contents.MANIFEST: Bytes(manifest), contents.POSITIONS: Bytes(note.encode())}


def _sha256(content: Content) -> str:
    sum_ = hashlib.sha256()
    for piece in content.chunks():
        sum_.update(piece)
    return sum_.hexdigest()

"""Makes an evidence bundle: what bears on a status, proved and signed, and checked as its reader will before anybody has it."""

import hashlib
import io
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import IO

import msgspec

from events import withholding
from events.codec import UnknownStoredType
from projections.stored_bearing import stored_bearing
from services.timeline.access import Principal
from services.timeline.asked import Asked
from services.timeline.audit import (
    checking,
    contents,
    custody,
    evidence,
    gathering,
    glossary,
    signing,
    stamping,
    stored,
)
from services.timeline.audit.assembling import Under, listed_and_signed, proved, question_of
from services.timeline.audit.captured import Captured
from services.timeline.audit.checking import Verdict
from services.timeline.audit.checkpoints import Checkpoint
from services.timeline.audit.container import Bytes, Content, TooLarge, write
from services.timeline.audit.exhibit import Told, exhibit
from services.timeline.audit.gathering import Whole, redacting, whole_events
from services.timeline.audit.notes import LOG, Note
from services.timeline.audit.opened import Refused
from services.timeline.audit.positions import MOST
from services.timeline.audit.refolding import refolded
from services.timeline.audit.signing import CannotSign
from services.timeline.audit.stamping import Stamped
from services.timeline.audit.tree import NotYetInTree
from services.timeline.audit.what_is_proved import readme
from services.timeline.composition import Timeline
from services.timeline.discreet import Protected, discreet
from services.timeline.narration import explained


class CannotBundle(RuntimeError):
    """A status of which no bundle can be made; one line for people."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for beside the question.

    Attributes:
        captured: Files that may be evidence.
        held: The asker holds a checkpoint over so many events: the bundle gets the proof between it and its own.
        made_at: Now, unless two bundles are to be the same.
        names: Who the sensitive sources are is told: the bundle is for somebody who may know.
    """

    by: Principal
    captured: Captured = field(default_factory=Captured)
    held: int | None = None
    made_at: datetime | None = None
    names: bool = False


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
    if not wanted.names:
        opened = discreet(opened)
        sensitive = Protected(opened.log).sources()[1]
        events, wanted = gathering.discreet(events, sensitive), _without_their_files(wanted, events, sensitive)
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


def _without_their_files(wanted: Wanted, events: list[Whole], sensitive: frozenset[str]) -> Wanted:
    """Captured files of sensitive sources may show who they are: they stay here, unless somebody else names them too."""
    theirs, others = set[str](), set[str]()
    for one in events:
        into = theirs if withholding.concerns(one.recorded.event, sensitive) else others
        into.update(piece.sha256 for piece in evidence.named(one.recorded.event) if piece.sha256 is not None)
    files = {name: file for name, file in wanted.captured.files.items() if name not in theirs - others}
    return replace(wanted, captured=replace(wanted.captured, files=files))


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


def _under(opened: Timeline, asked: Asked, events: list[Whole]) -> Under:
    """The oldest stamped checkpoint that covers everything; else the newest of all. It is of a key that signs the list too."""
    connection = asked.connection
    needed = max(asked.known_position, events[-1].recorded.position)
    newest = stored.latest(connection, needed)
    if newest is None:
        raise NotYetInTree(f"no checkpoint covers position {needed:,} yet; ask again in a few seconds")
    keys = signing.keys_of(opened.settings, stored.reach(connection).log_id, make=False)
    if keys is None:
        raise CannotSign("the key that signs this log is not here: set TIMELINE_LOG_KEY_FILE")
    signing_now = [one.public for one in keys.keys if one.algorithm == LOG]
    if not signing_now:
        raise CannotSign("no Ed25519 key of the log is here, and a key of ML-DSA-44 signs checkpoints alone")
    for one in (*stamping.stamped(connection, needed), Stamped(newest, None)):
        note = Note.read(one.kept.note)
        if note.signers(signing_now):
            return Under(one.kept, Checkpoint.read(note.text), one.stamp, keys)
    raise CannotSign(
        "the newest checkpoint is of a key that signs no more; the next one, after the next event, will do"
    )


def _files(
    opened: Timeline, asked: Asked, location_id: str, wanted: Wanted, events: list[Whole], under: Under
) -> dict[str, Content]:
    """Every file by its name."""
    question = question_of(asked, location_id, wanted.by.name, wanted.made_at)
    recorded = [one.recorded for one in events]
    if withheld := tuple(one.position for one in recorded if one.withheld):
        question = msgspec.structs.replace(question, withheld=withheld)
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
        contents.README: readme(question, explanation.sentence),
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
    small |= dict(proved(asked, events, under, wanted.held))
    found |= {name: Bytes(raw) for name, raw in small.items()}
    return found | listed_and_signed(found, question, under, [one.position for one in recorded])

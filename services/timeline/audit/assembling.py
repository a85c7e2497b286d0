"""The files of an evidence bundle that prove and sign: the question, leaves and receipts, the manifest, the list of positions."""

import base64
import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

from events.times import rfc3339
from services.timeline.asked import Asked
from services.timeline.audit import contents
from services.timeline.audit.checkpoints import Checkpoint
from services.timeline.audit.container import Bytes, Content
from services.timeline.audit.contents import ConsistencyTold, Question
from services.timeline.audit.gathering import Proofs, Whole
from services.timeline.audit.notes import LOG, signed
from services.timeline.audit.positions import Considered
from services.timeline.audit.signing import LogKeys
from services.timeline.audit.stored import Kept
from services.timeline.audit.tree import NotInTree

PROGRAM: Final = f"timeline {version('timeline-service')}"


@dataclass(frozen=True, slots=True)
class Under:
    """The checkpoint that a bundle is under, the stamp that it has, and the keys that sign."""

    kept: Kept
    checkpoint: Checkpoint
    stamp: bytes | None
    keys: LogKeys


def question_of(asked: Asked, location_id: str, by: str, made_at: datetime | None) -> Question:
    """The question as a bundle has it; made now, unless it is said when."""
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
        made_at=rfc3339(made_at or datetime.now(UTC)),
        made_by=by,
        program=PROGRAM,
    )


def proved(asked: Asked, events: list[Whole], under: Under, held: int | None) -> Iterator[tuple[str, bytes]]:
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


def listed_and_signed(
    found: dict[str, Content], question: Question, under: Under, positions: Collection[int]
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

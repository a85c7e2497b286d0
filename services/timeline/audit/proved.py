"""The events of an evidence bundle: each leaf in its place in the log, each text the one that its leaf commits to (pure)."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from events import codec
from events.leaves import joined
from events.merkle import ProofRefused, leaf_hash, verify_inclusion
from events.recorded import RecordedEvent
from events.times import rfc3339
from services.timeline.audit import contents
from services.timeline.audit.checkpoints import Checkpoint, Receipt
from services.timeline.audit.contents import LEAF, RECEIPT, SALT, TEXT
from services.timeline.audit.opened import Opened, Refused, about

_SALT_SIZE: Final = 16


class Leaf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A leaf taken apart; the structure as its bytes."""

    event_id: UUID
    position: int
    recorded_at: str
    recorded_by: str
    structure: msgspec.Raw
    type: str


@dataclass(frozen=True, slots=True)
class Proved:
    """An event of which a bundle proves that the log has it at its position.

    Attributes:
        without_text: It commits to a text that is not in the bundle.
    """

    recorded: RecordedEvent[Any]
    type: str
    without_text: bool


def read_leaf(raw: bytes) -> Leaf:
    """A leaf from its bytes; there is one way alone to write it.

    Raises:
        ValueError, msgspec.MsgspecError: they are none.
    """
    found = msgspec.json.decode(raw, type=Leaf)
    again = joined(
        found.position,
        str(found.event_id).encode(),
        rfc3339(datetime.fromisoformat(found.recorded_at)).encode(),
        found.recorded_by.encode(),
        found.type.encode(),
        bytes(found.structure),
    )
    if again != raw:
        raise ValueError("not written as a leaf is")
    return found


def proved(opened: Opened, checkpoint: Checkpoint, note: str, positions: Sequence[int]) -> Iterator[Proved]:
    """Every event of a bundle, in order, each proved to stand under the checkpoint.

    Args:
        note: The checkpoint as it was signed.
        positions: Those of the list.

    Raises:
        Refused: an event is missing, or one too many, or not what its proof or its leaf says.
    """
    held = dict(opened.events())
    for position in sorted(set(positions) - held.keys()):
        raise Refused(f"position {position:,} is in the list of positions, and its event is missing")
    for position in sorted(held.keys() - set(positions)):
        raise Refused(f"the event at position {position:,} is not in the list of positions")
    before: datetime | None = None
    for position in positions:
        found = _proved(opened, checkpoint, note, position, held[position])
        if before is not None and found.recorded.recorded_at <= before:
            raise Refused(f"position {position:,} was not recorded after the one before it")
        before = found.recorded.recorded_at
        yield found


def _proved(opened: Opened, checkpoint: Checkpoint, note: str, position: int, names: Collection[str]) -> Proved:
    where = f"position {position:,}"
    for name in (LEAF, RECEIPT):
        if name not in names:
            raise Refused(f"{where}: {name} is missing")
    raw = opened.bytes(contents.of_event(position, LEAF))
    with about(f"{where}: {LEAF}"):
        leaf = read_leaf(raw)
        if leaf.position != position:
            raise ValueError(f"it is that of position {leaf.position:,}")
    _included(opened, checkpoint, note, position, raw)
    with about(where):
        text = _text(opened, position, names, bytes(leaf.structure))
        event = codec.decode(leaf.type, bytes(leaf.structure), text)
    recorded = RecordedEvent(
        position=position,
        recorded_at=datetime.fromisoformat(leaf.recorded_at),
        recorded_by=leaf.recorded_by,
        event_id=leaf.event_id,
        version=0,  # it follows from the whole log; no fold reads it
        event=event,
    )
    return Proved(recorded, leaf.type, text is None and codec.committed_to_text(bytes(leaf.structure)))


def _included(opened: Opened, checkpoint: Checkpoint, note: str, position: int, leaf: bytes) -> None:
    """The proof that a leaf stands in its place."""
    said = opened.text(contents.of_event(position, RECEIPT))
    with about(f"position {position:,}: {RECEIPT}"):
        receipt = Receipt.read(said)
        if receipt.text() != said or receipt.leaf is not None:
            raise ValueError("not written as a bundle has it")
        if receipt.note != note:
            raise ValueError("it is under another checkpoint than the bundle's")
        if receipt.index != position - 1:
            raise ValueError(f"it is the proof of position {receipt.index + 1:,}")
        try:
            verify_inclusion(receipt.index, checkpoint.size, leaf_hash(leaf), receipt.proof, checkpoint.root)
        except ProofRefused as error:
            raise ValueError(f"the event is not in the log under this checkpoint: {error}") from None


def _text(opened: Opened, position: int, names: Collection[str], structure: bytes) -> bytes | None:
    """The text of an event, once it is sure that it is the one; None where there is none in the bundle.

    Raises:
        ValueError: it is another, or comes without its salt.
    """
    if (TEXT in names) != (SALT in names):
        raise ValueError(f"{TEXT} and {SALT} come together")
    if TEXT not in names:
        return None
    text, salt = (opened.bytes(contents.of_event(position, name)) for name in (TEXT, SALT))
    if len(salt) != _SALT_SIZE:
        raise ValueError(f"{SALT} has {len(salt)} bytes, not {_SALT_SIZE}")
    if not codec.text_is_intact(structure, text, salt):
        raise ValueError("the text is not the one that its leaf commits to")
    return text

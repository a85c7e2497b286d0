"""A bundle's checkpoint beside one that its reader holds: the same log, as far as can be proved (pure)."""

from collections.abc import Sequence
from typing import NamedTuple

from events.merkle import ProofRefused, verify_consistency
from services.timeline.audit import contents
from services.timeline.audit.checkpoints import Checkpoint, read_hash
from services.timeline.audit.contents import ConsistencyTold
from services.timeline.audit.notes import Note, PublicKey
from services.timeline.audit.opened import Opened, Refused, about


class Held(NamedTuple):
    """A checkpoint that whoever asks holds: what to call it, and the note."""

    name: str
    note: str


def agree(opened: Opened, ours: Checkpoint, held: Held, signers: Sequence[PublicKey]) -> list[PublicKey]:
    """Whether a bundle's checkpoint is of the same log as one that is held; those of its signers who signed that too.

    A held checkpoint makes the signer known only where the signer of the list has signed it too: anybody may put a
    signature of their own below a checkpoint of the log.

    Args:
        signers: The keys by which the bundle is taken to be signed.

    Raises:
        Refused: it is of another log or history, of another signer, or nothing proves that it is not.
    """
    with about(held.name):
        note = Note.read(held.note)
        theirs = Checkpoint.read(note.text)
        if theirs.origin != ours.origin:
            raise ValueError(f"it is of {theirs.origin}, the bundle of {ours.origin}")
        found = note.signers(signers)
        if not found:
            raise ValueError("it is not signed by whoever signed the bundle's list of positions")
    _consistent(opened, ours, theirs, held.name)
    return found


def _consistent(opened: Opened, ours: Checkpoint, theirs: Checkpoint, name: str) -> None:
    if theirs.size == ours.size:
        if theirs.root != ours.root:
            raise Refused(f"{name} and the bundle's checkpoint are over {ours.size:,} events, and not the same ones")
        return
    old, new = sorted((ours, theirs), key=lambda one: one.size)
    told = opened.json(contents.CONSISTENCY, ConsistencyTold) if contents.CONSISTENCY in opened else None
    if told is None or (told.from_size, told.to_size) != (old.size, new.size):
        sizes = f"{name} is over {theirs.size:,} events, the bundle's checkpoint over {ours.size:,}"
        raise Refused(f"{sizes}, and the bundle has no proof between them: have it made with --checkpoint")
    with about(contents.CONSISTENCY):
        try:
            verify_consistency(old.size, new.size, old.root, new.root, [read_hash(one) for one in told.hashes])
        except ProofRefused as error:
            raise ValueError(f"the bundle's log is not the one of {name}: {error}") from None

"""What is signed and handed out: checkpoints (C2SP tlog-checkpoint) and receipts (C2SP tlog-proof), as text (pure)."""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from events import merkle
from events.merkle import HASH_SIZE
from services.timeline.audit.notes import Note, PublicKey, SignatureRefused, UnusableNote

_SIZE: Final = re.compile(r"0|[1-9]\d{0,18}", re.ASCII)
_RECEIPT: Final = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log by its origin, how many events it had, and the root of the tree over them."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def read(cls, text: str) -> Self:
        """A checkpoint as the text of a note; further lines, which C2SP allows, are passed over.

        Raises:
            UnusableNote: it is none.
        """
        origin, size, root, *_ = [*text.split("\n"), "", "", ""]
        if not origin or not _SIZE.fullmatch(size):
            raise UnusableNote("no checkpoint: it is a line of origin, one of size, and one of the root")
        return cls(origin, int(size), read_hash(root))

    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Receipt:
    """That an event stands in the log, for whoever has no network: its place, the proof, and a signed checkpoint.

    Attributes:
        index: The event's position less one.
        note: The checkpoint as it was signed.
        leaf: The bytes of the leaf; None where whoever asked may not know who recorded it.
    """

    index: int
    proof: tuple[bytes, ...]
    note: str
    leaf: bytes | None = None

    @classmethod
    def read(cls, text: str) -> Self:
        """A receipt as it is written.

        Raises:
            UnusableNote: it is none.
        """
        head, _, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        extra = lines.pop(0).removeprefix("extra ") if lines and lines[0].startswith("extra ") else None
        index = lines.pop(0).removeprefix("index ") if lines and lines[0].startswith("index ") else ""
        if first != _RECEIPT or not _SIZE.fullmatch(index):
            raise UnusableNote(f"no receipt: it begins with the line {_RECEIPT}")
        return cls(int(index), tuple(map(read_hash, lines)), note, _decoded(extra) if extra is not None else None)

    def text(self) -> str:
        """The receipt as a file, `.tlog-proof`."""
        extra = [f"extra {base64.b64encode(self.leaf).decode()}"] if self.leaf is not None else []
        hashes = (base64.b64encode(one).decode() for one in self.proof)
        return "\n".join([_RECEIPT, *extra, f"index {self.index}", *hashes, "", self.note])

    def verify(self, leaf: bytes, known: Iterable[PublicKey]) -> list[PublicKey]:
        """Verify that an event, as the bytes of its leaf, is in the log; the known keys that signed the checkpoint.

        Raises:
            UnusableNote: the checkpoint is none.
            SignatureRefused: no known key has signed it, or a signature is false.
            ProofRefused: the proof does not lead from the leaf to the checkpoint.
        """
        note = Note.read(self.note)
        signers = note.signers(known)
        if not signers:
            raise SignatureRefused("no key that is known here has signed the checkpoint")
        said = Checkpoint.read(note.text)
        merkle.verify_inclusion(self.index, said.size, merkle.leaf_hash(leaf), self.proof, said.root)
        return signers


def read_hash(text: str) -> bytes:
    """A hash in base64.

    Raises:
        UnusableNote: it is none.
    """
    found = _decoded(text)
    if len(found) != HASH_SIZE or base64.b64encode(found).decode() != text:
        raise UnusableNote("no hash: it is 32 bytes in base64")
    return found


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise UnusableNote("no base64") from None

"""ML-DSA-44, the signature that quantum computers do not break, as C2SP's tlog-cosignature has it (pure).

It signs no text but what a checkpoint says: who signs, when, which log, how many leaves, which root. So a key of this
kind can sign nothing else than checkpoints.
"""

import base64
import binascii
import struct
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

#: Bytes of a public key, and of a signature.
PUBLIC_SIZE, SIGNATURE_SIZE = 1312, 2420

_LABEL: Final = b"subtree/v1\n\x00"


class CannotSignThis(ValueError):
    """A text that is no checkpoint, or a library without ML-DSA."""


def generate() -> bytes:
    """The seed of a new private key.

    Raises:
        CannotSignThis: the library that is installed has no ML-DSA.
    """
    try:
        return MLDSA44PrivateKey.generate().private_bytes_raw()
    except UnsupportedAlgorithm:
        raise CannotSignThis("the OpenSSL of this installation has no ML-DSA-44") from None


def public(seed: bytes) -> bytes:
    """The public half of a private key."""
    return MLDSA44PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw()


def sign(seed: bytes, name: str, time: int, text: str) -> bytes:
    """The signature of a checkpoint, given as the text of a note.

    Raises:
        CannotSignThis: the text is no checkpoint.
    """
    return MLDSA44PrivateKey.from_seed_bytes(seed).sign(_message(name, time, text))


def verify(key: bytes, name: str, time: int, text: str, signature: bytes) -> bool:
    """Whether a signature is that of a key under the text of a checkpoint."""
    try:
        MLDSA44PublicKey.from_public_bytes(key).verify(signature, _message(name, time, text))
    except (InvalidSignature, CannotSignThis, ValueError):
        return False
    return True


def _message(name: str, time: int, text: str) -> bytes:
    """What is signed: the structure `cosigned_message`, from leaf 0 up to the size."""
    origin, size, root, *_ = [*text.split("\n"), "", "", ""]
    try:
        parts = [_short(name), struct.pack("!Q", time), _short(origin), struct.pack("!QQ", 0, int(size))]
        hash_ = base64.b64decode(root, validate=True)
    except (ValueError, binascii.Error, struct.error):
        raise CannotSignThis("an ML-DSA-44 key signs checkpoints alone") from None
    if len(hash_) != 32:
        raise CannotSignThis("an ML-DSA-44 key signs checkpoints alone")
    return _LABEL + b"".join(parts) + hash_


def _short(text: str) -> bytes:
    """1 to 255 bytes, led by how many."""
    raw = text.encode()
    if not 0 < len(raw) < 256:
        raise ValueError(text)
    return bytes([len(raw)]) + raw

"""Signed notes and the keys that sign them, as C2SP's signed-note has them and Go's `sumdb/note` reads them (pure).

A note is text, an empty line, and a line for each signature: `— NAME base64(key id, signature)`. Keys are written as Go
writes them: `NAME+ID+base64(algorithm, key)`, private ones with `PRIVATE+KEY+` in front.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.timeline.audit import mldsa

#: What a key is for: the log's own signature, or a witness's with its time (C2SP tlog-cosignature, `cosignature/v1`);
#: or either's that quantum computers do not break, under checkpoints alone (the same, `subtree/v1`, ML-DSA-44).
LOG, WITNESS, ML_DSA_44 = 1, 4, 6

#: What a private key begins with.
PRIVATE: Final = "PRIVATE+KEY+"

#: How many bytes a public key of each algorithm has; every private one is a seed of 32.
_PUBLIC_SIZES: Final = {LOG: 32, WITNESS: 32, ML_DSA_44: mldsa.PUBLIC_SIZE}
_SEED_SIZE: Final = 32
_NAME: Final = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}")
_SIGNATURE: Final = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")


class UnusableKey(ValueError):
    """Text that is no key of a log or witness; one line for people, which never shows the key."""


class UnusableNote(ValueError):
    """Text that is no signed note."""


class SignatureRefused(ValueError):
    """A signature that names a known key and is not of it, or a note that no known key has signed."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Whoever has the private half is `name`."""

    name: str
    algorithm: int
    key: bytes

    @classmethod
    def read(cls, text: str) -> Self:
        """A key as it is written.

        Raises:
            UnusableKey: it is not, or says of itself what is not so.
        """
        name, algorithm, key, said = _read_key(text.strip(), _PUBLIC_SIZES)
        found = cls(name, algorithm, key)
        if found.key_id != said:
            raise UnusableKey(f"the key of {name}: its id is {found.key_id.hex()}, not {said.hex()} as it says")
        return found

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the key as it is written, on a line of its own: what `timeline audit key | sha256sum` says."""
        return hashlib.sha256(f"{self}\n".encode()).hexdigest()

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        said = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.key
        return hashlib.sha256(said).digest()[:4]

    def verify(self, text: str, signature: bytes) -> bool:
        """Whether this key has signed a text."""
        if self.algorithm == ML_DSA_44:
            return mldsa.verify(self.key, self.name, int.from_bytes(signature[:8]), text, signature[8:])
        said = text.encode()
        if self.algorithm == WITNESS:
            said, signature = _timed(text, int.from_bytes(signature[:8])), signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, said)
        except InvalidSignature:
            return False
        return True

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_encoded(self.algorithm, self.key)}"


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey:
    """A key that signs. It is shown nowhere but in the file that it is kept in."""

    name: str
    algorithm: int
    seed: bytes

    @classmethod
    def read(cls, text: str) -> Self:
        """A key as it is written.

        Raises:
            UnusableKey: it is not, or says of itself what is not so.
        """
        text = text.strip()
        if not text.startswith(PRIVATE):
            raise UnusableKey("a private key of a log begins with PRIVATE+KEY+")
        sizes = dict.fromkeys(_PUBLIC_SIZES, _SEED_SIZE)
        name, algorithm, seed, said = _read_key(text.removeprefix(PRIVATE), sizes)
        found = cls(name, algorithm, seed)
        if found.public.key_id != said:
            raise UnusableKey(f"the private key of {name}: its id is not the one that it says")
        return found

    @classmethod
    def generate(cls, name: str, algorithm: int = LOG) -> Self:
        """A new key.

        Raises:
            UnusableKey: a name that no key can have.
        """
        if not _NAME.fullmatch(name):
            raise UnusableKey(f"{name!r} cannot name a log: use an address without scheme, such as example.org/log")
        if algorithm == ML_DSA_44:
            try:
                return cls(name, algorithm, mldsa.generate())
            except mldsa.CannotSignThis as error:
                raise UnusableKey(str(error)) from None
        return cls(name, algorithm, Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def public(self) -> PublicKey:
        """The half that everybody may have."""
        if self.algorithm == ML_DSA_44:
            return PublicKey(self.name, self.algorithm, mldsa.public(self.seed))
        return PublicKey(self.name, self.algorithm, self._key().public_key().public_bytes_raw())

    def sign(self, text: str, time: int) -> str:
        """The line that says that this key has signed a text.

        Args:
            time: Seconds since 1970; a witness signs them too.
        """
        if self.algorithm == ML_DSA_44:
            signature = time.to_bytes(8) + mldsa.sign(self.seed, self.name, time, text)
        elif self.algorithm == WITNESS:
            signature = time.to_bytes(8) + self._key().sign(_timed(text, time))
        else:
            signature = self._key().sign(text.encode())
        return f"— {self.name} {base64.b64encode(self.public.key_id + signature).decode()}\n"

    def written(self) -> str:
        """The key as its file holds it."""
        return f"{PRIVATE}{self.name}+{self.public.key_id.hex()}+{_encoded(self.algorithm, self.seed)}"

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


@dataclass(frozen=True, slots=True)
class Note:
    """A text, and who is said to have signed it: name, key id, signature."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    @classmethod
    def read(cls, whole: str) -> Self:
        """A note as it is written.

        Raises:
            UnusableNote: it is none, or has no signature.
        """
        text, parted, lines = whole.rpartition("\n\n")
        if not parted or not lines.endswith("\n") or any(ord(one) < 0x20 and one != "\n" for one in whole):
            raise UnusableNote("no signed note: it is text, an empty line, and lines of signatures, each ended")
        return cls(text + "\n", tuple(map(_signature, lines[:-1].split("\n"))))

    def signers(self, known: Iterable[PublicKey]) -> list[PublicKey]:
        """The known keys that have signed it. Signatures of others are passed over: they say nothing.

        Raises:
            SignatureRefused: a signature that names a known key is not of it.
        """
        by_id = {(key.name, key.key_id): key for key in known}
        found: list[PublicKey] = []
        for name, key_id, signature in self.signatures:
            key = by_id.get((name, key_id))
            if key is None:
                continue
            if not key.verify(self.text, signature):
                raise SignatureRefused(f"the signature of {name} ({key_id.hex()}) is not of that key")
            found.append(key)
        return found


def signed(text: str, keys: Sequence[PrivateKey], time: int) -> str:
    """A note: a text, which ends its last line, with a signature of each key."""
    return f"{text}\n{''.join(key.sign(text, time) for key in keys)}"


def _timed(text: str, time: int) -> bytes:
    """What a witness signs (C2SP tlog-cosignature)."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _encoded(algorithm: int, key: bytes) -> str:
    return base64.b64encode(bytes([algorithm]) + key).decode()


def _read_key(text: str, sizes: Mapping[int, int]) -> tuple[str, int, bytes, bytes]:
    """Name, algorithm, key and key id.

    Args:
        sizes: How many bytes a key of each algorithm has.
    """
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    try:
        said, key = bytes.fromhex(key_id), base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        said, key = b"", b""
    if not _NAME.fullmatch(name) or len(said) != 4 or len(key) < 33:
        raise UnusableKey("no key of a log or witness: it is written NAME+ID+BASE64")
    if key[0] not in sizes:
        known = f"{LOG} (a log), {WITNESS} (a witness) and {ML_DSA_44} (ML-DSA-44)"
        raise UnusableKey(f"the key of {name} is of kind {key[0]}; known are {known}")
    if len(key) != 1 + sizes[key[0]]:
        raise UnusableKey("no key of a log or witness: it is written NAME+ID+BASE64")
    return name, key[0], key[1:], said


def _signature(line: str) -> tuple[str, bytes, bytes]:
    match = _SIGNATURE.fullmatch(line)
    try:
        said = base64.b64decode(match[2], validate=True) if match else b""
    except binascii.Error:
        said = b""
    if match is None or len(said) < 5:
        raise UnusableNote("no signed note: a line of signature is `— NAME BASE64`")
    return match[1], said[:4], said[4:]

"""ML-DSA-44 below a checkpoint (C2SP tlog-cosignature, `subtree/v1`): a second line that older programs pass over."""

import base64
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from services.timeline.audit import mldsa
from services.timeline.audit.checkpoints import Checkpoint
from services.timeline.audit.notes import (
    LOG,
    ML_DSA_44,
    Note,
    PrivateKey,
    PublicKey,
    SignatureRefused,
    UnusableKey,
    signed,
)

NAME = "example.org/log"
TIME = 1_733_130_000
CHECKPOINT = Checkpoint(NAME, 297, bytes(range(32)))


def test_both_lines_are_signatures_of_the_log() -> None:
    """Whoever knows one of the keys has what they need; whoever knows both has both."""
    keys = PrivateKey.generate(NAME, LOG), PrivateKey.generate(NAME, ML_DSA_44)
    note = Note.read(signed(CHECKPOINT.text(), keys, TIME))
    assert len(note.signatures) == 2
    for key in keys:
        assert note.signers([key.public]) == [key.public]
    assert note.signers([key.public for key in keys]) == [key.public for key in keys]


def test_keys_are_written_and_read_as_the_others_are() -> None:
    """A private one is a seed; the id is over the type 6 and the public key."""
    key = PrivateKey.generate(NAME, ML_DSA_44)
    assert PrivateKey.read(key.written()) == key
    assert PublicKey.read(str(key.public)) == key.public
    assert (len(key.seed), len(key.public.key)) == (32, 1312)
    with pytest.raises(UnusableKey):
        PublicKey.read(str(key.public)[:-8] + "AAAAAAA=")


def test_what_is_signed_is_the_structure_of_the_specification() -> None:
    """Put together here once more, byte by byte, and verified by the library alone."""
    key = PrivateKey.generate(NAME, ML_DSA_44)
    [(name, key_id, signature)] = Note.read(signed(CHECKPOINT.text(), [key], TIME)).signatures
    assert (name, key_id) == (NAME, key.public.key_id)
    assert signature[:8] == struct.pack("!Q", TIME)
    short = bytes([len(NAME)]) + NAME.encode()
    message = b"subtree/v1\n\0" + short + struct.pack("!Q", TIME) + short + struct.pack("!QQ", 0, 297) + CHECKPOINT.root
    MLDSA44PublicKey.from_public_bytes(key.public.key).verify(signature[8:], message)


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        (NAME, "example.org/gol"),
        ("297", "298"),
        (base64.b64encode(CHECKPOINT.root).decode(), base64.b64encode(bytes(32)).decode()),
    ],
)
def test_another_log_size_or_root_is_refused(said: str, instead: str) -> None:
    """The signature is of what the checkpoint says."""
    key = PrivateKey.generate(NAME, ML_DSA_44)
    whole = signed(CHECKPOINT.text(), [key], TIME)
    with pytest.raises(SignatureRefused):
        Note.read(whole.replace(said, instead, 1)).signers([key.public])


def test_a_flipped_bit_of_the_signature_is_refused() -> None:
    """Of its time, and anywhere in it."""
    key = PrivateKey.generate(NAME, ML_DSA_44)
    [(_, _, signature)] = Note.read(signed(CHECKPOINT.text(), [key], TIME)).signatures
    for bit in (0, 63, 64, 5_000, len(signature) * 8 - 1):
        spoilt = bytearray(signature)
        spoilt[bit // 8] ^= 1 << bit % 8
        assert not key.public.verify(CHECKPOINT.text(), bytes(spoilt))
    assert key.public.verify(CHECKPOINT.text(), signature)


def test_it_signs_nothing_but_checkpoints() -> None:
    """So a list of positions, or any other text, has no signature of it."""
    key = PrivateKey.generate(NAME, ML_DSA_44)
    for text in (
        "hello\n",
        f"{NAME}\nmany\nAAAA\n",
        f"{NAME}\n297\nAAAA\n",
        f"{NAME}\n-1\n{base64.b64encode(bytes(32)).decode()}\n",
    ):
        with pytest.raises(mldsa.CannotSignThis):
            key.sign(text, TIME)

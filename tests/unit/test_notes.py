"""Signed notes, keys, checkpoints and receipts as text: there and back, and refused wherever something is spoilt."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.timeline.audit.checkpoints import Checkpoint, Receipt
from services.timeline.audit.notes import (
    LOG,
    WITNESS,
    Note,
    PrivateKey,
    PublicKey,
    SignatureRefused,
    UnusableKey,
    UnusableNote,
    signed,
)

#: The key and the note of the documentation of Go's package `note`.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SAID = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

KEY = PrivateKey("example.org/log", LOG, bytes(range(32)))
OTHER = PrivateKey("example.org/log", LOG, bytes(range(1, 33)))
TEXT = "example.org/log\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_the_example_of_gos_documentation_verifies() -> None:
    """Its key, its text, its signature."""
    key = PublicKey.read(PETER)
    assert Note.read(SAID).signers([key]) == [key]
    assert str(key) == PETER
    with pytest.raises(SignatureRefused, match="PeterNeumann"):
        Note.read(SAID.replace("problem,", "question,")).signers([key])


@pytest.mark.parametrize("algorithm", [1, WITNESS])
def test_keys_are_read_as_they_are_written(algorithm: int) -> None:
    """Both halves; and the private one does not show itself."""
    key = PrivateKey.generate("example.org/log", algorithm)

    assert PrivateKey.read(key.written() + "\n") == key
    assert PublicKey.read(str(key.public)) == key.public
    assert base64.b64encode(key.seed).decode()[:20] not in repr(key)
    assert key.public.verify(TEXT, Note.read(signed(TEXT, [key], 7)).signatures[0][2])


def test_two_keys_sign_while_one_follows_the_other() -> None:
    """Who knows either is satisfied; who knows neither learns nothing."""
    note = Note.read(signed(TEXT, [KEY, OTHER], 7))

    assert note.signers([KEY.public]) == [KEY.public]
    assert note.signers([OTHER.public]) == [OTHER.public]
    assert note.signers([PrivateKey.generate("example.org/log").public]) == []
    assert note.text == TEXT


def test_a_witness_signs_the_time_too() -> None:
    """Another time makes another signature, and the old one false."""
    witness = PrivateKey.generate("witness.example", WITNESS)
    note = Note.read(signed(TEXT, [witness], 1_679_315_147))
    [(name, key_id, signature)] = note.signatures

    assert int.from_bytes(signature[:8]) == 1_679_315_147
    later = Note(TEXT, ((name, key_id, (1_679_315_148).to_bytes(8) + signature[8:]),))
    assert note.signers([witness.public]) == [witness.public]
    with pytest.raises(SignatureRefused):
        later.signers([witness.public])


@given(st.integers(0, 8 * 68 - 1))
def test_every_bit_of_a_signature_counts(bit: int) -> None:
    """A spoilt key id is somebody else's; a spoilt signature is refused."""
    note = Note.read(signed(TEXT, [KEY], 7))
    [(name, key_id, signature)] = note.signatures
    whole = int.from_bytes(key_id + signature) ^ (1 << bit)
    spoilt = whole.to_bytes(68)
    said = Note(TEXT, ((name, spoilt[:4], spoilt[4:]),))
    if spoilt[:4] != key_id:
        assert said.signers([KEY.public]) == []
    else:
        with pytest.raises(SignatureRefused):
            said.signers([KEY.public])


@pytest.mark.parametrize(
    "text",
    ["", "x", "example.org/log+00000000", PETER.replace("c74f20a3", "c74f20a4"), PETER.replace("ARpc", "AQpc"),
     PETER.replace("ARpc", "Dhpc"), PETER[:-4], PETER.replace("PeterNeumann", "Peter Neumann"), KEY.written()],
)  # fmt: skip
def test_what_is_no_public_key_is_refused(text: str) -> None:
    """Also a private one, which the message does not repeat."""
    with pytest.raises(UnusableKey) as refused:
        PublicKey.read(text)
    assert base64.b64encode(KEY.seed).decode()[2:40] not in str(refused.value)


@pytest.mark.parametrize("text", ["", "x", PETER, str(KEY.public), KEY.written().replace("example.org", "example.net")])
def test_what_is_no_private_key_is_refused(text: str) -> None:
    """A name that was changed by hand is noticed by the id."""
    with pytest.raises(UnusableKey):
        PrivateKey.read(text)


@pytest.mark.parametrize("name", ["", "with space", "with+plus", "with\nline", "x" * 201])
def test_names_that_a_signature_could_not_bear_are_refused(name: str) -> None:
    """They would break the line."""
    with pytest.raises(UnusableKey, match="cannot name a log"):
        PrivateKey.generate(name)


NOTE = signed(TEXT, [KEY], 7)


@pytest.mark.parametrize(
    "whole",
    ["", TEXT, NOTE[:-1], NOTE.replace("— ", "- "), NOTE.replace("\n\n", "\n"), NOTE + "\n", NOTE + "x\n", NOTE.replace("5", "5\r"),
     TEXT + "\n— example.org/log AAAA\n", TEXT + "\n— example.org/log !!!!\n"],
)  # fmt: skip
def test_what_is_no_note_is_refused(whole: str) -> None:
    """As Go's package refuses it."""
    with pytest.raises(UnusableNote):
        Note.read(whole)


def test_a_checkpoint_is_read_as_it_is_written() -> None:
    """Lines after the third are others' business."""
    found = Checkpoint.read(TEXT)
    assert (found.origin, found.size, found.text()) == ("example.org/log", 5, TEXT)
    assert Checkpoint.read(TEXT + "extension\n") == found


@pytest.mark.parametrize("text", ["", "a\n", "a\n5\n", "\n5\n" + "A" * 43 + "=\n", TEXT.replace("5", "05", 1), TEXT.replace("5", "-5", 1),
                                  TEXT.replace("=", ""), TEXT.replace("I=", "J="), TEXT.replace("5", "5.0", 1)])  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    """Each has one way alone to be written."""
    with pytest.raises(UnusableNote):
        Checkpoint.read(text)


@pytest.mark.parametrize("leaf", [None, b"", b"leaf"])
@pytest.mark.parametrize("hashes", [0, 1, 3])
def test_a_receipt_is_read_as_it_is_written(leaf: bytes | None, hashes: int) -> None:
    """With its leaf or without."""
    receipt = Receipt(7, tuple(bytes([number] * 32) for number in range(hashes)), NOTE, leaf)
    assert Receipt.read(receipt.text()) == receipt
    lines = receipt.text().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1 + (leaf is not None)] == "index 7"


def test_what_is_no_receipt_is_refused() -> None:
    """Whatever else it may be."""
    good = Receipt(7, (bytes(32),), NOTE, b"leaf").text()
    spoilt: list[Any] = [
        NOTE,
        "",
        good.replace("@v1", "@v2"),
        good.replace("index 7", "index 07"),
        good.replace("AAAA", "!!!!"),
    ]
    for text in spoilt:
        with pytest.raises(UnusableNote):
            Receipt.read(text)

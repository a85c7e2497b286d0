"""What a witness cosigns, and what it refuses with which status (C2SP tlog-witness)."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from events import merkle, tiles
from events.merkle import Node
from services.timeline.audit.checkpoints import Checkpoint
from services.timeline.audit.notes import WITNESS, Note, PrivateKey, UnusableKey, signed
from services.timeline.audit.witness import Answer, Witness, own_key, request

LOG, OTHER = PrivateKey.generate("example.org/log"), PrivateKey.generate("example.org/log")
KEY = PrivateKey.generate("witness.example", WITNESS)
HASHES = [hashlib.sha256(str(number).encode()).digest() for number in range(300)]
FORKED = [*HASHES[:50], *HASHES[51:], HASHES[50]]


def reading(hashes: Sequence[bytes]) -> merkle.ReadHashes:
    held = tiles.grown(0, {}, hashes)
    return lambda nodes: [tiles.node_in(held, Node(*node)) for node in nodes]


def asked(old: int, new: int, hashes: Sequence[bytes] = HASHES, key: PrivateKey = LOG) -> str:
    """A request by a log with these leaves."""
    read = reading(hashes)
    note = signed(Checkpoint(key.name, new, merkle.root(new, read)).text(), [key], 0)
    proof = [base64.b64encode(one).decode() for one in merkle.consistency_proof(old, new, read)]
    return request(old, proof, note)


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness(KEY, [LOG.public], tmp_path / "memory")


def cosigned(answer: Answer, text: str) -> bool:
    note = text.partition("\n\n")[2]
    return answer.status == 200 and Note.read(note + answer.body).signers([KEY.public]) == [KEY.public]


def test_a_log_that_grows_is_cosigned_step_by_step(witness: Witness, tmp_path: Path) -> None:
    """From the first checkpoint on; the same one twice; and by a witness that was started anew."""
    for old, new in ((0, 7), (7, 7), (7, 50), (50, 300)):
        text = asked(old, new)
        assert cosigned(witness.add_checkpoint(text, 1_733_130_000), text)
    text = asked(300, 300)
    assert cosigned(Witness(KEY, [LOG.public], tmp_path / "memory").add_checkpoint(text, 5), text)


def test_two_histories_are_never_cosigned(witness: Witness) -> None:
    """Neither a shorter one, nor another of the same length, nor one that grew from another; and it says where it stands."""
    assert witness.add_checkpoint(asked(0, 100), 1).status == 200

    assert witness.add_checkpoint(asked(0, 50), 1) == Answer(409, "100\n", "text/x.tlog.size")
    assert witness.add_checkpoint(asked(0, 200), 1) == Answer(409, "100\n", "text/x.tlog.size")
    assert witness.add_checkpoint(asked(100, 100, FORKED), 1) == Answer(409, "100\n", "text/x.tlog.size")
    assert witness.add_checkpoint(asked(100, 200, FORKED), 1).status == 422
    assert witness.add_checkpoint(asked(100, 200), 1).status == 200


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 400),
        ("old 0\n", 400),
        (asked(0, 7).replace("old 0", "old 00"), 400),
        (asked(0, 7).replace("old 0", "old -1"), 400),
        (asked(0, 7).replace("old 0", "old 8"), 400),
        (asked(0, 7).replace("old 0", "old 0\nxx"), 400),
        (asked(0, 7).replace("old 0\n", "old 0\n" + f"{base64.b64encode(bytes(32)).decode()}\n" * 64), 400),
        (asked(0, 7).replace("old 0\n", "old 0\n" + f"{base64.b64encode(bytes(32)).decode()}\n"), 422),
        (asked(0, 7, key=OTHER), 403),
        (asked(0, 7).replace("\n7\n", "\n8\n"), 403),
        (asked(0, 7, key=PrivateKey.generate("example.net/log")), 404),
    ],
    ids=range(11),
)
def test_what_is_no_request_of_a_known_log_is_refused(witness: Witness, text: str, status: int) -> None:
    """With the status that the specification names, and nothing is remembered."""
    assert witness.add_checkpoint(text, 1).status == status
    assert witness.add_checkpoint(asked(0, 7), 1).status == 200


def test_a_witness_has_a_key_of_its_own_kind(tmp_path: Path) -> None:
    """Made once under its name, private; a log's key will not do."""
    with pytest.raises(UnusableKey, match="--name"):
        own_key(tmp_path / "w" / "witness.key", "")
    key = own_key(tmp_path / "w" / "witness.key", "witness.example")
    assert own_key(tmp_path / "w" / "witness.key", "") == key
    assert (tmp_path / "w" / "witness.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(UnusableKey, match="one of a log"):
        Witness(LOG, [LOG.public], tmp_path)

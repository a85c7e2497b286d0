"""Evidence bundles and custody over HTTP, and their receipts and proofs verified by programs of other hands."""

import base64
import hashlib
import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pymerkle  # type: ignore[import-untyped]
import pytest
from pymerkle import InmemoryTree
from scitt_cose import merkle as theirs  # type: ignore[import-untyped]

from events import merkle
from services.timeline import console
from services.timeline.audit import checking, contents, custody, signing, stored
from services.timeline.audit.agreeing import Held
from services.timeline.audit.checkpoints import Checkpoint, Receipt, read_hash
from services.timeline.audit.notes import ML_DSA_44, Note, PrivateKey
from tests.acceptance.test_rest import assert_problem, served
from tests.acceptance.test_tree_over_rest import built
from tests.integration.bundles import packed, unpacked
from tests.integration.test_bundles import SHOWN
from tests.integration.trees import Kept, kept_tree, told

GO = Path(__file__).parent / "go_bundle" / "bundle.go"
EVENING = "at=2024-12-02T12:00:00Z&known_at=2024-12-02T18:00:00Z&view=published"


@pytest.fixture(scope="module")
def kept(postgres_18: str) -> Iterator[Kept]:
    """The demo with checkpoints of both algorithms."""
    with kept_tree(postgres_18) as kept:
        told(kept, 4)
        with kept.connection() as connection:
            signing.add_key(kept.settings, stored.reach(connection).log_id, ML_DSA_44)
        kept.grow([json.dumps(SHOWN).encode()])
        console.follow(kept.timeline)
        yield kept


@pytest.fixture(scope="module")
def client(kept: Kept) -> Iterator[httpx2.Client]:
    with served(kept.timeline) as client:
        yield client


def notes(kept: Kept) -> dict[int, str]:
    with kept.connection() as connection:
        return {one.size: one.note for one in stored.every_checkpoint(connection)}


def test_a_bundle_is_posted_for_and_entered_into_custody(kept: Kept, client: httpx2.Client) -> None:
    """Bytes of a zip archive that check offline; the record then says who has it, by its sum."""
    answer = client.post(f"/v1/audit/bundles/sy-hama?{EVENING}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="sy-hama.zip"'
    assert answer.headers["cache-control"] == "no-store"
    found = checking.check(io.BytesIO(answer.content), kept.known())
    assert found.known
    assert (found.attached, found.missing) == (0, 2)

    page = client.get("/v1/audit/custody?limit=1").json()
    before = page["entries"]
    while page["next"]:
        page = client.get(f"/v1/audit/custody?limit=1&cursor={page['next']}").json()
        before += page["entries"]
    with kept.connection() as connection:
        assert [one["number"] for one in before] == [one.number for one in custody.every(connection)]
    last = before[-1]
    assert (last["what"], last["location_id"], last["by"]) == ("bundle", "sy-hama", "local")
    assert last["sha256"] == hashlib.sha256(answer.content).hexdigest()
    here = client.get("/v1/audit/custody?location_id=sy-hama").json()["entries"]
    assert here[-1] == last
    assert client.get("/v1/audit/custody?location_id=nowhere").json() == {"entries": [], "next": None}


def test_a_bundle_with_the_proof_to_a_checkpoint_that_is_held(kept: Kept, client: httpx2.Client) -> None:
    """`held=` names its size."""
    first, *_ = sorted(notes(kept))
    answer = client.post(f"/v1/audit/bundles/sy-hama?{EVENING}&held={first}")
    held = Held("mine", notes(kept)[first])
    assert checking.check(io.BytesIO(answer.content), (), [held]).known


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/v1/audit/bundles/nowhere", 404),
        ("/v1/audit/bundles/sy-hama?view=nothing", 404),
        ("/v1/audit/bundles/sy-hama?at=yesterday", 422),
        ("/v1/audit/bundles/sy-hama?known-at=2024-12-02T18:00:00Z", 422),
        ("/v1/audit/bundles/sy-hama?held=0", 422),
        ("/v1/audit/bundles/sy-hama?held=99999", 404),
    ],
)
def test_what_cannot_be_bundled_is_a_problem_and_enters_nothing(
    kept: Kept, client: httpx2.Client, address: str, status: int
) -> None:
    """With its reason; the record of custody is as it was."""
    with kept.connection() as connection:
        before = list(custody.every(connection))
    assert_problem(client.post(address), status)
    with kept.connection() as connection:
        assert list(custody.every(connection)) == before
    assert_problem(client.get("/v1/audit/custody?cursor=nonsense"), 422)


def test_the_lists_signature_and_the_checkpoints_second_one(kept: Kept, client: httpx2.Client) -> None:
    """ML-DSA-44 signs the checkpoint beside Ed25519; the list, which is none, by Ed25519 alone."""
    files = unpacked(client.post(f"/v1/audit/bundles/sy-hama?{EVENING}").content)
    checkpoint = Note.read(files[contents.CHECKPOINT].decode())
    list_ = Note.read(files[contents.POSITIONS].decode())
    keys = signing.keys_of(kept.settings, log_id(kept), make=False)
    assert keys is not None
    both = keys.public
    assert len(both) == 2
    assert files[contents.KEYS].decode() == "".join(f"{one}\n" for one in both)
    assert checkpoint.signers(both) == both
    assert list_.signers(both) == both[:1]


def log_id(kept: Kept) -> Any:
    with kept.connection() as connection:
        return stored.reach(connection).log_id


def test_programs_of_other_hands_take_the_receipts_for_theirs(kept: Kept, client: httpx2.Client) -> None:
    """`scitt-cose` and `pymerkle`, both in Python and neither of ours: every event of a bundle, and none with a bit flipped."""
    files = unpacked(client.post(f"/v1/audit/bundles/sy-hama?{EVENING}").content)
    said = Checkpoint.read(Note.read(files[contents.CHECKPOINT].decode()).text)
    other = InmemoryTree(algorithm="sha256")
    for leaf in leaves(client, said.size):
        other.append_entry(leaf)
    assert other.get_root(said.size) == said.root
    checked = 0
    for name in files:
        if not name.endswith(contents.RECEIPT):
            continue
        leaf = files[name.replace(contents.RECEIPT, contents.LEAF)]
        receipt = Receipt.read(files[name].decode())
        path = [one.hex() for one in receipt.proof]
        assert theirs.verify_inclusion(leaf.hex(), receipt.index, said.size, path, said.root.hex())
        spoilt = bytes([leaf[0] ^ 1]) + leaf[1:]
        assert not theirs.verify_inclusion(spoilt.hex(), receipt.index, said.size, path, said.root.hex())
        proof = other.prove_inclusion(receipt.index + 1, said.size)
        proof.path = [merkle.leaf_hash(leaf), *receipt.proof]
        pymerkle.verify_inclusion(
            other.get_leaf(receipt.index + 1), said.root, proof, index=receipt.index + 1, size=said.size
        )
        checked += 1
    assert checked > 20


def leaves(client: httpx2.Client, size: int) -> list[bytes]:
    found: list[bytes] = []
    for number in range(-(-size // 256)):
        width = min(256, size - 256 * number)
        data = client.get(f"/v1/log/tile/entries/{number:03}{'' if width == 256 else f'.p/{width}'}").content
        while data:
            length = int.from_bytes(data[:2])
            found.append(data[2 : 2 + length])
            data = data[2 + length :]
    return found


def test_programs_of_other_hands_take_our_consistency_proofs_for_theirs(kept: Kept, client: httpx2.Client) -> None:
    """`scitt-cose` verifies the proof in a bundle, and those of the route between any sizes, powers of two among them."""
    held = notes(kept)
    for size, note in sorted(held.items())[:-1]:
        files = unpacked(client.post(f"/v1/audit/bundles/sy-hama?{EVENING}&held={size}").content)
        ours = Checkpoint.read(Note.read(files[contents.CHECKPOINT].decode()).text)
        mine = Checkpoint.read(Note.read(note).text)
        told = json.loads(files[contents.CONSISTENCY])
        proof = [read_hash(one).hex() for one in told["hashes"]]
        assert theirs.verify_consistency(mine.root.hex(), ours.root.hex(), mine.size, ours.size, proof)
        assert not theirs.verify_consistency(bytes(32).hex(), ours.root.hex(), mine.size, ours.size, proof)
    for old, new in (
        (1, 2),
        (1, 298),
        (2, 3),
        (64, 65),
        (64, 128),
        (127, 256),
        (128, 298),
        (255, 256),
        (256, 257),
        (297, 298),
    ):
        said = client.get(f"/v1/log/proofs/consistency?from={old}&to={new}").json()
        roots = [base64.b64decode(said[name]).hex() for name in ("from_root", "to_root")]
        proof = [base64.b64decode(one).hex() for one in said["hashes"]]
        assert theirs.verify_consistency(*roots, old, new, proof), (old, new)
        assert not theirs.verify_consistency(*roots, old, new, [*proof, bytes(32).hex()])
        if proof:
            assert not theirs.verify_consistency(*roots, old, new, proof[:-1])
            assert not theirs.verify_consistency(*roots, old, new, [bytes(32).hex(), *proof[1:]])


@pytest.fixture(scope="module")
def go_verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go program that reads bundles, built with Debian's packages."""
    return built(GO, tmp_path_factory.mktemp("go"))


def test_a_bundle_is_verified_in_go_without_anything_of_ours(
    kept: Kept, client: httpx2.Client, go_verifier: Path, tmp_path: Path
) -> None:
    """Its archive, manifest, both notes, every receipt and every text; and each of them spoilt is refused."""
    raw = client.post(f"/v1/audit/bundles/sy-hama?{EVENING}").content
    file, key = tmp_path / "b.zip", str(kept.known()[0])
    file.write_bytes(raw)
    done = subprocess.run([str(go_verifier), str(file), key], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    events = checking.check(io.BytesIO(raw)).events
    assert done.stdout.startswith(f"accepted {events} events with ")

    files = unpacked(raw)
    leaf = next(name for name in files if name.endswith(contents.LEAF))
    text = next(name for name in files if name.endswith(contents.TEXT))
    note = files[contents.POSITIONS].replace(b"\nknown-position ", b"\nknown-position 1", 1)
    checkpoint = files[contents.CHECKPOINT].replace(b"\n298\n", b"\n299\n", 1)
    for name, data in {
        leaf: files[leaf] + b" ",
        text: files[text].replace(b":", b": ", 1),
        contents.POSITIONS: note,
        contents.CHECKPOINT: checkpoint,
        contents.STATUS: b"{}",
    }.items():
        file.write_bytes(packed(files | {name: data}))
        refused = subprocess.run([str(go_verifier), str(file), key], capture_output=True, text=True, check=False)
        assert (refused.returncode, bool(refused.stderr)) == (1, True), name
    file.write_bytes(raw)
    other = str(PrivateKey.generate(kept.keys.origin).public)
    assert subprocess.run([str(go_verifier), str(file), other], capture_output=True, check=False).returncode == 1

"""The tree over HTTP: checkpoints, proofs, tiles, entries and receipts, verified by us and by programs of other hands."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pymerkle  # type: ignore[import-untyped]
import pytest
from pymerkle import InmemoryTree

from events import merkle
from events.merkle import ProofRefused
from services.timeline.audit.checkpoints import Checkpoint, Receipt
from services.timeline.audit.notes import Note, PrivateKey, SignatureRefused
from tests.acceptance.test_rest import assert_problem, served
from tests.integration.test_log import source
from tests.integration.trees import Kept, kept_tree

Tree = dict[str, Any]

SIZES = (1, 2, 3, 255, 256, 257, 512, 700)
GO = Path(__file__).parent / "go" / "verify.go"
GO_PACKAGES = Path("/usr/share/gocode")


@pytest.fixture(scope="module")
def kept(postgres_18: str) -> Iterator[Kept]:
    """700 events, a checkpoint at each of some sizes, and an event after the last."""
    with kept_tree(postgres_18) as kept:
        lines = [source(number) for number in range(max(SIZES))]
        for begin, end in zip((0, *SIZES), SIZES, strict=False):
            kept.grow(lines[begin:end])
        kept.timeline.writer.append([source(9_999)], "key:desk")
        yield kept


@pytest.fixture(scope="module")
def client(kept: Kept) -> Iterator[httpx2.Client]:
    with served(kept.timeline) as client:
        yield client


def got(client: httpx2.Client, address: str) -> Tree:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    found: Tree = answer.json()
    return found


def hashes(said: Tree) -> list[bytes]:
    return [base64.b64decode(one) for one in said["hashes"]]


def entries(client: httpx2.Client, size: int) -> list[bytes]:
    """The bytes of every leaf, from the entry bundles."""
    found: list[bytes] = []
    for number in range(-(-size // 256)):
        width = min(256, size - 256 * number)
        data = client.get(f"/v1/log/tile/entries/{number:03}{'' if width == 256 else f'.p/{width}'}").content
        while data:
            length = int.from_bytes(data[:2])
            found.append(data[2 : 2 + length])
            data = data[2 + length :]
    return found


def test_the_checkpoint_is_signed_by_the_logs_key(client: httpx2.Client, kept: Kept) -> None:
    """It is the newest, and is not cached."""
    answer = client.get("/v1/log/checkpoint")

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    note = Note.read(answer.text)
    assert note.signers(kept.known()) == kept.known()
    assert Checkpoint.read(note.text).size == 700


@pytest.mark.parametrize("size", SIZES)
def test_the_log_can_be_rebuilt_and_proved_by_whoever_fetches_it(client: httpx2.Client, size: int) -> None:
    """Every leaf of the entries is proved in each size."""
    leaves = entries(client, size)
    assert [json.loads(one)["position"] for one in leaves] == list(range(1, size + 1))
    for index in {0, size // 3, size - 1}:
        said = got(client, f"/v1/log/proofs/inclusion?position={index + 1}&size={size}")
        leaf = base64.b64decode(said["leaf_hash"])
        assert leaf == merkle.leaf_hash(leaves[index])
        merkle.verify_inclusion(said["leaf_index"], size, leaf, hashes(said), base64.b64decode(said["root_hash"]))
        assert Checkpoint.read(Note.read(said["checkpoint"]).text).root == base64.b64decode(said["root_hash"])


def test_a_size_that_was_never_signed_is_proved_without_a_checkpoint(client: httpx2.Client) -> None:
    """And a position beyond the newest checkpoint, or none, is told to be."""
    assert got(client, "/v1/log/proofs/inclusion?position=5&size=99")["checkpoint"] is None
    assert got(client, "/v1/log/proofs/inclusion?position=5")["size"] == 700


def test_proofs_of_consistency_verify_between_all_sizes(client: httpx2.Client) -> None:
    """Each log is the beginning of each later one."""
    for old in (0, *SIZES):
        for new in (one for one in SIZES if one >= old):
            said = got(client, f"/v1/log/proofs/consistency?from={old}&to={new}")
            roots = [base64.b64decode(said[name]) for name in ("from_root", "to_root")]
            merkle.verify_consistency(old, new, roots[0], roots[1], hashes(said))


def test_a_receipt_proves_an_event_without_network(client: httpx2.Client, kept: Kept) -> None:
    """There and back as text; a leaf, hash, signer or index of another is refused."""
    text = client.get("/v1/log/receipts/300").text
    receipt = Receipt.read(text)
    assert receipt.text() == text
    assert receipt.leaf is not None

    assert json.loads(receipt.leaf)["position"] == 300
    assert receipt.verify(receipt.leaf, kept.known()) == kept.known()
    with pytest.raises(ProofRefused):
        receipt.verify(receipt.leaf.replace(b"key:desk", b"key:task"), kept.known())
    with pytest.raises(ProofRefused):
        Receipt(receipt.index + 1, receipt.proof, receipt.note).verify(receipt.leaf, kept.known())
    with pytest.raises(SignatureRefused):
        receipt.verify(receipt.leaf, [PrivateKey.generate(kept.keys.origin).public])


def test_tiles_are_kept_for_ever(client: httpx2.Client) -> None:
    """Full ones and partial ones."""
    for address, width in (("0/000", 256), ("0/002.p/188", 188), ("0/000.p/7", 7), ("1/000.p/2", 2)):
        answer = client.get(f"/v1/log/tile/{address}")
        assert len(answer.content) == 32 * width
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Cache-Control"] == "max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("proofs/inclusion?position=702&size=702", 404, "the log has no 702 events; it has 701"),
        ("proofs/inclusion?position=701&size=701", 503, "700 of 701 events; ask again"),
        ("proofs/inclusion?position=701", 503, "ask again"),
        ("proofs/inclusion?position=8&size=7", 404, "position 8 is not among the first 7 events"),
        ("proofs/inclusion?position=0", 422, "position"),
        ("proofs/inclusion", 422, "position"),
        ("proofs/consistency?from=8&to=7", 404, "cannot begin"),
        ("proofs/consistency?from=0&to=702", 404, "it has 701"),
        ("proofs/consistency?from=701&to=701", 503, "ask again"),
        ("receipts/702", 404, "no position 702; it ends at 701"),
        ("receipts/701", 503, "no checkpoint covers position 701 yet"),
        ("receipts/x", 422, "position"),
        ("tile/0/67", 422, "a tile is written as"),
        ("tile/0/002", 404, "no tile of this width"),
        ("tile/0/002.p/189", 404, "no tile of this width"),
        ("tile/7/000.p/1", 404, "no tile of this width"),
        ("tile/64/000", 422, "level"),
        ("tile/entries/002", 404, "no entries of this width"),
        ("tile/entries/x00/000", 422, "a tile is written as"),
    ],
)
def test_what_there_is_not_is_told(client: httpx2.Client, address: str, status: int, words: str) -> None:
    """With the reason; what comes soon is worth another try."""
    answer = client.get(f"/v1/log/{address}")

    assert_problem(answer, status)
    assert words in answer.text
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_before_the_first_checkpoint_there_is_none(postgres_18: str) -> None:
    """And it is told when there will be."""
    with kept_tree(postgres_18) as kept, served(kept.timeline) as client:
        assert_problem(client.get("/v1/log/checkpoint"), 503)
        kept.timeline.writer.append([source(1)], "key:desk")
        said = client.get("/readyz").json()
        assert (said["tree_lag"], said["unsigned"]) == (1, 1)
        kept.grow([])
        said = client.get("/readyz").json()
        assert (said["tree_lag"], said["unsigned"]) == (0, 0)
        assert client.get("/v1/log/checkpoint").status_code == 200


def test_a_python_verifier_by_other_hands_accepts_them(client: httpx2.Client) -> None:
    """`pymerkle` makes the same tree of the entries, and takes our proofs for its own (of consistency its have another form)."""
    leaves = entries(client, 700)
    theirs = InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        theirs.append_entry(leaf)
    for size in SIZES:
        for index in {0, size // 2, size - 1}:
            said = got(client, f"/v1/log/proofs/inclusion?position={index + 1}&size={size}")
            proof = theirs.prove_inclusion(index + 1, size)
            proof.path = [base64.b64decode(said["leaf_hash"]), *hashes(said)]
            root = base64.b64decode(said["root_hash"])
            assert root == theirs.get_root(size)
            pymerkle.verify_inclusion(theirs.get_leaf(index + 1), root, proof, index=index + 1, size=size)
            if size > 1:
                proof.path[-1] = bytes(32)
                with pytest.raises(pymerkle.InvalidProof):
                    pymerkle.verify_inclusion(theirs.get_leaf(index + 1), root, proof, index=index + 1, size=size)


@pytest.fixture(scope="module")
def go_verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go program, built with Debian's packages."""
    return built(GO, tmp_path_factory.mktemp("go"))


def built(program: Path, folder: Path) -> Path:
    """A Go program, built with Debian's packages into a folder."""
    if shutil.which("go") is None or not (GO_PACKAGES / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip("Debian's golang-go and golang-golang-x-mod-dev are not installed")
    environment = os.environ | {"GO111MODULE": "off", "GOPATH": str(GO_PACKAGES), "GOCACHE": str(folder / "cache")}
    made = folder / "verify"
    done = subprocess.run(
        ["go", "build", "-o", str(made), str(program)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return made


def told_to_go(client: httpx2.Client, kept: Kept) -> Tree:
    leaves = entries(client, 700)
    inclusion = [
        {"Index": index, "Size": size, "Leaf": base64.b64encode(leaves[index]).decode()}
        | {"Root": said["root_hash"], "Hashes": said["hashes"]}
        for size in SIZES
        for index in sorted({0, size // 2, size - 1})
        for said in [got(client, f"/v1/log/proofs/inclusion?position={index + 1}&size={size}")]
    ]
    consistency = [
        {"From": old, "To": new, "FromRoot": said["from_root"], "ToRoot": said["to_root"], "Hashes": said["hashes"]}
        for new in SIZES
        for old in (one for one in SIZES if one <= new)
        for said in [got(client, f"/v1/log/proofs/consistency?from={old}&to={new}")]
    ]
    tiles = {
        f"tile/8/{address}": base64.b64encode(client.get(f"/v1/log/tile/{address}").content).decode()
        for address in ("0/000", "0/001", "0/002.p/188", "1/000.p/2")
    }
    note = client.get("/v1/log/checkpoint").text
    return {"Key": str(kept.known()[0]), "Checkpoint": note, "Tiles": tiles, "Inclusion": inclusion, "Consistency": consistency}  # fmt: skip


def ran(go_verifier: Path, said: Tree) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(go_verifier)], input=json.dumps(said), capture_output=True, text=True, check=False)


def test_gos_sumdb_accepts_checkpoint_proofs_and_tiles(client: httpx2.Client, kept: Kept, go_verifier: Path) -> None:
    """The library that guards Go's modules: `note.Open`, `tlog.CheckRecord`, `tlog.CheckTree`, `tlog.TileHashReader`."""
    done = ran(go_verifier, told_to_go(client, kept))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "accepted 700 events, 21 inclusion and 36 consistency proofs\n"


@pytest.mark.parametrize("spoil", ["Checkpoint", "Key", "Leaf", "Hashes", "FromRoot", "Tiles"])
def test_gos_sumdb_refuses_what_is_spoilt(client: httpx2.Client, kept: Kept, go_verifier: Path, spoil: str) -> None:
    """So the acceptance means something."""
    said = told_to_go(client, kept)
    other = base64.b64encode(bytes(32)).decode()
    match spoil:
        case "Checkpoint":
            said["Checkpoint"] = said["Checkpoint"].replace("\n700\n", "\n701\n")
        case "Key":
            said["Key"] = str(PrivateKey.generate(kept.keys.origin).public)
        case "Leaf":
            said["Inclusion"][-1]["Leaf"] = other
        case "Hashes":
            said["Inclusion"][-1]["Hashes"][0] = other
        case "FromRoot":
            said["Consistency"][-1]["FromRoot"] = other
        case "Tiles":
            said["Tiles"]["tile/8/0/001"] = base64.b64encode(bytes(8192)).decode()

    done = ran(go_verifier, said)

    assert done.returncode == 1
    assert done.stderr.strip()

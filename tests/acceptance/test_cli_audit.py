"""`timeline audit` as people and programs run it: what it prints, and its exit codes."""

import subprocess
from pathlib import Path

import psycopg
import pytest

from services.timeline.audit.checkpoints import Checkpoint
from services.timeline.audit.notes import Note, PrivateKey, PublicKey, signed
from tests.acceptance.test_cli import COMMAND, environment, run

STORY = str(Path(__file__).parents[2] / "services/timeline/demo/story.ndjson")


def test_a_log_is_signed_verified_and_tampering_is_told(database: str, tmp_path: Path) -> None:
    """From the import to the verdict, with a checkpoint held outside, and a key that is given."""
    home = {"TIMELINE_HOME": str(tmp_path / "home")}
    empty = run(database, "audit", "checkpoint", **home)
    assert (empty.returncode, empty.stdout) == (2, "")
    assert "the log is empty" in empty.stderr
    assert run(database, "audit", "verify", **home).stdout.startswith("intact: 0 events; no checkpoint is signed yet")

    assert run(database, "import", STORY, **home).returncode == 0
    printed = run(database, "audit", "checkpoint", **home)
    assert printed.returncode == 0
    note = Note.read(printed.stdout)
    key = PublicKey.read(run(database, "audit", "key", **home).stdout)
    assert note.signers([key]) == [key]
    assert Checkpoint.read(note.text).size == 297

    held = tmp_path / "checkpoint.txt"
    held.write_text(printed.stdout)
    good = run(database, "audit", "verify", "--checkpoint", str(held), **home)
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout == f"intact: 297 events; 3 checkpoint(s) agree, signed by {key.name} ({key.key_id.hex()})\n"

    elsewhere = {"TIMELINE_HOME": str(tmp_path / "elsewhere")}
    unknown = run(database, "audit", "verify", **elsewhere)
    assert unknown.returncode == 0
    assert "their signatures were not checked" in unknown.stdout
    by_key = run(database, "audit", "verify", "--key", str(key), **elsewhere)
    assert by_key.stdout == f"intact: 297 events; 1 checkpoint(s) agree, signed by {key.name} ({key.key_id.hex()})\n"
    other = run(database, "audit", "verify", "--key", str(PrivateKey.generate(key.name).public), **elsewhere)
    assert (other.returncode, "signed by no key that is known here" in other.stdout) == (1, True)

    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("ALTER TABLE event DISABLE TRIGGER ALL")
        connection.execute("UPDATE event SET recorded_by = 'somebody' WHERE position = 123")
    bad = run(database, "audit", "verify", **home)
    assert (bad.returncode, bad.stderr) == (1, "")
    assert bad.stdout == "NOT as it was signed: position 123: it is not the event that the tree has there\n"


def test_a_restored_database_is_refused_by_checkpoint_verify_and_doctor(database: str, tmp_path: Path) -> None:
    """With the reason, and exit 1."""
    home = {"TIMELINE_HOME": str(tmp_path)}
    run(database, "import", STORY, **home)
    run(database, "audit", "checkpoint", **home)
    [book] = tmp_path.glob("*.signed")
    [file] = tmp_path.glob("*.key")
    key = PrivateKey.read(file.read_text())
    book.write_text(signed(Checkpoint(key.name, 300, bytes(32)).text(), [key], 0))

    for command in (("audit", "checkpoint"), ("audit", "verify"), ("doctor",)):
        ran = run(database, *command, **home)
        assert ran.returncode == 1
        assert "300 events" in ran.stdout + ran.stderr
    assert "was the database restored from an older backup?" in run(database, "doctor", **home).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--checkpoint", "/nowhere"), "--checkpoint /nowhere: cannot be read: No such file or directory"),
        (("--key", "nonsense"), "--key: no key of a log or witness"),
    ],
)
def test_bad_input_is_one_line(database: str, arguments: tuple[str, str], words: str) -> None:
    """And exit 2."""
    ran = run(database, "audit", "verify", *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"timeline: {words}")
    assert len(ran.stderr.splitlines()) == 1


def test_a_witness_in_a_process_of_its_own_cosigns(database: str, tmp_path: Path) -> None:
    """What it cosigned is held outside; a log that was rewritten since gets no cosignature."""
    home = {"TIMELINE_HOME": str(tmp_path / "home")}
    run(database, "import", STORY, **home)
    run(database, "audit", "checkpoint", **home)
    key = run(database, "audit", "key", **home).stdout.strip()
    asking = [
        COMMAND,
        "audit",
        "witness",
        key,
        "--home",
        str(tmp_path / "witness"),
        "--name",
        "witness.example",
        "--port",
        "0",
    ]
    with subprocess.Popen(asking, stderr=subprocess.PIPE, text=True, env=environment(database)) as process:
        try:
            assert process.stderr is not None
            public = process.stderr.readline().rpartition(": ")[2].strip()
            url = process.stderr.readline().split()[2].removesuffix("/add-checkpoint;")
            once = run(database, "audit", "cosign", url, "--key", public, **home)
            assert (once.returncode, once.stderr) == (0, "")
            assert Note.read(once.stdout).signers([PublicKey.read(public)]) == [PublicKey.read(public)]
            held = tmp_path / "cosigned.txt"
            held.write_text(once.stdout)
            assert run(database, "audit", "verify", "--checkpoint", str(held), **home).returncode == 0

            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute(
                    "ALTER TABLE event DISABLE TRIGGER ALL; ALTER TABLE log_checkpoint DISABLE TRIGGER ALL"
                )
                connection.execute("UPDATE event SET recorded_by = 'somebody' WHERE position = 5")
                connection.execute("DELETE FROM log_checkpoint; DELETE FROM log_tile; UPDATE log_tree SET size = 0")
            [book] = (tmp_path / "home").glob("*.signed")
            book.unlink()
            refused = run(database, "audit", "cosign", url, "--key", public, **home)
            assert (refused.returncode, refused.stdout) == (1, "")
            assert "the witness refuses the checkpoint over 297 events (409)" in refused.stderr
            assert run(database, "audit", "verify", "--checkpoint", str(held), **home).returncode == 1
        finally:
            process.terminate()
    gone = run(database, "audit", "cosign", url, "--key", public, **home)
    assert (gone.returncode, "does not answer" in gone.stderr) == (1, True)

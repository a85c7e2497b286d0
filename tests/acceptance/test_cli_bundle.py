"""`timeline audit bundle`, `verify FILE.zip`, `custody` and `stamp` as people run them: what they print, and exit codes."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.test_cli import COMMAND, NOWHERE, assert_one_line, environment, run
from tests.conftest import fresh_database
from tests.integration.small_authority import authority
from tests.integration.test_bundles import FOOTAGE, SHOWN

STORY = Path(__file__).parents[2] / "services/timeline/demo/story.ndjson"
EVENING = ("--at", "2024-12-02T12:00:00Z", "--known-at", "2024-12-02T18:00:00Z", "--view", "published")

Place = tuple[str, dict[str, str]]


@pytest.fixture(scope="module")
def here(postgres_18: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A database with the demo and a report with evidence, and a home for its key."""
    home = tmp_path_factory.mktemp("home")
    with fresh_database(postgres_18) as database:
        more = home / "more.ndjson"
        more.write_text(json.dumps(SHOWN) + "\n")
        place = {"TIMELINE_HOME": str(home)}
        assert run(database, "import", str(STORY), str(more), **place).returncode == 0
        assert run(database, "audit", "checkpoint", **place).returncode == 0  # it makes the key, and says so
        yield database, place


def test_a_bundle_is_made_here_and_checked_elsewhere(here: Place, tmp_path: Path) -> None:
    """With the key it is signed by the log, without it by whoever has a fingerprint; another machine has no database."""
    database, place = here
    (tmp_path / "captured").mkdir()
    (tmp_path / "captured" / "square.mp4").write_bytes(FOOTAGE)
    file = tmp_path / "hama.zip"
    made = run(
        database,
        "audit",
        "bundle",
        "Hama",
        *EVENING,
        "--evidence",
        str(tmp_path / "captured"),
        "-o",
        str(file),
        **place,
    )
    assert (made.returncode, made.stderr) == (0, "")
    key = run(database, "audit", "key", **place).stdout
    fingerprint = hashlib.sha256(key.encode()).hexdigest()
    first, second = made.stdout.splitlines()
    assert first.endswith("events, 1 captured files (1 missing)")
    assert second.endswith(f"key {fingerprint}")
    assert list(tmp_path.glob(".*")) == []

    elsewhere = {"TIMELINE_HOME": str(tmp_path / "nothing")}
    known = run(NOWHERE, "audit", "verify", str(file), "--key", key.strip(), **elsewhere)
    assert (known.returncode, known.stderr) == (0, "")
    assert known.stdout.startswith("intact, signed by timeline.invalid/")
    assert (
        "sy-hama at 2024-12-02T12:00:00Z, as known at 2024-12-02T18:00:00Z (reported clock): held by saa"
        in known.stdout
    )
    assert "captured files: 1 in the bundle, 1 named and missing" in known.stdout
    unknown = run(NOWHERE, "audit", "verify", str(file), **elsewhere)
    assert unknown.stdout.splitlines()[0] == f"intact, signer unknown: {fingerprint}"
    assert not (tmp_path / "nothing").exists()

    spoilt = bytearray(file.read_bytes())
    spoilt[len(spoilt) // 3] ^= 4
    (tmp_path / "spoilt.zip").write_bytes(spoilt)
    bad = run(NOWHERE, "audit", "verify", str(tmp_path / "spoilt.zip"), **elsewhere)
    assert (bad.returncode, bad.stderr) == (1, "")
    assert bad.stdout.startswith("NOT intact: ")
    assert len(bad.stdout.splitlines()) == 1


def test_a_checkpoint_that_the_reader_holds_makes_the_signer_known(here: Place, tmp_path: Path) -> None:
    """Printed once, kept elsewhere, and the log has grown since."""
    database, place = here
    held, file = tmp_path / "checkpoint.txt", tmp_path / "hama.zip"
    held.write_text(run(database, "audit", "checkpoint", **place).stdout)
    more = tmp_path / "more.ndjson"
    more.write_text('{"type": "ActorRegistered", "actor_id": "later", "name": "Later", "kind": "other"}\n')
    assert run(database, "import", str(more), **place).returncode == 0
    assert run(database, "audit", "bundle", "sy-hama", *EVENING, "-o", str(file), **place).returncode == 0
    without = run(NOWHERE, "audit", "verify", str(file), "--checkpoint", str(held))
    assert (without.returncode, "have it made with --checkpoint" in without.stdout) == (1, True)
    made = run(database, "audit", "bundle", "sy-hama", *EVENING, "--checkpoint", str(held), "-o", str(file), **place)
    assert made.returncode == 0
    known = run(NOWHERE, "audit", "verify", str(file), "--checkpoint", str(held))
    assert (known.returncode, known.stdout.split(" timeline")[0]) == (0, "intact, signed by")


def test_the_check_alone_is_a_command_of_its_own(here: Place, tmp_path: Path) -> None:
    """For a machine that has the program's files and little else; the same words and exit codes."""
    database, place = here
    file = tmp_path / "hama.zip"
    assert run(database, "audit", "bundle", "sy-hama", "-o", str(file), **place).returncode == 0

    def alone(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "services.timeline.audit.offline", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    said = alone(str(file))
    assert (said.returncode, said.stdout) == (0, run(NOWHERE, "audit", "verify", str(file)).stdout)
    (tmp_path / "no.zip").write_bytes(b"nothing")
    assert alone(str(tmp_path / "no.zip")).returncode == 1
    assert alone(str(tmp_path / "missing.zip")).returncode == 2
    assert alone(str(file), "--key", "nonsense").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bundle", "Nowhere", "-o", "x.zip"), "no location of this id, name or code"),
        (("bundle", "sy-hama", "--at", "yesterday", "-o", "x.zip"), "--at 'yesterday'"),
        (("bundle", "sy-hama", "--evidence", "/nowhere", "-o", "x.zip"), "--evidence /nowhere is no folder"),
        (("bundle", "sy-hama", "--checkpoint", "/nowhere", "-o", "x.zip"), "--checkpoint /nowhere: cannot be read"),
        (("bundle", "sy-hama", "-o", "/nowhere/x.zip"), "No such file or directory"),
        (("bundle", "sy-hama", "--view", "nothing", "-o", "x.zip"), "nothing"),
        (("verify", "/nowhere.zip"), "/nowhere.zip: No such file or directory"),
        (("verify", "--tsa-ca", "/nowhere"), "--tsa-ca goes with a bundle"),
        (("stamp",), "TIMELINE_TSA_URL names no time-stamping authority"),
    ],
)
def test_bad_input_is_one_line(here: Place, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    """And exit 2; nothing is written."""
    database, place = here
    told = [str(tmp_path / one) if one == "x.zip" else one for one in arguments]
    assert_one_line(run(database, "audit", *told, **place), 2, words)
    assert list(tmp_path.iterdir()) == []


def test_custody_lists_what_was_handed_out_and_tells_when_it_was_changed(here: Place, tmp_path: Path) -> None:
    """Bundles with their sums, exports with their positions; exit 1 where an entry is not as it was entered."""
    database, place = here
    file = tmp_path / "homs.zip"
    assert run(database, "audit", "bundle", "sy-hama", "-o", str(file), **place).returncode == 0
    sum_ = hashlib.sha256(file.read_bytes()).hexdigest()
    assert run(database, "export", "--after", "290", **place).returncode == 0
    listed = run(database, "audit", "custody", **place)
    assert (listed.returncode, listed.stderr) == (0, "")
    *_, bundle, export = listed.stdout.splitlines()
    assert bundle.endswith(f"by local, SHA-256 {sum_}")
    assert "bundle of sy-hama, positions 1 to" in bundle
    assert "export, positions 291 to" in export
    said = json.loads(run(database, "audit", "custody", "--location", "sy-hama", "--json", **place).stdout)
    assert {one["what"] for one in said["entries"]} == {"bundle"}
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("ALTER TABLE custody DISABLE TRIGGER ALL")
        connection.execute("UPDATE custody SET by = 'nobody' WHERE number = 1")
        changed = run(database, "audit", "custody", **place)
        connection.execute("UPDATE custody SET by = 'local' WHERE number = 1")
    assert changed.returncode == 1
    assert "entry 1 of the record of custody is not as it was entered" in changed.stderr


def test_a_checkpoint_is_stamped_on_demand_and_a_second_key_signs_too(here: Place, tmp_path: Path) -> None:
    """From the authority to the verdict; then a key of ML-DSA-44 beside the first."""
    database, place = here
    (tmp_path / "tsa").mkdir()
    file = tmp_path / "hama.zip"
    with authority(tmp_path / "tsa") as asked:
        stamped = run(database, "audit", "stamp", **place, TIMELINE_TSA_URL=asked.url)
        assert (stamped.returncode, asked.asked) == (0, 1), stamped.stderr
        assert stamped.stdout.startswith("the checkpoint over ")
    gone = run(database, "audit", "stamp", **place, TIMELINE_TSA_URL=asked.url)
    assert gone.returncode == 0  # it has its stamp already
    assert run(database, "audit", "bundle", "sy-hama", "-o", str(file), **place).returncode == 0
    ca = str(tmp_path / "tsa" / "ca.pem")
    trusted = run(NOWHERE, "audit", "verify", str(file), "--tsa-ca", ca)
    assert "by an authority that is trusted here" in trusted.stdout
    assert "not checked, for want of --tsa-ca" in run(NOWHERE, "audit", "verify", str(file)).stdout

    both = run(database, "audit", "key", "--add-ml-dsa", **place)
    assert (both.returncode, len(both.stdout.split())) == (0, 2), both.stderr
    assert_one_line(run(database, "audit", "key", "--add-ml-dsa", **place), 2, "there is such a key in it already")
    more = tmp_path / "more.ndjson"
    more.write_text('{"type": "ActorRegistered", "actor_id": "later-still", "name": "Later", "kind": "other"}\n')
    assert run(database, "import", str(more), **place).returncode == 0
    assert run(database, "audit", "checkpoint", **place).stdout.count("— ") == 2
    assert run(database, "audit", "verify", **place).returncode == 0
    assert run(database, "audit", "bundle", "sy-hama", "-o", str(file), **place).returncode == 0
    first, second = both.stdout.splitlines()
    assert run(NOWHERE, "audit", "verify", str(file), "--key", first).returncode == 0
    refused = run(NOWHERE, "audit", "verify", str(file), "--key", second)
    assert (refused.returncode, "signed by no key that is known here" in refused.stdout) == (1, True)


def test_the_file_is_not_there_until_it_is_whole(here: Place, tmp_path: Path) -> None:
    """An old bundle of the same name stays where a new one cannot be made."""
    database, place = here
    file = tmp_path / "hama.zip"
    file.write_bytes(b"old")
    command = [COMMAND, "audit", "bundle", "sy-hama", "-o", str(file), "--known-position", "0"]
    ran = subprocess.run(
        command, capture_output=True, text=True, env=environment(database, place), check=False, timeout=60
    )
    assert ran.returncode == 2
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]

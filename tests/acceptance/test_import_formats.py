"""Foreign files through the command: what is appended, what is told, and what happens the second time."""

import json
import os
import pty
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.timeline.composition import opened
from services.timeline.settings import Settings
from tests.acceptance.test_cli import COMMAND, assert_one_line, environment, run
from tests.commands import Ran
from tests.conftest import fresh_database
from tests.foreign import TABLE_TOML, ged, listing

FIRST, SECOND, THIRD = "1 March 2022 12h00 UTC", "1 June 2022 12h00 UTC", "1 September 2022 12h00 UTC"


@pytest.fixture
def told_elsewhere(postgres_18: str) -> Iterator[str]:
    """A second database."""
    with fresh_database(postgres_18) as conninfo:
        yield conninfo


def write(folder: Path, name: str, content: str) -> str:
    path = folder / name
    path.write_text(content, "utf-8", newline="")
    return str(path)


def events(database: str) -> list[dict[str, Any]]:
    """The log as it is exported."""
    return [json.loads(line) for line in run(database, "export").stdout.splitlines()]


def types(database: str) -> Counter[str]:
    return Counter(one["type"] for one in events(database))


def import_ged(database: str, path: str, *more: str) -> Ran:
    return run(database, "import", "--format", "ucdp-ged", path, *more)


def import_table(database: str, mapping: str, *paths: str) -> Ran:
    told = ("--reliability", "C", "--credibility", "2")
    return run(database, "import", "--format", "control-table", "--mapping", mapping, *told, *paths)


def test_importing_again_appends_nothing(database: str, tmp_path: Path) -> None:
    """Every id follows from the row; the importer and its version stand beside the principal."""
    path = write(
        tmp_path, "ged.csv", ged({}, {"source_office": "Paper;Radio One", "source_date": "2016-05-05;2016-05-04"})
    )
    first, again = import_ged(database, path, "--reliability", "B"), import_ged(database, path)
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert types(database) == {
        "SourceRegistered": 3, "ActorRegistered": 2, "LocationRegistered": 4, "DevelopmentReported": 2,
        "DevelopmentCorroborated": 1,
    }  # fmt: skip
    assert "2 rows; 12 events appended" in first.stdout
    assert "2 rows; 0 events appended, 3 already there" in again.stdout
    with opened(Settings(database_url=database)) as timeline:
        assert {one.recorded_by for one in timeline.log.read(limit=100)} == {"local via ucdp-ged/1"}


def test_a_corrected_edition_is_amended_and_an_old_one_changes_nothing_back(database: str, tmp_path: Path) -> None:
    """The row is flagged; what it said before stays in the log."""
    old, new = (
        write(tmp_path, "19.csv", ged({}, {})),
        write(tmp_path, "20.csv", ged({}, {"best": "9.0", "high": "9.0"})),
    )
    import_ged(database, old)
    told = import_ged(database, new, "--published", "2020-06-01T00:00:00Z").stdout
    [amended] = [one for one in events(database) if one["type"] == "DevelopmentAmended"]
    assert amended["changes"]["figures"][0]["best"] == 9
    assert amended["amended_at"] == "2020-06-01T00:00:00Z"
    assert " amended " in told
    newest = write(tmp_path, "21.csv", ged({}, {"best": "8.0", "high": "9.0"}))
    import_ged(database, newest)
    held = events(database)
    assert len([one for one in held if one["type"] == "DevelopmentAmended"]) == 2
    assert "2 already there" in import_ged(database, old).stdout
    assert " earlier-edition " in import_ged(database, new).stdout
    import_ged(database, newest)
    assert events(database) == held


def test_a_wrong_file_among_right_ones_is_refused_before_anything_is_appended(database: str, tmp_path: Path) -> None:
    """One line, exit code 2, an empty log."""
    right, wrong = write(tmp_path, "right.csv", ged({})), write(tmp_path, "wrong.csv", "a,b\n1,2\n")
    ran = run(database, "import", "--format", "ucdp-ged", right, wrong)
    assert_one_line(ran, 2, "wrong.csv", "missing id", "found a, b")
    assert events(database) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "ged", "x"], ["--format 'ged'", "ucdp-ged, control-table"]),
        (["--format", "csv", "x"], ["needs a --mapping", "acled"]),
        (["--reliability", "B", "x"], ["--reliability is for foreign formats"]),
        (["--format", "ucdp-ged", "--reliability", "G", "x"], ["--reliability 'G'", "A, B, C, D, E, F"]),
        (["--format", "ucdp-ged", "--zone", "Mars", "x"], ["--zone 'Mars'"]),
        (["--format", "ucdp-ged", "--source-kind", "paper", "x"], ["--source-kind 'paper'", "news_outlet"]),
        (["--format", "ucdp-ged", "missing.csv"], ["missing.csv", "No such file"]),
        (["--format", "ucdp-ged", "--encoding", "klingon", "GED"], ["--encoding 'klingon'"]),
        (["--format", "ucdp-ged", "--aligned-with", "nobody", "GED"], ["--aligned-with nobody", "no actor"]),
        (["--format", "ucdp-ged", "--within", "nowhere", "GED"], ["--within nowhere", "no location"]),
        (["--format", "ucdp-ged", "--source", "No Id", "GED"], ["--source No Id"]),
    ],
)
def test_what_will_not_do_is_told_in_one_line(
    database: str, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    """Exit code 2, and nothing is appended."""
    path = write(tmp_path, "ged.csv", ged({}))
    ran = run(database, "import", *(path if one == "GED" else one for one in arguments))
    assert_one_line(ran, 2, *words)
    assert events(database) == []


def test_rows_that_the_log_does_not_take_are_told_by_line_and_the_good_ones_stand(
    database: str, tmp_path: Path
) -> None:
    """Exit code 2; the report as a file has them all."""
    path, report = (
        write(tmp_path, "ged.csv", ged({}, {"side_b": "North\x07ern", "side_b_new_id": "5"}, {"id": "x"}, {})),
        tmp_path / "r.json",
    )
    ran = import_ged(database, path, "--report", str(report))
    assert ran.returncode == 2
    assert "refused" in ran.stderr
    assert "ged.csv:3: not-accepted: name: holds a control character, U+0007" in ran.stderr
    assert "ged.csv:4: incomplete-row: id: 'x' is no number" in ran.stderr
    assert types(database)["DevelopmentReported"] == 2
    told = json.loads(report.read_text("utf-8"))
    assert (told["format"], told["rows"], told["reliability"]) == ("ucdp-ged/1", 4, "F")
    assert sorted(one["line"] for one in told["refused"]) == [3, 4]
    assert {one["flag"]: one["rows"] for one in told["flags"]} == {"not-accepted": 1, "incomplete-row": 1}


def test_without_a_grade_all_stays_pending_and_the_command_says_so(database: str, tmp_path: Path) -> None:
    """A later import grades the source anew; nothing is recorded twice."""
    table, mapping = write(tmp_path, "list.csv", listing(FIRST, ("A", "North"))), write(tmp_path, "m.toml", TABLE_TOML)
    ungraded = run(database, "import", "--format", "control-table", "--mapping", mapping, table)
    assert "the-list has the reliability F" in ungraded.stderr
    assert "stays pending" in ungraded.stderr
    assert "nothing that is claimed is accepted" in run(database, "status", "A").stdout
    graded = run(database, "import", "--format", "control-table", "--mapping", mapping, "--reliability", "B", table)
    assert "pending" not in graded.stderr
    assert "A is held by North (credible)" in run(database, "status", "A").stdout
    assert types(database)["SourceReliabilityAssessed"] == types(database)["DevelopmentReported"] == 1


def test_on_a_terminal_the_grade_is_asked_for(database: str, tmp_path: Path) -> None:
    """Once: a source that is registered has its grade."""
    table, mapping = write(tmp_path, "list.csv", listing(FIRST, ("A", "North"))), write(tmp_path, "m.toml", TABLE_TOML)
    master, slave = pty.openpty()
    command = [COMMAND, "import", "--format", "control-table", "--mapping", mapping, table]
    with subprocess.Popen(command, stdin=slave, stderr=slave, stdout=subprocess.PIPE, env=environment(database)) as ran:
        os.close(slave)
        os.write(master, b"Q\nb\n")
        shown = b""
        while True:
            try:
                shown += os.read(master, 4096)
            except OSError:  # the other end was closed
                break
        assert ran.wait(60) == 0
    os.close(master)
    assert "How reliable is A list?" in shown.decode()
    [source] = [one for one in events(database) if one["type"] == "SourceRegistered"]
    assert source["reliability"] == "B"


def test_snapshots_imported_one_by_one_leave_the_same_map_as_all_at_once(
    database: str, told_elsewhere: str, tmp_path: Path
) -> None:
    """Each import reads on from what the log holds of the list; all of them again appends nothing."""
    mapping = write(tmp_path, "m.toml", TABLE_TOML)
    snapshots = (
        listing(FIRST, ("A", "North"), ("B", "South"), ("C", "North")),
        listing(SECOND, ("A", "North"), ("B", "North", "1 January 2022")),
        listing(THIRD, ("A", "South", "5 August 2022"), ("C", "North")),
    )
    files = [write(tmp_path, f"{number}.csv", snapshot) for number, snapshot in enumerate(snapshots)]
    for file in files:
        assert import_table(database, mapping, file).returncode == 0
    again = import_table(database, mapping, *files)
    assert "; 0 events appended" in again.stdout, again.stdout
    assert import_table(told_elsewhere, mapping, *files).returncode == 0

    def told(where: str) -> list[Any]:
        found: list[Any] = json.loads(run(where, "map", "--json", "--at", "2022-10-01").stdout)["locations"]
        return found

    def reported(where: str) -> list[str]:
        return sorted(json.dumps(one) for one in events(where))

    assert told(database) == told(told_elsewhere)
    assert reported(database) == reported(told_elsewhere)
    assert "B is held by North" in run(database, "status", "B", "--at", "2022-10-01").stdout


def test_a_gazetteer_is_registered_below_a_place_and_revised(database: str, tmp_path: Path) -> None:
    """Through a pipe too; the second edition moves a town."""
    lines = "geonameid,name,longitude,latitude,feature_code,population\n7,Milltown,36.0,35.0,PPL,6000\n"
    piped = run(database, "import", "--format", "geonames", "-", stdin=lines)
    assert piped.returncode == 0, piped.stderr
    moved = write(tmp_path, "moved.csv", lines.replace("35.0", "35.1"))
    ran = run(database, "import", "--format", "geonames", moved, "--published", "2024-01-01T00:00:00Z")
    assert "moved-coordinates" in ran.stdout
    assert types(database) == {"LocationRegistered": 1, "LocationRevised": 1}
    assert "1 rows with nothing new" in run(database, "import", "--format", "geonames", moved).stdout

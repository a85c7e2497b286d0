"""Packed files that unpack to far more than they have are read no further; honest ones are read whole."""

import gzip
import json
from pathlib import Path

import pytest

from services.timeline import files, unpacking
from services.timeline.importers.made import WrongFormat
from services.timeline.importers.tables import File


def bomb(path: Path, size: int) -> Path:
    """Blanks without end, as far as a short file can tell."""
    with gzip.open(path, "wb") as stream:
        stream.write(b"{}\n")
        for _ in range(size >> 20):
            stream.write(b" " * (1 << 20))
    return path


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a bomb of this test is a small one."""
    monkeypatch.setattr(unpacking, "FREE", 1 << 20)


def test_a_bomb_of_ndjson_is_refused_after_what_stood_before(tmp_path: Path) -> None:
    """The lines before it stand; the error says where it broke."""
    read = files.lines(str(bomb(tmp_path / "bomb.ndjson.gz", 16 << 20)))
    assert next(read).raw == b"{}"
    with pytest.raises(files.Unreadable, match="unpacked to more than"):
        list(read)


def test_a_bomb_of_a_table_is_refused(tmp_path: Path) -> None:
    """Before anything is imported."""
    with pytest.raises(WrongFormat, match="unpacked to more than"):
        File(str(bomb(tmp_path / "bomb.csv.gz", 16 << 20)))


def test_an_honest_file_is_read_whole(tmp_path: Path) -> None:
    """Events of one shape pack well, but not so well."""
    path = tmp_path / "honest.ndjson.gz"
    with gzip.open(path, "wt") as stream:
        for number in range(30_000):
            stream.write(json.dumps({"type": "SourceRegistered", "source_id": f"s-{number}", "name": "x"}) + "\n")
    assert sum(1 for _ in files.lines(str(path))) == 30_000
    with File(str(path)).text() as text:
        assert sum(1 for _ in text) == 30_000

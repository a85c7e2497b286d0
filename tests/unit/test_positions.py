"""The signed list of positions: one way to write it, there and back, and never a checkpoint."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.timeline.audit.checkpoints import Checkpoint
from services.timeline.audit.notes import UnusableNote
from services.timeline.audit.positions import CONTEXT, Considered

LIST = Considered(
    Checkpoint("example.org/log", 300, bytes(32)), "sy-hama", "2024-12-02T12:00:00Z", "2024-12-02T18:00:00Z", 297,
    "7", "assessed/1 recorded", "2026-11-25T00:00:00Z", "0" * 64, (1, 3, 4, 5, 9),
)  # fmt: skip


@given(st.sets(st.integers(1, 10**12), max_size=200) | st.sets(st.integers(1, 60), max_size=60))
def test_any_positions_are_read_as_they_were_written(positions: set[int]) -> None:
    """Runs as first and last, single ones alone."""
    written = dataclasses.replace(LIST, positions=tuple(sorted(positions)))
    assert Considered.read(written.text()) == written


def test_runs_are_written_short() -> None:
    """The list ends with its positions, neighbours as a run."""
    assert LIST.text().endswith("positions 5\n1\n3-5\n9\n")
    assert LIST.text().startswith(f"{CONTEXT}\nlog example.org/log\n")


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("3-5", "3\n4\n5"),
        ("3-5", "3-4\n5"),
        ("positions 5", "positions 6"),
        ("1\n3-5\n9", "1\n9\n3-5"),
        ("1\n3-5\n9", "1\n3-5\n5\n9"),
        ("9\n", "9"),
        ("\n9\n", "\n09\n"),
        ("\n9\n", "\n9-8\n"),
        ("\n9\n", "\n9-99999999\n"),
        ("at 2024", "at  2024"),
        ("location sy-hama\n", ""),
        ("location sy-hama\n", "location sy-hama\nlocation sy-homs\n"),
        ("manifest ", "Manifest "),
        ("checkpoint 300", "checkpoint 0300"),
        (CONTEXT, "Timeline evidence bundle, version 2: every position that was considered"),
    ],
)
def test_every_other_way_to_write_it_is_refused(said: str, instead: str) -> None:
    """What is signed must not be read in two ways."""
    text = LIST.text()
    assert said in text
    with pytest.raises(UnusableNote):
        Considered.read(text.replace(said, instead, 1))


def test_it_is_no_checkpoint_and_a_checkpoint_is_none() -> None:
    """Though the same key signs both."""
    with pytest.raises(UnusableNote, match="no checkpoint"):
        Checkpoint.read(LIST.text())
    with pytest.raises(UnusableNote, match="does not begin with"):
        Considered.read(LIST.checkpoint.text())

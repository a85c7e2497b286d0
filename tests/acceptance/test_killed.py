"""Killed with -9 while clients append: what was acknowledged is there, once. `python -m bench killing` does it at length."""

import pytest

from bench.killing import killed


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # a client of a killed server may leave a socket
def test_what_was_acknowledged_outlives_the_service_and_postgresql() -> None:
    """Each killed once, in the midst of appends; whatever was not acknowledged is posted again under the same ids."""
    counts = killed(2)

    assert counts.rounds_in_flight == 2
    assert counts.unacknowledged > 0
    assert counts.acknowledged > 100
    assert (counts.lost, counts.moved, counts.duplicated, counts.gaps, counts.differing) == (0, 0, 0, 0, 0)
    assert all(followed == rebuilt for followed, rebuilt in counts.digests.values())

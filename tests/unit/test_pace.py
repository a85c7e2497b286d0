"""How far a standby is behind: told by when the primary had written what the standby lacks."""

from services.timeline.replicas.pace import Pace


def test_who_has_replayed_everything_is_not_behind() -> None:
    """However long ago that was written."""
    pace = Pace(remembered=60)
    pace.saw(10.0, 1000)
    assert pace.behind(500.0, 1000) == 0.0


def test_who_lacks_something_is_behind_since_it_was_first_seen() -> None:
    """A later look at the same position does not make it younger."""
    pace = Pace(remembered=60)
    pace.saw(10.0, 1000)
    pace.saw(12.0, 1200)
    pace.saw(15.0, 1200)
    assert pace.behind(20.0, 1000) == 8.0
    assert pace.behind(20.0, 900) == 10.0


def test_what_is_forgotten_still_counts_for_as_long_as_is_remembered() -> None:
    """Who stopped an hour ago is behind by at least the memory, whatever came since."""
    pace = Pace(remembered=60)
    for second in range(3600):
        pace.saw(float(second), 1000 + second)
    assert pace.behind(3600.0, 1000) >= 60.0


def test_who_replayed_what_was_never_written_has_another_history() -> None:
    """But for what was written since the primary was looked at."""
    pace = Pace(remembered=60)
    assert not pace.ahead(10**15, slack=100)
    pace.saw(1.0, 1000)
    assert not pace.ahead(1100, slack=100)
    assert pace.ahead(1101, slack=100)

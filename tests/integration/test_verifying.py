"""Verification names what was altered, changes nothing, and leaves nothing behind, whatever becomes of it."""

import random

import pytest

from projections import regrading, verifying, views
from projections.verifying import CannotVerify
from projections.views import Database
from services.timeline import verifications
from services.timeline.building import Builder
from services.timeline.composition import Timeline
from tests.integration.test_follower import held
from tests.integration.test_rebuilding import own
from tests.told_histories import as_posted, told

__all__ = ("own",)


@pytest.fixture
def followed(timeline: Timeline) -> Timeline:
    """A history of every rule, folded into both views."""
    timeline.writer.append(as_posted(told(random.Random("verify"), "shuffled", developments=60)), "test")
    timeline.follower.follow()
    return timeline


def verified(timeline: Timeline, own: Database, name: str) -> list[str]:
    """What differs."""
    verifications.ask(own, views.find(own, name))
    Builder(timeline.log.pool, workers=0, part=20).do_what_waits(own)
    last = verifications.last(own, views.find(own, name))
    assert last is not None
    assert (last.error, last.position) == (None, views.find(own, name).position)
    assert last.differing is not None
    return last.differing


def tables(own: Database) -> set[str]:
    """Every table that there is."""
    return {row[0] for row in own.execute("SELECT relname FROM pg_class WHERE relkind = 'r'")}


@pytest.mark.parametrize("name", views.ALWAYS)
def test_a_view_that_nobody_touched_is_what_the_log_says(followed: Timeline, own: Database, name: str) -> None:
    """On both clocks, also where more was recorded than is folded; no table is left behind."""
    before = tables(own)
    assert verified(followed, own, name) == []
    followed.writer.append(as_posted(told(random.Random("more"), "shuffled", developments=60))[:3], "test")
    assert verified(followed, own, name) == []
    assert tables(own) == before


CLAIM = "{claim_version}"


@pytest.mark.parametrize(
    ("table", "change", "where", "named"),
    [
        (CLAIM, "SET standing = 'confirmed'", "location_id = 'homs' AND standing <> 'confirmed'", ["claims homs"]),
        (
            CLAIM,
            "SET known_until = known_until - 1",
            "location_id = 'hama' AND known_until < 9000 AND known_until > known_from + 1",
            ["claims hama"],
        ),
        (CLAIM, "SET location_id = 'atlantis'", "location_id = 'homs'", ["claims atlantis", "claims homs"]),
        (CLAIM, "", "location_id = 'crossing'", ["claims crossing"]),
        ("{development}", "SET reports = reports + 1", "location_id = 'homs'", ["developments homs"]),
        ("{mention}", "", "source_id = 'paper'", ["mentions paper"]),
        ("{merger}", "", "TRUE", ["mergers"]),
    ],
)
def test_one_row_altered_by_hand_is_named(
    followed: Timeline, own: Database, table: str, change: str, where: str, named: list[str]
) -> None:
    """Changed or taken away; and the view is left as it was found."""
    view = views.find(own, "current")
    what = f"UPDATE {table} {change}" if change else f"DELETE FROM {table}"
    changing = f"{what} WHERE ctid = (SELECT min(ctid) FROM {table} WHERE {where})"
    assert own.execute(view.sql(changing)).rowcount == 1
    before = held(followed, "current")

    assert verified(followed, own, "current") == named
    assert held(followed, "current") == before


def test_what_an_interrupted_verification_leaves_is_dropped_by_the_next(
    followed: Timeline, own: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed after it has folded all, before it compares."""
    before = tables(own)
    builder = Builder(followed.log.pool, workers=0)
    verifying.begin(own, views.find(own, "current"))
    verifications.ask(own, views.find(own, "current"))
    with monkeypatch.context() as patched:
        patched.setattr(verifying, "finish", killed)
        patched.setattr(verifying, "drop", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            builder.do_what_waits(own)
    builder.do_what_waits(own)

    assert tables(own) == before
    assert own.execute("SELECT count(*) FROM build").fetchone() == (0,)
    last = verifications.last(own, views.find(own, "current"))
    assert last is not None
    assert last.differing == []


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_view_dropped_while_it_is_verified_is_verified_no_more(followed: Timeline, own: Database) -> None:
    """Its verification goes with it."""
    with own.transaction():
        view = views.define(own, "other", views.ALWAYS["current"])
    verifying.begin(own, view)
    own.execute("DELETE FROM view WHERE view_id = %s::int", [view.view_id])

    assert own.execute("SELECT count(*) FROM build").fetchone() == (0,)
    Builder(followed.log.pool, workers=0).do_what_waits(own)


def test_while_a_source_graded_anew_is_folded_in_parts_it_says_so(followed: Timeline, own: Database) -> None:
    """The view then rests on two positions, and would differ from both."""
    view = views.find(own, "current")
    regrading.pause(own, view, view.position, next(iter(held(followed, "current"))).development_id)
    with pytest.raises(CannotVerify, match="folding again"):
        verifying.begin(own, view)

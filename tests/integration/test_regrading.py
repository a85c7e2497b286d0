"""A source graded anew of whom many developments speak: folded in parts of any size, interrupted anywhere, it comes out as one fold."""

import random
from typing import Any
from uuid import UUID

import pytest

from projections import regrading, setting_aside, views
from projections.follower import Follower
from projections.retrying import retry
from services.timeline.composition import Timeline
from tests.acceptance.test_rest import served
from tests.integration.test_follower import as_folded, held
from tests.integration.test_setting_aside import aside, post, raising_for, reported
from tests.told_histories import ARRIVALS, Teller, as_posted, registrations, told

MANY = 60


class Killed(RuntimeError):
    """Somebody ended the process."""


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize(("batch", "part"), [(1, 1), (7, 3), (1000, 1), (1000, 10), (1000, 10_000)])
def test_any_size_of_parts_gives_the_same_views(timeline: Timeline, arrival: str, batch: int, part: int) -> None:
    """Random histories, in which sources are graded anew again and again."""
    dice = random.Random(f"{arrival} {batch} {part}")
    timeline.writer.append(as_posted(often_graded(dice, arrival)), "test")
    Follower(timeline.log, batch=batch, part=part).follow()

    assert as_folded(timeline)
    assert regradings(timeline) == []


def often_graded(dice: random.Random, arrival: str) -> list[dict[str, Any]]:
    """A history with a dozen more gradings strewn in."""
    history = told(dice, arrival, developments=25)
    teller = Teller(dice, developments=0)
    for _ in range(12):
        teller.graded_anew()
    for grading in teller.events:
        history.insert(dice.randint(len(registrations()), len(history)), grading)
    return history


@pytest.mark.parametrize("seed", range(4))
def test_interrupted_anywhere_it_gives_the_same_views(
    timeline: Timeline, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Each part is a transaction of its own with its progress; followers are replaced as if they had been killed."""
    dice = random.Random(seed)
    timeline.writer.append(as_posted(often_graded(dice, "shuffled")), "test")
    for name in ("pause", "finish"):
        monkeypatch.setattr(regrading, name, dying(getattr(regrading, name), dice))
    kills = 0
    for _ in range(500):
        try:
            Follower(timeline.log, batch=dice.choice([3, 100]), part=dice.choice([1, 2, 5])).follow()
            break
        except Killed:
            kills += 1

    assert kills > 2
    assert as_folded(timeline)
    assert regradings(timeline) == []


def dying(work: Any, dice: random.Random) -> Any:
    def work_or_die(*arguments: Any) -> None:
        if dice.randrange(3) == 0:
            raise Killed
        work(*arguments)

    return work_or_die


def regradings(timeline: Timeline) -> list[Any]:
    with timeline.log.pool.connection() as connection:
        return connection.execute("SELECT * FROM regrading").fetchall()


@pytest.fixture
def graded(timeline: Timeline) -> Timeline:
    """Sixty reports of one source, all folded, and the source graded anew, which is not."""
    post(timeline, *registrations(), *(reported(UUID(int=number)) for number in range(1, MANY + 1)))
    timeline.follower.follow()
    anew = {"type": "SourceReliabilityAssessed", "source_id": "agency", "reliability": "E", "reason": "Caught."}
    post(timeline, anew, reported(UUID(int=MANY + 1), source="monitor"))
    return timeline


def stop_after(follower: Follower, parts: int) -> None:
    """Follow for so many rounds over the views."""
    rounds = iter(range(parts))

    def stop(_: int) -> None:
        if next(rounds, None) is None:
            raise Killed

    with pytest.raises(Killed):
        follower.follow(stop)


def test_no_answer_changes_while_the_parts_are_folded(graded: Timeline) -> None:
    """The position stays before the event until the last part is done; what is pinned answers the same all along."""
    before = graded.reader.views()[0].position
    asked = f"/v1/locations/hama/{{}}?view=1&at=2024-12-04T00:00:00Z&known_position={before}"
    reported_clock = f"/v1/status?view=2&at=2024-12-04T00:00:00Z&known_at=2024-12-09T00:00:00Z&known_position={before}"
    with served(graded) as client:
        paths = [asked.format(what) for what in ("status", "history", "beliefs", "explain")] + [reported_clock]
        first = {path: client.get(path) for path in paths}
        seen = []
        for _ in range(2):
            stop_after(Follower(graded.log, part=7), 2)
            views_now = client.get("/v1/views").json()["views"]
            seen.append([(one["position"], one["regrading"]) for one in views_now])
            for path, answer in first.items():
                now = client.get(path)
                assert (now.content, now.headers["Cache-Control"]) == (answer.content, answer.headers["Cache-Control"])
        assert seen == [[(before, before + 1)] * 2] * 2
        assert "immutable" in first[reported_clock].headers["Cache-Control"]
        Follower(graded.log, part=7).follow()
        assert all(client.get(path).content == answer.content for path, answer in first.items())

    assert as_folded(graded)
    assert sum(one.standing == "unconfirmed" for one in held(graded, "current")) == MANY


def test_the_views_take_turns_and_each_goes_on_where_it_was(graded: Timeline) -> None:
    """After three rounds of seven, twenty-one developments of each view have been folded again."""
    stop_after(Follower(graded.log, part=7), 2)
    for view in views.ALWAYS:
        assert sum(one.standing == "unconfirmed" for one in held(graded, view)) == 21

    Follower(graded.log, part=1000).follow()
    assert as_folded(graded)


def test_two_followers_share_the_parts_without_writing_twice(graded: Timeline) -> None:
    """Each part begins where the last one ended, whoever folded it."""
    one, other = Follower(graded.log, part=5), Follower(graded.log, part=8)
    for _ in range(2):
        stop_after(one, 1)
        stop_after(other, 1)
    one.follow()
    other.follow()

    assert as_folded(graded)


def test_what_is_set_aside_while_the_parts_are_folded_is_folded_by_a_retry(
    graded: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that an earlier part has passed by."""
    with monkeypatch.context() as patched:
        patched.setattr(setting_aside, "fold_development", raising_for(UUID(int=3)))
        stop_after(Follower(graded.log, part=7), 2)
        assert {one.stream_id for one in aside(graded)} == {UUID(int=3)}
    for view in views.ALWAYS:
        assert retry(graded.log, view).still == []
    Follower(graded.log, part=7).follow()

    assert as_folded(graded)

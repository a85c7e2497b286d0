"""What looks like a development just recorded: found at any place at the same cost, told with what an analyst needs."""

import json
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from bench import histories
from events.developments import DevelopmentReported
from events.times import overlap, rfc3339
from events.warnings import Warned
from projections import views
from projections.look_alikes import MOST, NEAR, look_alikes
from services.timeline.composition import Timeline
from tests.stories import when

Tree = dict[str, Any]

WORLD: Sequence[Tree] = (
    {"type": "ActorRegistered", "actor_id": "hts", "name": "HTS", "kind": "non_state_armed_group"},
    {"type": "SourceRegistered", "source_id": "monitor", "name": "M", "kind": "ngo", "reliability": "B"},
    {"type": "LocationRegistered", "location_id": "hama", "name": "Hama", "kind": "city"},
    {"type": "LocationRegistered", "location_id": "homs", "name": "Homs", "kind": "city"},
)


def reported(start: str = "12-02", end: str = "12-03", **said: Any) -> Tree:
    """A development of Hama."""
    occurred = {"start": rfc3339(when(start)), "end": rfc3339(when(end))}
    report = {"chain": ["monitor"], "published_at": rfc3339(when(end))}
    return {
        "type": "DevelopmentReported", "development_id": str(uuid4()), "kind": "held", "location_id": "hama",
        "occurred": occurred, "participants": [{"actor_id": "hts", "role": "holder"}], "summary": "It held.",
        "report": report,
    } | said  # fmt: skip


def post(timeline: Timeline, *said: Tree) -> list[list[Warned]]:
    """Record events, and say of each what it looks like."""
    raws = [json.dumps(one).encode() for one in said]
    results = timeline.writer.append(raws, "test", compare=timeline.writer.look_alikes())
    assert all(one.appended for one in results), results
    return [[warned for warned in one.warnings if warned.code == "looks_alike"] for one in results]


def test_another_report_of_the_same_place_kind_and_time_is_told_with_what_is_held(timeline: Timeline) -> None:
    """Its standing and its sources; another place, kind or time is none."""
    first = reported()
    post(timeline, *WORLD, first)
    timeline.follower.follow()
    clash: Tree = {"kind": "clash", "participants": [{"actor_id": "hts", "role": "party"}]}
    found = post(
        timeline, reported("12-02T12:00", "12-04"), reported("12-03", "12-04"), reported(location_id="homs"), reported(**clash)
    )  # fmt: skip

    [[alike], *others] = found
    [candidate] = alike.candidates
    assert (alike.field, candidate.development_id) == ("development_id", UUID(first["development_id"]))
    assert (candidate.standing, candidate.sources) == ("credible", ("monitor",))
    assert (candidate.occurred_start, candidate.occurred_end) == (when("12-02"), when("12-03"))
    assert [[one.candidates[0].standing for one in each] for each in others] == [
        [None],
        [],
        [],
    ]  # the first of the batch


def test_events_of_one_batch_are_compared_with_each_other(timeline: Timeline) -> None:
    """The later one is told of the earlier, which is not folded yet; one that is void by then is none."""
    first, second, third = reported(), reported(), reported()
    void = {"type": "DevelopmentVoided", "development_id": first["development_id"], "voided_at": "2024-12-05T00:00:00Z"}
    *_, one, two = post(timeline, *WORLD, first, second)
    assert one == []
    assert [(each.development_id, each.standing) for each in two[0].candidates] == [
        (UUID(first["development_id"]), None)
    ]

    assert post(timeline, void | {"reason": "Twice."}, third) == [[], []]  # nothing was folded meanwhile


def test_what_is_void_or_merged_is_no_look_alike_and_five_are_enough(timeline: Timeline) -> None:
    """Nor is a development its own."""
    many = [reported() for _ in range(MOST + 4)]
    ids = [one["development_id"] for one in many]
    post(timeline, *WORLD, *many)
    timeline.follower.follow()
    [[told]] = post(timeline, reported())
    assert len(told.candidates) == MOST

    void = {"type": "DevelopmentVoided", "voided_at": "2024-12-05T00:00:00Z", "reason": "Twice."}
    merged = {
        "type": "DevelopmentMerged",
        "merged_at": "2024-12-05T00:00:00Z",
        "reason": "The same.",
        "into_id": ids[0],
    }
    gone = [void | {"development_id": one} for one in ids[1:4]] + [merged | {"development_id": one} for one in ids[4:]]
    post(timeline, *gone)
    timeline.follower.follow()
    [[told_then]] = post(timeline, reported())
    [still] = [one for one in ids if UUID(one) in {each.development_id for each in told_then.candidates}]
    assert still == ids[0]
    assert len(told_then.candidates) == 2  # and the one that was posted before the others went


def test_periods_overlap_in_the_database_as_they_do_here(timeline: Timeline) -> None:
    """Instants too: each of many periods against each, by both."""
    rng = random.Random("overlaps")
    periods = [(start, start + rng.choice((0, 0, 1, 2, 5))) for start in (rng.randrange(8) for _ in range(40))]
    moments = [(when("12-02") + timedelta(hours=a), when("12-02") + timedelta(hours=b)) for a, b in periods]
    said = [reported(occurred={"start": rfc3339(a), "end": rfc3339(b)}) for a, b in moments]
    post(timeline, *WORLD, *said)
    timeline.follower.follow()
    told = [one.event for one in timeline.log.structures(len(WORLD), limit=100)]
    reports = [one for one in told if isinstance(one, DevelopmentReported)]
    with timeline.log.pool.connection() as connection:
        found = look_alikes(connection, views.find(connection, "current"), reports)

    for report in reports:
        here = {
            one.development_id for one in reports if one is not report
            and overlap(one.occurred.start, one.occurred.end, report.occurred.start, report.occurred.end)
        }  # fmt: skip
        there = {one.development_id for one in found.get(report.development_id, ())}
        assert there <= here
        assert len(there) == min(MOST, len(here))


def test_a_crowded_place_is_looked_at_no_further_than_another(timeline: Timeline) -> None:
    """As PostgreSQL counts the rows that it fetched."""
    told = [events[0] for events in histories.developments(4_000, 50, 3_000)]
    list(histories.append(timeline.log, [*histories.reference(50), *told]))
    timeline.follower.follow()
    crowded = next(one for one in told if isinstance(one, DevelopmentReported))
    with timeline.log.pool.connection() as connection:
        connection.execute("VACUUM ANALYZE")
        view = views.find(connection, "current")
        before = fetched(timeline)
        assert look_alikes(connection, view, [crowded])
        connection.execute("SELECT pg_stat_force_next_flush()")
        assert 0 < fetched(timeline) - before <= NEAR + 1


def fetched(timeline: Timeline) -> int:
    """Rows of developments that were read so far, through an index or not."""
    with timeline.log.pool.connection() as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        row = connection.execute(
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables WHERE relname ~ '^development_'"
        ).fetchone()
    assert row is not None
    found: int = row[0]
    return found


def test_where_nobody_can_look_the_events_stand_all_the_same(timeline: Timeline) -> None:
    """They are recorded already; only the hint is missing."""
    with timeline.log.pool.connection() as connection:
        view = views.find(connection, "current")
        connection.execute(f"ALTER TABLE development_{view.view_id} RENAME TO elsewhere")

    assert post(timeline, *WORLD, reported()) == [[]] * (len(WORLD) + 1)
    assert timeline.log.head().position == len(WORLD) + 1

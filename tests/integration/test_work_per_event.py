"""The work of folding an event does not grow with the size of its place."""

from bench import histories
from bench.following import touched
from services.timeline.composition import Timeline

SOME = 40


def test_the_rows_touched_for_an_event_are_the_same_at_a_crowded_place_and_elsewhere(timeline: Timeline) -> None:
    """As PostgreSQL counts them: forty reports at a place of 3,000 claims, forty at places with next to none."""
    told = histories.developments(5_000, 500, 3_000 + SOME)
    crowded = [events[0] for events in told[: 3_000 + SOME]]
    spread = [events[0] for events in told[3_000 + SOME :] if events[0].kind != "clash"]  # type: ignore[attr-defined]
    list(histories.append(timeline.log, histories.reference(500) + crowded[SOME:]))
    timeline.follower.follow()
    with timeline.log.pool.connection() as connection:
        connection.execute("VACUUM ANALYZE")

    rows = []
    for seed, events in enumerate((crowded[:SOME], spread[:SOME]), start=1):
        before = touched(timeline)
        for upto, event in enumerate(events):
            list(histories.append(timeline.log, [event], seed=1000 * seed + upto))
            timeline.follower.follow()
        rows.append((touched(timeline) - before) / SOME)

    assert abs(rows[0] - rows[1]) < 0.15 * rows[1], rows
    assert rows[0] < 40

"""What reviews ask of PostgreSQL, on each server that is promised: overturned claims, track records, leaves, bearing."""

from datetime import datetime
from random import Random

from projections.bearing import bearing, folded_again
from projections.claims import FOREVER
from projections.overturned import Wanted, ended, overturned, told
from projections.stored_bearing import stored_bearing
from services.timeline.access import LOCAL
from services.timeline.audit import reading, source_review
from services.timeline.audit.compared import Today, compared, later
from services.timeline.audit.ledger import leaf_hashes
from services.timeline.audit.reviewing import Reviewer, review
from services.timeline.composition import opened
from services.timeline.settings import Settings
from tests.told_histories import SOURCES, as_posted
from tests.told_histories import told as told_history


def test_what_reviews_ask_is_answered_alike_on_each_server(each_database: str) -> None:
    """Against folds of the whole log in memory, on both clocks; and page by page as in one."""
    with opened(Settings(database_url=each_database)) as timeline:
        timeline.writer.append(as_posted(told_history(Random(6), "shuffled", developments=60)), "test")
        timeline.follower.follow()
        whole = timeline.log.read(0, limit=10_000)
        for name in ("current", "published"):
            with timeline.reader.asking(name, at=datetime.fromisoformat("2024-12-03T00:00:00Z")) as asked:
                own: dict[object, list[object]] = {}
                for one in folded_again(whole, asked.view.reading):
                    own.setdefault(one.development_id, []).append(one)
                expected = sorted(
                    ((one.by.known_from, one.accepted.development_id, one.since)
                     for versions in own.values() for one in overturned(versions, FOREVER - 1)),  # type: ignore[arg-type]
                    reverse=True,
                )  # fmt: skip
                wanted = Wanted(None, None, -FOREVER, FOREVER - 1)
                keys = ended(asked.connection, asked.view, wanted, None, 1000)
                found = told(asked.connection, asked.view, keys, FOREVER - 1)
                assert [(*key, one.since) for key, one in zip(keys, found, strict=True)] == expected
                assert len(expected) > 2
                assert ended(asked.connection, asked.view, wanted, keys[1], 1000) == keys[2:]

                reviewer = Reviewer(timeline, asked, LOCAL)
                for source_id in SOURCES:
                    record = source_review.review(reviewer, source_id, place=None)
                    listed = source_review.listed(
                        reviewer, source_id, number="affirmed", month=None, place=None, limit=500
                    )
                    assert record.total.get("affirmed", 0) == len(listed.developments)
                beside = compared(reviewer, later(asked, Today()), "hama")
                page = review(reviewer, "hama", place=None, limit=500, compared=beside)
                assert sum(page.considered.values()) == len(page.claims) > 20
                position = asked.known_position
                bears = stored_bearing(asked.connection, asked.view, "hama", position)
                assert bears == bearing("hama", whole, asked.view.reading, position)
                hashes = leaf_hashes(asked.connection, bears.positions)
            with timeline.log.pool.connection() as connection:
                leaves = dict(reading.leaves(connection, 0, position))
            assert set(hashes) == set(bears.positions) <= set(leaves)

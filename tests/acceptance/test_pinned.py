"""A pinned answer is the same bytes for ever, whatever arrives afterwards: on both clocks, for one place and for all."""

from random import Random
from urllib.parse import urlencode

import pytest

from projections import views
from services.timeline.composition import Timeline
from tests.acceptance.test_rest import served
from tests.told_histories import as_posted, told

PARENT = b'{"type": "LocationRegistered", "location_id": "land", "name": "Land", "kind": "country"}'
PATHS = ("locations/land/status", "locations/hama/status", "locations/hama/history", "locations/hama/explain", "status")


@pytest.mark.parametrize("arrival", ["as it happened", "newest first"])
def test_a_pinned_answer_stays_the_same_bytes_while_an_archive_arrives(timeline: Timeline, arrival: str) -> None:
    """On the reported clock too, where what arrives late rewrites what was known: there the log position pins it."""
    posted = [PARENT, *as_posted(told(Random(9), arrival, developments=80))]
    posted = [line.replace(b'"kind": "town"', b'"kind": "town", "parent_id": "land"') for line in posted]
    half = len(posted) // 2
    timeline.writer.append(posted[:half], "test")
    timeline.follower.follow()
    ids = {view.name: view.view_id for view in timeline.reader.views()}
    asked = {
        "current": {"view": ids["current"], "at": "2024-12-03T00:00:00Z", "known_position": half - 5},
        "published": {
            "view": ids["published"],
            "at": "2024-12-03T00:00:00Z",
            "known_at": "2024-12-03T06:00:00Z",
            "known_position": half,
        },
    }
    with served(timeline) as client:
        paths = [f"/v1/{path}?{urlencode(asked[name])}" for name in views.ALWAYS for path in PATHS]
        before = [client.get(path) for path in paths]
        assert [answer.status_code for answer in before] == [200] * len(paths)
        # What tells texts, which may be redacted, is asked for again each time.
        kept = [
            path for path, answer in zip(paths, before, strict=True) if "immutable" in answer.headers["cache-control"]
        ]
        assert kept == [path for path in paths if "/explain?" not in path]
        timeline.writer.append(posted[half:], "test")
        timeline.follower.follow()
        loose = client.get(
            f"/v1/locations/hama/status?{urlencode(asked['published'] | {'known_position': len(posted)})}"
        )
        assert loose.content != before[len(PATHS) + 1].content

        for path, first in zip(paths, before, strict=True):
            assert client.get(path).content == first.content, path

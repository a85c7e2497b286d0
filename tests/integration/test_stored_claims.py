"""A crowded place is asked in helpings, an ordinary one is read whole: both answer alike, and alike for the whole map."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from events.vocabulary import FACETS
from projections import views
from projections.claim_list import ClaimList
from projections.claims import FOREVER, ClaimVersion, known_claims
from projections.everywhere import answers
from projections.follower import Follower
from projections.status import status_at, stretches
from projections.stored_claims import StoredClaims, every_version, stored_claims_at
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings
from tests.conftest import fresh_database
from tests.told_histories import ARRIVALS, MOMENTS_VALID, as_posted, told

BEGIN = datetime(2024, 12, 1, tzinfo=UTC)
PLACES = ("aleppo", "hama", "homs", "salma")
SAYS = ("held|hts|", "held|saa|", "shared|hts;saa|", "contested|saa|hts", "withdrawn|saa|", "withdrawn|hts|")


def crowd(seed: int, size: int) -> list[ClaimVersion]:
    """Claim versions as a view could hold them: ties in time, instants, long periods, withdrawals, changes of standing."""
    pick = random.Random(seed)
    found = []
    for number in range(size):
        place, facet = pick.choice(PLACES), "control" if pick.random() < 0.9 else "access"
        effect = BEGIN + timedelta(hours=pick.randrange(60))
        length = pick.choice([0, 0, 1, 2, 24, 24, 24, 24 * 7])
        start = effect - timedelta(hours=pick.randrange(length + 1))
        end = max(effect, start + timedelta(hours=length))
        if pick.random() < 0.01:
            start, end = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
        published = BEGIN + timedelta(hours=pick.randrange(80))
        says = pick.choice(SAYS) if facet == "control" else pick.choice(["open|iraq|", "closed|iraq|"])
        known = pick.randrange(1, 200)
        for _ in range(pick.randrange(1, 4)):
            until = known + pick.randrange(1, 60) if pick.random() < 0.4 else FOREVER
            bearing = pick.choice(["accepted", "accepted", "pending", "ignored"])
            found.append(
                ClaimVersion(
                    UUID(int=number + 1),
                    place,
                    facet,
                    effect,
                    published,
                    number + 1,
                    says,
                    bearing,
                    bearing,
                    start,
                    end,
                    known,
                    until,
                )
            )
            if until == FOREVER:
                break
            known = until
    return found


@pytest.fixture(scope="module")
def crowded(postgres_18: str) -> Iterator[tuple[Timeline, list[ClaimVersion]]]:
    """A view filled with a crowd, by hand."""
    versions = crowd(11, 900)
    with fresh_database(postgres_18) as database, opened(Settings(database_url=database)) as timeline:
        with timeline.log.pool.connection() as connection, connection.transaction():
            views.replace(connection, views.find(connection, "current"), [], versions)
        yield timeline, versions


def test_helpings_from_the_table_answer_as_the_list_in_memory(crowded: tuple[Timeline, list[ClaimVersion]]) -> None:
    """Everything that a status tells, at random moments of both axes."""
    timeline, versions = crowded
    pick = random.Random(1)
    seen = {"since": 0, "pending": 0, "conflicting": 0, "withdrawal": 0}
    with timeline.log.pool.connection() as connection:
        view = views.find(connection, "current")
        for _ in range(400):
            place, facet, known = pick.choice(PLACES), pick.choice(FACETS), pick.randrange(0, 260)
            at = BEGIN + timedelta(hours=pick.randrange(-1, 62), microseconds=pick.choice([0, 0, -1, 1]))
            here = [one for one in versions if one.location_id == place]
            listed = status_at(ClaimList(known_claims(here, facet, known)), at)
            asked = status_at(StoredClaims(connection, view, place, facet, known), at)
            at_once = stored_claims_at(connection, view, place, known, at)

            assert asked == listed, (place, facet, at, known)
            assert (facet in at_once) == bool(known_claims(here, facet, known))
            assert facet not in at_once or status_at(at_once[facet], at) == listed
            seen["since"] += bool(listed.basis and listed.since != listed.basis.takes_effect)
            seen["pending"] += bool(listed.pending)
            seen["conflicting"] += bool(listed.conflicting)
            seen["withdrawal"] += bool(listed.basis and listed.basis.assertion.startswith("withdrawn"))
    assert min(seen.values()) > 20, seen


def test_the_whole_map_answers_as_each_place_does(crowded: tuple[Timeline, list[ClaimVersion]]) -> None:
    """Basis, standing and pending groups of every place, at random moments."""
    timeline, versions = crowded
    pick = random.Random(2)
    with timeline.log.pool.connection() as connection:
        view = views.find(connection, "current")
        for _ in range(100):
            known, at = pick.randrange(0, 260), BEGIN + timedelta(hours=pick.randrange(-1, 62))
            found = answers(connection, view, at, known, pick.choice([None, PLACES, PLACES[:2]]))
            for (place, facet), answer in found.items():
                here = [one for one in versions if one.location_id == place]
                alone = next(
                    one.answer
                    for one in stretches(known_claims(here, facet, known))
                    if (one.valid_from is None or one.valid_from <= at)
                    and (one.valid_until is None or at < one.valid_until)
                )
                assert answer == alone


@pytest.mark.parametrize("arrival", ARRIVALS)
def test_what_was_known_early_about_much_later_is_found_without_looking_further(
    timeline: Timeline, arrival: str
) -> None:
    """A crowded place of a followed view, at every kind of moment: the bound on how far claims reach leaves none out."""
    posted = as_posted(told(random.Random(arrival), arrival, developments=250))
    follower = Follower(timeline.log, batch=40)
    for start in range(0, len(posted), 40):
        timeline.writer.append(posted[start : start + 40], "test")
        follower.follow()
    pick = random.Random(3)
    with timeline.log.pool.connection() as connection:
        for name in views.ALWAYS:
            view = views.find(connection, name)
            versions = every_version(connection, view, ["hama"])
            assert len(versions) > 200
            moments = sorted({one.known_from for one in versions})
            for _ in range(150):
                known, at = pick.choice(moments), pick.choice(MOMENTS_VALID)
                listed = status_at(ClaimList(known_claims(versions, "control", known)), at)
                stored = stored_claims_at(connection, view, "hama", known, at).get("control", ClaimList([]))
                assert status_at(stored, at) == listed

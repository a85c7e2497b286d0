"""Names, parents and gradings at a valid time, as known at a position."""

from typing import Any

import msgspec

from events.shape import AnyEvent
from projections.catalogue import Catalogue
from tests.stories import as_recorded, when


def catalogue(*events: dict[str, Any]) -> Catalogue:
    """A catalogue of posted events, at the positions 1, 2, 3 ..."""
    found = Catalogue()
    recorded = [as_recorded(msgspec.convert(event, AnyEvent), at) for at, event in enumerate(events, start=1)]
    found.learn(recorded, len(recorded))
    return found


def place(location_id: str, parent_id: str | None = None) -> dict[str, Any]:
    said = {"type": "LocationRegistered", "location_id": location_id, "name": location_id.title(), "kind": "town"}
    return said | {"parent_id": parent_id}


def revised(location_id: str, start: str, **changes: Any) -> dict[str, Any]:
    said = {"type": "LocationRevised", "location_id": location_id, "from": when(start).isoformat(), "reason": "so"}
    return said | {"changes": changes}


def test_a_revision_holds_from_its_date_and_is_known_from_its_position() -> None:
    """Renamed as of the 8th, recorded third."""
    found = catalogue(place("syria"), place("hama", "syria"), revised("hama", "12-08", name="Hamah"))

    def name(at: str, position: int) -> str:
        location = found.location("hama", when(at), position)
        assert location is not None
        return location.name

    assert name("12-07", 3) == "Hama"
    assert name("12-08", 3) == "Hamah"
    assert name("12-08", 2) == "Hama"
    assert found.location("hama", when("12-08"), 1) is None


def test_the_latest_revision_by_its_own_date_holds_whatever_the_order_of_recording() -> None:
    """One that starts earlier but is recorded later does not undo one that starts later."""
    found = catalogue(place("hama"), revised("hama", "12-08", name="Third"), revised("hama", "12-05", name="Second"))

    names = [found.location("hama", when(at), 3).name for at in ("12-04", "12-06", "12-09")]  # type: ignore[union-attr]
    assert names == ["Hama", "Second", "Third"]


def test_descendants_follow_the_parents_of_the_moment() -> None:
    """A town that was moved to another district counts there from then on."""
    found = catalogue(
        place("syria"), place("north", "syria"), place("south", "syria"), place("town", "north"),
        revised("town", "12-05", parent_id="south"),
    )  # fmt: skip

    assert found.descendants("north", when("12-04"), 5) == ["town"]
    assert found.descendants("north", when("12-06"), 5) == []
    assert found.descendants("south", when("12-06"), 5) == ["town"]
    assert found.descendants("north", when("12-06"), 4) == ["town"]
    assert found.descendants("syria", when("12-06"), 5) == ["north", "south", "town"]
    assert found.path("town", when("12-06"), 5) == ["syria", "south"]


def test_an_actor_bears_the_name_of_the_moment() -> None:
    """Aliases of old are listed; the newest name by its date is the one shown."""
    found = catalogue(
        {"type": "ActorRegistered", "actor_id": "hts", "name": "First", "kind": "other", "aliases": []},
        {"type": "ActorRenamed", "actor_id": "hts", "name": "Third", "from": when("12-09").isoformat()},
        {"type": "ActorRenamed", "actor_id": "hts", "name": "Second", "from": when("12-05").isoformat()},
    )

    assert [found.actor_name("hts", when(at), 3) for at in ("12-01", "12-06", "12-10")] == ["First", "Second", "Third"]
    assert found.actor_name("hts", when("12-10"), 1) == "First"
    actor = found.actor("hts", 3)
    assert actor is not None
    assert actor.names == (("Second", when("12-05"), when("12-09")), ("Third", when("12-09"), None))


def test_a_source_is_graded_as_known_at_a_position() -> None:
    """Reliability and alignment by the last statement about each."""
    found = catalogue(
        {"type": "SourceRegistered", "source_id": "sana", "name": "SANA", "kind": "state_agency", "reliability": "D"},
        {"type": "SourceReliabilityAssessed", "source_id": "sana", "reliability": "C", "reason": "so"},
        {"type": "SourceAlignmentStated", "source_id": "sana", "aligned_with": ["saa"], "reason": "so"},
    )

    def graded(position: int) -> tuple[str, tuple[str, ...]]:
        source = found.source("sana", position)
        assert source is not None
        return source.reliability, source.aligned_with

    assert [graded(position) for position in (1, 2, 3)] == [("D", ()), ("C", ()), ("C", ("saa",))]
    assert found.source("sana", 0) is None

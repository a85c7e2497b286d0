"""What a verification tells of a view that differs in very much: a bounded list, and how much there is."""

from datetime import UTC, datetime

from services.timeline.verifications import Verification
from services.timeline.wire_views import MOST, verification_out


def test_of_what_differs_so_much_is_told_and_all_is_counted() -> None:
    moment = datetime(2024, 12, 2, tzinfo=UTC)
    names = [f"claims p-{number}" for number in range(MOST + 500)]
    found = Verification(1, moment, moment, 7, b"\x01" * 32, names, None)

    told = verification_out("current", found)

    assert told.same is False
    assert list(told.differing) == names[:MOST]
    assert told.differing_count == MOST + 500

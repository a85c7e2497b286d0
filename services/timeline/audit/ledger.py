"""Events as reviews name them: who recorded them and when, and the hash of the leaf that stands for each in the tree.

Recorders and hashes of single leaves are for auditors; others read null in their place, for a hash would let whoever
guesses a recorder know that the guess is right (docs/audit.md).
"""

import base64
from collections.abc import Collection, Iterable
from datetime import UTC
from typing import Any

from msgspec import UNSET
from psycopg import Connection

from events import merkle
from events.leaves import joined
from events.recorded import RecordedEvent
from events.times import rfc3339
from services.timeline.access import Principal, recorder_shown
from services.timeline.audit.reading import LEAF
from services.timeline.wire_review import EvidenceOut, ReviewedEvent

Recorded = RecordedEvent[Any]


class Ledger:
    """The recorders and leaves of some events, as far as whoever asks may know them."""

    def __init__(self, connection: Connection[Any], who: Principal, positions: Collection[int]) -> None:
        self._who = who
        self._leaves = leaf_hashes(connection, positions) if who.has("audit") else {}

    def place(self, one: Recorded) -> dict[str, Any]:
        """The fields by which every event is named."""
        return {
            "position": one.position,
            "event_id": str(one.event_id),
            "type": type(one.event).__name__,
            "recorded_at": rfc3339(one.recorded_at.astimezone(UTC)),
            "recorded_by": recorder_shown(self._who, one.recorded_by),
            "leaf_hash": self.leaf(one.position),
            "redacted": one.redacted,
        }

    def leaf(self, position: int) -> str | None:
        """The hash of a leaf in base64; None where whoever asks may not know it."""
        hash_ = self._leaves.get(position)
        return base64.b64encode(hash_).decode() if hash_ is not None else None

    def event(self, one: Recorded, words: str) -> ReviewedEvent:
        """An event with what it does, in words."""
        return ReviewedEvent(**self.told(one, words))

    def told(self, one: Recorded, words: str) -> dict[str, Any]:
        """The fields of a `ReviewedEvent`."""
        development = getattr(one.event, "development_id", None)
        return {
            **self.place(one),
            "development_id": str(development) if development is not None else None,
            "said_at": rfc3339(one.event.own_time) if hasattr(one.event, "own_time") else None,
            "words": words,
            "reason": getattr(one.event, "reasoning", "") or getattr(one.event, "reason", ""),
            "evidence": evidence_out(evidence_of(one.event)),
            "withheld": one.withheld or UNSET,
        }


def leaf_hashes(connection: Connection[Any], positions: Collection[int]) -> dict[int, bytes]:
    """The hash of the leaf of each of some events, from the events themselves."""
    rows = connection.execute(
        f"SELECT {LEAF} FROM event WHERE position = ANY(%b::bigint[])", [sorted(positions)], binary=True
    )
    found = {}
    for position, recorded_at, event_id, recorded_by, stored_type, structure in rows:
        moment = rfc3339(recorded_at.astimezone(UTC)).encode()
        leaf = joined(position, event_id.encode(), moment, recorded_by.encode(), stored_type.encode(), structure)
        found[position] = merkle.leaf_hash(leaf)
    return found


def evidence_of(event: Any) -> Iterable[Any]:
    """What an event points at: with its report, or by itself."""
    report = getattr(event, "report", None)
    return report.evidence if report is not None else getattr(event, "evidence", ())


def evidence_out(evidence: Iterable[Any]) -> tuple[EvidenceOut, ...]:
    """Evidence as it is answered."""
    return tuple(
        EvidenceOut(
            kind=one.kind,
            url=one.url,
            sha256=one.sha256,
            captured_at=rfc3339(one.captured_at) if one.captured_at is not None else None,
            verified=one.verified,
        )
        for one in evidence
    )

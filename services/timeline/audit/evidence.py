"""Which captured files events name as evidence, by SHA-256 (pure)."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from events.developments import DevelopmentAssessed, Evidence, Report
from events.recorded import RecordedEvent
from events.records import Event
from services.timeline.audit.contents import EvidenceTold


def named(event: Event) -> Iterator[Evidence]:
    """The evidence that an event points at."""
    report: Report | None = getattr(event, "report", None)
    if report is not None:
        yield from report.evidence
    if isinstance(event, DevelopmentAssessed):
        yield from event.evidence


def told(recorded: Iterable[RecordedEvent[Any]], captured: Collection[str]) -> tuple[EvidenceTold, ...]:
    """Each file that some event names by its SHA-256, and whether it is among those captured; by that hash."""
    positions: dict[str, list[int]] = {}
    kinds: dict[str, str] = {}
    for one in recorded:
        for piece in named(one.event):
            if piece.sha256 is not None:
                positions.setdefault(piece.sha256, []).append(one.position)
                kinds.setdefault(piece.sha256, piece.kind)
    return tuple(
        EvidenceTold(sha256, tuple(sorted(set(positions[sha256]))), kinds[sha256], sha256 in captured)
        for sha256 in sorted(positions)
    )

"""What became known of a development, step by step, and its standing after each step (pure).

The trail has every event of the development itself; the statements, retractions, mergers and voids of what was merged into it, from
when they count here; and on the recorded clock the gradings that weigh its sources anew, for they change its standing too.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from events.developments import ReportRetracted
from events.recorded import RecordedEvent
from events.reference import SourceAlignmentStated, SourceReliabilityAssessed
from projections.knowing import Cluster, Recorded
from projections.policies import Reading
from projections.sources import Sources
from projections.standing import Finding, finding
from projections.versions import hearings


class Entry(NamedTuple):
    """One event of a trail.

    Attributes:
        known: From which moment of the known axis it counts for this development.
        heard: False where the view leaves the statement out by its choice of sources.
        found: The standing once everything was heard that became known at that moment.
    """

    recorded: RecordedEvent[Any]
    known: int
    heard: bool
    found: Finding


def trail(
    development_id: UUID,
    recorded: Sequence[Recorded],
    gradings: Iterable[RecordedEvent[Any]],
    sources: Sources,
    reading: Reading,
    known: int,
) -> list[Entry]:
    """The trail of a development up to a moment, in the order of the clock; empty where it was not known then.

    Args:
        recorded: Its events and those of all developments merged into it, in the order of the log.
        gradings: The events that grade or align sources; those of nobody who speaks here are left out.
    """
    found: dict[int, Finding] = {}
    for moment, heard in hearings(development_id, recorded, sources, reading):
        if moment > known:
            break
        found[moment] = finding(heard, sources.as_known(moment))
    moments = list(found)
    entries = []
    for one, moment in _told(development_id, recorded, gradings, reading, moments[0] if moments else known + 1):
        if moment <= known:
            standing = found[moments[bisect_right(moments, moment) - 1]]
            entries.append(Entry(one, moment, _is_heard(one, reading), standing))
    return sorted(entries, key=lambda entry: (entry.known, entry.recorded.position))


def _told(
    development_id: UUID,
    recorded: Sequence[Recorded],
    gradings: Iterable[RecordedEvent[Any]],
    reading: Reading,
    start: int,
) -> Iterator[tuple[RecordedEvent[Any], int]]:
    """Each event of the trail with the moment from which it counts."""
    cluster = Cluster(recorded, reading)
    for one in cluster.own(development_id):
        yield one, max(cluster.known(one), start)
    for brought in cluster.brought(development_id):
        if brought.void_from > start:
            yield brought.recorded, max(brought.known, start)
    for one, moment in cluster.mergers(development_id):
        yield one, max(moment, start)
    if reading.clock == "recorded":
        speakers = {source for one in recorded if (said := _report(one)) is not None for source in said.chain}
        for one in gradings:
            if (
                isinstance(one.event, SourceReliabilityAssessed | SourceAlignmentStated)
                and one.event.source_id in speakers
                and one.position > start
            ):
                yield one, one.position


def _report(one: RecordedEvent[Any]) -> Any:
    return getattr(one.event, "report", None)


def _is_heard(one: RecordedEvent[Any], reading: Reading) -> bool:
    said = _report(one)
    return said is None or isinstance(one.event, ReportRetracted) or reading.hears(said.chain)

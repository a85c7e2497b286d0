"""What a view would hold of some places, had the log gone on by some events: folded as the follower folds, and kept nowhere.

The events need not be in the log. What the view lacks of the log is folded first, so that before and after differ by those
events alone. What it costs is bounded: whoever asks for more than that is told so, rather than served slowly.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from events.developments import DevelopmentEvent
from events.log import between, streams
from events.recorded import RecordedEvent, reference_stream, stream_id
from events.records import Event
from events.undecodable import Undecodable
from projections import regrading, setting_aside, touched_places, views
from projections.bearing import status_again
from projections.claims import ClaimVersion
from projections.developments import Development
from projections.follower import Touched
from projections.knowing import Recorded
from projections.sources import Sources
from projections.status import Status
from projections.views import CLAIM_COLUMNS, Database, View

Batch = Sequence[RecordedEvent[Event]]

#: So many developments are folded, at most; a source graded anew touches all of which it speaks.
MOST_DEVELOPMENTS: Final = 1_000

#: All of these together have so many events, at most.
MOST_EVENTS: Final = 20_000

#: A place has so many claims known by then, at most.
MOST_CLAIMS: Final = 20_000

#: The view is so many events behind the log, at most.
MOST_BEHIND: Final = 2_000


class TooMuch(ValueError):
    """To tell what would follow takes more than is done for a look ahead."""


class Turned(NamedTuple):
    """The status of control of a place, and that of access where a claim bears on it, before and after."""

    location_id: str
    before: tuple[Status, Status | None]
    after: tuple[Status, Status | None]

    @property
    def changes(self) -> bool:
        return self.before != self.after


class _Folded(NamedTuple):
    """What a view would hold of some developments in place of what it holds.

    Attributes:
        touched: The places at which its claim versions would change.
    """

    developments: Collection[UUID] = ()
    fresh: Collection[ClaimVersion] = ()
    rows: Sequence[Development] = ()
    touched: Collection[str] = ()

    def over(self, held: Iterable[ClaimVersion], location_id: str) -> list[ClaimVersion]:
        """The claim versions of a place, with these in place of those held."""
        rest = [one for one in held if one.development_id not in self.developments]
        return rest + [one for one in self.fresh if one.location_id == location_id]


@dataclass(frozen=True, slots=True)
class Ahead:
    """A view as it would be; ask it of places on the connection, and in the transaction, on which it was folded.

    Attributes:
        rows: What a list would tell of each development that was folded.
        places: Where these developments would stand, and where anything would change; the latter first.
    """

    connection: Database
    view: View
    now: _Folded
    then: _Folded

    @property
    def rows(self) -> Sequence[Development]:
        return self.then.rows

    @property
    def places(self) -> list[str]:
        stand = {one.location_id for one in self.then.rows}
        return [*sorted(self.then.touched), *sorted(stand - set(self.then.touched))]

    def turned(self, location_id: str, at: datetime, before: int, after: int) -> Turned:
        """The status of a place at a moment of the world, as known at one moment of the known axis, and then at another.

        Raises:
            TooMuch: more claims than MOST_CLAIMS stand there.
        """
        held = self._held(location_id, before, after)
        return Turned(
            location_id,
            status_again(self.now.over(held, location_id), location_id, at, before),
            status_again(self.then.over(held, location_id), location_id, at, after),
        )

    def _held(self, location_id: str, before: int, after: int) -> list[ClaimVersion]:
        """The claim versions known at one of two moments, as `claims_at` reads them."""
        rows = self.connection.execute(
            self.view.sql(
                f"SELECT {CLAIM_COLUMNS} FROM {{claim_version}} WHERE location_id = %s "
                "AND known_from <= %s AND known_until > %s LIMIT %s"
            ),
            [location_id, after, before, MOST_CLAIMS + 1],
            binary=True,
        ).fetchall()
        if len(rows) > MOST_CLAIMS:
            raise TooMuch(f"more than {MOST_CLAIMS:,} claims stand at {location_id}")
        return [ClaimVersion(*row) for row in rows]


def looking_ahead(connection: Database, view: View, head: int, unrecorded: Batch) -> Ahead:
    """A view as it would be after some events.

    Args:
        connection: In a transaction that sees one state throughout.
        head: The last position of the log; not more than MOST_BEHIND after that of the view.
        unrecorded: Events with the positions that they would have: those after the head.

    Raises:
        TooMuch: they touch more than is folded to look ahead.
    """
    lacking = between(connection, view.position, head)
    now = _folded(connection, view, lacking, ()) if lacking else _Folded()
    then = _folded(connection, view, [*lacking, *unrecorded], unrecorded) if unrecorded else now
    return Ahead(connection, view, now, then)


def _folded(connection: Database, view: View, batch: Batch, unrecorded: Batch) -> _Folded:
    """The first fold of what a batch touches, as the follower has it, without a row written."""
    again: set[UUID] = set()
    for source in regrading.graded(batch):
        again.update(regrading.page(connection, view, source, None, MOST_DEVELOPMENTS + 1))
    touched = _Touched(connection, view, batch, again, unrecorded)
    _require_little(connection, touched)
    developments = touched.developments(but=setting_aside.among(connection, view, touched.clusters))
    sources = _graded(connection, view, developments.values(), batch[-1].position, unrecorded)
    folded = setting_aside.fold(developments, sources, view.reading)
    held = views.versions_of(connection, view, folded.developments - touched.begun)
    found = touched_places.between(held - folded.fresh, folded.fresh - held)
    return _Folded(folded.developments, folded.fresh, folded.rows, {one.location_id for one in found})


def _require_little(connection: Database, touched: "_Touched") -> None:
    """
    Raises:
        TooMuch: more developments, or events about them, than are folded to look ahead.
    """
    members = {one for found in touched.clusters.values() for one in found}
    if len(members) > MOST_DEVELOPMENTS:
        raise TooMuch(f"this bears on more than {MOST_DEVELOPMENTS:,} developments")
    row = connection.execute(
        "SELECT coalesce(sum(held.version), 0) FROM unnest(%b::uuid[]) AS wanted (id) CROSS JOIN LATERAL "
        "(SELECT version FROM event WHERE stream_id = wanted.id ORDER BY version DESC LIMIT 1) AS held",
        [list(members)],
    ).fetchone()
    assert row is not None
    if row[0] > MOST_EVENTS:
        raise TooMuch(f"more than {MOST_EVENTS:,} events are held of the developments that this bears on")


class _Touched(Touched):
    """The same as the follower's, where some events of the batch are not in the log."""

    def __init__(
        self, connection: Database, view: View, batch: Batch, again: Collection[UUID], unrecorded: Batch
    ) -> None:
        super().__init__(connection, view, batch[-1].position, batch, again)
        self._unrecorded = [one for one in unrecorded if isinstance(one.event, DevelopmentEvent)]

    def _events_of(self, developments: Iterable[UUID]) -> dict[UUID, list[Recorded]]:
        wanted = set(developments)
        found = super()._events_of(wanted)
        for one in self._unrecorded:
            if (about := stream_id(one.event)) in wanted:
                found.setdefault(about, []).append(one)  # type: ignore[arg-type]
        return found


def _graded(
    connection: Database, view: View, clusters: Iterable[Sequence[Recorded]], until: int, unrecorded: Batch
) -> Sources:
    """How the sources are graded that speak in some events; nobody else's grading bears on them."""
    sources = Sources(view.reading.clock)
    reports = (getattr(one.event, "report", None) for recorded in clusters for one in recorded)
    spoken = sorted({source for report in reports if report is not None for source in report.chain})
    recorded = streams(connection, [reference_stream("source", one) for one in spoken], until)
    for one in [*recorded, *unrecorded]:
        if not isinstance(one.event, Undecodable):
            sources.learn(one.position, one.event)
    return sources

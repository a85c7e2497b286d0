"""Questions of the state → answers, from a view's tables: which view, at what moment, as known when.

Every question begins with `ask`, which settles the moment on both axes; what follows is read as known then, so that an
answer does not mix two states of the log even though it takes several queries.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg import Connection
from psycopg.rows import TupleRow

from events.log import Log, Pool
from events.vocabulary import FACETS, Facet
from projections import views
from projections.as_of import versions_as_of
from projections.beliefs import Rectangle, rectangles
from projections.catalogue import Catalogue
from projections.claim_list import ClaimList
from projections.claims import FOREVER, ClaimVersion, asserted, from_micros, known_claims, micros
from projections.everywhere import Place, answers, places_with_access
from projections.explain import Account, account
from projections.knowing import Recorded
from projections.mergers import with_merged
from projections.sources import Sources
from projections.status import Answer, Claims, Status, Stretch, status_at, stretches
from projections.stored_claims import claims_at, every_version
from projections.views import Standing, View

#: A read that waits for a position gives up after so many seconds.
PATIENCE = 5.0

#: A belief map of more rectangles than this is refused: ask for a period of the valid axis.
MAX_RECTANGLES = 50_000


class NotRegistered(LookupError):
    """A location, source or actor that is not registered as known then."""

    def __init__(self, kind: str, key: str, position: int) -> None:
        self.kind, self.key = kind, key
        super().__init__(f"no {kind} {key!r} is registered by position {position}")


class NotYet(RuntimeError):
    """A position that was waited for is not folded yet."""

    def __init__(self, wanted: int, position: int) -> None:
        super().__init__(f"position {wanted} is not folded yet; the view stands at {position}")


class CannotAsk(ValueError):
    """A question that makes no sense, with the parameter that is wrong."""

    def __init__(self, field: str, value: object, message: str) -> None:
        self.field, self.value, self.message = field, value, message
        super().__init__(f"{field}: {message}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A settled question: a view and a moment on both axes.

    Attributes:
        at: The moment of the valid axis.
        known: The moment of the known axis, as the view's clock counts.
        known_at: The same as a time.
        known_position: The log position up to which the answer rests on the log.
        known_pinned: View and known axis are named so that what is known by them is the same for ever.
        pinned: The valid axis is named too: the answer is the same for ever.
        as_of: On the reported clock, an earlier log position that was asked for; None for what is folded.
    """

    view: View
    view_name: str
    at: datetime
    known: int
    known_at: datetime
    known_position: int
    known_pinned: bool
    pinned: bool
    as_of: int | None = None

    def known_time(self, known: int | None, positions: dict[int, datetime]) -> datetime | None:
        """A moment of the known axis as a time; None for an open end."""
        if known is None or known == FOREVER:
            return None
        return from_micros(known) if self.view.reading.clock == "reported" else positions[known]


@dataclass(frozen=True, slots=True)
class PlaceStatus:
    """The status of one location: a status for each facet (access is None where no claim bears on it), and the roll-up."""

    control: Status
    access: Status | None
    places: int
    rollup: list[tuple[str, tuple[str, ...], int]]


@dataclass(frozen=True, slots=True)
class Everywhere:
    """The answers of many locations; `access` is None where no claim bears on it."""

    location_id: str
    control: Answer
    access: Answer | None


@dataclass(frozen=True, slots=True)
class Told:
    """A claim as known then, the account of its standing, and the events (with text) that it rests on."""

    claim: ClaimVersion
    account: Account
    recorded: list[Recorded]


class Reader:
    """Answers questions from the views' tables and the reference data."""

    def __init__(self, log: Log, points: Pool) -> None:
        """
        Args:
            points: Connections for questions about one place; `log.pool` serves those about all of them.
        """
        self._log = log
        self._points = points
        self._catalogue = Catalogue()
        self._learning = threading.Lock()
        self._crowded: set[tuple[int, str]] = set()

    def catalogue(self, position: int) -> Catalogue:
        """The reference data, at least up to a position."""
        if self._catalogue.position < position:
            with self._learning:
                if self._catalogue.position < position:
                    self._catalogue.learn(self._log.reference(self._catalogue.position, until=position), position)
        return self._catalogue

    def views(self) -> list[View]:
        """All views, with where they stand."""
        with self._points.connection() as connection:
            return views.every(connection)

    def ask(
        self,
        view: str,
        *,
        at: datetime | None = None,
        known_at: datetime | None = None,
        known_position: int | None = None,
        min_position: int | None = None,
    ) -> Asked:
        """Settle a question on both axes; both default to now.

        Raises:
            UnknownView: no such view.
            NotYet: `min_position` was not folded in time.
            CannotAsk: both a time and a position to know by.
        """
        standing = self._wait_for(view, min_position, known_at, known_position)
        found, newest = standing.view, standing.newest or _BEFORE_ALL
        if found.reading.clock == "reported":
            return self._ask_reported(found, view, at, known_at, known_position)
        if known_at is not None and known_position is not None:
            raise CannotAsk("known_position", known_position, "on the recorded clock give this or known_at, not both")
        when = at or datetime.now(UTC)
        known, known_then = found.position, newest
        if known_position is not None:
            known, known_then = min(known_position, found.position), standing.recorded_at or _BEFORE_ALL
        elif known_at is not None and known_at <= newest:
            known, known_then = standing.position or 0, known_at
        named = known_position is not None or known_at is not None
        within = known_position == known or (known_at is not None and known_then == known_at)
        pinned = view == str(found.view_id) and named and within
        return Asked(found, view, when, known, known_then, known, pinned, pinned and at is not None)

    def _ask_reported(
        self, view: View, name: str, at: datetime | None, known_at: datetime | None, as_of: int | None
    ) -> Asked:
        """On the reported clock what was known is asked by time; a log position beside it pins what had arrived by then."""
        known_then = known_at or datetime.now(UTC)
        position = view.position if as_of is None else min(as_of, view.position)
        pinned = name == str(view.view_id) and known_at is not None and position == as_of
        when = at or datetime.now(UTC)
        earlier = position if position < view.position else None
        return Asked(
            view, name, when, micros(known_then), known_then, position, pinned, pinned and at is not None, earlier
        )

    def _wait_for(
        self, name: str, min_position: int | None, known_at: datetime | None, known_position: int | None
    ) -> Standing:
        """Where a view stands, once it has folded `min_position`."""
        give_up = time.monotonic() + PATIENCE
        while True:
            with self._points.connection() as connection:
                found = views.standing(connection, name, known_at=known_at, known_position=known_position)
            if min_position is None or found.view.position >= min_position:
                return found
            if time.monotonic() > give_up:
                raise NotYet(min_position, found.view.position)
            time.sleep(0.01)

    def require_location(self, asked: Asked, location_id: str) -> None:
        """
        Raises:
            NotRegistered: the location is not registered as known then.
        """
        if not self.catalogue(asked.known_position).has_location(location_id, asked.known_position):
            raise NotRegistered("location", location_id, asked.known_position)

    def status(self, asked: Asked, location_id: str) -> PlaceStatus:
        """The status of one location.

        Raises:
            NotRegistered: the location is not registered as known then.
        """
        self.require_location(asked, location_id)
        with self._points.connection() as connection, _one_state(connection, asked):
            claims = self._claims(connection, asked, location_id)
            control = status_at(claims.get("control", ClaimList([])), asked.at)
            access = status_at(claims["access"], asked.at) if "access" in claims else None
            below = self.catalogue(asked.known_position).descendants(location_id, asked.at, asked.known_position)
            rollup = self._rollup(connection, asked, below) if below else []
        return PlaceStatus(control, access, len(below), rollup)

    def _claims(self, connection: Connection[TupleRow], asked: Asked, location_id: str) -> dict[str, Claims]:
        if asked.as_of is None:
            return claims_at(connection, asked.view, location_id, asked.known, asked.at, self._crowded)
        versions = self._versions(connection, asked, location_id)
        known = {facet: known_claims(versions, facet, asked.known) for facet in FACETS}
        return {facet: ClaimList(claims) for facet, claims in known.items() if claims}

    def _versions(self, connection: Connection[TupleRow], asked: Asked, location_id: str) -> list[ClaimVersion]:
        """All claim versions of a place; folded anew where an earlier state of the log is asked for."""
        if asked.as_of is None:
            return every_version(connection, asked.view, location_id)
        return versions_as_of(connection, self._log, asked.view, location_id, asked.as_of)

    def _rollup(
        self, connection: Connection[TupleRow], asked: Asked, below: Sequence[str]
    ) -> list[tuple[str, tuple[str, ...], int]]:
        """How many of the places below are in each mode with the same holders; the most frequent first."""
        _only_as_folded(asked)
        found = answers(connection, asked.view, asked.at, asked.known, below)
        unknown = Answer(None, None, None, ())
        counts: Counter[tuple[str, tuple[str, ...]]] = Counter()
        for location in below:
            held = found.get((location, "control"), unknown).assertion
            counts[asserted(held)[:2] if held else ("unknown", ())] += 1
        return [(mode, holders, n) for (mode, holders), n in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]

    def history(self, asked: Asked, location_id: str) -> dict[str, list[Stretch]]:
        """The stretches of each facet of a location on the valid axis; access only where a claim bears on it."""
        self.require_location(asked, location_id)
        with self._points.connection() as connection:
            versions = self._versions(connection, asked, location_id)
        claims = {facet: known_claims(versions, facet, asked.known) for facet in FACETS}
        return {facet: stretches(found) for facet, found in claims.items() if found or facet == "control"}

    def beliefs(self, asked: Asked, location_id: str, facet: Facet) -> tuple[list[Rectangle], dict[int, datetime]]:
        """The belief map of one facet, with the time of each position on its known axis (recorded clock).

        Raises:
            CannotAsk: it has more than MAX_RECTANGLES rectangles.
        """
        self.require_location(asked, location_id)
        with self._points.connection() as connection:
            versions = self._versions(connection, asked, location_id)
        upto = [one for one in versions if one.facet == facet and one.known_from <= asked.known]
        found: list[Rectangle] = []
        for one in rectangles(_until(upto, asked.known)):
            found.append(one)
            if len(found) > MAX_RECTANGLES:
                said = f"its belief map has more than {MAX_RECTANGLES:,} rectangles; ask for an earlier known time"
                raise CannotAsk("location_id", location_id, said)
        positions = {known for one in found for known in (one.known_from, one.known_until) if known is not None}
        return found, self._times(positions) if asked.view.reading.clock == "recorded" else {}

    def _times(self, positions: set[int]) -> dict[int, datetime]:
        with self._points.connection() as connection:
            return views.recorded_times(connection, positions)

    def everywhere(self, asked: Asked, locations: Sequence[str]) -> list[Everywhere]:
        """The answers of many locations, in their order."""
        _only_as_folded(asked)
        with self._log.pool.connection() as connection, _one_state(connection, asked):
            narrow = locations if len(locations) < 1000 else None
            found = answers(connection, asked.view, asked.at, asked.known, narrow)
            with_access = places_with_access(connection, asked.view, asked.known)
        unknown = Answer(None, None, None, ())
        return [
            Everywhere(
                one,
                found.get(_at(one, "control"), unknown),
                found.get(_at(one, "access"), unknown) if one in with_access else None,
            )
            for one in locations
        ]

    def tell(self, asked: Asked, location_id: str) -> list[Told]:
        """Every claim of a place known then, ignored ones too, in the order of its claims, with its account."""
        with self._points.connection() as connection, _one_state(connection, asked):
            versions = [one for one in self._versions(connection, asked, location_id) if one.known(asked.known)]
            into = dict(views.mergers_around(connection, asked.view, {one.development_id for one in versions}))
            members = with_merged({one.development_id for one in versions}, into)
            events = self._log.streams({one for found in members.values() for one in found}, asked.known_position)
        sources = self._sources(asked)
        told = []
        for claim in sorted(versions, key=lambda one: one.order):
            of = members[claim.development_id]
            recorded = [one for one in events if one.event.development_id in of]
            found = account(claim.development_id, recorded, sources, asked.view.reading, asked.known)
            assert found is not None
            told.append(Told(claim, found, recorded))
        return told

    def _sources(self, asked: Asked) -> Sources:
        sources = Sources(asked.view.reading.clock)
        for one in self._log.reference(until=asked.known_position):
            sources.learn(one.position, one.event)
        return sources


_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


def _at(location_id: str, facet: str) -> Place:
    return location_id, facet


def _until(versions: Sequence[ClaimVersion], known: int) -> Iterator[ClaimVersion]:
    """Claim versions as they looked at a moment: what ended later had not ended then."""
    for one in versions:
        yield one if one.known_until <= known else one._replace(known_until=FOREVER)


@contextmanager
def _one_state(connection: Connection[TupleRow], asked: Asked) -> Iterator[None]:
    """One state of the tables for several queries.

    On the recorded clock nothing is needed: what is known at a folded position never changes. On the reported clock a
    late arrival rewrites the past, so the queries share a snapshot.
    """
    if asked.view.reading.clock == "recorded":
        yield
        return
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _only_as_folded(asked: Asked) -> None:
    if asked.as_of is not None:
        said = "on the reported clock an earlier state of the log is answered for single places without any below them"
        raise CannotAsk("known_position", asked.as_of, said)

"""Questions of the state → answers, from a view's tables: which view, at what moment, as known when.

Every question begins with `ask`, which settles the moment on both axes; what follows is read as known then, so that an
answer does not mix two states of the log even though it takes several queries.
"""

import threading
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from events.developments import DevelopmentEvent
from events.log import Log, Pool
from events.vocabulary import FACETS, Facet
from projections import progress, setting_aside, views
from projections.as_of import versions_as_of
from projections.beliefs import Rectangle, rectangles
from projections.catalogue import Catalogue
from projections.claim_list import ClaimList
from projections.claims import FOREVER, ClaimVersion, known_claims, micros
from projections.everywhere import Place, answers, answers_among, places_with_access, with_access_among
from projections.explain import Account, account
from projections.folding import fold
from projections.follower import graded_until
from projections.knowing import Recorded
from projections.mergers import with_merged
from projections.progress import Progress
from projections.setting_aside import SetAside
from projections.sources import Sources
from projections.status import NOBODY_KNOWS, Answer, Claims, Stretch, status_at, stretches
from projections.stored_claims import claims_at, every_version
from projections.views import View
from services.timeline.asked import Asked, CannotAsk, settled
from services.timeline.atlas.fragments import holding
from services.timeline.atlas.keeper import Keeper
from services.timeline.found import Everywhere, PlaceStatus

#: A belief map of more rectangles than this is refused: ask for a period of the valid axis.
MAX_RECTANGLES = 50_000


#: Questions about fewer places than this ask for them by name, others for all.
NARROW = 1000


class NotRegistered(LookupError):
    """A location, source or actor that is not registered as known then."""

    def __init__(self, kind: str, key: str, position: int) -> None:
        self.kind, self.key = kind, key
        super().__init__(f"no {kind} {key!r} is registered by position {position}")


@dataclass(frozen=True, slots=True)
class Told:
    """A claim as known then, and the account of its standing with the events (and their text) that it rests on."""

    claim: ClaimVersion
    account: Account


class Reader:
    """Answers questions from the views' tables and the reference data.

    Attributes:
        atlases: The same answers of all places from memory, while their thread runs; whoever serves lets it run.
    """

    def __init__(self, log: Log, held: Pool, home: Path, drawn_from: Pool | None = None) -> None:
        """
        Args:
            drawn_from: The database that atlases are drawn from, where it is another than they are read beside.
            home: Where the files of the atlases are.
            held: Connections that are held while a question is answered; not `log.pool`, of which an answer takes one
                more now and then: two of one pool for one answer would let many askers wait for each other for ever.
        """
        self._log = log
        self._held = held
        self._catalogue = Catalogue()
        self._redacted = 0
        self._learning = threading.Lock()
        self.atlases = Keeper(log.pool, home, self.catalogue, self.forget, drawn_from)
        self._crowded: set[tuple[int, str]] = set()

    @property
    def pool(self) -> Pool:
        """The connections that are held while a question is answered."""
        return self._held

    def catalogue(self, position: int) -> Catalogue:
        """The reference data, at least up to a position."""
        if self._catalogue.position < position:
            with self._learning:
                if self._catalogue.position < position:
                    self._catalogue.learn(self._log.reference(self._catalogue.position, until=position), position)
        return self._catalogue

    def forget(self, redacted: int | None = None) -> None:
        """Let go of every text that was read before it was redacted.

        Args:
            redacted: The position of the last redaction, where it is known; without it the log is asked.
        """
        if redacted is not None and redacted <= self._redacted:
            return
        with self._learning:
            found = self._log.redactions(self._redacted)
            if found:
                self._catalogue.put_again(self._log.at([position for position, _ in found]))
                fold.cache_clear()
                self._redacted = found[-1][1]

    def whole_streams(self, connection: Connection[TupleRow], ids: Collection[UUID], until: int) -> list[Recorded]:
        """The events of some streams as the log tells them, in the state of the tables that a connection sees."""
        return self._log.whole_streams(connection, ids, until)

    def views(self) -> list[View]:
        """All views, with where they stand."""
        with self._held.connection() as connection:
            return views.every(connection)

    def progress(self) -> list[Progress]:
        """All views, with how far they are behind the log and what could not be folded."""
        with self._held.connection() as connection:
            return progress.every(connection)

    def set_aside(self, view: str) -> list[SetAside]:
        """What could not be folded into a view, in the order of the log.

        Raises:
            UnknownView: there is no such view.
        """
        with self._held.connection() as connection:
            return setting_aside.listed(connection, views.find(connection, view))

    @contextmanager
    def asking(
        self,
        view: str,
        *,
        at: datetime | None = None,
        known_at: datetime | None = None,
        known_position: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[Asked]:
        """Settle a question on both axes, and hold it while it is answered; see `asked.settled`.

        What is answered tells no text that was redacted before the question was settled.
        """
        settling = settled(
            self._held, view, at=at, known_at=known_at, known_position=known_position, min_position=min_position
        )
        with settling as asked:
            self.forget(asked.redacted)
            yield asked

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
        claims = self._claims(asked, location_id)
        control = status_at(claims.get("control", ClaimList([])), asked.at)
        access = status_at(claims["access"], asked.at) if "access" in claims else None
        below = self.catalogue(asked.known_position).descendants(location_id, asked.at, asked.known_position)
        return PlaceStatus(control, access, len(below), self._rollup(asked, below) if below else [])

    def answers(self, asked: Asked, location_id: str) -> tuple[Answer, Answer | None]:
        """The answer of control of one place, and that of access where any claim known then bears on it."""
        claims = self._claims(asked, location_id)
        control, access = (
            status_at(claims[facet], asked.at).answer if facet in claims else None for facet in ("control", "access")
        )
        return control or NOBODY_KNOWS, access

    def _claims(self, asked: Asked, location_id: str) -> dict[str, Claims]:
        if asked.as_of is None:
            return claims_at(asked.connection, asked.view, location_id, asked.known, asked.at, self._crowded)
        versions = self.versions(asked, [location_id])
        known = {facet: known_claims(versions, facet, asked.known) for facet in FACETS}
        return {facet: ClaimList(claims) for facet, claims in known.items() if claims}

    def versions(self, asked: Asked, locations: Collection[str]) -> list[ClaimVersion]:
        """All claim versions of some places; folded anew where an earlier state of the log is asked for."""
        if asked.as_of is None:
            return every_version(asked.connection, asked.view, locations)
        return versions_as_of(asked.connection, self._log, asked.view, locations, asked.as_of)

    def _rollup(self, asked: Asked, below: Sequence[str]) -> list[tuple[str, tuple[str, ...], int]]:
        """How many of the places below are in each mode with the same holders; the most frequent first."""
        atlas = self.atlases.covering(asked, wait=0)  # of few places the tables tell sooner
        if atlas is not None:
            picture = atlas.picture(micros(asked.at), asked.known)
            chosen = atlas.places.numbers(below)
            picture.complete(chosen, partial(self.answers, asked))
            counts = picture.holdings(chosen)
        else:
            found, _ = self._answers(asked, below, access=False)
            counts = Counter(holding(found.get(_at(location, "control"), NOBODY_KNOWS)) for location in below)
        return [(mode, holders, n) for (mode, holders), n in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]

    def history(self, asked: Asked, location_id: str) -> dict[str, list[Stretch]]:
        """The stretches of each facet of a location on the valid axis; access only where a claim bears on it."""
        self.require_location(asked, location_id)
        versions = self.versions(asked, [location_id])
        claims = {facet: known_claims(versions, facet, asked.known) for facet in FACETS}
        return {facet: stretches(found) for facet, found in claims.items() if found or facet == "control"}

    def beliefs(self, asked: Asked, location_id: str, facet: Facet) -> tuple[list[Rectangle], dict[int, datetime]]:
        """The belief map of one facet, with the time of each position on its known axis (recorded clock).

        Raises:
            CannotAsk: it has more than MAX_RECTANGLES rectangles.
        """
        self.require_location(asked, location_id)
        versions = self.versions(asked, [location_id])
        upto = [one for one in versions if one.facet == facet and one.known_from <= asked.known]
        found: list[Rectangle] = []
        for one in rectangles(until(upto, asked.known)):
            found.append(one)
            if len(found) > MAX_RECTANGLES:
                said = f"its belief map has more than {MAX_RECTANGLES:,} rectangles; ask for an earlier known time"
                raise CannotAsk("location_id", location_id, said)
        if asked.view.reading.clock == "reported":
            return found, {}
        positions = {known for one in found for known in (one.known_from, one.known_until) if known is not None}
        return found, views.recorded_times(asked.connection, positions)

    def everywhere(self, asked: Asked, locations: Sequence[str]) -> list[Everywhere]:
        """The answers of many locations, in their order."""
        found, with_access = self._answers(asked, locations)
        return [
            Everywhere(
                one,
                found.get(_at(one, "control"), NOBODY_KNOWS),
                found.get(_at(one, "access"), NOBODY_KNOWS) if one in with_access else None,
            )
            for one in locations
        ]

    def _answers(
        self, asked: Asked, locations: Sequence[str], *, access: bool = True
    ) -> tuple[dict[Place, Answer], set[str]]:
        """The answer of each place and facet, and (where asked for) the places on whose access any claim bears."""
        if asked.as_of is not None:
            versions = self.versions(asked, locations)
            return answers_among(versions, asked.at, asked.known), with_access_among(versions, asked.known)
        narrow = locations if len(locations) < NARROW else None
        with _planned_for_the_moment(asked.connection) as connection:
            found = answers(connection, asked.view, asked.at, asked.known, narrow)
            return found, places_with_access(connection, asked.view, asked.known) if access else set()

    def considered(self, asked: Asked, location_id: str) -> list[ClaimVersion]:
        """Every claim of a place known then, ignored ones too, in the order of its claims."""
        found = (one for one in self.versions(asked, [location_id]) if one.known(asked.known))
        return sorted(found, key=lambda one: one.order)

    def tell(self, asked: Asked, location_id: str) -> list[Told]:
        """Every claim of a place known then, ignored ones too, in the order of its claims, with its account."""
        return self.accounts(asked, self.considered(asked, location_id))

    def accounts(self, asked: Asked, versions: Sequence[ClaimVersion]) -> list[Told]:
        """Some claims known then, each with its account."""
        into = dict(views.mergers_around(asked.connection, asked.view, {one.development_id for one in versions}))
        members = with_merged({one.development_id for one in versions}, into)
        events: dict[UUID, list[Recorded]] = {}
        for one in self._log.streams({one for found in members.values() for one in found}, asked.known_position):
            if isinstance(one.event, DevelopmentEvent):
                events.setdefault(one.event.development_id, []).append(one)
        sources = self.sources(asked)
        aside = setting_aside.since(asked.connection, asked.view, members)
        told = []
        for claim in versions:
            of = [one for member in members[claim.development_id] for one in events.get(member, ())]
            until = aside.get(claim.development_id, FOREVER)  # what is set aside rests on the events before
            recorded = sorted((one for one in of if one.position < until), key=lambda one: one.position)
            found = account(claim.development_id, recorded, sources, asked.view.reading, asked.known)
            assert found is not None
            told.append(Told(claim, found))
        return told

    def sources(self, asked: Asked) -> Sources:
        """How every source is graded, by the log position asked about."""
        return graded_until(self._log, asked.view, asked.known_position)


def _at(location_id: str, facet: str) -> Place:
    return location_id, facet


def until(versions: Sequence[ClaimVersion], known: int) -> Iterator[ClaimVersion]:
    """Claim versions as they looked at a moment: what ended later had not ended then."""
    for one in versions:
        yield one if one.known_until <= known else one._replace(known_until=FOREVER)


@contextmanager
def _planned_for_the_moment(connection: Connection[TupleRow]) -> Iterator[Connection[TupleRow]]:
    """Plans made for the moment asked about, with every kind of scan, as questions about many places want them."""
    with connection.transaction():
        connection.execute("SET LOCAL plan_cache_mode TO force_custom_plan")
        connection.execute("SET LOCAL enable_seqscan TO on")
        yield connection

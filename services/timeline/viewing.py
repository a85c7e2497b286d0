"""Views as people handle them: ask for one, list them, promote, drop, verify; who folds is told in `building.py`."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, get_args

from events.log import Log
from events.times import rfc3339
from projections import builds, progress, promoting, views
from projections.builds import Build
from projections.policies import POLICIES, Clock, Reading
from projections.progress import Progress
from projections.views import TABLES, Database, View
from services.timeline import verifications
from services.timeline.asked import CannotAsk
from services.timeline.reader import Reader
from services.timeline.verifications import Verification

#: What a view may be called; not digits alone, which name an id, nor what stands at its place in an address.
NAME: Final = re.compile(r"[a-z][a-z0-9._-]{0,62}\Z")
NOT_NAMES: Final = frozenset({"diff"})
CLOCKS: Final[tuple[Clock, ...]] = get_args(Clock)

#: Rows are counted in tables up to so many bytes; of larger ones the server's estimate is told.
COUNTED: Final = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A view that somebody wants, not looked at yet.

    Attributes:
        until: A log position, or a moment that stands for the last event recorded by then; None: it follows the log.
    """

    name: str
    policy: str = "assessed"
    clock: str = "recorded"
    exclude_sources: tuple[str, ...] = ()
    only_sources: tuple[str, ...] = ()
    until: int | datetime | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A view with how far it is, how large, and what its last verification found; or one that is being built."""

    view: View | None
    build: Build | None
    progress: Progress | None = None
    rows: int | None = None
    size: int = 0
    verified: Verification | None = None

    @property
    def digest(self) -> bytes | None:
        """The digest of the view as it stands, where its last verification was made there."""
        if self.verified is None or self.view is None or self.verified.position != self.view.position:
            return None
        return self.verified.digest


def ask(log: Log, reader: Reader, wanted: Wanted) -> View | Build:
    """Ask for a view; it is built by whoever builds next. Asked for twice in the same words, it is the same.

    Raises:
        CannotAsk: a name, policy, clock, source or position that will not do.
        Taken: a view of this name reads the log otherwise.
    """
    require_name("name", wanted.name)
    _require_known("policy", wanted.policy, POLICIES)
    _require_known("clock", wanted.clock, CLOCKS)
    head = log.head().position
    sources = [one.source_id for one in reader.catalogue(head).sources(head)]
    for field in ("exclude_sources", "only_sources"):
        for source in getattr(wanted, field):
            _require_known(field, source, sources)
    reading = Reading(
        policy=POLICIES[wanted.policy],
        clock=wanted.clock,  # type: ignore[arg-type]
        exclude_sources=frozenset(wanted.exclude_sources),
        only_sources=frozenset(wanted.only_sources),
    )
    with log.pool.connection() as connection:
        return builds.ask(connection, wanted.name, reading, _position(connection, wanted.until, head))


def require_name(field: str, name: str) -> None:
    """
    Raises:
        CannotAsk: no view may be called that.
    """
    if not NAME.match(name) or name in NOT_NAMES:
        said = "a small letter, then up to 62 small letters, digits, `.`, `_` or `-`; not `diff`"
        raise CannotAsk(field, name, f"a view's name is {said}")


def _require_known(field: str, said: str, known: Iterable[str]) -> None:
    known = list(known)
    if said in known:
        return
    near = difflib.get_close_matches(said, known, n=1)
    if field.endswith("sources"):
        guess = f"; did you mean {near[0]}?" if near else ""
        raise CannotAsk(field, said, f"no source {said!r} is registered{guess}")
    raise CannotAsk(field, said, f"one of {', '.join(known)}, not {said!r}")


def _position(connection: Database, until: int | datetime | None, head: int) -> int | None:
    if until is None:
        return None
    if isinstance(until, int):
        if not 1 <= until <= head:
            raise CannotAsk("until", until, f"the log's positions run from 1 to {head}")
        return until
    row = connection.execute(
        "SELECT (SELECT position FROM event WHERE recorded_at <= %(until)s ORDER BY recorded_at DESC LIMIT 1), "
        "%(until)s <= clock_timestamp()",
        {"until": until},
    ).fetchone()
    assert row is not None
    if row[0] is None or not row[1]:
        said = (
            "lies in the future: what will be recorded by then is not known"
            if row[0]
            else "nothing was recorded by then"
        )
        raise CannotAsk("until", rfc3339(until), said)
    found: int = row[0]
    return found


def every(log: Log) -> list[Kept]:
    """All views in the order in which they were made, then those that are being built."""
    with log.pool.connection() as connection:
        found = [_kept(connection, one) for one in progress.every(connection)]
        waiting = [one for one in builds.every(connection) if one.purpose == "view"]
        return found + [Kept(None, one, size=_measured(connection, one.build_id)[1]) for one in waiting]


def one(log: Log, name: str) -> Kept:
    """A view, or one that is being built, by its name or id.

    Raises:
        UnknownView: there is neither.
    """
    with log.pool.connection() as connection:
        build = builds.named(connection, name)
        if build is not None:
            return Kept(None, build, size=_measured(connection, build.build_id)[1])
        view = views.find(connection, name)
        return next(_kept(connection, one) for one in progress.every(connection) if one.view.view_id == view.view_id)


def _kept(connection: Database, found: Progress) -> Kept:
    rows, size = _measured(connection, found.view.tables)
    return Kept(found.view, None, found, rows, size, verifications.last(connection, found.view))


def _measured(connection: Database, tables: int) -> tuple[int | None, int]:
    """How many claim versions there are (about; None where nobody knows), and the bytes of all tables with indexes."""
    names = [f'"{table}_{tables}"' for table in TABLES]
    row = connection.execute(
        "SELECT coalesce(sum(pg_total_relation_size(to_regclass(name))), 0)::bigint, "
        "(SELECT CASE WHEN reltuples >= 0 AND pg_relation_size(oid) > %s THEN reltuples::bigint END FROM pg_class "
        "WHERE oid = to_regclass(%s)), coalesce(pg_relation_size(to_regclass(%s)), 0) FROM unnest(%s::text[]) AS name",
        [COUNTED, names[0], names[0], names],
    ).fetchone()
    assert row is not None
    size, estimate, own = row
    if estimate is not None or own > COUNTED or size == 0:
        return estimate, size
    counted = connection.execute(views.in_tables(tables, "SELECT count(*) FROM {claim_version}")).fetchone()
    return (counted[0] if counted else None), size


def promote(log: Log, name: str, new: str) -> View:
    """Give a view the name of another, which is called `NEW.before` from then on.

    Raises:
        UnknownView, Refused, CannotAsk: as `promoting.promote` and `require_name` raise them.
    """
    require_name("as", new)
    with log.pool.connection() as connection:
        return promoting.promote(connection, name, new)


def drop(log: Log, name: str) -> Kept:
    """Drop a view, or cancel its building; what it was.

    Raises:
        UnknownView: there is neither.
        Refused: it is in use.
    """
    dropped = one(log, name)
    with log.pool.connection() as connection:
        if dropped.build is not None:
            builds.cancel(connection, dropped.build)
        else:
            promoting.drop(connection, name)
    return dropped


def verify(log: Log, name: str) -> View:
    """Ask for a view to be verified by whoever builds next.

    Raises:
        UnknownView: there is no such view.
    """
    with log.pool.connection() as connection:
        view = views.find(connection, name)
        verifications.ask(connection, view)
        return view


def verification(log: Log, name: str) -> tuple[View, Verification | None]:
    """A view and its last verification.

    Raises:
        UnknownView: there is no such view.
    """
    with log.pool.connection() as connection:
        view = views.find(connection, name)
        return view, verifications.last(connection, view)


def choices(reading: Reading) -> dict[str, Any]:
    """A reading as the fields under which it is told everywhere."""
    return {
        "policy": reading.policy.label,
        "clock": reading.clock,
        "exclude_sources": tuple(sorted(reading.exclude_sources)),
        "only_sources": tuple(sorted(reading.only_sources)),
    }

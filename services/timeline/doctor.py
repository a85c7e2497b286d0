"""What is wrong, and what to do: pure checks over facts that `gather` brings together. One line each, with a verdict."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict

from projections import progress
from projections.progress import Progress
from projections.views import Database
from services.timeline import composition, following
from services.timeline.audit import signing, stored
from services.timeline.audit.notes import UnusableKey
from services.timeline.audit.signing import CannotSign
from services.timeline.embedded import EmbeddedUnavailable
from services.timeline.following import Leader
from services.timeline.hushed import hushed
from services.timeline.migrate import known
from services.timeline.migrate import pending as pending_migrations
from services.timeline.pools import Unreachable
from services.timeline.settings import PREFIX, Settings, listed
from services.timeline.standards import webhooks
from services.timeline.standards.webhooks import Webhook

Verdict = Literal["ok", "wrong"]

#: A view may be behind for so long, in seconds, before it is worth a word.
PATIENCE = 10.0

#: A disk is nearly full with so little left: absolutely, or both relatively and absolutely.
LEAST_FREE, LITTLE_FREE, LITTLE = 1 << 30, 10 << 30, 0.05

#: Settings whose names contain one of these are not shown.
_SECRET: Final = ("secret", "password", "token", "private", "key")


class Check(msgspec.Struct, frozen=True):
    """One thing looked at: what was found, and what to do where it is wrong."""

    check: str
    verdict: Verdict
    found: str
    advice: str | None = None


class Report(msgspec.Struct, frozen=True):
    """Everything looked at."""

    healthy: bool
    checks: tuple[Check, ...]


class TreeFacts(msgspec.Struct, frozen=True):
    """How far the tree over the log and its newest checkpoint are, and why no further one is signed."""

    head: int
    size: int
    covered: int
    refusal: str | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to judge by; None where it could not be found out.

    Attributes:
        settings: Every setting by the name of its variable, secrets hidden.
        unknown: Variables with our prefix that are no settings.
        unusable: What is wrong with a setting's value.
        unreachable: Why the database cannot be used.
        server: The major version of PostgreSQL.
        missing: Migrations that were not applied.
        newer: Migrations that this program does not know, or that were edited.
        disk: Free and total bytes where the embedded server keeps its data.
    """

    settings: Mapping[str, str]
    unknown: Sequence[str] = ()
    unusable: str | None = None
    unreachable: str | None = None
    server: int | None = None
    missing: Sequence[str] | None = None
    newer: str | None = None
    behind: timedelta | None = None
    disk: tuple[Path, int, int] | None = None
    views: Sequence[Progress] | None = None
    leader: Leader | None = None
    tree: TreeFacts | None = None
    webhooks: Sequence[Webhook] = ()


def examine(facts: Facts) -> Report:
    """Judge the facts (pure)."""
    found = tuple(check for look in _LOOKS for check in look(facts))
    return Report(all(check.verdict == "ok" for check in found), found)


def _settings(facts: Facts) -> Iterator[Check]:
    for name, value in sorted(facts.settings.items()):
        yield Check("setting", "ok", f"{name}={value}")
    for name in facts.unknown:
        yield Check(
            "setting", "wrong", f"{name} is no setting", f"unset it; known are {', '.join(sorted(facts.settings))}"
        )
    if facts.unusable is not None:
        yield Check("setting", "wrong", facts.unusable, "correct it; nothing else was looked at")


def _database(facts: Facts) -> Iterator[Check]:
    if facts.unreachable is not None:
        yield Check("database", "wrong", facts.unreachable, f"start the server, or correct {PREFIX}DATABASE_URL")
    elif facts.server is not None:
        supported = composition.OLDEST <= facts.server <= composition.NEWEST
        advice = None if supported else f"this program works on {composition.OLDEST} to {composition.NEWEST}"
        yield Check("database", "ok" if supported else "wrong", f"PostgreSQL {facts.server} answers", advice)


def _migrations(facts: Facts) -> Iterator[Check]:
    if facts.newer is not None:
        yield Check("migrations", "wrong", facts.newer, "use the program that made the database, or a newer one")
    elif facts.missing:
        yield Check("migrations", "wrong", f"missing: {', '.join(facts.missing)}", "run `timeline db migrate`")
    elif facts.missing is not None:
        yield Check("migrations", "ok", "none is missing")


def _clock(facts: Facts) -> Iterator[Check]:
    if facts.behind is None:
        return
    if facts.behind.total_seconds() > following.AHEAD:
        said = f"the database's clock runs {facts.behind.total_seconds():,.0f} seconds behind the log"
        advice = "set the clock of the database's machine; until then events are dated just after the last one"
        yield Check("clock", "wrong", said, advice)
    else:
        yield Check("clock", "ok", "not behind the log")


def _disk(facts: Facts) -> Iterator[Check]:
    if facts.disk is None:
        return
    home, free, total = facts.disk
    full = free < LEAST_FREE or (free < LITTLE_FREE and free < total * LITTLE)
    said = f"{free / (1 << 30):,.1f} of {total / (1 << 30):,.1f} GiB free where {home} is"
    yield Check("disk", "wrong" if full else "ok", said, "make room, before the database stops" if full else None)


def _views(facts: Facts) -> Iterator[Check]:
    for one in facts.views or ():
        yield _lag(one, facts.leader)
        if one.set_aside:
            said = f"{one.set_aside:,} set aside in view {one.view.name}: what they say is not in its answers"
            retry = "once it is mended, or this program upgraded, run `timeline doctor --retry`"
            advice = f"see GET /v1/views/{one.view.name}/set-aside; {retry}"
            yield Check("set aside", "wrong", said, advice)
        else:
            yield Check("set aside", "ok", f"nothing in view {one.view.name}")


def _lag(one: Progress, leader: Leader | None) -> Check:
    if one.view.until is not None:
        return Check("lag", "ok", f"view {one.view.name} is frozen at position {one.view.until:,}")
    said = f"view {one.view.name} is {one.lag:,} events and {one.lag_seconds:,.1f} seconds behind the log"
    if one.regrading is not None:
        said += f"; folding again all that a source speaks of which was graded anew at position {one.regrading}"
    if one.lag == 0 or one.lag_seconds <= PATIENCE:
        return Check("lag", "ok", said)
    if leader is None:
        return Check("lag", "wrong", said, "nobody follows the log: start `timeline serve`")
    return Check("lag", "wrong", said, f"look at what {leader.name} logs; if it does not catch up, restart it")


def _follower(facts: Facts) -> Iterator[Check]:
    if facts.views is None:
        return
    if facts.leader is None:
        yield Check("follower", "ok", "no service follows the log; other commands fold what they need themselves")
        return
    name, address, since = facts.leader
    said = f"{name} follows the log{f' from {address}' if address else ''} since {since:%Y-%m-%dT%H:%M:%SZ}"
    yield Check("follower", "ok", said)


def _tree(facts: Facts) -> Iterator[Check]:
    if facts.tree is None:
        return
    head, size, covered, refusal = msgspec.structs.astuple(facts.tree)
    said = f"the tree is {head - size:,} events behind the log; {head - covered:,} are covered by no checkpoint yet"
    yield Check("tree", "ok", said)
    if refusal is not None:
        advice = "nobody can tell a changed log from an honest one until that is settled: see docs/audit.md"
        yield Check("tree", "wrong", f"no checkpoint is signed: {refusal}", advice)


def _webhooks(facts: Facts) -> Iterator[Check]:
    for one in facts.webhooks:
        where = f"webhook {one.webhook_id} to {urlsplit(one.url).hostname}"
        if one.stopped is not None:
            yield Check("webhooks", "wrong", f"{where}: nothing is sent, {one.stopped}", "resume it, or remove it")
        elif one.dead:
            advice = "see its deliveries with state=dead for why, and retry them; docs/standards.md says how"
            yield Check("webhooks", "wrong", f"{where}: {one.dead:,} events came to nothing", advice)
        else:
            yield Check("webhooks", "ok", f"{where}: {one.waiting:,} events wait")


_LOOKS: Final = (_settings, _database, _migrations, _clock, _disk, _views, _follower, _tree, _webhooks)


def gather() -> Facts:
    """The facts of this process's settings and of the database that they name; it raises nothing that it can tell."""
    names = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in names)
    try:
        chosen = Settings()
    except ValueError as error:  # pydantic's own error is one
        said = hushed(" ".join(str(error).split()))
        shown = {name: hidden(name, os.environ[name]) for name in names if name in os.environ}
        return Facts(settings=shown, unknown=unknown, unusable=said)
    facts = Facts(settings=_shown(chosen), unknown=unknown, disk=_free(chosen))
    try:
        with composition.database(chosen) as conninfo, composition.connect(conninfo) as connection:
            return _of_database(facts, connection, chosen)
    except (Unreachable, EmbeddedUnavailable, psycopg.Error) as error:
        return msgspec.structs.replace(facts, unreachable=str(error).strip().splitlines()[0])


def _of_database(facts: Facts, connection: Database, chosen: Settings) -> Facts:
    facts = msgspec.structs.replace(facts, server=connection.info.server_version // 10_000)
    missing = pending_migrations(connection)
    facts = msgspec.structs.replace(facts, missing=missing, newer=_newer(connection))
    if missing or facts.newer:
        return facts  # the tables may not be there
    row = connection.execute("SELECT recorded_at - clock_timestamp() FROM log_head").fetchone()
    assert row is not None
    return msgspec.structs.replace(
        facts,
        behind=row[0],
        views=progress.every(connection),
        leader=following.leader(connection),
        tree=_of_tree(connection, chosen),
        webhooks=webhooks.every(connection),
    )


def _of_tree(connection: Database, chosen: Settings) -> TreeFacts:
    reach, kept = stored.reach(connection), stored.latest(connection)
    refusal: str | None = None
    try:
        keys = signing.keys_of(chosen, reach.log_id, make=False)
        if keys is not None:  # else they are where the service is, or are not made yet
            refusal = signing.contradiction(connection, reach, signing.signed_before(keys, kept))
    except (CannotSign, UnusableKey) as error:
        refusal = str(error)
    return TreeFacts(reach.head, reach.size, kept.size if kept else 0, refusal)


def _newer(connection: Database) -> str | None:
    exists = connection.execute("SELECT to_regclass('migration') IS NOT NULL").fetchone()
    if not exists or not exists[0]:
        return None
    ours = {one.number for one in known()}
    rows = connection.execute("SELECT number FROM migration ORDER BY number").fetchall()
    strange = [f"{number:04}" for (number,) in rows if number not in ours]
    return f"the database has {', '.join(strange)}, which this program does not know" if strange else None


def _shown(chosen: Settings) -> dict[str, str]:
    return {f"{PREFIX}{name.upper()}": hidden(name, value) for name, value in chosen.model_dump().items()}


def hidden(name: str, value: Any) -> str:
    """A setting's value as it may be shown: secrets, and passwords in addresses, are not.

    >>> hidden("database_url", "postgresql://me:hush@db/timeline")
    'dbname=timeline host=db password=*** user=me'
    """
    if value is None:
        return "(not set)"
    if name.lower().endswith("database_url"):
        return _without_password(str(value))
    if name.lower().endswith("replica_urls"):
        return ", ".join(_without_password(one) for one in listed(str(value)))
    if any(word in name.lower() for word in _SECRET) and not isinstance(value, bool):
        return "***"
    return hushed(str(value))


def _without_password(conninfo: str) -> str:
    try:
        parts = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        return "(cannot be read)"
    if not str(parts.get("port", "0")).replace(",", "").isdigit() or "@" in str(parts.get("dbname", "")):
        return "(taken apart wrongly: signs such as / @ : in a password are written as %2F %40 %3A)"
    return " ".join(f"{key}={'***' if 'password' in key else value}" for key, value in sorted(parts.items()))


def _free(chosen: Settings) -> tuple[Path, int, int] | None:
    """Free and total bytes of the disk that the embedded server writes to; None for a server of one's own."""
    if chosen.database_url:
        return None
    there = next(path for path in (chosen.home, *chosen.home.absolute().parents) if path.exists())
    usage = shutil.disk_usage(there)
    return chosen.home, usage.free, usage.total

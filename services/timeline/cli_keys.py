"""`timeline keys`: makes, lists and revokes keys of access. Whoever can reach the database may do that."""

import contextlib
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from psycopg import Connection
from psycopg.rows import TupleRow
from rich.markup import escape
from rich.table import Table

from events.times import rfc3339
from services.timeline import access, console, keys, typed
from services.timeline.access import Role
from services.timeline.composition import connect, database
from services.timeline.migrate import migrate
from services.timeline.settings import settings

app = typer.Typer(no_args_is_help=True, help="Keys of access to the service.")

_LASTING = re.compile(r"(\d{1,5})([hdw])\Z")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Who will use it; the log says `key:NAME` beside what they record.")],
    role: Annotated[list[str], typer.Option(help=f"{', '.join(access.ROLES)}; may be given several times.")],
    expires: Annotated[str | None, typer.Option(help="90d, 12h, 4w, a date, or a moment. Default: never.")] = None,
) -> None:
    """Make a key. It is shown this once, alone on standard output, and kept nowhere."""
    roles = _roles(role)
    expires_at = _expiry(expires)
    with _database() as connection:
        secret, key = keys.add(connection, name, roles, expires_at)
    until = f"until {rfc3339(key.expires_at)}" if key.expires_at else "until it is revoked"
    console.note(f"key {key.key_id} of {name} ({access.listed(roles)}), {until}; it is not shown again:")
    sys.stdout.write(secret + "\n")


@app.command("list")
def list_() -> None:
    """Every key that was ever made, without the key: only its hash is kept."""
    with _database() as connection:
        found = keys.every(connection)
    now = datetime.now(UTC)
    table = Table("id", "name", "roles", "made", "expires", "last used", "state", box=None, header_style="dim")
    for key in found:
        expires = rfc3339(key.expires_at) if key.expires_at else "never"
        used = key.last_used.isoformat() if key.last_used else "never"
        cells = (key.key_id, key.name, access.listed(key.roles), f"{key.created_at:%Y-%m-%d}", expires, used)
        table.add_row(*(escape(cell) for cell in cells), _state(key, now))
    if found:
        console.out.print(table)
    else:
        console.note("no key was made yet; `timeline keys add NAME --role ROLE` makes one")


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="As `timeline keys list` shows it.")]) -> None:
    """Revoke a key for good; a running service notices within a few seconds."""
    with _database() as connection:
        key, now = keys.revoke(connection, key_id)
    assert key.revoked_at is not None
    console.say(f"key {key.key_id} of {key.name} {'is' if now else 'was'} revoked ({rfc3339(key.revoked_at)})")


@contextlib.contextmanager
def _database() -> Iterator[Connection[TupleRow]]:
    with database(settings()) as conninfo, connect(conninfo) as connection:
        migrate(connection)
        yield connection


def _roles(said: list[str]) -> frozenset[Role]:
    for one in said:
        if one not in access.ROLES:
            raise typed.Unusable(f"--role {one!r}: one of {', '.join(access.ROLES)}")
    return access.known_roles(said)


def _expiry(text: str | None) -> datetime | None:
    lasting = _LASTING.match(text or "")
    if lasting is None:
        return typed.moment("--expires", text, "UTC")
    return datetime.now(UTC) + timedelta(**{_UNITS[lasting[2]]: int(lasting[1])})


def _state(key: keys.Key, now: datetime) -> str:
    if key.revoked_at is not None:
        return "[red]revoked[/red]"
    return "[green]live[/green]" if key.live(now) else "[yellow]expired[/yellow]"

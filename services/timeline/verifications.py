"""The last verification of each view: asked for, done, and what it found."""

from datetime import datetime
from typing import NamedTuple

from projections import views
from projections.verifying import Verified
from projections.views import Database, View


class Verification(NamedTuple):
    """The last verification of a view.

    Attributes:
        finished_at: None while it waits or is under way.
        position: Up to where the log was folded again.
        digest: Of the view as it stood there.
        differing: What differs; empty where the view is what the log says.
        error: Why it could not be done.
    """

    view_id: int
    asked_at: datetime
    finished_at: datetime | None
    position: int | None
    digest: bytes | None
    differing: list[str] | None
    error: str | None


_COLUMNS = ", ".join(Verification._fields)


def ask(connection: Database, view: View) -> None:
    """Ask for a verification; one that waits already is the same."""
    connection.execute(
        "INSERT INTO verification (view_id) VALUES (%s::int) ON CONFLICT (view_id) DO UPDATE SET "
        "asked_at = clock_timestamp(), finished_at = NULL, position = NULL, digest = NULL, differing = NULL, error = NULL "
        "WHERE verification.finished_at IS NOT NULL",
        [view.view_id],
    )


def last(connection: Database, view: View) -> Verification | None:
    """The last verification of a view; None where nobody has asked for one."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM verification WHERE view_id = %s::int", [view.view_id]).fetchone()
    return Verification(*row) if row else None


def waiting(connection: Database) -> list[View]:
    """The views whose verification waits."""
    rows = connection.execute(
        "SELECT view_id::text FROM verification WHERE finished_at IS NULL ORDER BY asked_at"
    ).fetchall()
    return [views.find(connection, name) for (name,) in rows]


def finish(connection: Database, view: View, found: Verified) -> None:
    """Write down what came of it."""
    connection.execute(
        "UPDATE verification SET finished_at = clock_timestamp(), position = %s, digest = %b, differing = %s::text[] "
        "WHERE view_id = %s::int",
        [found.position, found.digest, found.differing, view.view_id],
    )


def fail(connection: Database, view: View, error: str) -> None:
    """Write down why it could not be done."""
    connection.execute(
        "UPDATE verification SET finished_at = clock_timestamp(), error = %s WHERE view_id = %s::int",
        [error, view.view_id],
    )

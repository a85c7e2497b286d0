"""A read that a standby could not answer is asked again, of the primary, before anybody hears of it.

That is what a standby lacks (it is a moment behind) and what went wrong there (it was cut off, restarted or promoted, or had
to throw a question out since replication went on). A stream that has begun breaks off instead; its reader comes back.
"""

from collections.abc import Callable
from typing import Any, Final

import psycopg
from fastapi import Request, Response
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from projections.views import BeingBuilt, UnknownView
from services.timeline.asked import NotYet
from services.timeline.audit.tree import NotInTree, NotYetInTree
from services.timeline.composition import Timeline
from services.timeline.reader import NotRegistered
from services.timeline.replicas.standby import Standby

#: What may be so on a standby and not on the primary.
_BEHIND: Final = (NotYet, BeingBuilt, UnknownView, NotRegistered, NotInTree, NotYetInTree)

Handler = Callable[[Request, Any], Response]


class FromPrimary(Response):
    """The same request once more, with the primary to answer it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] |= {"standby": None, "again": True}
        await scope["route"].app(scope, receive, send)


def or_again(handler: Handler) -> Handler:
    """A handler of errors that asks again where a standby was asked, and the primary may know better."""

    def handled(request: Request, error: Any) -> Response:
        standby: Standby | None = getattr(request.state, "standby", None)
        if standby is None or not _worth_it(error):
            return handler(request, error)
        if isinstance(error, psycopg.OperationalError | PoolTimeout) and not _conflict(error):
            whole: Timeline = request.app.state.timeline
            if whole.replicas is not None:
                whole.replicas.failed(standby, error)
        return FromPrimary()

    return handled


def _worth_it(error: Any) -> bool:
    """Whether the primary may answer: not where a question is too long for either."""
    if isinstance(error, psycopg.errors.QueryCanceled):
        return False
    if isinstance(error, HTTPException):
        return error.status_code == 404
    return isinstance(error, (psycopg.OperationalError, PoolTimeout, *_BEHIND))


def _conflict(error: Exception) -> bool:
    """Replication threw one question out, and the standby is well."""
    return isinstance(error, psycopg.errors.SerializationFailure)

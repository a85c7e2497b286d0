"""The checkpoint that a command hands out: over everything that is in the log now."""

import time
from typing import Any, Final

from psycopg import Connection

from services.timeline import console, typed
from services.timeline.audit import integrator, signing, stored
from services.timeline.audit.integrating import took_lock
from services.timeline.audit.signing import CannotSign
from services.timeline.audit.stored import Kept
from services.timeline.settings import Settings

#: Where a service keeps the tree, its checkpoint over what is in the log now is waited for so many seconds.
PATIENCE: Final = 15.0


def newest_checkpoint(connection: Connection[Any], chosen: Settings) -> Kept:
    """The newest checkpoint, over everything that is in the log; it is signed here where no service does that.

    Raises:
        Unusable: the log is empty.
        CannotSign: it must not be signed, or the service that keeps the tree signs nothing new.
    """
    head = stored.reach(connection).head
    until = time.monotonic() + PATIENCE
    while True:
        if took_lock(connection):
            with console.progress("hashing", head) as advance:
                integrator.integrate(connection, on_progress=advance)
            signing.sign(connection, chosen, int(time.time()))
        kept = stored.latest(connection)
        if kept is not None and kept.size >= head:
            return kept
        if head == 0:
            raise typed.Unusable("the log is empty: there is nothing to sign yet")
        if time.monotonic() > until:
            raise CannotSign("the service that keeps the tree has signed nothing new; see `timeline doctor`")
        time.sleep(0.2)

"""Developments just recorded that look like others, so that those may be corroborated or merged instead.

Looked for once the events are durable and outside the lock, so it delays nobody but whoever asked. The view `current`
is asked, which lags behind the log by some milliseconds: what somebody else records in the same moment may be missed;
what stands in the same request is compared with the rest of it in memory.
"""

from collections import deque
from collections.abc import Sequence
from itertools import chain, islice
from typing import Final
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from events.developments import DevelopmentMerged, DevelopmentReported, DevelopmentVoided
from events.log import Pool
from events.records import Event
from events.warnings import Candidate, Warned
from projections import views
from projections.look_alikes import MOST, look_alikes

logger = structlog.get_logger(__name__)

#: Of one place and kind the last so many of the same request are compared.
LAST: Final = 20


class LookAlikes:
    """Compares the developments of one request, handed in part by part, with what is held and with each other."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._said: dict[tuple[str, str], deque[DevelopmentReported]] = {}
        self._gone: set[UUID] = set()

    def found(self, events: Sequence[Event]) -> dict[UUID, Warned]:
        """A warning for each development among these events, just recorded, that looks like others."""
        reports = [one for one in events if isinstance(one, DevelopmentReported)]
        self._gone |= {one.development_id for one in events if isinstance(one, DevelopmentVoided | DevelopmentMerged)}
        held = self._held(reports) if reports else {}
        warnings = {}
        for one in reports:
            here = {each.development_id: each for each in chain(held.get(one.development_id, ()), self._said_like(one))}
            if alike := tuple(islice((each for each in here.values() if each.development_id not in self._gone), MOST)):
                warnings[one.development_id] = _warned(one, alike)
        return warnings

    def forget(self) -> None:
        """What was handed in so far is folded by now, and found in the view."""
        self._said.clear()
        self._gone.clear()

    def _held(self, reports: Sequence[DevelopmentReported]) -> dict[UUID, list[Candidate]]:
        try:
            with self._pool.connection() as connection:
                return look_alikes(connection, views.find(connection, "current"), reports)
        except (psycopg.Error, PoolTimeout) as error:  # the events stand: they are answered for, without this hint
            logger.warning("could not look for look-alikes", error=str(error))
            return {}

    def _said_like(self, one: DevelopmentReported) -> list[Candidate]:
        said = self._said.setdefault((one.location_id, one.kind), deque(maxlen=LAST))
        alike = [
            Candidate(
                each.development_id, None, each.occurred.start, each.occurred.end, tuple(sorted(set(each.report.chain)))
            )
            for each in said
            if each.occurred.overlaps(one.occurred)
        ]
        said.append(one)
        return alike


def _warned(one: DevelopmentReported, alike: tuple[Candidate, ...]) -> Warned:
    many = (
        "a development is held already that looks"
        if len(alike) == 1
        else f"{len(alike)} developments are held already that look"
        if len(alike) < MOST
        else "developments are held already that look"
    )
    message = (
        f"{many} the same ({one.kind} at {one.location_id}, in a period that overlaps): "
        "if it is the same, corroborate that one, or merge this one into it"
    )
    return Warned("looks_alike", "development_id", message, alike)

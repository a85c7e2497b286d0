"""One view's atlas as a process keeps it: a mapped base, what changed since on live boards, brought up with the view."""

from collections.abc import Callable, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Final

import numpy as np
import structlog
from psycopg import Connection
from psycopg.rows import TupleRow

from projections import setting_aside, touched_places, views
from projections.catalogue import Catalogue
from projections.claims import ClaimVersion
from projections.stored_claims import every_version
from projections.touched_places import TouchedPlace
from projections.views import View
from services.timeline.atlas import base
from services.timeline.atlas.base import Base
from services.timeline.atlas.draft import upto
from services.timeline.atlas.drawing import SUFFIX, event_at, one_state, reading_line
from services.timeline.atlas.file import Damaged
from services.timeline.atlas.fragments import SHAPE
from services.timeline.atlas.live import Live
from services.timeline.atlas.picture import Atlas
from services.timeline.atlas.places import Places

logger = structlog.get_logger(__name__)

#: With more rows than this beside it, and than a tenth of the base, an atlas is drawn anew.
MOST_BESIDE: Final = 100_000

#: The same for places that were touched, or registered, since.
MOST_PLACES_BESIDE: Final = 1_000

#: With so many times as much it is not followed any more, until it is drawn anew.
TOO_MUCH: Final = 5.0

Catalogues = Callable[[int], Catalogue]


def found(
    connection: Connection[TupleRow],
    folder: Path,
    view: View,
    passed_over: set[tuple[str, int]],
    held: Base | None = None,
) -> Base | None:
    """The newest file that is of this view as it stands, or stood; None where there is none.

    Args:
        passed_over: Files looked at before and not used; added to here.
        held: The one that is mapped already: none but a newer one will do.
    """
    newest = sorted(
        folder.glob(f"{view.view_id}-*{SUFFIX}"), key=lambda path: int(path.name.split("-")[1]), reverse=True
    )
    span = touched_places.span(connection, view)
    for path in newest:
        mark = (path.name, _written_at(path))
        if mark in passed_over or (held is not None and held.file.path == path):
            continue
        try:
            opened = base.opened(path)
        except FileNotFoundError:  # somebody has drawn a newer one
            continue
        except (OSError, Damaged) as error:
            logger.warning("an atlas cannot be used", path=str(path), error=str(error))
            passed_over.add(mark)
            continue
        one = opened.identity
        ours = (one.view, one.reading, one.revision, one.shape) == (
            view.view_id,
            reading_line(view),
            span.revision,
            SHAPE,
        )
        newer = held is None or (one.revision, one.position) > (held.identity.revision, held.identity.position)
        if ours and newer and one.position > view.position:
            continue  # of the primary, and we read a standby, which will come to it
        if ours and newer and one.event_id == event_at(connection, one.position):
            return opened
        passed_over.add(mark)
    return None


def _written_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


class Kept:
    """Brings an atlas up with its view.

    Attributes:
        atlas: The newest one; it answers what it may while the next one is made.
        outdated: It is to be drawn anew: too much stands beside its file, or what changed since cannot be told.
    """

    def __init__(self, base: Base, catalogues: Catalogues) -> None:
        self.base = base
        self._catalogues = catalogues
        self._live = Live(base)
        self._position = base.identity.position
        self._places = Places(self._live.places, catalogues(self._position))
        self.outdated = False
        self.atlas = self._published()

    @property
    def crowd(self) -> float:
        """How much stands beside the base: with more than 1 it is to be drawn anew."""
        live, places = self._live, len(self.base.places)
        return max(
            live.many / max(MOST_BESIDE, self.base.rectangles // 10),
            live.touched / max(MOST_PLACES_BESIDE, places // 10),
            (len(live.places) - places) / max(MOST_PLACES_BESIDE, places // 10),
        )

    def follow(self, connection: Connection[TupleRow], view_id: int) -> None:
        """Take in what changed up to where the view stands, as far as that can be told."""
        if self._places.is_outdated:
            self.atlas = self._published()
        with one_state(connection):
            view = views.find(connection, str(view_id))
            span = touched_places.span(connection, view)
            told = span.revision == self.base.identity.revision and span.begins <= self._position <= span.ends
            self.outdated = not told or span.ends != view.position or self.crowd > 1
            mixed = span.mixed and view.reading.clock == "reported"
            waits = mixed or bool(setting_aside.listed(connection, view, 1))
            behind = self._position < view.position == span.ends
            if not (told and behind) or waits or self.crowd > TOO_MUCH:
                return
            self._take_in(connection, view, touched_places.since(connection, view, self._position))
        self._position = view.position
        self.atlas = self._published()

    def _take_in(self, connection: Connection[TupleRow], view: View, touched: Sequence[TouchedPlace]) -> None:
        places = {
            location_id: list(here) for location_id, here in groupby(sorted(touched), key=attrgetter("location_id"))
        }
        since = {location_id: min(one.known for one in here) for location_id, here in places.items()}
        whole = [location_id for location_id, known in since.items() if self._live.needs_all(location_id, known)]
        every = _by_place(_as_stands(view, every_version(connection, view, whole))) if whole else {}
        developments = {one.development_id for one in touched if one.location_id not in whole}
        changed = _by_place(_as_stands(view, views.versions_of(connection, view, developments)))
        for location_id, known in since.items():
            self._live.touch(location_id, known, changed.get(location_id, []), every.get(location_id, []))

    def _published(self) -> Atlas:
        catalogue = self._catalogues(self._position)
        if catalogue.locations_told != self._places.told:
            for location_id in catalogue.location_ids(self._position):
                self._live.number(location_id)
        live = self._live
        grown = catalogue.locations_told != self._places.told or len(live.places) != len(self._places.number)
        if grown or self._places.is_outdated:
            self._places = Places(list(live.places), catalogue)
        return Atlas(
            base=self.base,
            position=self._position,
            revision=self.base.identity.revision,
            control=live.published("control"),
            access=live.published("access"),
            beside=live.fragments,
            unknown=np.array(live.unknown, np.int32),
            places=self._places,
            left_out={number: live.places[number] for number in live.left_out},
        )


def _as_stands(view: View, versions: Sequence[ClaimVersion] | set[ClaimVersion]) -> list[ClaimVersion]:
    """On the recorded clock the parts of a regrading are in the table before the view stands there."""
    return upto(versions, view.position) if view.reading.clock == "recorded" else list(versions)


def _by_place(versions: Sequence[ClaimVersion]) -> dict[str, list[ClaimVersion]]:
    by_place: dict[str, list[ClaimVersion]] = {}
    for one in versions:
        by_place.setdefault(one.location_id, []).append(one)
    return by_place

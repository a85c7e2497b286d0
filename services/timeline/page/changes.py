"""What changed in the belief maps of a view since somebody fetched them: only the places that were touched, and new ones."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from projections import touched_places
from projections.catalogue import Catalogue
from services.timeline.asked import Asked, CannotAsk
from services.timeline.page.columns import Answers, Whole
from services.timeline.page.drawing import folded
from services.timeline.page.held import State, one_state_of, state_of
from services.timeline.reader import Reader

#: Where more of all places changed than one in so many, and more than `FEW`, the whole is told.
SHARE: Final = 8
FEW: Final = 500

_MARK: Final = re.compile(r"(\d{1,9})-(\d{1,18})-(\d{1,18})-(0|[0-9a-f]{12})")


class Changed(NamedTuple):
    """The belief maps of some places, whole as they are now; all others are as they were at `since`."""

    state: State
    since: int
    places: Sequence[str]
    answers: Answers
    rows: Whole


def changed(reader: Reader, asked: Asked, catalogue: Catalogue, since: str) -> Changed | None:
    """The places that changed since a mark; None where the whole has to be told.

    That is where the mark is of another view, another log, or too old; where something that was set aside is folded now,
    or a source is being graded anew; and where so much changed that the whole is no more.

    Raises:
        CannotAsk: no mark of ours.
    """
    mark = _MARK.fullmatch(since)
    if mark is None:
        raise CannotAsk("since", since, "a mark as it came with an earlier answer, in its header Timeline-Mark")
    position = int(mark[3])
    if asked.as_of is not None or position > asked.known_position:
        return None
    with one_state_of(asked) as (now, span):
        told = span.begins <= position and span.ends == now.view.position
        if not told or (span.mixed and now.view.reading.clock == "reported"):
            return None
        if state_of(now, span, position).mark != since:
            return None
        touched = {one.location_id for one in touched_places.since(now.connection, now.view, position)}
        locations = catalogue.location_ids(now.known_position)
        places = [one for one in locations if one in touched or (catalogue.registered(one) or 0) > position]
        if len(places) > max(FEW, len(locations) // SHARE):
            return None
        answers = Answers()
        return Changed(state_of(asked, span), position, places, answers, folded(reader, now, places, answers))

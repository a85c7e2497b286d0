"""What the page draws from: its places, and the belief maps of all of them, once for every step of a reader's hand."""

import gzip
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import msgspec
import structlog
from fastapi import APIRouter, Query, Request, Response

from events.vocabulary import CREDIBILITY_WORDS, KINDS
from projections import views
from services.timeline import wire
from services.timeline.api import rendering
from services.timeline.api.asking import Opened, ViewName
from services.timeline.api.documents import document, document_text
from services.timeline.asked import Asked
from services.timeline.composition import Timeline
from services.timeline.page import columns
from services.timeline.page.packing import packed, takes_gzip
from services.timeline.page.places import places
from services.timeline.wire_page import CaptionedMoment, CaptionedMoments, KindOut, MapPlaces, Vocabulary

logger = structlog.get_logger(__name__)

router = APIRouter(tags=["Page"])

#: Later than anything that may be published: a belief map tells all that is known, and from when it was.
_ALL = datetime(9999, 1, 1, tzinfo=UTC)

Position = Annotated[
    int | None, Query(ge=0, le=2**62, description="As the log was at this position; default all that is folded.")
]


class Packed:
    """The last few answers, packed: drawn once for all who look at the same state of a view."""

    def __init__(self, room: int = 4) -> None:
        self._room = room
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._redacted = 0
        self._drawing = threading.Lock()

    def of(self, tag: str, redacted: int, draw: Callable[[], bytes]) -> bytes:
        """What is held under a tag, drawn where it is not; one at a time. After a redaction nothing from before is held."""
        with self._drawing:
            if redacted > self._redacted:
                self._redacted = redacted
                self._held.clear()
            if tag not in self._held:
                self._held[tag] = packed(draw(), 5)
                while len(self._held) > self._room:
                    self._held.popitem(last=False)
            self._held.move_to_end(tag)
            return self._held[tag]


@router.get("/v1/map/places", **document(MapPlaces, 404))
def map_places(request: Request, opened: Opened, view: ViewName = "current", position: Position = None) -> Response:
    """Every place and every actor, column by column, as they are called today."""
    with _asked(opened, view, position) as asked:
        catalogue = opened.reader.catalogue(asked.known_position)
        locations = catalogue.location_ids(asked.known_position)
        today = replace(asked, at=datetime.now(UTC))
        draw = partial(places, catalogue, today, locations)
        return _answer(request, asked, rendering.JSON, lambda: wire.encode(draw()), text=True)


@router.get("/v1/map/beliefs", **document_text(columns.MEDIA_TYPE, 404, binary=True))
def map_beliefs(request: Request, opened: Opened, view: ViewName = "current", position: Position = None) -> Response:
    """The belief maps of all places as columns of numbers: both axes whole, to be asked at any moment without another request.

    The bytes are told in `services/timeline/page/columns.py`; `/v1/beliefs` has the same as Arrow, CSV and NDJSON.
    """
    with _asked(opened, view, position) as asked:
        locations = opened.reader.catalogue(asked.known_position).location_ids(asked.known_position)
        draw = partial(columns.beliefs, opened.reader, asked, locations)
        return _answer(request, asked, columns.MEDIA_TYPE, draw)


@router.get("/v1/vocabulary", **document(Vocabulary))
def vocabulary(request: Request) -> Response:
    """The kinds of developments with their roles, and the scale of credibility: what a desk chooses from."""
    kinds = tuple(
        KindOut(name, one.facet, tuple(one.roles), {str(role): least for role, least in one.required.items()})
        for name, one in KINDS.items()
    )
    words = {str(grade): said for grade, said in CREDIBILITY_WORDS.items()}
    return rendering.answer(request, None, wire.encode(Vocabulary(kinds, words)))


@router.get("/v1/map/moments", **document(CaptionedMoments))
def map_moments(request: Request, opened: Opened) -> Response:
    """The captioned moments that the operator links to: caption, place, both times, view."""
    path = opened.settings.moments
    try:
        found = msgspec.json.decode(path.read_bytes(), type=tuple[CaptionedMoment, ...]) if path is not None else ()
    except (OSError, msgspec.DecodeError) as error:
        logger.warning("the captioned moments of the page cannot be read", file=str(path), error=str(error))
        found = ()
    return rendering.answer(request, None, wire.encode(CaptionedMoments(found)))


@contextmanager
def _asked(opened: Timeline, view: str, position: int | None) -> Iterator[Asked]:
    """A view with everything that is known in it; on the recorded clock a position is a known time already."""
    with opened.reader.asking(view) as newest:
        recorded = newest.view.reading.clock == "recorded"
    known_at = None if recorded and position is not None else _ALL
    with opened.reader.asking(view, at=_ALL, known_at=known_at, known_position=position) as asked:
        yield replace(asked, pinned=asked.known_pinned)


def _answer(
    request: Request, asked: Asked, media_type: str, draw: Callable[[], bytes], *, text: bool = False
) -> Response:
    recorded = views.recorded_times(asked.connection, {asked.known_position})
    tag = rendering.coordinates_tag(asked, media_type, str(asked.view.view_id), asked.set_aside, recorded)
    if rendering.has_already(request, tag):
        return rendering.answer(request, asked, b"", media_type, tag, text=text)
    held: Packed = request.app.state.packed
    data, headers = held.of(tag, asked.redacted, draw), {"Vary": "Accept-Encoding"}
    if takes_gzip(request.headers.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
    else:
        data = gzip.decompress(data)
    response = rendering.answer(request, asked, data, media_type, tag, text=text)
    response.headers.update(headers)
    return response

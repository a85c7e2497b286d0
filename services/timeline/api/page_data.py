"""What the page draws from: its places, and the belief maps of all of them, once for every step of a reader's hand."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Final, get_args

import msgspec
import structlog
from fastapi import APIRouter, Query, Request, Response

from events.vocabulary import (
    CREDIBILITY_WORDS,
    KINDS,
    RELIABILITY_WORDS,
    EvidenceKind,
    Precision,
    Relation,
    SourceKind,
    Verified,
)
from projections import views
from services.timeline import wire
from services.timeline.api import rendering
from services.timeline.api.asking import Primary, ViewName
from services.timeline.api.documents import document, document_text
from services.timeline.asked import Asked
from services.timeline.composition import Timeline
from services.timeline.page import columns
from services.timeline.page.changes import changed
from services.timeline.page.furnishing import Furnishing
from services.timeline.page.held import Held, State, one_state_of, state_of
from services.timeline.page.histograms import Histograms
from services.timeline.page.packed import Packed
from services.timeline.page.packing import takes_gzip
from services.timeline.page.places import places
from services.timeline.wire_page import (
    CaptionedMoment,
    CaptionedMoments,
    KindOut,
    MapHistograms,
    MapLook,
    MapPlaces,
    Vocabulary,
)

logger = structlog.get_logger(__name__)

router = APIRouter(tags=["Page"])

#: Later than anything that may be published: a belief map tells all that is known, and from when it was.
_ALL = datetime(9999, 1, 1, tzinfo=UTC)

Position = Annotated[
    int | None, Query(ge=0, le=2**62, description="As the log was at this position; default all that is folded.")
]


Since = Annotated[
    str | None,
    Query(
        max_length=64,
        description="Only what changed since an answer with this header `Timeline-Mark`; the whole where that cannot be told.",
    ),
]
SincePosition = Annotated[
    int | None,
    Query(ge=0, le=2**62, description="Only what was told of after this position."),
]
Ready = Annotated[
    bool,
    Query(
        description="What lies packed will do, some events behind: whoever says so asks what changed `since` its mark."
    ),
]

#: What lies packed will do, for who says so, while it is behind by no more events than these.
READY_BEHIND: Final = 2_000


@router.get("/v1/map/places", **document(MapPlaces, 404))
def map_places(
    request: Request,
    opened: Primary,
    view: ViewName = "current",
    position: Position = None,
    since: SincePosition = None,
) -> Response:
    """Every place and every actor, column by column, as they are called today; or only those told of since a position."""
    with _asked(opened, view, position) as asked:
        catalogue = opened.reader.catalogue(asked.known_position)
        today = replace(asked, at=datetime.now(UTC))
        told = catalogue.told(today.at, asked.known_position)
        recorded = views.recorded_times(asked.connection, {told.position})
        tag = rendering.tag_of(told, recorded, asked.redacted, since)
        draw = partial(places, catalogue, today, told, since)
        if since is not None:
            return rendering.answer(request, asked, wire.encode(draw()), rendering.JSON, tag, text=True)
        return _answer(request, asked, rendering.JSON, tag, lambda: wire.encode(draw()), text=True)


@router.get("/v1/map/beliefs", **document_text(columns.MEDIA_TYPE, 404, binary=True))
def map_beliefs(
    request: Request,
    opened: Primary,
    view: ViewName = "current",
    position: Position = None,
    since: Since = None,
    ready: Ready = False,
) -> Response:
    """The belief maps of all places as columns of numbers: both axes whole, to be asked at any moment without another request.

    The bytes are told in `services/timeline/page/columns.py`; `/v1/beliefs` has the same as Arrow, CSV and NDJSON. With
    `since`, the belief maps of the places that changed and of new ones, in the order of the header's `places`; all others are
    as they were. An answer without `since` in its header is the whole. `reference` is the last event about a place or an actor:
    where it is later than the `position` of what `/v1/map/places` told, there is more to ask for.
    """
    with _asked(opened, view, position) as asked:
        response = _changes(request, opened, asked, since) if since is not None else None
        return response or _whole_map(request, opened, asked, exactly=position is not None, ready=ready)


def _changes(request: Request, opened: Timeline, asked: Asked, since: str) -> Response | None:
    """The belief maps that changed since a mark; None where the whole has to be told."""
    catalogue = opened.reader.catalogue(asked.known_position)
    found = changed(opened.reader, asked, catalogue, since)
    if found is None:
        return None
    reference = catalogue.told(datetime.now(UTC), asked.known_position).position
    about = {"since": found.since, "places": found.places, "reference": reference, "redacted": asked.redacted}
    header = _header(asked) | about
    data = columns.encoded(header, found.answers.list, found.rows)
    return _marked(rendering.answer(request, asked, data, columns.MEDIA_TYPE), found.state)


def _whole_map(request: Request, opened: Timeline, asked: Asked, *, exactly: bool, ready: bool) -> Response:
    """All belief maps as they lie packed, or drawn now."""
    shelf: Packed = request.app.state.packed
    held: Held = request.app.state.held
    with one_state_of(asked) as (now, span):
        lies_packed = None if exactly else shelf.ready(now, span, READY_BEHIND if ready else 0)
        state = state_of(asked, span)
    if lies_packed is not None:
        behind = replace(asked, known_position=lies_packed.state.position)
        answer = _packed_answer(request, behind, lies_packed.data, columns.MEDIA_TYPE, lies_packed.tag)
        return _marked(answer, lies_packed.state)
    recorded = views.recorded_times(asked.connection, {asked.known_position})
    tag = rendering.coordinates_tag(asked, columns.MEDIA_TYPE, str(asked.view.view_id), asked.set_aside, recorded)

    def draw() -> bytes:
        locations = opened.reader.catalogue(asked.known_position).location_ids(asked.known_position)
        answers, whole = held.whole(opened.reader, asked, locations)
        return columns.encoded(_header(asked), answers.list, whole)

    newest = None if exactly else state
    return _marked(_answer(request, asked, columns.MEDIA_TYPE, tag, draw, state=newest), state)


def _header(asked: Asked) -> dict[str, Any]:
    return wire.coordinates(asked) | {"view_id": str(asked.view.view_id)}


def _marked(response: Response, state: State) -> Response:
    """With a mark by which what changed since can be asked for."""
    response.headers["Timeline-Mark"] = state.mark
    return response


@router.get("/v1/map/histograms", **document(MapHistograms, 404))
def map_histograms(
    request: Request, opened: Primary, view: ViewName = "current", position: Position = None
) -> Response:
    """How many developments occurred when, and how many events became known when: columns of numbers and counts."""
    with _asked(opened, view, position) as asked:
        histograms: Histograms = request.app.state.histograms
        recorded = views.recorded_times(asked.connection, {asked.known_position})
        what = ("histograms", str(asked.view.view_id), recorded)
        tag = rendering.coordinates_tag(asked, *what)
        return _answer(request, asked, rendering.JSON, tag, lambda: wire.encode(histograms.of(asked)), text=True)


@router.get("/v1/vocabulary", **document(Vocabulary))
def vocabulary(request: Request) -> Response:
    """The kinds of developments with their roles, both scales, and the closed lists: what a desk chooses from."""
    kinds = tuple(
        KindOut(name, one.facet, one.roles, {str(role): least for role, least in one.required.items()}, one.any_of)
        for name, one in KINDS.items()
    )
    words = Vocabulary(
        kinds=kinds,
        credibility={str(grade): said for grade, said in CREDIBILITY_WORDS.items()},
        reliability={str(grade): said for grade, said in RELIABILITY_WORDS.items()},
        source_kinds=get_args(SourceKind),
        evidence_kinds=get_args(EvidenceKind),
        verified=get_args(Verified),
        precisions=get_args(Precision),
        relations=get_args(Relation),
    )
    return rendering.answer(request, None, wire.encode(words))


@router.get("/v1/map/moments", **document(CaptionedMoments))
def map_moments(request: Request, opened: Primary) -> Response:
    """The captioned moments that the operator links to: caption, place, both times, view."""
    path = opened.settings.moments
    try:
        found = msgspec.json.decode(path.read_bytes(), type=tuple[CaptionedMoment, ...]) if path is not None else ()
    except (OSError, msgspec.DecodeError) as error:
        logger.warning("the captioned moments of the page cannot be read", file=str(path), error=str(error))
        found = ()
    return rendering.answer(request, None, wire.encode(CaptionedMoments(found)))


@router.get("/v1/map/look", **document(MapLook))
def map_look(request: Request) -> Response:
    """How the operator wants the map drawn: colours and initials of actors, and whom a basemap of theirs credits."""
    furnishing: Furnishing = request.app.state.furnishing
    return rendering.answer(request, None, wire.encode(furnishing.look))


@router.get("/v1/map/basemap", **document_text(rendering.JSON))
def map_basemap(request: Request) -> Response:
    """Land and borders: the operator's basemap as its file has it, or the page's own (`static/vendor/basemap.json`)."""
    furnishing: Furnishing = request.app.state.furnishing
    return _packed_answer(request, None, furnishing.basemap, rendering.JSON, rendering.tag_of(furnishing.basemap))


@contextmanager
def _asked(opened: Timeline, view: str, position: int | None) -> Iterator[Asked]:
    """A view with everything that is known in it; on the recorded clock a position is a known time already."""
    with opened.reader.asking(view) as newest:
        recorded = newest.view.reading.clock == "recorded"
    known_at = None if recorded and position is not None else _ALL
    with opened.reader.asking(view, at=_ALL, known_at=known_at, known_position=position) as asked:
        yield replace(asked, pinned=asked.known_pinned)


def _answer(
    request: Request,
    asked: Asked,
    media_type: str,
    tag: str,
    draw: Callable[[], bytes],
    *,
    text: bool = False,
    state: State | None = None,
) -> Response:
    """What lies packed, or is drawn and packed now."""
    if rendering.has_already(request, tag):
        return rendering.answer(request, asked, b"", media_type, tag, text=text)
    shelf: Packed = request.app.state.packed
    data = shelf.of(tag, asked.redacted, draw, state)
    return _packed_answer(request, asked, data, media_type, tag, text=text)


def _packed_answer(
    request: Request, asked: Asked | None, data: bytes, media_type: str, tag: str, *, text: bool = False
) -> Response:
    headers = {"Vary": "Accept-Encoding"}
    if takes_gzip(request.headers.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
    else:
        data = gzip.decompress(data)
    response = rendering.answer(request, asked, data, media_type, tag, text=text)
    response.headers.update(headers)
    return response

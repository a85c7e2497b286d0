"""Routes about all places in bulk: their stretches, their belief maps, as columns for programs that calculate."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from typing import Annotated

from anyio import CancelScope
from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from events.vocabulary import Facet
from services.timeline import bulk
from services.timeline.api import rendering
from services.timeline.api.asking import Box, Opened, Question, Wanted, Within
from services.timeline.api.documents import table
from services.timeline.api.problems import problem
from services.timeline.bulk import Told
from services.timeline.composition import Timeline
from services.timeline.selection import Selection, box, located
from services.timeline.sheets import XLSX

router = APIRouter(tags=["Status"])

#: The formats, with their media types; the first is the default.
FORMATS = {
    "ndjson": rendering.NDJSON,
    "csv": rendering.FORMATS["csv"],
    "arrow": "application/vnd.apache.arrow.stream",
    "xlsx": XLSX,
}

#: So many are told at once by a process: each holds a connection, and a state of the tables, until its reader has it all.
AT_ONCE = 3

_places = threading.BoundedSemaphore(AT_ONCE)

OfFacet = Annotated[Facet, Query(description="Which facet of the status.")]
Format = Annotated[str | None, Query(max_length=10, description="arrow, csv, ndjson or xlsx, instead of Accept.")]


@router.get("/v1/stretches", **table(FORMATS.values(), 404))
def every_stretch(
    request: Request,
    opened: Opened,
    question: Question,
    within: Within = None,
    bbox: Box = None,
    facet: OfFacet = "control",
    f: Format = None,
) -> Response:
    """The stretches of every registered place along the valid axis, as known at one moment: a row each."""
    return _told(request, opened, question, "stretches", Selection(within=within, bbox=box(bbox)), facet, f)


@router.get("/v1/beliefs", **table(FORMATS.values(), 404))
def every_belief(
    request: Request,
    opened: Opened,
    question: Question,
    within: Within = None,
    bbox: Box = None,
    facet: OfFacet = "control",
    f: Format = None,
) -> Response:
    """The belief maps of every registered place as known at one moment: a row for each rectangle of both axes."""
    return _told(request, opened, question, "beliefs", Selection(within=within, bbox=box(bbox)), facet, f)


def _told(
    request: Request,
    opened: Timeline,
    question: Wanted,
    told: Told,
    choice: Selection,
    facet: Facet,
    f: str | None,
) -> Response:
    form = rendering.wanted_format(request, f, FORMATS)
    if not _places.acquire(blocking=False):
        said = f"{AT_ONCE} answers in bulk are being read already"
        return problem(503, "Too many at once", said, headers={"Retry-After": "5"})
    with ExitStack() as held:
        held.callback(_places.release)
        asked = held.enter_context(question.settled())
        if choice == Selection():  # then the moment in the world does not matter
            asked = replace(asked, pinned=asked.known_pinned)
        locations = located(opened.reader.catalogue(asked.known_position), asked, choice)
        headers = {"Vary": "Accept", "Cache-Control": "no-cache", "Timeline-Position": str(asked.known_position)}
        if asked.pinned:
            at = asked.at if choice != Selection() else None
            tag = rendering.coordinates_tag(asked, told, facet, at, choice, form)
            headers |= {"Cache-Control": rendering.FOR_EVER, "ETag": tag}
            if rendering.has_already(request, tag):
                return Response(status_code=304, headers=headers)
        rows = bulk.rows(opened.reader, asked, told, facet, locations)
        held.callback(rows.close)
        chunks = bulk.WRITERS[form](told, rows) if form != "xlsx" else bulk.xlsx(asked, told, rows)
        first = next(chunks, b"")  # what goes wrong at once is told as a problem; no place, no row
        return _Stream(chain((first,), chunks), FORMATS[form], headers, held.pop_all())
    raise AssertionError  # the stack swallows nothing


class _Stream(StreamingResponse):
    """An answer that holds its connection and its place among the others until it is sent, or nobody listens any more."""

    def __init__(self, chunks: Iterator[bytes], media_type: str, headers: dict[str, str], held: ExitStack) -> None:
        self._held = held
        super().__init__(chunks, media_type=media_type, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await run_in_threadpool(self._held.close)

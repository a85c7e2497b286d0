"""Routes about sources, actors and locations."""

from collections.abc import Sequence
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response
from msgspec import UNSET

from projections.catalogue import Actor, Catalogue, Location, Source
from services.timeline import wire, wire_reference
from services.timeline.api import rendering
from services.timeline.api.asking import Opened, Question
from services.timeline.api.documents import document
from services.timeline.api.paging import linked
from services.timeline.asked import Asked
from services.timeline.reader import NotRegistered

router = APIRouter(tags=["Reference"])

Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many entries.")]
After = Annotated[str | None, Query(max_length=100, description="Go on after this id (`next` of the page before).")]
Id = Annotated[str, Path(max_length=100)]

T = TypeVar("T")


def _page(found: Sequence[T], ids: Sequence[str], after: str | None, limit: int) -> tuple[tuple[T, ...], str | None]:
    """The entries after an id, and the id to go on after where there are more."""
    begin = next((index for index, one in enumerate(ids) if after is None or one > after), len(ids))
    end = begin + limit
    return tuple(found[begin:end]), ids[end - 1] if end < len(ids) else None


@router.get("/v1/sources", **document(wire_reference.SourcePage, 404))
def sources(request: Request, opened: Opened, question: Question, after: After = None, limit: Limit = 1000) -> Response:
    """Every source, graded as known then, ordered by id."""
    with question.settled() as asked:
        found = opened.reader.catalogue(asked.known_position).sources(asked.known_position)
        page, following = _page(found, [one.source_id for one in found], after, limit)
        body = wire_reference.SourcePage(asked.known_position, tuple(map(_source, page)), following)
        return linked(rendering.answer(request, asked, wire.encode(body), text=True), request, after=following)


@router.get("/v1/sources/{source_id}", **document(wire_reference.SourceOut, 404))
def source(request: Request, source_id: Id, opened: Opened, question: Question) -> Response:
    """One source, graded as known then."""
    with question.settled() as asked:
        found = opened.reader.catalogue(asked.known_position).source(source_id, asked.known_position)
        if found is None:
            raise NotRegistered("source", source_id, asked.known_position)
        return rendering.answer(request, asked, wire.encode(_source(found)), text=True)


@router.get("/v1/actors", **document(wire_reference.ActorPage, 404))
def actors(request: Request, opened: Opened, question: Question, after: After = None, limit: Limit = 1000) -> Response:
    """Every actor with its dated names, ordered by id; named as at `at`."""
    with question.settled() as asked:
        catalogue = opened.reader.catalogue(asked.known_position)
        found = catalogue.actors(asked.known_position)
        page, following = _page(found, [one.actor_id for one in found], after, limit)
        said = tuple(_actor(one, catalogue, asked) for one in page)
        body = wire_reference.ActorPage(asked.known_position, said, following)
        return linked(rendering.answer(request, asked, wire.encode(body), text=True), request, after=following)


@router.get("/v1/actors/{actor_id}", **document(wire_reference.ActorOut, 404))
def actor(request: Request, actor_id: Id, opened: Opened, question: Question) -> Response:
    """One actor with its dated names; named as at `at`."""
    with question.settled() as asked:
        catalogue = opened.reader.catalogue(asked.known_position)
        found = catalogue.actor(actor_id, asked.known_position)
        if found is None:
            raise NotRegistered("actor", actor_id, asked.known_position)
        return rendering.answer(request, asked, wire.encode(_actor(found, catalogue, asked)), text=True)


@router.get("/v1/locations", **document(wire_reference.LocationPage, 404))
def locations(
    request: Request,
    opened: Opened,
    question: Question,
    name: Annotated[
        str | None,
        Query(max_length=300, description="Only places of this id, name (any script) or code; case and accents aside."),
    ] = None,
    q: Annotated[
        str | None, Query(max_length=300, description="Only places with this in their id, a name or a code.")
    ] = None,
    after: After = None,
    limit: Limit = 1000,
) -> Response:
    """Every location as it is at `at`, as known then, ordered by id."""
    with question.settled() as asked:
        catalogue = opened.reader.catalogue(asked.known_position)
        ids = catalogue.location_ids(asked.known_position)
        for text, search in ((name, catalogue.search), (q, catalogue.search_part)):
            if text is not None:
                found = {one.location_id for one in search(text, asked.at, asked.known_position)}
                ids = [one for one in ids if one in found]
        page, following = _page(ids, ids, after, limit)
        said = tuple(_location(catalogue, _held(catalogue, asked, one), asked) for one in page)
        body = wire_reference.LocationPage(asked.known_position, said, following)
        return linked(rendering.answer(request, asked, wire.encode(body), text=True), request, after=following)


@router.get("/v1/locations/{location_id}", **document(wire_reference.LocationOut, 404))
def location(request: Request, location_id: Id, opened: Opened, question: Question) -> Response:
    """One location as it is at `at`, as known then."""
    with question.settled() as asked:
        catalogue = opened.reader.catalogue(asked.known_position)
        said = _location(catalogue, _held(catalogue, asked, location_id), asked)
        return rendering.answer(request, asked, wire.encode(said), text=True)


def _held(catalogue: Catalogue, asked: Asked, location_id: str) -> Location:
    found = catalogue.location(location_id, asked.at, asked.known_position)
    if found is None:
        raise NotRegistered("location", location_id, asked.known_position)
    return found


def _source(one: Source) -> wire_reference.SourceOut:
    return wire_reference.SourceOut(
        one.source_id, one.name, one.kind, one.reliability, one.aligned_with, one.url, one.sensitive or UNSET
    )


def _actor(one: Actor, catalogue: Catalogue, asked: Asked) -> wire_reference.ActorOut:
    name = catalogue.actor_name(one.actor_id, asked.at, asked.known_position)
    aliases = tuple(
        wire_reference.AliasOut(was, wire.moment(since), wire.moment(until)) for was, since, until in one.names
    )
    return wire_reference.ActorOut(one.actor_id, name, one.kind, aliases)


def _location(catalogue: Catalogue, one: Location, asked: Asked) -> wire_reference.LocationOut:
    return wire_reference.LocationOut(
        one.location_id,
        one.name,
        one.kind,
        one.parent_id,
        dict(one.geometry) if one.geometry else None,
        dict(one.names),
        dict(one.codes),
        tuple(catalogue.path(one.location_id, asked.at, asked.known_position)),
    )

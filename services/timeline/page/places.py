"""The places and the actors of the map as columns: what does not change while somebody drags."""

from projections.catalogue import Catalogue, Told
from projections.known_things import Actor
from services.timeline import wire
from services.timeline.asked import Asked
from services.timeline.geometry import representative_point
from services.timeline.wire_page import MapActor, MapPlaces


def places(catalogue: Catalogue, asked: Asked, told: Told, since: int | None = None) -> MapPlaces:
    """Every place in its order, column by column, with geometries that are more than a point; every actor as registered.

    Args:
        told: What the reference data rests on by then.
        since: Only what was told of after this position.
    """
    position = asked.known_position
    locations = catalogue.location_ids(position) if since is None else catalogue.locations_told_since(since, position)
    found = [catalogue.location(one, asked.at, position) for one in locations]
    held = [one for one in found if one is not None]
    points = [representative_point(one.geometry) for one in held]
    shapes = {str(at): dict(one.geometry) for at, one in enumerate(held) if one.geometry}
    actors = catalogue.actors_as_registered(position) if since is None or told.actors > since else []
    return MapPlaces(
        position=told.position,
        redacted=asked.redacted,
        since=since,
        ids=tuple(one.location_id for one in held),
        names=tuple(one.name or one.location_id for one in held),
        kinds=tuple(one.kind for one in held),
        parents=tuple(one.parent_id for one in held),
        lon=tuple(point[0] if point else None for point in points),
        lat=tuple(point[1] if point else None for point in points),
        other_names={str(at): tuple(one.names.values()) for at, one in enumerate(held) if one.names},
        codes={str(at): tuple(one.codes.values()) for at, one in enumerate(held) if one.codes},
        shapes={at: shape for at, shape in shapes.items() if shape["type"] != "Point"},
        actors=tuple(_actor(catalogue, one, position) for one in actors),
    )


def _actor(catalogue: Catalogue, one: Actor, position: int) -> MapActor:
    renamed = tuple((name, wire.moment(since)) for name, since in catalogue.renamings(one.actor_id, position))
    return MapActor(one.actor_id, one.name or one.actor_id, one.kind, renamed)

"""What is wrong with an event in itself, whatever the log holds. What is odd but kept: `warnings.py`.

A registry: one small function an event type. Whether ids exist, and what they were amended to, is decided by the
intake under the lock of the append, not here.
"""

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from events.developments import (
    DevelopmentAmended,
    DevelopmentCorroborated,
    DevelopmentDenied,
    DevelopmentMerged,
    DevelopmentReported,
    Participant,
    Report,
)
from events.problems import Problem, shown
from events.records import Event, changed
from events.redaction import EventRedacted
from events.reference import ActorRegistered, Geometry, LocationRegistered, LocationRevised
from events.times import rfc3339
from events.vocabulary import KINDS, ROLES


def problems(event: Event) -> list[Problem]:
    """What is wrong with an event in itself: blank text, unknown kind or role, an empty chain, coordinates off the globe."""
    return [*_blank_text(event), *_CHECKS.get(type(event), _nothing)(event)]


def role_problems(kind_name: str, participants: Sequence[Participant]) -> list[Problem]:
    """What keeps participants from standing in a development of this kind: unknown, foreign, missing or doubled roles."""
    kind = KINDS.get(kind_name)
    if kind is None:
        return [Problem("kind", shown(kind_name), _unknown_kind(kind_name))]
    if _fits(kind_name, tuple([one.role for one in participants])) and len(set(participants)) == len(participants):
        return []
    found = [
        Problem(f"participants[{index}].role", shown(one.role), _foreign_role(one.role, kind_name))
        for index, one in enumerate(participants)
        if one.role not in kind.roles
    ]
    actors_in = Counter(one.role for one in set(participants))
    for role, least in kind.required.items():
        if actors_in[role] < least:
            need = f"needs {'a' if least == 1 else least} {role}{'' if least == 1 else 's'}"
            found.append(Problem("participants", actors_in[role], f"a development of kind {kind_name} {need}"))
    if kind.any_of and not any(actors_in[role] for role in kind.any_of):
        found.append(Problem("participants", 0, f"kind {kind_name} needs a {' or a '.join(kind.any_of)}"))
    for one, times in Counter(participants).items():
        if times > 1:
            said = f"{one.actor_id} stands {times} times as {one.role}"
            found.append(Problem("participants", shown(one.actor_id), said))
    return found


#: Kinds with the roles taken in them, of those that fit; of a few participants there are few ways to.
_FITTING: Final[set[tuple[str, tuple[str, ...]]]] = set()
_FEW: Final = 4


def _fits(kind_name: str, roles: tuple[str, ...]) -> bool:
    """Whether a kind takes these roles, has those that it needs, and may be so filled by participants who all differ.

    Most events are right, and there are few ways to be: asked before anything is counted and put into words.
    """
    if (kind_name, roles) in _FITTING:
        return True
    kind = KINDS[kind_name]
    fits = (
        all(role in kind.roles for role in roles)
        and all(roles.count(role) >= least for role, least in kind.required.items())
        and (not kind.any_of or any(role in roles for role in kind.any_of))
    )
    if fits and len(roles) <= _FEW:
        _FITTING.add((kind_name, roles))
    return fits


def _unknown_kind(name: str) -> str:
    meant = [kind.name for kind in KINDS.values() if name.lower() in kind.synonyms]
    near = meant or difflib.get_close_matches(name, KINDS, n=1)
    guess = f"; did you mean {near[0]}?" if near else ""
    return f"unknown kind of development: one of {', '.join(KINDS)}{guess}"


def _foreign_role(role: str, kind_name: str) -> str:
    if role not in ROLES:
        return f"unknown role: a development of kind {kind_name} takes {', '.join(KINDS[kind_name].roles)}"
    return f"kind {kind_name} has no such role; it takes {', '.join(KINDS[kind_name].roles)}"


def _blank_text(event: Event) -> Iterator[Problem]:
    for name in event.required_text:
        if not getattr(event, name).strip():
            yield Problem(name, getattr(event, name), "is required, and not blank")


def _nothing(_event: Any) -> Iterable[Problem]:
    return ()


def _chain(report: Report) -> Iterator[Problem]:
    if not report.chain:
        yield Problem("report.chain", [], "is empty: name at least the source that published it")


def _reported(event: DevelopmentReported) -> Iterator[Problem]:
    yield from role_problems(event.kind, event.participants)
    yield from _chain(event.report)


def _reporting(event: DevelopmentCorroborated | DevelopmentDenied) -> Iterator[Problem]:
    yield from _chain(event.report)


def _amended(event: DevelopmentAmended) -> Iterator[Problem]:
    changes = changed(event.changes)
    if not changes:
        yield Problem("changes", {}, "names nothing to change")
    if "kind" in changes and changes["kind"] not in KINDS:
        yield Problem("changes.kind", shown(changes["kind"]), _unknown_kind(changes["kind"]))
    if "summary" in changes and not changes["summary"].strip():
        yield Problem("changes.summary", changes["summary"], "is blank")


def _merged(event: DevelopmentMerged) -> Iterator[Problem]:
    if event.into_id == event.development_id:
        yield Problem("into_id", str(event.into_id), "a development cannot be merged into itself")


def _actor(event: ActorRegistered) -> Iterator[Problem]:
    for index, alias in enumerate(event.aliases):
        if not alias.name.strip():
            yield Problem(f"aliases[{index}].name", alias.name, "is required, and not blank")
        if alias.from_ and alias.until and alias.until < alias.from_:
            yield Problem(f"aliases[{index}].until", rfc3339(alias.until), "lies before from; were the two swapped?")


def _location(event: LocationRegistered) -> Iterator[Problem]:
    if event.parent_id == event.location_id:
        yield Problem("parent_id", event.parent_id, "a location cannot be its own parent")
    if event.geometry is not None:
        yield from geometry_problems(event.geometry, "geometry")


def _redacted(event: EventRedacted) -> Iterator[Problem]:
    if not event.legal_basis.strip():
        yield Problem(
            "legal_basis", event.legal_basis, "is required, and not blank: the rule or order that it rests on"
        )


def _revised(event: LocationRevised) -> Iterator[Problem]:
    changes = changed(event.changes)
    if not changes:
        yield Problem("changes", {}, "names nothing to change")
    if "name" in changes and not changes["name"].strip():
        yield Problem("changes.name", changes["name"], "is blank")
    if changes.get("parent_id") == event.location_id:
        yield Problem("changes.parent_id", event.location_id, "a location cannot be its own parent")
    if changes.get("geometry") is not None:
        yield from geometry_problems(changes["geometry"], "changes.geometry")


#: How deep the positions of each GeoJSON geometry are nested (RFC 7946, section 3.1).
_DEPTH: Final = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}


def geometry_problems(geometry: Geometry, path: str) -> Iterator[Problem]:
    """What is wrong with a geometry: positions off the globe, wrong nesting, lines too short, rings not closed."""
    where = f"{path}.coordinates"
    problem = _positions(geometry.coordinates, _DEPTH[geometry.type], where)
    if problem is not None:
        yield problem
        return
    lines = {"LineString": [geometry.coordinates], "MultiLineString": geometry.coordinates}.get(geometry.type, [])
    if any(len(line) < 2 for line in lines):
        yield Problem(where, None, "a line needs two positions or more")
    polygons = {"Polygon": [geometry.coordinates], "MultiPolygon": geometry.coordinates}.get(geometry.type, [])
    for ring in (ring for polygon in polygons for ring in polygon):
        if len(ring) < 4 or ring[0] != ring[-1]:
            yield Problem(where, None, "a ring needs four positions or more, the last the same as the first")
            return


def _positions(value: object, depth: int, where: str) -> Problem | None:
    if depth == 0:
        return _position(value, where)
    if not isinstance(value, list) or not value:
        return Problem(where, shown(value), "is nested wrongly, or empty, for this type of geometry")
    return next((problem for item in value if (problem := _positions(item, depth - 1, where))), None)


def _position(value: object, where: str) -> Problem | None:
    numbers = value if isinstance(value, list) else []
    if not 2 <= len(numbers) <= 3 or any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers):
        return Problem(where, shown(value), "a position is [longitude, latitude] in degrees")
    longitude, latitude, *height = numbers
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        return Problem(
            where,
            shown(value),
            f"[{shown(longitude)}, {shown(latitude)}] is off the globe: longitude runs -180 to 180 "
            "and latitude -90 to 90, in that order; were the two swapped?",
        )
    if height and not -12_000 <= height[0] <= 100_000:
        return Problem(where, shown(value), f"a height of {shown(height[0])} metres is not on Earth")
    return None


_CHECKS: Final[Mapping[type[Event], Callable[[Any], Iterable[Problem]]]] = MappingProxyType(
    {
        DevelopmentReported: _reported,
        DevelopmentCorroborated: _reporting,
        DevelopmentDenied: _reporting,
        DevelopmentAmended: _amended,
        DevelopmentMerged: _merged,
        ActorRegistered: _actor,
        LocationRegistered: _location,
        LocationRevised: _revised,
        EventRedacted: _redacted,
    }
)

"""Gazetteer rows → locations registered once, revised where a newer edition tells them otherwise (pure).

A place is known by its code. Where somebody else registered a place under the same code it stands as they have it; what
a gazetteer itself registered is revised, from the date that the row or the import gives.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from events.records import Event
from events.reference import Geometry, LocationChanges, LocationRegistered, LocationRevised
from events.vocabulary import LocationKind
from services.timeline.importers.flags import Flag
from services.timeline.importers.identity import named
from services.timeline.importers.made import Made
from services.timeline.importers.options import Options
from services.timeline.importers.places import MOVED, kilometres, point
from services.timeline.importers.register import Register

#: Geometries of more bytes than this leave no room in an event.
_MOST = 50_000


@dataclass(slots=True, kw_only=True)
class Draft:
    """A place as a row tells it.

    Attributes:
        system, value: The code by which it is known.
        parents: Codes of its parent as (system, value), the nearest first.
        valid_from: From when the row holds, where it says so.
    """

    file: str
    line: int
    system: str
    value: str
    location_id: str
    name: str
    kind: LocationKind
    parents: tuple[tuple[str, str], ...] = ()
    geometry: Geometry | None = None
    names: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    valid_from: datetime | None = None
    flags: list[Flag] = field(default_factory=list)


def registered(drafts: Sequence[Draft], register: Register, options: Options) -> Iterator[Made]:
    """Registrations and revisions, parents before what lies below them."""
    first: dict[tuple[str, str], Draft] = {}
    coded: dict[tuple[str, str], Draft] = {}
    for draft in drafts:
        if first.setdefault((draft.system, draft.value), draft) is not draft:
            said = f"{draft.system} {draft.value} stands before"
            yield Made(file=draft.file, line=draft.line, refusal=Flag("identity-twice", said))
        for code in ((draft.system, draft.value), *draft.codes.items()):
            coded.setdefault(code, draft)
    done: set[tuple[str, str]] = set()
    for start in first.values():
        for draft in reversed(_upwards(start, coded, done)):
            done.add((draft.system, draft.value))
            yield _one(draft, register, options)


def _upwards(draft: Draft, coded: dict[tuple[str, str], Draft], done: set[tuple[str, str]]) -> list[Draft]:
    """The draft and what lies above it in the file and was not registered yet; a circle ends where it closes."""
    found: list[Draft] = []
    seen: set[tuple[str, str]] = set()
    here: Draft | None = draft
    while here is not None and (key := (here.system, here.value)) not in done and key not in seen:
        seen.add(key)
        found.append(here)
        here = next((coded[one] for one in here.parents if one in coded), None)
    return found


def _one(draft: Draft, register: Register, options: Options) -> Made:
    parent, flags = _parent(draft, register, options)
    flags = [*draft.flags, *flags]
    held = register.by_code(draft.system, draft.value)
    events: tuple[Event, ...] = ()
    event = LocationRegistered(
        location_id=draft.location_id, name=draft.name, kind=draft.kind, parent_id=parent, geometry=_fitting(draft, flags),
        names=draft.names, codes={draft.system: draft.value, **draft.codes},
    )  # fmt: skip
    if held is None and not register.has("location", draft.location_id):
        events = register.add(named(event))
    elif held is not None and held != draft.location_id:
        flags.append(Flag("held-under-another-id", f"{draft.name} ({draft.value}) is {held}"))
    else:
        events = _revision(draft, event, register, options, flags)
    return Made(file=draft.file, line=draft.line, events=events, flags=tuple(flags))


def _parent(draft: Draft, register: Register, options: Options) -> tuple[str | None, list[Flag]]:
    for system, value in draft.parents:
        if (found := register.by_code(system, value)) is not None and found != draft.location_id:
            return found, []
    if draft.parents and options.within is None:
        return None, [Flag("parent-unknown", f"{draft.name}: {draft.parents[0][1]}")]
    return (options.within if options.within != draft.location_id else None), []


def _revision(
    draft: Draft, event: LocationRegistered, register: Register, options: Options, flags: list[Flag]
) -> tuple[Event, ...]:
    """What the row tells otherwise than what is held; a geometry or parent that it does not tell stays."""
    held = register.location(draft.location_id)
    if held is None:
        return ()
    said = msgspec.to_builtins(event)
    changes: dict[str, Any] = {}
    for name in ("name", "kind", "parent_id", "geometry", "names", "codes"):
        if name in ("name", "names") and held.is_redacted:  # what is gone is not brought back
            continue
        before = getattr(held, name)
        now = {**before, **said[name]} if name in ("names", "codes") else said[name]
        if now != before and now is not None:
            changes[name] = now
    if not changes:
        return ()
    was, now = point(held.geometry), point(said["geometry"])
    if was and now and (moved := kilometres(was, now)) > MOVED:
        flags.append(Flag("moved-coordinates", f"{draft.name} ({draft.location_id}): {moved:.1f} km"))
    flags.append(Flag("revised", f"{draft.name} ({draft.location_id}): {', '.join(changes)}"))
    revision = LocationRevised(
        location_id=draft.location_id,
        from_=draft.valid_from or options.edition,
        changes=msgspec.convert(changes, LocationChanges),
        reason=f"told otherwise in a later edition ({draft.system})",
    )
    return (named(revision, revision.from_.isoformat(), msgspec.json.encode(changes, order="sorted").decode()),)


def _fitting(draft: Draft, flags: list[Flag]) -> Geometry | None:
    """The geometry, or the middle of its bounds where it is too large to stand in an event."""
    if draft.geometry is None or len(msgspec.json.encode(draft.geometry)) <= _MOST:
        return draft.geometry
    longitudes, latitudes = zip(*_positions(draft.geometry.coordinates), strict=True)
    middle = [(min(longitudes) + max(longitudes)) / 2, (min(latitudes) + max(latitudes)) / 2]
    flags.append(Flag("geometry-simplified", f"{draft.name}: {draft.geometry.type} of {len(longitudes):,} positions"))
    return Geometry(type="Point", coordinates=middle)


def _positions(value: Any) -> Iterator[tuple[float, float]]:
    if value and isinstance(value[0], int | float):
        yield float(value[0]), float(value[1])
        return
    for item in value:
        yield from _positions(item)

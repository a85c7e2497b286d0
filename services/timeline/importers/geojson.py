"""GeoJSON FeatureCollections (RFC 7946) → locations. Which property is which, the mapping's [properties] may say."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, get_args

import msgspec

from events.checks import geometry_problems
from events.reference import Geometry
from events.vocabulary import LocationKind
from services.timeline.importers import gazetteer
from services.timeline.importers.flags import Flag
from services.timeline.importers.gazetteer import Draft
from services.timeline.importers.identity import slug
from services.timeline.importers.made import Format, Made, Prepared, WrongFormat
from services.timeline.importers.options import Options
from services.timeline.importers.register import Register
from services.timeline.importers.tables import File

#: Where nothing else is said: `id` is what identifies the feature, `system` the code system that it is of.
PROPERTIES: Final[Mapping[str, str]] = MappingProxyType(
    {"name": "name", "kind": "kind", "id": "id", "parent": "parent"}
)

_KINDS: Final = get_args(LocationKind)


def prepare(files: Sequence[File], options: Options) -> Prepared:
    """Look at the files: each is a FeatureCollection, and its features bear the properties that are named."""
    strange = options.mapping.properties.keys() - {*PROPERTIES, "system", "otherwise"}
    if strange:
        raise WrongFormat(
            f"[properties] knows name, kind, id, parent, system, otherwise; found {', '.join(sorted(strange))}"
        )
    named = {**PROPERTIES, **options.mapping.properties}
    collections = [(file, _features(file, named["name"])) for file in files]

    def made(register: Register, settled: Options) -> Iterator[Made]:
        drafts: list[Draft] = []
        for file, features in collections:
            for number, feature in enumerate(features, start=1):
                found = _draft(file.path, number, feature, named)
                if isinstance(found, Draft):
                    drafts.append(found)
                else:
                    yield found
        yield from gazetteer.registered(drafts, register, settled)

    return Prepared(rows=sum(len(features) for _, features in collections), made=made)


FORMAT: Final = Format(name="geojson", version=1, speaks=False, prepare=prepare)


def _features(file: File, name: str) -> list[Any]:
    with file.text() as stream:
        text = stream.read()
    try:
        tree = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise WrongFormat(f"{file.path}: expected GeoJSON, found what is not readable as JSON: {error}") from None
    if (
        not isinstance(tree, dict)
        or tree.get("type") != "FeatureCollection"
        or not isinstance(tree.get("features"), list)
    ):
        found = tree.get("type") if isinstance(tree, dict) else type(tree).__name__
        raise WrongFormat(f"{file.path}: expected a FeatureCollection, found {found!r}")
    features: list[Any] = tree["features"]
    if not features:
        raise WrongFormat(f"{file.path}: the FeatureCollection is empty")
    if not any(_properties(one).get(name) for one in features):
        found = ", ".join(list(_properties(features[0]))[:12]) or "none"
        raise WrongFormat(f"{file.path}: no feature has the property {name!r}; the first has {found}; "
                          "name them under [properties] of a --mapping")  # fmt: skip
    return features


def _properties(feature: Any) -> dict[str, Any]:
    said = feature.get("properties") if isinstance(feature, dict) else None
    return said if isinstance(said, dict) else {}


def _draft(path: str, number: int, feature: Any, named: Mapping[str, str]) -> Draft | Made:
    """Lines are numbers of features here."""
    said = _properties(feature)
    name = str(said.get(named["name"]) or "").strip()
    value = str(said.get(named["id"]) or (feature.get("id") if isinstance(feature, dict) else None) or "").strip()
    if not name or not value:
        missing = "name" if not name else "id"
        refusal = Flag("incomplete-row", f"feature {number} has no {missing} ({named[missing]})")
        return Made(file=path, line=number, refusal=refusal)
    system = named.get("system", "geojson")
    flags: list[Flag] = []
    parent = str(said.get(named["parent"]) or "").strip()
    kind = said.get(named["kind"]) if said.get(named["kind"]) in _KINDS else named.get("otherwise", "area")
    return Draft(
        file=path, line=number, system=system, value=value[:100], location_id=f"{slug(system, 20)}-{slug(value)}",
        name=name[:300], kind=kind, parents=((system, parent),) if parent else (),  # type: ignore[arg-type]
        geometry=_geometry(feature.get("geometry"), name, flags), flags=flags,
    )  # fmt: skip


def _geometry(said: Any, name: str, flags: list[Flag]) -> Geometry | None:
    if said is None:
        flags.append(Flag("no-coordinates", name))
        return None
    try:
        plain = {"type": said["type"], "coordinates": said["coordinates"]}  # a bounding box of its own is not kept
        found = msgspec.convert(plain, Geometry)
    except (TypeError, KeyError, msgspec.ValidationError):
        found = None
    problem = "not held" if found is None else next((str(one) for one in geometry_problems(found, "geometry")), None)
    if problem is not None:
        flags.append(Flag("geometry-unusable", f"{name}: {problem}"))
        return None
    return found

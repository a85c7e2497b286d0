"""A part of our OpenAPI 3.1 document as OpenAPI 3.0, for programs that read no newer one (pure).

What 3.1 took over from JSON Schema is said in the older words: a type that may be null is `nullable`, `examples` is one
`example`, a `const` a list of one, and bounds that leave themselves out are two keys.
"""

from collections.abc import Iterator
from typing import Any

Tree = dict[str, Any]


def of(document: Tree, below: str, address: str, most: int) -> Tree:
    """The routes at and below a path, with the schemas that they need.

    Args:
        most: What `limit` does not go beyond; the document itself says no maximum, since more is no error.
    """
    paths = {path: one for path, one in document["paths"].items() if path == below or path.startswith(f"{below}/")}
    found: Tree = _older(paths)
    for operation in (one for methods in found.values() for one in methods.values()):
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "limit":
                parameter["schema"]["maximum"] = most
    held = document["components"]["schemas"]
    schemas = {name: _older(held[name]) for name in sorted(_needed(paths, held))}
    info = {name: value for name, value in document["info"].items() if name in ("title", "version", "description")}
    components = {"schemas": schemas, "securitySchemes": document["components"]["securitySchemes"]}
    info["license"] = {"name": document["info"]["license"]["name"]}
    return {"openapi": "3.0.3", "info": info, "servers": [{"url": address}], "paths": found, "components": components}


def _needed(part: Any, schemas: Tree) -> set[str]:
    found: set[str] = set()
    waiting = list(_references(part))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(schemas[name])
    return found


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"].rpartition("/")[2]
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list | tuple):
        for inner in part:
            yield from _references(inner)


def _older(part: Any) -> Any:
    if isinstance(part, list | tuple):
        return [_older(one) for one in part]
    if not isinstance(part, dict):
        return part
    found = {name: _older(value) for name, value in part.items()}
    if isinstance(found.get("examples"), list):
        examples = found.pop("examples")
        found["example"] = examples[0]
    if "const" in found:
        found["enum"] = [found.pop("const")]
    for name, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(found.get(name), int | float) and not isinstance(found[name], bool):
            found[bound], found[name] = found[name], True
    if "prefixItems" in found:
        inner = found.pop("prefixItems")
        found["items"] = inner[0] if all(one == inner[0] for one in inner) else {}
    if found.get("items") is False:
        found["items"] = {}
    return _nullable(found)


def _nullable(found: Tree) -> Tree:
    if isinstance(found.get("type"), list):
        kinds = [kind for kind in found["type"] if kind != "null"]
        return found | {"type": kinds[0], "nullable": True}
    choices = found.get("anyOf")
    if not isinstance(choices, list) or {"type": "null"} not in choices:
        return found
    rest = [one for one in choices if one != {"type": "null"}]
    outer = {name: value for name, value in found.items() if name != "anyOf"}
    if len(rest) > 1:
        return outer | {"anyOf": rest, "nullable": True}
    if "$ref" in rest[0]:
        return outer | {"allOf": rest, "nullable": True}
    only: Tree = rest[0]
    return only | outer | {"nullable": True}

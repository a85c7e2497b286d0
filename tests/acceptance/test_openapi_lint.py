"""The OpenAPI document has no error by a linter's rules: by the linter itself where it was fetched, and by hand everywhere."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.openapi_lint import document, linted


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return document()


def test_the_linter_finds_no_error(found: dict[str, Any]) -> None:
    """Redocly's recommended rules; and it is the linter that says so: it finds the error in a document that has one."""
    errors = linted(found, fetch=False)
    if errors is None:
        return  # `python -m tests.openapi_lint` fetches it; the rules that were broken once are checked below all the same
    assert errors == []
    path = next(iter(found["paths"]))
    spoilt = {**found, "paths": {**found["paths"], path: {"get": {"responses": {}}}}}
    assert linted(spoilt, fetch=False)


def test_every_operation_says_whether_credentials_are_needed(found: dict[str, Any]) -> None:
    """Also those that need none; and there is a server."""
    assert found["servers"] == [{"url": "/"}]
    for path, methods in found["paths"].items():
        for operation in methods.values():
            assert "security" in operation, path


def patterns(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("pattern"), str):
            yield part["pattern"]
        for inner in part.values():
            yield from patterns(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from patterns(inner)


def test_patterns_are_those_of_json_schema(found: dict[str, Any]) -> None:
    """ECMA-262 knows neither `\\Z` nor `\\A` nor `(?P<`."""
    held = set(patterns(found))
    assert len(held) > 3
    assert not [one for one in held if re.search(r"\\[ZA]|\(\?P<", one)]


def test_no_two_addresses_are_the_same(found: dict[str, Any]) -> None:
    """With another name in the same place a router would have to guess."""
    bare = [re.sub(r"\{[^}]+\}", "{}", path) for path in found["paths"]]
    assert len(bare) == len(set(bare))

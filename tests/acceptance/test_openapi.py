"""The OpenAPI document: valid, complete, and true of what the running service answers."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import jsonschema  # type: ignore[import-untyped]
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from events.shape import EVENT_TYPES
from services.timeline import story
from services.timeline.composition import Timeline
from tests.acceptance.test_rest import served
from tests.integration.trees import kept_tree

Tree = dict[str, Any]

#: What to put into an address for each of its names.
KEYS = {
    "location_id": "sy-hama",
    "source_id": "sana",
    "actor_id": "hts",
    "view": "current",
    "development_id": "55e09e95-0cc2-57fc-8f1c-7fedee508e54",
    "position": "297",
    "level": "0",
    "path": "000",
    "recorder": "demo",
    "collection_id": "status",
    "moment": "20241202180000",
}
REQUIRED = {
    "/v1/changes": "?from=2024-12-01T00:00:00Z&to=2024-12-05T00:00:00Z",
    "/v1/views/diff": "?a=current&b=published&at=2024-12-05T00:00:00Z",
    "/v1/log/proofs/inclusion": "?position=7",
    "/v1/log/proofs/consistency": "?from=100",
    "/v1/audit/recorded": "?by=demo",
    "/v1/locations/{location_id}/status/{moment}": "?view=published",  # on the log's own clock nothing was known then
}
MOMENT = "at=2024-12-05T14:00:00Z&known_at=2024-12-05T14:00:00Z&view=published"


@pytest.fixture(scope="module")
def told(postgres_18: str) -> Iterator[httpx2.Client]:
    """The demo's story, served, under a signed checkpoint."""
    with kept_tree(postgres_18) as kept:
        story.load(kept.timeline)
        kept.grow([])
        with served(kept.timeline) as client:
            yield client


@pytest.fixture(scope="module")
def document(told: httpx2.Client) -> Tree:
    """The document as the service gives it."""
    found: Tree = told.get("/openapi.json").json()
    return found


def operations(document: Tree) -> list[tuple[str, str, Tree]]:
    """Every (method, path, operation) of the document."""
    return [(method, path, one) for path, methods in document["paths"].items() for method, one in methods.items()]


def conforms(document: Tree, schema: Tree, value: object) -> None:
    """Require a value to be what a schema of the document says."""
    whole = schema | {"components": document["components"]}
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(whole, format_checker=checker).validate(value)


def test_the_document_is_valid_openapi_3_1(document: Tree) -> None:
    """Every reference leads somewhere, every schema is one."""
    assert document["openapi"].startswith("3.1")
    errors = [
        f"{list(error.absolute_path)}: {error.message}" for error in OpenAPIV31SpecValidator(document).iter_errors()
    ]
    assert errors == []


def test_every_operation_says_what_it_does_and_what_it_answers(document: Tree) -> None:
    """A sentence, an id of its own, each answer with its content; problems as problem+json."""
    ids = [one["operationId"] for _, _, one in operations(document)]

    assert len(ids) == len(set(ids))
    for method, path, one in operations(document):
        assert one["description"].strip(), path
        assert one["tags"], path
        assert {"400" if path.startswith("/ogc") else "422", "503"} <= set(one["responses"]), path
        for status, answer in one["responses"].items():
            assert answer["description"], (method, path, status)
            if status in ("204", "302"):
                assert "content" not in answer
                continue
            assert answer["content"], (method, path, status)
            if int(status) >= 400:
                assert answer["content"] == {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}
                }
            else:
                assert all(said["schema"] for said in answer["content"].values())


def test_every_parameter_says_what_it_is_for(document: Tree) -> None:
    """In a sentence, or by its name where it is an id in the address."""
    for _, path, one in operations(document):
        for parameter in one.get("parameters", ()):
            assert parameter["in"] == "path" or parameter["description"], (path, parameter["name"])


def test_every_example_is_what_its_schema_says(document: Tree) -> None:
    """Of answers, and of what is posted."""
    found = 0
    for _, _, one in operations(document):
        for part in (*one["responses"].values(), one.get("requestBody", {"content": {}})):
            for said in part.get("content", {}).values():
                for example in said.get("examples", {}).values():
                    conforms(document, said["schema"], example["value"])
                    found += 1
    assert found >= 2


def test_what_is_answered_is_what_is_documented(told: httpx2.Client, document: Tree) -> None:
    """Every GET route, asked about a moment of the demo and about now, in each format that it has."""
    hook = told.post("/v1/webhooks", json={"url": "https://desk.example.org/hook", "after": 290})
    keys = KEYS | {"webhook_id": hook.json()["webhook_id"]}
    for method, path, one in operations(document):
        if method != "get":
            continue
        content = one["responses"]["200"]["content"]
        names = {parameter["name"] for parameter in one.get("parameters", ())}
        for query in (f"?{MOMENT}", "") if {"at", "known_at"} <= names and path not in REQUIRED else ("",):
            for media_type, said in content.items():
                address = path.format(**keys) + (query or REQUIRED.get(path, ""))
                if media_type == "text/event-stream":  # it would not end
                    with told.stream("GET", address, headers={"Accept": media_type}) as streamed:
                        assert streamed.headers["Content-Type"].split(";")[0] == media_type
                    continue
                answer = told.get(address, headers={"Accept": media_type})
                assert answer.status_code == 200, (path, answer.text)
                assert answer.headers["Content-Type"].split(";")[0] == media_type.split(";")[0], path
                if media_type in ("application/json", "application/geo+json") and said["schema"] != {"type": "string"}:
                    conforms(document, said["schema"], answer.json())


def test_the_closed_access_of_a_border_is_documented_too(told: httpx2.Client, document: Tree) -> None:
    """The parts of an answer that are null elsewhere."""
    for what in ("status", "history", "explain"):
        said = document["paths"][f"/v1/locations/{{location_id}}/{what}"]["get"]["responses"]["200"]["content"]
        answer = told.get(f"/v1/locations/iq-sy-border/{what}?{MOMENT}").json()
        assert answer["access"]
        conforms(document, said["application/json"]["schema"], answer)


@pytest.mark.parametrize(
    ("method", "path", "address"),
    [
        ("get", "/v1/locations/{location_id}/status", "/v1/locations/nowhere/status"),
        ("get", "/v1/locations/{location_id}/status", "/v1/locations/sy-hama/status?at=never"),
        ("get", "/v1/sources/{source_id}", "/v1/sources/nobody"),
        ("get", "/v1/sources", "/v1/sources?view=nope"),
        ("get", "/v1/status", "/v1/status?within=nowhere"),
        ("post", "/v1/events", "/v1/events"),
    ],
)
def test_what_is_refused_is_refused_as_documented(
    told: httpx2.Client, document: Tree, method: str, path: str, address: str
) -> None:
    """With a status that the operation names, and the body that it names."""
    answer = told.request(method, address, content=b"{}" if method == "post" else None)
    said = document["paths"][path][method]["responses"][str(answer.status_code)]["content"]

    conforms(document, said[answer.headers["Content-Type"]]["schema"], answer.json())


def test_every_event_of_the_demo_is_what_the_document_says_of_its_type(document: Tree) -> None:
    """And what the document does not know is refused by its schema as by the service."""
    schemas = document["components"]["schemas"]
    assert set(schemas["Event"]["discriminator"]["mapping"]) == set(EVENT_TYPES)
    assert {one["$ref"].rpartition("/")[2] for one in schemas["Event"]["oneOf"]} == set(EVENT_TYPES)
    for line in story.lines():
        event = json.loads(line)
        conforms(document, schemas[event["type"]], event)
    for spoilt in (event | {"colour": "red"}, event | {"type": "Nothing"}, {"type": event["type"]}):
        with pytest.raises(jsonschema.ValidationError):
            conforms(document, schemas["Event"], spoilt)


def test_the_examples_to_post_are_accepted(timeline: Timeline, document: Tree) -> None:
    """Once the places, actors and sources that they name are registered; and the answers are as documented."""
    operation = document["paths"]["/v1/events"]["post"]
    examples = [one["value"] for one in operation["requestBody"]["content"]["application/json"]["examples"].values()]
    timeline.writer.append([line for line in story.lines() if b'Registered"' in line[:40]], "test")
    named = {source for example in examples for source in example.get("report", {}).get("chain", ())}
    held = {json.loads(line).get("source_id") for line in story.lines()}
    missing = [
        {"type": "SourceRegistered", "source_id": one, "name": one, "kind": "other"} for one in sorted(named - held)
    ]
    timeline.writer.append([json.dumps(one).encode() for one in missing], "test")
    assert examples
    with served(timeline) as client:
        for example in examples:
            answer = client.post("/v1/events", json=example)
            assert answer.status_code == 201, answer.text
            conforms(document, operation["responses"]["201"]["content"]["application/json"]["schema"], answer.json())
        body = b"\n".join(json.dumps(one).encode() for one in [*examples, {}])
        lines = client.post("/v1/events", content=body, headers={"Content-Type": "application/x-ndjson"})
        for line in lines.text.splitlines():
            conforms(document, {"$ref": "#/components/schemas/LineResult"}, json.loads(line))

"""The OpenAPI 3.1 document: schemas straight from the structs that encode the answers and decode the events."""

from collections.abc import Iterable
from typing import Any

import msgspec
from fastapi import FastAPI, Response

from events.shape import EVENT_TYPES
from services.timeline import (
    wire,
    wire_changes,
    wire_corrections,
    wire_custody,
    wire_developments,
    wire_log,
    wire_page,
    wire_preview,
    wire_reference,
    wire_replay,
    wire_review,
    wire_track,
    wire_tree,
    wire_views,
)
from services.timeline.access import USING, users
from services.timeline.api.problems import MEDIA_TYPE
from services.timeline.standards import cloud_events, feeds, ogc_shapes, webhook_shapes

_STRUCTS: dict[str, type[msgspec.Struct]] = {
    cls.__name__: cls
    for cls in (
        wire.LocationStatus,
        wire.AllStatus,
        wire.History,
        wire.Beliefs,
        wire.Explanation,
        wire_changes.ChangePage,
        wire_developments.DevelopmentPage,
        wire_developments.DevelopmentWhole,
        wire_log.EventPage,
        wire_log.Recorded,
        wire_log.Redacted,
        wire_log.LineResult,
        wire_log.ProblemOut,
        wire_page.MapPlaces,
        wire_page.CaptionedMoments,
        wire_page.MapLook,
        wire_page.MapHistograms,
        wire_page.Vocabulary,
        wire_page.WhoAmI,
        wire_preview.PreviewOut,
        wire_tree.InclusionProof,
        wire_tree.ConsistencyProof,
        wire_custody.CustodyPage,
        wire_reference.SourcePage,
        wire_reference.SourceOut,
        wire_reference.ActorPage,
        wire_reference.ActorOut,
        wire_reference.LocationPage,
        wire_reference.LocationOut,
        wire_reference.Health,
        wire_reference.SetAsidePage,
        wire_reference.Retry,
        wire_replay.StatusChange,
        wire_review.LocationReview,
        wire_review.DevelopmentReview,
        wire_corrections.CorrectionPage,
        wire_track.SourceReview,
        wire_track.SpokenOfPage,
        wire_track.RecorderReview,
        wire_track.RecordedPage,
        wire_views.ViewPage,
        wire_views.NewView,
        wire_views.NewName,
        wire_views.DifferenceOut,
        wire_views.VerificationOut,
        wire_views.ViewOut,
        cloud_events.CloudEvent,
        feeds.JsonFeed,
        webhook_shapes.NewWebhook,
        webhook_shapes.WebhookOut,
        webhook_shapes.WebhookPage,
        webhook_shapes.DeliveryOut,
        webhook_shapes.DeliveryPage,
        ogc_shapes.Landing,
        ogc_shapes.Conformance,
        ogc_shapes.Collections,
        ogc_shapes.Collection,
        ogc_shapes.Feature,
        ogc_shapes.FeatureCollection,
    )
}

#: Below here a question that makes no sense is 400, as the standard says; everywhere else 422.
OGC = "/ogc"

_TITLES = {400: "Cannot be understood", 200: "The answer", 201: "Recorded", 401: "Credentials are needed", 403: "No role of yours allows it", 404: "Not found", 408: "The body broke off", 409: "Conflicts with what is recorded", 412: "Overtaken by another",
           413: "Too large", 415: "Unsupported media type", 422: "Cannot be understood, or is refused",
           429: "More often than you may; see Retry-After",
           503: "Not folded yet, too busy, or the database does not answer in time",
           507: "The database has no room left"}  # fmt: skip


def document(
    answer: type[msgspec.Struct], *problems: int, formats: tuple[str, ...] = (), streamed: bool = False
) -> dict[str, Any]:
    """What a route says of itself in the document: its answer, and the problems beside 422, 429 and 503.

    Args:
        streamed: It never answers with one JSON document, only in `formats`.
    """
    content: dict[str, Any] = {} if streamed else {"application/json": {"schema": _ref(answer.__name__)}}
    for media_type in formats:
        content.setdefault(media_type.split(";")[0], {"schema": {"type": "string"}})
    answers: dict[int | str, dict[str, Any]] = {200: {"description": _TITLES[200], "content": content}}
    return {"response_class": Response, "responses": answers | problem_answers(*problems)}


_JSON = "application/json"


def negotiating(said: dict[str, Any]) -> dict[str, Any]:
    """The same for a route that may lead elsewhere by what is accepted."""
    moved: dict[int | str, dict[str, Any]] = {302: {"description": "To the memento of the moment that is accepted"}}
    return said | {"responses": said["responses"] | moved}


def document_text(media_type: str, *problems: int, binary: bool = False) -> dict[str, Any]:
    """The same for a route that answers with text or bytes of a shape of their own."""
    schema = (
        {"type": "object"} if media_type == _JSON else {"type": "string", **({"format": "binary"} if binary else {})}
    )
    answer = {"description": _TITLES[200], "content": {media_type.split(";", maxsplit=1)[0]: {"schema": schema}}}
    answers: dict[int | str, dict[str, Any]] = {200: answer}
    return {"response_class": Response, "responses": answers | problem_answers(*problems)}


def answering(media_type: str, schema: dict[str, Any], *problems: int) -> dict[str, Any]:
    """The same for a route that answers with JSON of a media type of its own."""
    answers: dict[int | str, dict[str, Any]] = {
        200: {"description": _TITLES[200], "content": {media_type: {"schema": schema}}}
    }
    return {"response_class": Response, "responses": answers | problem_answers(*problems)}


def table(media_types: Iterable[str], *problems: int) -> dict[str, Any]:
    """What a route says of itself that answers with rows: their formats, and the problems beside 422, 429 and 503."""
    content = {one.split(";")[0]: {"schema": {"type": "string"}} for one in media_types}
    answers: dict[int | str, dict[str, Any]] = {200: {"description": _TITLES[200], "content": content}}
    return {"response_class": Response, "responses": answers | problem_answers(*problems)}


def problem_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a route may answer with."""
    content = {MEDIA_TYPE: {"schema": _ref("ProblemOut")}}
    return {status: {"description": _TITLES[status], "content": content} for status in (*statuses, 422, 429, 503)}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def components() -> dict[str, Any]:
    """Every schema by name: the answers' structs, the events, and their parts."""
    _, found = msgspec.json.schema_components(
        [*_STRUCTS.values(), *EVENT_TYPES.values()], ref_template="#/components/schemas/{name}"
    )
    for name, cls in EVENT_TYPES.items():
        required = found[name].setdefault("required", [])
        required += [text for text in cls.required_text if text not in required]
        if "type" not in required:
            required.insert(0, "type")
    found["Event"] = {
        "oneOf": [_ref(name) for name in EVENT_TYPES],
        "discriminator": {"propertyName": "type", "mapping": {name: _ref(name)["$ref"] for name in EVENT_TYPES}},
    }
    _say_ends_as_others_do(found)
    return dict(found)


def _say_ends_as_others_do(part: Any) -> None:
    r"""Patterns in the document are those of ECMA-262 (JSON Schema, section 6.4), which says `$` for Python's `\Z`."""
    if isinstance(part, dict):
        if isinstance(part.get("pattern"), str) and part["pattern"].endswith(r"\Z"):
            part["pattern"] = part["pattern"][:-2] + "$"
        for inner in part.values():
            _say_ends_as_others_do(inner)
    elif isinstance(part, list):
        for inner in part:
            _say_ends_as_others_do(inner)


def _add_examples(document: dict[str, Any]) -> None:
    """An example beside each answer that has one; put in last, since FastAPI would take the nulls out of it."""
    references = {_ref(name)["$ref"]: example for name, example in EXAMPLES.items()}
    for methods in document["paths"].values():
        for operation in methods.values():
            for answer in operation["responses"].values():
                said = answer.get("content", {}).get("application/json", {})
                if (reference := said.get("schema", {}).get("$ref")) in references:
                    said["examples"] = {"example": {"value": references[reference]}}


def _say_400(document: dict[str, Any]) -> None:
    """Say 400 of the routes that answer so what is 422 of others."""
    for path, methods in document["paths"].items():
        if path == OGC or path.startswith(f"{OGC}/"):
            for operation in methods.values():
                answers = operation["responses"]
                answers["400"] = answers.pop("422") | {"description": _TITLES[400]}
                operation["responses"] = dict(sorted(answers.items()))


def _add_security(document: dict[str, Any]) -> None:
    """How to say who asks, and which roles each operation takes; `{}`: none is needed while there are no keys."""
    document["components"]["securitySchemes"] = SECURITY
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            route = f"{method.upper()} {path}"
            if route in USING and USING[route] is None:
                operation["security"] = []
                continue
            operation["security"] = [{"key": []}, {"token": []}, {}]
            operation["x-roles"] = users(route)
            refused = {str(status): answer for status, answer in problem_answers(401, 403).items()}
            operation["responses"] = dict(sorted((refused | operation["responses"]).items()))


def install(app: FastAPI) -> None:
    """Let an application's document carry our schemas."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = made()
            document["servers"] = [{"url": "/"}]  # wherever the document was read
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(components())
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
            _add_examples(document)
            _say_400(document)
            _add_security(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


SECURITY: dict[str, Any] = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "tlk_…",
        "description": "A key of this service, as `timeline keys add` shows it once.",
    },
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of the OpenID Connect issuer that the service is set up with; its roles are a claim in it.",
    },
}

#: The report of API.md, as an example to post.
EXAMPLE_EVENT: dict[str, Any] = {
    "type": "DevelopmentReported",
    "development_id": "0b5f0c1e-7d0a-4f0e-9a51-0c8d6a8f2f11",
    "kind": "captured",
    "location_id": "sy-hama",
    "occurred": {"start": "2024-12-01T21:00:00Z", "end": "2024-12-02T21:00:00Z", "precision": "day"},
    "participants": [{"actor_id": "hts", "role": "holder"}, {"actor_id": "saa", "role": "former_holder"}],
    "summary": "Regional media report that the city has fallen.",
    "report": {"chain": ["regional-media"], "published_at": "2024-12-02T09:00:00Z", "credibility": 4},
}

_HELD = {"mode": "held", "holders": ["saa"], "challengers": [], "standing": "corroborated"}
_BASIS = "4e2f4a0c-15a8-4a63-8a4e-4a86f6f4b7a2"

EXAMPLES: dict[str, Any] = {
    "LocationStatus": {
        "location_id": "sy-hama",
        "at": "2024-12-02T12:00:00Z",
        "known_at": "2024-12-02T18:00:00Z",
        "known_position": 141,
        "view": "published",
        "policy": "assessed/1",
        "clock": "reported",
        "control": {
            **_HELD,
            "basis": _BASIS,
            "since": "2024-11-27T00:00:00Z",
            "valid_from": "2024-12-02T09:00:00Z",
            "valid_until": None,
            "pending": [
                {
                    "mode": "held",
                    "holders": ["hts"],
                    "challengers": [],
                    "standing": "unconfirmed",
                    "since": "2024-12-02T09:00:00Z",
                    "latest": EXAMPLE_EVENT["development_id"],
                    "count": 1,
                }
            ],
            "conflicting": [],
        },
        "access": None,
        "rollup": {"places": 0, "control": []},
    },
    "Recorded": {
        "event_id": "3f6c2d7e-54a1-4d8e-8b8c-6f2f0d9b1c33",
        "position": 7,
        "recorded_at": "2024-12-02T09:12:44.120331Z",
    },
}

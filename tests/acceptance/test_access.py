"""Who may do what over REST: every route for every role and for nobody, keys, tokens, and who is recorded as recorder."""

import json
import re
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from events.shape import EVENT_TYPES
from services.timeline import access, keys
from services.timeline.access import ROLES
from services.timeline.api.app import create, routes
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings
from tests.acceptance.test_rest import (
    JSON,
    KNOWN,
    NDJSON,
    OTHER,
    about,
    assert_problem,
    merged,
    place,
    reported,
    served,
    small_world,
    source,
)
from tests.conftest import fresh_database
from tests.integration.trees import Kept
from tests.small_issuer import AUDIENCE, SmallIssuer, small_issuer

#: What each kind of route is open to, said here a second time and otherwise than in `access`.
EVERYBODY = {"nobody", *ROLES}
ASKERS = (*ROLES, "nobody")
OPEN_ROUTES = {"GET /healthz", "GET /readyz", "GET /openapi.json", "GET /", "GET /embed", "GET /page/{release}/{path}"}
MAY: dict[str, set[str]] = {"GET": set(ROLES), "POST": {"reporter", "analyst", "admin"}, "DELETE": {"analyst", "admin"}}

#: Routes that take more than others of their method.
JUDGES = {"analyst", "admin"}
AUDITORS = {"auditor", "admin"}
MORE: dict[str, set[str]] = {
    "GET /v1/log/proofs/inclusion": AUDITORS,
    "GET /v1/log/proofs/consistency": AUDITORS,
    "GET /v1/log/receipts/{position}": AUDITORS,
    "GET /v1/log/tile/entries/{path}": AUDITORS,
    "GET /v1/log/tile/{level}/{path}": AUDITORS,
    "POST /v1/audit/bundles/{location_id}": AUDITORS,
    "GET /v1/audit/custody": AUDITORS,
    "GET /v1/audit/recorders/{recorder}": AUDITORS,
    "GET /v1/audit/recorded": AUDITORS,
    "POST /v1/views/{view}/set-aside/retry": JUDGES,
    "POST /v1/audit/redactions": {"admin"},
    "GET /v1/webhooks": {"admin"},
    "POST /v1/webhooks": {"admin"},
    "GET /v1/webhooks/{webhook_id}": {"admin"},
    "DELETE /v1/webhooks/{webhook_id}": {"admin"},
    "POST /v1/webhooks/{webhook_id}/resume": {"admin"},
    "GET /v1/webhooks/{webhook_id}/deliveries": {"admin"},
    "POST /v1/webhooks/{webhook_id}/deliveries/{position}/retry": {"admin"},
    "POST /v1/views": JUDGES,
    "POST /v1/views/{view}/promote": JUDGES,
    "POST /v1/views/{view}/verify": JUDGES,
    **{
        f"POST /v1/developments/{{development_id}}/{path}": JUDGES
        for path in ("assessments", "amendments", "merge", "void")
    },
}

#: What to put into an address for each of its names.
NAMES = {
    "location_id": "hama",
    "source_id": "monitor",
    "actor_id": "hts",
    "development_id": str(KNOWN),
    "view": "current",
    "position": "1",
    "level": "0",
    "path": "000.p/1",
    "release": "000000000000",
    "recorder": "key:founder",
    "collection_id": "status",
    "webhook_id": "00000000-0000-4000-8000-000000000001",
    "moment": "20241202180000",
}

ANALYSTS = {
    "SourceReliabilityAssessed",
    "SourceProtected",
    "DevelopmentAssessed",
    "DevelopmentAmended",
    "DevelopmentMerged",
    "DevelopmentVoided",
}


@contextmanager
def _opened(server: str, **said: Any) -> Iterator[Timeline]:
    with tempfile.TemporaryDirectory() as home, fresh_database(server) as database:
        settings = Settings(database_url=database, home=Path(home), **said)
        with opened(settings) as timeline:
            timeline.writer.append([json.dumps(one).encode() for one in small_world()], "key:founder", atomic=True)
            timeline.follower.follow()
            Kept(timeline, settings).grow([])
            yield timeline


def new_key(
    timeline: Timeline, name: str, *roles: access.Role, expires_at: datetime | None = None, told: bool = True
) -> tuple[str, str]:
    """A key, and its id; `told`: the service has read its table since."""
    with timeline.log.pool.connection() as connection:
        secret, key = keys.add(connection, name, roles, expires_at)
    if told:
        timeline.keys.refresh(within=0)
    return secret, key.key_id


def bearing(credentials: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credentials}"}


class Desk:
    """A served timeline with a key for each role."""

    def __init__(self, client: httpx2.Client, timeline: Timeline) -> None:
        self.client = client
        self.timeline = timeline
        self.keys = {role: new_key(timeline, f"the-{role}", role)[0] for role in ROLES}

    def ask(self, who: str, method: str, address: str, **more: Any) -> httpx2.Response:
        """A request of somebody who has one role, or of nobody."""
        headers = more.pop("headers", {}) | (bearing(self.keys[who]) if who != "nobody" else {})  # type: ignore[index]
        return self.client.request(method, address, headers=headers, **more)

    def post(self, who: str, *events: dict[str, Any], query: str = "") -> httpx2.Response:
        """One event as JSON, several as NDJSON."""
        lines = [json.dumps(one).encode() for one in events]
        kind = JSON if len(lines) == 1 else NDJSON
        return self.ask(who, "POST", f"/v1/events{query}", content=b"\n".join(lines), headers=dict(kind))


@pytest.fixture(scope="module")
def desk(postgres_18: str) -> Iterator[Desk]:
    """A small world, and a key for each role."""
    with _opened(postgres_18) as timeline, served(timeline) as client:
        yield Desk(client, timeline)


@pytest.fixture(scope="module")
def keyless(postgres_18: str) -> Iterator[tuple[httpx2.Client, Timeline]]:
    """A small world without any key."""
    with _opened(postgres_18) as timeline, served(timeline) as client:
        yield client, timeline


def table(timeline: Timeline) -> dict[str, BaseRoute]:
    """Every route of the application by method and path; HEAD goes with GET."""
    found: dict[str, BaseRoute] = {}
    for route in routes(create(timeline)):
        methods = getattr(route.original_route, "methods", None)
        assert methods, f"{route}: a kind of route that nothing is known of"
        path = getattr(route.original_route, "path_format", route.path)
        found |= {f"{method} {path}": route.original_route for method in methods if method != "HEAD"}
    assert len(found) > 15
    return found


# Routes


def test_every_route_has_its_row_and_every_row_its_route(desk: Desk) -> None:
    """And what the check does not stand before is open on purpose."""
    found = table(desk.timeline)

    assert set(found) == set(access.USING)
    for name, route in found.items():
        assert isinstance(route, APIRoute) or access.USING[name] is None, f"{name}: nothing checks who asks"


def test_who_asks_is_told_who_they_are_here(desk: Desk) -> None:
    """So that a desk offers what may be recorded, and nothing else."""
    said = desk.ask("analyst", "GET", "/v1/whoami")
    assert said.json() == {
        "name": "key:the-analyst",
        "roles": ["analyst"],
        "rights": ["read", "report", "judge", "names"],
    }
    assert said.headers["Cache-Control"].startswith("no-store")
    assert desk.ask("reader", "GET", "/v1/whoami").json()["rights"] == ["read"]


def test_every_route_for_every_role_and_for_nobody(desk: Desk) -> None:
    """Generated from the application: allowed is neither 401 nor 403; nobody is 401, the wrong role 403."""
    checked = 0
    for name in table(desk.timeline):
        method, path = name.split()
        address = path.format(**NAMES)
        assert "{" not in address, f"{name}: the test needs a value for the address"
        allowed = EVERYBODY if name in OPEN_ROUTES else MORE.get(name, MAY[method])
        for who in ASKERS:
            answer = desk.ask(who, method, address)
            expected = None if who in allowed else 401 if who == "nobody" else 403
            assert (answer.status_code if answer.status_code in (401, 403) else None) == expected, (name, who)
            assert answer.status_code < 500, (name, who)
            if expected is not None:
                assert_problem(answer, expected)
                assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="timeline"')
            checked += 1
    assert checked == len(access.USING) * len(ASKERS)


def test_head_is_allowed_where_get_is(desk: Desk) -> None:
    """And refused where it is refused."""
    assert desk.ask("reader", "HEAD", "/v1/sources").status_code == 200
    assert desk.ask("nobody", "HEAD", "/v1/sources").status_code == 401


def test_who_may_not_ask_is_told_nothing_of_the_request(desk: Desk) -> None:
    """Neither that a parameter is unknown, nor that a place is."""
    for address in ("/v1/status?known-at=never", "/v1/status?at=never", "/v1/locations/nowhere/status"):
        assert desk.ask("nobody", "GET", address).status_code == 401
    assert desk.post("reader", {"type": "Nonsense"}).status_code == 403


def test_a_route_without_a_row_is_for_admins_alone() -> None:
    """Forgetting the row closes the route, rather than opening it."""
    assert access.users("GET /v1/new") == ["admin"]
    assert not access.may_record(access.Principal("x", frozenset({"analyst"})), "NewEvent")


def test_the_document_says_how_to_ask_and_which_roles_may(desk: Desk) -> None:
    """Security schemes, 401 and 403 wherever they may come."""
    document = desk.ask("nobody", "GET", "/openapi.json").json()
    schemes = document["components"]["securitySchemes"]

    assert {(one["type"], one["scheme"]) for one in schemes.values()} == {("http", "bearer")}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if f"{method.upper()} {path}" in OPEN_ROUTES:
                assert operation["security"] == []
                continue
            assert operation["security"] == [{"key": []}, {"token": []}, {}]
            assert {"401", "403"} <= set(operation["responses"])
            assert set(operation["x-roles"]) == MORE.get(f"{method.upper()} {path}", MAY[method.upper()])


# Events


def every_type() -> dict[str, dict[str, Any]]:
    """A good event of each type, with ids of its own."""
    fresh = uuid4().hex[:12]
    moved = {"from": "2024-12-08T00:00:00Z"}
    return {
        "SourceRegistered": source(f"s-{fresh}"),
        "SourceReliabilityAssessed": {"type": "SourceReliabilityAssessed", "source_id": "monitor", "reliability": "C", "reason": "x"},
        "SourceAlignmentStated": {"type": "SourceAlignmentStated", "source_id": "monitor", "aligned_with": [], "reason": "x"},
        "SourceProtected": {"type": "SourceProtected", "source_id": "monitor", "reason": "x"},
        "ActorRegistered": {"type": "ActorRegistered", "actor_id": f"a-{fresh}", "name": "A", "kind": "other"},
        "ActorRenamed": {"type": "ActorRenamed", "actor_id": "hts", "name": "B"} | moved,
        "LocationRegistered": place(f"l-{fresh}"),
        "LocationRevised": {"type": "LocationRevised", "location_id": "homs", "changes": {"name": "H"}, "reason": "x"} | moved,
        "DevelopmentReported": reported(),
        "DevelopmentCorroborated": about("DevelopmentCorroborated"),
        "DevelopmentDenied": about("DevelopmentDenied"),
        "DevelopmentAssessed": about("DevelopmentAssessed"),
        "ReportRetracted": about("ReportRetracted", OTHER),
        "DevelopmentAmended": about("DevelopmentAmended", changes={"summary": "Otherwise."}),
        "DevelopmentMerged": about("DevelopmentMerged", OTHER, into_id=str(KNOWN)),
        "DevelopmentVoided": about("DevelopmentVoided", OTHER),
        "EventRedacted": {"type": "EventRedacted", "redacted_id": str(uuid4()), "legal_basis": "x", "reason": "x"},
    }  # fmt: skip


@pytest.mark.parametrize("role", ["reporter", "analyst", "admin"])
def test_each_type_of_event_for_each_role_that_records(postgres_18: str, role: str) -> None:
    """A reporter records all but an analyst's; nothing is written of what is refused."""
    with _opened(postgres_18) as timeline, served(timeline) as client:
        own = Desk(client, timeline)
        assert set(every_type()) == set(EVENT_TYPES) == set(access.RECORDING)
        for name, event in every_type().items():
            head = timeline.log.head().position
            answer = own.post(role, event)
            if role == "reporter" and name in ANALYSTS:
                body = assert_problem(answer, 403)
                assert [(one["field"], one["value"]) for one in body["errors"]] == [("type", name)]
                assert "analyst" in body["detail"]
                assert timeline.log.head().position == head
            elif name == "EventRedacted":  # it has a route of its own; who may not use that is told no more here
                body = assert_problem(answer, 422 if role == "admin" else 403)
                assert [one["field"] for one in body["errors"]] == ["type"]
                assert timeline.log.head().position == head
            else:
                assert answer.status_code == 201, (name, answer.text)


def test_a_line_that_is_not_ones_own_is_refused_and_the_others_stand(desk: Desk) -> None:
    """403 on that line."""
    answer = desk.post("reporter", reported(), about("DevelopmentAssessed"), {"type": "Nonsense"}, reported())
    lines = [json.loads(line) for line in answer.text.splitlines()]

    assert answer.status_code == 200
    assert [one["result"] for one in lines] == ["appended", "refused", "refused", "appended"]
    assert [lines[1]["problem"]["status"], lines[2]["problem"]["status"]] == [403, 422]
    assert lines[1]["problem"]["title"] == "Not allowed"


def test_an_atomic_batch_with_such_a_line_is_refused_whole(desk: Desk) -> None:
    """403, with the number of the line; nothing is written."""
    head = desk.timeline.log.head().position
    body = assert_problem(desk.post("reporter", reported(), merged(OTHER, KNOWN), query="?atomic=true"), 403)

    assert [(one["line"], one["field"]) for one in body["errors"]] == [(2, "type")]
    assert desk.timeline.log.head().position == head


def test_the_recorder_is_the_principal_and_never_a_field_of_the_request(desk: Desk) -> None:
    """A field of that name is unknown; headers that say a name change nothing."""
    assert_problem(desk.post("reporter", reported() | {"recorded_by": "key:somebody"}), 422)
    for who in ("reporter", "analyst", "admin"):
        position = desk.post(who, reported()).json()["position"]
        assert desk.timeline.log.read(position - 1, limit=1)[0].recorded_by == f"key:the-{who}"


def test_who_recorded_what_is_for_auditors_and_ones_own(desk: Desk) -> None:
    """Others read the event without its recorder."""
    position = desk.post("reporter", reported()).json()["position"]
    address = f"/v1/events?after={position - 1}&limit=1"
    seen = {who: desk.ask(who, "GET", address).json()["events"][0]["recorded_by"] for who in ROLES}

    assert seen == {
        "reader": None,
        "reporter": "key:the-reporter",
        "analyst": None,
        "auditor": "key:the-reporter",
        "admin": "key:the-reporter",
    }
    assert b"founder" not in desk.ask("analyst", "GET", "/v1/events?f=ndjson").content
    assert b"founder" in desk.ask("auditor", "GET", "/v1/events?f=ndjson").content


# Keys


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer tlk_" + "A" * 43},
        {"Authorization": "Bearer tlk_"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic dXNlcjpwYXNz"},
        {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."},
        {"Authorization": "tlk_"},
        {"Authorization": ""},
    ],
    ids=["unknown", "short", "empty", "basic", "token", "bare", "nothing"],
)
def test_credentials_that_are_none_are_401_with_a_challenge(desk: Desk, headers: dict[str, str]) -> None:
    """With an error code, since something was presented (RFC 6750, section 3.1)."""
    answer = desk.client.get("/v1/status", headers=headers)

    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="timeline", error="invalid_token"'


def test_nothing_presented_is_challenged_without_an_error_code(desk: Desk) -> None:
    """And so is a key where it does not belong."""
    for address in ("/v1/events", "/v1/events?access_token=" + desk.keys["admin"]):
        answer = desk.client.get(address)
        assert_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="timeline"'


def test_two_credentials_are_none(desk: Desk) -> None:
    """Whose request would it be?"""
    both = [("Authorization", f"Bearer {desk.keys[role]}") for role in ("reader", "admin")]
    assert_problem(desk.client.get("/v1/status", headers=both), 401)


def test_a_key_of_several_roles_has_the_rights_of_all(desk: Desk) -> None:
    """A reporter who may also see who recorded what."""
    secret, _ = new_key(desk.timeline, "both", "reporter", "auditor")
    posted = desk.client.post("/v1/events", json=reported(), headers=bearing(secret))

    assert posted.status_code == 201
    assert b"founder" in desk.client.get("/v1/events", headers=bearing(secret)).content


def test_a_revoked_key_is_refused_within_seconds_and_a_new_one_taken(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever revokes is another process: the service asks its table again."""
    monkeypatch.setattr(keys, "BETWEEN_UNKNOWN", 0.0)
    secret, key_id = new_key(desk.timeline, "short-lived", "reader", told=False)
    assert desk.client.get("/v1/sources", headers=bearing(secret)).status_code == 200
    with desk.timeline.log.pool.connection() as connection:
        keys.revoke(connection, key_id)
    desk.timeline.keys._read_at -= keys.FRESH + 0.1  # as if so many seconds had passed

    assert_problem(desk.client.get("/v1/sources", headers=bearing(secret)), 401)


def test_an_expired_key_is_refused(desk: Desk) -> None:
    """By the clock, not by the next reading of the table."""
    secret, key_id = new_key(desk.timeline, "fleeting", "reader", expires_at=datetime.now(UTC) + timedelta(seconds=60))
    assert desk.client.get("/v1/sources", headers=bearing(secret)).status_code == 200
    held = dict(desk.timeline.keys._held)
    key = next(one for one in held.values() if one.key_id == key_id)
    fields = {name: getattr(key, name) for name in key.__slots__} | {"expires_at": datetime.now(UTC)}
    desk.timeline.keys._held = held | {key.sha256: keys.Key(**fields)}

    assert_problem(desk.client.get("/v1/sources", headers=bearing(secret)), 401)


def test_only_a_hash_of_a_key_is_kept_and_the_day_of_its_last_use(desk: Desk) -> None:
    """The key itself stands in no row; its id is the beginning of the hash."""
    desk.ask("auditor", "GET", "/v1/sources")
    with desk.timeline.log.pool.connection() as connection:
        rows = {row[1]: row for row in connection.execute("SELECT key_id, name, last_used, k::text FROM access_key k")}
    key_id, _, last_used, whole = rows["the-auditor"]

    assert last_used == datetime.now(UTC).date()
    assert re.fullmatch(r"tlk_[A-Za-z0-9_-]{43}", desk.keys["auditor"])
    assert all(secret.removeprefix("tlk_") not in whole for secret in desk.keys.values())
    assert keys.digest(desk.keys["auditor"]).hex().startswith(key_id)


def test_the_check_asks_the_database_nothing_while_it_remembers(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for good keys; for guesses a few times a second, however many there are."""
    desk.ask("reader", "GET", "/v1/sources")
    desk.timeline.keys.refresh(within=0)
    monkeypatch.setattr(desk.timeline.keys, "_read_at", desk.timeline.keys._read_at + 3600)
    reads: list[object] = []

    def every(connection: object) -> list[keys.Key]:
        reads.append(connection)
        return list(desk.timeline.keys._held.values())

    monkeypatch.setattr(keys, "every", every)

    assert all(desk.ask("reader", "GET", "/v1/sources").status_code == 200 for _ in range(20))
    guess = {"Authorization": "Bearer tlk_guess"}
    assert reads == []
    began = time.monotonic()
    assert all(desk.client.get("/v1/sources", headers=guess).status_code == 401 for _ in range(50))
    assert len(reads) <= 1 + (time.monotonic() - began) / keys.BETWEEN_UNKNOWN


# Without keys


def test_without_keys_whoever_asks_on_loopback_is_local(keyless: tuple[httpx2.Client, Timeline]) -> None:
    """And may everything, also see the recorders."""
    client, timeline = keyless
    position = client.post("/v1/events", json=about("DevelopmentAssessed")).json()["position"]

    assert timeline.log.read(position - 1, limit=1)[0].recorded_by == "local"
    assert client.get("/v1/events").json()["events"][0]["recorded_by"] == "key:founder"


@pytest.mark.parametrize("host", ["timeline.example.org", "127.0.0.1.example.org", "", "localhost.example"])
def test_without_keys_a_page_of_another_name_cannot_ask(keyless: tuple[httpx2.Client, Timeline], host: str) -> None:
    """A web page whose name was pointed at 127.0.0.1 (DNS rebinding) would else speak as `local`."""
    assert_problem(keyless[0].get("/v1/status", headers={"Host": host}), 401)
    assert keyless[0].get("/v1/status", headers={"Host": "localhost:8000"}).status_code == 200
    assert keyless[0].get("/v1/status", headers={"Host": "[::1]:8000"}).status_code == 200


def test_without_keys_a_key_that_is_none_is_refused_all_the_same(keyless: tuple[httpx2.Client, Timeline]) -> None:
    """Whoever believes that they have a key shall learn that they have none."""
    assert_problem(keyless[0].get("/v1/status", headers=bearing("tlk_old")), 401)


def test_the_first_key_closes_the_service_to_all_others_and_its_revocation_does_not_open_it(postgres_18: str) -> None:
    """On loopback too; the operator's way out is another key."""
    with _opened(postgres_18) as timeline, served(timeline) as client:
        assert client.get("/v1/status").status_code == 200
        secret, key_id = new_key(timeline, "first", "admin")
        assert_problem(client.get("/v1/status"), 401)
        assert client.get("/v1/status", headers=bearing(secret)).status_code == 200
        with timeline.log.pool.connection() as connection:
            keys.revoke(connection, key_id)
        timeline.keys.refresh(within=0)
        assert_problem(client.get("/v1/status"), 401)
        assert client.get("/healthz").status_code == client.get("/openapi.json").status_code == 200


# Tokens


@pytest.fixture(scope="module")
def trusting(postgres_18: str) -> Iterator[tuple[httpx2.Client, SmallIssuer, Timeline]]:
    """A small world that takes the tokens of a small issuer."""
    with ExitStack() as stack:
        issuer = stack.enter_context(small_issuer())
        timeline = stack.enter_context(_opened(postgres_18, oidc_issuer=issuer.address, oidc_audience=AUDIENCE))
        yield stack.enter_context(served(timeline)), issuer, timeline


def test_a_token_of_the_issuer_opens_the_service(trusting: tuple[httpx2.Client, SmallIssuer, Timeline]) -> None:
    """Its `sub` is recorded, its roles count; without credentials the service is closed."""
    client, issuer, timeline = trusting
    token = issuer.token()
    position = client.post("/v1/events", json=about("DevelopmentAssessed"), headers=bearing(token)).json()["position"]

    assert timeline.log.read(position - 1, limit=1)[0].recorded_by == "oidc:nour"
    assert_problem(client.get("/v1/status"), 401)
    assert_problem(client.get("/v1/status", headers=bearing(issuer.token(roles=[]))), 403)
    assert_problem(client.post("/v1/events", json=reported(), headers=bearing(issuer.token(roles=["reader"]))), 403)


def test_a_bad_token_is_401_with_the_reason(trusting: tuple[httpx2.Client, SmallIssuer, Timeline]) -> None:
    """A problem, and a challenge."""
    client, issuer, _ = trusting
    answer = client.get("/v1/status", headers=bearing(issuer.token(exp=1)))

    assert "expired" in assert_problem(answer, 401)["detail"]
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_keys_and_tokens_are_taken_side_by_side(trusting: tuple[httpx2.Client, SmallIssuer, Timeline]) -> None:
    """A script has a key where people have tokens."""
    client, issuer, timeline = trusting
    secret, _ = new_key(timeline, "script", "reader")

    assert client.get("/v1/status", headers=bearing(secret)).status_code == 200
    assert client.get("/v1/status", headers=bearing(issuer.token())).status_code == 200


def test_an_issuer_that_does_not_answer_is_503_and_not_401(postgres_18: str) -> None:
    """The token may be good; it may be presented again."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with (
        small_issuer() as other,
        _opened(postgres_18, oidc_issuer=nowhere, oidc_audience=AUDIENCE) as timeline,
        served(timeline) as client,
    ):
        answer = client.get("/v1/status", headers=bearing(other.token()))
        assert_problem(answer, 503)
        assert answer.headers["Retry-After"]

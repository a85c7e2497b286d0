"""What is refused before it costs much: too often, too much at once, too large, too slow; and that all goes on afterwards."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from services.timeline import access, front_door
from services.timeline.api.app import create, routes
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings
from tests.acceptance.test_access import NAMES, _opened, bearing, new_key
from tests.acceptance.test_rest import assert_problem, reported, served


@contextmanager
def limited(server: str, **said: Any) -> Iterator[tuple[httpx2.Client, Timeline, dict[str, str]]]:
    """A served timeline with some settings, and what the key of an admin puts into headers."""
    with _opened(server, **said) as timeline, served(timeline) as client:
        yield client, timeline, bearing(new_key(timeline, "desk", "admin")[0])


def test_whoever_asks_too_often_is_told_when_to_come_back(postgres_18: str) -> None:
    """429, per principal and per kind of request; others, and other kinds, are answered."""
    with limited(postgres_18, limit_reads="3/hour", limit_writes="1/hour") as (client, timeline, desk):
        answers = [client.get("/v1/status", headers=desk) for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert [one.headers["RateLimit"].split(";")[1] for one in answers] == ["r=2", "r=1", "r=0", "r=0"]
        assert answers[0].headers["RateLimit-Policy"] == '"reads";q=3;w=3600'
        body = assert_problem(answers[3], 429)
        assert body["title"] == "Too many requests"
        assert int(answers[3].headers["Retry-After"]) > 0
        assert client.get("/v1/sources", headers=desk).status_code == 429
        assert client.post("/v1/events", json=reported(), headers=desk).status_code == 201
        assert client.post("/v1/events", json=reported(), headers=desk).status_code == 429
        other = bearing(new_key(timeline, "other", "reader")[0])
        assert client.get("/v1/status", headers=other).status_code == 200
        assert client.get("/healthz").status_code == 200


def test_guesses_are_counted_by_address_and_stop_nobody_who_has_a_key(postgres_18: str) -> None:
    """A stranger's 401 becomes 429; the desk behind the same address goes on."""
    with limited(postgres_18, limit_strangers="2/hour") as (client, _, desk):
        guesses = [client.get("/v1/status", headers=bearing(f"tlk_{n}")).status_code for n in range(4)]
        assert guesses == [401, 401, 429, 429]
        assert client.get("/v1/status", headers=desk).status_code == 200


@pytest.mark.parametrize(("trusted", "second"), [(None, 429), ("127.0.0.1", 200)])
def test_a_forwarded_address_counts_only_from_a_trusted_proxy(
    postgres_18: str, trusted: str | None, second: int
) -> None:
    """Else whoever asks could be somebody else each time."""
    with limited(postgres_18, open_reads=True, limit_reads="1/hour", trusted_proxies=trusted) as (client, _, _):
        first = client.get("/v1/status", headers={"X-Forwarded-For": "203.0.113.1"})
        assert first.status_code == 200
        assert client.get("/v1/status", headers={"X-Forwarded-For": "203.0.113.2"}).status_code == second


def test_without_keys_whoever_asks_on_loopback_has_no_limit(postgres_18: str) -> None:
    """They are alone with it."""
    with _opened(postgres_18, limit_reads="1/hour") as timeline, served(timeline) as client:
        answers = [client.get("/v1/status") for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 200]
        assert "RateLimit" not in answers[0].headers


def test_under_overload_the_rest_is_refused_at_once_and_all_is_well_afterwards(
    postgres_18: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After while as many requests as may are at work; health answers all the while."""
    release, inside = threading.Event(), threading.Semaphore(0)
    with limited(postgres_18, at_once=2) as (client, timeline, desk):
        catalogue = timeline.reader.catalogue

        def slow(position: int) -> Any:
            inside.release()
            release.wait(30)
            return catalogue(position)

        monkeypatch.setattr(timeline.reader, "catalogue", slow)
        found: list[int] = []
        asking = [threading.Thread(target=lambda: found.append(client.get("/v1/sources", headers=desk).status_code)) for _ in range(2)]  # fmt: skip
        for one in asking:
            one.start()
        for _ in asking:
            assert inside.acquire(timeout=30)
        refused = [client.get("/v1/sources", headers=desk) for _ in range(20)]
        assert {one.status_code for one in refused} == {503}
        assert assert_problem(refused[0], 503)["title"] == "Overloaded"
        assert refused[0].headers["Retry-After"] == "1"
        assert client.get("/healthz").status_code == 200
        release.set()
        for one in asking:
            one.join()
        assert found == [200, 200]
        assert client.get("/v1/sources", headers=desk).status_code == 200


def test_a_body_that_is_waited_for_keeps_nobody_else_out(postgres_18: str) -> None:
    """Slow senders are many and cheap: they count once there is something to do."""
    with limited(postgres_18, at_once=1) as (client, _, desk), ExitStack() as held:
        for _ in range(5):
            connection = held.enter_context(_connected(client))
            key = desk["Authorization"].encode()
            connection.sendall(
                b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                b"Authorization: " + key + b"\r\nContent-Length: 100\r\n\r\n{"
            )
        give_up = time.monotonic() + 30
        while (
            client.get("/v1/status", headers=desk).status_code != 200
        ):  # until all of them have been asked who they are
            assert time.monotonic() < give_up
        assert client.get("/v1/status", headers=desk).status_code == 200


def _connected(client: httpx2.Client) -> socket.socket:
    return socket.create_connection(("127.0.0.1", client.base_url.port or 0), timeout=30)


def _posted() -> list[str]:
    return [route.split()[1] for route in access.USING if route.startswith("POST ")]


@pytest.mark.parametrize("chunked", [False, True], ids=["told", "in chunks"])
def test_every_route_with_a_body_refuses_one_that_is_too_large_before_it_is_read(
    postgres_18: str, chunked: bool
) -> None:
    """By its length at once; in chunks as soon as it is too long, while the sender goes on."""
    with limited(postgres_18) as (client, timeline, desk):
        posted = [
            one for one in routes(create(timeline)) if "POST" in (getattr(one.original_route, "methods", None) or ())
        ]
        assert {one.path for one in posted} == set(_posted())
        for path in _posted():
            filled = path.format_map(NAMES)
            most = 64 << 20 if path == "/v1/events" else 1 << 20
            with _connected(client) as connection:
                head = f"POST {filled} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAuthorization: {desk['Authorization']}\r\n"
                if chunked and path == "/v1/events":
                    continue  # one event of more than 1 MiB is refused by the route itself: test_rest.py
                if chunked:
                    connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
                    with_end = _sent_in_chunks(connection, most + (1 << 16))
                else:
                    connection.sendall(f"{head}Content-Length: {most + 1}\r\n\r\n".encode())
                    with_end = connection.recv(1 << 16)
                status = int(with_end.split()[1])
                takes_no_body = path in {
                    "/v1/audit/bundles/{location_id}",
                    "/v1/views/{view}/verify",
                    "/v1/views/{view}/set-aside/retry",
                    "/v1/webhooks/{webhook_id}/resume",
                    "/v1/webhooks/{webhook_id}/deliveries/{position}/retry",
                }
                assert status == 413 or (chunked and takes_no_body), (path, with_end[:200])


def _sent_in_chunks(connection: socket.socket, size: int) -> bytes:
    try:
        for _ in range(size // (1 << 16)):
            connection.sendall(b"10000\r\n" + b" " * (1 << 16) + b"\r\n")
    except OSError:
        pass  # refused while we were sending
    return connection.recv(1 << 16)


def test_a_compressed_body_is_refused_on_every_route(postgres_18: str) -> None:
    """So nothing unpacks to more than it has."""
    with limited(postgres_18) as (client, _, desk):
        for path in _posted():
            answer = client.post(
                path.format_map(NAMES), content=b"\x1f\x8b", headers=desk | {"Content-Encoding": "gzip"}
            )
            assert_problem(answer, 415)


def test_headers_that_are_too_large_are_refused_and_those_without_end_are_read_no_further(postgres_18: str) -> None:
    """431; beyond that the connection is closed."""
    with limited(postgres_18) as (client, _, desk):
        assert_problem(client.get("/v1/status", headers=desk | {"X-Long": "a" * 33_000}), 431)
        with _connected(client) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nX-Long: ")
            with pytest.raises(OSError):  # noqa: PT011, PT012  (reset or broken pipe, as it comes)
                for _ in range(200):
                    connection.sendall(b"a" * 65_536)
                    time.sleep(0.001)
                raise AssertionError("13 MB of one header were taken")
        assert client.get("/v1/status", headers=desk).status_code == 200


def test_a_request_that_does_not_begin_is_waited_for_so_long(postgres_18: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then its connection is closed, also where a byte came now and then."""
    monkeypatch.setattr(front_door, "PATIENCE", 0.3)
    with limited(postgres_18) as (client, _, _), _connected(client) as silent, _connected(client) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost")
        assert silent.recv(10) == slow.recv(10) == b""


def test_a_slow_question_is_broken_off_and_the_connection_is_good_afterwards(
    postgres_18: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 as a problem, for a reader and for a writer."""
    with _opened(postgres_18) as made:
        database = str(made.settings.database_url)
        settings = Settings(database_url=database, home=made.settings.home, statement_seconds=0.2, write_seconds=0.4)
        with opened(settings, bounded=True) as timeline, served(timeline) as client:
            readers = timeline.reader._held

            def set_aside(view: str) -> list[Any]:
                with readers.connection() as connection:
                    connection.execute("SELECT pg_sleep(30)")
                return []

            monkeypatch.setattr(timeline.reader, "set_aside", set_aside)
            answer = client.get("/v1/views/current/set-aside")
            assert assert_problem(answer, 503)["title"] == "Took too long"
            assert answer.headers["Retry-After"] == "10"
            with psycopg.connect(database) as other:  # somebody holds the head of the log
                other.execute("SELECT FROM log_head FOR UPDATE")
                assert assert_problem(client.post("/v1/events", json=reported()), 503)["title"] == "Took too long"
            assert client.post("/v1/events", json=reported()).status_code == 201
            assert client.get("/v1/status").status_code == 200
            for pool, patience in ((readers, "200ms"), (timeline.log.pool, "400ms")):
                with pool.connection() as connection:
                    [found] = connection.execute("SHOW statement_timeout").fetchone() or ("",)
                    assert found == patience
                    assert connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() != ("0",)
            timeline.log.tidy()
            with timeline.log.pool.connection() as connection:
                assert connection.execute("SHOW statement_timeout").fetchone() == ("400ms",)


def test_streams_are_bounded_for_each_and_in_all(postgres_18: str) -> None:
    """The next one is 503; whoever leaves makes room."""
    with limited(postgres_18, streams=3, streams_each=2) as (client, timeline, desk):
        other = bearing(new_key(timeline, "other", "reader")[0])
        sse = {"Accept": "text/event-stream"}

        def stream(headers: dict[str, str]) -> Any:
            return client.stream("GET", "/v1/events", headers=sse | headers)

        with stream(desk) as one, stream(desk) as two, stream(desk) as three:
            assert [one.status_code, two.status_code, three.status_code] == [200, 200, 503]
            with stream(other) as first, stream(other) as second:
                assert [first.status_code, second.status_code] == [200, 503]
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up:
            with stream(desk) as again:
                if again.status_code == 200:
                    return
        raise AssertionError("nobody's place became free")


#: Lists without a `limit`, and what bounds them instead.
WITHOUT_LIMIT = {
    "/v1/status": "a row a place",
    "/v1/map/look": "one file of the operator",
    "/v1/locations/{location_id}/history": "one place",
    "/v1/locations/{location_id}/beliefs": "MAX_RECTANGLES",
    "/v1/locations/{location_id}/explain": "one place",
    "/v1/audit/locations/{location_id}": "MOST of a review",
    "/v1/audit/developments/{development_id}": "one development",
    "/v1/audit/sources/{source_id}": "counts",
    "/v1/audit/recorders/{recorder}": "counts",
    "/v1/developments/{development_id}": "one development",
    "/v1/sources/{source_id}": "one source",
    "/v1/actors/{actor_id}": "one actor",
    "/v1/locations/{location_id}": "one place",
    "/v1/locations/{location_id}/status": "one place",
    "/v1/log/proofs/inclusion": "64 hashes",
    "/v1/log/proofs/consistency": "128 hashes",
    "/v1/views": "what people build",
    "/v1/views/{view}": "one view",
    "/v1/views/diff": "asked with limit, or a row a place",
    "/v1/views/{view}/verify": "MOST; differing_count tells",
    "/v1/views/{view}/set-aside": "MOST",
    "/v1/map/places": "a row a place",
    "/v1/map/histograms": "MOST of either axis",
    "/v1/map/moments": "the operator's file",
    "/v1/vocabulary": "the program's own",
    "/v1/whoami": "one principal",
    "/v1/webhooks": "MOST of them",
    "/v1/webhooks/{webhook_id}": "the types of one",
    "/ogc": "the program's own",
    "/ogc/conformance": "the program's own",
    "/ogc/collections": "the program's own",
    "/ogc/collections/{collection_id}": "the program's own",
}


def test_every_list_has_a_bound(postgres_18: str) -> None:
    """A `limit` has a maximum, and one beyond it is refused; what answers with a list otherwise is named, with why."""
    with limited(postgres_18) as (client, _, desk):
        document = client.get("/openapi.json").json()
        for path, methods in document["paths"].items():
            operation = methods.get("get")
            if operation is None:
                continue
            limits = [one["schema"] for one in operation.get("parameters", ()) if one["name"] == "limit"]
            if path.startswith("/ogc"):  # a larger one is no error there, and is taken for the largest: test_ogc.py
                continue
            for limit in limits:
                assert limit["maximum"] <= 10_000, path
                answer = client.get(path.format_map(NAMES), params={"limit": limit["maximum"] + 1}, headers=desk)
                assert answer.status_code == 422, path
            said = operation["responses"]["200"]["content"].get("application/json", {}).get("schema", {})
            shape = document["components"]["schemas"].get(said.get("$ref", "").rpartition("/")[2], {})
            lists = [name for name, one in shape.get("properties", {}).items() if one.get("type") == "array"]
            if lists and not limits:
                assert path in WITHOUT_LIMIT, (path, lists)


def test_a_page_of_another_origin_may_ask_where_the_operator_names_it(postgres_18: str) -> None:
    """Not by default, and no other; with a key in a header, never with cookies."""
    ours, theirs = "https://map.example.org", "https://evil.example"
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    with limited(postgres_18) as (client, _, desk):
        answer = client.get("/v1/status", headers=desk | {"Origin": ours})
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert client.options("/v1/status", headers=asked | {"Origin": ours}).status_code == 405
    with limited(postgres_18, cors_origins=f"{ours}, http://localhost:3000") as (client, _, desk):
        answer = client.get("/v1/status", headers=desk | {"Origin": ours})
        assert answer.headers["Access-Control-Allow-Origin"] == ours
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Origin" in answer.headers["Vary"]
        allowed = client.options("/v1/status", headers=asked | {"Origin": ours})
        assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (200, ours)
        for origin in (theirs, "null", "https://map.example.org.evil.example", "http://map.example.org"):
            answer = client.get("/v1/status", headers=desk | {"Origin": origin})
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert client.options("/v1/status", headers=asked | {"Origin": origin}).status_code == 400


def test_the_settings_of_all_this_are_refused_where_they_make_no_sense(tmp_path: Path) -> None:
    """In a word that says what would do."""
    for name, value, words in (
        ("limit_reads", "often", "6000/minute"),
        ("cors_origins", "*", "named exactly"),
        ("cors_origins", "https://map.example.org/", "named exactly"),
        ("trusted_proxies", "my-proxy", "my-proxy"),
        ("at_once", 0, "greater"),
    ):
        with pytest.raises(ValueError, match=words.replace("*", r"\*")):
            Settings.model_validate({name: value, "home": tmp_path})

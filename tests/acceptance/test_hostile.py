"""Hostile bodies and hostile clients: each gets a clear refusal, nobody else notices, and the log stays as it was."""

import gzip
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import pytest
from hypothesis import strategies as st

from events.problems import MAX_PROBLEMS
from events.shape import read_event
from services.timeline import story
from services.timeline.api import events as events_api
from services.timeline.api import posting
from tests.acceptance.test_rest import JSON, NDJSON, Desk, _desk, small_world

ACTOR = {"type": "ActorRegistered", "actor_id": "fresh", "name": "Fresh", "kind": "other"}
PLACE = {"type": "LocationRegistered", "location_id": "fresh", "name": "Fresh", "kind": "city"}


@pytest.fixture(scope="module")
def strict(postgres_18: str) -> Iterator[Desk]:
    """A small world that nothing here adds to."""
    with _desk(postgres_18) as desk:
        desk.timeline.writer.append([json.dumps(one).encode() for one in small_world()], "test", atomic=True)
        yield desk


@pytest.fixture(autouse=True)
def as_it_was(strict: Desk) -> Iterator[None]:
    """Whatever was sent: the log is as it was, and the service answers at once."""
    before = strict.head()
    yield
    began = time.monotonic()
    assert strict.get("/readyz").status_code == 200
    assert time.monotonic() - began < 5
    assert strict.head() == before


def actor(**said: str) -> bytes:
    """An actor with some fields written as raw JSON."""
    fields = {name: json.dumps(value) for name, value in ACTOR.items()} | said
    return ("{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}").encode()


def place(coordinates: str, kind: str = "Point") -> bytes:
    """A place whose coordinates are raw JSON."""
    plain = json.dumps(PLACE)[:-1]
    return f'{plain}, "geometry": {{"type": "{kind}", "coordinates": {coordinates}}}}}'.encode()


def named(name: str) -> bytes:
    """An actor whose name is raw JSON."""
    return actor(name=f'"{name}"')


RING = "[" + ", ".join(["[36.0, 35.0]"] * 100_000) + "]"

#: What it is called, the line, a word of what is said about it.
LINES = (
    # depth
    ("100,000 arrays, closed", b"[" * 100_000 + b"]" * 100_000, "60,000 bytes"),
    ("29,000 arrays, closed", b"[" * 29_000 + b"]" * 29_000, "deep"),
    ("59,000 arrays, open", b"[" * 59_000, "deep"),
    ("9,000 objects", b'{"a":' * 9_000 + b"1" + b"}" * 9_000, "deep"),
    ("a deep type", b'{"type":' + b"[" * 900 + b"]" * 900 + b"}", "unknown type"),
    ("a deep field that is unknown", b'{"type": "ActorRegistered", "x":' + b"[" * 900 + b"]" * 900 + b"}", "unknown field"),
    *((f"coordinates {depth} deep", place("[" * depth + "]" * depth), word)
      for depth, word in ((10, "a position is"), (500, "a position is"), (900, "a position is"), (25_000, "deep"))),
    # numbers
    ("1e400", place("[1e400, 1]"), "out of range"),
    ("-1e400", place("[-1e400, 1]"), "out of range"),
    ("1e308", place("[1e308, 1]"), "off the globe"),
    ("10**1000", place(f"[{10**1000}, 1]"), "off the globe"),
    ("10**1000 as a height", place(f"[1, 1, {10**1000}]"), "not on Earth"),
    ("5,000 digits", place("[" + "9" * 5_000 + ", 1]"), "out of range"),
    ("NaN", place("[NaN, 1]"), "JSON"),
    ("Infinity", place("[Infinity, 1]"), "JSON"),
    ("numbers as text", place('["36.7", "35.1"]'), "a position is"),
    ("truth for a number", place("[true, false]"), "a position is"),
    ("a huge number for a type", b'{"type": ' + b"9" * 300 + b"}", "unknown type"),
    ("a huge number for a name", actor(name="9" * 40), "expected str"),
    ("a huge number as the whole", b"1" + b"0" * 400, "JSON object"),
    ("a number for a moment", b'{"type": "ActorRenamed", "actor_id": "saa", "name": "x", "from": 1e30}', "offset"),
    ("a moment before the year 1", b'{"type": "ActorRenamed", "actor_id": "saa", "name": "x", "from": "0001-01-01T00:00:00+23:59"}', "years 1 to 9999"),
    # encodings
    ("not UTF-8", b'{"type": "\x80\xff"}', "UTF-8"),
    ("overlong", b'{"type": "\xc0\x80"}', "UTF-8"),
    ("half a pair in UTF-8", b'{"type": "\xed\xa0\x80"}', "UTF-8"),
    ("half a pair as an escape", named(r"\ud800"), "surrogate"),
    ("half a pair as a key", b'{"type": "ActorRegistered", "\\udfff": 1}', "surrogate"),
    ("UTF-16", json.dumps(ACTOR).encode("utf-16"), "byte order mark of UTF-16"),
    ("UTF-16 without a mark", json.dumps(ACTOR).encode("utf-16-le"), "JSON"),
    ("UTF-32", json.dumps(ACTOR).encode("utf-32"), "JSON"),
    ("a byte order mark", b"\xef\xbb\xbf" + json.dumps(ACTOR).encode(), "byte order mark of UTF-8"),
    ("gzip without saying so", gzip.compress(json.dumps(ACTOR).encode()).replace(b"\n", b" "), "not"),
    ("NUL as it is", named("a\0b"), "JSON"),
    ("NUL as an escape", named(r"a\u0000b"), "U+0000"),
    ("an escape of the terminal", named(r"a\u001b[2Jb"), "U+001B"),
    ("a backspace", named(r"a\bb"), "U+0008"),
    ("DEL", named("a\x7fb"), "U+007F"),
    ("C1", named("a\x9b2Jb"), "U+009B"),
    ("an override", named("gnp.exe\u202e"), "another order"),
    ("an override as an escape", named(r"\u202dabc\u202c"), "another order"),
    ("an isolate that is not closed", named("\u2067حماة"), "U+2067"),
    ("an embedding that is closed by the wrong mark", named(r"\u202babc\u2069"), "U+202B"),
    # keys
    ("a key twice", actor(name='"A", "name": "B"'), "stands twice"),
    ("a key twice, the same", actor(name='"A", "name": "A"'), "stands twice"),
    ("a type twice", actor(kind='"other", "type": "SourceRegistered"'), "stands twice"),
    ("a key twice, once as an escape", actor(name='"A", "\\u006eame": "B"'), "stands twice"),
    ("a key twice further in", place("[1, 1]").replace(b'"Point",', b'"Point", "type": "Point",'), "stands twice"),
    ("a key twice among names", json.dumps(PLACE)[:-1].encode() + b', "names": {"ar": "1", "en": "2", "ar": "3"}}', "stands twice"),
    ("10,000 keys that are unknown", json.dumps({"type": "ActorRegistered"} | {f"k{n}": 1 for n in range(5_000)}).encode(), "and more"),
    # ids
    ("a very long id", actor(actor_id=json.dumps("x" * 50_000)), "at most 100"),
    ("a look-alike id", actor(actor_id='"s\u0430\u0430"'), "lower-case letters"),
    ("a full-width id", actor(actor_id='"\uff53\uff41\uff41"'), "lower-case letters"),
    ("an id with a line end", actor(actor_id=r'"saa\n"'), "lower-case letters"),
    ("an id with a path in it", actor(actor_id='"../../etc"'), "lower-case letters"),
    # sizes
    ("a megabyte", actor(name=json.dumps("x" * 1_000_000)), "60,000 bytes"),
    ("100,000 coordinates", place(f"[{RING}]", "Polygon"), "60,000 bytes"),
)  # fmt: skip


@pytest.mark.parametrize(("line", "word"), [one[1:] for one in LINES], ids=[one[0] for one in LINES])
def test_a_hostile_line_is_refused_and_its_neighbours_are_answered(strict: Desk, line: bytes, word: str) -> None:
    """Between two lines that are there already; and the same alone."""
    # In UTF-16 and -32 a line end has zeros beside it, and none of the bytes between is one by itself.
    assert b"\n" not in line
    held = json.dumps(small_world()[0] | {"event_id": str(_event_id(strict))}).encode()
    answer = strict.post_many([held, line, held])

    assert answer.status_code == 200
    first, refused, last = map(json.loads, answer.text.splitlines())
    assert (first["line"], refused["line"], last["line"]) == (1, 2, 3)
    assert first["result"] == last["result"] == "already_there"
    assert refused["result"] == "refused"
    assert word in refused["problem"]["detail"]
    assert len(refused["problem"].get("errors", ())) <= MAX_PROBLEMS + 1
    assert len(json.dumps(refused)) < 20_000

    if len(line) <= posting.MAX_ONE:
        alone = strict.post(line)
        assert alone.status_code == 422
        assert alone.json()["detail"] == refused["problem"]["detail"]
    assert strict.post_many([held, line], "?atomic=true").status_code == 422


def _event_id(desk: Desk) -> Any:
    return desk.timeline.log.read(0, limit=1)[0].event_id


SPACED = (
    ("nothing", b"", 0),
    ("a million empty lines", b"\n" * 1_000_000, 0),
    ("a million blank lines of another system", b" \t\r\n" * 1_000_000, 0),
    ("no line end", b"{}", 1),
    ("many line ends", b"\n\n{}\n\n{}\n\n", 2),
    ("CRLF", b"{}\r\n{}\r\n", 2),
    ("CR alone is no line end", b"{}\r{}", 1),
    ("a line separator of Unicode is none", "{}\u2028{}".encode(), 1),
    ("a line of 63 megabytes", b"[" * (63 * 1024 * 1024), 1),
    ("20,000 lines", b"{}\n" * 20_000, 20_000),
)


@pytest.mark.parametrize(("body", "lines"), [one[1:] for one in SPACED], ids=[one[0] for one in SPACED])
def test_lines_are_what_line_feeds_part(strict: Desk, body: bytes, lines: int) -> None:
    """However many are empty; each that is not gets its answer under its number."""
    answer = strict.client.post("/v1/events", content=body, headers=NDJSON)

    assert answer.status_code == 200
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert len(told) == lines
    assert all(one["result"] == "refused" for one in told)
    wanted = [number for number, line in enumerate(body.split(b"\n"), start=1) if line.strip()]
    assert [one["line"] for one in told] == wanted


def test_what_is_too_much_for_one_request_is_refused_as_a_whole(strict: Desk) -> None:
    """More bytes, or more lines, than an answer can be made for in memory."""
    lines = strict.client.post("/v1/events", content=b"1\n" * (events_api.MAX_LINES + 1), headers=NDJSON)
    assert lines.status_code == 413
    assert "100,000 lines" in lines.json()["detail"]

    large = strict.client.post("/v1/events", content=b" " * (events_api.MAX_BODY + 1), headers=NDJSON)
    assert large.status_code == 413
    one = strict.client.post("/v1/events", content=b" " * (posting.MAX_ONE + 1), headers=JSON)
    assert one.status_code == 413


def test_what_is_refused_is_answered_in_no_more_than_some_times_its_size(strict: Desk) -> None:
    """Each line has as many faults as it has room for; nobody waits long, and the answer stays bounded."""
    worst = json.dumps({"type": "DevelopmentReported"} | {f"{number:x}": 1 for number in range(6_000)}).encode()
    began = time.monotonic()
    answer = strict.post_many([worst] * 100)

    assert time.monotonic() - began < 10
    assert len(answer.content) < 2 * 100 * len(worst)
    assert answer.text.count('"refused"') == 100


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip", "x" * 5_000])
def test_a_body_in_a_content_coding_is_refused_by_its_name(strict: Desk, coding: str) -> None:
    """None is undone here: a few bytes of gzip are as many zeros as somebody likes."""
    body = gzip.compress(json.dumps(ACTOR).encode())
    answer = strict.client.post("/v1/events", content=body, headers=NDJSON | {"Content-Encoding": coding})

    assert answer.status_code == 415
    assert answer.headers["Accept-Encoding"] == "identity"
    assert coding[:30] in answer.json()["detail"]


def test_an_address_says_all_the_methods_that_it_takes(strict: Desk) -> None:
    """RFC 9110, section 10.2.1; also where each has a route of its own."""
    assert strict.client.patch("/v1/events").headers["Allow"] == "GET, HEAD, POST"
    assert strict.client.post("/v1/status").headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/json5", "application/x-ndjson2", "x" * 5_000])
def test_a_body_of_another_media_type_is_refused_by_its_name(strict: Desk, media_type: str) -> None:
    """A form, for one, is what a page of another origin could post."""
    headers = {"Content-Type": media_type} if media_type else {}
    answer = strict.client.post("/v1/events", content=json.dumps(ACTOR).encode(), headers=headers)

    assert answer.status_code == 415
    assert media_type[:30] in answer.json()["detail"]


def test_what_is_refused_is_shown_without_what_would_act_on_a_terminal(strict: Desk) -> None:
    """Neither in the name of a field nor in its value."""
    line = json.dumps(ACTOR | {"\x1b[2J\u202e": 1, "kind": "\x1b]0;title\x07\u2066"}).encode()
    [error, other] = strict.post(line).json()["errors"]

    assert {error["field"], other["field"]} == {r"\u001b[2J\u202e", "kind"}
    assert r"\u001b]0;title\u0007\u2066" in (error["value"], other["value"])


# Clients that stop.


def test_clients_that_stop_in_mid_request_keep_nobody_waiting(strict: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred stand with half a body; others are answered at once; and those are told what happened, and let go."""
    monkeypatch.setattr(posting, "SILENCE", 1.0)
    with ExitStack() as stack:
        stalled = [stack.enter_context(_connected(strict)) for _ in range(100)]
        for one in stalled:
            one.sendall(_request(1_000) + json.dumps(ACTOR).encode())
        began = time.monotonic()
        assert strict.get("/v1/locations/hama/status").status_code == 200
        assert strict.post(b"{}").status_code == 422
        assert time.monotonic() - began < 1.0
        for one in stalled:
            assert _read(one).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - began < 20


def test_a_client_that_sends_slowly_is_heard_out(strict: Desk) -> None:
    """A byte at a time, as over a bad line."""
    with _connected(strict) as one:
        one.sendall(_request(2))
        for byte in (b"{", b"}"):
            time.sleep(0.2)
            one.sendall(byte)
        assert _read(one).startswith(b"HTTP/1.1 422 ")


@pytest.mark.parametrize("how", ["closed", "reset"])
def test_a_client_that_leaves_in_mid_body_records_nothing(strict: Desk, how: str) -> None:
    """Not even the whole lines that it had sent."""
    line = json.dumps(ACTOR).encode() + b"\n"
    for _ in range(20):
        with _connected(strict) as one:
            one.sendall(_request(10 * len(line), NDJSON) + 5 * line)
            if how == "reset":
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


@pytest.mark.parametrize(
    "sent",
    [
        b"\0" * 1_000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"A: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
    ids=["zeros", "another HTTP", "a length below nothing", "a length beyond all", "two lengths", "no chunk", "a long header", "a long address"],
)  # fmt: skip
def test_what_is_no_http_is_refused_or_cut_off(strict: Desk, sent: bytes) -> None:
    """Never a 5xx, never a wait."""
    with _connected(strict) as one:
        try:
            one.sendall(sent)
            one.shutdown(socket.SHUT_WR)
            answer = _read(one)
        except (ConnectionError, OSError):
            return
        assert answer[:12] in (b"", b"HTTP/1.1 400", b"HTTP/1.1 404", b"HTTP/1.1 415", b"HTTP/1.1 431")


def _connected(desk: Desk) -> socket.socket:
    url = urlsplit(str(desk.client.base_url))
    return socket.create_connection((url.hostname, url.port), timeout=30)


def _request(length: int, headers: dict[str, str] = JSON) -> bytes:
    said = f"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\nConnection: close\r\n"
    return (said + f"Content-Type: {headers['Content-Type']}\r\n\r\n").encode()


def _read(one: socket.socket) -> bytes:
    """All that is answered until the connection is closed."""
    found = b""
    while part := one.recv(65_536):
        found += part
    return found


# Whatever anybody thinks of.

numbers = st.integers() | st.floats() | st.sampled_from([10**40, -0.0, 2**53])
leaf = st.none() | st.booleans() | numbers | st.text(max_size=8)
flat = st.lists(leaf, max_size=4) | st.dictionaries(st.text(max_size=8), leaf, max_size=4)
anything = leaf | flat | st.lists(flat, max_size=4) | st.dictionaries(st.text(max_size=8), flat, max_size=4)
examples = [json.loads(line) for line in story.lines()]
by_type = [next(one for one in examples if one["type"] == name) for name in sorted({one["type"] for one in examples})]


@st.composite
def spoilt_events(draw: st.DrawFn) -> bytes:
    """An event of the demo with one thing of it replaced, taken away, doubled or cut; as bytes, sometimes broken ones."""
    event = json.loads(json.dumps(draw(st.sampled_from(by_type))))
    inside = event
    while deeper := _containers(inside):
        if not draw(st.booleans()):
            break
        inside = draw(st.sampled_from(deeper))
    keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
    if keys:
        key = draw(st.sampled_from(keys))
        if draw(st.booleans()):
            inside[key] = draw(anything)
        else:
            del inside[key]
    event["no_such_field"] = draw(anything)  # so that it is refused, whatever else it is
    raw = json.dumps(event, ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass").replace(b"\n", b" ")
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(raw)))
        raw = raw[:at] + draw(st.binary(max_size=4)).replace(b"\n", b" ") + raw[at + draw(st.integers(0, 3)) :]
    return raw


def _containers(value: Any) -> list[Any]:
    items = value.values() if isinstance(value, dict) else value
    return [one for one in items if isinstance(one, dict | list) and one]


@hypothesis.settings(max_examples=60, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(st.lists(spoilt_events() | st.binary(min_size=1, max_size=60), min_size=1, max_size=20))
def test_whatever_is_posted_each_line_is_answered(strict: Desk, lines: list[bytes]) -> None:
    """Random spoilings of real events, of every type, and random bytes: refused one by one, by number."""
    body = b"\n".join(lines)
    answer = strict.client.post("/v1/events", content=body, headers=NDJSON)

    assert answer.status_code == 200
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert [one["line"] for one in told] == [n for n, line in enumerate(body.split(b"\n"), start=1) if line.strip()]
    assert {one["result"] for one in told} <= {"refused"}
    assert all(one["problem"]["detail"] for one in told)
    alone = strict.post(lines[0])
    assert 400 <= alone.status_code < 500


def test_text_in_both_directions_is_kept(strict: Desk) -> None:
    """Marks, and embeddings and isolates that are closed again, are how Arabic and Latin stand in one line."""
    for name in (
        "حماة",
        "\u200fحماة\u200e (Hama)",
        "\u2067حماة\u2069 and \u2068x\u2069",
        "\u202bحماة\u202c",
        "a\tb\nc",
        "👩‍👩‍👧 e\u0301",
    ):
        assert read_event(json.dumps(ACTOR | {"name": name}).encode()).name == name  # type: ignore[attr-defined]
        assert read_event(json.dumps(ACTOR | {"name": name}, ensure_ascii=False).encode()).name == name  # type: ignore[attr-defined]

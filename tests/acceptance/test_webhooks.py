"""Webhooks over real sockets: signed, in order, at least once whoever dies; nowhere that is not public; seen by admins alone."""

import json
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx2
import psycopg
import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from events.codec import STORED_NAMES
from events.shape import EVENT_TYPES
from services.timeline.composition import Timeline
from services.timeline.discreet import discreet
from services.timeline.standards import posting_out, webhooks
from services.timeline.standards.posting_out import Unsendable
from services.timeline.standards.sending import Sending
from tests.acceptance.receivers import Came, Receiver, receiver
from tests.acceptance.test_access import _opened, bearing, new_key
from tests.acceptance.test_rest import assert_problem, reported, served, small_world
from tests.acceptance.test_standing_by import Service, service
from tests.conftest import fresh_database

SOON = 60.0

Tree = dict[str, Any]


def until(done: Callable[[], bool], what: str) -> None:
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < SOON, what
        time.sleep(0.02)


class Desk:
    """A served timeline that sends, and may send to this machine."""

    def __init__(self, client: httpx2.Client, timeline: Timeline) -> None:
        self.client, self.timeline = client, timeline

    def hook(self, to: Receiver, **said: Any) -> Tree:
        answer = self.client.post("/v1/webhooks", json={"url": to.url, **said})
        assert answer.status_code == 201, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        found: Tree = answer.json()
        assert answer.headers["Location"] == f"/v1/webhooks/{found['webhook_id']}"
        return found

    def append(self, *events: Tree) -> int:
        lines = [json.dumps(one).encode() for one in events or (reported(),)]
        place = self.timeline.writer.append(lines, "key:founder", atomic=True)[-1].place
        assert place is not None
        return place.position

    def seen(self, hook: Tree, query: str = "") -> list[Tree]:
        found: list[Tree] = self.client.get(f"/v1/webhooks/{hook['webhook_id']}/deliveries{query}").json()["deliveries"]
        return found

    def now(self, hook: Tree) -> Tree:
        found: Tree = self.client.get(f"/v1/webhooks/{hook['webhook_id']}").json()
        return found


@contextmanager
def a_desk(server: str) -> Iterator[Desk]:
    with _opened(server, webhook_private=True) as timeline, served(timeline) as client:
        leading = SimpleNamespace(leads=True)
        with Sending(discreet(timeline).log, leading, private=True):
            yield Desk(client, timeline)
            leading.leads = False


@pytest.fixture
def desk(postgres_18: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(webhooks, "FIRST_WAIT", 0.02)
    monkeypatch.setattr(webhooks, "LONGEST_WAIT", 0.1)
    monkeypatch.setattr(webhooks, "ATTEMPTS", 3)
    with a_desk(postgres_18) as found:
        yield found


def test_what_is_recorded_is_sent_signed_and_in_order(desk: Desk) -> None:
    """CloudEvents, verified by the libraries of both standards; from the position asked for, and no name of who is at risk."""
    with receiver() as to:
        hidden = {
            "type": "SourceRegistered",
            "source_id": "s-7",
            "name": "Amal Haddad",
            "kind": "other",
            "sensitive": True,
        }
        head = desk.append(hidden)
        hook = desk.hook(to, after=0)
        last = desk.append(reported(), reported())
        until(lambda: len(to.came) == last, "all are sent")
        assert to.positions() == list(range(1, last + 1))
        events = {one["position"]: one for one in desk.client.get("/v1/events").json()["events"]}
        for one in to.came:
            found = one.verified(hook["secret"])
            assert one.headers["content-type"] == "application/cloudevents+json"
            assert found.get_id() == one.id
            assert found.get_extension("sequence") == f"{one.position:020d}"
            if "withheld" not in one.data:
                assert one.data["event"] == events[one.position]["event"]
            assert one.data["recorded_by"] is None
            assert b"Haddad" not in one.body
        assert to.came[head - 1].data["withheld"] is True
        spoilt = Came(to.came[0].headers, to.came[0].body.replace(b"timeline", b"timelime"))
        with pytest.raises(WebhookVerificationError):
            spoilt.verified(hook["secret"])
        until(lambda: desk.now(hook)["waiting"] == 0, "all are marked")
        assert {(one["state"], one["status"], one["attempts"]) for one in desk.seen(hook)} == {("delivered", 204, 1)}


def test_only_the_types_that_are_wanted_are_sent_and_from_now_on(desk: Desk) -> None:
    """By the names under which they are posted."""
    with receiver() as to:
        hook = desk.hook(to, types=["DevelopmentReported"])
        desk.append({"type": "SourceRegistered", "source_id": "other", "name": "O", "kind": "ngo"}, reported())
        last = desk.append()
        until(lambda: desk.now(hook)["queued"] == last and len(to.came) == 2, "both are sent")
        assert {one.verified(hook["secret"]).get_type() for one in to.came} == {"timeline.v1.DevelopmentReported"}
    stems = [STORED_NAMES[cls].partition("/")[0] for cls in EVENT_TYPES.values()]
    assert len(set(stems)) == len(EVENT_TYPES)


def test_what_fails_is_tried_again_under_the_same_id_and_nothing_overtakes_it(desk: Desk) -> None:
    """Twice in vain, then taken; the next one comes after."""
    failures = iter([500, 302])
    with receiver(lambda _: next(failures, 204)) as to:
        hook = desk.hook(to)
        first = desk.append(reported(), reported()) - 1
        until(lambda: len(to.came) == 4, "all are sent")
        assert to.positions() == [first, first, first, first + 1]
        assert len({one.id for one in to.came[:3]}) == 1
        until(lambda: desk.now(hook)["waiting"] == 0, "all are marked")
        assert [(one["position"], one["state"], one["attempts"]) for one in desk.seen(hook)] == [
            (first, "delivered", 3), (first + 1, "delivered", 1),
        ]  # fmt: skip


def test_what_nobody_takes_is_a_dead_letter_that_is_seen_and_can_be_sent_again(desk: Desk) -> None:
    """It lets the next one by."""
    refused: set[str] = set()

    def answer(one: Came) -> int:
        return 503 if one.id in refused else 200

    with receiver(answer) as to:
        hook = desk.hook(to)
        poison = str(uuid4())
        refused.add(poison)
        position = desk.append(reported() | {"event_id": poison})
        after = desk.append()
        until(lambda: after in to.positions(), "the next one comes")
        assert to.positions() == [position] * 3 + [after]
        [dead] = desk.seen(hook, "?state=dead")
        assert (dead["event_id"], dead["attempts"], dead["status"]) == (poison, 3, 503)
        assert "503" in dead["error"]
        assert desk.now(hook)["dead"] == 1
        refused.clear()
        deliveries = f"/v1/webhooks/{hook['webhook_id']}/deliveries"
        assert desk.client.post(f"{deliveries}/{position}/retry").json()["state"] == "waiting"
        until(lambda: desk.seen(hook, "?state=dead") == [] and desk.now(hook)["waiting"] == 0, "it is taken")
        assert to.positions()[-1] == position
        assert_problem(desk.client.post(f"{deliveries}/999999/retry"), 404)


def test_who_answers_gone_is_sent_nothing_more_until_somebody_resumes_it(desk: Desk) -> None:
    """410, as Standard Webhooks has it; what was recorded meanwhile is not lost."""
    gone = threading.Event()
    gone.set()
    with receiver(lambda _: 410 if gone.is_set() else 204) as to:
        hook = desk.hook(to)
        first = desk.append()
        until(lambda: desk.now(hook)["stopped"] is not None, "it is stopped")
        desk.append()
        time.sleep(0.5)
        assert len(to.came) == 1
        gone.clear()
        assert desk.client.post(f"/v1/webhooks/{hook['webhook_id']}/resume").json()["stopped"] is None
        until(lambda: to.positions() == [first, first, first + 1], "both come")


def test_a_slow_receiver_keeps_no_other_waiting_and_a_lost_connection_nobody(desk: Desk) -> None:
    """The sender comes back by itself."""
    free = threading.Event()

    def slow(_: Came) -> int:
        free.wait(SOON)
        return 204

    with receiver(slow) as held, receiver() as to:
        desk.hook(held)
        hook = desk.hook(to)
        for _ in range(3):
            last = desk.append()
            until(lambda last=last: last in to.positions(), "it comes")  # type: ignore[misc]
        assert len(held.came) == 1
        free.set()
        with desk.timeline.log.pool.connection() as connection:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'timeline webhooks%' AND datname = current_database()"
            assert connection.execute(cut).rowcount == 1
        last = desk.append()
        until(lambda: last in to.positions() and last in held.positions(), "both get it")
        until(lambda: desk.now(hook)["waiting"] == 0, "all are marked")


def test_killed_between_sending_and_marking_it_comes_once_more_and_nothing_is_lost(postgres_18: str) -> None:
    """kill -9 of the whole service while a receiver has the event and has not answered: the same `webhook-id` twice."""
    arrived, free = threading.Event(), threading.Event()

    def answer(_: Came) -> int:
        arrived.set()
        free.wait(SOON)
        return 204

    with fresh_database(postgres_18) as database, receiver(answer) as to:
        with _service(database) as first:
            for event in small_world():
                assert first.client.post("/v1/events", json=event).status_code == 201
            hook = first.client.post("/v1/webhooks", json={"url": to.url}).json()
            positions = [first.client.post("/v1/events", json=reported()).json()["position"] for _ in range(3)]
            assert arrived.wait(SOON)
            first.process.send_signal(signal.SIGKILL)
            first.process.wait(30)
        free.set()
        with _service(database) as second:
            address = f"/v1/webhooks/{hook['webhook_id']}/deliveries?state=delivered"
            until(lambda: len(second.client.get(address).json()["deliveries"]) == 3, "all are marked")
        assert to.positions() == [positions[0], *positions]
        assert to.came[0].id == to.came[1].id
        assert len({one.id for one in to.came}) == 3
        for one in to.came:
            one.verified(hook["secret"])


@contextmanager
def _service(database: str) -> Iterator[Service]:
    from tests.acceptance import test_cli, test_standing_by  # noqa: PLC0415

    more = {"TIMELINE_WEBHOOK_PRIVATE": "true"}
    with pytest.MonkeyPatch.context() as patched:
        plain = test_cli.environment
        patched.setattr(test_standing_by, "environment", lambda where, said: plain(where, {**said, **more}))
        with service(database) as found:
            yield found


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/hook", "https://[::1]/hook", "https://10.1.2.3/", "https://192.168.0.7:8443/x", "https://169.254.169.254/latest",
        "https://[fe80::1%25eth0]/", "https://[fd00::1]/", "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://0.0.0.0/",
        "https://[2002:7f00:1::]/", "https://224.0.0.1/", "https://100.64.0.1/", "http://example.org/", "ftp://example.org/",
        "https://user:word@example.org/", "https://example.org/#part", "https:///hook", "https://example.org:99999/", "https://exa mple.org/", "12345678",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused_when_a_webhook_is_made(postgres_18_desk: Desk, url: str) -> None:
    """And those that are none; the field and the reason are named, nothing is written."""
    body = assert_problem(postgres_18_desk.client.post("/v1/webhooks", json={"url": url}), 422)
    assert body["errors"][0]["field"] == "url"
    assert postgres_18_desk.client.get("/v1/webhooks").json() == {"webhooks": []}


@pytest.fixture(scope="module")
def postgres_18_desk(postgres_18: str) -> Iterator[Desk]:
    """A service as it is by default: it sends nowhere that is not public."""
    with _opened(postgres_18) as timeline, served(timeline) as client:
        yield Desk(client, timeline)


def test_a_name_is_resolved_once_and_the_connection_goes_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers public first and private a moment later gains nothing; one private address among public ones is enough."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    connected: list[str] = []

    def resolve(_: str, port: int, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in next(answers)]

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address[0])
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    secret = "whsec_" + "A" * 43 + "="
    said = posting_out.post("https://hook.example.org/x", secret, "1", b"{}", "application/json", private=False)
    assert (said.status, connected) == (None, ["93.184.216.34"])
    said = posting_out.post("https://hook.example.org/x", secret, "1", b"{}", "application/json", private=False)
    assert connected == ["93.184.216.34"]
    assert "127.0.0.1 is not a public address" in (said.error or "")
    answers = iter([["93.184.216.34", "10.0.0.1"]])
    with pytest.raises(Unsendable):
        posting_out.resolved("hook.example.org", 443, private=False)


def test_who_answers_byte_by_byte_is_waited_for_no_longer_than_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """However steadily it comes."""
    monkeypatch.setattr(posting_out, "PATIENCE_IN_ALL", 0.5)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            taken, _ = listening.accept()
            with taken:
                while not stop.wait(0.05):
                    try:
                        taken.sendall(b"H")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        said = posting_out.post(url, "whsec_AAAA", "1", b"{}", "application/json", private=True)
        stop.set()
        thread.join(timeout=10)
    assert said.status is None
    assert said.error


def test_the_secret_is_told_once_and_a_removed_webhook_is_gone(postgres_18: str) -> None:
    """Nobody but admins sees any of it; nonsense is named."""
    with _opened(postgres_18) as timeline, served(timeline) as client:
        admin = bearing(new_key(timeline, "chief", "admin")[0])
        made = client.post(
            "/v1/webhooks", json={"url": "https://example.org/hook", "description": "The desk"}, headers=admin
        )
        secret, address = made.json()["secret"], made.headers["Location"]
        assert secret.startswith("whsec_")
        for one in ("/v1/webhooks", address, f"{address}/deliveries"):
            assert secret not in client.get(one, headers=admin).text
            for role in ("reader", "analyst", "auditor"):
                key = bearing(new_key(timeline, f"{role}-{uuid4().hex[:8]}", role)[0])
                assert_problem(client.get(one, headers=key), 403)
        assert made.json()["created_by"] == "key:chief"
        for said, field in (
            ({"url": "https://example.org", "types": ["Nothing"]}, "types"),
            ({"url": "https://example.org", "after": -1}, "after"),
            ({"colour": 1}, "body"),
        ):
            body = assert_problem(client.post("/v1/webhooks", json=said, headers=admin), 422)
            assert body["errors"][0]["field"] in (field, "body"), body
        assert client.delete(address, headers=admin).json()["url"] == "https://example.org/hook"
        assert_problem(client.get(address, headers=admin), 404)
        assert_problem(client.delete(address, headers=admin), 404)


def test_the_outbox_is_bounded_and_there_are_only_so_many_webhooks(
    postgres_18: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes nothing makes it no longer than that; the log keeps the rest."""
    monkeypatch.setattr(webhooks, "MOST_WAITING", 2)
    monkeypatch.setattr(webhooks, "MOST", 1)
    with _opened(postgres_18) as timeline, timeline.log.pool.connection() as connection:
        hook, _ = webhooks.add(connection, "https://example.org/x", "", None, 0, "local")
        with pytest.raises(webhooks.TooMany):
            webhooks.add(connection, "https://example.org/y", "", None, 0, "local")
        assert [webhooks.queue(connection) for _ in range(3)] == [2, 0, 0]
        assert webhooks.find(connection, hook.webhook_id).waiting == 2
        [due] = webhooks.due(connection, ())
        webhooks.delivered(connection, due, 200)
        assert webhooks.queue(connection) == 2
        assert [one.position for one in webhooks.deliveries(connection, hook.webhook_id, "waiting", 0, 10)] == [2, 3, 4]
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("UPDATE webhook_delivery SET state = 'lost'")


def test_waiting_grows_with_each_failure_up_to_a_bound_and_by_chance() -> None:
    """Never less than half, never beyond the longest."""
    for attempts in range(30):
        most = min(webhooks.FIRST_WAIT * 2**attempts, webhooks.LONGEST_WAIT)
        found = [webhooks.wait(attempts) for _ in range(50)]
        assert all(most / 2 <= one <= most for one in found)
        assert len(set(found)) > 40

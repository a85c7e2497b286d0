"""Receivers of webhooks, for tests: a real HTTP server that answers as it is told, and keeps what came."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from standardwebhooks.webhooks import Webhook


@dataclass
class Receiver:
    """What came, in its order; `answer` is asked for the status of each request, and may take its time."""

    url: str = ""
    answer: Callable[["Came"], int] = lambda _: 204
    came: list["Came"] = field(default_factory=list)

    def positions(self) -> list[int]:
        return [one.position for one in self.came]


@dataclass(frozen=True)
class Came:
    """One request."""

    headers: dict[str, str]
    body: bytes

    def verified(self, secret: str) -> CloudEvent:
        """The event, by the specification's own library, once Standard Webhooks' own has verified the signature."""
        Webhook(secret).verify(self.body, self.headers)
        found = JSONFormat().read(CloudEvent, self.body)
        assert isinstance(found, CloudEvent)
        return found

    @property
    def data(self) -> Any:
        """What the event carries."""
        return JSONFormat().read(CloudEvent, self.body).get_data()

    @property
    def position(self) -> int:
        return int(self.data["position"])

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@contextmanager
def receiver(answer: Callable[[Came], int] | None = None) -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""
    found = Receiver()
    if answer is not None:
        found.answer = answer

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came = Came({name.lower(): value for name, value in self.headers.items()}, body)
            found.came.append(came)
            status = found.answer(came)
            try:
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:  # whoever sent it was killed
                return

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        found.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join(timeout=10)

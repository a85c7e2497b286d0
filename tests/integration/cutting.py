"""A tiny TCP proxy that stands before PostgreSQL and cuts connections: at once, or when a client says some word."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Proxy:
    """Carries bytes between a port of its own and PostgreSQL's Unix socket.

    Attributes:
        port: Where it listens.
        refusing: New connections are closed at once, as if nobody stood behind.
        cuts: How many connections met the word that they were to be cut at.
    """

    def __init__(self, target: Path) -> None:
        self._target = str(target)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.refusing = False
        self.cuts = 0
        self._pairs: list[_Pair] = []
        self._word: tuple[bytes, bool] | None = None

    def cut(self) -> None:
        """Break every connection that there is."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            pair.close()

    def cut_at(self, word: bytes, *, answered: bool = False) -> None:
        """Break one connection when its client says this: before the server hears it, or when its answer is due."""
        self._word = word, answered

    def accept(self) -> None:
        """Serve until closed."""
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            if self.refusing:
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._target)
            pair = _Pair(client, server)
            self._pairs.append(pair)
            for carry in (self._to_server, pair.to_client):
                threading.Thread(target=carry, args=(pair,) if carry == self._to_server else (), daemon=True).start()

    def _to_server(self, pair: "_Pair") -> None:
        with suppress(OSError):
            while part := pair.client.recv(65_536):
                if self._word is not None and self._word[0] in part:
                    (_, answered), self._word = self._word, None
                    self.cuts += 1
                    if not answered:
                        break
                    pair.cut_answer = True
                pair.server.sendall(part)
        pair.close()

    def close(self) -> None:
        """Carry no more."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()


class _Pair:
    """The two ends of a connection that is carried."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.cut_answer = False

    def to_client(self) -> None:
        with suppress(OSError):
            while (part := self.server.recv(65_536)) and not self.cut_answer:
                self.client.sendall(part)
        self.close()

    def close(self) -> None:
        for one in (self.client, self.server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextmanager
def proxy(target: Path) -> Iterator[Proxy]:
    """A proxy before a Unix socket."""
    made = Proxy(target)
    thread = threading.Thread(target=made.accept, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.close()
        thread.join(10)

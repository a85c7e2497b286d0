"""One signed request to somebody else's address, as carefully as an address that anybody typed has to be used.

The name is resolved once, every address that it has must be a public one, and the connection goes to one of those: a name that
answers otherwise a moment later (DNS rebinding) gains nothing. Redirects are not followed, since they would lead anywhere. The answer
is read no further than its status, and waited for no longer than the whole request may take.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from standardwebhooks.webhooks import Webhook as Signing

#: Seconds for a connection and each part of an answer, and for all of it.
PATIENCE: Final = 10.0
PATIENCE_IN_ALL: Final = 20.0


class Unsendable(ValueError):
    """An address to which nothing is sent; one line for people."""


class Answer(NamedTuple):
    """What a receiver said: its status, or why there is none."""

    status: int | None
    error: str | None

    @property
    def taken(self) -> bool:
        """It has it: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


def checked(url: str, *, private: bool) -> SplitResult:
    """An address that something may be sent to, as far as can be told from how it is written.

    Args:
        private: Addresses of one's own network are allowed, and http too.

    Raises:
        Unsendable: it is not.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Unsendable(f"{url[:100]!r} is no address; https://example.org/hook is one") from None
    if parts.scheme not in (("https", "http") if private else ("https",)):
        raise Unsendable("an address begins with https://; http:// takes TIMELINE_WEBHOOK_PRIVATE=true")
    if not parts.hostname or port == 0 or any(ord(sign) <= 32 or ord(sign) > 126 for sign in url):
        raise Unsendable(f"{url[:100]!r} has no host, or signs that an address has not; write them as %C3%A9, or xn--")
    if parts.username is not None or parts.fragment:
        raise Unsendable("an address for webhooks has neither a user nor a fragment; what is sent is signed")
    if not private and _address(parts.hostname) is not None:
        require_public(parts.hostname)
    return parts


def require_public(address: str) -> None:
    """
    Raises:
        Unsendable: it is an address of somebody's own network, of this machine, or of no one machine.
    """
    found = _address(address)
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    tunnelled = isinstance(found, ipaddress.IPv6Address) and (
        found.sixtofour is not None or found.teredo is not None or found in _NAT64
    )
    if found is None or not found.is_global or found.is_multicast or tunnelled:
        said = "is not a public address; nothing is sent there unless TIMELINE_WEBHOOK_PRIVATE=true"
        raise Unsendable(f"{address} {said}")


_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def resolved(host: str, port: int, *, private: bool) -> list[str]:
    """The addresses of a host; all of them must be ones that something may be sent to.

    Raises:
        Unsendable: one of them is not, or there is none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unsendable(f"{host} cannot be resolved: {error}") from None
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    for one in () if private else addresses:
        require_public(one)
    return addresses


def post(url: str, secret: str, message_id: str, body: bytes, media_type: str, *, private: bool) -> Answer:
    """Send a message, signed as Standard Webhooks has it, and tell what was answered; never raises for what others do."""
    now = datetime.now(UTC)
    headers = {
        "Content-Type": media_type,
        "User-Agent": "Timeline-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Signing(secret).sign(message_id, now, body.decode()),
    }
    try:
        parts = checked(url, private=private)
        assert parts.hostname is not None
        port = parts.port or (443 if parts.scheme == "https" else 80)
        addresses = resolved(parts.hostname, port, private=private)
        return Answer(_sent(parts, addresses, port, body, headers), None)
    except Unsendable as error:
        return Answer(None, str(error))
    except (OSError, http.client.HTTPException) as error:
        return Answer(None, f"{type(error).__name__}: {error}"[:300])


def _sent(parts: SplitResult, addresses: list[str], port: int, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer.

    Raises:
        OSError, HTTPException: nobody is there, or what they say is no answer, or takes too long.
    """
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, port, timeout=PATIENCE)
    connection.sock = _connected(parts, addresses, port)
    # shutdown() wakes who reads, however slowly something comes; close() would not.
    bounded = threading.Timer(PATIENCE_IN_ALL, _hang_up, [connection.sock])
    bounded.daemon = True
    bounded.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, headers | {"Host": parts.netloc, "Connection": "close"})
        return connection.getresponse().status
    finally:
        bounded.cancel()
        connection.close()


def _connected(parts: SplitResult, addresses: list[str], port: int) -> socket.socket:
    failed: OSError | None = None
    for one in addresses[:4]:
        try:
            plain = socket.create_connection((one, port), timeout=PATIENCE)
        except OSError as error:
            failed = error
            continue
        if parts.scheme == "http":
            return plain
        try:
            return ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname)
        except OSError:
            plain.close()
            raise
    raise failed or OSError("nobody is there")


def _hang_up(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return

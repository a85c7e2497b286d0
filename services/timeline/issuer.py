"""The public keys of an OIDC issuer: discovered, fetched, remembered, and fetched again when an unknown one is named.

Plain HTTP is taken on loopback only. Redirects are not followed: they would lead from a trusted address to any other.
"""

import ipaddress
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import jwt
import structlog
from jwt.algorithms import AllowedPublicKeys

logger = structlog.get_logger(__name__)

#: Keys are fetched again after so many seconds, so that those the issuer has withdrawn are not trusted for long.
FRESH = 300.0

#: While the issuer does not answer, its keys are trusted for so many seconds more.
TRUSTED = 3_600.0

#: However many unknown keys are named, the issuer is asked no more often than this.
BETWEEN = 5.0

TIMEOUT = 5.0
MOST_BYTES = 1 << 20

_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})

#: The algorithms that each kind of key may be used with, by its `kty` and curve. Symmetric ones are not among them.
ALGORITHMS: Final[Mapping[tuple[str, str | None], frozenset[str]]] = MappingProxyType(
    {
        ("RSA", None): _RSA,
        ("EC", "P-256"): frozenset({"ES256"}),
        ("EC", "P-384"): frozenset({"ES384"}),
        ("EC", "P-521"): frozenset({"ES512"}),
        ("OKP", "Ed25519"): frozenset({"EdDSA"}),
    }
)

#: RFC 7518, section 3.3.
LEAST_RSA_BITS = 2048


class IssuerUnreachable(RuntimeError):
    """The issuer does not answer, or not with what an issuer answers; whoever presents a token may try again."""


class SigningKey:
    """One public key of the issuer, and the algorithms that signatures of it may have."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        kind = said["kty"], said.get("crv")
        algorithms = ALGORITHMS[kind]
        if said.get("use", "sig") != "sig" or "verify" not in said.get("key_ops", ["verify"]):
            raise ValueError("not a key for signatures")
        named = said.get("alg")
        self.algorithms = algorithms if named is None else algorithms & {named}
        if not self.algorithms:
            raise ValueError(f"algorithm {named!r} is not one of this kind of key")
        self.key_id: str | None = said.get("kid")
        self.public: AllowedPublicKeys = jwt.PyJWK(dict(said), algorithm=min(self.algorithms)).key
        if kind[0] == "RSA" and self.public.key_size < LEAST_RSA_BITS:
            raise ValueError(f"an RSA key of fewer than {LEAST_RSA_BITS} bits")


class KeySet:
    """The issuer's keys by their `kid`."""

    def __init__(self, issuer: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._clock = clock
        self._asking = threading.Lock()
        self._keys: tuple[SigningKey, ...] = ()
        self._fetched_at = self._asked_at = float("-inf")

    def find(self, key_id: str | None) -> SigningKey | None:
        """The key of this `kid`; without one, the issuer's only key. Blocks while the issuer is asked.

        Raises:
            IssuerUnreachable: there are no keys that can still be trusted.
        """
        if self._age() > FRESH:
            self._fetch(wait=self._age() > TRUSTED)
        found = self._held(key_id)
        if found is None:
            self._fetch(wait=True)
            found = self._held(key_id)
        if self._age() > TRUSTED:
            raise IssuerUnreachable(f"the issuer {self._issuer} does not answer")
        return found

    def _held(self, key_id: str | None) -> SigningKey | None:
        if key_id is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.key_id == key_id), None)

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    def _fetch(self, *, wait: bool) -> None:
        """Ask the issuer, one request for all; who need not `wait` for another's asking goes on with what is held."""
        if not self._asking.acquire(blocking=wait):
            return
        try:
            now = self._clock()
            if now - self._asked_at < BETWEEN:
                return
            self._asked_at = now
            self._keys = _usable(_json(_jwks_uri(self._issuer)).get("keys"))
            self._fetched_at = now
        except IssuerUnreachable as error:
            logger.warning("the keys of the issuer could not be fetched", issuer=self._issuer, error=str(error))
        finally:
            self._asking.release()


def usable_address(address: str) -> bool:
    """Whether an address may be asked for keys: HTTPS, or plain HTTP on loopback."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and on_loopback(host)))


def on_loopback(host: str | None) -> bool:
    """Whether a host, by address or by name, is this machine's loopback."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _usable(said: object) -> tuple[SigningKey, ...]:
    """The keys that we can use; others are left out, since issuers publish keys for other purposes too."""
    if not isinstance(said, list):
        raise IssuerUnreachable("its JWKS has no list of keys")
    found = []
    for one in said:
        try:
            found.append(SigningKey(one))
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, AttributeError) as error:
            logger.info("a key of the issuer is of no use to us", error=str(error))
    return tuple(found)


def _jwks_uri(issuer: str) -> str:
    """Where the issuer's keys are, as its discovery document says (OpenID Connect Discovery 1.0, section 4)."""
    document = _json(issuer.rstrip("/") + "/.well-known/openid-configuration")
    if document.get("issuer") != issuer:
        raise IssuerUnreachable(f"its discovery document is of another issuer: {document.get('issuer')!r}")
    address = document.get("jwks_uri")
    if not isinstance(address, str) or not usable_address(address):
        raise IssuerUnreachable(f"its jwks_uri is not an HTTPS address: {address!r}")
    return address


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _json(address: str) -> Mapping[str, Any]:
    """The JSON object at an address.

    Raises:
        IssuerUnreachable: no answer in time, too long a one, or none that is a JSON object.
    """
    proxies = urllib.request.ProxyHandler({} if on_loopback(urlsplit(address).hostname) else None)
    opener = urllib.request.build_opener(proxies, _NoRedirects)
    request = urllib.request.Request(address, headers={"Accept": "application/json"})  # noqa: S310  (usable_address)
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            body = answer.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise IssuerUnreachable(f"{address}: more than {MOST_BYTES:,} bytes")
        found = json.loads(body)
    except urllib.error.HTTPError as error:
        error.close()
        raise IssuerUnreachable(f"{address}: status {error.code}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise IssuerUnreachable(f"{address}: {error}") from None
    if not isinstance(found, dict):
        raise IssuerUnreachable(f"{address}: not a JSON object")
    return found

"""A little OIDC issuer on loopback: a real server, real keys, a discovery document, and tokens good and bad."""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AUDIENCE = "timeline"

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class SmallIssuer:
    """What it publishes, what it signs with, and how often it was asked for its keys."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.named = address
        self.private: dict[str, Private] = {}
        self.algorithms: dict[str, str] = {}
        self.also: list[Any] = []
        self.asked = 0
        self.answers = True
        self.moved = False
        self.add("first", "RS256")

    def add(self, kid: str, algorithm: str, bits: int = 2048) -> None:
        """A new key beside those there are."""
        made = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        self.private[kid] = made if algorithm.startswith(("RS", "PS")) else ec.generate_private_key(ec.SECP256R1())
        self.algorithms[kid] = algorithm

    def withdraw(self, kid: str) -> None:
        """A key that is published no longer."""
        del self.algorithms[kid]

    def published(self, kid: str) -> dict[str, Any]:
        """A public key as a JWK."""
        public = self.private[kid].public_key()
        if isinstance(public, rsa.RSAPublicKey):
            said = jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True)
        else:
            said = jwt.algorithms.ECAlgorithm.to_jwk(public, as_dict=True)
        return {**said, "kid": kid, "use": "sig", "alg": self.algorithms[kid]}

    def token(self, kid: str = "first", algorithm: str | None = None, **said: Any) -> str:
        """A good token of an analyst; what is named is said otherwise, and left out where it is None."""
        return jwt.encode(
            self.claims(**said), self.private[kid], algorithm or self.algorithms[kid], headers={"kid": kid}
        )

    def claims(self, **said: Any) -> dict[str, Any]:
        now = int(time.time())
        good = {"iss": self.named, "aud": AUDIENCE, "sub": "nour", "iat": now, "exp": now + 300, "roles": ["analyst"]}
        return {name: value for name, value in (good | said).items() if value is not None}

    def answer(self, path: str) -> tuple[int, Any]:
        """What it answers at a path."""
        if not self.answers:
            return 500, {}
        if path == "/.well-known/openid-configuration":
            return 200, {"issuer": self.named, "jwks_uri": f"{self.address}/keys"}
        if path == "/keys" and self.moved:
            return 302, {}
        if path in ("/keys", "/elsewhere"):
            self.asked += 1
            return 200, {"keys": [*self.also, *(self.published(kid) for kid in self.algorithms)]}
        return 404, {}


@contextmanager
def small_issuer() -> Iterator[SmallIssuer]:
    """An issuer that answers on a free port of loopback."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, said = issuer.answer(self.path)
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", f"{issuer.address}/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer = SmallIssuer(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()

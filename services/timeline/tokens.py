"""JWT bearer tokens of an OIDC issuer → principals (RFC 7519, RFC 8725): who signed it, for whom, until when, what roles.

Only asymmetric algorithms are taken, and only those that the key itself is for; what the token's header says of keys
(`jku`, `x5u`, `jwk`) is not read.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt

from services.timeline.access import Principal, known_roles
from services.timeline.issuer import KeySet, usable_address
from services.timeline.settings import Settings, UnusableSettings

#: Clocks may differ by so many seconds.
LEEWAY = 30.0

#: A token that was good is taken for good for so many seconds, so that not each request costs a signature.
REMEMBERED = 60.0
MOST_REMEMBERED = 2_000

MOST_BYTES = 16_384
MOST_SUBJECT = 255


class BadToken(Exception):
    """A token that is not taken, and why, in one line that tells nothing secret."""


class Tokens:
    """Takes the tokens that one issuer makes for one audience."""

    def __init__(
        self, issuer: str, audience: str, roles_claim: str = "roles", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.issuer = issuer
        self._audience = audience
        self._roles_claim = roles_claim
        self._clock = clock
        self._keys = KeySet(issuer, clock)
        self._good: dict[bytes, tuple[Principal, float]] = {}
        self._changing = threading.Lock()

    def remembered(self, token: str) -> Principal | None:
        """Whose token it is, if it was found good a moment ago. Never blocks."""
        found = self._good.get(_digest(token))
        return found[0] if found is not None and self._clock() < found[1] else None

    def principal(self, token: str) -> Principal:
        """Whose token it is. Blocks where the issuer's keys must be fetched.

        Raises:
            BadToken: it is not one, or not of this issuer, not for us, not signed as it should be, or not of now.
            IssuerUnreachable: its signature cannot be judged at the moment.
        """
        claims = self._claims(token)
        subject = claims["sub"]
        if not subject or len(subject) > MOST_SUBJECT or not subject.isprintable():
            raise BadToken(f"its sub is empty, not printable, or longer than {MOST_SUBJECT} characters")
        found = Principal(f"oidc:{subject}", known_roles(_words(_claim(claims, self._roles_claim))))
        self._remember(token, found, min(REMEMBERED, claims["exp"] - time.time()))
        return found

    def _claims(self, token: str) -> Mapping[str, Any]:
        if len(token) > MOST_BYTES:
            raise BadToken(f"longer than {MOST_BYTES:,} bytes")
        try:
            header = jwt.get_unverified_header(token)
            named = header.get("kid")
            if "crit" in header or not (named is None or isinstance(named, str)):
                raise BadToken("its header says what we do not know")
            key = self._keys.find(named)
            if key is None:
                raise BadToken("the issuer has no key of its kid")
            return jwt.decode(
                token,
                key.public,
                algorithms=sorted(key.algorithms),  # from the key; never from the token
                audience=self._audience,
                issuer=self.issuer,
                leeway=LEEWAY,
                options={"require": ["iss", "aud", "exp", "sub"], "enforce_minimum_key_length": True},
            )
        except jwt.ExpiredSignatureError:
            raise BadToken("it has expired") from None
        except jwt.PyJWTError as error:
            raise BadToken(" ".join(str(error).split())) from None
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise BadToken("it cannot be read") from None

    def _remember(self, token: str, principal: Principal, seconds: float) -> None:
        now = self._clock()
        with self._changing:
            if len(self._good) >= MOST_REMEMBERED:
                self._good = {key: kept for key, kept in self._good.items() if now < kept[1]}
            if len(self._good) >= MOST_REMEMBERED:
                self._good = {}
            self._good[_digest(token)] = principal, now + seconds


def configured(settings: Settings) -> Tokens | None:
    """What takes tokens, where the settings name an issuer.

    Raises:
        UnusableSettings: an issuer that is not an HTTPS address, or one of issuer and audience without the other.
    """
    issuer, audience = settings.oidc_issuer, settings.oidc_audience
    if issuer is None and audience is None:
        return None
    if issuer is None:
        raise UnusableSettings("TIMELINE_OIDC_ISSUER: is not set, but TIMELINE_OIDC_AUDIENCE is; set both")
    if not usable_address(issuer) or "?" in issuer or "#" in issuer:
        said = "an issuer is an https:// address without ? and # (http:// on loopback only)"
        raise UnusableSettings(f"TIMELINE_OIDC_ISSUER: {issuer!r}: {said}")
    if not audience:
        said = "is not set; tokens that the issuer makes for others would be taken"
        raise UnusableSettings(f"TIMELINE_OIDC_AUDIENCE: {said}")
    return Tokens(issuer, audience, settings.oidc_roles_claim)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _claim(claims: Mapping[str, Any], name: str) -> object:
    """A claim by its name, which may have dots in it; else by a path of names: `realm_access.roles`."""
    found: object = claims
    if name in claims:
        return claims[name]
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _words(said: object) -> list[str]:
    """Roles as a list of words, or as one text with spaces between them."""
    if isinstance(said, str):
        return said.split()
    return [one for one in said if isinstance(one, str)] if isinstance(said, list) else []

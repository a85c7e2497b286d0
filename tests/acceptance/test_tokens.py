"""Tokens of a real little issuer on loopback: taken when good, attacked in every way that we know of."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.timeline import issuer as issuers
from services.timeline.access import Principal
from services.timeline.issuer import IssuerUnreachable
from services.timeline.settings import Settings, UnusableSettings
from services.timeline.tokens import BadToken, Tokens, configured
from tests.small_issuer import AUDIENCE, SmallIssuer, small_issuer


class Clock:
    """Seconds, as a test says."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def issuer() -> Iterator[SmallIssuer]:
    with small_issuer() as made:
        yield made


@pytest.fixture
def tokens(issuer: SmallIssuer, clock: Clock) -> Tokens:
    return Tokens(issuer.address, AUDIENCE, clock=clock)


def refused(tokens: Tokens, token: str) -> str:
    """Why a token is not taken; it is not remembered either."""
    with pytest.raises(BadToken) as error:
        tokens.principal(token)
    assert tokens.remembered(token) is None
    assert "\n" not in str(error.value)
    return str(error.value)


def part(said: Any) -> str:
    """A part of a token put together by hand."""
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


# Good ones


@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS256", "ES256"])
def test_a_good_token_is_its_subject_with_the_roles_that_it_lists(
    tokens: Tokens, issuer: SmallIssuer, algorithm: str
) -> None:
    """Whatever asymmetric algorithm the issuer uses."""
    issuer.add("second", algorithm)
    found = tokens.principal(issuer.token("second", roles=["analyst", "auditor", "offline_access"]))

    assert found == Principal("oidc:nour", frozenset({"analyst", "auditor"}))


def test_a_token_for_several_audiences_is_taken_if_we_are_one(tokens: Tokens, issuer: SmallIssuer) -> None:
    """RFC 7519, section 4.1.3."""
    assert tokens.principal(issuer.token(aud=["somebody", AUDIENCE])).name == "oidc:nour"


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("roles", {"roles": ["reader"]}),
        ("scope", {"scope": "openid reader"}),
        ("realm_access.roles", {"realm_access": {"roles": ["reader"]}}),
        ("https://example.org/roles", {"https://example.org/roles": ["reader"]}),
    ],
)
def test_roles_stand_where_the_setting_says(issuer: SmallIssuer, claim: str, said: dict[str, Any]) -> None:
    """A list, or words with spaces; a claim by its name, or by a path."""
    found = Tokens(issuer.address, AUDIENCE, claim).principal(issuer.token(**({"roles": None} | said)))
    assert found.roles == {"reader"}


@pytest.mark.parametrize("said", [None, 7, {"reader": True}, [["reader"]], [None], "Reader"])
def test_roles_in_any_other_shape_are_none(tokens: Tokens, issuer: SmallIssuer, said: Any) -> None:
    """Such a principal may nothing."""
    assert tokens.principal(issuer.token(roles=said)).roles == set()


def test_clocks_may_differ_a_little(tokens: Tokens, issuer: SmallIssuer) -> None:
    """Half a minute either way."""
    now = int(time.time())
    assert tokens.principal(issuer.token(exp=now - 10, nbf=now + 10, iat=now + 10)).name == "oidc:nour"


# Bad ones


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"aud": "somebody-else"}, "udience"),
        ({"aud": None}, "aud"),
        ({"aud": []}, "aud"),
        ({"iss": "https://issuer.example.org"}, "ssuer"),
        ({"iss": None}, "iss"),
        ({"exp": 1_700_000_000}, "expired"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"nbf": 4_000_000_000}, "nbf"),
        ({"iat": 4_000_000_000}, "iat"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": 7}, "ub"),
        ({"sub": "a\x00b"}, "sub"),
        ({"sub": "a\nb"}, "sub"),
        ({"sub": "x" * 300}, "sub"),
    ],
)
def test_a_token_that_is_not_for_us_now_is_refused(
    tokens: Tokens, issuer: SmallIssuer, said: dict[str, Any], word: str
) -> None:
    """Well signed, but of another time, issuer or audience, or of nobody."""
    assert word in refused(tokens, issuer.token(**said))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
def test_a_token_without_a_signature_is_refused(tokens: Tokens, issuer: SmallIssuer, algorithm: str) -> None:
    """RFC 8725, section 2.1."""
    body = part(issuer.claims(roles=["admin"]))
    for signature in ("", part(b"x")):
        refused(tokens, f"{part({'alg': algorithm, 'kid': 'first'})}.{body}.{signature}")


@pytest.mark.parametrize(
    "form", [(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), (Encoding.DER, PublicFormat.PKCS1)]
)
def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(
    tokens: Tokens, issuer: SmallIssuer, form: tuple[Encoding, PublicFormat]
) -> None:
    """The confusion of HS256 with RS256: who verifies by what the header says takes the public key for a secret."""
    secret = issuer.private["first"].public_key().public_bytes(*form)
    head = f"{part({'alg': 'HS256', 'kid': 'first'})}.{part(issuer.claims(roles=['admin']))}"
    signature = hmac.new(secret, head.encode(), hashlib.sha256).digest()
    refused(tokens, f"{head}.{part(signature)}")


def test_a_symmetric_key_of_the_issuer_is_not_used(tokens: Tokens, issuer: SmallIssuer) -> None:
    """Nor keys for encryption, weak ones, and nonsense; the good one beside them is."""
    secret = b"k" * 64
    issuer.add("weak", "RS256", bits=1024)
    issuer.also = [
        {"kty": "oct", "kid": "shared", "k": part(secret), "alg": "HS256"},
        issuer.published("first") | {"kid": "encrypting", "use": "enc"},
        issuer.published("first") | {"kid": "odd", "alg": "ES256"},
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        {"kty": []},
        "nonsense",
        None,
    ]
    assert tokens.principal(issuer.token()).name == "oidc:nour"
    refused(tokens, jwt.encode(issuer.claims(), secret, "HS256", headers={"kid": "shared"}))
    for kid in ("encrypting", "odd"):
        refused(tokens, jwt.encode(issuer.claims(), issuer.private["first"], "RS256", headers={"kid": kid}))
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        weak = issuer.token("weak")
    refused(tokens, weak)


def test_a_token_signed_by_somebody_else_is_refused(tokens: Tokens, issuer: SmallIssuer) -> None:
    """Under the kid of a key of the issuer, of either kind."""
    for made, algorithm in (
        (rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256"),
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
    ):
        refused(tokens, jwt.encode(issuer.claims(), made, algorithm, headers={"kid": "first"}))


def test_keys_that_the_token_itself_brings_are_not_read(tokens: Tokens, issuer: SmallIssuer) -> None:
    """`jwk`, `jku`, `x5u` in the header, and `crit`, which says that something must be understood."""
    mine = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(mine.public_key(), as_dict=True)
    for more in ({"jwk": jwk}, {"jku": f"{issuer.address}/keys"}, {"x5u": issuer.address}):
        refused(tokens, jwt.encode(issuer.claims(), mine, "RS256", headers={"kid": "first"} | more))
    first = issuer.private["first"]
    refused(tokens, jwt.encode(issuer.claims(), first, "RS256", headers={"kid": "first", "crit": ["x"], "x": 1}))


def test_a_token_that_was_altered_is_refused(tokens: Tokens, issuer: SmallIssuer) -> None:
    """One role more, one character of the signature."""
    good = issuer.token(roles=["reader"])
    head, _, signature = good.split(".")
    assert tokens.principal(good).roles == {"reader"}
    refused(tokens, f"{head}.{part(issuer.claims(roles=['admin']))}.{signature}")
    refused(tokens, f"{good[:-20]}{'A' if good[-20] != 'A' else 'B'}{good[-19:]}")


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "a.b.c.d", "é.è.à", "e30.e30.", part([]) + ".e30.x", part({"alg": 1}) + ".e30.x", "x" * 20_000,
     part({"alg": "RS256", "kid": 7}) + ".e30.x", part({"alg": "RS256", "kid": "first"}) + ".W10.x", "e30." * 4_000,
     part(b'{"alg":"RS256","kid":"first","x":' + b"[" * 5_000) + ".e30.x"],
)  # fmt: skip
def test_what_is_no_token_is_refused(tokens: Tokens, token: str) -> None:
    """Without an error of ours."""
    refused(tokens, token)


# Keys that change


def test_a_new_key_of_the_issuer_is_taken_as_soon_as_a_token_names_it(
    tokens: Tokens, issuer: SmallIssuer, clock: Clock
) -> None:
    """Rotated: first published beside the old one, which is then withdrawn."""
    assert tokens.principal(issuer.token()).name == "oidc:nour"
    issuer.add("second", "ES256")
    clock.now += issuers.BETWEEN
    assert tokens.principal(issuer.token("second")).name == "oidc:nour"
    assert issuer.asked == 2

    old = issuer.token(sub="late")
    issuer.withdraw("first")
    clock.now += issuers.FRESH + 1
    assert "kid" in refused(tokens, old)
    assert tokens.principal(issuer.token("second", sub="new")).name == "oidc:new"


def test_however_many_unknown_keys_are_named_the_issuer_is_not_flooded(
    tokens: Tokens, issuer: SmallIssuer, clock: Clock
) -> None:
    """It is asked once, and again only after a while."""
    tokens.principal(issuer.token())
    for number in range(50):
        clock.now += issuers.BETWEEN / 25
        forged = jwt.encode(issuer.claims(), issuer.private["first"], "RS256", headers={"kid": f"unknown-{number}"})
        assert "kid" in refused(tokens, forged)
    assert issuer.asked <= 3


def test_without_a_kid_the_issuers_only_key_is_meant(tokens: Tokens, issuer: SmallIssuer, clock: Clock) -> None:
    """With two keys nobody can know which."""
    plain = jwt.encode(issuer.claims(), issuer.private["first"], "RS256")
    assert tokens.principal(plain).name == "oidc:nour"
    issuer.add("second", "RS256")
    clock.now += issuers.FRESH + 1
    refused(tokens, jwt.encode(issuer.claims(sub="b"), issuer.private["first"], "RS256"))


def test_while_the_issuer_is_silent_its_keys_are_trusted_for_an_hour(
    tokens: Tokens, issuer: SmallIssuer, clock: Clock
) -> None:
    """Then nobody can be judged, until it answers."""
    tokens.principal(issuer.token())
    issuer.answers = False
    clock.now += issuers.FRESH + 1
    assert tokens.principal(issuer.token(sub="b")).name == "oidc:b"
    clock.now += issuers.TRUSTED
    with pytest.raises(IssuerUnreachable):
        tokens.principal(issuer.token(sub="c"))
    issuer.answers = True
    clock.now += issuers.BETWEEN
    assert tokens.principal(issuer.token(sub="c")).name == "oidc:c"


def test_a_good_token_is_remembered_for_a_minute_and_never_beyond_its_end(
    tokens: Tokens, issuer: SmallIssuer, clock: Clock
) -> None:
    """So that not each request costs a signature."""
    long, short = issuer.token(), issuer.token(sub="brief", exp=int(time.time()) + 20)
    for token in (long, short):
        assert tokens.remembered(token) is None
        assert tokens.principal(token) == tokens.remembered(token)
    clock.now += 25
    assert tokens.remembered(long) is not None
    assert tokens.remembered(short) is None
    clock.now += 40
    assert tokens.remembered(long) is None


def test_a_discovery_document_of_another_issuer_is_not_believed(issuer: SmallIssuer) -> None:
    """OpenID Connect Discovery 1.0, section 4.3."""
    issuer.named = "https://issuer.example.org"
    with pytest.raises(IssuerUnreachable):
        Tokens(issuer.address, AUDIENCE).principal(issuer.token())


def test_an_issuer_that_sends_us_elsewhere_is_not_followed(issuer: SmallIssuer) -> None:
    """Its address is trusted, no other is."""
    issuer.moved = True
    with pytest.raises(IssuerUnreachable):
        Tokens(issuer.address, AUDIENCE).principal(issuer.token())
    assert issuer.asked == 0


# Settings


@pytest.mark.parametrize(
    ("said", "variable"),
    [
        ({"oidc_issuer": "http://issuer.example.org", "oidc_audience": "x"}, "TIMELINE_OIDC_ISSUER"),
        ({"oidc_issuer": "issuer.example.org", "oidc_audience": "x"}, "TIMELINE_OIDC_ISSUER"),
        ({"oidc_issuer": "https://", "oidc_audience": "x"}, "TIMELINE_OIDC_ISSUER"),
        ({"oidc_issuer": "https://[", "oidc_audience": "x"}, "TIMELINE_OIDC_ISSUER"),
        ({"oidc_issuer": "file:///etc/passwd", "oidc_audience": "x"}, "TIMELINE_OIDC_ISSUER"),
        ({"oidc_issuer": "https://issuer.example.org?x=1", "oidc_audience": "x"}, "TIMELINE_OIDC_ISSUER"),
        ({"oidc_issuer": "https://issuer.example.org"}, "TIMELINE_OIDC_AUDIENCE"),
        ({"oidc_issuer": "https://issuer.example.org", "oidc_audience": ""}, "TIMELINE_OIDC_AUDIENCE"),
        ({"oidc_audience": "x"}, "TIMELINE_OIDC_ISSUER"),
    ],
)
def test_an_issuer_that_will_not_do_is_told_by_its_variable(said: dict[str, str], variable: str) -> None:
    """In one line."""
    with pytest.raises(UnusableSettings, match=f"^{variable}: ") as error:
        configured(Settings(**said))  # type: ignore[arg-type]
    assert "\n" not in str(error.value)


def test_an_issuer_is_asked_only_when_a_token_comes() -> None:
    """The service starts without it."""
    assert configured(Settings()) is None
    assert configured(Settings(oidc_issuer="https://nowhere.invalid", oidc_audience="x")) is not None

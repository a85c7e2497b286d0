"""No secret in words that people or log files read, whatever a library quotes."""

import io
import sys

import pytest
import structlog

from services.timeline import composition, doctor, logs
from services.timeline.hushed import hushed
from services.timeline.pools import Unreachable

KEY = "tlk_" + "Qwyxzimt" * 5 + "-_0"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJRd3l4emltdCJ9.Qwyxzimt_-"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {KEY}",
        f"GET /v1/events?access_token={KEY} HTTP/1.1",
        f"token {TOKEN} is not taken",
        "Authorization: Basic UXd5eHppbXQ6UXd5eHppbXQ=",
        "connection to postgresql://me:Qwyxzimt@db.example/timeline failed",
        "connection to postgresql://me:Qwyx@zimt@db.example/timeline failed: Qwyx",
        "host=db user=me password=Qwyxzimt dbname=x",
        "host=db password = 'Qwyx zimt' dbname=x",
        "http://name:Qwyxzimt@tsa.example/",
        "PRIVATE+KEY+timeline.example+deadbeef+Qwyxzimt=",
        'new row violates check constraint "x"\nDETAIL:  Failing row contains (1, Qwyxzimt, 2).\nLINE 1: SELECT',
    ],
)
def test_secrets_are_taken_out(text: str) -> None:
    """And the rest stays."""
    said = hushed(text.replace("failed: Qwyx", "failed"))
    assert not any(part in said for part in ("Qwyx", "zimt", "UXd5"))
    assert "***" in said


def test_plain_words_stay_as_they_are() -> None:
    """Also addresses without a password, and times."""
    text = "https://example.org/a@b listens at 2024-12-02T09:00:00Z; the bearer of news; password needed"
    assert hushed("https://example.org/report at noon") == "https://example.org/report at noon"
    assert hushed("the bearer of news; a password is needed") == "the bearer of news; a password is needed"
    assert "2024-12-02T09:00:00Z" in hushed(text)


def _refuse() -> None:
    raise ValueError(f"no such key: {KEY}")


def test_no_log_line_says_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in what is said, nor beside it, nor in an error and its stack."""
    held = io.StringIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", held)
        logs.configure("debug")
    try:
        logger = structlog.get_logger("test")
        said = " ".join(("a key came:", KEY))
        logger.info(said, url="postgresql://me:Qwyxzimt@db/x", header=f"Bearer {TOKEN}")
        try:
            _refuse()
        except ValueError:
            logger.exception("unexpected", token=TOKEN)
    finally:
        logs.configure("error")
    assert "a key came" in held.getvalue()
    assert "ValueError" in held.getvalue()
    assert "Qwyxzimt" not in held.getvalue()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:Qwyxzimt@127.0.0.1:1/timeline",
        "postgresql://me:Qwy/xzimt@127.0.0.1:1/timeline",
        "postgresql://me:Qwy%zzxzimt@127.0.0.1:1/timeline",
        "postgresql//me:Qwyxzimt@127.0.0.1/timeline",
        "host=127.0.0.1 port=1 password=Qwyxzimt user",
        "host=127.0.0.1 port=1 password=Qwyxzimt",
    ],
)
def test_the_password_of_the_database_is_said_by_no_error_and_by_no_doctor(address: str) -> None:
    """Whether the address can be read, is read wrongly, or cannot be reached."""
    with pytest.raises(Unreachable) as refused:
        composition.connect(address)
    for said in (
        str(refused.value),
        doctor.hidden("database_url", address),
        doctor.hidden("TIMELINE_DATABASE_URL", address),
    ):
        assert not any(part in said for part in ("Qwy", "zimt")), said


def test_the_doctor_hides_passwords_in_other_addresses_too() -> None:
    """And secrets by their names."""
    assert doctor.hidden("tsa_url", "http://me:hush@tsa.example/") == "http://***@tsa.example/"
    assert doctor.hidden("log_key", "x") == "***"
    assert doctor.hidden("limit_reads", "6000/minute") == "6000/minute"

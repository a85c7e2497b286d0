"""Time stamps of checkpoints (RFC 3161): asked of an authority, kept, put into bundles, and checked without it."""

import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.timeline import console
from services.timeline.audit import contents, stamping, stamps, stored
from services.timeline.audit.notes import PrivateKey
from services.timeline.audit.opened import Refused
from services.timeline.audit.signing import CannotSign
from services.timeline.audit.stamping import Stamping
from services.timeline.audit.stamps import StampRefused
from tests.integration.bundles import made, packed, taken_over, unpacked, verdict
from tests.integration.small_authority import Authority, authority
from tests.integration.trees import Kept, kept_tree, told
from tests.stories import when

EVENING: dict[str, Any] = {"at": when("12-02T12:00"), "known_at": when("12-02T18:00")}
NOTE = b"example.org/log\n1\nAAAA\n\n\xe2\x80\x94 signed\n"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority that people trust."""
    with authority(tmp_path_factory.mktemp("tsa")) as found:
        yield found


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """One of the same names that nobody trusts."""
    with authority(tmp_path_factory.mktemp("stranger")) as found:
        yield found


@pytest.fixture
def kept(postgres_18: str) -> Iterator[Kept]:
    """The demo with three checkpoints."""
    with kept_tree(postgres_18) as kept:
        told(kept, 3)
        console.follow(kept.timeline)
        yield kept


def test_a_stamp_is_of_the_note_by_an_authority_that_is_trusted(asked: Authority, stranger: Authority) -> None:
    """Anything else is refused, and the reason says which of both."""
    stamp = asked.stamp(stamps.request(NOTE))
    assert abs(stamps.verify(stamp, NOTE, asked.ca) - datetime.now(UTC)) < timedelta(minutes=5)
    with pytest.raises(StampRefused, match="of something else than this checkpoint"):
        stamps.verify(stamp, NOTE + b"x", asked.ca)
    with pytest.raises(StampRefused, match="of no authority that is trusted here"):
        stamps.verify(stamp, NOTE, stranger.ca)
    with pytest.raises(StampRefused, match="of no authority that is trusted here"):
        stamps.verify(stranger.stamp(stamps.request(NOTE)), NOTE, asked.ca)
    with pytest.raises(StampRefused, match="no time stamp"):
        stamps.stamped_at(b"\x30\x03nonsense", NOTE)
    for nothing in (b"", b"nonsense", asked.ca[:100]):
        with pytest.raises(StampRefused, match="there is no certificate"):
            stamps.verify(stamp, NOTE, nothing)
    only_leaf = (asked.folder / "tsa.pem").read_bytes()
    with pytest.raises(StampRefused, match="none is a root"):
        stamps.verify(stamp, NOTE, only_leaf)


def test_no_bit_of_a_stamp_can_change_what_it_says(asked: Authority) -> None:
    """Each flip is refused, or leaves the time as it was (what is around the token is not signed)."""
    stamp = asked.stamp(stamps.request(NOTE))
    said = stamps.verify(stamp, NOTE, asked.ca)
    refused = 0
    for place in range(0, len(stamp) * 8, 41):
        spoilt = bytearray(stamp)
        spoilt[place // 8] ^= 1 << place % 8
        try:
            assert stamps.verify(bytes(spoilt), NOTE, asked.ca) == said
        except StampRefused:
            refused += 1
    assert refused > 50


def test_a_bundle_is_under_the_oldest_stamped_checkpoint_that_covers_it(
    kept: Kept, asked: Authority, stranger: Authority, tmp_path: Path
) -> None:
    """It proves the earliest time; `openssl` checks the same."""
    with kept.connection() as connection:
        first, middle, last = stored.every_checkpoint(connection)
        assert list(stamping.stamped(connection, 1)) == []
        stamping.stamp(connection, middle, asked.url)
        asked_before = asked.asked
        stamping.stamp(connection, middle, asked.url)
        assert asked.asked == asked_before  # it was stamped already
        assert [one.kept for one in stamping.stamped(connection, first.size)] == [middle]
        assert list(stamping.stamped(connection, last.size)) == []

    unstamped = made(kept.timeline, "sy-hama", "published", **EVENING)
    assert verdict(unstamped).stamped_at is None
    with pytest.raises(Refused, match="the bundle has no time stamp"):
        verdict(unstamped, authorities=asked.ca)
    early = made(kept.timeline, "sy-hama", "current", at=when("12-02T12:00"), known_position=first.size)
    assert verdict(early).checkpoint.size == middle.size

    with kept.connection() as connection:
        stamping.stamp(connection, last, asked.url)
    raw = made(kept.timeline, "sy-hama", "published", **EVENING)
    found = verdict(raw, kept.known(), authorities=asked.ca)
    assert found.stamp_trusted
    assert found.stamped_at is not None
    assert not verdict(raw).stamp_trusted
    with pytest.raises(Refused, match=r"checkpoint\.tsr: the time stamp is of no authority"):
        verdict(raw, authorities=stranger.ca)
    files = unpacked(raw)
    other = files | {contents.STAMP: unpacked(early)[contents.STAMP]}
    with pytest.raises(Refused, match="is not the file of the manifest"):
        verdict(packed(other))
    with pytest.raises(Refused, match=r"checkpoint\.tsr: the time stamp is of something else"):
        verdict(packed(taken_over(files, PrivateKey.generate(kept.keys.origin))))

    for name in (contents.CHECKPOINT, contents.STAMP):
        (tmp_path / name).write_bytes(files[name])
    command = ["openssl", "ts", "-verify", "-data", contents.CHECKPOINT, "-in", contents.STAMP, "-CAfile"]
    ran = subprocess.run([*command, str(asked.folder / "ca.pem")], cwd=tmp_path, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_what_an_authority_answers_is_kept_only_where_it_is_a_stamp_of_this(kept: Kept, asked: Authority) -> None:
    """A refusal, nonsense, a stamp of something else, nobody there: told, and nothing is kept."""
    with kept.connection() as connection:
        newest = stored.latest(connection)
        assert newest is not None
        for answer, reason in (
            (b"nonsense", "no time stamp"),
            (bytes.fromhex("30053003020102"), "status 2"),
            (asked.stamp(stamps.request(NOTE)), "of something else"),
        ):
            asked.answers.append(answer)
            with pytest.raises(CannotSign, match=reason):
                stamping.stamp(connection, newest, asked.url)
        with pytest.raises(CannotSign, match="does not answer"):
            stamping.stamp(connection, newest, "http://127.0.0.1:1/")
        with pytest.raises(CannotSign, match="over http or https"):
            stamping.stamp(connection, newest, "file:///etc/passwd")
        assert list(stamping.stamped(connection, 1)) == []


def test_a_stamp_that_is_kept_stays(kept: Kept, asked: Authority) -> None:
    """The database refuses to change or remove one."""
    with kept.connection() as connection:
        newest = stored.latest(connection)
        assert newest is not None
        stamping.stamp(connection, newest, asked.url)
        for statement in ("UPDATE log_stamp SET stamp = 'x'", "DELETE FROM log_stamp", "TRUNCATE log_stamp"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_a_service_has_new_checkpoints_stamped_and_tries_again(kept: Kept, asked: Authority) -> None:
    """Once each, also after an answer that was none; without an authority nobody is asked."""
    chosen = kept.settings.model_copy(update={"tsa_url": asked.url, "tsa_seconds": 0.05})
    asked.answers.append(b"nonsense")
    before = asked.asked
    with Stamping(kept.timeline.log.pool, kept.settings):
        pass
    assert asked.asked == before
    with Stamping(kept.timeline.log.pool, chosen), kept.connection() as connection:
        newest = stored.latest(connection)
        assert newest is not None
        give_up = time.monotonic() + 30
        while not list(stamping.stamped(connection, newest.size)):
            assert time.monotonic() < give_up
            time.sleep(0.02)
    assert asked.asked == before + 2

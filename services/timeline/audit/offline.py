"""`python -m services.timeline.audit.offline FILE.zip`: an evidence bundle checked where there is nothing else of the service.

It needs no database, server, network or settings, and imports none of what would. `timeline audit verify FILE.zip` is the
same for whoever has the whole program. Exit codes: 0 intact, 1 not intact, 2 bad input.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from events.times import rfc3339
from services.timeline.audit.agreeing import Held
from services.timeline.audit.checking import Verdict, check
from services.timeline.audit.contents import StatusProved
from services.timeline.audit.notes import PublicKey, UnusableKey
from services.timeline.audit.opened import Refused

INTACT, NOT_INTACT, BAD = 0, 1, 2


class CannotRead(Exception):
    """A file that was named and cannot be read; one line for people."""


def verify(path: Path, known: Sequence[PublicKey], checkpoints: Sequence[Path], authorities: Path | None) -> Verdict:
    """Verify a bundle in a file.

    Args:
        checkpoints: Files with checkpoints of the log that whoever asks holds.
        authorities: A file with the certificates of time-stamping authorities.

    Raises:
        CannotRead: a file that cannot be read.
        Refused: the bundle is not intact.
    """
    held = [Held(str(one), _read(one).decode("utf-8", errors="replace")) for one in checkpoints]
    trusted = _read(authorities) if authorities is not None else None
    try:
        with path.open("rb") as stream:
            return check(stream, known, held, trusted)
    except OSError as error:
        raise CannotRead(f"{path}: {error.strerror or error}") from None


def lines(verdict: Verdict) -> list[str]:
    """A verdict for people, the first line in short."""
    question = verdict.question
    asked = f"{question.location_id} at {question.at}, as known at {question.known_at} ({question.clock} clock)"
    size = f"{verdict.checkpoint.size:,} events"
    told = [
        verdict.words,
        f"{asked}: {status_words(verdict.status)}",
        f"proved: {verdict.events:,} events stand in the log under the checkpoint over {size}, and give this status by {question.policy}",
        "attested by the signature alone: that no other event bears on it, the words of the exhibit, the record of custody",
    ]
    if verdict.redacted:
        told.append(f"redacted: the texts at positions {', '.join(map(str, verdict.redacted))}")
    if verdict.withheld:
        where = ", ".join(map(str, verdict.withheld))
        told.append(
            f"withheld by whoever made it, since they tell who a sensitive source is: the texts at positions {where}"
        )
    if verdict.attached or verdict.missing:
        told.append(f"captured files: {verdict.attached:,} in the bundle, {verdict.missing:,} named and missing")
    if verdict.stamped_at is not None:
        by = "by an authority that is trusted here" if verdict.stamp_trusted else "not checked, for want of --tsa-ca"
        told.append(f"time stamp of the checkpoint: {rfc3339(verdict.stamped_at)}, {by}")
    return [shown(one) for one in told]


def shown(text: str) -> str:
    """A line that cannot act on the terminal that shows it: a bundle is whoever's who made it."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def status_words(status: StatusProved) -> str:
    """A status in a few words, with the ids that it has."""
    control = status.control
    who = f" by {', '.join(control.holders)}" if control.holders else ""
    against = f" against {', '.join(control.challengers)}" if control.challengers else ""
    standing = f" ({control.standing})" if control.standing else ""
    pending = f"; {len(control.pending)} other(s) pending" if control.pending else ""
    return f"{control.mode}{who}{against}{standing}{pending}"


def refusal(error: Refused) -> str:
    """Why a bundle is refused, in a line."""
    return shown(f"NOT intact: {error}")


def public_key(said: str) -> PublicKey:
    """A key as it is written, or from a file that holds it.

    Raises:
        UnusableKey: it is none.
    """
    with suppress(OSError, ValueError):
        if Path(said).is_file():
            said = Path(said).read_text("utf-8")
    return PublicKey.read(said)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(prog="timeline-offline", description="Check an evidence bundle; needs no network.")
    parser.add_argument("bundle", type=Path, metavar="FILE.zip")
    parser.add_argument("--key", action="append", default=[], help="the log's public key, or a file with it")
    parser.add_argument("--checkpoint", action="append", default=[], type=Path, help="a checkpoint kept elsewhere")
    parser.add_argument("--tsa-ca", type=Path, help="certificates of time-stamping authorities, as PEM")
    chosen = parser.parse_args(arguments)
    try:
        known = [public_key(one) for one in chosen.key]
        verdict = verify(chosen.bundle, known, chosen.checkpoint, chosen.tsa_ca)
    except (CannotRead, UnusableKey) as error:
        sys.stderr.write(f"timeline: {error}\n")
        return BAD
    except Refused as error:
        sys.stdout.write(f"{refusal(error)}\n")
        return NOT_INTACT
    sys.stdout.writelines(f"{one}\n" for one in lines(verdict))
    return INTACT


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CannotRead(f"{path}: {error.strerror or error}") from None


if __name__ == "__main__":
    sys.exit(main())

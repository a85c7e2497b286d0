"""A checkpoint brought to a witness, with the proof that it continues what the witness cosigned last."""

import base64
import urllib.error
import urllib.request

from events import merkle
from services.timeline.audit import stored
from services.timeline.audit.notes import Note, PublicKey, SignatureRefused, UnusableNote
from services.timeline.audit.signing import CannotSign
from services.timeline.audit.stored import Database, Kept
from services.timeline.audit.witness import request

#: A witness may take so many seconds, and is asked again once when it says where it stands.
PATIENCE, TRIES = 10.0, 2


def cosigned(connection: Database, kept: Kept, url: str, witness: PublicKey) -> str:
    """The note with the witness's line below.

    Raises:
        CannotSign: the witness refuses, does not answer, or answers with what is not its signature.
    """
    old = 0
    for _ in range(TRIES):
        proof = _proof(connection, old, kept.size)
        status, answer = _ask(url, request(old, proof, kept.note))
        if status == 409 and answer.strip().isdigit() and int(answer) <= kept.size and int(answer) != old:
            old = int(answer)
            continue
        break
    if status != 200:
        raise CannotSign(
            f"the witness refuses the checkpoint over {kept.size:,} events ({status}): {answer.strip()[:200]}"
        )
    whole = kept.note + answer
    try:
        if not Note.read(whole).signers([witness]):
            raise CannotSign("the witness answered with the signature of somebody else")
    except (UnusableNote, SignatureRefused) as error:
        raise CannotSign(f"the witness answered with no signature of its own: {error}") from None
    return whole


def _proof(connection: Database, old: int, new: int) -> list[str]:
    hashes = stored.hashes_in(lambda wanted: stored.read_tiles(connection, wanted))
    return [base64.b64encode(one).decode() for one in merkle.consistency_proof(old, new, hashes)]


def _ask(url: str, body: str) -> tuple[int, str]:
    address = f"{url.rstrip('/')}/add-checkpoint"
    if not address.startswith(("http://", "https://")):
        raise CannotSign(f"{url}: a witness is asked over http or https")
    asked = urllib.request.Request(address, body.encode(), {"Content-Type": "text/plain"}, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:  # noqa: S310  (checked above)
            return int(answer.status), answer.read(65_536).decode("utf-8", errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read(65_536).decode("utf-8", errors="replace")
    except OSError as error:
        raise CannotSign(f"the witness at {url} does not answer: {error}") from None

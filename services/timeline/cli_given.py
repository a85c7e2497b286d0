"""What is given on the command line to verify with: public keys and checkpoints, as written or from files."""

from pathlib import Path

from services.timeline.audit import offline
from services.timeline.audit.notes import PublicKey, UnusableKey
from services.timeline.audit.verifying import Held
from services.timeline.typed import Unusable


def public_key(said: str) -> PublicKey:
    """A key as it is written, or from a file that holds it.

    Raises:
        UnusableKey: it is none.
    """
    try:
        return offline.public_key(said)
    except UnusableKey as error:
        raise UnusableKey(f"--key: {error}") from None


def checkpoint(path: Path) -> Held:
    """A checkpoint that was kept elsewhere.

    Raises:
        Unusable: the file cannot be read.
    """
    try:
        return Held(str(path), path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"--checkpoint {path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None

"""The log's keys, what they signed last, and the rule that they never sign two histories.

Beside the key, outside the database, stands the last checkpoint that it signed. It is written before the checkpoint is
shown to anybody. So a database restored from an older backup, or rewritten by its owner, gets no signature: the new
checkpoint would contradict one that somebody may hold.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog

from events import merkle
from services.timeline.audit import stored
from services.timeline.audit.checkpoints import Checkpoint
from services.timeline.audit.durable import replace, write
from services.timeline.audit.notes import (
    PRIVATE,
    Note,
    PrivateKey,
    PublicKey,
    SignatureRefused,
    UnusableKey,
    UnusableNote,
    signed,
)
from services.timeline.audit.stored import Database, Kept, Reach
from services.timeline.settings import Settings

logger = structlog.get_logger(__name__)

_AFTER_A_RESTORE: Final = 'docs/audit.md, "After a restore", says what can be done'


#: What a log is called whose key nobody named, before its id. `.invalid` is nobody's domain (RFC 2606).
NAMED_BY_ID: Final = "timeline.invalid/"


class CannotSign(RuntimeError):
    """A checkpoint that must not be signed, or no key to sign it with; one line for people."""


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The keys that sign for a log, the one that every verifier knows first.

    Attributes:
        state: Where the last checkpoint that they signed is kept.
        retired: Keys that signed once, and sign no more; what they signed is still the log's.
    """

    keys: tuple[PrivateKey, ...]
    state: Path
    retired: tuple[PublicKey, ...] = ()

    @property
    def origin(self) -> str:
        """The name of the log, which all its keys bear."""
        return self.keys[0].name

    @property
    def public(self) -> list[PublicKey]:
        """The halves that everybody may have; of those that sign no more, too."""
        return [*(key.public for key in self.keys), *self.retired]

    def last(self) -> Checkpoint | None:
        """What they signed last, by their own book.

        Raises:
            CannotSign: the book cannot be read.
        """
        try:
            note = Note.read(self.state.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise CannotSign(f"{self.state} cannot be read: {error}") from None
        return Checkpoint.read(note.text)

    def remember(self, note: str) -> None:
        """Write down, durably, what is about to be shown."""
        replace(self.state, note)


def keys_of(chosen: Settings, log_id: UUID, *, make: bool) -> LogKeys | None:
    """The keys of a log by the settings; None where there is none yet.

    Args:
        make: Make one where there is none: private, and named by TIMELINE_LOG_ORIGIN or after the log's id.

    Raises:
        UnusableKey: what is there is no key, or bears another name than TIMELINE_LOG_ORIGIN says.
    """
    book = chosen.home / f"log-{log_id}.signed"
    if chosen.log_key is not None:
        if chosen.log_key_file is not None:
            raise UnusableKey("TIMELINE_LOG_KEY and TIMELINE_LOG_KEY_FILE are both set; one of them is enough")
        return _read(chosen, "TIMELINE_LOG_KEY", chosen.log_key, book)
    file = chosen.log_key_file
    if file is None:
        file = chosen.home / f"log-{log_id}.key"
    else:
        book = file.with_name(file.name + ".signed")
    if make and not file.exists():
        _make(file, chosen.log_origin or f"{NAMED_BY_ID}{log_id}")
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableKey(f"{file} cannot be read: {error}") from None
    return _read(chosen, str(file), text, book)


def add_key(chosen: Settings, log_id: UUID, algorithm: int) -> PublicKey:
    """Add a key of another algorithm to the file of the log's keys: from then on both sign.

    Raises:
        UnusableKey: there is no file of keys here, or it has such a key already.
    """
    if chosen.log_key is not None:
        raise UnusableKey("the log's key is in TIMELINE_LOG_KEY, which no command can change; move it into a file")
    file = chosen.log_key_file or chosen.home / f"log-{log_id}.key"
    keys = keys_of(chosen, log_id, make=True)
    assert keys is not None
    if any(one.algorithm == algorithm for one in keys.public):
        raise UnusableKey(f"{file}: there is such a key in it already")
    made = PrivateKey.generate(keys.origin, algorithm)
    replace(file, f"{file.read_text('utf-8').rstrip()}\n{made.written()}\n")
    return made.public


def sign(connection: Database, chosen: Settings, time: int) -> Kept | None:
    """Sign a checkpoint over the tree as it is, and keep it; None where the last one is over as much.

    Whoever calls it is the only one who does: the tree's lock is held.

    Raises:
        CannotSign: it would contradict an earlier one, or there is no key that may sign this log.
        UnusableKey: as `keys_of` raises it.
    """
    reach = stored.reach(connection)
    kept = stored.latest(connection)
    if reach.size == 0 and kept is None:
        return None
    keys = keys_of(chosen, reach.log_id, make=kept is None)
    if keys is None:
        raise CannotSign(
            f"checkpoints of {_origin(kept)} are signed, and its key is not here: set TIMELINE_LOG_KEY_FILE"
        )
    before = signed_before(keys, kept)
    reason = contradiction(connection, reach, before)
    if reason is not None:
        raise CannotSign(reason)
    if any(one.size == reach.size for one in before) and kept is not None and kept.size == reach.size:
        return None
    root = merkle.root(reach.size, stored.hashes_in(lambda wanted: stored.read_tiles(connection, wanted)))
    made = Kept(reach.size, signed(Checkpoint(keys.origin, reach.size, root).text(), keys.keys, time))
    keys.remember(made.note)
    stored.keep(connection, made)
    return made


def signed_before(keys: LogKeys, kept: Kept | None) -> list[Checkpoint]:
    """What was signed last, by the database and by the book beside the key.

    Raises:
        CannotSign: the database's last checkpoint is not of these keys; or either cannot be read.
    """
    found: list[Checkpoint] = []
    try:
        if (own := keys.last()) is not None:
            found.append(own)
        if kept is not None:
            note = Note.read(kept.note)
            if not note.signers(keys.public):
                known = ", ".join(str(one) for one in keys.public)
                raise CannotSign(f"the last checkpoint, of {_origin(kept)}, is signed by another key than {known}")
            found.append(Checkpoint.read(note.text))
    except (UnusableNote, SignatureRefused) as error:
        raise CannotSign(f"the last checkpoint cannot be relied on: {error}") from None
    return found


def contradiction(connection: Database, reach: Reach, before: Iterable[Checkpoint]) -> str | None:
    """Why a log may not be signed after what was signed before; None where it continues that."""
    if reach.head < reach.size:
        return f"the log ends at position {reach.head:,}, but its tree has {reach.size:,} events: events are gone"
    read = stored.hashes_in(lambda wanted: stored.read_tiles(connection, wanted))
    for one in before:
        if one.size > reach.size:
            said = f"a checkpoint over {one.size:,} events was signed, but the log has {reach.size:,}"
            return f"{said}: was the database restored from an older backup? {_AFTER_A_RESTORE}"
        try:
            agrees = merkle.root(one.size, read) == one.root
        except LookupError:
            agrees = False
        if not agrees:
            said = f"the first {one.size:,} events are not those over which a checkpoint was signed"
            return f"{said}: was the database restored from an older backup and written to? {_AFTER_A_RESTORE}"
    return None


def _origin(kept: Kept | None) -> str:
    return kept.note.partition("\n")[0] if kept else "this log"


def _read(chosen: Settings, where: str, text: str, state: Path) -> LogKeys:
    """Keys, one a line: private ones sign, public ones did."""
    lines = text.split()
    try:
        signing = tuple(PrivateKey.read(line) for line in lines if line.startswith(PRIVATE))
        retired = tuple(PublicKey.read(line) for line in lines if not line.startswith(PRIVATE))
    except UnusableKey as error:
        raise UnusableKey(f"{where}: {error}") from None
    if not signing:
        raise UnusableKey(f"{where}: there is no private key in it; one begins with {PRIVATE}")
    names = (
        {key.name for key in signing}
        | {key.name for key in retired}
        | ({chosen.log_origin} if chosen.log_origin else set())
    )
    if len(names) > 1:
        raise UnusableKey(f"the log's keys and TIMELINE_LOG_ORIGIN name it differently: {', '.join(sorted(names))}")
    return LogKeys(signing, state, retired)


def _make(file: Path, name: str) -> None:
    key = PrivateKey.generate(name)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write(fresh, key.written() + "\n")
    except OSError as error:
        raise UnusableKey(f"a key of the log cannot be made at {file}: {error.strerror}") from None
    try:
        os.link(fresh, file)  # fails where somebody was faster: a key is never overwritten
        logger.warning(
            "made the key that signs the log; keep a copy of it elsewhere", file=str(file), key=str(key.public)
        )
    except FileExistsError:
        pass
    finally:
        fresh.unlink()

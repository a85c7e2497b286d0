"""A witness: cosigns the checkpoints of logs that it knows, each only where it continues the last one (C2SP tlog-witness).

It has a key and a memory of its own, and should run elsewhere than the log, by other people. It needs no database: a
log brings its checkpoint with the proof that it continues the one cosigned last.
"""

import hashlib
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, NamedTuple

from events import merkle
from events.merkle import ProofRefused
from services.timeline.audit.checkpoints import Checkpoint, read_hash
from services.timeline.audit.durable import replace
from services.timeline.audit.notes import (
    WITNESS,
    Note,
    PrivateKey,
    PublicKey,
    SignatureRefused,
    UnusableKey,
    UnusableNote,
)

#: No request has more bytes, nor more hashes.
MOST_BYTES, MOST_HASHES = 64 * 1024, 63

_TEXT: Final = "text/plain; charset=utf-8"


class Answer(NamedTuple):
    """An answer over HTTP."""

    status: int
    body: str
    media_type: str = _TEXT


class Witness:
    """Cosigns for some logs, and remembers the last checkpoint of each in a folder."""

    def __init__(self, key: PrivateKey, logs: Sequence[PublicKey], memory: Path) -> None:
        """
        Args:
            key: One made for witnesses.
            logs: The keys of the logs to cosign for.

        Raises:
            UnusableKey: the key is one of a log.
        """
        if key.algorithm != WITNESS:
            raise UnusableKey(f"the key of {key.name} is one of a log; a witness needs one of its own kind")
        self._key = key
        self._logs = logs
        self._memory = memory
        self._one_at_a_time = threading.Lock()

    def add_checkpoint(self, request: str, now: int) -> Answer:
        """What a request to cosign is answered with."""
        try:
            old, proof, note = _parts(request)
            said = Checkpoint.read(note.text)
        except UnusableNote as error:
            return Answer(400, f"{error}\n")
        known = [key for key in self._logs if key.name == said.origin]
        if not known:
            return Answer(404, f"{said.origin} is no log that is cosigned for here\n")
        try:
            if not note.signers(known):
                return Answer(403, "the log's key has not signed it\n")
        except SignatureRefused as error:
            return Answer(403, f"{error}\n")
        if old > said.size:
            return Answer(400, "the old size is larger than the new one\n")
        with self._one_at_a_time:
            return self._continued(old, proof, note, said, now)

    def _continued(self, old: int, proof: Sequence[bytes], note: Note, said: Checkpoint, now: int) -> Answer:
        last = self._last(said.origin)
        if old != (last.size if last else 0):
            return Answer(409, f"{last.size if last else 0}\n", "text/x.tlog.size")
        before = last.root if last else merkle.EMPTY
        if last is not None and last.size == said.size and last.root != said.root:
            return Answer(409, f"{last.size}\n", "text/x.tlog.size")
        try:
            merkle.verify_consistency(old, said.size, before, said.root, proof)
        except ProofRefused as error:
            return Answer(422, f"{error}\n")
        self._memory.mkdir(parents=True, exist_ok=True)
        replace(self._file(said.origin), note.text)
        return Answer(200, self._key.sign(note.text, now))

    def _last(self, origin: str) -> Checkpoint | None:
        file = self._file(origin)
        return Checkpoint.read(file.read_text("utf-8")) if file.exists() else None

    def _file(self, origin: str) -> Path:
        return self._memory / f"{hashlib.sha256(origin.encode()).hexdigest()[:32]}.checkpoint"


def request(old: int, proof: Sequence[str], note: str) -> str:
    """What a log sends to a witness: the size cosigned last, the proof in base64, and the checkpoint."""
    return "\n".join([f"old {old}", *proof, "", note])


def _parts(text: str) -> tuple[int, list[bytes], Note]:
    head, parted, note = text.partition("\n\n")
    first, *hashes = head.split("\n")
    size = first.removeprefix("old ")
    if not parted or not first.startswith("old ") or not (size.isascii() and size.isdigit()) or size != str(int(size)):
        raise UnusableNote("a request begins with `old SIZE`, hashes, and an empty line")
    if len(hashes) > MOST_HASHES or len(size) > 18:
        raise UnusableNote("a proof has at most 63 hashes")
    return int(size), [read_hash(one) for one in hashes], Note.read(note)


def own_key(file: Path, name: str) -> PrivateKey:
    """The witness's key: from its file, or made there under a name.

    Raises:
        UnusableKey: it is none, or there is none and no name for one.
    """
    if not file.exists():
        if not name:
            raise UnusableKey(f"{file}: there is no key yet; --name says whose it will be")
        key = PrivateKey.generate(name, WITNESS)
        file.parent.mkdir(parents=True, exist_ok=True)
        replace(file, key.written() + "\n")
    return PrivateKey.read(file.read_text("utf-8"))


def serve(witness: Witness, host: str, port: int) -> ThreadingHTTPServer:
    """An HTTP server that is bound, for whoever lets it run: `POST /add-checkpoint`."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 30

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if self.path != "/add-checkpoint":
                self._answer(Answer(404, "POST /add-checkpoint is all that there is\n"))
            elif not (length.isascii() and length.isdigit()) or int(length) > MOST_BYTES:
                self._answer(Answer(413, f"at most {MOST_BYTES:,} bytes, with their Content-Length\n"))
            else:
                body = self.rfile.read(int(length)).decode("utf-8", errors="replace")
                self._answer(witness.add_checkpoint(body, int(time.time())))

        def _answer(self, answer: Answer) -> None:
            body = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Who asked is nobody's business."""

    return ThreadingHTTPServer((host, port), Handler)

"""An evidence bundle verified from nothing but its file, and what whoever asks trusts already: no server, database or network.

Every proof, signature, hash and file is checked, and the events are folded again to the status. What remains is what
only a signature can say: that the list of positions is complete, and the words of the exhibit. Whose signature that is
is known only to who holds the log's key or one of its checkpoints.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Final, NamedTuple

from events import withholding
from events.recorded import RecordedEvent
from events.times import rfc3339
from projections.policies import POLICIES
from services.timeline.audit import contents, evidence, redacted_texts, stamps
from services.timeline.audit.agreeing import Held, agree
from services.timeline.audit.checkpoints import Checkpoint
from services.timeline.audit.contents import Question, StatusProved
from services.timeline.audit.exhibit_page import is_inert
from services.timeline.audit.notes import LOG, Note, PublicKey
from services.timeline.audit.opened import Opened, Refused, about
from services.timeline.audit.positions import Considered
from services.timeline.audit.proved import Proved, proved
from services.timeline.audit.refolding import not_bearing, refolded

_NOTE: Final = contents.CHECKPOINT


@dataclass(frozen=True, slots=True)
class Verdict:
    """An intact bundle: what it answers, and on whose word its list of positions is complete.

    Attributes:
        signers: The keys that signed the list and the checkpoint.
        known: Whoever asks knew one of them, or holds a checkpoint that one of them signed.
        events: How many events bear on the answer.
        redacted: The positions among them whose text was taken away.
        withheld: Those whose text is not in the bundle, since it tells who a sensitive source is.
        stamped_at: When the checkpoint was stamped, by the stamp's own word; None where there is no stamp.
        stamp_trusted: An authority that whoever asks trusts has stamped it.
    """

    question: Question
    status: StatusProved
    checkpoint: Checkpoint
    signers: tuple[PublicKey, ...]
    known: bool
    events: int
    redacted: tuple[int, ...]
    withheld: tuple[int, ...]
    attached: int
    missing: int
    stamped_at: datetime | None
    stamp_trusted: bool

    @property
    def words(self) -> str:
        """The verdict in a line."""
        if self.known:
            return f"intact, signed by {', '.join(f'{one.name} ({one.key_id.hex()})' for one in self.signers)}"
        return f"intact, signer unknown: {', '.join(one.fingerprint for one in self.signers)}"


class _Signed(NamedTuple):
    """What the log's keys signed: the checkpoint and the list, and which of the keys signed both."""

    checkpoint: Checkpoint
    note: str
    considered: Considered
    signers: tuple[PublicKey, ...]
    known: bool


def check(
    stream: IO[bytes],
    known: Sequence[PublicKey] = (),
    held: Sequence[Held] = (),
    authorities: bytes | None = None,
) -> Verdict:
    """Verify a bundle.

    Args:
        known: The log's keys, by whoever asks.
        held: Checkpoints of the log, by whoever asks.
        authorities: Certificates of time-stamping authorities, as PEM.

    Raises:
        Refused: it is not intact; the message says what is wrong.
    """
    opened = Opened(stream)
    signed = _signed(opened, known)
    signers = signed.signers
    for one in held:
        agreeing = agree(opened, signed.checkpoint, one, known or signers)
        signers = tuple(key for key in signers if known or key in agreeing)
    question = opened.json(contents.QUESTION, Question)
    _same_question(question, signed)
    if not is_inert(opened.bytes(contents.EXHIBIT)):
        raise Refused(f"{contents.EXHIBIT} is no page as a bundle has it: it could load or run something")
    events = list(proved(opened, signed.checkpoint, signed.note, signed.considered.positions))
    recorded = [one.recorded for one in events]
    _known_by_then(question, recorded)
    status = _status(opened, question, recorded)
    _policy(opened, question)
    attached, missing = _evidence(opened, recorded)
    moment, trusted = _stamp(opened, signed.note, authorities)
    return Verdict(
        question, status, signed.checkpoint, signers, signed.known or bool(held), len(events),
        _redacted(events, question), _withheld(events, question), attached, missing, moment, trusted,
    )  # fmt: skip


def _signed(opened: Opened, known: Sequence[PublicKey]) -> _Signed:
    """The checkpoint and the list of positions, signed by the same."""
    keys = _keys(opened)
    whole = opened.text(_NOTE)
    with about(_NOTE):
        note = Note.read(whole)
        checkpoint = Checkpoint.read(note.text)
        if checkpoint.text() != note.text or checkpoint.origin != keys[0].name:
            raise ValueError(f"it is no checkpoint of {keys[0].name}")
        under_checkpoint = note.signers([*keys, *known])
    said = opened.text(contents.POSITIONS)
    with about(contents.POSITIONS):
        list_ = Note.read(said)
        under_list = list_.signers([*keys, *known])
        considered = Considered.read(list_.text)
    signers = tuple(one for one in keys if one in under_list and one in under_checkpoint)
    if not signers:
        raise Refused("no key of the bundle has signed both its checkpoint and its list of positions")
    found = tuple(one for one in signers if one in known)
    if known and not found:
        said = ", ".join(f"{one.name} {one.fingerprint}" for one in signers)
        raise Refused(f"it is signed by no key that is known here, but by {said}")
    if considered.checkpoint != checkpoint:
        raise Refused(f"{contents.POSITIONS}: it is of another checkpoint than the bundle's")
    if considered.manifest != opened.manifest:
        raise Refused(f"{contents.MANIFEST} is not the one that was signed: its SHA-256 is {opened.manifest}")
    return _Signed(checkpoint, whole, considered, found or signers, bool(found))


def _keys(opened: Opened) -> list[PublicKey]:
    """The log's keys, as the bundle says: what is signed is of them, and whether they are the log's is asked elsewhere."""
    said = opened.text(contents.KEYS)
    with about(contents.KEYS):
        keys = [PublicKey.read(line) for line in said.split("\n")[:-1]]
        if "".join(f"{one}\n" for one in keys) != said or not any(one.algorithm == LOG for one in keys):
            raise ValueError("it is a key a line, one of them a log's own")
        if len({one.name for one in keys}) != 1:
            raise ValueError("its keys have different names")
    return keys


def _same_question(question: Question, signed: _Signed) -> None:
    said = signed.considered
    with about(contents.QUESTION):
        for moment in (question.at, question.known_at, question.made_at):
            if rfc3339(datetime.fromisoformat(moment)) != moment:
                raise ValueError(f"{moment!r} is no moment as a bundle has it")
    reading = f"{question.policy} {question.clock}"
    asked = (question.location_id, question.at, question.known_at, question.known_position, question.view_id)
    if (*asked, reading, question.made_at) != (
        said.location_id, said.at, said.known_at, said.known_position, said.view, said.reading, said.made_at,
    ):  # fmt: skip
        raise Refused(f"{contents.QUESTION} is not the question of which the list of positions was signed")
    if question.known_position > signed.checkpoint.size:
        raise Refused(f"the answer rests on the log up to {question.known_position:,}, beyond the checkpoint")


def _known_by_then(question: Question, recorded: Iterable[RecordedEvent[Any]]) -> None:
    """On the recorded clock what is known at a position was recorded by the time that goes with it."""
    known_at = datetime.fromisoformat(question.known_at)
    for one in recorded:
        if question.clock == "recorded" and one.position <= question.known_position and one.recorded_at > known_at:
            raise Refused(
                f"position {one.position:,} was recorded after {question.known_at}, by when it should be known"
            )


def _status(opened: Opened, question: Question, recorded: Sequence[RecordedEvent[Any]]) -> StatusProved:
    """The status, folded again from the events."""
    with about("the events cannot be folded"):
        found, beside = refolded(question, recorded), not_bearing(question, recorded)
    for position in beside:
        raise Refused(f"position {position:,} is in the list of positions, and does not bear on the place")
    if contents.written(found) != opened.bytes(contents.STATUS):
        held = f"{found.control.mode} by {', '.join(found.control.holders) or 'nobody'}"
        raise Refused(f"{contents.STATUS} is not what the events give, which is: {held} ({found.control.standing})")
    return found


def _policy(opened: Opened, question: Question) -> None:
    told = contents.policy_told(POLICIES[question.policy.partition("/")[0]])
    if contents.written(told) != opened.bytes(contents.POLICY):
        raise Refused(f"{contents.POLICY} is not the policy {question.policy} as it was published")


def _evidence(opened: Opened, recorded: Iterable[RecordedEvent[Any]]) -> tuple[int, int]:
    """How many captured files that the events name are in the bundle, and how many are not."""
    captured = opened.captured()
    told = evidence.told(recorded, captured)
    if contents.written(told) != opened.bytes(contents.EVIDENCE):
        raise Refused(f"{contents.EVIDENCE} is not what the events name, and what is in the bundle")
    for name in sorted(captured):
        if opened.sums[f"evidence/{name}"] != name:
            raise Refused(f"evidence/{name} is another file than its name says")
    for name in sorted(captured - {one.sha256 for one in told}):
        raise Refused(f"evidence/{name} is named by no event")
    return len(captured), len(told) - len(captured)


def _redacted(events: Sequence[Proved], question: Question) -> tuple[int, ...]:
    """The positions whose text was taken away, each by an event that says so."""
    said = redacted_texts.redacted(one.recorded for one in events)
    ids = {one.recorded.position: one.recorded.event_id for one in events}
    for position, event_id in said.items():
        if ids.get(position) != event_id:
            raise Refused(f"a redaction in the list is of position {position:,}, which has another event here, or none")
    for one in events:
        position = one.recorded.position
        if one.without_text and position not in said and position not in (question.withheld or ()):
            raise Refused(f"position {position:,}: its text is missing, and no event says that it was redacted")
        if position > question.known_position and not redacted_texts.is_redaction(one.recorded.event):
            raise Refused(f"position {position:,} was recorded after what the answer rests on")
    return tuple(one.recorded.position for one in events if one.without_text and one.recorded.position in said)


def _withheld(events: Sequence[Proved], question: Question) -> tuple[int, ...]:
    """The positions whose text was left out by whoever made the bundle: their word, but only of what tells of a source."""
    said = question.withheld or ()
    without = {
        one.recorded.position for one in events if one.without_text and withholding.concerned(one.recorded.event)
    }
    for position in said:
        if position not in without:
            raise Refused(f"position {position:,} is said to be withheld, and its text is here, or tells of no source")
    return said


def _stamp(opened: Opened, note: str, authorities: bytes | None) -> tuple[datetime | None, bool]:
    if contents.STAMP not in opened:
        if authorities is not None:
            raise Refused("the bundle has no time stamp")
        return None, False
    stamp, said = opened.bytes(contents.STAMP), note.encode()
    with about(contents.STAMP):
        if authorities is None:
            return stamps.stamped_at(stamp, said), False
        return stamps.verify(stamp, said, authorities), True

"""Posted bytes → an event that wants only to be decided on: read, checked in itself, in its stored form (pure).

All of an append that needs neither the lock nor the log, so it is done before the lock is taken: for a long file while
the lines before it are being committed.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final, cast
from uuid import UUID

import msgspec

from events import checks, codec, marks, warnings, withholding
from events.codec import StoredForm
from events.developments import DevelopmentAmended, DevelopmentReported, Report
from events.problems import Problem, UnusableEvent
from events.recorded import stream_id
from events.records import Event
from events.redaction import EventRedacted
from events.reference import SourceRegistered
from events.shape import AnyEvent, read_again, read_event, read_redacted
from events.vocabulary import KINDS
from events.warnings import Warned
from services.timeline import protecting
from services.timeline.references import names

#: Events of files that bear no id of their own are named by what they say under this namespace. Never change it.
SAID = UUID("2b6c1f0a-7d1e-5c55-8a3e-6c0f5f7b9d42")

#: Redactions come in by a way of their own.
_ONE_WAY: Final = "text is taken away by POST /v1/audit/redactions or `timeline audit redact` alone; of an export, by `timeline import`"

#: What is shown of a text that is gone is nothing that somebody said.
_MARK: Final = Problem("", marks.REDACTED, "stands for a text that is gone, and is none itself; leave the field out")

Allowed = Callable[[Event], None]


class Prepared(msgspec.Struct, array_like=True):
    """An event on its way into the log; all of it can cross to another process, but for the event as an object.

    Attributes:
        posted: The event as JSON, to make the object of once it is needed; empty where there is an object from the first.
        type: The name of its type.
        event_id: The reporter's own, or one made from what the event says; None: the log gives it one.
        problems: What is wrong with it in itself.
        form: How it would be stored; None where anything is wrong with it.
        named: The sources, actors and locations that it names, as `references.names` has them.
        published_at: When the report in it was published.
        weighed: The chain of its report, where it is that of a claim; empty where that is for its development to tell.
        odd: What is odd about it in itself.
    """

    posted: bytes
    type: str
    event_id: UUID | None
    stream: UUID
    problems: tuple[Problem, ...]
    form: StoredForm | None
    named: tuple[str, ...]
    published_at: datetime | None
    weighed: tuple[str, ...]
    odd: tuple[Warned, ...]
    said: AnyEvent | None = None

    @property
    def event(self) -> Event:
        """The event as an object; of most that come from another process nobody asks for it."""
        if self.said is None:
            self.said = cast(AnyEvent, read_again(self.posted))
        return self.said


def prepare(raw: bytes | Event, allowed: Allowed | None = None) -> Prepared | UnusableEvent:
    """An event given as JSON bytes, or as an event; the refusal where it cannot be read or may not be recorded.

    Args:
        allowed: Raises UnusableEvent where whoever hands it in may not record it.
    """
    try:
        event = raw if isinstance(raw, Event) else read_event(raw)
        if allowed is not None:
            allowed(event)
    except UnusableEvent as refusal:
        return refusal
    if isinstance(event, EventRedacted):
        return UnusableEvent([Problem("type", "EventRedacted", _ONE_WAY)])
    return _made(event, b"" if isinstance(raw, Event) else raw)


def redaction(asked: EventRedacted) -> Prepared:
    """A redaction that is asked for; what it lacks is filled in under the lock (see `redacting`)."""
    filled = [name for name in ("redacted_position", "redacted_by", "removed") if getattr(asked, name)]
    found = _made(asked, b"")
    problems = (*found.problems, *(Problem(name, None, "is filled in by the service") for name in filled))
    return msgspec.structs.replace(found, problems=problems)


def prepare_line(raw: bytes) -> Prepared | UnusableEvent:
    """A line of a file, which may be an export of a log with redactions: what was redacted there, and by which events."""
    try:
        gone = read_redacted(raw)
        event = gone[0] if gone is not None else read_event(raw)
    except UnusableEvent as refusal:
        return refusal
    if isinstance(event, EventRedacted) and not event.is_complete:
        return UnusableEvent([Problem("type", "EventRedacted", _ONE_WAY)])
    return _made(event, raw) if gone is None else _without_text(*gone)


def _without_text(event: Event, committed: str) -> Prepared | UnusableEvent:
    made = _made(event, b"")
    form = codec.encode(event)
    if not marks.is_all_marks(form):
        said = f"says that the text was taken away, so every text has to be {marks.REDACTED}, as an export writes it"
        return UnusableEvent([Problem("redacted", None, said)])
    if event.event_id is None:
        return UnusableEvent([Problem("event_id", None, "is required where the text was redacted")])
    problems = tuple(one for one in made.problems if one is not _MARK)
    return msgspec.structs.replace(
        made, problems=problems, form=None if problems else codec.without_text(form, committed)
    )


def _made(event: Event, posted: bytes) -> Prepared:
    problems = tuple(checks.problems(event))
    form = None if problems else codec.encode(event)
    if form is not None and marks.is_marked(form):
        problems, form = (_MARK,), None
    report: Report | None = getattr(event, "report", None)
    return Prepared(
        posted, type(event).__name__, event.event_id, stream_id(event), problems, form, names(event),
        report.published_at if report is not None else None, *_oddities(event, problems), cast(AnyEvent, event)
    )  # fmt: skip


def _oddities(event: Event, problems: tuple[Problem, ...]) -> tuple[tuple[str, ...], tuple[Warned, ...]]:
    """The chain of a claim, whose sources are weighed; and what is odd about the event in itself."""
    if problems:
        return (), ()
    if isinstance(event, DevelopmentReported):
        odd = (*warnings.of_statement(event), *warnings.of_capture(event.kind, event.participants))
        return event.report.chain if KINDS[event.kind].facet is not None else (), odd
    if isinstance(event, SourceRegistered):
        return (), tuple(protecting.odd([event]))
    return (), tuple(warnings.of_statement(event)) if isinstance(event, DevelopmentAmended) else ()


class Naming:
    """Gives events of one file that bear no id an id made from what they say, so that the file can be read again.

    The id rests on the content alone, however it was spaced and whatever stood around it in the file, and on whether it is
    the first, second, third ... time that the file says just this: a source may be graded C, then D, then C again.
    """

    def __init__(self) -> None:
        self._times: dict[int, int] = {}

    def named(self, one: Prepared) -> Prepared:
        """The event with an id."""
        if one.event_id is not None or one.form is None:
            return one
        first = _uuid5(SAID, _content(one))
        brief = first.int >> 64  # half of the id is enough to count by, and half as much to keep in memory
        times = self._times.get(brief, 0) + 1
        self._times[brief] = times
        return msgspec.structs.replace(one, event_id=first if times == 1 else _uuid5(first, b"%d" % times))


def _content(one: Prepared) -> bytes:
    """What an id is made from; of a sensitive source not its name, which whoever reads the id could guess and try."""
    assert one.form is not None
    if one.type == "SourceRegistered" and withholding.after(frozenset(), one.event):
        return codec.unsealed(one.form)
    return codec.content(one.form)


def _uuid5(namespace: UUID, name: bytes) -> UUID:
    """As uuid.uuid5 has it (RFC 9562, section 5.5), for a name in bytes."""
    return UUID(bytes=hashlib.sha1(namespace.bytes + name, usedforsecurity=False).digest()[:16], version=5)

"""Posted bytes → an event that wants only to be decided on: read, checked in itself, in its stored form (pure).

All of an append that needs neither the lock nor the log, so it is done before the lock is taken: for a long file while
the lines before it are being committed.
"""

import hashlib
from collections.abc import Callable
from typing import cast
from uuid import UUID

import msgspec

from events import checks, codec
from events.codec import StoredForm
from events.problems import Problem, UnusableEvent
from events.recorded import stream_id
from events.records import Event
from events.shape import AnyEvent, read_event
from services.timeline.references import Reference, references

#: Events of files that bear no id of their own are named by what they say under this namespace. Never change it.
SAID = UUID("2b6c1f0a-7d1e-5c55-8a3e-6c0f5f7b9d42")

Allowed = Callable[[Event], None]


class Prepared(msgspec.Struct, frozen=True, array_like=True):
    """An event on its way into the log; all of it can cross to another process.

    Attributes:
        event_id: The reporter's own, or one made from what the event says; None: the log gives it one.
        problems: What is wrong with it in itself.
        form: How it would be stored; None where anything is wrong with it.
        named: The sources, actors and locations that it names.
    """

    event: AnyEvent
    event_id: UUID | None
    stream: UUID
    problems: tuple[Problem, ...]
    form: StoredForm | None
    named: tuple[Reference, ...]


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
    problems = tuple(checks.problems(event))
    form = None if problems else codec.encode(event)
    return Prepared(cast(AnyEvent, event), event.event_id, stream_id(event), problems, form, tuple(references(event)))


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
        first = _uuid5(SAID, codec.content(one.form))
        brief = first.int >> 64  # half of the id is enough to count by, and half as much to keep in memory
        times = self._times.get(brief, 0) + 1
        self._times[brief] = times
        return msgspec.structs.replace(one, event_id=first if times == 1 else _uuid5(first, b"%d" % times))


def _uuid5(namespace: UUID, name: bytes) -> UUID:
    """As uuid.uuid5 has it (RFC 9562, section 5.5), for a name in bytes."""
    return UUID(bytes=hashlib.sha1(namespace.bytes + name, usedforsecurity=False).digest()[:16], version=5)

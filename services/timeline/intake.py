"""What was posted + what the log holds → the events to append, or every reason not to (pure).

Called under the lock of the append, so "does it exist?", "which version?" and "would the parents make a circle?" are
answered by the same state that the events are appended to. Reads what is held through `events.log.Held`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID, uuid4

from events import checks
from events.appends import Held, HeldEvent, NewEvent, Place
from events.developments import (
    DevelopmentAmended,
    DevelopmentEvent,
    DevelopmentMerged,
    DevelopmentReported,
    Participant,
    ReportRetracted,
)
from events.problems import Problem, UnusableEvent, shown
from events.recorded import reference_stream, stream_id
from events.records import Event, changed
from events.reference import (
    ActorRegistered,
    LocationRegistered,
    LocationRevised,
    SourceAlignmentStated,
    SourceRegistered,
)
from events.times import rfc3339
from events.undecodable import Undecodable

#: A published time may lie this far ahead of the recording: clocks differ, and newspapers are dated tomorrow.
AHEAD = timedelta(days=1)

_BEGINS: Final = (SourceRegistered, ActorRegistered, LocationRegistered, DevelopmentReported)


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that will be appended, or that is in the log already (then `place` says where).

    Attributes:
        again: It stands in this batch already; it will be appended once.
    """

    event_id: UUID
    event: Event
    place: Place | None
    flags: tuple[str, ...] = ()
    again: bool = False


class Outdated(UnusableEvent):
    """The stream of an event is at another version than was expected."""

    def __init__(self, field: str, expected: int, found: int) -> None:
        said = (
            f"is at version {found}, not {expected}: somebody recorded something about it meanwhile; look, then decide"
        )
        super().__init__([Problem(field, str(expected), said)], conflict=True)


class Intake:
    """Decides on events one after another, each seeing those accepted before it, as if they were in the log already."""

    def __init__(self, held: Held, now: datetime) -> None:
        self._held = held
        self._now = now
        self._versions: dict[UUID, int] = {}
        self._absent: set[UUID] = set()
        self._already: dict[UUID, HeldEvent] = {}
        self._streams: dict[UUID, list[Event]] = {}
        self._accepted_ids: dict[UUID, Event] = {}
        self.new: list[NewEvent] = []

    def look_up(self, events: Collection[Event]) -> None:
        """Read what the log holds of everything that these events name, at once rather than one by one."""
        ids = [event.event_id for event in events if event.event_id is not None]
        self._read(ids, {stream for event in events for stream in (stream_id(event), *_named(event))})

    def _read(self, event_ids: Collection[UUID], streams: Collection[UUID]) -> None:
        unknown = {stream for stream in streams if stream not in self._versions and stream not in self._absent}
        if event_ids or unknown:
            recorded, found = self._held.look_up(event_ids, unknown)
            self._already |= recorded
            self._versions |= found
            self._absent |= unknown - found.keys()

    def exists(self, kind: str, key: str) -> bool:
        """Whether a source, actor or location is in the log, or accepted before."""
        return self._version(reference_stream(kind, key)) > 0

    def _version(self, stream: UUID) -> int:
        self._read((), [stream])
        return self._versions.get(stream, 0)

    def history(self, stream: UUID) -> list[Event]:
        """The events of a stream, those accepted before included."""
        if stream not in self._streams:
            held = [one.event for one in self._held.stream(stream)]
            if strange := next((one for one in held if isinstance(one, Undecodable)), None):
                said = f"is held with an event that cannot be read here ({strange.error}); see `timeline doctor`"
                raise UnusableEvent([Problem("development_id", str(stream), said)], conflict=True)
            fresh = [one.event for one in self.new if one.originator_id == stream]
            self._streams[stream] = held + fresh
        return self._streams[stream]

    def mark(self) -> int:
        """A point to go back to."""
        return len(self.new)

    def back_to(self, mark: int) -> None:
        """Undo what was accepted since a mark, as if it had never been handed in."""
        while len(self.new) > mark:
            undone = self.new.pop()
            stream = undone.originator_id
            self._versions[stream] -= 1
            if stream in self._streams:
                self._streams[stream].pop()
            del self._accepted_ids[undone.event_id]

    def decide(self, event: Event, recorded_by: str, expected_version: int | None = None) -> Accepted:
        """Accept an event, or recognise it.

        Raises:
            Outdated: its stream is not at the expected version.
            UnusableEvent: every reason against it; `conflict` where it contradicts what is held under the same id.
        """
        if event.event_id is not None and (known := self._recognise(event.event_id, event)) is not None:
            return known
        problems = [*checks.problems(event), *self._general_problems(event)]
        problems = problems or list(_HELD_CHECKS.get(type(event), _nothing)(self, event))
        if problems:
            raise UnusableEvent(problems)
        if expected_version is not None and (found := self._version(stream_id(event))) != expected_version:
            raise Outdated("expected_version", expected_version, found)
        return self._accept(event, recorded_by)

    def _recognise(self, event_id: UUID, event: Event) -> Accepted | None:
        held = self._already.get(event_id)
        if held is not None:
            if held.says_the_same_as(event):
                return Accepted(event_id, event, held.place)
            said = f"is recorded already at position {held.place.position} with other content"
            raise UnusableEvent([Problem("event_id", str(event_id), said)], conflict=True)
        before = self._accepted_ids.get(event_id)
        if before is None:
            return None
        if before == event:
            return Accepted(event_id, event, None, again=True)
        said = "stands twice in this batch, with different content"
        raise UnusableEvent([Problem("event_id", str(event_id), said)], conflict=True)

    def _accept(self, event: Event, recorded_by: str) -> Accepted:
        flags = tuple(self._flags(event))  # first: it may find that what is held cannot be read
        stream = stream_id(event)
        version = self._version(stream) + 1
        event_id = event.event_id or uuid4()
        self._versions[stream] = version
        if stream in self._streams:
            self._streams[stream].append(event)
        self._accepted_ids[event_id] = event
        self.new.append(NewEvent(event=event, event_id=event_id, version=version, recorded_by=recorded_by))
        return Accepted(event_id, event, None, flags)

    def _flags(self, event: Event) -> list[str]:
        if isinstance(event, DevelopmentEvent) and hasattr(event, "report"):
            first = event if isinstance(event, DevelopmentReported) else self.history(event.development_id)[0]
            assert isinstance(first, DevelopmentReported)
            return checks.flags(event, first.occurred)
        return checks.flags(event)

    def _general_problems(self, event: Event) -> Iterator[Problem]:
        """What every event must fulfil: that it begins or continues something, and that whatever it names is there."""
        kind, key = event.stream
        exists = self._version(stream_id(event)) > 0
        field = f"{kind}_id"
        if isinstance(event, _BEGINS) and exists:
            raise UnusableEvent([Problem(field, str(key), f"this {kind} is registered already")], conflict=True)
        if not isinstance(event, _BEGINS) and not exists:
            yield Problem(field, str(key), f"no {kind} is registered under this id")
        yield from self._unknown_names(event)
        yield from self._published_ahead(event)

    def _unknown_names(self, event: Event) -> Iterator[Problem]:
        for field, kind, key in _references(event):
            if not self.exists(kind, key):
                article = "an" if kind == "actor" else "a"
                said = (
                    f"no {kind} is registered under this id; register it first with {article} {kind.title()}Registered"
                )
                yield Problem(field, shown(key), said)

    def _published_ahead(self, event: Event) -> Iterator[Problem]:
        report = getattr(event, "report", None)
        if report is not None and report.published_at > self._now + AHEAD:
            said = f"lies more than a day after the recording ({rfc3339(self._now)}); is the year or the offset right?"
            yield Problem("report.published_at", rfc3339(report.published_at), said)


def content(history: Sequence[Event]) -> tuple[str, tuple[Participant, ...]]:
    """A development's kind and participants after its amendments, in the order of the log."""
    first = history[0]
    assert isinstance(first, DevelopmentReported)
    kind, participants = first.kind, first.participants
    for event in history:
        if isinstance(event, DevelopmentAmended):
            changes = changed(event.changes)
            kind = changes.get("kind", kind)
            participants = changes.get("participants", participants)
    return kind, participants


def _nothing(_intake: Intake, _event: Any) -> Iterator[Problem]:
    return iter(())


def _amended(intake: Intake, event: DevelopmentAmended) -> Iterator[Problem]:
    """Roles are checked on the result of the amendment."""
    kind, participants = content([*intake.history(event.development_id), event])
    for problem in checks.role_problems(kind, participants):
        yield problem._replace(field=f"changes.{problem.field}")


def _merged(intake: Intake, event: DevelopmentMerged) -> Iterator[Problem]:
    """A circle, and merging one that is merged already, are refused."""
    earlier = _merged_into(intake, event.development_id)
    if earlier is not None:
        yield Problem("development_id", str(event.development_id), f"is merged into {earlier} already")
        return
    if intake._version(event.into_id) == 0:  # noqa: SLF001  (the checks are the intake's own hands)
        yield Problem("into_id", str(event.into_id), "no development is registered under this id")
        return
    target: UUID | None = event.into_id
    while target is not None and target != event.development_id:
        target = _merged_into(intake, target)
    if target is not None:
        yield Problem("into_id", str(event.into_id), "leads back to this development: a circle of merges")


def _merged_into(intake: Intake, development_id: UUID) -> UUID | None:
    history = intake.history(development_id)
    return next((event.into_id for event in history if isinstance(event, DevelopmentMerged)), None)


def _revised(intake: Intake, event: LocationRevised) -> Iterator[Problem]:
    """A parent that makes a circle, at the revision's date or at any later change of parents, is refused."""
    parent = changed(event.changes).get("parent_id")
    if parent is None or not intake.exists("location", parent):
        return
    for moment in _moments_above(intake, event, parent):
        above: str | None = parent
        seen = set()
        while above is not None and above not in seen:
            if above == event.location_id:
                said = f"{parent} lies within {event.location_id} from {rfc3339(moment)} on: a circle of parents"
                yield Problem("changes.parent_id", parent, said)
                return
            seen.add(above)
            above = _parent_at(intake, above, moment)


def _moments_above(intake: Intake, event: LocationRevised, parent: str) -> list[datetime]:
    """The revision's date, and every later one at which a parent above changes while the revision holds."""
    own = intake.history(reference_stream("location", event.location_id))
    later = [one.from_ for one in own if _new_parent(one) and one.from_ > event.from_]  # type: ignore[attr-defined]
    until = min(later, default=None)
    moments = {event.from_}
    waiting, seen = [parent], {event.location_id}
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        for held in intake.history(reference_stream("location", one)):
            above = held.parent_id if isinstance(held, LocationRegistered) else _new_parent(held)
            if above is not None:
                waiting.append(above)
            if isinstance(held, LocationRevised) and held.from_ > event.from_:
                moments.add(held.from_)
    return sorted(moment for moment in moments if until is None or moment < until)


def _new_parent(event: Event) -> str | None:
    return changed(event.changes).get("parent_id") if isinstance(event, LocationRevised) else None


def _parent_at(intake: Intake, location_id: str, moment: datetime) -> str | None:
    history = intake.history(reference_stream("location", location_id))
    first = history[0]
    assert isinstance(first, LocationRegistered)
    parent = first.parent_id
    revised = [event for event in history if isinstance(event, LocationRevised) and event.from_ <= moment]
    for event in sorted(revised, key=lambda one: one.from_):
        parent = changed(event.changes).get("parent_id", parent)
    return parent


_HELD_CHECKS: Final[Mapping[type[Event], Callable[[Intake, Any], Iterator[Problem]]]] = MappingProxyType(
    {DevelopmentAmended: _amended, DevelopmentMerged: _merged, LocationRevised: _revised}
)


def _references(event: Event) -> Iterator[tuple[str, str, str]]:
    """Every id of a source, actor or location that an event names, as (field, kind, id)."""
    if isinstance(event, SourceRegistered | SourceAlignmentStated):
        for index, actor in enumerate(event.aligned_with):
            yield f"aligned_with[{index}]", "actor", actor
    if isinstance(event, LocationRegistered) and event.parent_id is not None:
        yield "parent_id", "location", event.parent_id
    if isinstance(event, LocationRevised) and (parent := _new_parent(event)) is not None:
        yield "changes.parent_id", "location", parent
    if isinstance(event, ReportRetracted):
        yield "source_id", "source", event.source_id
    report = getattr(event, "report", None)
    for index, source in enumerate(report.chain if report is not None else ()):
        yield f"report.chain[{index}]", "source", source
    yield from _content_references(event)


def _content_references(event: Event) -> Iterator[tuple[str, str, str]]:
    """What a development's content names, as reported or as amended."""
    if isinstance(event, DevelopmentReported):
        inside, said = "", {name: getattr(event, name) for name in ("location_id", "destination_id", "participants")}
    elif isinstance(event, DevelopmentAmended):
        inside, said = "changes.", changed(event.changes)
    else:
        return
    for name in ("location_id", "destination_id"):
        if said.get(name) is not None:
            yield inside + name, "location", said[name]
    for index, one in enumerate(said.get("participants", ())):
        yield f"{inside}participants[{index}].actor_id", "actor", one.actor_id


def _named(event: Event) -> Iterator[UUID]:
    """The streams of everything that an event names."""
    for _, kind, key in _references(event):
        yield reference_stream(kind, key)
    if isinstance(event, DevelopmentMerged):
        yield event.into_id

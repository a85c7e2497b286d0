"""What was posted + what the log holds → the events to append, or every reason not to (pure).

"Does it exist?", "which version?" and "would the parents make a circle?" are answered by the very state that the events
are appended to: `events.appending` sees to that. Reads what is held through `events.appends.Held`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

from events import checks, codec, warnings, withholding
from events.appends import Held, HeldEvent, NewRow, Place
from events.developments import (
    DevelopmentAmended,
    DevelopmentCorroborated,
    DevelopmentDenied,
    DevelopmentMerged,
    DevelopmentReported,
    Participant,
)
from events.problems import Problem, UnusableEvent, shown
from events.recorded import named_stream, reference_stream
from events.records import Event, changed
from events.times import Period, rfc3339
from events.undecodable import Undecodable
from events.vocabulary import KINDS
from events.warnings import Graded, Warned
from services.timeline import parents, redacting
from services.timeline.known import Known
from services.timeline.prepared import Prepared
from services.timeline.references import references

#: A published time may lie this far ahead of the recording: clocks differ, and newspapers are dated tomorrow.
AHEAD = timedelta(days=1)

#: Types of events that begin something; all others continue it.
_BEGINS: Final = frozenset(
    {"SourceRegistered", "ActorRegistered", "LocationRegistered", "DevelopmentReported", "EventRedacted"}
)

#: Types of events that say how a source stands.
_OF_SOURCES: Final = frozenset({"SourceRegistered", "SourceReliabilityAssessed", "SourceAlignmentStated"})

#: Types of events that are decided on by what was said of their development before.
_READS_BACK: Final = frozenset(
    {"DevelopmentCorroborated", "DevelopmentDenied", "DevelopmentAmended", "DevelopmentMerged"}
)


class Accepted(NamedTuple):
    """An event that will be appended, or that is in the log already (then `place` says where).

    Attributes:
        number: Which of the events to append it is.
        again: It stands in this batch already; it will be appended once.
    """

    event_id: UUID
    prepared: Prepared
    place: Place | None = None
    number: int = -1
    warnings: tuple[Warned, ...] = ()
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

    def __init__(self, held: Held, now: datetime, known: Known | None = None) -> None:
        """
        Args:
            known: What earlier appends found out; it is used and added to.
        """
        self._held = held
        self._ahead = now + AHEAD
        self._now = now
        self._known = known or Known()
        self._known.begin(held.head.position)
        self._versions: dict[UUID, int] = {}  # 0 where there is no such stream
        self._already: dict[UUID, HeldEvent] = {}
        self._streams: dict[UUID, list[Event]] = {}
        self._strange: dict[UUID, Undecodable] = {}
        self._accepted: dict[UUID, tuple[int, Prepared]] = {}
        self._fresh: dict[UUID, list[Prepared]] = {}
        self._of_sources = False  # whether any event accepted is about a source
        self.new: list[NewRow] = []

    def look_up(self, events: Collection[Prepared]) -> None:
        """Read what the log holds of everything that these events name, at once rather than one by one."""
        ids = [one.event_id for one in events if one.event_id is not None]
        ids += [one.event.redacted_id for one in events if one.type == "EventRedacted"]  # type: ignore[attr-defined]
        named = set().union(*[one.named for one in events])
        asked = [name for name in named if name.startswith("source:") or not self._known.has(name)]
        streams = {one.stream for one in events}
        streams |= {named_stream(name) for name in asked}
        streams |= {one.event.into_id for one in events if one.type == "DevelopmentMerged"}  # type: ignore[attr-defined]
        self._read(ids, streams)
        self._known.learn(asked, self._versions, self._held)
        self._read_histories({one.stream for one in events if one.type in _READS_BACK})

    def _read(self, event_ids: Collection[UUID], streams: Collection[UUID]) -> None:
        unknown = streams - self._versions.keys() if self._versions else streams
        if event_ids or unknown:
            recorded, found = self._held.look_up(event_ids, unknown)
            self._already |= recorded
            self._versions |= dict.fromkeys(unknown, 0) | found

    def _read_histories(self, streams: Collection[UUID]) -> None:
        """Read what is held of streams that exist."""
        wanted = [stream for stream in streams if self._versions.get(stream, 0)]
        for stream, recorded in (self._held.streams(wanted) if wanted else {}).items():
            self._keep(stream, [one.event for one in recorded])

    def _keep(self, stream: UUID, held: list[Event]) -> None:
        self._streams[stream] = held
        if strange := next((one for one in held if isinstance(one, Undecodable)), None):
            self._strange[stream] = strange

    def exists(self, kind: str, key: str) -> bool:
        """Whether a source, actor or location is in the log, or accepted before."""
        return self._known.has(f"{kind}:{key}") or self._version(reference_stream(kind, key)) > 0

    def recorded(self, event_id: UUID) -> HeldEvent | None:
        """An event by its id, in the log or accepted before, if it was looked up."""
        if event_id not in self._accepted:
            return self._already.get(event_id)
        number, _ = self._accepted[event_id]
        place = Place(self._held.head.position + 1 + number, self._now)
        return HeldEvent(place, *self.new[number][4:])

    def _version(self, stream: UUID) -> int:
        version = self._versions.get(stream)
        if version is None:
            self._read((), {stream})
            version = self._versions[stream]
        return version

    def history(self, stream: UUID) -> list[Event]:
        """The events of a stream, those accepted before included."""
        if stream not in self._streams:
            held = self._held.streams([stream])[stream] if self._begun_before(stream) else []
            self._keep(stream, [*(one.event for one in held), *(one.event for one in self._fresh.get(stream, ()))])
        if strange := self._strange.get(stream):
            said = f"is held with an event that cannot be read here ({strange.error}); see `timeline doctor`"
            raise UnusableEvent([Problem("development_id", str(stream), said)], conflict=True)
        return self._streams[stream]

    def _begun_before(self, stream: UUID) -> bool:
        """Whether the log itself holds a stream, rather than this batch alone."""
        return self._version(stream) > len(self._fresh.get(stream, ()))

    def mark(self) -> int:
        """A point to go back to."""
        return len(self.new)

    def back_to(self, mark: int) -> None:
        """Undo what was accepted since a mark, as if it had never been handed in."""
        while len(self.new) > mark:
            undone = self.new.pop()
            self._versions[undone.stream] -= 1
            self._fresh[undone.stream].pop()
            if undone.stream in self._streams:
                self._streams[undone.stream].pop()
            del self._accepted[undone.event_id]

    def decide(
        self, one: Prepared, recorded_by: str, expected_version: int | None = None, nameless: Collection[str] = ()
    ) -> Accepted:
        """Accept an event, or recognise it.

        Args:
            nameless: Sources whose names whoever hands it in may not know; see `Writer.append`.

        Raises:
            Outdated: its stream is not at the expected version.
            UnusableEvent: every reason against it; `conflict` where it contradicts what is held under the same id.
        """
        if one.type == "EventRedacted":
            one = redacting.completed(self, one, recorded_by)
        if one.event_id is not None and (known := self._recognise(one.event_id, one, nameless)) is not None:
            return known
        version = self._version(one.stream)
        if not self._plainly_right(one, version):
            self._require_right(one)
        if expected_version is not None and version != expected_version:
            raise Outdated("expected_version", expected_version, version)
        return self._accept(one, version + 1, recorded_by)

    def _plainly_right(self, one: Prepared, version: int) -> bool:
        """Whether an event fulfils all that is asked of it, as far as a quick look tells; most do."""
        if one.form is None or one.type in _HELD_CHECKS or (one.type in _BEGINS) == (version > 0):
            return False
        if one.published_at is not None and one.published_at > self._ahead:
            return False
        return self._known.has_all(one.named)

    def _require_right(self, one: Prepared) -> None:
        problems = [*one.problems, *self._general_problems(one)]
        if not problems and (check := _HELD_CHECKS.get(one.type)) is not None:
            problems = list(check(self, one.event))
        if problems:
            raise UnusableEvent(problems)

    def _recognise(self, event_id: UUID, one: Prepared, nameless: Collection[str]) -> Accepted | None:
        if self._already and (held := self._already.get(event_id)) is not None:
            form = one.form or codec.encode(one.event)
            untold = withholding.concerns(one.event, nameless) if nameless else False
            if withholding.same_but_for_text(held.form, form) if untold else held.says_the_same_as(form):
                return Accepted(event_id, one, held.place)
            raise UnusableEvent([Problem("event_id", str(event_id), redacting.otherwise(held, one))], conflict=True)
        before = self._accepted.get(event_id)
        if before is None:
            return None
        number, other = before
        if other.event == one.event:
            return Accepted(event_id, one, number=number, again=True)
        said = "stands twice in this batch, with different content"
        raise UnusableEvent([Problem("event_id", str(event_id), said)], conflict=True)

    def _accept(self, one: Prepared, version: int, recorded_by: str) -> Accepted:
        stream = one.stream
        warnings = self._warnings(one)  # first: it may find that what is held cannot be read
        event_id = one.event_id or uuid4()
        assert one.form is not None
        number = len(self.new)
        self.new.append(NewRow(event_id, stream, version, recorded_by, *one.form))
        self._versions[stream] = version
        self._of_sources = self._of_sources or one.type in _OF_SOURCES
        self._fresh.setdefault(stream, []).append(one)
        if stream in self._streams:
            self._streams[stream].append(one.event)
        self._accepted[event_id] = number, one
        return Accepted(event_id, one, None, number, warnings)

    def _warnings(self, one: Prepared) -> tuple[Warned, ...]:
        """What is odd about an event that may be recorded, in itself and beside what is held."""
        if one.type not in _READS_BACK:
            return (*one.odd, *warnings.of_chain(one.weighed, self._graded)) if one.weighed else one.odd
        return (*one.odd, *self._beside_what_is_held(one.event))

    def _beside_what_is_held(self, event: Event) -> Iterator[Warned]:
        if isinstance(event, DevelopmentCorroborated | DevelopmentDenied):
            history = self.history(event.development_id)
            yield from warnings.of_statement(event, occurred(history))
            if KINDS[content(history)[0]].facet is not None:
                yield from warnings.of_chain(event.report.chain, self._graded)
        elif isinstance(event, DevelopmentAmended) and {"kind", "participants"} & changed(event.changes).keys():
            yield from warnings.of_capture(*content([*self.history(event.development_id), event]), "changes.")

    def _graded(self, source_id: str) -> Graded:
        """What was said of a source, by the events accepted before too."""
        found = self._known.grading(source_id)
        if not self._of_sources:
            return found
        for one in self._fresh.get(reference_stream("source", source_id), ()):
            found = found.after(one.event)
        return found

    def _general_problems(self, one: Prepared) -> Iterator[Problem]:
        """What every event must fulfil: that it begins or continues something, and that whatever it names is there."""
        event = one.event
        kind, key = event.stream
        exists = self._version(one.stream) > 0
        field = f"{kind}_id"
        if one.type in _BEGINS and exists:
            raise UnusableEvent([Problem(field, str(key), f"this {kind} is registered already")], conflict=True)
        if one.type not in _BEGINS and not exists:
            yield Problem(field, str(key), f"no {kind} is registered under this id")
        yield from self._unknown_names(event)
        yield from self._published_ahead(event)

    def _unknown_names(self, event: Event) -> Iterator[Problem]:
        for field, kind, key in references(event):
            if not self.exists(kind, key):
                article = "an" if kind == "actor" else "a"
                said = (
                    f"no {kind} is registered under this id; register it first with {article} {kind.title()}Registered"
                )
                yield Problem(field, shown(key), said)

    def _published_ahead(self, event: Event) -> Iterator[Problem]:
        report = getattr(event, "report", None)
        if report is not None and report.published_at > self._ahead:
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


def occurred(history: Sequence[Event]) -> Period:
    """A development's period as it was first reported."""
    first = history[0]
    assert isinstance(first, DevelopmentReported)
    return first.occurred


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


_HELD_CHECKS: Final[Mapping[str, Callable[[Intake, Any], Iterator[Problem]]]] = MappingProxyType(
    {"DevelopmentAmended": _amended, "DevelopmentMerged": _merged, "LocationRevised": parents.circles}
)

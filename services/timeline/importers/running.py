"""Runs an import: settles the source, appends what the format makes of the rows, and reports.

Rows are appended a thousand events at a time. What an interrupted import had appended is there already when it runs
again, since every id follows from the row.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

import msgspec

from events.developments import DevelopmentCorroborated, DevelopmentReported
from events.recorded import RecordedEvent
from events.records import Event
from events.reference import SourceAlignmentStated, SourceRegistered, SourceReliabilityAssessed
from events.shape import write_event
from events.vocabulary import RELIABILITY_WORDS, Reliability
from projections.known_things import Source as HeldSource
from services.timeline import access, console
from services.timeline.composition import Timeline
from services.timeline.developments import Choice, listed
from services.timeline.importers import editions
from services.timeline.importers.flags import Flag
from services.timeline.importers.made import Made, WrongFormat
from services.timeline.importers.options import Options
from services.timeline.importers.register import Register
from services.timeline.importers.report import Report
from services.timeline.importers.request import Ready
from services.timeline.writer import Refused, Result

_EVENTS: Final = 1_000

#: Asks a person how reliable a source is; None where there is nobody to ask, or no answer.
Ask = Callable[[str], Reliability | None]


def run(timeline: Timeline, ready: Ready, ask: Ask) -> int:
    """Append what the files say; how many rows were refused.

    Raises:
        WrongFormat: a location or actor that the command line names is not registered.
    """
    return _Run(timeline, ready, ask).run()


class _Run:
    """One import under way."""

    def __init__(self, timeline: Timeline, ready: Ready, ask: Ask) -> None:
        self._timeline = timeline
        self._ready = ready
        self._recorder = access.via(access.LOCAL, ready.format.label)
        position = timeline.log.head().position
        catalogue = timeline.reader.catalogue(position)
        known = catalogue.source(ready.options.source, position) is not None
        claims = _claims(timeline, ready.options.source) if ready.format.continues and known else []
        self._register = Register(catalogue, position, ready.options.now, claims)
        self._options = self._settled(ask)
        self._report = Report(ready.format.label, [one.path for one in ready.files])
        self._seen: set[UUID] = set()
        self._ungraded = 0

    def _settled(self, ask: Ask) -> Options:
        """The options, with the grade that a person gives where nobody did."""
        options = self._ready.options
        if options.within is not None and not self._register.has("location", options.within):
            raise WrongFormat(f"--within {options.within}: no location is registered under this id")
        asked = self._ready.format.speaks and options.reliability is None and not self._register.source(options.source)
        return replace(options, reliability=ask(options.source_name or options.source)) if asked else options

    def run(self) -> int:
        """The source, the rows, the report."""
        if self._ready.format.speaks:
            self._prelude()
        for file in self._ready.files:
            for flag in file.flags:
                self._report.flag(Made(file=file.path, line=0), flag)
        with console.progress(f"importing as {self._ready.format.name}", self._ready.prepared.rows) as advance:
            for batch in _batches(self._ready.prepared.made(self._register, self._options)):
                self._append(batch)
                advance(self._report.rows)
        self._report.show()
        self._tell_grades()
        if self._ready.report is not None:
            self._report.write(self._ready.report)
        return len(self._report.refused)

    def _prelude(self) -> None:
        """The source as it was said to be, before anything is reported under it; all of it or nothing."""
        options, known = self._options, self._options.mapping.actors
        events: list[Event] = []
        for actor in options.aligned_with or ():
            if actor in known:
                events += self._register.actor(actor, known[actor].name, known[actor].kind)
            elif not self._register.has("actor", actor):
                raise WrongFormat(f"--aligned-with {actor}: no actor is registered under this id")
        held = self._register.source(options.source)
        events += self._register.add(options.registration()) if held is None else _regraded(options, held)
        try:
            for result in self._timeline.writer.append([_line(one) for one in events], self._recorder, atomic=True):
                assert result.refusal is None
        except Refused as refused:
            raise WrongFormat(f"--source {options.source}: {refused}") from None
        self._report.appended.update(type(one).__name__ for one in events)
        grade: Reliability = options.reliability or (held.reliability if held else "F")  # type: ignore[assignment]
        self._report.source, self._report.reliability = options.source, grade

    def _append(self, batch: Sequence[Made]) -> None:
        pairs: list[tuple[Made, Event]] = []
        for made in batch:
            self._report.row(made)
            if (twice := self._twice(made)) is not None:
                self._report.refuse(made, twice)
            else:
                pairs += [(made, event) for event in made.events]
        results = self._timeline.writer.append([_line(event) for _, event in pairs], self._recorder)
        changed = []
        refused: set[int] = set()
        for (made, event), result in zip(pairs, results, strict=True):
            if result.refusal is None:
                self._count(event, result)
            elif _held_otherwise(result) and isinstance(event, DevelopmentReported):
                changed.append((made, event))
            elif _held_otherwise(result) and isinstance(event, DevelopmentCorroborated):
                self._report.flag(made, Flag("report-differs", f"development {event.development_id}"))
            elif id(made) not in refused:
                refused.add(id(made))
                self._report.refuse(made, Flag("not-accepted", str(result.refusal)))
        if changed:
            self._correct(changed)

    def _twice(self, made: Made) -> Flag | None:
        """A row that makes a development of an earlier row again."""
        for event in made.events:
            if isinstance(event, DevelopmentReported):
                if event.development_id in self._seen:
                    return Flag("identity-twice", f"development {event.development_id}")
                self._seen.add(event.development_id)
        return None

    def _count(self, event: Event, result: Result) -> None:
        if not result.appended:
            self._report.already_there += 1
            return
        self._report.appended[type(event).__name__] += 1
        self._ungraded += isinstance(event, SourceRegistered) and event.reliability == "F"

    def _correct(self, changed: Sequence[tuple[Made, DevelopmentReported]]) -> None:
        """Rows that read otherwise than when they were imported: an amendment, or the flag that says why none."""
        histories: dict[UUID, list[RecordedEvent[Event]]] = {}
        until = self._timeline.log.head().position
        for one in self._timeline.log.streams([event.development_id for _, event in changed], until):
            histories.setdefault(one.event.development_id, []).append(one)
        recorder = self._recorder.rpartition("/")[0]
        for made, event in changed:
            amended, flag = editions.correction(histories[event.development_id], event, recorder, self._options.edition)
            self._report.flag(made, flag)
            if amended is not None:
                [result] = self._timeline.writer.append([_line(amended)], self._recorder)
                if result.refusal is not None:
                    self._report.refuse(made, Flag("not-accepted", str(result.refusal)))
                else:
                    self._count(amended, result)

    def _tell_grades(self) -> None:
        """Say plainly where nothing that was imported is accepted by itself (DESIGN.md, section 4, rule 3)."""
        grade, credibility = self._report.reliability, self._options.credibility
        if grade is not None and not accepted_alone(grade, credibility):
            console.note(
                f"{self._options.source} has the reliability {grade} ({RELIABILITY_WORDS[grade]})"
                f"{'' if credibility else ' and nobody judged its reports'}: everything that it alone reports stays pending. "
                "--reliability A or B, or C with a --credibility of 1 to 3, would make it count; a source is graded anew by "
                "importing again."
            )
        if self._ungraded:
            console.note(
                f"{self._ungraded:,} sources that the rows name were registered as F: reports through them count for nothing "
                "until somebody grades them (SourceReliabilityAssessed; --origin-reliability before the first import)."
            )


def accepted_alone(reliability: Reliability, credibility: int | None) -> bool:
    """Whether a report of a source, by itself and with nobody's interest in it, is credible under `assessed/1`."""
    if credibility in (None, 6):
        return reliability in ("A", "B")
    return reliability in ("A", "B", "C") and credibility in (1, 2, 3)


def _claims(timeline: Timeline, source: str) -> list[DevelopmentReported]:
    """What a source reported before, as first said."""
    console.follow(timeline)
    found: list[DevelopmentReported] = []
    cursor: str | None = None
    while True:
        page = listed(timeline.reader, Choice(source=source, oldest_first=True), cursor=cursor, limit=_EVENTS)
        ids = [UUID(one.development_id) for one in page.developments]
        recorded = timeline.log.streams(ids, page.known_position)
        found += [one.event for one in recorded if isinstance(one.event, DevelopmentReported)]
        cursor = page.next
        if cursor is None:
            return [one for one in found if one.report.chain[0] == source]


def _regraded(options: Options, held: HeldSource) -> Iterator[Event]:
    """A source that is registered already, graded or aligned otherwise by whoever imports."""
    reason = "said by whoever imported its data set"
    if options.reliability is not None and options.reliability != held.reliability:
        yield SourceReliabilityAssessed(source_id=options.source, reliability=options.reliability, reason=reason)
    if options.aligned_with is not None and sorted(options.aligned_with) != sorted(held.aligned_with):
        yield SourceAlignmentStated(source_id=options.source, aligned_with=options.aligned_with, reason=reason)


def _batches(rows: Iterator[Made]) -> Iterator[list[Made]]:
    """Rows until their events are enough for one append."""
    batch: list[Made] = []
    events = 0
    for made in rows:
        batch.append(made)
        events += len(made.events)
        if events >= _EVENTS:
            yield batch
            batch, events = [], 0
    if batch:
        yield batch


def _line(event: Event) -> bytes:
    """An event as it would be posted: so it passes every check that a posted one passes."""
    return msgspec.json.encode(write_event(event))


def _held_otherwise(result: Result) -> bool:
    refusal = result.refusal
    return refusal is not None and refusal.conflict and refusal.problems[0].field == "event_id"

"""Snapshots of a list in their order → claims where it changed, and a word where a place left it (pure)."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from events.developments import DevelopmentReported, Participant, Report
from events.records import Event
from events.times import Period, rfc3339
from services.timeline.importers import dates, placing
from services.timeline.importers.flags import Flag
from services.timeline.importers.identity import development_id, named
from services.timeline.importers.made import Made, RefusedRow
from services.timeline.importers.options import Options
from services.timeline.importers.places import Found, Places
from services.timeline.importers.register import Register
from services.timeline.importers.tables import Row

#: The first tag of what a list says of a place, and of its leaving the list.
LISTED: Final = "control-table"
DELISTED: Final = "delisted"

#: A holder of at least so many places that vanishes from the list at once looks like a new label.
_MANY: Final = 3

#: What is asserted: the kind, and who stands in which role. A place that left the list asserts nothing.
Assertion = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A place in a snapshot: its row, and its status word."""

    row: Row
    word: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The list as it was at a moment (or on a day)."""

    period: Period
    entries: list[Entry]

    @property
    def published(self) -> datetime:
        return dates.published(self.period)


@dataclass(slots=True)
class _Past:
    """What the list said of one place, by when it was published, in order; None where it left the list."""

    name: str
    times: list[datetime] = field(default_factory=list)
    said: list[Assertion | None] = field(default_factory=list)

    def before(self, moment: datetime) -> Assertion | None:
        """The last that was said before a moment."""
        index = bisect_left(self.times, moment)
        return self.said[index - 1] if index else None

    def learn(self, moment: datetime, said: Assertion | None) -> None:
        index = bisect_left(self.times, moment)
        if index == len(self.times) or self.times[index] != moment:
            self.times.insert(index, moment)
            self.said.insert(index, said)


class Snapshots:
    """Reads snapshots one after another, each against what the list said before: in this import, or in the log."""

    def __init__(self, register: Register, options: Options) -> None:
        self._register = register
        self._options = options
        self._places = Places(register, options.source, options.mapping.places)
        self._past: dict[str, _Past] = {}
        own = [claim for claim in register.claims if claim.tags and claim.tags[0] in (LISTED, DELISTED)]
        self._taken = sorted({claim.report.published_at for claim in own})
        for claim in own:
            roles = frozenset((one.actor_id, one.role) for one in claim.participants)
            said = (claim.kind, roles) if claim.tags[0] == LISTED else None
            self._learn(claim.location_id, "", claim.report.published_at, said)

    def made(self, snapshots: Sequence[Snapshot], ragged: Sequence[Row]) -> Iterator[Made]:
        """What each row became; then, for each snapshot, what left the list."""
        for row in ragged:
            yield Made(file=row.file, line=row.line, refusal=Flag("ragged-row", row.ragged or ""))
        for snapshot in snapshots:
            yield from self._one(snapshot)

    def _one(self, snapshot: Snapshot) -> Iterator[Made]:
        before = {place: past.before(snapshot.published) for place, past in self._past.items()}
        found: dict[str, list[tuple[Entry, Found]]] = {}
        for entry in snapshot.entries:
            assert self._options.mapping.place is not None
            try:
                place = placing.placed(
                    entry.row, self._options.mapping.place, self._places, self._register, self._options.within
                )
            except RefusedRow as refusal:
                yield Made(file=entry.row.file, line=entry.row.line, refusal=refusal.flag)
            else:
                found.setdefault(place.location_id, []).append((entry, place))
        for location_id, listed in found.items():
            yield from self._place(snapshot, location_id, listed)
        yield from self._left(snapshot, found)
        yield from self._vanished(snapshot, before)
        self._taken = sorted({*self._taken, snapshot.period.start})

    def _place(self, snapshot: Snapshot, location_id: str, listed: list[tuple[Entry, Found]]) -> Iterator[Made]:
        """One place of a snapshot; where it stands twice, once or, where the two disagree, not at all."""
        words = {self._said(entry.word) for entry, _ in listed}
        if len(words) > 1:
            told = " and ".join(sorted({entry.word for entry, _ in listed}))
            for entry, place in listed:
                name = self._name(entry)
                yield Made(file=entry.row.file, line=entry.row.line, events=place.events, flags=place.flags,
                           refusal=Flag("contradicts-itself", f"{name}: {told}"))  # fmt: skip
            return
        (entry, place), *again = listed
        flags = [*entry.row.flags(), *place.flags]
        events = [*place.events, *self._claim(snapshot, location_id, entry, flags)]
        yield Made(file=entry.row.file, line=entry.row.line, events=tuple(events), flags=tuple(flags))
        for twice, _ in again:
            yield Made(file=twice.row.file, line=twice.row.line, flags=(Flag("same-place-twice", self._name(twice)),))

    def _claim(self, snapshot: Snapshot, location_id: str, entry: Entry, flags: list[Flag]) -> Iterator[Event]:
        said = self._said(entry.word)
        past = self._past.get(location_id)
        before = past.before(snapshot.published) if past else None
        if said is None:
            flags.append(Flag("no-claim", entry.word))
            return
        if said == before:
            return
        tags = [LISTED]
        if before is not None and _relabelled(before, self._pairs()) == _relabelled(said, self._pairs()):
            tags.append("relabelled")
            flags.append(Flag("relabelled", f"{self._name(entry)}: {entry.word}"))
        occurred = self._occurred(
            snapshot, entry, flags, changed=past is not None and past.times[0] < snapshot.published
        )
        self._learn(location_id, self._name(entry), snapshot.published, said)
        for actor_id, _ in said[1]:
            actor = self._options.mapping.actors[actor_id]
            yield from self._register.actor(actor_id, actor.name, actor.kind)
        summary = f"Listed as {entry.word!r} in the snapshot of {rfc3339(snapshot.published)}."
        yield self._reported(snapshot, location_id, said, occurred, summary, tags, self._url(entry))

    def _reported(
        self,
        snapshot: Snapshot,
        location_id: str,
        said: Assertion,
        occurred: Period,
        summary: str,
        tags: Sequence[str],
        url: str | None,
    ) -> DevelopmentReported:
        kind, roles = said
        which = sorted(f"{role}:{actor}" for actor, role in roles)
        identity = (location_id, rfc3339(snapshot.period.start), kind, *which, *tags)
        event = DevelopmentReported(
            development_id=development_id(self._options.source, "control-table", *identity),
            kind=kind,
            location_id=location_id,
            occurred=occurred,
            participants=tuple(Participant(actor_id=actor, role=role) for actor, role in sorted(roles)),
            summary=summary,
            tags=tuple(tags),
            report=Report(
                chain=(self._options.source,),
                published_at=snapshot.published,
                credibility=self._options.credibility,
                url=url,
            ),
        )
        return named(event)

    def _occurred(self, snapshot: Snapshot, entry: Entry, flags: list[Flag], *, changed: bool) -> Period:
        """From when the list says so: the date that it gives, unless a later snapshot said otherwise; else the snapshot's."""
        column = self._options.mapping.table.as_of if self._options.mapping.table else None
        text = entry.row[column] if column else ""
        if not text:
            return snapshot.period
        said = self._options.mapping.dates
        try:
            found = dates.period(text, said.formats, self._options.zone, first=said.first, last=said.last)
        except dates.NoDate as error:
            flags.append(Flag("date-out-of-range" if error.impossible else "date-unreadable", f"{column}: {error}"))
            return snapshot.period
        if found.start > snapshot.period.end:
            flags.append(Flag("as-of-ahead", f"{self._name(entry)}: {text}"))
            return snapshot.period
        earlier = [moment for moment in self._taken if moment < snapshot.period.start]
        if changed and earlier and found.start < earlier[-1]:
            flags.append(
                Flag("as-of-lags", f"{self._name(entry)}: {text}, but listed otherwise on {rfc3339(earlier[-1])}")
            )
            return snapshot.period
        return found

    def _left(self, snapshot: Snapshot, found: dict[str, list[tuple[Entry, Found]]]) -> Iterator[Made]:
        """A place that left the list: a development says so, and its status stands."""
        file = snapshot.entries[0].row.file
        for location_id, past in list(self._past.items()):
            if location_id in found or past.before(snapshot.published) is None:
                continue
            name = past.name or location_id
            self._learn(location_id, past.name, snapshot.published, None)
            summary = f"No longer listed in the snapshot of {rfc3339(snapshot.published)}."
            event = self._reported(
                snapshot, location_id, ("other", frozenset()), snapshot.period, summary, [DELISTED], None
            )
            yield Made(file=file, line=0, events=(event,), flags=(Flag("delisted", name),))

    def _vanished(self, snapshot: Snapshot, before: dict[str, Assertion | None]) -> Iterator[Made]:
        """A holder that held many places before and holds none now, most of them under one other: is it a new label?"""
        after = {place: self._at(place, snapshot.published) for place in self._past}
        holding = Counter(holder for said in after.values() for holder in _holders(said))
        for holder, places in sorted(_by_holder(before).items()):
            follow = Counter(one for place in places for one in _holders(after.get(place)) if one != holder)
            if len(places) >= _MANY and not holding[holder] and follow and not self._known(holder, follow):
                heir, count = follow.most_common(1)[0]
                said = f"{holder} held {len(places)} places and none in {rfc3339(snapshot.published)}; {count} are {heir}'s now"
                yield Made(file=snapshot.entries[0].row.file, line=0, flags=(Flag("label-vanished", said),))

    def _at(self, place: str, moment: datetime) -> Assertion | None:
        past = self._past[place]
        index = bisect_left(past.times, moment)
        return past.said[index] if index < len(past.times) and past.times[index] == moment else past.before(moment)

    def _known(self, holder: str, follow: Counter[str]) -> bool:
        return any((holder, heir) in self._pairs() for heir in follow)

    def _pairs(self) -> set[tuple[str, str]]:
        return {(one.from_, one.to) for one in self._options.mapping.relabelled}

    def _said(self, word: str) -> Assertion | None:
        status = self._options.mapping.status[word]
        return (status.kind, frozenset(status.participants())) if status.kind is not None else None

    def _learn(self, location_id: str, name: str, moment: datetime, said: Assertion | None) -> None:
        past = self._past.setdefault(location_id, _Past(name))
        past.name = past.name or name
        past.learn(moment, said)

    def _name(self, entry: Entry) -> str:
        assert self._options.mapping.place is not None
        return entry.row[self._options.mapping.place.name] or entry.row[self._options.mapping.place.id or ""]

    def _url(self, entry: Entry) -> str | None:
        column = self._options.mapping.table.url if self._options.mapping.table else None
        return (entry.row[column][:2_000] or None) if column else None


def _relabelled(said: Assertion, pairs: set[tuple[str, str]]) -> Assertion:
    """The same with each label in its last form."""
    last = dict(pairs)
    return said[0], frozenset((last.get(actor, actor), role) for actor, role in said[1])


def _holders(said: Assertion | None) -> list[str]:
    return [actor for actor, role in said[1] if role == "holder"] if said is not None else []


def _by_holder(said: dict[str, Assertion | None]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for place, one in said.items():
        for holder in _holders(one):
            found.setdefault(holder, []).append(place)
    return found

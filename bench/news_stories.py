"""One development of a news-like log, with all that is said about it, as rows ready to be stored.

A story is a function of the seed and its number alone, drawn from 64 bytes of BLAKE2b for it and for each of its events:
stories can be told in any order, without holding the others. The bytes are written by templates in the canonical
form of `events.codec` (a test compares), since building events and encoding them takes ten times as long.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from hashlib import blake2b, sha256
from typing import NamedTuple

from bench.news_world import (
    ACTORS,
    AGENCIES,
    CROWDED,
    SOURCES,
    Atlas,
    Calendar,
    Whereabouts,
    source,
    stamp,
    weighted,
    zipf,
)
from events.vocabulary import KINDS


class Row(NamedTuple):
    """An event as the log stores it, but for its position, time and recorder; the ids as 16 bytes."""

    event_id: bytes
    stream_id: bytes
    version: int
    type: str
    structure: bytes
    text: bytes
    salt: bytes


#: Half of all developments are claims.
_CLAIMS = [
    ("held", 42), ("captured", 26), ("contested", 20), ("withdrawn", 10), ("besieged", 5), ("shared", 9),
    ("handed_over", 2),
]  # fmt: skip
_KINDS = weighted(
    [
        *_CLAIMS, ("closed", 8), ("opened", 8), ("clash", 34), ("air_strike", 24), ("shelling", 22), ("drone_strike", 10),
        ("explosion", 6), ("attack_on_civilians", 6), ("reinforcement", 5), ("movement", 4), ("casualties", 6),
        ("displacement", 3), ("ceasefire", 1), ("statement", 5),
    ]
)  # fmt: skip
_KINDS_IN_A_CROWD = weighted([(kind, 2 * weight) for kind, weight in _CLAIMS] + [("clash", 28)])
_CASUALTIES = {"clash", "air_strike", "shelling", "drone_strike", "explosion", "attack_on_civilians", "casualties"}

_CORROBORATIONS = weighted([(0, 172), (1, 46), (2, 24), (3, 14)])
# Of 256 stories so many are denied, assessed ...; two events in a hundred amend or retract, five stories come late.
_DENIED, _ASSESSED, _LATE = 14, 16, 13
_AMENDED, _RETRACTED = 5, 4
_MERGED, _VOIDED = 2, 2
_PRECISION = weighted([("day", 128), ("exact", 64), ("hour", 50), ("week", 14)])
_CREDIBILITY = weighted([("null", 60), ("1", 20), ("2", 70), ("3", 60), ("4", 30), ("5", 10), ("6", 6)])
_VERDICT = weighted([(1, 50), (2, 90), (3, 50), (4, 20), (5, 40), (6, 6)])
_CHAIN = weighted([("own", 120), ("agency", 96), ("two", 24), ("the agency itself", 16)])
_OUTLETS = zipf(AGENCIES, SOURCES - AGENCIES)
_LANGUAGE = weighted([("en", 120), ("ar", 100), ("fr", 20), ("tr", 16)])
_SUMMARIES = (
    "Residents and two local journalists describe what happened in {town} in the same way, and name no time for it.",
    "{town}: the command says that the situation is as it was, and that reports to the contrary are unfounded.",
    "Footage from the entrance of {town} circulates; where and when it was taken has not been established so far.",
    "A monitoring group counts further incidents around {town}, based on its network of volunteers in the area.",
)
_SOURCES = tuple(map(source, range(SOURCES)))
_OTHERWISE = 36  # of 256 claims say another holder than the one whom the place has at the time
_PUBLISHED_LATER = 720  # at most so many minutes after a development began


class Stories:
    """The stories of a log of so many events.

    Attributes:
        count: How many stories there are; the last may be cut short, so that the events are exactly so many.
    """

    def __init__(self, events: int, atlas: Atlas, seed: int) -> None:
        self._towns = atlas.towns
        self._key = seed.to_bytes(8, "big")
        self.count, self._cut = self._counted(events)
        self._calendar = Calendar(seed, self.count, len(atlas.towns))
        self._whereabouts = Whereabouts(events, self.count, len(atlas.towns))

    def _counted(self, events: int) -> tuple[int, int]:
        """How many stories have so many events together, and how many events the last of them keeps."""
        number = told = 0
        while told < events:
            size = _size(self._drawn(number, 0))
            told += size
            number += 1
        return number, (size - (told - events)) if events else 0

    def _drawn(self, number: int, event: int) -> bytes:
        return blake2b(b"%d %d" % (number, event), key=self._key).digest()

    def begin(self, number: int) -> int:
        """The minute in which a story begins; nothing of it arrives earlier. It rises with the number."""
        return self._calendar.begin(number)[0]

    def told(self, number: int) -> list[tuple[int, Row]]:
        """The events of a story in the order in which they arrive, each with the minute since the begin of the world."""
        drawn = self._drawn(number, 0)
        begin, focus = self._calendar.begin(number)
        town = self._whereabouts.drawn(int.from_bytes(drawn[8:12], "big"), focus)
        story = _Story(drawn, begin, town, self._towns, lambda event: self._drawn(number, event))
        found = sorted(story.events(), key=_minute)
        if number == self.count - 1:
            del found[self._cut :]
        versions: dict[bytes, int] = {}
        numbered = []
        for minute, row in found:
            version = versions[row.stream_id] = versions.get(row.stream_id, 0) + 1
            numbered.append((minute, row if version == 1 else row._replace(version=version)))
        return numbered


def _minute(arriving: tuple[int, Row]) -> int:
    return arriving[0]


def _size(drawn: bytes) -> int:
    """How many events a story has; `_Story.events` tells as many."""
    mended, doubled = drawn[3], drawn[4]
    return (
        1
        + _CORROBORATIONS[drawn[0]]
        + (drawn[1] < _DENIED)
        + (drawn[2] < _ASSESSED)
        + (mended < _AMENDED + _RETRACTED)
        + (2 if doubled < _MERGED else doubled < _MERGED + _VOIDED)
    )


class _Story:
    """A development and what is said about it, drawn from 64 bytes and from 64 more for each event."""

    def __init__(self, drawn: bytes, begin: int, town: int, towns: Sequence[str], draw: Callable[[int], bytes]) -> None:
        self._drawn, self._begin, self._town, self._towns, self._draw = drawn, begin, town, towns, draw
        self._kind = (_KINDS_IN_A_CROWD if town < len(CROWDED) else _KINDS)[drawn[12]]
        self._stream = drawn[24:40]
        self._id = _uuid(self._stream)
        self._published = begin + int.from_bytes(drawn[6:8], "big") % _PUBLISHED_LATER
        self._late = (7 + drawn[6] % 35) * 1440 if drawn[5] < _LATE else 0
        self._agency = _SOURCES[drawn[15] % AGENCIES]
        self._told = 0

    def events(self) -> Iterator[tuple[int, Row]]:
        """Each event with the minute of its arrival; the first is the first to arrive."""
        drawn = self._drawn
        publisher, event = self._reported(self._stream, self._id, self._published)
        yield event
        minute = self._published
        for _ in range(_CORROBORATIONS[drawn[0]]):
            minute += 1 + drawn[16] * 3
            yield self._corroborated(minute)
        if drawn[1] < _DENIED:
            yield self._denied(self._published + 30 + drawn[17] * 4)
        if drawn[2] < _ASSESSED:
            yield self._assessed(self._published + self._late + 120 + drawn[18] * 20)
        if drawn[3] < _AMENDED + _RETRACTED:
            mended = self._published + self._late + 240 + drawn[19] * 60
            yield self._amended(mended) if drawn[3] < _AMENDED else self._retracted(mended, publisher)
        if drawn[4] < _MERGED:
            twin = drawn[40:56]
            yield self._reported(twin, _uuid(twin), self._published + 60 + drawn[20])[1]
            yield self._merged(twin, self._published + self._late + 600 + drawn[20] * 10)
        elif drawn[4] < _MERGED + _VOIDED:
            yield self._voided(self._published + self._late + 90 + drawn[20])

    def _row(self, minute: int, stream: bytes, name: str, event: str, text: str) -> tuple[int, Row]:
        """An event with the digest of its salted text; its id and salt are drawn."""
        self._told += 1
        drawn = self._draw(self._told)
        salt, words = drawn[48:], text.encode()
        structure = f'{{"event":{{{event}}},"text_sha256":"{sha256(salt + words).hexdigest()}"}}'
        return minute, Row(drawn[32:48], stream, 1, name, structure.encode(), words, salt)

    def _reported(self, stream: bytes, development: str, published: int) -> tuple[str, tuple[int, Row]]:
        drawn = self._drawn
        publisher, report, words = self._report(published)
        town = self._towns[self._town]
        event = (
            f'"destination_id":null,"development_id":"{development}","figures":[{self._figures()}],"kind":"{self._kind}",'
            f'"location_id":"{town}","occurred":{self._occurred(0)},"participants":[{self._participants()}],{report}'
        )
        text = (
            f'{{{words},"summary":"{_SUMMARIES[drawn[21] & 3].format(town=town)}","tags":["front-{self._town % 40}"]}}'
        )
        return publisher, self._row(published + self._late, stream, "development-reported/1", event, text)

    def _corroborated(self, published: int) -> tuple[int, Row]:
        _, report, words = self._report(published)
        event = f'"development_id":"{self._id}",{report}'
        return self._row(published + self._late, self._stream, "development-corroborated/1", event, f"{{{words}}}")

    def _denied(self, published: int) -> tuple[int, Row]:
        _, report, words = self._report(published)
        event = f'"development_id":"{self._id}",{report}'
        text = f'{{"reason":"The command calls the report unfounded.",{words}}}'
        return self._row(published + self._late, self._stream, "development-denied/1", event, text)

    def _assessed(self, minute: int) -> tuple[int, Row]:
        verdict = _VERDICT[self._drawn[22]]
        event = f'"assessed_at":"{stamp(minute)}","credibility":{verdict},"development_id":"{self._id}","evidence":[]'
        text = '{"analyst":"desk","method":"geolocation","reasoning":"Compared with imagery of the day and two lists."}'
        return self._row(minute, self._stream, "development-assessed/1", event, text)

    def _amended(self, minute: int) -> tuple[int, Row]:
        how = self._drawn[22] % 3
        if how == 0:
            changes = f'"location_id":"{self._towns[(self._town + 1) % len(self._towns)]}"'
        elif how == 1:
            changes = f'"occurred":{self._occurred(-1440)}'
        else:
            changes = f'"participants":[{_participants(self._kind, *reversed(self._sides()))}]'
        event = f'"amended_at":"{stamp(minute)}","changes":{{{changes}}},"development_id":"{self._id}"'
        return self._row(
            minute, self._stream, "development-amended/1", event, '{"reason":"The publisher corrected its text."}'
        )

    def _retracted(self, minute: int, publisher: str) -> tuple[int, Row]:
        event = f'"development_id":"{self._id}","retracted_at":"{stamp(minute)}","source_id":"{publisher}"'
        return self._row(minute, self._stream, "report-retracted/1", event, '{"reason":"Taken from the page."}')

    def _merged(self, twin: bytes, minute: int) -> tuple[int, Row]:
        event = f'"development_id":"{_uuid(twin)}","into_id":"{self._id}","merged_at":"{stamp(minute)}"'
        return self._row(minute, twin, "development-merged/1", event, '{"reason":"Two records of one event."}')

    def _voided(self, minute: int) -> tuple[int, Row]:
        event = f'"development_id":"{self._id}","voided_at":"{stamp(minute)}"'
        return self._row(minute, self._stream, "development-voided/1", event, '{"reason":"Typed into the wrong day."}')

    def _report(self, published: int) -> tuple[str, str, str]:
        """The publisher, the report's structure, and its text: several outlets of one story quote one agency."""
        drawn = self._draw(self._told + 1)
        outlet = _SOURCES[_OUTLETS[int.from_bytes(drawn[:2], "big") & 4095]]
        chain = _CHAIN[drawn[2]]
        if chain == "own":
            names = f'"{outlet}"'
        elif chain == "agency":
            names = f'"{outlet}","{self._agency}"'
        elif chain == "two":
            names = f'"{outlet}","{_SOURCES[AGENCIES + drawn[3]]}","{self._agency}"'
        else:
            outlet, names = self._agency, f'"{self._agency}"'
        evidence = words = ""
        if drawn[4] < 12:
            evidence = (
                f'{{"captured_at":"{stamp(published - 20)}","kind":"footage","sha256":"{drawn[:32].hex()}",'
                f'"verified":"{"yes" if drawn[4] < 4 else "not_tried"}"}}'
            )
            words = f'"evidence":[{{"url":"https://footage.example/{drawn[5:13].hex()}"}}],'
        if drawn[13] < 20:
            words += '"unnamed_end":"a military source",'
        words = f'"report":{{{words}"url":"https://{outlet}.example/{drawn[5:11].hex()}"}}'
        report = (
            f'"report":{{"chain":[{names}],"credibility":{_CREDIBILITY[drawn[14]]},"evidence":[{evidence}],'
            f'"language":"{_LANGUAGE[drawn[15]]}","published_at":"{stamp(published)}"}}'
        )
        return outlet, report, words

    def _occurred(self, shift: int) -> str:
        precision = _PRECISION[self._drawn[14]]
        start = self._begin + shift
        if precision == "exact":
            end = start
        elif precision == "hour":
            start -= start % 60
            end = start + 60
        else:
            start = (start + 180) // 1440 * 1440 - 180  # whole days of UTC+3
            end = start + (1440 if precision == "day" else 7 * 1440)
        return f'{{"end":"{stamp(end)}","precision":"{precision}","start":"{stamp(start)}"}}'

    def _sides(self) -> tuple[int, int]:
        """Who holds the place at the time, as nearly all say, and who fights for it: two actors who take turns."""
        town = self._town
        one, other = town * 7 % 10, (town * 7 + 1 + town % 4) % 10
        turn = (self._begin // 1440 + town * 13) // (40 + town * 37 % 300)
        otherwise = self._drawn[23] < _OTHERWISE
        return (other, one) if (turn & 1) != otherwise else (one, other)

    def _participants(self) -> str:
        holder, challenger = self._sides()
        return _participants(self._kind, holder, challenger)

    def _figures(self) -> str:
        if self._kind not in _CASUALTIES or self._drawn[13] > 160:
            return ""
        amount, relation = 1 + self._drawn[56] % 40, self._drawn[57] & 3
        return (_figure("at_least", amount, "null", "null"), _figure("exact", "null", amount, "null"),
                _figure("about", "null", amount, "null"), _figure("range", amount, "null", amount + 5))[relation]  # fmt: skip


def _figure(relation: str, low: object, best: object, high: object) -> str:
    return (
        f'{{"best":{best},"cumulative_since":null,"derived":false,"group":null,"high":{high},"low":{low},'
        f'"of":"killed","relation":"{relation}"}}'
    )


@cache
def _participants(kind: str, holder: int, challenger: int) -> str:
    """Who has which role: the roles that the kind has, the first for the holder, the second for the other side."""
    roles = {
        "captured": ("holder", "former_holder"), "handed_over": ("holder", "former_holder"),
        "withdrawn": ("challenger", "former_holder"), "shared": ("holder", "holder"), "closed": ("authority",),
        "opened": ("authority",),
    }.get(kind, ("holder", "challenger") if KINDS[kind].facet else ("initiator", "target"))  # fmt: skip
    return ",".join(
        f'{{"actor_id":"{ACTORS[actor]}","role":"{role}"}}'
        for role, actor in zip(roles, (holder, challenger), strict=False)
    )


def _uuid(raw: bytes) -> str:
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

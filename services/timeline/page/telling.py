"""What the page tells before any script runs: the sentence, and why, for the state in the address."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from projections.views import UnknownView
from services.timeline import wire
from services.timeline.asked import Asked, CannotAsk
from services.timeline.narration import Names, explained
from services.timeline.page.state import State
from services.timeline.page.texts import Clock, age, filled, sentences, texts
from services.timeline.reader import NotRegistered, Reader


@dataclass(frozen=True, slots=True)
class Said:
    """The page in words.

    Attributes:
        when: Both times, as the beginning of the sentence.
        is_so: What is accepted; `also`: what is claimed beside it.
        age: How old the claim is that it rests on.
        why: The claims that decided, in up to three lines.
        explanation: All of it, where a place is chosen.
        at: The moment in the world that was taken.
    """

    when: str
    is_so: str
    also: str
    age: str
    why: tuple[str, ...]
    explanation: wire.Explanation | None
    at: datetime
    wrong: tuple[str, ...] = ()


def told(reader: Reader, state: State, clock: Clock) -> Said:
    """The state in words. What cannot be answered (no such place, no such view) is told instead."""
    try:
        with asking(reader, state) as asked:
            return _told(reader, asked, state, clock)
    except (UnknownView, CannotAsk) as error:
        with reader.asking("current", at=state.at) as asked:
            return Said(_when(asked, state, clock), "", "", "", (), None, asked.at, (*state.wrong, str(error)))


@contextmanager
def asking(reader: Reader, state: State) -> Iterator[Asked]:
    """The state as a settled question. A position pins what had arrived by it; on the recorded clock a known time does.

    Raises:
        UnknownView: there is no such view.
    """
    with reader.asking(state.view) as newest:
        recorded = newest.view.reading.clock == "recorded"
    position = None if recorded and state.known_at is not None else state.position
    with reader.asking(state.view, at=state.at, known_at=state.known_at, known_position=position) as asked:
        yield asked


def _told(reader: Reader, asked: Asked, state: State, clock: Clock) -> Said:
    when = _when(asked, state, clock)
    if state.place is None:
        return Said(when, _everywhere(reader, asked), "", "", (), None, asked.at, state.wrong)
    try:
        explanation = explained(reader, asked, state.place)
    except NotRegistered:
        said = filled(texts()["panel"]["unregistered"], place=state.place)
        return Said(when, said, "", "", (), None, asked.at, state.wrong)
    names = Names(reader.catalogue(asked.known_position), asked)
    is_so, also = sentences(explanation.name, explanation.control, names.actor)
    basis = next((one for one in explanation.claims if one.part == "basis" and one.facet == "control"), None)
    return Said(when, is_so, also, _age(basis, asked.at, clock), lines(explanation), explanation, asked.at, state.wrong)


def lines(explanation: wire.Explanation) -> tuple[str, ...]:
    """Why, in at most three lines: what decides, then what is claimed beside it or was found wanting, newest first."""
    claims = [one for one in explanation.claims if one.facet == "control"]
    order = ("basis", "pending", "conflicting", "ignored")
    told_of = sorted(
        (one for one in claims if one.part in order), key=lambda one: (order.index(one.part), one.published_at)
    )
    basis = [one for one in told_of if one.part == "basis"]
    rest = [one for part in order[1:] for one in reversed([each for each in told_of if each.part == part])]
    return tuple(one.words for one in (basis + rest)[:3])


def _age(basis: wire.ConsideredClaim | None, at: datetime, clock: Clock) -> str:
    said = texts()["age"]
    if basis is None:
        return str(said["none"])
    took = datetime.fromisoformat(basis.takes_effect)
    return filled(said["basis"], when=clock.tell(took), age=age(at - took))


def _everywhere(reader: Reader, asked: Asked) -> str:
    places = reader.catalogue(asked.known_position).location_ids(asked.known_position)
    if not places:
        return str(texts()["sentence"]["empty"])
    found = reader.everywhere(asked, places)
    known = sum(one.control.assertion is not None for one in found)
    return filled(texts()["sentence"]["everywhere"], known=f"{known:,}", places=f"{len(places):,}")


def _when(asked: Asked, state: State, clock: Clock) -> str:
    said = texts()["when"]
    follow = "today" if state.at is None and state.follow == "then" else state.follow
    known = filled(said[asked.view.reading.clock][follow], known=clock.tell(asked.known_at))
    at = clock.tell(asked.at) if state.at is not None else said["now"]
    return f"{at}, {known}"

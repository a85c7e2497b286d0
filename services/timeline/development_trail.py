"""One development with its whole trail: what was said of it, by whom and when, and its standing after each step."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from events.developments import DevelopmentEvent, DevelopmentMerged
from events.log import Log
from events.times import rfc3339
from projections import views
from projections.developments import Development, content, development
from projections.knowing import Recorded
from projections.mergers import with_merged
from projections.sources import Sources
from projections.trail import Entry, trail
from services.timeline import wire
from services.timeline.asked import Asked
from services.timeline.developments import out
from services.timeline.reader import NotRegistered
from services.timeline.wire_developments import DevelopmentWhole, MergedOut, TrailEntry
from services.timeline.wire_log import as_posted


class Found(NamedTuple):
    """A development as known at a moment: as a list tells it, its content, its events, and its trail."""

    row: Development
    said: Mapping[str, Any]
    recorded: list[Recorded]
    steps: list[Entry]


def found(log: Log, asked: Asked, development_id: UUID) -> Found:
    """One development as known at the moment asked about, with what was merged into it.

    Raises:
        NotRegistered: it was not known then, or the view leaves out all that affirms it.
    """
    into = dict(views.mergers_around(asked.connection, asked.view, {development_id}))
    members = with_merged({development_id}, into)[development_id]
    recorded: list[Recorded] = log.streams(members, asked.known_position)
    if not any(one.event.development_id == development_id for one in recorded):
        raise NotRegistered("development", str(development_id), asked.known_position)
    reading, sources = asked.view.reading, Sources(asked.view.reading.clock)
    gradings = [one for one in log.gradings(until=asked.known_position) if sources.learn(one.position, one.event)]
    row = development(development_id, recorded, sources, reading, asked.known)
    if row is None:
        raise NotRegistered("development", str(development_id), asked.known_position)
    said = content(development_id, recorded, reading, asked.known)
    return Found(row, said, recorded, trail(development_id, recorded, gradings, sources, reading, asked.known))


def whole(log: Log, asked: Asked, development_id: UUID, recorder: Callable[[str], str | None]) -> DevelopmentWhole:
    """One development as known at the moment asked about.

    Args:
        recorder: Who recorded something, as whoever asks may know it.

    Raises:
        NotRegistered: it was not known then, or the view leaves out all that affirms it.
    """
    row, said, recorded, steps = found(log, asked, development_id)
    return DevelopmentWhole(
        **wire.coordinates(asked),
        development=out(row, said),
        participants=tuple(msgspec.to_builtins(said["participants"])),
        figures=tuple(msgspec.to_builtins(said["figures"])),
        merged=tuple(merged(asked, development_id, recorded, steps)),
        trail=tuple(_entries(asked, steps, recorder)),
    )


def _entries(asked: Asked, steps: Sequence[Entry], recorder: Callable[[str], str | None]) -> list[TrailEntry]:
    times = known_times(asked, steps)
    return [
        TrailEntry(
            position=one.recorded.position,
            recorded_at=rfc3339(one.recorded.recorded_at.astimezone(UTC)),
            recorded_by=recorder(one.recorded.recorded_by),
            known_at=wire.moment(asked.known_time(one.known, times)) or "",
            redacted=one.recorded.redacted,
            redaction=one.recorded.redaction,
            heard=one.heard,
            standing=one.found.standing,
            rule=one.found.rule,
            event=as_posted(one.recorded),
            withheld=one.recorded.withheld or msgspec.UNSET,
        )
        for one in steps
    ]


def known_times(asked: Asked, steps: Sequence[Entry]) -> dict[int, datetime]:
    """When the positions from which each step counts were recorded; none on the reported clock."""
    recorded = asked.view.reading.clock == "recorded"
    return views.recorded_times(asked.connection, {one.known for one in steps}) if recorded else {}


def merged(asked: Asked, development_id: UUID, recorded: Sequence[Recorded], steps: Sequence[Entry]) -> list[MergedOut]:
    """What was merged into a development by then, in the order of the trail."""
    told = []
    for one in steps:
        event = one.recorded.event
        if isinstance(event, DevelopmentMerged) and event.development_id != development_id:
            of_it = [each for each in recorded if each.event.development_id == event.development_id]
            assert isinstance(of_it[0].event, DevelopmentEvent)
            summary = content(event.development_id, of_it, asked.view.reading, asked.known)["summary"]
            told.append(
                MergedOut(
                    development_id=str(event.development_id),
                    into_id=str(event.into_id),
                    position=one.recorded.position,
                    summary=summary,
                )
            )
    return told

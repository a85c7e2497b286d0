"""A row that was imported before and reads otherwise now → the amendment that says so (pure).

A data set's new edition corrects rows; what it said before stays in the log. Compared is with what this importer said
last: what the desk corrected meanwhile stands, and content that the row had before (an older edition imported again)
changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from events.developments import DevelopmentAmended, DevelopmentChanges, DevelopmentReported
from events.recorded import RecordedEvent
from events.records import Event, changed
from events.vocabulary import AMENDABLE
from services.timeline.importers.flags import Flag
from services.timeline.importers.identity import named


def correction(
    history: Sequence[RecordedEvent[Event]], now: DevelopmentReported, recorder: str, edition: datetime
) -> tuple[DevelopmentAmended | None, Flag]:
    """What has to be recorded so that the development says what its row says now, and the flag that its row gets.

    Args:
        history: The development's events, in the order of the log, with their text.
        recorder: Who records this format's rows, without its version.
        edition: From when the correction is known.
    """
    versions, desk = _told(history, recorder)
    content = {name: getattr(now, name) for name in AMENDABLE}
    if any(one.text_sha256 is not None for one in history):  # what is gone is not brought back
        content |= {name: versions[-1][name] for name in ("summary", "tags")}
    differing = [name for name in AMENDABLE if content[name] != versions[-1][name]]
    if not differing:
        return None, Flag("report-differs", f"development {now.development_id}")
    if content in versions or any(edition < one for one in _editions(history, recorder)):
        return None, Flag("earlier-edition", f"{', '.join(differing)}: corrected since")
    changes = {name: content[name] for name in differing if name not in desk}
    if not changes:
        return None, Flag("desk-amended", ", ".join(differing))
    amended = DevelopmentAmended(
        development_id=now.development_id,
        changes=DevelopmentChanges(**changes),
        amended_at=edition,
        reason="the data set tells it otherwise in a later edition",
    )
    said = msgspec.json.encode(msgspec.to_builtins(amended.changes), order="sorted").decode()
    return named(amended, len(versions), said), Flag("amended", ", ".join(changes))


def _editions(history: Sequence[RecordedEvent[Event]], recorder: str) -> list[datetime]:
    """When the editions were published that corrected it."""
    ours = (one.event for one in history if one.recorded_by.startswith(recorder))
    return [event.amended_at for event in ours if isinstance(event, DevelopmentAmended)]


def _told(history: Sequence[RecordedEvent[Event]], recorder: str) -> tuple[list[dict[str, Any]], set[str]]:
    """What the data set said of it, edition by edition; and the fields that somebody else corrected."""
    versions: list[dict[str, Any]] = []
    desk: set[str] = set()
    for one in history:
        if isinstance(one.event, DevelopmentReported):
            versions.append({name: getattr(one.event, name) for name in AMENDABLE})
        elif isinstance(one.event, DevelopmentAmended):
            changes = changed(one.event.changes)
            if one.recorded_by.startswith(recorder):
                versions.append(versions[-1] | changes)
            else:
                desk |= changes.keys()
    return versions, desk

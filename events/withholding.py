"""Sensitive sources: which they are, and what of an event is told to whoever may not know their names (pure).

A source is sensitive where its registration says so, or the last `SourceProtected` about it; that holds for all that was ever
recorded, whatever moment is asked about. Withheld is every text that tells who it is: names, addresses, where it was
published, the desk's reasons. Structure (ids, times, grades) is told to everybody, and so is what happened: summary and tags.
"""

from collections.abc import Collection
from typing import Any, Final

import msgspec

from events import codec, marks
from events.codec import StoredForm
from events.developments import DevelopmentDenied, ReportRetracted
from events.recorded import RecordedEvent
from events.records import Event
from events.reference import (
    SourceAlignmentStated,
    SourceProtected,
    SourceRegistered,
    SourceReliabilityAssessed,
)

#: Everything that is said of a source itself.
_OF_SOURCES: Final = (SourceRegistered, SourceReliabilityAssessed, SourceAlignmentStated, SourceProtected)


def after(sensitive: frozenset[str], event: Event) -> frozenset[str]:
    """The sensitive sources once an event is recorded."""
    if isinstance(event, SourceRegistered) and event.sensitive is True:
        return sensitive | {event.source_id}
    if isinstance(event, SourceProtected):
        return sensitive | {event.source_id} if event.sensitive else sensitive - {event.source_id}
    return sensitive


def concerned(event: Event) -> tuple[str, ...]:
    """The sources that an event tells of: whom it is about, or who speaks in it."""
    if isinstance(event, (*_OF_SOURCES, ReportRetracted)):
        return (event.source_id,)
    report = getattr(event, "report", None)
    return report.chain if report is not None else ()


def concerns(event: Event, sensitive: Collection[str]) -> bool:
    """Whether an event tells of a sensitive source."""
    return bool(sensitive) and any(one in sensitive for one in concerned(event))


def told(one: RecordedEvent[Any], sensitive: Collection[str]) -> RecordedEvent[Any]:
    """An event as it is told to whoever may not know who the sensitive sources are."""
    if not concerns(one.event, sensitive):
        return one
    return msgspec.structs.replace(one, event=_without_names(one.event), withheld=True)


def _without_names(event: Any) -> Any:
    """The event without what tells who its source is; whether there was any is not told either, where it need not be there."""
    replace = msgspec.structs.replace
    if isinstance(event, SourceRegistered):
        return replace(event, name=marks.WITHHELD, url=None)
    if isinstance(event, (*_OF_SOURCES, ReportRetracted)):
        return replace(event, reason=marks.WITHHELD)
    report = event.report
    evidence = tuple(replace(one, url=None) for one in report.evidence)
    bare = replace(event, report=replace(report, unnamed_end=None, url=None, evidence=evidence))
    return replace(bare, reason=marks.WITHHELD) if isinstance(bare, DevelopmentDenied) else bare


def same_but_for_text(held: StoredForm, form: StoredForm) -> bool:
    """Whether two forms say the same in all but their text, which is not looked at."""
    return held.name == form.name and codec.unsealed(held) == codec.unsealed(form)

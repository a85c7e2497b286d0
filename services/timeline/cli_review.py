"""`timeline audit review|development|source|recorder|corrections`: what the routes below `/v1/audit` answer, for people.

On the command line everybody is `local`, who may know every recorder and leaf.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec
import typer

from services.timeline import console, review_tables, typed
from services.timeline.access import LOCAL
from services.timeline.audit import (
    corrections,
    development_review,
    pages,
    recorder_review,
    reviewing,
    source_review,
)
from services.timeline.audit.compared import Today, compared, later
from services.timeline.audit.reviewing import Reviewer
from services.timeline.commanded import asking
from services.timeline.wire_track import (
    MonthOut,
    MonthRecorded,
    RecorderReview,
    SourceReview,
    TypeCount,
)

At = Annotated[
    str | None, typer.Option(help="Moment in the world: RFC 3339, or a date (its end in --zone). Default now.")
]
KnownAt = Annotated[str | None, typer.Option(help="As known at this moment; written as --at. Default now.")]
KnownPosition = Annotated[int | None, typer.Option(min=0, help="As known at this log position.")]
Zone = Annotated[str, typer.Option(help="Time zone of bare dates, such as Asia/Damascus.")]
View = Annotated[str, typer.Option(help="A view's name or id.")]
Json = Annotated[bool, typer.Option("--json", help="The JSON of the API instead of a table.")]
Limit = Annotated[int, typer.Option(min=1, max=500, help="At most so many.")]
Cursor = Annotated[str | None, typer.Option(help="Go on where a list ended, with the same filters.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands of reviews beside those of the tree."""
    app.command("review")(review)
    app.command("development")(development)
    app.command("corrections")(corrections_)
    app.command("source")(source)
    app.command("recorder")(recorder)


def review(
    place: Annotated[str, typer.Argument(help="A location's id, or a name or code that only one location bears.")],
    at: At = None,
    known_at: KnownAt = None,
    known_position: KnownPosition = None,
    today_known_at: Annotated[str | None, typer.Option(help="Compare with this moment instead of today.")] = None,
    today_position: Annotated[int | None, typer.Option(min=0, help="Compare with this log position.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    zone: Zone = "UTC",
    view: View = "current",
    as_json: Json = False,
) -> None:
    """A status down to who said what and who recorded it; and what was answered then beside what would be answered today."""
    against = Today(typed.moment("--today-known-at", today_known_at, zone), today_position)
    with asking(view, at, known_at, known_position, zone, _moments(cursor)) as (timeline, asked):
        location_id = typed.location(timeline.reader.catalogue(asked.known_position), place, asked)
        found_at = pages.taken(cursor, reviewing.question(location_id, view), int, int, int)
        reviewer = Reviewer(timeline, asked, LOCAL)
        beside = compared(reviewer, later(asked, against), location_id) if found_at is None else None
        found = reviewing.review(reviewer, location_id, place=found_at, limit=limit, compared=beside)
        review_tables.show_review(found, as_json=as_json)


def development(
    development_id: Annotated[UUID, typer.Argument(metavar="ID", help="The development's id.")],
    known_at: KnownAt = None,
    known_position: KnownPosition = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    zone: Zone = "UTC",
    view: View = "current",
    as_json: Json = False,
) -> None:
    """One development: what it ever claimed, and each event of it with its recorder, its leaf and the rule after it."""
    with asking(view, None, known_at, known_position, zone, _moments(cursor)) as (timeline, asked):
        place = pages.taken(cursor, development_review.question(development_id, view), int)
        found = development_review.review(Reviewer(timeline, asked, LOCAL), development_id, place=place, limit=limit)
        review_tables.show_development(found, as_json=as_json)


def corrections_(
    location: Annotated[str | None, typer.Option(help="Only at this location itself: an id, name or code.")] = None,
    within: Annotated[str | None, typer.Option(help="Only at this location or below it.")] = None,
    source: Annotated[str | None, typer.Option(help="Only with this source in a chain of its statements.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="Only what was overturned then or later; a date: its begin.")
    ] = None,
    to: Annotated[str | None, typer.Option(help="Only what was overturned before; a date: its end.")] = None,
    known_at: KnownAt = None,
    known_position: KnownPosition = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    zone: Zone = "UTC",
    view: View = "current",
    as_json: Json = False,
) -> None:
    """What was accepted for an hour or more and later overturned: by whom, after how long; the last first."""
    period = typed.begin("--from", from_, zone), typed.end("--to", to, zone)
    with asking(view, None, known_at, known_position, zone, _moments(cursor)) as (timeline, asked):
        catalogue = timeline.reader.catalogue(asked.known_position)
        here = [typed.location(catalogue, place, asked) if place else None for place in (location, within)]
        choice = corrections.Choice(location=here[0], within=here[1], source=source, start=period[0], end=period[1])
        place = pages.taken(cursor, corrections.question(choice, view), int, str)
        found = corrections.corrections(Reviewer(timeline, asked, LOCAL), choice, place=place, limit=limit)
        review_tables.show_corrections(found, as_json=as_json)


def source(
    source_id: Annotated[str, typer.Argument(metavar="ID", help="The source's id.")],
    number: Annotated[
        str | None, typer.Option(help="List the developments behind a number, such as rejected or denied.")
    ] = None,
    month: Annotated[str | None, typer.Option(help="List those of a month, as 2024-12.")] = None,
    known_at: KnownAt = None,
    known_position: KnownPosition = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    zone: Zone = "UTC",
    view: View = "current",
    as_json: Json = False,
) -> None:
    """A source's track record: what became of what it said, in all and by month; or the developments behind a number."""
    with asking(view, None, known_at, known_position, zone, _moments(cursor)) as (timeline, asked):
        reviewer = Reviewer(timeline, asked, LOCAL)
        if number is None and month is None:
            review_tables.show_source(_whole_record(reviewer, source_id), as_json=as_json)
            return
        place = pages.taken(cursor, source_review.question(source_id, view, number, month), int)
        found = source_review.listed(reviewer, source_id, number=number, month=month, place=place, limit=limit)
        review_tables.show_spoken_of(found, as_json=as_json)


def recorder(
    who: Annotated[str, typer.Argument(help="As it stands beside events: key:NAME, oidc:SUBJECT, local.")],
    events: Annotated[bool, typer.Option("--events", help="List the events instead of counting them.")] = False,
    known_at: KnownAt = None,
    known_position: KnownPosition = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    zone: Zone = "UTC",
    as_json: Json = False,
) -> None:
    """How much somebody recorded, by type and by month; or event by event."""
    with asking("current", None, known_at, known_position, zone, _moments(cursor)) as (timeline, asked):
        reviewer = Reviewer(timeline, asked, LOCAL)
        if not events:
            review_tables.show_recorder(_whole_count(reviewer, who), as_json=as_json)
            return
        place = pages.taken(cursor, recorder_review.question(who, "events", "current"), int)
        review_tables.show_recorded(recorder_review.recorded(reviewer, who, place=place, limit=limit), as_json=as_json)


def _moments(cursor: str | None) -> Mapping[str, Any] | None:
    """The moments that the first page meant; None on the first page."""
    return pages.moments(cursor) if cursor is not None else None


def _whole_record(reviewer: Reviewer, source_id: str) -> SourceReview:
    """All pages of a track record as one."""
    view = reviewer.asked.view_name
    found = source_review.review(reviewer, source_id, place=None)
    with console.progress(f"counting what {source_id} said", None) as advance:
        while found.next is not None:
            advance(found.developments)
            place = pages.taken(found.next, source_review.question(source_id, view), int)
            more = source_review.review(reviewer, source_id, place=place)
            found = msgspec.structs.replace(
                more,
                developments=found.developments + more.developments,
                total=_added(found.total, more.total),
                months=tuple(
                    MonthOut(month=month, numbers=numbers)
                    for month, numbers in _by_month(
                        [(one.month, one.numbers) for one in (*found.months, *more.months)]
                    ).items()
                ),
            )
    return found


def _whole_count(reviewer: Reviewer, who: str) -> RecorderReview:
    """All pages of what somebody recorded as one."""
    asked = reviewer.asked
    found = recorder_review.review(reviewer, who, place=None)
    with console.progress(f"counting what {who} recorded", asked.known_position) as advance:
        while found.next is not None:
            advance(found.until_position)
            place = pages.taken(found.next, recorder_review.question(who, "counts", asked.view_name), int)
            found = _together(found, recorder_review.review(reviewer, who, place=place))
    return found


def _together(one: RecorderReview, other: RecorderReview) -> RecorderReview:
    months = _by_month([(month.month, _numbers(month.types)) for month in (*one.months, *other.months)])
    return msgspec.structs.replace(
        other,
        after_position=one.after_position,
        events=one.events + other.events,
        first_position=one.first_position or other.first_position,
        last_position=other.last_position or one.last_position,
        types=_types(_added(_numbers(one.types), _numbers(other.types))),
        months=tuple(MonthRecorded(month=month, types=_types(numbers)) for month, numbers in months.items()),
    )


def _added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return dict(Counter(one) + Counter(other))


def _by_month(found: list[tuple[str, dict[str, int]]]) -> dict[str, dict[str, int]]:
    months: dict[str, dict[str, int]] = {}
    for month, numbers in found:
        months[month] = _added(months.get(month, {}), numbers)
    return dict(sorted(months.items()))


def _numbers(types: tuple[TypeCount, ...]) -> dict[str, int]:
    return {one.type: one.events for one in types}


def _types(numbers: dict[str, int]) -> tuple[TypeCount, ...]:
    return tuple(
        TypeCount(type=name, events=events)
        for name, events in sorted(numbers.items(), key=lambda one: (-one[1], one[0]))
    )

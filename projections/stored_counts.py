"""How many developments occurred, and how many events about them became known, in each hour: counted in the database."""

from collections.abc import Sequence
from typing import Final

from projections.views import Database, View

#: The number of an hour (since 1970), and how many there are in it.
Hours = Sequence[tuple[int, int]]

_HOUR: Final = "floor(extract(epoch FROM {}) / 3600)::bigint"

#: When an event says that it happened to be known: a statement by its publication, whatever else by a time of its own.
_OWN_TIME: Final = (
    "coalesce(said #>> '{report,published_at}', said ->> 'assessed_at', said ->> 'retracted_at', said ->> 'amended_at', "
    "said ->> 'merged_at', said ->> 'voided_at')::timestamptz"
)
_ABOUT_DEVELOPMENTS: Final = "(type LIKE 'development-%%' OR type LIKE 'report-%%')"


def occurred(connection: Database, view: View, upto: int) -> Hours:
    """Developments by the hour in which they began to occur; none that was recorded by mistake, or merged into another."""
    statement = view.sql(
        f"SELECT {_HOUR.format('occurred_start')} AS hour, count(*) FROM {{development}} "
        "WHERE position <= %s AND standing NOT IN ('void', 'merged') GROUP BY hour ORDER BY hour"
    )
    return _counted(connection, statement, [upto])


def known(connection: Database, view: View, after: int, upto: int) -> Hours:
    """Events about developments between two positions, by the hour from which the view's clock knows them.

    Statements whose chain the view leaves out are not counted.
    """
    between = f"position > %s AND position <= %s AND {_ABOUT_DEVELOPMENTS}"
    if view.reading.clock == "recorded" and not (view.reading.exclude_sources or view.reading.only_sources):
        statement = f"SELECT {_HOUR.format('recorded_at')} AS hour, count(*) FROM event WHERE {between} GROUP BY hour"
        return _counted(connection, statement, [after, upto])
    moment = "recorded_at" if view.reading.clock == "recorded" else _OWN_TIME
    statement = (
        f"SELECT {_HOUR.format(moment)} AS hour, count(*) FROM (SELECT recorded_at, "
        f"convert_from(structure, 'UTF8')::jsonb -> 'event' AS said FROM event WHERE {between} OFFSET 0) AS told "
        "WHERE NOT coalesce(said #> '{report,chain}' ?| %s::text[], FALSE) "
        "AND (%s::text[] = '{}' OR coalesce(said #> '{report,chain}' ?| %s::text[], TRUE)) GROUP BY hour"
    )
    without, only = sorted(view.reading.exclude_sources), sorted(view.reading.only_sources)
    return _counted(connection, statement, [after, upto, without, only, only])


def _counted(connection: Database, statement: str | bytes, asked: list[object]) -> Hours:
    with connection.transaction():
        connection.execute("SET LOCAL plan_cache_mode TO force_custom_plan")
        connection.execute("SET LOCAL enable_seqscan TO on")
        return sorted((hour, count) for hour, count in connection.execute(statement, asked) if hour is not None)

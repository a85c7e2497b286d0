"""What an append says to PostgreSQL: the statements, as text alone. Who says them, and when: `recorder.py`."""

from typing import Final

from events.copying import COLUMNS

# Nothing is written where the head is not the one expected: while another append holds it this waits, and then looks at
# the head that came of it. The moment is taken after the lock (clock_timestamp, not now) and never falls below the last
# one. Each event is one position and one microsecond after the one before it, so the first tells of all.
INSERT: Final = """
WITH head AS MATERIALIZED (
    SELECT recorded_at FROM log_head WHERE position = %b::bigint AND recorded_at = %b::timestamptz FOR UPDATE
), moment AS MATERIALIZED (
    SELECT greatest(clock_timestamp(), recorded_at + interval '1 microsecond') AS first FROM head
), written AS (
    INSERT INTO event (position, event_id, stream_id, version, recorded_at, recorded_by, type, structure, text, salt)
    SELECT %b::bigint + n, event_id, stream_id, version, first + (n - 1) * interval '1 microsecond', recorded_by,
           type, structure, text, salt
    FROM moment, unnest(%b::uuid[], %b::uuid[], %b::int[], %b::text[], %b::text[], %b::bytea[], %b::bytea[], %b::bytea[])
         WITH ORDINALITY AS new (event_id, stream_id, version, recorded_by, type, structure, text, salt, n)
    ORDER BY n
    RETURNING position, recorded_at
), told AS (
    SELECT min(recorded_at) AS first, max(position) AS last FROM written
)
SELECT first, pg_notify(%b, last::text) FROM told WHERE last IS NOT NULL
"""

# The same for many: a round trip more, and half the work for each of them.
MOMENT: Final = """
SELECT greatest(clock_timestamp(), %b::timestamptz + interval '1 microsecond'), pg_notify(%b, %b)
"""
COPY: Final = f"COPY event ({COLUMNS}) FROM STDIN (FORMAT BINARY)"

#: Events that are recorded already, and the versions of streams, in one round trip.
LOOK_UP: Final = """
SELECT TRUE, event_id, position, recorded_at, type, structure, text, salt, NULL::int FROM event WHERE event_id = ANY(%b::uuid[])
UNION ALL
SELECT FALSE, wanted.id, NULL, NULL, NULL, NULL, NULL, NULL, held.version
FROM unnest(%b::uuid[]) AS wanted (id) CROSS JOIN LATERAL
     (SELECT version FROM event WHERE stream_id = wanted.id ORDER BY version DESC LIMIT 1) AS held
"""

-- The views: read models that a replay fills again, so everything here may be dropped.
--
-- A view's rows stand in partitions of its own, made when it is defined and dropped with it. Readers name the
-- partition themselves. The known axis is a whole number: the log position on the recorded clock, microseconds since
-- 1970 on the reported clock; 9223372036854775807 stands for "until further notice".

CREATE TABLE view (
    view_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    policy text COLLATE "C" NOT NULL,
    policy_version integer NOT NULL,
    clock text COLLATE "C" NOT NULL CHECK (clock IN ('recorded', 'reported')),
    exclude_sources text[] NOT NULL DEFAULT '{}',
    only_sources text[] NOT NULL DEFAULT '{}',
    -- The last position folded; it moves in the transaction that writes the rows.
    position bigint NOT NULL DEFAULT 0
);

CREATE TABLE claim_version (
    view_id integer NOT NULL,
    development_id uuid NOT NULL,
    location_id text COLLATE "C" NOT NULL,
    facet text COLLATE "C" NOT NULL,
    takes_effect timestamptz NOT NULL,
    published_at timestamptz NOT NULL,
    position bigint NOT NULL,
    assertion text COLLATE "C" NOT NULL,
    standing text COLLATE "C" NOT NULL,
    bearing text COLLATE "C" NOT NULL CHECK (bearing IN ('accepted', 'pending', 'ignored')),
    occurred_start timestamptz NOT NULL,
    occurred_end timestamptz NOT NULL,
    known_from bigint NOT NULL,
    known_until bigint NOT NULL CHECK (known_from < known_until),
    -- The claim's period ends less than 2^span hours after it takes effect: how far back to look for what overlaps.
    span smallint NOT NULL,
    PRIMARY KEY (view_id, development_id, known_from)
) PARTITION BY LIST (view_id);

-- The last claim of a place by a moment, in one step down the tree. What was not known then is skipped without a look
-- at the table, and so is what asserts the wrong thing: a place may hold thousands of claims from after the moment.
CREATE INDEX claim_version_order ON claim_version
    (location_id, facet, bearing, takes_effect, published_at, position) INCLUDE (known_from, known_until, assertion);
-- What overlaps a period: one strand for each span, each in order, looked back into no further than its span.
CREATE INDEX claim_version_strand ON claim_version
    (location_id, facet, span, takes_effect, published_at, position) WHERE bearing = 'accepted';

-- Which claims a source speaks of: they are folded again when it is graded anew.
CREATE TABLE mention (
    view_id integer NOT NULL,
    source_id text COLLATE "C" NOT NULL,
    development_id uuid NOT NULL,
    PRIMARY KEY (view_id, source_id, development_id)
) PARTITION BY LIST (view_id);

CREATE TABLE merger (
    view_id integer NOT NULL,
    development_id uuid NOT NULL,
    into_id uuid NOT NULL,
    PRIMARY KEY (view_id, development_id)
) PARTITION BY LIST (view_id);
CREATE INDEX merger_into ON merger (into_id);

-- How far forward on the valid axis the claims reach that were known by each batch (recorded clock only): who asks what
-- was known early about much later looks no further. A bound, not a fact: it may be too far, never too near.
CREATE TABLE reach (
    view_id integer NOT NULL,
    known bigint NOT NULL,
    takes_effect timestamptz NOT NULL,
    PRIMARY KEY (view_id, known)
) PARTITION BY LIST (view_id);

-- Every development as the view's reading leaves it by the view's position, also those that bear on no status: for lists.
CREATE TABLE development (
    view_id integer NOT NULL,
    development_id uuid NOT NULL,
    position bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    location_id text COLLATE "C" NOT NULL,
    destination_id text COLLATE "C",
    occurred_start timestamptz NOT NULL,
    occurred_end timestamptz NOT NULL,
    published_at timestamptz NOT NULL,
    standing text COLLATE "C" NOT NULL,
    rule text COLLATE "C" NOT NULL,
    sources text[] NOT NULL,
    merged_into uuid,
    reports integer NOT NULL,
    denials integer NOT NULL,
    PRIMARY KEY (view_id, development_id)
) PARTITION BY LIST (view_id);

-- Lists are read in the order in which developments were recorded, all of them or those of a place.
CREATE INDEX development_order ON development (position);
CREATE INDEX development_place ON development (location_id, position);

-- What could not be folded, and stops nothing else: an event whose bytes are not understood, or a development whose fold
-- raised. The development keeps the claim versions that it had; what comes later about it waits until it is retried.
CREATE TABLE set_aside (
    view_id integer NOT NULL REFERENCES view ON DELETE CASCADE,
    -- The event at which it happened.
    position bigint NOT NULL,
    -- The development, or the stream of a source, an actor or a location.
    stream_id uuid NOT NULL,
    error text NOT NULL,
    first_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (view_id, position, stream_id)
);
CREATE INDEX set_aside_stream ON set_aside (view_id, stream_id);

-- A source graded anew of whom very many developments speak is folded in parts; the view's position moves past the event
-- with the last of them.
CREATE TABLE regrading (
    view_id integer PRIMARY KEY REFERENCES view ON DELETE CASCADE,
    -- The event that grades the source anew.
    position bigint NOT NULL,
    -- The last development folded again, in the order of their ids.
    after uuid NOT NULL
);

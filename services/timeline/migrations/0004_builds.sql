-- Views as things that people build, verify, promote and drop: what is being built, how far it is, what was verified.
--
-- A view that is being built has no row in `view` yet, so nobody reads it half done; its rows stand in tables of their
-- own beside the others, and become the view's partitions in the transaction that makes its row.

-- The number of the partitions that hold a view's rows: its own id where null, another one since it was caught up with
-- the log in bulk. Whoever reads a view's row in a snapshot finds the tables that belong to it.
ALTER TABLE view ADD COLUMN tables integer;
-- A view built until a position stays there for ever; null: it follows the log.
ALTER TABLE view ADD COLUMN until bigint;

-- Developments that take part in a merger are folded together, and found by this.
CREATE INDEX event_merger ON event (position) WHERE split_part(type, '/', 1) = 'development-merged';

CREATE TABLE build (
    -- The number of the tables that are filled; the id of the view that comes of it.
    build_id integer PRIMARY KEY,
    purpose text COLLATE "C" NOT NULL CHECK (purpose IN ('view', 'verify', 'catch up')),
    -- Null where it is to be compared with a view that there is, or to take its tables' place.
    name text COLLATE "C" UNIQUE CHECK ((name IS NOT NULL) = (purpose = 'view')),
    of_view integer REFERENCES view ON DELETE CASCADE CHECK ((of_view IS NULL) = (purpose = 'view')),
    policy text COLLATE "C" NOT NULL,
    policy_version integer NOT NULL,
    clock text COLLATE "C" NOT NULL CHECK (clock IN ('recorded', 'reported')),
    exclude_sources text[] NOT NULL,
    only_sources text[] NOT NULL,
    until bigint NOT NULL,
    frozen boolean NOT NULL,
    -- Its parts and its empty tables are there.
    planned boolean NOT NULL DEFAULT false,
    -- Why it was given up; asked for again, it goes on.
    error text,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The work, in parts that are folded each in one transaction, which also marks it done: whoever comes next takes up the
-- first that is neither done nor locked.
CREATE TABLE build_part (
    build_id integer NOT NULL REFERENCES build ON DELETE CASCADE,
    part integer NOT NULL,
    events bigint NOT NULL,
    -- Streams from one to before another (null: open), or these streams, which take part in mergers with each other.
    first uuid,
    beyond uuid,
    streams uuid[],
    done boolean NOT NULL DEFAULT false,
    PRIMARY KEY (build_id, part)
);

CREATE TABLE build_set_aside (
    build_id integer NOT NULL REFERENCES build ON DELETE CASCADE,
    position bigint NOT NULL,
    stream_id uuid NOT NULL,
    error text NOT NULL,
    PRIMARY KEY (build_id, position, stream_id)
);

-- What a view's tables held when its verification began, to be compared with what the log says.
CREATE TABLE build_digest (
    build_id integer NOT NULL REFERENCES build ON DELETE CASCADE,
    part text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    sha256 bytea NOT NULL,
    PRIMARY KEY (build_id, part, key)
);

-- The last verification of each view.
CREATE TABLE verification (
    view_id integer PRIMARY KEY REFERENCES view ON DELETE CASCADE,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    position bigint,
    digest bytea,
    -- Each as 'part key': which location's claims or developments, which source's mentions, or the mergers.
    differing text[],
    error text
);

-- Partitions that no view needs any more, dropped when nobody can be reading them.
CREATE TABLE discarded (
    tables integer PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Which places each fold touched, for whoever keeps answers of many places in memory (services/timeline/atlas).

-- How far `touched` can be relied on: it names every place that changed after `begins` and up to `ends`. Where `ends` is not
-- the view's position, somebody moved the view who does not write here, and what is kept in memory is made anew.
CREATE TABLE touched_span (
    view_id integer PRIMARY KEY REFERENCES view ON DELETE CASCADE,
    begins bigint NOT NULL,
    ends bigint NOT NULL,
    -- Counts how often the view's past was changed: what was set aside and is folded now.
    revision bigint NOT NULL DEFAULT 0
);

CREATE TABLE touched (
    view_id integer NOT NULL REFERENCES touched_span ON DELETE CASCADE,
    -- The last event of the batch.
    position bigint NOT NULL,
    location_id text COLLATE "C" NOT NULL,
    -- From when on, on the known axis of the view's clock, what is known of the place changed.
    known bigint NOT NULL,
    -- The development whose claim version changed.
    development_id uuid NOT NULL
);
CREATE INDEX touched_position ON touched (view_id, position);

-- What looks like a development: those of its place and kind, by when they began. Read backwards a bounded way whenever a
-- development is recorded, however many the place has.
CREATE INDEX development_alike ON development (location_id, kind, occurred_start);

-- The log: one row an event, append-only, in one sequence without gaps. PostgreSQL keeps these promises itself.
--
-- What the code expects; services/timeline/migrations brings a database here, and a test compares the two.

CREATE TABLE log_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    -- An appender needs the right to update some column in order to lock the row; this one means nothing.
    gate boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE log_head IS 'The last position. Every append locks this row first, so positions become visible in order.';
INSERT INTO log_head (position, recorded_at) VALUES (0, '1970-01-01T00:00:00Z');

CREATE TABLE event (
    position bigint PRIMARY KEY,
    recorded_at timestamptz NOT NULL UNIQUE,
    recorded_by text NOT NULL,
    event_id uuid NOT NULL UNIQUE,
    stream_id uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    type text COLLATE "C" NOT NULL,
    structure bytea NOT NULL,
    text bytea,
    salt bytea,
    UNIQUE (stream_id, version),
    CHECK ((text IS NULL) = (salt IS NULL))
);
COMMENT ON COLUMN event.structure IS 'Canonical JSON (RFC 8785) of all but the text, with the salted SHA-256 of the text';
COMMENT ON COLUMN event.text IS 'Canonical JSON of the text; taken away, with its salt, by a lawful redaction';
-- Repeated news text compresses little by row, and large values would slow every scan of the log.
ALTER TABLE event ALTER COLUMN structure SET STORAGE MAIN;

-- Reference data (sources, actors, locations) is read apart from the developments.
CREATE INDEX event_reference ON event (position) WHERE split_part(type, '-', 1) IN ('source', 'actor', 'location');

-- The head moves with the events and in no other way: the next positions, later times.
CREATE FUNCTION log_advance() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    batch record;
BEGIN
    SELECT count(*) AS events, min(position) AS first, max(position) AS last, min(recorded_at) AS earliest,
           max(recorded_at) AS latest, bool_and(rises) AS rises
    INTO batch
    FROM (SELECT position, recorded_at,
                 recorded_at > coalesce(lag(recorded_at) OVER (ORDER BY position), '-infinity') AS rises
          FROM appended) AS ordered;
    IF batch.events = 0 THEN
        RETURN NULL;
    END IF;
    UPDATE log_head SET position = batch.last, recorded_at = batch.latest
    WHERE position = batch.first - 1 AND recorded_at < batch.earliest;
    IF NOT FOUND OR NOT batch.rises OR batch.events <> batch.last - batch.first + 1 THEN
        RAISE EXCEPTION 'positions % to % do not continue the log', batch.first, batch.last
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER log_advance AFTER INSERT ON event
    REFERENCING NEW TABLE AS appended FOR EACH STATEMENT EXECUTE FUNCTION log_advance();

CREATE FUNCTION log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event FOR EACH ROW EXECUTE FUNCTION log_refuse();
CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();
CREATE TRIGGER log_head_no_delete BEFORE DELETE ON log_head FOR EACH ROW EXECUTE FUNCTION log_refuse();
CREATE TRIGGER log_head_no_truncate BEFORE TRUNCATE ON log_head FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();

-- The one exception: a lawful redaction takes text and salt away, and says so beforehand.
CREATE FUNCTION log_only_redact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('timeline.redacting', true) = 'on' AND NEW.text IS NULL AND NEW.salt IS NULL
       AND (NEW.position, NEW.recorded_at, NEW.recorded_by, NEW.event_id, NEW.stream_id, NEW.version, NEW.type, NEW.structure)
         = (OLD.position, OLD.recorded_at, OLD.recorded_by, OLD.event_id, OLD.stream_id, OLD.version, OLD.type, OLD.structure)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the log is append-only: UPDATE of event is refused' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER event_only_redact BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION log_only_redact();

CREATE FUNCTION log_head_only_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.position < OLD.position OR NEW.recorded_at < OLD.recorded_at THEN
        RAISE EXCEPTION 'the log is append-only: its head moves forward' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER log_head_only_forward BEFORE UPDATE ON log_head FOR EACH ROW EXECUTE FUNCTION log_head_only_forward();

-- Triggers fire also while a subscription or a restore applies rows.
ALTER TABLE event ENABLE ALWAYS TRIGGER log_advance;
ALTER TABLE event ENABLE ALWAYS TRIGGER event_no_delete;
ALTER TABLE event ENABLE ALWAYS TRIGGER event_no_truncate;
ALTER TABLE event ENABLE ALWAYS TRIGGER event_only_redact;

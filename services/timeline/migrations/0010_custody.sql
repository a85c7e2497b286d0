-- What left the house as evidence: the record of custody; and the time stamps of checkpoints.

CREATE TABLE custody (
    number bigint PRIMARY KEY CHECK (number > 0),
    at timestamptz NOT NULL,
    by text NOT NULL,
    what text COLLATE "C" NOT NULL,
    location_id text COLLATE "C",
    first_position bigint,
    last_position bigint,
    sha256 text COLLATE "C" CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    link bytea NOT NULL CHECK (octet_length(link) = 32)
);
COMMENT ON TABLE custody IS 'What was exported, by whom and when; redactions are events of the log itself';
COMMENT ON COLUMN custody.link IS 'SHA-256 of the link before and of this entry: an entry cannot change without all that follow';
CREATE INDEX custody_location ON custody (location_id, number) WHERE location_id IS NOT NULL;

-- Entries follow one another without gaps, in number and in time.
CREATE FUNCTION custody_continues() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    SELECT number, at INTO last FROM custody ORDER BY number DESC LIMIT 1;
    IF NEW.number <> coalesce(last.number, 0) + 1 OR NEW.at <= coalesce(last.at, '-infinity') THEN
        RAISE EXCEPTION 'entry % does not continue the record of custody', NEW.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
-- Not even a temporary table of somebody's own stands in for ours.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION custody_continues() SET search_path TO %I, pg_temp', current_schema());
END $$;
CREATE TRIGGER custody_continues BEFORE INSERT ON custody FOR EACH ROW EXECUTE FUNCTION custody_continues();

CREATE TRIGGER custody_no_update BEFORE UPDATE ON custody FOR EACH ROW EXECUTE FUNCTION log_refuse();
CREATE TRIGGER custody_no_delete BEFORE DELETE ON custody FOR EACH ROW EXECUTE FUNCTION log_refuse();
CREATE TRIGGER custody_no_truncate BEFORE TRUNCATE ON custody FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();
ALTER TABLE custody ENABLE ALWAYS TRIGGER custody_continues;
ALTER TABLE custody ENABLE ALWAYS TRIGGER custody_no_update;
ALTER TABLE custody ENABLE ALWAYS TRIGGER custody_no_delete;
ALTER TABLE custody ENABLE ALWAYS TRIGGER custody_no_truncate;

CREATE TABLE log_stamp (
    size bigint PRIMARY KEY CHECK (size > 0),
    authority text NOT NULL,
    stamp bytea NOT NULL
);
COMMENT ON TABLE log_stamp IS 'The answer of a time-stamping authority (RFC 3161) about the note of a checkpoint';

-- What was stamped stays.
CREATE TRIGGER log_stamp_no_update BEFORE UPDATE ON log_stamp FOR EACH ROW EXECUTE FUNCTION log_refuse();
CREATE TRIGGER log_stamp_no_delete BEFORE DELETE ON log_stamp FOR EACH ROW EXECUTE FUNCTION log_refuse();
CREATE TRIGGER log_stamp_no_truncate BEFORE TRUNCATE ON log_stamp FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();

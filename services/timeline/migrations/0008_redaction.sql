-- Lawful redaction: an event's text and salt go, its structure stays, and another event says so.
--
-- Recording an `event-redacted` is what takes the text away: a trigger does it, in the transaction that records it. There is
-- no other way to change an event, for nobody, and no redaction that is not in the log.

CREATE TABLE redaction (
    position bigint PRIMARY KEY,
    by_position bigint NOT NULL UNIQUE,
    removed text[] COLLATE "C" NOT NULL,
    CHECK (position < by_position)
);
COMMENT ON TABLE redaction IS 'Of which events the text was taken away, as the log itself says (in `event-redacted`); for whoever reads them';
COMMENT ON COLUMN redaction.removed IS 'The fields in which text stood';

-- What an event says that redacts another.
CREATE FUNCTION redaction_said(structure bytea, OUT redacted_id uuid, OUT redacted_position bigint, OUT removed text[])
    LANGUAGE sql IMMUTABLE
    AS $$
        SELECT (said ->> 'redacted_id')::uuid, (said ->> 'redacted_position')::bigint,
               ARRAY(SELECT json_array_elements_text(said -> 'removed'))
        FROM (SELECT convert_from(structure, 'UTF8')::json -> 'event' AS said) AS one
    $$;

-- A row here says what an event says: nobody writes one by hand.
CREATE FUNCTION redaction_is_recorded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM event AS telling CROSS JOIN LATERAL redaction_said(telling.structure) AS said
        JOIN event AS told ON told.position = said.redacted_position AND told.event_id = said.redacted_id
    WHERE telling.position = NEW.by_position AND telling.type LIKE 'event-redacted/%'
        AND (said.redacted_position, said.removed) = (NEW.position, NEW.removed)
        AND right(convert_from(told.structure, 'UTF8'), 19) <> '"text_sha256":null}';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a redaction is an event of the log that names an event with text: position % does not redact position %',
            NEW.by_position, NEW.position USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER redaction_is_recorded BEFORE INSERT ON redaction FOR EACH ROW EXECUTE FUNCTION redaction_is_recorded();
CREATE TRIGGER redaction_no_update BEFORE UPDATE ON redaction FOR EACH ROW EXECUTE FUNCTION log_refuse();
CREATE TRIGGER redaction_no_delete BEFORE DELETE ON redaction FOR EACH ROW EXECUTE FUNCTION log_refuse();
CREATE TRIGGER redaction_no_truncate BEFORE TRUNCATE ON redaction FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();
ALTER TABLE redaction ENABLE ALWAYS TRIGGER redaction_is_recorded;
ALTER TABLE redaction ENABLE ALWAYS TRIGGER redaction_no_update;
ALTER TABLE redaction ENABLE ALWAYS TRIGGER redaction_no_delete;
ALTER TABLE redaction ENABLE ALWAYS TRIGGER redaction_no_truncate;

-- Done with the rights of whoever records: to redact takes UPDATE of text and salt, and INSERT here. Not ALWAYS: where rows
-- come from another server, what this did there comes too.
CREATE FUNCTION log_redact() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said record;
BEGIN
    SELECT * INTO said FROM redaction_said(NEW.structure);
    INSERT INTO redaction (position, by_position, removed) VALUES (said.redacted_position, NEW.position, said.removed);
    UPDATE event SET text = NULL, salt = NULL WHERE position = said.redacted_position AND text IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER event_redact AFTER INSERT ON event FOR EACH ROW WHEN (NEW.type LIKE 'event-redacted/%')
    EXECUTE FUNCTION log_redact();

-- The one exception to "append-only", as narrow as it can be. A setting that announces it is not enough any more.
CREATE OR REPLACE FUNCTION log_only_redact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.text IS NULL AND NEW.salt IS NULL AND EXISTS (SELECT FROM redaction WHERE redaction.position = OLD.position)
       AND (NEW.position, NEW.recorded_at, NEW.recorded_by, NEW.event_id, NEW.stream_id, NEW.version, NEW.type, NEW.structure)
         = (OLD.position, OLD.recorded_at, OLD.recorded_by, OLD.event_id, OLD.stream_id, OLD.version, OLD.type, OLD.structure)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the log is append-only: UPDATE of event is refused' USING ERRCODE = 'insufficient_privilege';
END $$;

-- The redactions of the log, without reading all of it.
CREATE INDEX event_redaction ON event (position) WHERE type LIKE 'event-redacted/%';

-- A temporary table is found before ours unless pg_temp is named last: whoever may make one could else lead these functions
-- to a `redaction`, an `event` or a `log_head` of their own.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['log_advance()', 'log_only_redact()', 'log_redact()', 'redaction_is_recorded()'] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path TO %I, pg_temp', name, current_schema());
    END LOOP;
END $$;

-- Statistics hold samples of what a column holds, and would outlive it. To declare the type again lets go of those there are.
ALTER TABLE event ALTER COLUMN text SET STATISTICS 0, ALTER COLUMN salt SET STATISTICS 0;
ALTER TABLE event ALTER COLUMN text TYPE bytea, ALTER COLUMN salt TYPE bytea;

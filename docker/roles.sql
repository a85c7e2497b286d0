-- Roles with no more rights than they need. Run by the database's owner after `timeline db migrate`.
--
--   timeline_append  records events and nothing else: it cannot change, remove or reorder what is there
--   timeline_read    reads the log and the views
--   timeline_follow  keeps the views and the tree, which can be made again, and adds checkpoints, their time stamps, and
--                    entries of custody; it cannot touch the log
--                    (building, verifying or dropping a view makes and drops tables: that takes the owner)
--   timeline_redact  takes texts away, each by recording that it does; give it beside timeline_append
--   timeline_access  checks keys of access; it cannot make, change or revoke one
--
-- They are groups without login: GRANT timeline_append TO some_user;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['timeline_append', 'timeline_read', 'timeline_follow', 'timeline_redact', 'timeline_access'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
END $$;

-- Locking the head needs the right to update some column of it; `gate` means nothing. PostgreSQL moves the head itself.
GRANT SELECT, INSERT ON event TO timeline_append;
GRANT SELECT, UPDATE (gate) ON log_head TO timeline_append;

-- Recording a redaction does these two; neither can be done by itself (migration 0008).
GRANT UPDATE (text, salt) ON event TO timeline_redact;
GRANT SELECT, INSERT ON redaction TO timeline_redact;

GRANT SELECT ON redaction TO timeline_read, timeline_follow;
GRANT SELECT ON build, build_part, verification, discarded TO timeline_read, timeline_follow;
GRANT SELECT ON event, log_head, view, claim_version, mention, merger, reach, development, migration, set_aside, regrading,
    touched, touched_span
    TO timeline_read, timeline_follow;
GRANT SELECT ON log_tree, log_tile, log_checkpoint TO timeline_read, timeline_follow;
GRANT UPDATE (size) ON log_tree TO timeline_follow;
GRANT INSERT, UPDATE ON log_tile TO timeline_follow;
GRANT INSERT ON log_checkpoint TO timeline_follow;
GRANT SELECT ON custody, log_stamp TO timeline_read, timeline_follow;
GRANT INSERT ON custody, log_stamp TO timeline_follow;
-- Sending to webhooks; making one takes the owner, and its secret is for nobody else to read.
GRANT SELECT, UPDATE (queued, stopped) ON webhook TO timeline_follow;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_delivery TO timeline_follow;
GRANT INSERT, UPDATE ON view TO timeline_follow;
GRANT INSERT, UPDATE, DELETE ON claim_version, mention, merger, reach, development, set_aside, regrading, touched, touched_span
    TO timeline_follow;

GRANT SELECT, UPDATE (last_used) ON access_key TO timeline_access;

-- The partitions of the views that exist. After a view is defined, run this file again: it may be run any number of times.
DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT inhrelid::regclass FROM pg_inherits
                WHERE inhparent IN ('claim_version'::regclass, 'mention'::regclass, 'merger'::regclass,
                                    'reach'::regclass, 'development'::regclass) LOOP
        EXECUTE format('GRANT SELECT ON %s TO timeline_read', part);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO timeline_follow', part);
    END LOOP;
END $$;

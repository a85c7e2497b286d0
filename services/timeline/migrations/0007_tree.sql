-- The log as a Merkle tree: tiles of hashes, how far they reach, and the checkpoints that were signed over it.
--
-- All but the checkpoints can be made again from the log. No key is kept here.

CREATE TABLE log_tree (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    log_id uuid NOT NULL DEFAULT gen_random_uuid(),
    size bigint NOT NULL CHECK (size >= 0)
);
COMMENT ON TABLE log_tree IS 'The tree has the events up to position `size`. A copy of this database is a copy of the same log: it bears the same id.';
INSERT INTO log_tree (size) VALUES (0);

CREATE TABLE log_tile (
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    number bigint NOT NULL CHECK (number >= 0),
    hashes bytea NOT NULL CHECK (octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0),
    PRIMARY KEY (level, number)
);
COMMENT ON TABLE log_tile IS 'Up to 256 hashes of subtrees of 256^level leaves (C2SP tlog-tiles); the last of each level grows';
-- Hashes do not compress.
ALTER TABLE log_tile ALTER COLUMN hashes SET STORAGE EXTERNAL;

CREATE TABLE log_checkpoint (
    size bigint PRIMARY KEY CHECK (size > 0),
    note text NOT NULL
);
COMMENT ON COLUMN log_checkpoint.note IS 'The checkpoint over the first `size` events as a signed note (C2SP tlog-checkpoint)';

-- What was signed stays.
CREATE TRIGGER log_checkpoint_no_update BEFORE UPDATE ON log_checkpoint FOR EACH ROW EXECUTE FUNCTION log_refuse();
CREATE TRIGGER log_checkpoint_no_delete BEFORE DELETE ON log_checkpoint FOR EACH ROW EXECUTE FUNCTION log_refuse();
CREATE TRIGGER log_checkpoint_no_truncate BEFORE TRUNCATE ON log_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse();

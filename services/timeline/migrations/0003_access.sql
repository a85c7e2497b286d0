-- Keys of access. Of a key only its SHA-256 is kept: 256 random bits need no slow hash, and nobody can read a key here.
--
-- Rows stay for ever: the log says `key:NAME`, and this table says whose name that was, and when.

CREATE TABLE access_key (
    key_id text PRIMARY KEY CHECK (key_id ~ '^[0-9a-f]{12}$'),
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9._@-]{0,63}$'),
    sha256 bytea NOT NULL UNIQUE CHECK (octet_length(sha256) = 32),
    roles text[] NOT NULL CHECK (cardinality(roles) > 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used date
);

COMMENT ON COLUMN access_key.key_id IS 'Public: the first 12 hexadecimal digits of sha256, so that a key that was found tells which it is.';
COMMENT ON COLUMN access_key.last_used IS 'The day (UTC) and no more: enough to find keys that nobody uses, too little to follow people.';

-- A name in the log means one key at a time.
CREATE UNIQUE INDEX access_key_name ON access_key (name) WHERE revoked_at IS NULL;

-- What a key may, and until when, is settled when it is made; afterwards it can only be revoked, for good.
CREATE FUNCTION access_key_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
       AND (NEW.key_id, NEW.name, NEW.sha256, NEW.roles, NEW.created_at)
         = (OLD.key_id, OLD.name, OLD.sha256, OLD.roles, OLD.created_at)
       AND NEW.expires_at IS NOT DISTINCT FROM OLD.expires_at
       AND (OLD.revoked_at IS NULL OR NEW.revoked_at IS NOT DISTINCT FROM OLD.revoked_at) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a key of access is never changed or removed, only revoked' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER access_key_stays BEFORE UPDATE OR DELETE ON access_key
    FOR EACH ROW EXECUTE FUNCTION access_key_stays();
CREATE TRIGGER access_key_is_not_emptied BEFORE TRUNCATE ON access_key
    FOR EACH STATEMENT EXECUTE FUNCTION access_key_stays();

-- Webhooks: whom events are sent to as they are recorded, and the outbox of what is to be sent, was sent, or came to nothing.

CREATE TABLE webhook (
    webhook_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    url text NOT NULL CHECK (url ~ '^https?://' AND length(url) <= 2000),
    description text NOT NULL DEFAULT '' CHECK (length(description) <= 500),
    types text[] CHECK (cardinality(types) > 0),
    secret text NOT NULL CHECK (secret ~ '^whsec_'),
    queued bigint NOT NULL CHECK (queued >= 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by text NOT NULL,
    stopped text
);
COMMENT ON COLUMN webhook.secret IS 'Signs what is sent, so it has to be kept as it is; told once, when the webhook is made';
COMMENT ON COLUMN webhook.queued IS 'Events up to this position are in the outbox, or not wanted';
COMMENT ON COLUMN webhook.stopped IS 'Why nothing is sent any more, until somebody resumes it';

-- An entry stands here before its event is sent, and is marked after: whoever is killed in between sends once more, never less.
CREATE TABLE webhook_delivery (
    webhook_id uuid NOT NULL REFERENCES webhook ON DELETE CASCADE,
    position bigint NOT NULL CHECK (position > 0),
    state text COLLATE "C" NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    due timestamptz NOT NULL DEFAULT clock_timestamp(),
    status integer,
    error text,
    tried_at timestamptz,
    PRIMARY KEY (webhook_id, position)
);
CREATE INDEX webhook_delivery_waiting ON webhook_delivery (webhook_id, position) WHERE state = 'waiting';
CREATE INDEX webhook_delivery_settled ON webhook_delivery (tried_at) WHERE state = 'delivered';

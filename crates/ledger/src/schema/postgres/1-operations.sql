-- Time is the database's, in milliseconds since the Unix epoch. The offset is nothing but in tests.
-- The moment at which a statement came.
CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (extract(epoch FROM statement_timestamp()) * 1000)::bigint
        + coalesce(nullif(current_setting('candor.clock_offset_ms', true), ''), '0')::bigint;
END
$$;

-- Nothing here that changes is indexed, so that a change stays on its page (HOT updates).
CREATE TABLE ops (
    id               uuid PRIMARY KEY,
    tenant           text NOT NULL,
    queue            text NOT NULL,
    resource_id      text,
    operation_type   text NOT NULL,
    created_by       text NOT NULL,
    -- 0 pending, 1 in progress, 2 succeeded, 3 failed, 4 cancelled
    state            smallint NOT NULL CHECK (state BETWEEN 0 AND 4),
    declared         text,
    created          bigint NOT NULL,
    started          bigint,
    completed        bigint,
    expires          bigint,
    cancel_requested boolean NOT NULL DEFAULT false,
    error_message    text,
    error_id         uuid,
    redriven_as      uuid,
    serial           text,
    keep_succeeded   bigint NOT NULL,
    keep_failed      bigint NOT NULL,
    key_until        bigint,
    attempts         text NOT NULL DEFAULT '',
    attempts_made    integer NOT NULL DEFAULT 0,
    -- The fence that ended it.
    fence            bigint NOT NULL DEFAULT 0,
    rev              bigint NOT NULL,
    request          bytea NOT NULL,
    progress         bytea NOT NULL DEFAULT '',
    result           bytea NOT NULL DEFAULT '',
    CHECK ((state = 3) = (error_message IS NOT NULL)),
    CHECK ((state = 3) = (error_id IS NOT NULL)),
    CHECK ((state < 2) = (completed IS NULL)),
    CHECK ((state < 2) = (expires IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
CREATE INDEX ops_tenant ON ops (tenant, id);
CREATE INDEX ops_resource ON ops (tenant, resource_id, id) WHERE resource_id IS NOT NULL;

-- Operations that have not ended: narrow rows, for these change often.
CREATE TABLE due (
    op      uuid PRIMARY KEY,
    seq     bigint GENERATED ALWAYS AS IDENTITY,
    tenant  text NOT NULL,
    queue   text NOT NULL,
    -- When it may be claimed: its turn, or the end of its owner's lease.
    due     bigint NOT NULL,
    owner   text,
    fence   bigint NOT NULL DEFAULT 0,
    attempt integer NOT NULL DEFAULT 0,
    serial  text
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
CREATE INDEX due_queue ON due (queue, due);
CREATE INDEX due_tenant ON due (tenant, queue);
CREATE INDEX due_serial ON due (tenant, serial, seq) WHERE serial IS NOT NULL;

-- Operations that have ended, by state, and until when they are kept.
CREATE TABLE ended (
    op      uuid PRIMARY KEY,
    tenant  text NOT NULL,
    state   smallint NOT NULL,
    dead    boolean NOT NULL,
    expires bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.01);
CREATE INDEX ended_state ON ended (tenant, state, op);
CREATE INDEX ended_expires ON ended (expires);
CREATE INDEX ended_dead ON ended (tenant, op) WHERE dead;

CREATE TABLE keys (
    tenant      text NOT NULL,
    key         text NOT NULL,
    fingerprint bytea NOT NULL,
    op          uuid NOT NULL,
    expires     bigint NOT NULL,
    PRIMARY KEY (tenant, key)
) WITH (autovacuum_vacuum_scale_factor = 0.01);
CREATE INDEX keys_expires ON keys (expires);

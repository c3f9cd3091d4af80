-- Operations, their requests and their idempotency keys.
CREATE TABLE ops (
    seq              INTEGER PRIMARY KEY,
    id               BLOB NOT NULL CHECK (length(id) = 16),
    tenant           TEXT NOT NULL,
    queue            TEXT NOT NULL,
    resource_id      TEXT,
    operation_type   TEXT NOT NULL,
    created_by       TEXT NOT NULL,
    -- 0 pending, 1 in progress, 2 succeeded, 3 failed, 4 cancelled
    state            INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),
    declared         TEXT,
    -- Moments and lengths of time are in milliseconds.
    created          INTEGER NOT NULL,
    started          INTEGER,
    completed        INTEGER,
    expires          INTEGER,
    -- When it may be claimed: its turn, or the end of its owner's lease.
    due              INTEGER,
    owner            TEXT,
    fence            INTEGER NOT NULL,
    attempt          INTEGER NOT NULL,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    error_message    TEXT,
    error_id         BLOB,
    dead             INTEGER NOT NULL DEFAULT 0,
    redriven_as      BLOB,
    serial           TEXT,
    keep_succeeded   INTEGER NOT NULL,
    keep_failed      INTEGER NOT NULL,
    key_until        INTEGER,
    attempts         TEXT NOT NULL DEFAULT '',
    attempts_made    INTEGER NOT NULL DEFAULT 0,
    rev              INTEGER NOT NULL,
    progress         BLOB NOT NULL DEFAULT x'',
    result           BLOB NOT NULL DEFAULT x'',
    CHECK ((state = 3) = (error_message IS NOT NULL)),
    CHECK ((state = 3) = (error_id IS NOT NULL)),
    CHECK ((state < 2) = (due IS NOT NULL)),
    CHECK ((state < 2) = (completed IS NULL)),
    CHECK ((state < 2) = (expires IS NULL)),
    CHECK (state < 2 OR owner IS NULL),
    CHECK (dead = 0 OR state = 3)
) STRICT;
CREATE UNIQUE INDEX ops_id ON ops (id);
CREATE INDEX ops_state ON ops (tenant, state, id);
CREATE INDEX ops_due ON ops (queue, due) WHERE due IS NOT NULL;
CREATE INDEX ops_expires ON ops (expires) WHERE expires IS NOT NULL;
CREATE INDEX ops_resource ON ops (tenant, resource_id, id) WHERE resource_id IS NOT NULL;
CREATE INDEX ops_serial ON ops (tenant, serial, seq) WHERE serial IS NOT NULL AND due IS NOT NULL;
CREATE INDEX ops_dead ON ops (tenant, id) WHERE dead = 1;

-- Apart from the rest, so that a change of an operation does not write its request again.
CREATE TABLE requests (
    seq  INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE keys (
    tenant      TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    op          BLOB NOT NULL,
    expires     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX keys_key ON keys (tenant, key);
CREATE INDEX keys_expires ON keys (expires);

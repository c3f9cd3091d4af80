-- What counts towards each quota.
CREATE TABLE quotas (
    key     TEXT NOT NULL,
    counted TEXT NOT NULL,
    idle_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX quotas_key ON quotas (key);
CREATE INDEX quotas_idle ON quotas (idle_at);

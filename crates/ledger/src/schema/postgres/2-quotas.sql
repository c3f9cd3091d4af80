-- The moment itself, also where a statement had to wait for a lock.
CREATE FUNCTION moment_ms() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (extract(epoch FROM clock_timestamp()) * 1000)::bigint
        + coalesce(nullif(current_setting('candor.clock_offset_ms', true), ''), '0')::bigint;
END
$$;

-- What counts towards each quota.
CREATE TABLE quotas (
    key     text PRIMARY KEY,
    counted text NOT NULL,
    idle_at bigint NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);

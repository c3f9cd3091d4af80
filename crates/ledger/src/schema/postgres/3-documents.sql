-- Documents; a removed one keeps its row, without a body, until all have seen its end.
CREATE TABLE documents (
    name     text PRIMARY KEY,
    rev      bigint NOT NULL UNIQUE,
    replaced bigint,
    body     bytea,
    changed  bigint NOT NULL
);

-- The last revision. Its row is locked by every change, so that revisions become visible in order.
CREATE TABLE revisions (
    one  integer PRIMARY KEY CHECK (one = 1),
    last bigint NOT NULL
);
INSERT INTO revisions VALUES (1, 0);

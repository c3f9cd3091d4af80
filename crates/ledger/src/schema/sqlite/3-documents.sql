-- Documents; a removed one keeps its row, without a body, until all have seen its end.
CREATE TABLE documents (
    name     TEXT NOT NULL,
    rev      INTEGER NOT NULL,
    replaced INTEGER,
    body     BLOB,
    changed  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX documents_name ON documents (name);
CREATE UNIQUE INDEX documents_rev ON documents (rev);

CREATE TABLE revisions (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    last INTEGER NOT NULL
) STRICT;
INSERT INTO revisions VALUES (1, 0);

-- Sessions as lists show them.
CREATE TABLE sessions (
    id         TEXT NOT NULL PRIMARY KEY,
    root       TEXT NOT NULL,
    title      TEXT NOT NULL,
    created_at INTEGER NOT NULL, -- milliseconds since 1970 in UTC
    updated_at INTEGER NOT NULL
) STRICT;

-- Journals. The order is that of `position`, not of `seq`: a version that could not read the last
-- records of a session goes on counting below them, and must neither fail nor overwrite them.
-- A record of an item contains the one before it and takes its place.
CREATE TABLE records (
    position INTEGER PRIMARY KEY,
    session  TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    item     TEXT, -- the item it is about; null if it is about none
    seq      INTEGER NOT NULL,
    record   TEXT NOT NULL -- JSON of an update
) STRICT;

CREATE INDEX records_of_an_item ON records (session, item);

-- Text of items that are still open, in pieces, so that a long message is not written again
-- with every word.
CREATE TABLE drafts (
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    item    TEXT NOT NULL,
    start   INTEGER NOT NULL, -- where in the item's text, in UTF-8 bytes
    text    TEXT NOT NULL,
    PRIMARY KEY (session, item, start)
) STRICT, WITHOUT ROWID;

-- What is always allowed in a folder, in the order it was allowed.
CREATE TABLE rules (
    position INTEGER PRIMARY KEY,
    root     TEXT NOT NULL,
    rule     TEXT NOT NULL, -- JSON
    UNIQUE (root, rule)
) STRICT;
